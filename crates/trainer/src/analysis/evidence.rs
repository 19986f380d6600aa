//! What a verdict rests on.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::stretch::{Stretch, mean, median};
use super::{Curves, Point};

/// What was seen in the curves of a run. Nothing stands where nothing could be seen.
///
/// Losses are shares of the loss of answering with the class frequencies, which is where a network that knows nothing
/// else ends; so 1 is nothing learned and 0 is everything. A fall is looked for only where the rate is above a tenth of
/// its peak: an update at a lower rate cannot move a loss by much, so a slope there says nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Evidence {
    /// The largest of all learning rates.
    pub peak_rate: f64,
    /// Whether every loss is finite.
    pub finite: bool,
    /// Whether the rate had fallen to a tenth of its peak or less at the end.
    pub annealed: bool,
    /// The highest mean of three training losses in a row, over the first loss.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spike: Option<f64>,
    /// The mean of the last tenth of the training losses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<f64>,
    /// The same over the first loss.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining: Option<f64>,
    /// How much the validation loss fell over the last two thirds of the sum of the rates, over what it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fall: Option<f64>,
    /// The same over the class frequencies' loss.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallen: Option<f64>,
    /// How much it swings from one measurement to the next, in the same unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swing: Option<f64>,
    /// How far the last validation loss is above the lowest, over the lowest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rise: Option<f64>,
    /// How far the last validation loss is above the last tenth of the training losses, over the class frequencies' loss.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap: Option<f64>,
    /// The last share of hidden units that some image gives a gradient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live_units: Option<f64>,
    /// The median of how far an update moves the weights, as a share of their norm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_ratio: Option<f64>,
    /// The gain while the rate was above a tenth of its peak: the sum of the loss changes over the sum of those that the
    /// gradients predicted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gain: Option<f64>,
    /// The same over the last tenth of the updates, whatever the rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late_gain: Option<f64>,
    /// The last norm of the gradient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gradient_norm: Option<f64>,
}

/// A rate at most this share of the peak moves nothing that could be seen.
const ACTIVE: f64 = 0.1;
/// How many pieces the training loss is cut into where there is no validation loss.
const PIECES: usize = 20;
/// Fewer measurements of validation than this are no curve.
const MEASUREMENTS: usize = 10;

impl Evidence {
    /// Looks at `curves`.
    pub fn of(curves: &Curves) -> Self {
        let rates = &curves.learning_rates;
        let peak_rate = rates.iter().copied().fold(0.0, f64::max);
        let active = |update: usize| {
            let rate = rates.get(update).copied();
            rate.is_some_and(|rate| rate > ACTIVE * peak_rate)
        };
        let losses = &curves.losses;
        let finite = |value: &f64| value.is_finite();
        let validation = &curves.validation;
        let all_finite =
            losses.iter().all(finite) && validation.iter().all(|point| point.value.is_finite());
        let first = losses.first().copied().filter(finite);
        let chance = curves.chance.filter(|chance| *chance > 0.0).or(first);
        let over = |value: Option<f64>, of: Option<f64>| {
            let share = value? / of?;
            share.is_finite().then_some(share)
        };

        let threes: Vec<f64> = losses.windows(3).filter_map(mean).filter(finite).collect();
        let highest = threes.iter().copied().reduce(f64::max);
        let tenth = losses.len() - losses.len().div_ceil(10);
        let last = mean(&losses[tenth..]);

        let sums = sums(rates);
        let stretch = stretch(curves, &sums, active);
        let third = sums.last().and_then(|whole| stretch.at(whole / 3.0));
        let end = stretch.end(3);
        let fall = third.zip(end).map(|(third, end)| third - end);
        let values = || validation.iter().map(|point| point.value).filter(finite);
        let lowest = values().reduce(f64::min);
        let rise = values().next_back().zip(lowest);
        let rise = rise.map(|(last, lowest)| last - lowest);

        let gap = values().next_back().zip(last);
        let gap = gap.map(|(validation, train)| validation - train);

        let gain = |wanted: &dyn Fn(usize) -> bool| {
            let points = curves.gain.iter().zip(&curves.predicted);
            let points = points.filter(|(gain, _)| wanted(gain.update as usize));
            let (change, predicted) =
                points.fold((0.0, 0.0), |(change, sum), (gain, predicted)| {
                    (change + gain.value * predicted.value, sum + predicted.value)
                });
            over(Some(change), Some(predicted))
        };
        let moving = curves.update_ratio.iter();
        let moving = moving.filter(|point| active(point.update as usize));
        let ratios: Vec<f64> = moving.map(|point| point.value).filter(finite).collect();
        let last_of = |points: &[Point]| points.last().map(|point| point.value).filter(finite);
        Self {
            peak_rate,
            finite: all_finite,
            annealed: !rates.is_empty() && !active(rates.len() - 1),
            spike: over(highest, first),
            level: over(last, chance),
            remaining: over(last, first),
            fall: over(fall, third),
            fallen: over(fall, chance),
            swing: over(stretch.noise(), third),
            rise: over(rise, lowest),
            gap: over(gap, chance),
            live_units: last_of(&curves.live_units),
            update_ratio: median(&ratios),
            gain: gain(&active),
            late_gain: gain(&|update| update >= tenth),
            gradient_norm: last_of(&curves.gradient_norm),
        }
    }
}

