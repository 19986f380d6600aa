//! fastai's schedules and its learning-rate finder.

mod flat_cos;
mod one_cycle;
mod sgdr;

use super::Sweep;
use super::gradient::{argmin, over_index};

pub use flat_cos::FitFlatCos;
pub use one_cycle::FitOneCycle;
pub use sgdr::FitSgdr;

/// Fewer updates than this fastai does not make.
const LEAST: usize = 6;
/// What `lr_find` takes off the end of a curve before it asks for suggestions.
const TRIMMED: usize = 5;
/// The width of `slide`'s window in updates, and the difference of slopes that it takes for none.
const WINDOW: usize = 15;
const SAME: f64 = 0.005;

/// `Learner.lr_find` of fastai 2.8.
///
/// ```text
/// lr(i)        = start_lr · (end_lr / start_lr)^(i / num_it)      i < num_it, at least 6: end_lr is never reached
/// smoothed(i)  = average(i) / (1 - smooth_beta^(i + 1))           average: exponential, from 0
/// stop after i : smoothed(i) > divergence_factor · lowest smoothed so far
/// ```
///
/// A loss below 0 stops it at once, and NaN never does.
///
/// ```
/// use schedules::compat::fastai::LrFind;
///
/// let finder = LrFind { start_lr: 1e-4, end_lr: 1.0, num_it: 40, ..LrFind::default() };
/// assert!((finder.lrs().last().unwrap() - 10f64.powf(-0.1)).abs() < 1e-15);
///
/// let losses: Vec<f64> = finder.lrs().map(|lr| (lr - 0.1).abs() + 0.5).collect();
/// let sweep = finder.run(&losses);
/// assert_eq!(sweep.stopped_at, None);
/// assert_eq!(finder.suggestions(&sweep).minimum.map(|lr| lr < 0.1), Some(true));
/// ```
///
/// fastai computes in `f32`; this is `f64`, which can differ where two points are as good as equal.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct LrFind {
    /// The first learning rate; default 1e-7.
    pub start_lr: f64,
    /// The learning rate that the sweep goes towards; default 10.
    pub end_lr: f64,
    /// The number of updates; default 100.
    pub num_it: usize,
    /// Whether to stop where the loss diverges; default true.
    pub stop_div: bool,
    /// The smoothing, which belongs to fastai's recorder; default 0.98.
    pub smooth_beta: f64,
    /// How many times the best loss is a divergence; always 4 in fastai.
    pub divergence_factor: f64,
}

impl Default for LrFind {
    fn default() -> Self {
        Self {
            start_lr: 1e-7,
            end_lr: 10.0,
            num_it: 100,
            stop_div: true,
            smooth_beta: 0.98,
            divergence_factor: 4.0,
        }
    }
}

/// fastai's suggestions; `None` where it fails, on a curve that is too short.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Suggestions {
    /// See [`LrFind::valley`].
    pub valley: Option<f64>,
    /// See [`LrFind::slide`].
    pub slide: Option<f64>,
    /// See [`LrFind::minimum`].
    pub minimum: Option<f64>,
    /// See [`LrFind::steep`].
    pub steep: Option<f64>,
}

impl LrFind {
    /// The learning rates of the sweep.
    pub fn lrs(&self) -> impl Iterator<Item = f64> {
        let Self {
            start_lr,
            end_lr,
            num_it,
            ..
        } = *self;
        let length = num_it.max(LEAST);
        (0..length)
            .map(move |update| start_lr * (end_lr / start_lr).powf(update as f64 / length as f64))
    }

    /// The record of a sweep with these losses, up to where it stops.
    pub fn run(&self, raw_losses: &[f64]) -> Sweep {
        let beta = self.smooth_beta;
        let (mut average, mut count, mut best) = (0.0, 0.0, f64::INFINITY);
        Sweep::of(self.lrs(), raw_losses, |loss| {
            // `torch.lerp`, to the last digit: `valley` and `minimum` are decided by it where the curve is flat.
            average = if beta < 0.5 {
                loss + beta * (average - loss)
            } else {
                average - (average - loss) * (1.0 - beta)
            };
            count += 1.0;
            let smoothed = average / (1.0 - beta.powf(count));
            if smoothed < best {
                best = smoothed;
            }
            let diverged = smoothed > self.divergence_factor * best;
            (smoothed, self.stop_div && diverged)
        })
    }

