//! Which states of a run are kept, and when.

use std::ops::ControlFlow;
use std::time::Instant;

use super::Event;
use crate::engine::SaveEvery;
use crate::engine::checkpoint::{Checkpoint, Slot};

/// States that were made: those that are not kept yet, and the one to go back to.
pub(super) struct States {
    every: SaveEvery,
    /// When states were last kept.
    kept: Instant,
    best: Option<Checkpoint>,
    refuge: Option<Refuge>,
}

/// What a run goes back to that diverges.
struct Refuge {
    state: Checkpoint,
    is_kept: bool,
}

impl States {
    /// None to keep yet; `refuge` is the one to go back to, in a run that does.
    pub(super) fn new(every: SaveEvery, refuge: Option<Checkpoint>) -> Self {
        Self {
            every,
            kept: Instant::now(),
            best: None,
            refuge: refuge.map(|state| Refuge {
                state,
                is_kept: true,
            }),
        }
    }

    /// Whether a state is to be kept after so many updates.
    pub(super) fn are_due(&self, done: u64) -> bool {
        match self.every {
            SaveEvery::Updates(updates) => done.is_multiple_of(updates),
            SaveEvery::Time(time) => self.kept.elapsed() >= time,
        }
    }

    /// Takes in the state with the best metric so far.
    pub(super) fn set_best(&mut self, state: Checkpoint) {
        self.best = Some(state);
    }

    /// Forgets the best state, if it is not kept yet.
    pub(super) fn forget_best(&mut self) {
        self.best = None;
    }

    /// Takes in a state that nothing speaks against.
    pub(super) fn set_refuge(&mut self, state: Checkpoint) {
        self.refuge = Some(Refuge {
            state,
            is_kept: false,
        });
    }

    /// The state to go back to.
    pub(super) fn refuge(&self) -> Option<&Checkpoint> {
        self.refuge.as_ref().map(|refuge| &refuge.state)
    }

    /// Tells of the best state, if there is a new one.
    pub(super) fn tell_best(
        &mut self,
        tell: &mut impl FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        match self.best.take() {
            None => ControlFlow::Continue(()),
            Some(best) => tell(Event::Checkpoint {
                slot: Slot::Best,
                checkpoint: &best,
            }),
        }
    }

    /// Tells of every state that is not kept yet, and then of `last`: what it takes for kept has to be there.
    pub(super) fn tell(
        &mut self,
        last: Option<&Checkpoint>,
        tell: &mut impl FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        self.tell_best(tell)?;
        if let Some(Refuge { state, is_kept }) = &mut self.refuge
            && !std::mem::replace(is_kept, true)
        {
            tell(Event::Checkpoint {
                slot: Slot::Good,
                checkpoint: state,
            })?;
        }
        if let Some(checkpoint) = last {
            tell(Event::Checkpoint {
                slot: Slot::Last,
                checkpoint,
            })?;
        }
        self.kept = Instant::now();
        ControlFlow::Continue(())
    }
}
