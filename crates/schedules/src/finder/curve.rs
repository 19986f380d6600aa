//! What a sweep recorded, and what it suggests.

use super::average::Average;
use super::descent::Descent;
use super::minimum::minimum;
use super::slide::slide;
use super::steep::steep;
use super::valley::valley;
use super::{Combined, NoSuggestion, Stop, Suggestion, Suggestions};

/// The losses of a sweep of growing learning rates, as they came and smoothed.
///
/// Made by a [`Finder`](super::Finder). The rules are in the docs of the [module](super).
///
/// ```
/// use schedules::finder::{Finder, NoSuggestion};
///
/// let short = Finder::new().record([(1e-3, 2.3), (1e-2, 2.2)]);
/// assert_eq!(short.losses(), [2.3, 2.2]);
/// assert_eq!(
///     short.valley().unwrap_err().to_string(),
///     "only 2 usable points were recorded, and 8 are needed"
/// );
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// As it was before the first loss.
    average: Average,
    learning_rates: Vec<f64>,
    losses: Vec<f64>,
    smoothed: Vec<f64>,
    stop: Option<Stop>,
}

impl Curve {
    pub(super) fn new(average: Average) -> Self {
        Self {
            average,
            learning_rates: Vec::new(),
            losses: Vec::new(),
            smoothed: Vec::new(),
            stop: None,
        }
    }

    pub(super) fn push(&mut self, learning_rate: f64, loss: f64, smoothed: f64) {
        self.learning_rates.push(learning_rate);
        self.losses.push(loss);
        self.smoothed.push(smoothed);
    }

    pub(super) fn mark(&mut self, stop: Stop) {
        self.stop.get_or_insert(stop);
    }

    /// How many updates were recorded.
    pub fn len(&self) -> usize {
        self.losses.len()
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.losses.is_empty()
    }

    /// The learning rate of each update.
    pub fn learning_rates(&self) -> &[f64] {
        &self.learning_rates
    }

    /// The loss of each update, as it came.
    pub fn losses(&self) -> &[f64] {
        &self.losses
    }

    /// The loss of each update, smoothed. Where a loss is no number, it stands here too and the average skips it.
    pub fn smoothed(&self) -> &[f64] {
        &self.smoothed
    }

    /// Where the sweep stopped and why; with [`stop_early(false)`](super::Finder::stop_early), where it would have.
    ///
    /// What was recorded from there on suggests nothing.
    pub fn stop(&self) -> Option<Stop> {
        self.stop
    }

    /// The number of points before the stop.
    pub(super) fn usable(&self) -> usize {
        self.stop.map_or(self.len(), |stop| stop.index)
    }

    /// How much of the noise is left in the smoothed loss after `count` losses: 1 without smoothing.
    pub(super) fn spread(&self, count: usize) -> f64 {
        self.average.spread(count)
    }

    /// The middle of the longest descent.
    ///
    /// ```text
    /// longest  i_0 < i_1 < … < i_n    with s(i_k) > s(i_(k+1)) + fall / 100
    /// suggests i_⌈n / 2⌉
    /// ```
    ///
    /// The descent may skip points, so that noise does not end it. `fall` is from the first settled `s` to the lowest.
    ///
    /// # Errors
    /// A reason, where the curve suggests nothing.
    pub fn valley(&self) -> Result<Suggestion, NoSuggestion> {
        valley(&Descent::of(self)?)
    }

    /// Half a decade below the upper end of the steep part.
    ///
    /// ```text
    /// lower(i) = highest point at least half a decade below i
    /// highest  i with slope(i) ≤ steepest / 2 and slope(i) ≤ slope(lower(i)) + |steepest| / 100
    /// suggests lower(i)
    /// ```
    ///
    /// A window slides down from the lowest `s` until its upper end is on the steep part, and no longer flatter than
    /// its lower end. The slopes are those of [`steep`](Self::steep).
    ///
    /// # Errors
    /// A reason, where the curve suggests nothing.
    pub fn slide(&self) -> Result<Suggestion, NoSuggestion> {
        slide(&Descent::of(self)?)
    }

    /// A tenth of the rate with the lowest loss.
    ///
    /// ```text
    /// suggests the point nearest to x(lowest s) - ln 10
    /// ```
    ///
    /// # Errors
    /// A reason, where the curve suggests nothing.
    pub fn minimum(&self) -> Result<Suggestion, NoSuggestion> {
        minimum(&Descent::of(self)?)
    }

    /// Where the descent is the steepest.
    ///
    /// ```text
    /// slope(i) = (s(b) - s(a)) / (x(b) - x(a))    a, b: the outermost points within ¼ decade of i, or the next ones
    /// suggests the lowest i with slope(i) ≤ 0.99 · steepest
    /// ```
    ///
    /// `steepest` is the lowest of the slopes, below 0.
    ///
    /// # Errors
    /// A reason, where the curve suggests nothing.
    pub fn steep(&self) -> Result<Suggestion, NoSuggestion> {
        steep(&Descent::of(self)?)
    }

    /// The middle of the two highest of those that there are, and how far all are apart.
    ///
    /// ```text
    /// suggests the point nearest to the mean of the two largest of x(valley), x(slide), x(minimum), x(steep)
    /// disagreement = largest rate / smallest rate
    /// ```
    ///
    /// Each rule looks for a rate that is safe from the first update to the last, and a peak, at which a schedule only
    /// passes, may be higher.
    ///
    /// # Errors
    /// A reason, where no rule suggests anything.
    pub fn combine(&self) -> Result<Combined, NoSuggestion> {
        self.suggestions().combined
    }

