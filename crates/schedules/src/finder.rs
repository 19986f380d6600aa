//! Finding a peak learning rate: the arithmetic of a range test, without the training.
//!
//! A range test trains for a few hundred updates while the learning rate grows from far too low to far too high. The
//! loss first stays, then falls, then explodes, and a good peak lies where it falls. [`Finder`] takes the losses and
//! says when to stop; the [`Curve`] that it leaves suggests rates.
//!
//! ```
//! use schedules::finder::Finder;
//! use schedules::prelude::*;
//!
//! # // A loss that falls by 2 around the rate 1e-3 and explodes above 1.
//! # let train = |rate: f64| 2.3 - 2.0 / (1.0 + 1e-3 / rate) + rate.powi(2);
//! let mut rate = Exponential::new(10.0).every(20).peak(1e-6)?; // ten times as much every 20 updates
//! let mut finder = Finder::new();
//! for _ in 0..160 {
//!     let learning_rate = rate.step();
//!     let loss = train(learning_rate); // one update of the model with this rate
//!     if finder.push(learning_rate, loss).is_break() {
//!         break;
//!     }
//! }
//! let found = finder.curve().combine()?;
//! assert!(found.learning_rate > 1e-3 && found.learning_rate < 1e-1);
//! if found.disagreement > 30.0 {
//!     println!("the rules disagree by a factor of {:.0}: look at the curve", found.disagreement);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The model has been trained when it is over, and not well: go on with one that was saved before.
//!
//! # The suggestions
//!
//! All are made from the smoothed loss `s` as a function of `x = ln(learning rate)`, up to the lowest `s` before the
//! loss diverged. Each is one of the recorded rates, with its place in the curve.
//!
//! | rule | the suggested rate |
//! | --- | --- |
//! | [`valley`](Curve::valley) | the middle of the longest descent |
//! | [`slide`](Curve::slide) | half a decade below the upper end of the steep part |
//! | [`minimum`](Curve::minimum) | a tenth of the rate with the lowest `s` |
//! | [`steep`](Curve::steep) | where `ds/dx` is the steepest |
//! | [`combine`](Curve::combine) | the middle of the two highest in `x`, and how far all are apart |
//!
//! A rule that has no answer gives the reason instead: [`NoSuggestion`]. The first tenth of the points is left out,
//! because the average has not settled there. A loss counts as fallen where its fall exceeds four times the noise that
//! is left in `s`. Points with a rate that is not above 0, not finite or lower than an earlier one are recorded, but
//! suggest nothing; of several updates at one rate, the last counts.
//!
//! A shift or a positive scale of the loss changes no answer, so losses below 0 are as good as others.
//!
//! Smoothing delays: with the default `beta`, the lowest `s` comes after the lowest loss. That is one more reason not to
//! suggest the lowest point itself. On a clear curve the rules are apart by a factor of 4 to 20, because `slide`
//! looks for the lower end of what is good, and `minimum` for the upper one.
//!
//! # Other libraries
//!
//! [`compat`](crate::compat) has the finders of fastai, PyTorch Lightning and torch-lr-finder as they are, for
//! comparison.
//!
//! The range test is from Smith (2017), *Cyclical Learning Rates for Training Neural Networks*, section 3.3. The names
//! of the rules, and the ideas of `valley` (ESRI) and `slide` (A. Chang), are known from fastai's `lr_find`; their
//! definitions here are others.

mod average;
mod curve;
mod descent;
mod divergence;
mod minimum;
mod noise;
#[cfg(test)]
mod sample;
mod slide;
mod steep;
mod suggestion;
mod valley;

use std::ops::ControlFlow;

use crate::{MAX_FACTOR, ScheduleError, check};
use average::Average;
pub use curve::Curve;
use divergence::Divergence;
pub use divergence::{Stop, StopReason};
pub use suggestion::{Combined, NoSuggestion, Suggestion, Suggestions};

/// The largest loss that still is a number: the arithmetic of the rules stays finite up to it.
const MAX_LOSS: f64 = 1e250;

