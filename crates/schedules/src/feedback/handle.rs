//! Where metrics are reported.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::memory::Memory;
use super::{Feedback, FeedbackState, MetricMode, Reaction};

/// Where the metric of a [`Plateau`](crate::Plateau) or a [`Greedy`](crate::Greedy) is reported.
///
/// It comes from [`Scheduler::plateau`](crate::Scheduler::plateau) and [`Scheduler::greedy`](crate::Scheduler::greedy),
/// and again from [`Scheduler::feedback`](crate::Scheduler::feedback). Its clones and the clones of the scheduler share
/// one state, so it can be reported to from another thread. A report counts from the next
/// [`step`](crate::Scheduler::step) on.
///
/// ```
/// use schedules::prelude::*;
///
/// let plateau = Plateau::min().patience(1).factor(0.5);
/// let (rate, handle) = Constant::new().peak(0.1)?.plateau(plateau)?;
/// assert_eq!(handle.report(1.0), Reaction::Unchanged);
/// assert_eq!(handle.report(1.0), Reaction::Reduced { from: 1.0, to: 0.5 });
/// assert_eq!(rate.rate_at(0), 0.05);
/// assert_eq!(rate.feedback()[0].multiplier(), 0.5);
/// # Ok::<(), ScheduleError>(())
/// ```
#[derive(Clone, Debug)]
pub struct FeedbackHandle {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    feedback: Feedback,
    memory: Mutex<Memory>,
}

impl FeedbackHandle {
    pub(crate) fn new(feedback: Feedback, taken: u64) -> Self {
        let memory = Mutex::new(feedback.beginning(taken));
        Self {
            shared: Arc::new(Shared { feedback, memory }),
        }
    }

    /// Reports a metric, and says what that led to.
    ///
    /// NaN counts as a metric that is not better. The report belongs to [`update`](Self::update); where that lies
    /// outside the active stage, nothing is changed.
    pub fn report(&self, metric: f64) -> Reaction {
        let mut memory = self.memory();
        let update = memory.update();
        if !self.shared.feedback.is_active(update) {
            return Reaction::Inactive { update };
        }
        let reaction = self.shared.feedback.report(&mut memory, metric);
        reaction.per(self.shared.feedback.unit())
    }

    /// What the learning rate is multiplied by now.
    pub fn multiplier(&self) -> f64 {
        self.memory().multiplier / self.shared.feedback.unit()
    }

    /// The update that a report belongs to: the last one that was taken, or 0 before the first.
    ///
    /// Where clones of the scheduler have taken different numbers of updates, it is the furthest one's. `seek` and a
    /// restored record, on any of them, set it to where they lead.
    pub fn update(&self) -> u64 {
        self.memory().update()
    }

    /// The kind, which is also its key in a config: `plateau` or `greedy`.
    pub fn kind(&self) -> &'static str {
        self.shared.feedback.kind()
    }

    /// Whether a loss or an accuracy is wanted.
    pub fn mode(&self) -> MetricMode {
        self.shared.feedback.mode()
    }

    /// Notes that a scheduler has taken `taken` updates.
    pub(crate) fn reach(&self, taken: u64) {
        let mut memory = self.memory();
        memory.taken = memory.taken.max(taken);
    }

    /// Notes that a scheduler was moved to where `taken` updates are behind it.
    pub(crate) fn seek(&self, taken: u64) {
        self.memory().taken = taken;
    }

    pub(crate) fn fingerprint(&self) -> u64 {
        self.shared.feedback.fingerprint()
    }

    pub(crate) fn state(&self) -> FeedbackState {
        self.memory().write(self.fingerprint())
    }

    /// Whether [`restore`](Self::restore) would take the state.
    pub(crate) fn accepts(&self, state: &FeedbackState) -> bool {
        self.read(state)
            .is_some_and(|memory| self.shared.feedback.can_remember(&memory))
    }

    pub(crate) fn restore(&self, state: &FeedbackState) {
        if let Some(memory) = self.read(state) {
            *self.memory() = memory;
        }
    }

    fn read(&self, state: &FeedbackState) -> Option<Memory> {
        Memory::read(state, self.shared.feedback.others().len())
    }

    /// No report leaves the memory half-written, so that a panic elsewhere does not spoil it.
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.shared
            .memory
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
