//! The training loop.

use std::time::{Duration, Instant};

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use models::{ImageBatch, Model};
use optimizers::{Ema, ModuleUpdate, OptimizerError, WeightAverage};
use schedules::{Horizon, MetricMode, Reaction, ScheduleError, Scheduler};

use super::batch::Batches;
use super::gauges::Gauges;
use super::step::Objective;
use super::{Compute, History, Metrics, StartError, Update, evaluate, start_model};
use crate::config::Settings;
use crate::data::{Augment, Dataset, batch_order, batches_per_epoch};
use crate::random::{Purpose, Random};

/// How long a run is, and its learning rate at every update: all that is known before it begins.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Updates in the whole run.
    pub updates: u64,
    /// Updates in an epoch, what a length in epochs is measured with.
    ///
    /// Accumulation takes batches from one epoch and the next where their number does not divide, so this is the nearest
    /// whole number of updates to `batches_per_epoch / accumulate`, at least 1.
    pub updates_per_epoch: u64,
    /// Batches in an epoch.
    pub batches_per_epoch: u64,
    /// Batches an update.
    pub accumulate: u64,
    /// Validation is measured after every so many updates, and after the last.
    pub evaluate_every: u64,
    /// The learning rate.
    pub schedule: Scheduler,
    /// The optimizer, before its first update.
    pub optimizer: ModuleUpdate,
    /// The average of the weights that is measured and kept, before the first update, if there is to be one.
    pub average: Option<WeightAverage>,
}

/// A run that cannot begin, or did not end well.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// Not one whole batch.
    #[error(
        "data.batch_size = {batch_size}: there are only {rows} training rows, and a partial batch is left out"
    )]
    NoBatch {
        /// Images an update.
        batch_size: usize,
        /// Rows to take them from.
        rows: usize,
    },
    /// Feedback, and nothing to feed it with.
    #[error("schedule.{kind} follows a metric of the validation images, and data.validation is 0")]
    NoMetric {
        /// The kind of feedback.
        kind: &'static str,
    },
    /// A schedule that does not fit the run.
    #[error(transparent)]
    Schedule(ScheduleError),
    /// An optimizer's parameter that is out of its range.
    #[error(transparent)]
    Optimizer(#[from] OptimizerError),
    /// No model to begin with.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The loss is not a number any more.
    #[error(transparent)]
    Diverged(#[from] Diverged),
}

/// A run that ended because its loss was not finite.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error(
    "diverged: the training loss was {loss} at update {update}, at a learning rate of {learning_rate}"
)]
pub struct Diverged {
    /// The update whose loss it was.
    pub update: u64,
    /// Its learning rate.
    pub learning_rate: f64,
    /// Its loss.
    pub loss: f64,
}

/// What a run tells while it goes on.
#[derive(Debug)]
pub enum Event<'a> {
    /// The first update begins. On a GPU its kernels are compiled and tuned now.
    FirstUpdate,
    /// These updates are done and their losses read back; the last may carry a validation.
    Updates(&'a [Update]),
    /// Feedback has changed the learning rate that is left.
    Feedback {
        /// `plateau` or `greedy`.
        kind: &'static str,
        /// What it did.
        reaction: Reaction,
    },
}

impl Plan {
    /// Plans the run of `settings` on `rows` training rows.
    ///
    /// # Errors
    /// Too few rows for a batch, or a schedule or an optimizer out of its range.
    pub fn new(settings: &Settings, rows: usize) -> Result<Self, FitError> {
        let data = &settings.data;
        let batches_per_epoch = batches_per_epoch(rows, data.batch_size, data.drop_last);
        if batches_per_epoch == 0 {
            return Err(FitError::NoBatch {
                batch_size: data.batch_size,
                rows,
            });
        }
        let accumulate = u64::from(settings.train.accumulate);
        let updates_per_epoch = ((batches_per_epoch + accumulate / 2) / accumulate).max(1);
        // The length is what shares of the run are measured against, so it is none itself.
        let updates = Horizon::new(0, updates_per_epoch).resolve(settings.train.length);
        let horizon = Horizon::new(updates, updates_per_epoch);
        let schedule = settings
            .schedule
            .build(&horizon, settings.optimizer.lr)
            .map_err(FitError::Schedule)?;
        if let Some(feedback) = schedule.feedback().first()
            && data.validation.fraction() == 0.0
        {
            return Err(FitError::NoMetric {
                kind: feedback.kind(),
            });
        }
        let optimizer = settings.optimizer.build(schedule.handle())?;
        let average = match settings.train.ema {
            0.0 => None,
            decay => Some(Ema::new(decay).build()?),
        };
        Ok(Self {
            updates,
            updates_per_epoch,
            batches_per_epoch,
            accumulate,
            evaluate_every: horizon.resolve(settings.train.evaluate_every),
            schedule,
            optimizer,
            average,
        })
    }