    /// All four suggestions.
    pub fn suggestions(&self, sweep: &Sweep) -> Suggestions {
        Suggestions {
            valley: self.valley(sweep),
            slide: self.slide(sweep),
            minimum: self.minimum(sweep),
            steep: self.steep(sweep),
        }
    }

    /// The middle of the longest run of falling losses.
    ///
    /// The run may skip points, but fastai takes it for one without gaps that ends where it does.
    pub fn valley(&self, sweep: &Sweep) -> Option<f64> {
        let (lrs, losses) = self.trimmed(sweep);
        let (mut end, mut length) = (0, 1);
        for (place, found) in run_lengths(losses).into_iter().enumerate() {
            if found > length {
                (end, length) = (place, found);
            }
        }
        // One before the first point where the whole curve falls. From the last point, for an index below 0.
        let start = if length > 1 {
            end as isize - length as isize
        } else {
            0
        };
        let sections = (end as isize - start) as f64 / 3.0;
        let place = start + sections as isize + (sections / 2.0) as isize;
        lrs.get(place.rem_euclid(lrs.len().max(1) as isize) as usize)
            .copied()
    }

    /// A window of 15 updates slides down from the end until the slopes at its ends differ by at most 0.005; its lower
    /// end.
    ///
    /// The limit is absolute, so it depends on the scale of the loss.
    pub fn slide(&self, sweep: &Sweep) -> Option<f64> {
        let (lrs, losses) = self.trimmed(sweep);
        let slopes = over_index(losses)?;
        let first = lrs.len().checked_sub(WINDOW + 1)?;
        let apart = |lower: usize| (slopes[lower + WINDOW] - slopes[lower]).abs() > SAME;
        // The window's lower end stays one place above the first window that passes.
        let passed = (0..=first).rev().find(|lower| !apart(*lower));
        let lower = passed.map_or(0, |lower| (lower + 1).min(first));
        lrs.get(lower).copied()
    }

    /// A tenth of the rate with the lowest loss.
    pub fn minimum(&self, sweep: &Sweep) -> Option<f64> {
        let (lrs, losses) = self.trimmed(sweep);
        Some(lrs[argmin(losses)?] / 10.0)
    }

    /// The rate after which the loss falls most steeply, over ln(lr).
    pub fn steep(&self, sweep: &Sweep) -> Option<f64> {
        let (lrs, losses) = self.trimmed(sweep);
        let slopes: Vec<f64> = lrs
            .windows(2)
            .zip(losses.windows(2))
            .map(|(lr, loss)| (loss[1] - loss[0]) / (lr[1].ln() - lr[0].ln()))
            .collect();
        Some(lrs[argmin(&slopes)?])
    }

    /// Without a tenth of the updates at the start, five at the end, and what follows a NaN.
    fn trimmed<'a>(&self, sweep: &'a Sweep) -> (&'a [f64], &'a [f64]) {
        let (lrs, losses) = sweep.trimmed(self.num_it / 10, TRIMMED);
        let numbers = losses.iter().take_while(|loss| !loss.is_nan()).count();
        (&lrs[..numbers], &losses[..numbers])
    }
}

