//! One update after the other.

mod graft;

use std::time::Instant;

use burn::module::Module;
use burn::tensor::Tensor;
use models::{ImageBatch, Model};
use optimizers::{ModuleUpdate, RecordError, WeightAverage};
use schedules::{MetricMode, Reaction, ScheduleError, Scheduler};

use super::batch::Batches;
use super::checkpoint::{Checkpoint, ResumeError};
use super::gauges::Gauges;
use super::standing::Standing;
use super::step::Objective;
use super::{Adjustment, Compute, Metrics, Plan, Update};
use crate::config::Settings;
use crate::data::{Augment, Dataset, batch_order};
use crate::fault;
use crate::random::{Purpose, Random};

/// Updates one after the other, in the order of the data.
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
    /// Whether the optimizer takes its momentum from the schedule.
    follows: bool,
    average: Option<WeightAverage>,
    gauges: Gauges,
    /// What the schedule's rate is multiplied by.
    pub(super) scale: f64,
    /// After how many updates the states were that the run went back to.
    pub(super) recovered: Vec<u64>,
    /// How many updates there will be, as planned, and as it is after every change.
    planned: u64,
    pub(super) length: u64,
    /// How many changes were made on the way.
    pub(super) adjusted: u64,
    update: u64,
    /// Updates whose loss is still on the device, and those losses.
    pending: Vec<Update>,
    losses: Vec<Tensor<1>>,
    pub(super) last_read: Instant,
}

impl<'a> Loop<'a> {
    pub(super) fn new(
        settings: &Settings,
        dataset: &'a Dataset,
        plan: &Plan,
        compute: &Compute,
    ) -> Self {
        let (train, precision) = (&dataset.train, settings.train.precision);
        Self {
            seed: settings.seed,
            drops: settings.model.drops(),
            batch_size: settings.data.batch_size,
            shuffle: settings.data.shuffle,
            batches_per_epoch: plan.batches_per_epoch,
            accumulate: plan.accumulate,
            batches: Batches::new(
                train,
                precision,
                compute,
                &compute.device.clone().autodiff(),
            ),
            augment: Augment::new(settings.data.augment, train.images().shape(), settings.seed),
            rows: train.len(),
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
            follows: settings.optimizer.rule.follows(),
            average: plan.average.clone(),
            gauges: Gauges::new(plan, settings.train.gain_every),
            scale: 1.0,
            recovered: Vec::new(),
            planned: plan.updates,
            length: plan.updates,
            adjusted: 0,
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
        let momentum = self.schedule.momentum_at(update);
        let learning_rate = self.scale * self.schedule.step();
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
            momentum: momentum.filter(|_| self.follows),
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
        let batch = match changes {
            Some(changes) => self.batches.gather_changed(positions, &changes),
            None => self.batches.gather(positions),
        };
        if self.drops {
            let mut masks = Random::new(self.seed, Purpose::Masks, epoch, taken);
            return batch.draw(masks.next_u64());
        }
        batch
    }

    /// Goes on where `checkpoint` was made, with `model`, which has its weights.
    ///
    /// # Errors
    /// A checkpoint of another run; some of its state may be taken over by then.
    pub(super) fn restore(
        &mut self,
        checkpoint: &Checkpoint,
        model: &Model,
    ) -> Result<(), ResumeError> {
        self.schedule.try_restore(checkpoint.schedule.clone())?;
        self.optimizer
            .load_record(&checkpoint.optimizer, model)
            .map_err(ResumeError::Optimizer)?;
        match (&mut self.average, &checkpoint.average) {
            (Some(average), Some(record)) => average
                .load_record(record, model)
                .map_err(ResumeError::Average)?,
            (None, None) => {}
            _ => return Err(ResumeError::Average(RecordError::Empty)),
        }
        (self.scale, self.recovered) = (checkpoint.scale, checkpoint.recovered.clone());
        self.adjusted = checkpoint.adjusted;
        self.set_length();
        self.update = checkpoint.updates;
        self.pending.clear();
        self.losses.clear();
        Ok(())
    }

    /// Makes a change from the next update on.
    ///
    /// # Errors
    /// Why it cannot be made; nothing has changed then.
    pub(super) fn adjust(&mut self, adjustment: Adjustment) -> Result<(), String> {
        match adjustment {
            Adjustment::ScaleLr(factor) => {
                let scale = self.scale * factor;
                if !(scale > 0.0 && scale.is_finite()) {
                    return Err(format!(
                        "its learning rate would be {scale} times the planned one"
                    ));
                }
                self.scale = scale;
            }
            Adjustment::Length(length) => {
                self.retime(length).map_err(|error| error.to_string())?;
            }
        }
        self.adjusted += 1;
        Ok(())
    }

    /// Gives the run another length, from the next update on.
    ///
    /// # Errors
    /// A length that is not above the updates made; nothing has changed then.
    pub(super) fn retime(&mut self, length: u64) -> Result<(), ScheduleError> {
        if length != self.length {
            self.schedule.retime(self.length, length)?;
            self.set_length();
        }
        Ok(())
    }

    /// Takes the length from the schedule, which knows of every change.
    fn set_length(&mut self) {
        let state = self.schedule.state();
        let last = state.retimings.last();
        self.length = last.map_or(self.planned, |retiming| retiming.to);
        self.gauges.set_last(self.length);
    }

    /// The state after the updates made so far, all of whose losses are read.
    pub(super) fn checkpoint(
        &self,
        model: &Model,
        standing: &Standing,
        seconds: f64,
    ) -> Checkpoint {
        let averages = self.average.is_some() || self.optimizer.evaluates_other_weights();
        Checkpoint {
            updates: self.update,
            weights: model.state_dict(),
            averaged: averages.then(|| self.evaluation(model).state_dict()),
            optimizer: self.optimizer.to_record(),
            average: self.average.as_ref().map(WeightAverage::to_record),
            schedule: self.schedule.state(),
            scale: self.scale,
            recovered: self.recovered.clone(),
            adjusted: self.adjusted,
            standing: standing.clone(),
            seconds,
        }
    }

    /// The model to measure and to keep: without autodiff, with the weights that the optimizer evaluates, or with their
    /// average where one is kept.
    pub(super) fn evaluation(&self, model: &Model) -> Model {
        match &self.average {
            Some(average) => average.evaluation(model.valid()),
            None => self.optimizer.evaluation(model.valid()),
        }
    }

    /// Gives the feedback what was measured, and returns what that changed.
    pub(super) fn report(&self, measured: Metrics) -> Vec<(&'static str, Reaction)> {
        let feedback = self.schedule.feedback().iter();
        let reactions = feedback.map(|feedback| {
            let metric = match feedback.mode() {
                MetricMode::Min => measured.loss,
                MetricMode::Max => measured.accuracy,
            };
            (feedback.kind(), feedback.report(metric))
        });
        reactions
            .filter(|(_, reaction)| reaction.is_change())
            .collect()
    }

    /// How many losses wait to be read.
    pub(super) fn unread(&self) -> usize {
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
        fault::on_read(losses.len() as u64);
        let losses = Tensor::cat(losses, 0).into_data();
        for (update, loss) in updates.iter_mut().zip(losses.iter::<f64>()) {
            update.train_loss = loss;
        }
        self.gauges.read(&mut updates);
        updates
    }
}