/// Records a sweep of learning rates, and says when it has gone far enough.
///
/// ```text
/// smoothed_n = average_n / (1 - beta^n)     average_n = beta · average_(n-1) + (1 - beta) · loss_n
///
/// stop where   smoothed_n - best > divergence · max(first - best, 4 · noise, 1e-6 · |first|)   after 10 updates
///       or     loss_n is NaN or infinite                                                       at once
/// ```
///
/// `first` and `best` are the first and the lowest smoothed loss, so `first - best` is how far the loss has fallen;
/// `noise` is the median of `|loss_n - loss_(n-1)|`, which takes over while the loss has not fallen, and the last term
/// is what `f32` may round away. `beta` (default 0.98) is from 0, which smooths nothing, to below 1; `divergence`
/// (default 2) is above 0. A loss beyond ±1e250 is as good as infinite.
///
/// ```
/// use std::ops::ControlFlow;
/// use schedules::finder::{Finder, StopReason};
///
/// let mut finder = Finder::new().beta(0.5);
/// assert_eq!(finder.push(1e-3, 3.0), ControlFlow::Continue(()));
/// assert_eq!(finder.push(1e-2, 1.5), ControlFlow::Continue(()));
/// let stop = finder.push(1e-1, f64::NAN).break_value().unwrap();
/// assert_eq!((stop.index, stop.reason), (2, StopReason::NotFinite));
///
/// assert_eq!(finder.curve().losses()[..2], [3.0, 1.5]);
/// assert_eq!(finder.curve().smoothed()[..2], [3.0, 2.0]);
/// ```
///
/// Adam's correction (Kingma & Ba, 2015) keeps the first value without a bias. The stop of the peers, a multiple of the
/// best loss, stops at once where the loss is below 0; this one compares a rise with a fall.
#[derive(Clone, Debug, PartialEq)]
pub struct Finder {
    beta: f64,
    divergence: f64,
    stop_early: bool,
    average: Average,
    rule: Divergence,
    curve: Curve,
}

impl Default for Finder {
    fn default() -> Self {
        Self::new()
    }
}

impl Finder {
    /// A finder that has seen nothing.
    pub fn new() -> Self {
        let beta = 0.98;
        Self {
            beta,
            divergence: 2.0,
            stop_early: true,
            average: Average::new(beta),
            rule: Divergence::new(),
            curve: Curve::new(Average::new(beta)),
        }
    }

    /// How much the loss is smoothed, from 0, not at all, to below 1; default 0.98. It forgets what was recorded.
    pub fn beta(self, beta: f64) -> Self {
        Self {
            beta,
            average: Average::new(beta),
            curve: Curve::new(Average::new(beta)),
            ..self
        }
    }

    /// How many times what it has fallen the loss may rise, above 0; default 2.
    pub fn divergence(self, divergence: f64) -> Self {
        Self { divergence, ..self }
    }

    /// Whether to stop where the loss diverges or is no number; default true.
    ///
    /// Without it every loss is recorded. What comes after the place where it would have stopped suggests nothing all
    /// the same.
    pub fn stop_early(self, stop_early: bool) -> Self {
        Self { stop_early, ..self }
    }

    /// Checks the settings. Without it, a `beta` out of its range smooths nothing.
    ///
    /// # Errors
    /// The first setting out of its range: `finder.beta`, `finder.divergence`.
    pub fn check(&self) -> Result<(), ScheduleError> {
        if !(0.0..1.0).contains(&self.beta) {
            let allowed = "must be at least 0 and below 1";
            return Err(ScheduleError::new("finder.beta", self.beta, allowed));
        }
        check::positive("finder.divergence", self.divergence, MAX_FACTOR)
    }

    /// Takes in the loss of an update with `learning_rate`, and says whether to go on.
    ///
    /// The loss that stops it is recorded. After the stop nothing is, and the answer stays.
    pub fn push(&mut self, learning_rate: f64, loss: f64) -> ControlFlow<Stop> {
        if let Some(stop) = self.stopped() {
            return ControlFlow::Break(stop);
        }
        let index = self.curve.len();
        let mut smoothed = loss;
        let reason = if loss.abs() <= MAX_LOSS {
            smoothed = self.average.push(loss);
            let diverged = self.rule.push(loss, smoothed, self.divergence);
            diverged.then_some(StopReason::Diverged)
        } else {
            Some(StopReason::NotFinite)
        };
        self.curve.push(learning_rate, loss, smoothed);
        if let Some(reason) = reason {
            self.curve.mark(Stop { index, reason });
        }
        self.stopped()
            .map_or(ControlFlow::Continue(()), ControlFlow::Break)
    }

