//! How long updates take.

use std::time::{Duration, Instant};

use models::ModelError;

use super::training_loop::Loop;
use super::{Compute, Event, Plan, build_model};
use crate::config::Settings;
use crate::data::Dataset;

/// Seconds that a whole training update took, and its parts, each in the order of measurement.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Timing {
    /// A mean over each block of updates, which ends when the device has done them all.
    pub update: Vec<f64>,
    /// What of it went into gathering a batch, measured by itself.
    pub batch: Vec<f64>,
    /// What of it went into telling: metrics, progress.
    pub telling: Vec<f64>,
}

/// How long a block of updates lasts: long enough for the clock, and for a device that works behind the host's back.
const BLOCK: Duration = Duration::from_millis(50);
/// Losses wait no longer than this many updates to be read, in a run as here.
const MOST_UPDATES: u32 = 64;
/// Updates before the first that counts: on a GPU they compile and tune kernels.
const WARM_UP: u32 = 3;

/// Times whole training updates of the model of `settings` on `compute`: batch, forward, backward, optimizer, and what
/// `tell` does with their losses.
///
/// Measures for `duration`, or one block if that takes longer.
///
/// # Errors
/// Images that do not fit the model.
pub fn time_updates(
    settings: &Settings,
    dataset: &Dataset,
    plan: &Plan,
    compute: &Compute,
    duration: Duration,
    mut tell: impl FnMut(Event<'_>),
) -> Result<Timing, ModelError> {
    let device = compute.device.clone().autodiff();
    let mut model = build_model(settings, dataset.train.images(), &device)?;
    let mut training = Loop::new(settings, dataset, plan, compute);
    for _ in 0..WARM_UP {
        model = training.update(model);
    }
    training.read_losses();

    let mut timing = Timing::default();
    let start = Instant::now();
    while timing.update.is_empty() || start.elapsed() < duration {
        let block = Instant::now();
        let mut updates = 0;
        while updates < MOST_UPDATES && (updates == 0 || block.elapsed() < BLOCK) {
            model = training.update(model);
            updates += 1;
        }
        let losses = training.read_losses();
        let told = Instant::now();
        tell(Event::Updates(&losses));
        let telling = told.elapsed().as_secs_f64();
        timing
            .update
            .push(block.elapsed().as_secs_f64() / f64::from(updates));
        timing.telling.push(telling / f64::from(updates));
    }
    for taken in 0..timing.update.len() as u64 {
        let gathering = Instant::now();
        training.batch(taken);
        timing.batch.push(gathering.elapsed().as_secs_f64());
    }
    Ok(timing)
}

/// Whole training updates a second of the model of `settings` on `compute`, told to nobody.
///
/// # Errors
/// Images that do not fit the model.
pub fn updates_per_second(
    settings: &Settings,
    dataset: &Dataset,
    plan: &Plan,
    compute: &Compute,
    duration: Duration,
) -> Result<f64, ModelError> {
    let timing = time_updates(settings, dataset, plan, compute, duration, |_| {})?;
    Ok(1.0 / Timing::quantile(&timing.update, 0.5))
}

impl Timing {
    /// Adds what another round measured.
    pub fn extend(&mut self, round: Self) {
        self.update.extend(round.update);
        self.batch.extend(round.batch);
        self.telling.extend(round.telling);
    }

    /// The value that a `share` of `seconds` lies below, between two of them in proportion; not a number if there is none.
    ///
    /// ```text
    /// quantile(p) = x₍i₎ + (h − i) (x₍i+1₎ − x₍i₎),   h = p (n − 1),  i = ⌊h⌋,  x sorted, counted from 0
    /// ```
    pub fn quantile(seconds: &[f64], share: f64) -> f64 {
        let mut sorted = seconds.to_vec();
        sorted.sort_by(f64::total_cmp);
        let Some(last) = sorted.len().checked_sub(1) else {
            return f64::NAN;
        };
        let place = share * last as f64;
        let (below, above) = (
            sorted[place as usize],
            sorted[(place as usize + 1).min(last)],
        );
        below + place.fract() * (above - below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_numpy() {
        // numpy.quantile([4, 1, 3, 2], [0, 0.25, 0.5, 0.9, 1])
        let seconds = [4.0, 1.0, 3.0, 2.0];
        let quantiles = [0.0, 0.25, 0.5, 0.9, 1.0].map(|share| Timing::quantile(&seconds, share));
        assert_eq!(quantiles, [1.0, 1.75, 2.5, 3.7, 4.0]);
        assert_eq!(Timing::quantile(&[7.0], 0.5), 7.0);
        assert!(Timing::quantile(&[], 0.5).is_nan());
    }
}
