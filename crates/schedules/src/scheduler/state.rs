//! What a scheduler saves, and how it goes on from there.

use std::sync::Arc;

use super::Scheduler;
use crate::{Compose, FeedbackHandle, FeedbackState, Schedule, ScheduleError, StateError};

impl Scheduler {
    /// What has to be saved to go on later.
    pub fn state(&self) -> SchedulerState {
        SchedulerState {
            version: SchedulerState::VERSION,
            update: self.update,
            fingerprint: self.planned.fingerprint(),
            peak: self.peak,
            retimings: self.retimings.clone(),
            feedback: self.feedback.iter().map(FeedbackHandle::state).collect(),
        }
    }

    /// Goes on where `state` was saved. The feedback is that of all clones.
    ///
    /// # Errors
    /// A state of another version, schedule, peak or feedback; the scheduler and its feedback are then left as they
    /// were. After a change on purpose, [`seek`](Self::seek) to [`state.update`](SchedulerState::update) instead.
    pub fn try_restore(&mut self, state: SchedulerState) -> Result<(), StateError> {
        let SchedulerState {
            version,
            update,
            fingerprint,
            peak,
            retimings,
            feedback,
        } = state;
        if version != SchedulerState::VERSION {
            return Err(StateError::Version {
                found: version,
                known: SchedulerState::VERSION,
            });
        }
        let expected = self.planned.fingerprint();
        if fingerprint != expected {
            return Err(StateError::Schedule {
                found: fingerprint,
                expected,
                update,
            });
        }
        if peak != self.peak {
            return Err(StateError::Peak {
                found: peak,
                expected: self.peak,
                update,
            });
        }
        let found = feedback.iter().map(|state| state.fingerprint);
        let expected = self.feedback.iter().map(FeedbackHandle::fingerprint);
        if !found.eq(expected) {
            return Err(StateError::Feedback {
                found: feedback.len(),
                expected: self.feedback.len(),
                update,
            });
        }
        let mut pairs = self.feedback.iter().zip(&feedback);
        if let Some(index) = pairs.position(|(handle, state)| !handle.accepts(state)) {
            return Err(StateError::FeedbackState { index });
        }
        let mut schedule = self.planned.clone();
        for retiming in &retimings {
            schedule = retiming.apply(schedule).map_err(StateError::Retiming)?;
        }
        (self.schedule, self.retimings) = (schedule, retimings);
        for (handle, state) in self.feedback.iter().zip(&feedback) {
            handle.restore(state);
        }
        self.update = update;
        Ok(())
    }
}

/// What a [`Scheduler`] saves: the update that is next, and what tells its schedule from others.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
#[non_exhaustive]
pub struct SchedulerState {
    /// The version of this form.
    pub version: u64,
    /// The next update.
    pub update: u64,
    /// The [fingerprint](Schedule::fingerprint) of the schedule.
    pub fingerprint: u64,
    /// The peak learning rate; written as text, since many a parser of JSON loses a number's last digit.
    #[cfg_attr(feature = "serde", serde(with = "exact"))]
    pub peak: f64,
    /// The changes of the run's total, in their order.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Vec::is_empty")
    )]
    pub retimings: Vec<Retiming>,
    /// The state of the feedback, in the order of attachment.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Vec::is_empty")
    )]
    pub feedback: Vec<FeedbackState>,
}

/// A number as text that reads back as the same number.
#[cfg(feature = "serde")]
mod exact {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// One change of a run's total: see [`Scheduler::retime`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Retiming {
    /// The first update that is another one.
    pub at: u64,
    /// The total before.
    pub from: u64,
    /// The total after.
    pub to: u64,
}

impl Retiming {
    pub(super) fn apply(
        self,
        schedule: Arc<dyn Schedule>,
    ) -> Result<Arc<dyn Schedule>, ScheduleError> {
        let retimed = schedule.retimed(self.at, self.from, self.to).checked()?;
        Ok(Arc::new(retimed))
    }
}

impl SchedulerState {
    /// The version that this crate writes and reads.
    pub const VERSION: u64 = 1;
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;
    use crate::prelude::*;

    #[test]
    fn a_refused_state_changes_nothing() {
        let mut saved = Cosine::new(10).peak(0.1).unwrap();
        saved.seek(7);
        let state = saved.state();
        let mut other = Cosine::new(11).peak(0.1).unwrap();
        assert!(matches!(
            other.try_restore(state.clone()),
            Err(StateError::Schedule { update: 7, .. })
        ));
        let mut other = Cosine::new(10).peak(0.2).unwrap();
        assert_eq!(
            other.try_restore(state.clone()),
            Err(StateError::Peak {
                found: 0.1,
                expected: 0.2,
                update: 7
            })
        );
        let older = SchedulerState {
            version: 0,
            ..state
        };
        assert_eq!(
            saved.try_restore(older),
            Err(StateError::Version { found: 0, known: 1 })
        );
        assert_eq!((other.update(), saved.update()), (0, 7));
    }

    #[cfg(feature = "serde")]
    #[test]
    fn a_state_in_json_is_exact() {
        for update in 1..2_000_u32 {
            let peak = f64::from(update).sqrt() * 1e-4;
            let saved = Constant::new().peak(peak).unwrap().state();
            let text = serde_json::to_string(&saved).unwrap();
            assert_eq!(
                serde_json::from_str::<SchedulerState>(&text).unwrap(),
                saved
            );
        }
    }
}