    /// The epoch, counted from 0, that the first batch of `update` belongs to.
    pub fn epoch_of(&self, update: u64) -> u64 {
        update.saturating_mul(self.accumulate) / self.batches_per_epoch
    }
}

/// Trains the model of `settings` from its first update to its last, and measures it.
///
/// The model that it measures and gives back has the weights that are meant for use: those of the optimizer, or their
/// average (`train.ema`).
///
/// # Errors
/// No model to begin with ([`StartError`]), or a loss that is not finite.
pub fn fit(
    settings: &Settings,
    dataset: &Dataset,
    plan: &Plan,
    compute: &Compute,
    mut tell: impl FnMut(Event<'_>),
) -> Result<(Model, History), FitError> {
    let start = Instant::now();
    let device = compute.device.clone().autodiff();
    let mut model = start_model(settings, dataset.train.images(), &device)?.model;
    let mut training = Loop::new(settings, dataset, plan, &device);
    let measure =
        |model: &Model, part| evaluate(model, part, settings.data.batch_size, &compute.device);

    tell(Event::FirstUpdate);
    let (mut validation, mut validating) = (None, Duration::ZERO);
    let mut seconds_to_first_update = 0.0;
    let mut recent = Recent::new(plan.updates_per_epoch.min(plan.updates));
    for update in 0..plan.updates {
        model = training.update(model);
        let done = update + 1;
        let due = done % plan.evaluate_every == 0 || done == plan.updates;
        // Reading a loss back waits for the device: after the first update, to know how long it took, and then so
        // seldom that it costs nothing and so often that somebody watching sees it move.
        if !(due
            || update == 0
            || training.unread() >= 64
            || training.last_read.elapsed() > WATCHED)
        {
            continue;
        }
        let mut updates = training.read_losses();
        if update == 0 {
            seconds_to_first_update = start.elapsed().as_secs_f64();
        }
        if let Some(diverged) = updates.iter().find_map(Diverged::seen) {
            updates.retain(|update| update.update <= diverged.update);
            tell(Event::Updates(&updates));
            return Err(diverged.into());
        }
        if due && !dataset.validation.is_empty() {
            let begin = Instant::now();
            let model = training.evaluation(&model);
            validation = Some(measure(&model, &dataset.validation));
            validating += begin.elapsed();
            if let Some(last) = updates.last_mut() {
                last.validation = validation;
            }
        }
        recent.extend(&updates);
        tell(Event::Updates(&updates));
        if due {
            training.report(validation, &mut tell);
        }
    }
    let updating =
        start.elapsed().as_secs_f64() - validating.as_secs_f64() - seconds_to_first_update;
    let model = training.evaluation(&model);
    let test = measure(&model, &dataset.test);
    let history = History {
        updates: plan.updates,
        seconds: start.elapsed().as_secs_f64(),
        seconds_to_first_update,
        updates_per_second: (plan.updates - 1) as f64 / updating.max(f64::MIN_POSITIVE),
        train_loss: recent.mean(),
        validation,
        test,
    };
    Ok((model, history))
}

/// How long somebody who watches should wait for the next loss.
const WATCHED: Duration = Duration::from_millis(200);

impl Diverged {
    fn seen(update: &Update) -> Option<Self> {
        (!update.train_loss.is_finite()).then_some(Self {
            update: update.update,
            learning_rate: update.learning_rate,
            loss: update.train_loss,
        })
    }
}

/// One update after the other, in the order of the data.
pub(super) struct Loop<'a> {
    seed: u64,
    /// Whether the model draws masks.
    drops: bool,
    batch_size: usize,
    shuffle: bool,
    batches_per_epoch: u64,
    accumulate: u64,
    batches: Batches<'a>,
    augment: Option<Augment>,
    rows: usize,
    /// The epoch that `order` is of.
    epoch: Option<u64>,
    order: Vec<usize>,
    objective: Objective,
    schedule: Scheduler,
    optimizer: ModuleUpdate,
    average: Option<WeightAverage>,
    gauges: Gauges,
    update: u64,
    /// Updates whose loss is still on the device, and those losses.
    pending: Vec<Update>,
    losses: Vec<Tensor<1>>,
    last_read: Instant,
}

impl<'a> Loop<'a> {
    pub(super) fn new(
        settings: &Settings,
        dataset: &'a Dataset,
        plan: &Plan,
        device: &Device,
    ) -> Self {
        Self {
            seed: settings.seed,
            drops: settings.model.drops(),
            batch_size: settings.data.batch_size,
            shuffle: settings.data.shuffle,
            batches_per_epoch: plan.batches_per_epoch,
            accumulate: plan.accumulate,
            batches: Batches::new(&dataset.train, settings.train.precision, device),
            augment: Augment::new(
                settings.data.augment,
                dataset.train.images().shape(),
                settings.seed,
            ),
            rows: dataset.train.len(),
            epoch: None,
            order: Vec::new(),
            objective: Objective::new(&settings.train),
            schedule: {
                // Whoever used the plan before has stepped the feedback that all clones share.
                let mut schedule = plan.schedule.clone();
                schedule.seek(0);
                schedule
            },
            optimizer: plan.optimizer.clone(),
            average: plan.average.clone(),
            gauges: Gauges::new(plan, settings.train.gain_every),
            update: 0,
            pending: Vec::new(),
            losses: Vec::new(),
            last_read: Instant::now(),
        }
    }

