//! Burn's side of a scheduler.

use burn_optim::LearningRate;
use burn_optim::lr_scheduler::{LrScheduler, LrSchedulerRecord};

use super::{Retiming, Scheduler, SchedulerState};
use crate::feedback::STATE_LIMITS;
use crate::{FeedbackState, StateError};

/// The most numbers that a record's changes of the total may have: nobody changes it so often, and a damaged record asks
/// for no more.
const MAX_RETIMINGS: u64 = 3 * 1_000;

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
            retimings,
            feedback,
        } = self.state();
        let record = LrSchedulerRecord::new()
            .with_scalar("version", version)
            .with_scalar("update", update)
            .with_scalar("fingerprint", fingerprint)
            .with_scalar("peak", peak)
            .with_scalar("feedback", feedback.len() as u64);
        let totals: Vec<u64> = retimings
            .iter()
            .flat_map(|retiming| [retiming.at, retiming.from, retiming.to])
            .collect();
        let record = with_list(record, "retiming", &totals);
        let records = feedback.iter().map(feedback_record).enumerate();
        records.fold(record, |record, (index, nested)| {
            record.with_record(&format!("feedback{index}"), nested)
        })
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
    /// An empty record, one of another scheduler, or one of another schedule, peak or feedback; the scheduler is then
    /// left as it was. After a change on purpose, [`seek`](Self::seek) instead.
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
            retimings: retimings(&record).ok_or(StateError::Missing { field: "retimings" })?,
            feedback: self.feedback_states(&record, number("feedback")?)?,
        })
    }

    /// As many states as the record says it has, or one too many, which is refused for it.
    fn feedback_states(
        &self,
        record: &LrSchedulerRecord,
        count: u64,
    ) -> Result<Vec<FeedbackState>, StateError> {
        (0..count.min(self.feedback.len() as u64 + 1))
            .map(|index| {
                feedback_state(&record.record(&format!("feedback{index}")))
                    .ok_or(StateError::Missing { field: "feedback" })
            })
            .collect()
    }
}

/// A record holds scalars alone, so that lists are numbered, with their length beside them.
fn feedback_record(state: &FeedbackState) -> LrSchedulerRecord {
    let record = LrSchedulerRecord::new().with_scalar("fingerprint", state.fingerprint);
    let record = with_list(record, "count", &state.counts);
    with_list(record, "bit", &state.bits)
}

fn with_list(record: LrSchedulerRecord, name: &str, numbers: &[u64]) -> LrSchedulerRecord {
    let record = record.with_scalar(&format!("{name}s"), numbers.len() as u64);
    (0..)
        .zip(numbers)
        .fold(record, |record, (index, number): (u64, _)| {
            record.with_scalar(&format!("{name}{index}"), *number)
        })
}

fn feedback_state(record: &LrSchedulerRecord) -> Option<FeedbackState> {
    let (counts, bits) = STATE_LIMITS;
    Some(FeedbackState::new(
        record.scalar("fingerprint")?,
        list(record, "count", counts)?,
        list(record, "bit", bits)?,
    ))
}

/// Three numbers for each change of the run's total.
fn retimings(record: &LrSchedulerRecord) -> Option<Vec<Retiming>> {
    let totals = list(record, "retiming", MAX_RETIMINGS)?;
    let (each, []) = totals.as_chunks() else {
        return None;
    };
    Some(
        each.iter()
            .map(|[at, from, to]| Retiming {
                at: *at,
                from: *from,
                to: *to,
            })
            .collect(),
    )
}

/// A list of at most `most` numbers.
fn list(record: &LrSchedulerRecord, name: &str, most: u64) -> Option<Vec<u64>> {
    let length = record.scalar::<u64>(&format!("{name}s"))?;
    (0..length.min(most.saturating_add(1)))
        .map(|index| record.scalar(&format!("{name}{index}")))
        .collect()
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
    fn a_record_carries_every_change_of_the_total() {
        let mut saved = scheduler();
        saved.seek(20);
        saved.retime(105, 200).unwrap();
        saved.seek(50);
        saved.retime(200, 90).unwrap();
        let bytes = saved.to_record().into_bytes().unwrap();
        let mut fresh = scheduler();
        fresh
            .try_load_record(LrSchedulerRecord::from_bytes(bytes).unwrap())
            .unwrap();
        assert_eq!(fresh.rates(0..220), saved.rates(0..220));
        assert_eq!(fresh.state(), saved.state());
        let damaged = saved.to_record().with_scalar("retiming2", 0_u64);
        assert!(matches!(
            scheduler().try_load_record(damaged),
            Err(StateError::Retiming(_))
        ));
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

    /// Two kinds, with windows, in the middle of everything.
    fn fed() -> Scheduler {
        let trend = Plateau::min()
            .rule(PlateauRule::Trend)
            .patience(6)
            .cooldown(2);
        let greedy = Greedy::max().smooth(4).patience(1).warmup(1);
        let (rate, _) = scheduler().plateau(trend).unwrap();
        rate.greedy(greedy).unwrap().0
    }

    #[test]
    fn feedback_goes_on_from_a_record_in_bytes() {
        let metrics = [
            0.5,
            f64::NAN,
            0.4,
            f64::INFINITY,
            -0.1,
            0.4,
            0.4,
            0.3,
            0.4,
            0.2,
            0.2,
        ];
        let step = |rate: &mut Scheduler, metric: f64| {
            let reactions: Vec<Reaction> = (rate.feedback().iter())
                .map(|handle| handle.report(metric))
                .collect();
            (rate.step(), reactions)
        };
        for split in 0..metrics.len() {
            let mut saved = fed();
            for metric in &metrics[..split] {
                step(&mut saved, *metric);
            }
            let bytes = saved.to_record().into_bytes().unwrap();
            let mut fresh = fed();
            fresh
                .try_load_record(LrSchedulerRecord::from_bytes(bytes).unwrap())
                .unwrap();
            assert_eq!(fresh.state(), saved.state());
            for metric in &metrics[split..] {
                assert_eq!(step(&mut fresh, *metric), step(&mut saved, *metric));
            }
            assert_eq!(fresh.state(), saved.state());
        }
    }

    #[test]
    fn records_with_other_feedback_are_refused() {
        let mut fresh = fed();
        let before = fresh.state();
        let other = |found| {
            Err(StateError::Feedback {
                found,
                expected: 2,
                update: 0,
            })
        };
        assert_eq!(fresh.try_load_record(scheduler().to_record()), other(0));
        let (three, _) = fed().plateau(Plateau::min()).unwrap();
        assert_eq!(fresh.try_load_record(three.to_record()), other(3));
        let endless = fed().to_record().with_scalar("feedback", u64::MAX);
        assert_eq!(
            fresh.try_load_record(endless),
            Err(StateError::Missing { field: "feedback" })
        );
        let endless = fed().to_record();
        let window = LrSchedulerRecord::new().with_scalar("bits", u64::MAX);
        assert_eq!(
            fresh.try_load_record(endless.with_record("feedback1", window)),
            Err(StateError::Missing { field: "feedback" })
        );
        assert_eq!(
            scheduler().try_load_record(fed().to_record()),
            Err(StateError::Feedback {
                found: 1,
                expected: 0,
                update: 0
            })
        );
        assert_eq!(fresh.state(), before);
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