    /// Takes in pairs of a learning rate and a loss, up to the stop, and returns the curve.
    ///
    /// ```
    /// use schedules::finder::Finder;
    ///
    /// let sweep = (0..100).map(|update| 1e-5 * 1.1_f64.powi(update));
    /// let curve = Finder::new().record(sweep.map(|rate| (rate, (rate.ln() + 4.0).powi(2))));
    /// assert_eq!(curve.len(), 100);
    /// ```
    pub fn record(mut self, pairs: impl IntoIterator<Item = (f64, f64)>) -> Curve {
        for (learning_rate, loss) in pairs {
            if self.push(learning_rate, loss).is_break() {
                break;
            }
        }
        self.into_curve()
    }

    /// Where it stopped and why, or `None` while it goes on.
    pub fn stopped(&self) -> Option<Stop> {
        self.curve.stop().filter(|_| self.stop_early)
    }

    /// What was recorded so far.
    pub fn curve(&self) -> &Curve {
        &self.curve
    }

    /// What was recorded.
    pub fn into_curve(self) -> Curve {
        self.curve
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop(losses: &[f64]) -> Option<Stop> {
        Finder::new()
            .record(sample::rates().zip(losses.iter().copied()))
            .stop()
    }

    #[test]
    fn a_loss_that_is_no_number_stops_it_at_once() {
        let reason = StopReason::NotFinite;
        for loss in [
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            1.01e250,
            -1.01e250,
        ] {
            assert_eq!(
                stop(&[1.0, loss, 1.0]),
                Some(Stop { index: 1, reason }),
                "{loss}"
            );
        }
        assert_eq!(stop(&[1.0, 1e250, -1e250]), None);
    }

    #[test]
    fn a_rise_stops_it() {
        let mut losses = vec![2.0; 30];
        losses.extend([1e3; 10]);
        let reason = StopReason::Diverged;
        assert_eq!(stop(&losses), Some(Stop { index: 30, reason }));
        // Below 0 as well.
        let below: Vec<f64> = losses.iter().map(|loss| loss - 5_000.0).collect();
        assert_eq!(stop(&below), Some(Stop { index: 30, reason }));
    }

    #[test]
    fn a_rise_of_twice_the_fall_is_allowed() {
        // It falls by 10 in ten steps, and rises from 2.
        let risen = |last: f64| {
            let losses = (2..=12).rev().map(f64::from).chain([2.0, last]);
            let curve = Finder::new().beta(0.0).record(sample::rates().zip(losses));
            curve.stop().map(|stop| stop.index)
        };
        assert_eq!(risen(22.0), None);
        assert_eq!(risen(22.1), Some(12));
    }

    #[test]
    fn after_the_stop_nothing_is_recorded() {
        let mut finder = Finder::new();
        assert!(finder.push(0.1, 1.0).is_continue());
        assert_eq!(finder.stopped(), None);
        let stop = finder.push(0.2, f64::NAN);
        assert!(stop.is_break());
        assert_eq!(finder.push(0.3, 1.0), stop);
        assert_eq!(finder.stopped(), stop.break_value());
        assert_eq!(finder.curve().learning_rates(), [0.1, 0.2]);
    }

    #[test]
    fn it_may_go_on_and_remembers_the_first_stop() {
        let mut finder = Finder::new().beta(0.0).stop_early(false);
        let losses = [1.0, f64::INFINITY, 3.0, f64::NEG_INFINITY];
        for (rate, loss) in sample::rates().zip(losses) {
            assert!(finder.push(rate, loss).is_continue());
        }
        assert_eq!(finder.stopped(), None);
        let curve = finder.into_curve();
        assert_eq!(curve.stop().map(|stop| stop.index), Some(1));
        assert_eq!(curve.smoothed(), losses);
        assert_eq!(curve.usable(), 1);
    }

    #[test]
    fn settings_are_checked() {
        let error = |finder: Finder| finder.check().err().map(|error| error.to_string());
        assert_eq!(error(Finder::default()), None);
        assert_eq!(error(Finder::new().beta(0.0).divergence(1e18)), None);
        assert_eq!(
            error(Finder::new().beta(1.0)).as_deref(),
            Some("finder.beta = 1.0: must be at least 0 and below 1")
        );
        assert_eq!(
            error(Finder::new().divergence(0.0)).as_deref(),
            Some("finder.divergence = 0.0: must be above 0 and at most 1e18")
        );
        assert!(error(Finder::new().beta(f64::NAN)).is_some());
    }
}