/// The sum of the rates up to and with each update.
fn sums(rates: &[f64]) -> Vec<f64> {
    let sum = rates.iter().scan(0.0, |sum, rate| {
        *sum += rate;
        Some(*sum)
    });
    sum.collect()
}

/// The validation loss where the rate is active, or the mean training loss in pieces where there is too little of it.
fn stretch(curves: &Curves, sums: &[f64], active: impl Fn(usize) -> bool) -> Stretch {
    let mut stretch = Stretch::default();
    let finite = |value: f64| value.is_finite();
    for point in &curves.validation {
        let update = point.update as usize;
        if let Some(sum) = sums.get(update)
            && active(update)
            && finite(point.value)
        {
            stretch.push(*sum, point.value);
        }
    }
    if stretch.len() >= MEASUREMENTS {
        return stretch;
    }
    let mut stretch = Stretch::default();
    let length = curves.losses.len().div_ceil(PIECES).max(1);
    for (piece, losses) in curves.losses.chunks(length).enumerate() {
        let middle = piece * length + losses.len() / 2;
        if let (Some(mean), Some(sum)) = (mean(losses), sums.get(middle))
            && active(middle)
            && finite(mean)
        {
            stretch.push(*sum, mean);
        }
    }
    stretch
}

/// What there is of it that a person should see, most telling first.
impl fmt::Display for Evidence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if !self.finite {
            parts.push("a loss that is no number".to_owned());
        }
        if let Some(spike) = self.spike.filter(|spike| *spike > 1.5) {
            parts.push(format!("the loss rose to {} times the first", short(spike)));
        }
        if let Some(fall) = self.fall {
            let moved = if fall < 0.0 { "rose" } else { "fell" };
            let percent = short(100.0 * fall.abs());
            parts.push(format!("{moved} by {percent} % over the last two thirds"));
        }
        if let Some(live) = self.live_units.filter(|live| *live < 0.5) {
            parts.push(format!("{:.0} % of the units live", 100.0 * live));
        }
        if let Some(gain) = self.gain {
            parts.push(format!("gain {gain:.2}"));
        }
        if let Some(ratio) = self.update_ratio {
            parts.push(format!("updates of {ratio:.1e} of the weights"));
        }
        formatter.write_str(&parts.join(", "))
    }
}

/// Two or three digits of a number that is not negative.
fn short(number: f64) -> String {
    match number {
        0.1..1e3 => format!("{number:.1}"),
        _ => format!("{number:.0e}"),
    }
}
