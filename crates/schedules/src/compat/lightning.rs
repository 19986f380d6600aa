//! PyTorch Lightning's learning-rate finder.

use super::Sweep;
use super::gradient::{argmin, over};

/// `Tuner.lr_find` of PyTorch Lightning 2.6, with its callback's smoothing and the arguments of `suggestion`.
///
/// ```text
/// lr(0)       = min_lr
/// lr(i)       = min_lr · (max_lr / min_lr)^((i + 1) / num_training)      exponential: one step is left out
///             = min_lr + (max_lr - min_lr) · (i + 1) / num_training      linear
/// smoothed(i) = average(i) / (1 - beta^(i + 2))                          average: exponential, from 0
/// stop after i > 0: smoothed(i) > early_stop_threshold · lowest smoothed before
/// ```
///
/// The power is one too high, so the first smoothed loss is about half of the loss, and the curve climbs at its start.
/// A loss below 0 stops it at its second update.
///
/// ```
/// use schedules::compat::lightning::{LrFind, Mode};
///
/// let finder = LrFind { min_lr: 0.0, max_lr: 1.0, num_training: 4, mode: Mode::Linear, ..LrFind::default() };
/// assert_eq!(finder.lrs().collect::<Vec<_>>(), [0.0, 0.5, 0.75, 1.0]);
///
/// let sweep = finder.run(&[1.0; 4]);
/// assert!((sweep.smoothed_losses[0] - 1.0 / 1.98).abs() < 1e-12);
/// assert_eq!(finder.suggestion(&sweep), None); // nothing is left after skipping 10
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct LrFind {
    /// The first learning rate; default 1e-8.
    pub min_lr: f64,
    /// The last learning rate; default 1.
    pub max_lr: f64,
    /// The number of updates; default 100.
    pub num_training: usize,
    /// How the rate grows; default exponential.
    pub mode: Mode,
    /// How many times the best loss is a divergence, or `None` for never; default 4.
    pub early_stop_threshold: Option<f64>,
    /// The smoothing; default 0.98.
    pub beta: f64,
    /// What `suggestion` leaves out at the start; default 10.
    pub skip_begin: usize,
    /// What `suggestion` leaves out at the end; default 1. With 0 it leaves out everything.
    pub skip_end: usize,
}

/// How Lightning's rate grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
#[non_exhaustive]
pub enum Mode {
    /// By the same factor with every update.
    #[default]
    Exponential,
    /// By the same amount with every update.
    Linear,
}

impl Default for LrFind {
    fn default() -> Self {
        Self {
            min_lr: 1e-8,
            max_lr: 1.0,
            num_training: 100,
            mode: Mode::Exponential,
            early_stop_threshold: Some(4.0),
            beta: 0.98,
            skip_begin: 10,
            skip_end: 1,
        }
    }
}

impl LrFind {
    /// The learning rates of the sweep.
    pub fn lrs(&self) -> impl Iterator<Item = f64> {
        let Self {
            min_lr,
            max_lr,
            num_training,
            mode,
            ..
        } = *self;
        (0..num_training).map(move |update| {
            let share = (update + 1) as f64 / num_training as f64;
            match mode {
                _ if update == 0 => min_lr,
                Mode::Exponential => min_lr * (max_lr / min_lr).powf(share),
                Mode::Linear => min_lr + share * (max_lr - min_lr),
            }
        })
    }

    /// The record of a sweep with these losses, up to where it stops.
    pub fn run(&self, raw_losses: &[f64]) -> Sweep {
        let (mut average, mut count, mut best) = (0.0, 1.0, None);
        Sweep::of(self.lrs(), raw_losses, |loss| {
            average = self.beta * average + (1.0 - self.beta) * loss;
            count += 1.0;
            let smoothed = average / (1.0 - self.beta.powf(count));
            // Compared with the best before, and a NaN stays the best if it came first.
            let stop = match (best, self.early_stop_threshold) {
                (Some(best), Some(threshold)) => smoothed > threshold * best,
                _ => false,
            };
            if best.is_none_or(|best| smoothed < best) {
                best = Some(smoothed);
            }
            (smoothed, stop)
        })
    }

    /// The rate at which the loss falls most steeply over the rate itself, not its logarithm; `None` for fewer than two
    /// finite losses.
    pub fn suggestion(&self, sweep: &Sweep) -> Option<f64> {
        // Python's `[10:-0]` is empty.
        let end = match self.skip_end {
            0 => usize::MAX,
            end => end,
        };
        let (lrs, losses) = sweep.trimmed(self.skip_begin, end);
        let (lrs, losses): (Vec<f64>, Vec<f64>) = lrs
            .iter()
            .zip(losses)
            .filter(|(_, loss)| loss.is_finite())
            .unzip();
        let slopes = over(&lrs, &losses)?;
        Some(lrs[argmin(&slopes)?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finder() -> LrFind {
        LrFind {
            beta: 0.0,
            ..LrFind::default()
        }
    }

    #[test]
    fn defaults_are_lightnings() {
        let finder = LrFind {
            min_lr: 1e-8,
            max_lr: 1.0,
            num_training: 100,
            mode: Mode::Exponential,
            early_stop_threshold: Some(4.0),
            beta: 0.98,
            skip_begin: 10,
            skip_end: 1,
        };
        assert_eq!(LrFind::default(), finder);
    }

    #[test]
    fn a_loss_below_zero_stops_it_at_its_second_update() {
        assert_eq!(finder().run(&[-1.0, -1.0]).stopped_at, Some(1));
        let never = LrFind {
            early_stop_threshold: None,
            ..finder()
        };
        assert_eq!(never.run(&[-1.0, -1.0, 1e9]).stopped_at, None);
    }

    #[test]
    fn a_loss_is_compared_with_those_before_it() {
        assert_eq!(finder().run(&[2.0, 1.0, 4.0]).stopped_at, None);
        assert_eq!(finder().run(&[2.0, 1.0, 4.1]).stopped_at, Some(2));
        // With 1/2 the loss itself, if it were the best, would stop it.
        let half = LrFind {
            early_stop_threshold: Some(0.5),
            ..finder()
        };
        assert_eq!(half.run(&[4.0, 1.0, 0.4]).stopped_at, None);
        // After a NaN at the start there is no best.
        assert_eq!(finder().run(&[f64::NAN, 1.0, 9.0]).stopped_at, None);
    }

    #[test]
    fn it_is_steepest_over_the_rate_itself() {
        let sweep = |losses: &[f64]| Sweep {
            lr: [0.0, 1.0, 2.0, 12.0, 22.0][..losses.len()].to_vec(),
            smoothed_losses: losses.to_vec(),
            stopped_at: None,
        };
        let finder = LrFind {
            skip_begin: 0,
            ..finder()
        };
        // The last point is left out: 1 per unit at first, 0.8 later.
        let losses = [10.0, 9.0, 8.0, 0.0, 0.0];
        assert_eq!(finder.suggestion(&sweep(&losses)), Some(0.0));
        // Points that are not finite are, too.
        let gap = [10.0, f64::NAN, f64::INFINITY, 0.0, 0.0];
        assert_eq!(finder.suggestion(&sweep(&gap)), Some(0.0));
        assert_eq!(finder.suggestion(&sweep(&gap[..3])), None);
        let none = LrFind {
            skip_end: 0,
            ..finder
        };
        assert_eq!(none.suggestion(&sweep(&losses)), None);
        let later = LrFind {
            skip_begin: 2,
            ..finder
        };
        assert_eq!(later.suggestion(&sweep(&losses)), Some(2.0));
    }
}
