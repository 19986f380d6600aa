//! torch-lr-finder's range test.

use super::Sweep;
use super::gradient::{argmin, over_index};

/// `LRFinder.range_test` of torch-lr-finder 0.2.2, with the arguments of `plot`, which suggests.
///
/// ```text
/// lr(i)       = start_lr · (end_lr / start_lr)^(i / (num_iter - 1))      exp
///             = start_lr + (end_lr - start_lr) · i / (num_iter - 1)      linear
/// smoothed(0) = loss(0)
/// smoothed(i) = smooth_f · loss(i) + (1 - smooth_f) · smoothed(i - 1)    or loss(i) where smooth_f = 0
/// stop after i: smoothed(i) > diverge_th · lowest smoothed so far
/// ```
///
/// A loss below 0 stops it at once, and NaN never does.
///
/// ```
/// use schedules::compat::torch_lr_finder::RangeTest;
///
/// let test = RangeTest { start_lr: 1e-2, end_lr: 1.0, num_iter: 3, ..RangeTest::default() };
/// assert_eq!(test.lrs().collect::<Vec<_>>(), [0.01, 0.1, 1.0]);
///
/// let sweep = test.run(&[2.0, 1.0, 100.0]);
/// assert_eq!(sweep.smoothed_losses[..2], [2.0, 1.95]);
/// assert_eq!(sweep.stopped_at, None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct RangeTest {
    /// The first learning rate, the optimizer's in torch-lr-finder; here its documentation's, 1e-7.
    pub start_lr: f64,
    /// The last learning rate; default 10.
    pub end_lr: f64,
    /// The number of updates, at least 2; default 100.
    pub num_iter: usize,
    /// How the rate grows; default exponential.
    pub step_mode: StepMode,
    /// The weight of the newest loss, 0 for no smoothing; default 0.05.
    pub smooth_f: f64,
    /// How many times the best loss is a divergence; default 5.
    pub diverge_th: f64,
    /// What `plot` leaves out at the start; default 10.
    pub skip_start: usize,
    /// What `plot` leaves out at the end; default 5.
    pub skip_end: usize,
}

/// How torch-lr-finder's rate grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
#[non_exhaustive]
pub enum StepMode {
    /// By the same factor with every update.
    #[default]
    Exp,
    /// By the same amount with every update.
    Linear,
}

impl Default for RangeTest {
    fn default() -> Self {
        Self {
            start_lr: 1e-7,
            end_lr: 10.0,
            num_iter: 100,
            step_mode: StepMode::Exp,
            smooth_f: 0.05,
            diverge_th: 5.0,
            skip_start: 10,
            skip_end: 5,
        }
    }
}

impl RangeTest {
    /// The learning rates of the sweep.
    pub fn lrs(&self) -> impl Iterator<Item = f64> {
        let Self {
            start_lr,
            end_lr,
            num_iter,
            step_mode,
            ..
        } = *self;
        let last = num_iter.saturating_sub(1).max(1);
        (0..num_iter).map(move |update| {
            let share = update as f64 / last as f64;
            match step_mode {
                StepMode::Exp => start_lr * (end_lr / start_lr).powf(share),
                StepMode::Linear => start_lr + share * (end_lr - start_lr),
            }
        })
    }

    /// The record of a sweep with these losses, up to where it stops.
    pub fn run(&self, raw_losses: &[f64]) -> Sweep {
        let mut before: Option<(f64, f64)> = None;
        Sweep::of(self.lrs(), raw_losses, |loss| {
            let (smoothed, best) = match before {
                None => (loss, loss),
                Some((last, best)) => {
                    let smoothed = if self.smooth_f > 0.0 {
                        self.smooth_f * loss + (1.0 - self.smooth_f) * last
                    } else {
                        loss
                    };
                    // A NaN stays the best if it came first.
                    (smoothed, if smoothed < best { smoothed } else { best })
                }
            };
            before = Some((smoothed, best));
            (smoothed, smoothed > self.diverge_th * best)
        })
    }

    /// The rate at which the loss falls most steeply over the index, or the first one beside a NaN.
    ///
    /// `None` for fewer than two points.
    pub fn suggestion(&self, sweep: &Sweep) -> Option<f64> {
        let (lrs, losses) = sweep.trimmed(self.skip_start, self.skip_end);
        let slopes = over_index(losses)?;
        Some(lrs[argmin(&slopes)?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_torch_lr_finders() {
        let test = RangeTest {
            start_lr: 1e-7,
            end_lr: 10.0,
            num_iter: 100,
            step_mode: StepMode::Exp,
            smooth_f: 0.05,
            diverge_th: 5.0,
            skip_start: 10,
            skip_end: 5,
        };
        assert_eq!(RangeTest::default(), test);
    }

    #[test]
    fn the_shortest_sweeps_have_a_start_and_an_end() {
        let lrs = |num_iter| {
            let test = RangeTest {
                num_iter,
                start_lr: 1.0,
                end_lr: 4.0,
                ..RangeTest::default()
            };
            test.lrs().collect::<Vec<_>>()
        };
        assert_eq!(lrs(0), [0.0; 0]);
        assert_eq!(lrs(1), [1.0]);
        assert_eq!(lrs(2), [1.0, 4.0]);
        assert_eq!(lrs(3), [1.0, 2.0, 4.0]);
    }

    #[test]
    fn a_loss_below_zero_stops_it_at_once() {
        let test = RangeTest::default();
        assert_eq!(test.run(&[-1.0, -2.0]).stopped_at, Some(0));
        assert_eq!(test.run(&[f64::NAN, 1.0, 9.0]).stopped_at, None);
    }

    #[test]
    fn without_smoothing_every_loss_stands_for_itself() {
        let test = RangeTest {
            smooth_f: 0.0,
            ..RangeTest::default()
        };
        let sweep = test.run(&[2.0, 1.0, 5.0, 5.1, 1.0]);
        assert_eq!(sweep.smoothed_losses, [2.0, 1.0, 5.0, 5.1]);
        assert_eq!(sweep.stopped_at, Some(3));
    }

    #[test]
    fn the_first_point_beside_a_nan_is_suggested() {
        let sweep = |losses: &[f64]| Sweep {
            lr: (0..losses.len()).map(|lr| lr as f64).collect(),
            smoothed_losses: losses.to_vec(),
            stopped_at: None,
        };
        let test = RangeTest {
            skip_start: 1,
            skip_end: 0,
            ..RangeTest::default()
        };
        assert_eq!(
            test.suggestion(&sweep(&[9.0, 3.0, 3.0, 1.0, 1.0])),
            Some(2.0)
        );
        assert_eq!(
            test.suggestion(&sweep(&[9.0, 9.0, 1.0, 1.0, f64::NAN])),
            Some(3.0)
        );
        assert_eq!(test.suggestion(&sweep(&[9.0, 9.0])), None);
    }
}
