//! What a run tells while it goes on.

use schedules::Reaction;

use super::{Adjusted, Diverged};
use crate::engine::Update;
use crate::engine::checkpoint::{Checkpoint, Slot};

/// What a run tells while it goes on.
#[derive(Debug)]
pub enum Event<'a> {
    /// The first update of this process begins. On a GPU its kernels are compiled and tuned now.
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
    /// The run went wrong, and goes on from an earlier state at a lower learning rate; later updates are void.
    Recovered {
        /// What went wrong.
        diverged: Diverged,
        /// How many updates the state has made.
        updates: u64,
        /// What the schedule's rate is multiplied by from now on.
        scale: f64,
    },
    /// The run was changed on its way, from the next update on.
    Adjusted {
        /// How, and where.
        adjusted: Adjusted,
        /// Which request asked for it; none where the run's time did.
        request: Option<&'a str>,
        /// Whether a process before has told of it.
        again: bool,
    },
    /// A change cannot be made.
    Refused {
        /// Which request asked for it; none where the run's time did.
        request: Option<&'a str>,
        /// How many updates were made.
        updates: u64,
        /// Why.
        reason: String,
    },
    /// The metric of early stopping gets no better: this was the last update.
    EndsEarly {
        /// How many were made.
        updates: u64,
    },
    /// A state to keep, in the place of the one that was kept in this slot; all of its updates have been told.
    Checkpoint {
        /// Which of the kept states.
        slot: Slot,
        /// The state.
        checkpoint: &'a Checkpoint,
    },
}

impl Event<'_> {
    /// The request that this is the answer to.
    pub fn request(&self) -> Option<&str> {
        match self {
            Self::Adjusted { request, .. } | Self::Refused { request, .. } => *request,
            _ => None,
        }
    }
}
