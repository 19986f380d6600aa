//! The part of a curve from which a rate may be suggested.

use std::f64::consts::LN_10;

use super::noise::Noise;
use super::{Curve, NoSuggestion, Suggestion};

/// Fewer points than this are no curve.
const NEEDED: usize = 8;
/// A fall must be this many times the noise that is left in the first settled value.
const SURE: f64 = 4.0;
/// A decade in units of ln(learning rate).
pub(crate) const DECADE: f64 = LN_10;
/// Two rates are as good as equal when their logarithms differ by less.
pub(crate) const CLOSE: f64 = 1e-9;

/// A usable point of the curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) index: usize,
    pub(crate) learning_rate: f64,
    pub(crate) ln_rate: f64,
    pub(crate) smoothed: f64,
}

/// The usable points up to the lowest smoothed loss, at strictly growing rates.
///
/// After the lowest loss the curve rises, so what is suggested from here never comes from the diverged part.
#[derive(Clone, Debug)]
pub(crate) struct Descent {
    points: Vec<Point>,
    /// The points at the front in which the average has not settled.
    unsettled: usize,
    /// From the first settled point to the lowest, above 0.
    pub(crate) fall: f64,
}

impl Descent {
    pub(crate) fn of(curve: &Curve) -> Result<Self, NoSuggestion> {
        let mut points = usable(curve);
        if points.len() < NEEDED {
            return Err(NoSuggestion::TooShort {
                points: points.len(),
                needed: NEEDED,
            });
        }
        let unsettled = points.len() / 10;
        let settled = &points[unsettled..];
        let lowest = settled
            .iter()
            .map(|point| point.smoothed)
            .fold(f64::INFINITY, f64::min);
        let fall = settled[0].smoothed - lowest;
        let mut noise = Noise::default();
        noise.extend(curve.losses()[..curve.usable()].iter().copied());
        let count = settled[0].index + 1;
        let noise = SURE * noise.level() * curve.spread(count);
        if fall <= noise {
            return Err(NoSuggestion::Flat { fall, noise });
        }
        // A share of the fall makes up for rounding where the curve comes to rest.
        let bottom = lowest + 1e-9 * fall;
        let end = settled
            .iter()
            .take_while(|point| point.smoothed > bottom)
            .count();
        points.truncate(unsettled + end + 1);
        Ok(Self {
            points,
            unsettled,
            fall,
        })
    }

    /// The points that a rule looks at: at least two, and the last is the lowest.
    pub(crate) fn settled(&self) -> &[Point] {
        &self.points[self.unsettled..]
    }

    /// The slope at each settled point, in loss per unit of ln(learning rate).
    ///
    /// It is the secant between the outermost points within a quarter of a decade on both sides, or the next ones.
    pub(crate) fn slopes(&self) -> Vec<f64> {
        let points = self.settled();
        let slope = |(place, point): (usize, &Point)| {
            let reach = 0.25 * DECADE + CLOSE;
            let from = points.partition_point(|other| other.ln_rate < point.ln_rate - reach);
            let below = points.partition_point(|other| other.ln_rate <= point.ln_rate + reach);
            let from = points[from.min(place.saturating_sub(1))];
            let to = points[below.saturating_sub(1).max(place + 1).min(points.len() - 1)];
            (to.smoothed - from.smoothed) / (to.ln_rate - from.ln_rate)
        };
        points.iter().enumerate().map(slope).collect()
    }

    /// The recorded point nearest to a rate, given by its logarithm.
    pub(crate) fn nearest(&self, ln_rate: f64) -> Result<Suggestion, NoSuggestion> {
        let after = self
            .points
            .partition_point(|point| point.ln_rate < ln_rate - CLOSE);
        let above = self.points.get(after);
        let below = after.checked_sub(1).map(|before| &self.points[before]);
        let point = match (below, above) {
            (Some(below), Some(above)) => {
                if ln_rate - below.ln_rate <= above.ln_rate - ln_rate {
                    below
                } else {
                    above
                }
            }
            (None, Some(first)) if first.ln_rate <= ln_rate + CLOSE => first,
            (Some(last), None) => last,
            _ => return Err(NoSuggestion::BelowSweep),
        };
        Ok(point.suggestion())
    }
}

impl Point {
    pub(crate) fn suggestion(self) -> Suggestion {
        Suggestion {
            learning_rate: self.learning_rate,
            index: self.index,
        }
    }
}

