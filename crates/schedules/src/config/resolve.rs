//! From a config to a schedule of updates, with errors that name the key.

use std::sync::Arc;

use serde_json::Value;

use super::{RISING, ScheduleConfig, Shape, read};
use crate::{Compose, Horizon, MAX_PEAK, Schedule, ScheduleError, Scheduler, check, form};

impl ScheduleConfig {
    /// Turns it into a schedule of updates for the run and the peak of `horizon`, and checks it.
    ///
    /// # Errors
    /// The first value out of its range, with the key that it stands at, or feedback, which a schedule cannot have.
    pub fn resolve(&self, horizon: &Horizon) -> Result<Arc<dyn Schedule>, ScheduleError> {
        self.refuse_feedback()?;
        let lowest = self.lowest(horizon)?;
        let shaped = self.shaped(horizon, lowest)?;
        let cooled = self.cooled(shaped, horizon, lowest)?;
        self.warmed(cooled, horizon)
    }

    /// Builds the scheduler for a run of `horizon` at the learning rate `peak`, with its feedback attached.
    ///
    /// # Errors
    /// The first value out of its range, with the key that it stands at.
    pub fn build(&self, horizon: &Horizon, peak: f64) -> Result<Scheduler, ScheduleError> {
        check::positive("peak", peak, MAX_PEAK)?;
        let schedule = self.without_feedback().resolve(&horizon.with_peak(peak))?;
        self.attach(Scheduler::new(schedule, peak)?, horizon)
    }

    /// The shape, which ends at the floor or is cut off at it.
    fn shaped(
        &self,
        horizon: &Horizon,
        lowest: Option<f64>,
    ) -> Result<Arc<dyn Schedule>, ScheduleError> {
        let (mut lowest, mut shape) = (lowest, self.shape.clone());
        let mut keys = shape.write();
        if let Some(ratio) = lowest.filter(|_| keys.contains_key("floor")) {
            keys.insert("floor".to_owned(), Value::from(ratio));
            shape = Shape::read(shape.kind(), keys)?;
            lowest = None;
        }
        let own = format!("{}.", shape.kind());
        let schedule = shape.resolve(horizon).map_err(|error| {
            let path = error
                .path()
                .strip_prefix(&own)
                .unwrap_or(error.path())
                .to_owned();
            error.at(path)
        })?;
        let Some(ratio) = lowest else {
            return Ok(schedule);
        };
        let floored = schedule.at_least(ratio).checked();
        Ok(Arc::new(floored.map_err(|error| error.at("floor"))?))
    }

    /// With the cool-down at the end of its time.
    fn cooled(
        &self,
        schedule: Arc<dyn Schedule>,
        horizon: &Horizon,
        lowest: Option<f64>,
    ) -> Result<Arc<dyn Schedule>, ScheduleError> {
        let Some(span) = self.cooldown else {
            alone("cooldown_end", self.cooldown_end, "cooldown")?;
            alone("cooldown_curve", self.cooldown_curve, "cooldown")?;
            return Ok(schedule);
        };
        let (updates, total) = (horizon.resolve(span), horizon.segment());
        let own_floor = || self.shape.write().get("floor").and_then(Value::as_f64);
        let end = self.cooldown_end.or(lowest).or_else(own_floor);
        let cooled = schedule
            .cooldown(updates, total)
            .end(end.unwrap_or(0.0))
            .curve(self.cooldown_curve.unwrap_or_default());
        let cooled = cooled.checked().map_err(|error| match error.path() {
            "cooldown.end" => error.at("cooldown_end"),
            _ => {
                let allowed =
                    format!("is {updates} updates, which must be at most the {total} there are");
                form::wrong("cooldown", &span, &allowed)
            }
        })?;
        Ok(Arc::new(cooled))
    }

    /// With the warm-up taken out of its time.
    fn warmed(
        &self,
        schedule: Arc<dyn Schedule>,
        horizon: &Horizon,
    ) -> Result<Arc<dyn Schedule>, ScheduleError> {
        let Some(span) = self.warmup else {
            alone("warmup_start", self.warmup_start, "warmup")?;
            alone("warmup_curve", self.warmup_curve, "warmup")?;
            return Ok(schedule);
        };
        if RISING.contains(&self.kind()) {
            let allowed = format!("stands before a `{}`, which rises by itself", self.kind());
            let error = form::wrong("warmup", &span, &allowed);
            return Err(error.with_hint("the key of its own rise is `rise`"));
        }
        let updates = horizon.resolve(span);
        let mut warmed = schedule
            .warmup_within(updates)
            .curve(self.warmup_curve.unwrap_or_default());
        if let Some(start) = self.warmup_start {
            warmed = warmed.start(start);
        }
        let warmed = warmed.checked().map_err(|error| {
            // What follows was in order before the warm-up took its share.
            let most = match error.path() {
                "warmup.start" => return error.at("warmup_start"),
                "warmup.cooldown.updates" => "at most those before the cool-down",
                _ => "fewer than those of what follows",
            };
            let allowed = format!("is {updates} updates, which must be {most}");
            form::wrong("warmup", &span, &allowed)
        })?;
        Ok(Arc::new(warmed))
    }

    /// The lowest ratio to the peak, from whichever of the two keys has it.
    fn lowest(&self, horizon: &Horizon) -> Result<Option<f64>, ScheduleError> {
        let Some(rate) = self.min_lr else {
            return Ok(self.floor);
        };
        if let Some(floor) = self.floor {
            return Err(read::both_floors(&floor));
        }
        let (ratio, peak) = (rate / horizon.peak(), horizon.peak());
        if (0.0..=1.0).contains(&ratio) {
            return Ok(Some(ratio));
        }
        Err(ScheduleError::new(
            "min_lr",
            rate,
            format!("must be between 0 and the peak learning rate {peak:?}"),
        ))
    }
}

/// An error if `value` is there, whose `key` means nothing without `needed`.
fn alone(
    key: &str,
    value: Option<impl serde::Serialize>,
    needed: &str,
) -> Result<(), ScheduleError> {
    match value {
        Some(value) => Err(form::wrong(key, &value, &format!("needs a `{needed}`"))),
        None => Ok(()),
    }
}