/// For every value, the length of the longest falling subsequence that ends with it.
fn run_lengths(values: &[f64]) -> Vec<usize> {
    // The highest end of a falling subsequence of every length; these fall.
    let mut ends: Vec<f64> = Vec::new();
    let length = |value: &f64| {
        let shorter = ends.partition_point(|end| value < end);
        match ends.get_mut(shorter) {
            Some(end) => *end = *value,
            None => ends.push(*value),
        }
        shorter + 1
    };
    values.iter().map(length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sweep of 1, 2, 3 … as rates, of which fastai sees exactly these losses.
    fn seen(losses: &[f64]) -> (LrFind, Sweep) {
        let finder = LrFind {
            num_it: 6,
            ..LrFind::default()
        };
        let mut smoothed_losses = losses.to_vec();
        smoothed_losses.extend([9.0; TRIMMED]);
        let sweep = Sweep {
            lr: (1..=smoothed_losses.len()).map(|lr| lr as f64).collect(),
            smoothed_losses,
            stopped_at: None,
        };
        (finder, sweep)
    }

    #[test]
    fn defaults_are_fastais() {
        let finder = LrFind {
            start_lr: 1e-7,
            end_lr: 10.0,
            num_it: 100,
            stop_div: true,
            smooth_beta: 0.98,
            divergence_factor: 4.0,
        };
        assert_eq!(LrFind::default(), finder);
    }

    #[test]
    fn a_small_beta_smooths_too() {
        // By hand: 3/4 / (1 - 1/4), and (3/4 / 4 + 5 · 3/4) / (1 - 1/16).
        let finder = LrFind {
            smooth_beta: 0.25,
            ..LrFind::default()
        };
        assert_eq!(finder.run(&[1.0, 5.0]).smoothed_losses, [1.0, 4.2]);
    }

    #[test]
    fn fewer_than_six_updates_are_six() {
        let count = |num_it| {
            let finder = LrFind {
                num_it,
                ..LrFind::default()
            };
            finder.lrs().count()
        };
        assert_eq!([0, 5, 6, 7].map(count), [6, 6, 6, 7]);
    }

    #[test]
    fn a_loss_below_zero_stops_it_at_once() {
        let mut finder = LrFind::default();
        assert_eq!(finder.run(&[-1.0, -2.0]).stopped_at, Some(0));
        assert_eq!(finder.run(&[1.0, f64::NAN, 1e9]).stopped_at, None);
        finder.stop_div = false;
        assert_eq!(finder.run(&[-1.0, -2.0]).stopped_at, None);
    }

    #[test]
    fn four_times_the_best_is_not_yet_a_divergence() {
        let finder = LrFind {
            smooth_beta: 0.0,
            ..LrFind::default()
        };
        assert_eq!(finder.run(&[2.0, 1.0, 4.0]).stopped_at, None);
        assert_eq!(finder.run(&[2.0, 1.0, 4.1]).stopped_at, Some(2));
    }

    #[test]
    fn valley_takes_a_run_for_one_without_gaps() {
        let valley = |losses: &[f64]| {
            let (finder, sweep) = seen(losses);
            finder.valley(&sweep)
        };
        // 7 6 5 ends at place 6, so it is taken to begin after place 3: 3 + 1 + 0.
        assert_eq!(valley(&[7.0, 8.0, 6.0, 8.0, 8.5, 9.0, 5.0]), Some(5.0));
        // A fall from the first point begins one before it: -1 + 2 + 1.
        assert_eq!(valley(&[6.0, 5.0, 4.0, 3.0, 2.0, 1.0]), Some(3.0));
        // And -1 is Python's last point.
        assert_eq!(valley(&[2.0, 1.0]), Some(2.0));
        assert_eq!(valley(&[1.0, 1.0, 2.0]), Some(1.0));
        assert_eq!(valley(&[]), None);
    }

    #[test]
    fn slide_moves_while_the_slopes_differ() {
        let slide = |losses: &[f64]| {
            let (finder, sweep) = seen(losses);
            finder.slide(&sweep)
        };
        // Where nothing differs it stays at the first window, which needs sixteen points.
        assert_eq!(slide(&[1.0; 15]), None);
        assert_eq!(slide(&[1.0; 20]), Some(5.0));
        // Slopes that all differ by 1 for a point let it slide to the first point.
        let parabola: Vec<f64> = (0..20).map(|place| f64::from(place * place)).collect();
        assert_eq!(slide(&parabola), Some(1.0));
        // A jump at the end is seen by the first two windows.
        let mut jump = [1.0; 20];
        jump[19] = 2.0;
        assert_eq!(slide(&jump), Some(4.0));
        // The slope beside the end is half of it, and 0.005 is the limit.
        jump[19] = 1.01 - 1e-12;
        assert_eq!(slide(&jump), Some(5.0));
        jump[19] = 1.01 + 1e-12;
        assert_eq!(slide(&jump), Some(4.0));
    }

    #[test]
    fn steep_is_over_the_logarithm() {
        // 0.7 from 1 to 2 is less steep than 0.5 from 2 to 3.
        let (finder, sweep) = seen(&[5.0, 4.3, 3.8, 3.8]);
        assert_eq!(finder.steep(&sweep), Some(2.0));
    }

    #[test]
    fn what_follows_a_nan_is_not_seen() {
        let (finder, sweep) = seen(&[3.0, 1.0, 2.0, f64::NAN, 0.0]);
        let found = finder.suggestions(&sweep);
        assert_eq!((found.minimum, found.steep), (Some(0.2), Some(1.0)));
        let (finder, sweep) = seen(&[f64::NAN]);
        assert_eq!(finder.suggestions(&sweep), Suggestions::default());
    }
}
