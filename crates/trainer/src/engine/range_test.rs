//! A range test: a short run whose learning rate grows from far too low to far too high.

use schedules::finder::{Curve, Finder};
use schedules::{RangeTest, ScheduleConfig, Shape, Span, Sweep};

use super::training_loop::Loop;
use super::{Compute, FitError, Plan, Update, start_model};
use crate::config::{Length, Settings};
use crate::data::Dataset;

/// How a range test sweeps the learning rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateSweep {
    /// The first rate, above 0.
    pub from: f64,
    /// The last rate, which is reached unless the loss diverges before.
    pub to: f64,
    /// How many updates, at least 2.
    pub updates: u64,
    /// Whether it grows by the same factor or by the same amount.
    pub sweep: Sweep,
    /// How much the loss is smoothed, from 0, not at all, to below 1.
    pub smoothing: f64,
    /// How many times what it has fallen the loss may rise before the test stops.
    pub divergence: f64,
}

/// What a range test recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct SweptRates {
    /// The losses of the updates, up to where it stopped.
    pub curve: Curve,
    /// The gain where it was measured, with its place in the curve.
    pub gains: Vec<(usize, f64)>,
}

/// The gain is measured at every update whose number this divides, as often as a picture has room for.
const GAIN_EVERY: u64 = 4;
/// How many losses are read back at once. What comes after a stop is thrown away.
const READ_EVERY: u64 = 16;

impl Default for RateSweep {
    /// From 1e-6 to 10 in 100 updates, exponentially.
    fn default() -> Self {
        Self {
            from: 1e-6,
            to: 10.0,
            updates: 100,
            sweep: Sweep::Exponential,
            smoothing: 0.98,
            divergence: 2.0,
        }
    }
}

/// Trains the model of `settings` with growing rates. The model is not kept: whoever trains afterwards starts from the
/// same first weights as without it.
///
/// Optimizer, batches and their order are the run's own; its schedule, average and evaluations are left out.
///
/// # Errors
/// No model to begin with, or nothing to train it on.
pub fn range_test(
    settings: &Settings,
    dataset: &Dataset,
    compute: &Compute,
    sweep: &RateSweep,
) -> Result<SweptRates, FitError> {
    let settings = swept(settings, sweep);
    let device = compute.device.clone().autodiff();
    let mut model = start_model(&settings, dataset.train.images(), &device)?.model;
    let plan = Plan::new(&settings, dataset.train.len())?;
    let plan = match settings.optimizer.layer_decay {
        1.0 => plan,
        _ => plan.layer_rates(&settings.optimizer, &model),
    };
    let mut training = Loop::new(&settings, dataset, &plan, compute);
    let mut finder = Finder::new()
        .beta(sweep.smoothing)
        .divergence(sweep.divergence);
    let mut gains = Vec::new();
    for done in 1..=plan.updates {
        model = training.update(model);
        if done % READ_EVERY != 0 && done != plan.updates {
            continue;
        }
        for update in training.read_losses() {
            let Update {
                learning_rate,
                train_loss,
                ..
            } = update;
            let place = finder.curve().len();
            let go_on = finder.push(learning_rate, train_loss).is_continue();
            gains.extend(update.gain.map(|gain| (place, gain.ratio())));
            if !go_on {
                let curve = finder.into_curve();
                return Ok(SweptRates { curve, gains });
            }
        }
    }
    let curve = finder.into_curve();
    Ok(SweptRates { curve, gains })
}

/// The settings of the short run.
fn swept(settings: &Settings, sweep: &RateSweep) -> Settings {
    let mut settings = settings.clone();
    let rates = RangeTest::<Span>::default()
        .start(sweep.from / sweep.to)
        .sweep(sweep.sweep);
    settings.schedule = ScheduleConfig::from(Shape::RangeTest(rates));
    settings.optimizer.lr = sweep.to;
    settings.train.length = Length::Updates(sweep.updates);
    settings.train.horizon = None;
    settings.train.evaluate_every = Span::Updates(sweep.updates);
    settings.train.gain_every = GAIN_EVERY;
    settings.train.ema = 0.0;
    settings
}
