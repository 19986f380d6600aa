//! What a run tells while it goes on.

use schedules::Reaction;

use super::Diverged;
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