/// The points before the end, without those that no logarithm or no order can be made of.
///
/// Of several updates at one rate the last counts, because it has seen the others. A rate below an earlier one is not
/// part of a sweep.
fn usable(curve: &Curve) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::new();
    let recorded = curve.learning_rates().iter().zip(curve.smoothed());
    for (index, (learning_rate, smoothed)) in recorded.enumerate().take(curve.usable()) {
        let point = Point {
            index,
            learning_rate: *learning_rate,
            ln_rate: learning_rate.ln(),
            smoothed: *smoothed,
        };
        match points.last_mut() {
            _ if !point.ln_rate.is_finite() => {}
            Some(last) if point.ln_rate < last.ln_rate => {}
            Some(last) if point.ln_rate == last.ln_rate => *last = point,
            _ => points.push(point),
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::super::{Finder, sample};
    use super::*;

    fn indices(pairs: &[(f64, f64)]) -> Vec<usize> {
        let curve = Finder::new()
            .stop_early(false)
            .record(pairs.iter().copied());
        usable(&curve).iter().map(|point| point.index).collect()
    }

    #[test]
    fn what_no_logarithm_or_order_can_be_made_of_is_left_out() {
        let rates = [1.0, f64::NAN, 2.0, 0.0, -1.0, f64::INFINITY, 1.5, 2.0, 3.0];
        assert_eq!(indices(&rates.map(|rate| (rate, 1.0))), [0, 7, 8]);
    }

    #[test]
    fn nothing_after_the_stop_is_usable() {
        let pairs = [(1.0, 1.0), (2.0, 1.0), (3.0, f64::NAN), (4.0, 1.0)];
        assert_eq!(indices(&pairs), [0, 1]);
    }

    #[test]
    fn it_needs_eight_points() {
        let losses = [8.0, 8.0, 8.0, 8.0, 8.0, 8.0, 1.0, 0.0];
        let short = Descent::of(&sample::record(&losses[1..])).err();
        let reason = NoSuggestion::TooShort {
            points: 7,
            needed: 8,
        };
        assert_eq!(short, Some(reason));
        assert!(Descent::of(&sample::record(&losses)).is_ok());
    }

    #[test]
    fn a_fall_must_exceed_the_noise() {
        // The median step is 1, so a fall of 4 is none.
        let mut losses = [5.0, 4.0, 3.0, 2.0, 1.0, 2.0, 3.0, 4.0];
        let flat = Descent::of(&sample::record(&losses)).err();
        let reason = NoSuggestion::Flat {
            fall: 4.0,
            noise: 4.0,
        };
        assert_eq!(flat, Some(reason));
        losses[4] = 0.75;
        assert_eq!(
            Descent::of(&sample::record(&losses)).map(|found| found.fall),
            Ok(4.25)
        );
    }

    #[test]
    fn smoothing_leaves_less_noise() {
        // Twenty losses, two of them unsettled: the third smoothed one has the spread of three.
        let zigzag: Vec<f64> = (0..20).map(|index| f64::from(index % 2)).collect();
        let pairs = sample::rates().zip(zigzag);
        let reason = Descent::of(&Finder::new().beta(0.5).record(pairs)).err();
        let Some(NoSuggestion::Flat { noise, .. }) = reason else {
            panic!("{reason:?}");
        };
        assert!((noise - 4.0 * f64::sqrt(21.0 / 49.0)).abs() < 1e-14);
    }

    #[test]
    fn a_tenth_of_the_points_is_unsettled() {
        let mut losses = vec![1.0; 10];
        losses[0] = 9.0;
        assert!(Descent::of(&sample::record(&losses)).is_err());
        losses.pop();
        assert_eq!(
            Descent::of(&sample::record(&losses)).map(|found| found.fall),
            Ok(8.0)
        );
    }

    #[test]
    fn it_ends_at_the_lowest_point() {
        let descent = Descent::of(&sample::curve()).ok();
        let settled: Vec<usize> = descent
            .iter()
            .flat_map(Descent::settled)
            .map(|point| point.index)
            .collect();
        assert_eq!(settled, (3..=33).collect::<Vec<_>>());
    }

    #[test]
    fn a_slope_reaches_a_quarter_decade_or_the_next_point() {
        let slopes = |per_decade: f64| {
            let rate = move |index: i32| 10f64.powf(f64::from(index) / per_decade);
            let losses = [40.0, 40.0, 40.0, 36.0, 30.0, 20.0, 18.0, 17.0];
            let pairs = (0..).map(rate).zip(losses);
            let descent = Descent::of(&Finder::new().beta(0.0).record(pairs));
            let unit = DECADE / per_decade;
            let slopes = descent.map(|descent| descent.slopes()).unwrap_or_default();
            slopes
                .iter()
                .map(|slope| (slope * unit * 12.0).round())
                .collect::<Vec<_>>()
        };
        // Drops, in twelfths: two on both sides of a point, and fewer at the ends.
        assert_eq!(
            slopes(8.0),
            [0.0, -16.0, -30.0, -60.0, -66.0, -57.0, -52.0, -18.0]
        );
        // One on both sides, also where the next point is farther than a quarter of a decade.
        let next = [0.0, 0.0, -24.0, -60.0, -96.0, -72.0, -18.0, -12.0];
        assert_eq!(slopes(4.0), next);
        assert_eq!(slopes(1.0), next);
    }

    #[test]
    fn the_nearest_point_is_found_in_logarithms() {
        let descent = Descent::of(&sample::curve());
        let nearest = |place: f64| {
            let descent = descent.clone()?;
            let ln_rate = descent.points[0].ln_rate + place * DECADE / 4.0;
            descent.nearest(ln_rate).map(|found| found.index)
        };
        assert_eq!(nearest(-0.01), Err(NoSuggestion::BelowSweep));
        for (place, index) in [
            (0.0, 0),
            (0.4, 0),
            (0.6, 1),
            (7.0, 7),
            (7.49, 7),
            (50.0, 33),
        ] {
            assert_eq!(nearest(place), Ok(index), "{place}");
        }
    }
}