    /// The answers of all rules.
    pub fn suggestions(&self) -> Suggestions {
        match Descent::of(self) {
            Ok(descent) => all(&descent),
            Err(reason) => Suggestions {
                valley: Err(reason),
                slide: Err(reason),
                minimum: Err(reason),
                steep: Err(reason),
                combined: Err(reason),
            },
        }
    }
}

fn all(descent: &Descent) -> Suggestions {
    let (valley, slide) = (valley(descent), slide(descent));
    let (minimum, steep) = (minimum(descent), steep(descent));
    let mut rates: Vec<f64> = [valley, slide, minimum, steep]
        .iter()
        .flatten()
        .map(|suggestion| suggestion.learning_rate.ln())
        .collect();
    rates.sort_by(f64::total_cmp);
    Suggestions {
        valley,
        slide,
        minimum,
        steep,
        combined: combined(descent, &rates),
    }
}

/// Of the logarithms of the suggested rates, in ascending order.
fn combined(descent: &Descent, rates: &[f64]) -> Result<Combined, NoSuggestion> {
    let (Some(smallest), Some(largest)) = (rates.first(), rates.last()) else {
        return Err(NoSuggestion::BelowSweep);
    };
    let second = rates[rates.len().saturating_sub(2)];
    let Suggestion {
        learning_rate,
        index,
    } = descent.nearest(0.5 * (second + largest))?;
    Ok(Combined {
        learning_rate,
        index,
        disagreement: (largest - smallest).exp(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Finder, sample};
    use super::*;

    #[test]
    fn the_rules_are_combined_in_logarithms() {
        let curve = sample::curve();
        let found = curve.suggestions();
        let indices = found
            .named()
            .map(|(_, found)| found.map_or(0, |found| found.index));
        assert_eq!(indices, [27, 24, 29, 25]);
        assert_eq!(found.combined.map(|found| found.index), Ok(28));
        let disagreement = found.combined.map_or(0.0, |found| found.disagreement);
        assert!(
            (disagreement - 10f64.powf(1.25)).abs() < 1e-9,
            "{disagreement}"
        );
        assert_eq!(curve.combine(), found.combined);
        for (name, found) in found.named() {
            let rate = found.map(|found| found.learning_rate);
            let index = found.map_or(0, |found| found.index);
            assert_eq!(rate, Ok(curve.learning_rates()[index]), "{name}");
        }
    }

    #[test]
    fn each_rule_is_asked_by_its_name() {
        let curve = sample::curve();
        let one_by_one = [
            curve.valley(),
            curve.slide(),
            curve.minimum(),
            curve.steep(),
        ];
        let named = curve.suggestions().named();
        assert_eq!(
            named.map(|(name, _)| name),
            ["valley", "slide", "minimum", "steep"]
        );
        assert_eq!(named.map(|(_, found)| found), one_by_one);
    }

    #[test]
    fn a_rule_without_an_answer_does_not_count() {
        let mut losses = [9.0; 12];
        losses[2..].fill(1.0);
        let found = sample::record(&losses).suggestions();
        let below = Err(NoSuggestion::BelowSweep);
        assert_eq!((found.slide, found.minimum), (below, below));
        // The valley is the lowest point itself, and the steepest point the one before.
        assert_eq!(found.valley.map(|found| found.index), Ok(2));
        assert_eq!(found.steep.map(|found| found.index), Ok(1));
        let disagreement = found.combined.map_or(0.0, |found| found.disagreement);
        assert!((disagreement - 10f64.powf(0.25)).abs() < 1e-9);
    }

    #[test]
    fn it_is_the_middle_of_the_two_highest() {
        let descent = Descent::of(&sample::curve());
        let middle = |places: &[usize]| {
            let rates: Vec<f64> = sample::rates().take(40).map(f64::ln).collect();
            let rates: Vec<f64> = places.iter().map(|place| rates[*place]).collect();
            combined(descent.as_ref().map_err(|reason| *reason)?, &rates).map(|found| found.index)
        };
        assert_eq!(middle(&[7]), Ok(7));
        assert_eq!(middle(&[7, 11]), Ok(9));
        assert_eq!(middle(&[3, 10, 12]), Ok(11));
        assert_eq!(middle(&[3, 10, 12, 20]), Ok(16));
        assert_eq!(middle(&[]), Err(NoSuggestion::BelowSweep));
    }

    #[test]
    fn a_curve_without_a_fall_gives_one_reason() {
        let found = sample::record(&[1.0; 20]).suggestions();
        let flat = NoSuggestion::Flat {
            fall: 0.0,
            noise: 0.0,
        };
        assert!(found.named().iter().all(|(_, found)| *found == Err(flat)));
        assert_eq!(found.combined, Err(flat));
    }

    #[test]
    fn it_knows_its_length() {
        let empty = Finder::new().into_curve();
        assert!(empty.is_empty() && empty.stop().is_none());
        assert_eq!(empty.combine().err(), empty.valley().err());
        let one = Finder::new().record([(0.1, 1.0)]);
        assert_eq!((one.len(), one.is_empty()), (1, false));
    }
}
