//! Burn's side of a scheduler.

use burn_optim::LearningRate;
use burn_optim::lr_scheduler::{LrScheduler, LrSchedulerRecord};

use super::{Scheduler, SchedulerState};
use crate::StateError;

impl LrScheduler for Scheduler {
    fn step(&mut self) -> LearningRate {
        Scheduler::step(self)
    }

    fn to_record(&self) -> LrSchedulerRecord {
        let SchedulerState {
            version,
            update,
            fingerprint,
            peak,
        } = self.state();
        LrSchedulerRecord::new()
            .with_scalar("version", version)
            .with_scalar("update", update)
            .with_scalar("fingerprint", fingerprint)
            .with_scalar("peak", peak)
    }

    /// Goes on where the record was saved.
    ///
    /// # Panics
    /// With the text of [`StateError`] where [`try_load_record`](Scheduler::try_load_record) would return it: Burn's
    /// method cannot return an error, and going on from update 0 instead would repeat the warm-up unseen.
    fn load_record(&mut self, record: LrSchedulerRecord) {
        if let Err(error) = self.try_load_record(record) {
            panic!("the learning-rate scheduler cannot go on from this record: {error}");
        }
    }
}

impl Scheduler {
    /// Goes on where the record was saved.
    ///
    /// # Errors
    /// An empty record, one of another scheduler, or one of another schedule or peak; the scheduler is then left as it
    /// was. After a change on purpose, [`seek`](Self::seek) instead.
    pub fn try_load_record(&mut self, record: LrSchedulerRecord) -> Result<(), StateError> {
        let number = |field| {
            record
                .scalar::<u64>(field)
                .ok_or(StateError::Missing { field })
        };
        self.try_restore(SchedulerState {
            version: number("version")?,
            update: number("update")?,
            fingerprint: number("fingerprint")?,
            peak: record
                .scalar("peak")
                .ok_or(StateError::Missing { field: "peak" })?,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;
    use crate::prelude::*;

    fn scheduler() -> Scheduler {
        Cosine::new(100).warmup(5).peak(0.1).unwrap()
    }

    #[test]
    fn a_fresh_scheduler_goes_on_from_a_record_in_bytes() {
        let mut saved = scheduler();
        saved.seek(u64::MAX / 2);
        let bytes = saved.to_record().into_bytes().unwrap();
        let mut fresh = scheduler();
        fresh
            .try_load_record(LrSchedulerRecord::from_bytes(bytes).unwrap())
            .unwrap();
        assert_eq!(fresh.state(), saved.state());
    }

    #[test]
    fn foreign_records_are_refused() {
        let mut fresh = scheduler();
        let empty = fresh.try_load_record(LrSchedulerRecord::new());
        assert_eq!(empty, Err(StateError::Missing { field: "version" }));
        let burns =
            fresh.try_load_record(LrSchedulerRecord::new().with_scalar("current_step", 3_u64));
        assert_eq!(burns, Err(StateError::Missing { field: "version" }));
        let mistyped = fresh.try_load_record(scheduler().to_record().with_scalar("update", -1));
        assert_eq!(mistyped, Err(StateError::Missing { field: "update" }));
        let without_peak = fresh.try_load_record(scheduler().to_record().with_scalar("peak", true));
        assert_eq!(without_peak, Err(StateError::Missing { field: "peak" }));
        assert_eq!(fresh.update(), 0);
    }

    #[test]
    #[should_panic(
        expected = "the learning-rate scheduler cannot go on from this record: the record belongs to another"
    )]
    fn burns_own_method_panics_with_the_reason() {
        let record = Cosine::new(100).peak(0.1).unwrap().to_record();
        scheduler().load_record(record);
    }
}