    /// Takes the next batches, and moves the weights once.
    ///
    /// Takes the model and gives it back, so that nobody else holds its weights and they are updated in place.
    pub(super) fn update(&mut self, model: Model) -> Model {
        let (update, first) = (self.update, self.update * self.accumulate);
        let (objective, taken) = (self.objective, first..first + self.accumulate);
        let next = taken.end..taken.end + self.accumulate;
        let (loss, mut gradients) =
            objective.gradient(&model, taken.map(|taken| self.batch(taken)));
        self.losses.push(loss);
        let next = self
            .gauges
            .gains(update)
            .then(|| next.map(|taken| self.batch(taken)).collect());
        let look = self
            .gauges
            .before(update, &model, &gradients, next, objective);
        objective.clip(&model, &mut gradients);
        let learning_rate = self.schedule.step();
        let model = self.optimizer.step(learning_rate, model, gradients);
        if let Some(look) = look {
            self.gauges.after(update, look, &model, objective);
        }
        if let Some(average) = &mut self.average {
            average.update(&model);
        }

        self.pending.push(Update {
            update,
            epoch: first / self.batches_per_epoch,
            learning_rate,
            train_loss: f64::NAN,
            validation: None,
            probe: None,
            gain: None,
        });
        self.update += 1;
        model
    }

    /// The batch that so many batches were taken before.
    pub(super) fn batch(&mut self, taken: u64) -> ImageBatch {
        let epoch = taken / self.batches_per_epoch;
        if self.epoch != Some(epoch) {
            self.order = batch_order(self.seed, epoch, self.rows, self.shuffle);
            self.epoch = Some(epoch);
        }
        let from = (taken % self.batches_per_epoch) as usize * self.batch_size;
        let until = (from + self.batch_size).min(self.order.len());
        let changes = self
            .augment
            .map(|augment| augment.changes(epoch, from..until));
        let positions = &self.order[from..until];
        let batch = self.batches.gather_changed(positions, changes.as_deref());
        if self.drops {
            let mut masks = Random::new(self.seed, Purpose::Masks, epoch, taken);
            return batch.draw(masks.next_u64());
        }
        batch
    }

    /// The model to measure and to keep: without autodiff, with the weights that the optimizer evaluates, or with their
    /// average where one is kept.
    fn evaluation(&self, model: &Model) -> Model {
        match &self.average {
            Some(average) => average.evaluation(model.valid()),
            None => self.optimizer.evaluation(model.valid()),
        }
    }

    /// Gives the feedback what was measured, and tells what changed.
    fn report(&self, measured: Option<Metrics>, tell: &mut impl FnMut(Event<'_>)) {
        let Some(measured) = measured else {
            return;
        };
        for feedback in self.schedule.feedback() {
            let reaction = feedback.report(match feedback.mode() {
                MetricMode::Min => measured.loss,
                MetricMode::Max => measured.accuracy,
            });
            if reaction.is_change() {
                tell(Event::Feedback {
                    kind: feedback.kind(),
                    reaction,
                });
            }
        }
    }

    /// How many losses wait to be read.
    fn unread(&self) -> usize {
        self.losses.len()
    }

    /// Reads all waiting losses back at once; waits for the device.
    pub(super) fn read_losses(&mut self) -> Vec<Update> {
        self.last_read = Instant::now();
        let mut updates = std::mem::take(&mut self.pending);
        let losses = std::mem::take(&mut self.losses);
        if losses.is_empty() {
            return updates;
        }
        let losses = Tensor::cat(losses, 0).into_data();
        for (update, loss) in updates.iter_mut().zip(losses.iter::<f64>()) {
            update.train_loss = loss;
        }
        self.gauges.read(&mut updates);
        updates
    }
}

/// The last few training losses.
struct Recent {
    losses: std::collections::VecDeque<f64>,
    most: usize,
}

impl Recent {
    fn new(most: u64) -> Self {
        Self {
            losses: std::collections::VecDeque::new(),
            most: most as usize,
        }
    }

    fn extend(&mut self, updates: &[Update]) {
        for update in updates {
            if self.losses.len() == self.most {
                self.losses.pop_front();
            }
            self.losses.push_back(update.train_loss);
        }
    }

    fn mean(&self) -> f64 {
        self.losses.iter().sum::<f64>() / self.losses.len() as f64
    }
}
