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

    /// Tells of every state that is not kept yet, the oldest first, and then of `last`.
    ///
    /// Whoever is killed in between goes on from the newest that is kept, and makes those again that come after it. Those
    /// of before have to be there.
    pub(super) fn tell(
        &mut self,
        last: Option<&Checkpoint>,
        tell: &mut impl FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let best = self.best.take();
        let mut states: Vec<_> = best.iter().map(|best| (Slot::Best, best)).collect();
        if let Some(Refuge { state, is_kept }) = &mut self.refuge
            && !std::mem::replace(is_kept, true)
        {
            states.push((Slot::Good, &*state));
        }
        states.sort_by_key(|(_, state)| state.updates);
        states.extend(last.map(|last| (Slot::Last, last)));
        for (slot, checkpoint) in states {
            tell(Event::Checkpoint { slot, checkpoint })?;
        }
        self.kept = Instant::now();
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::checkpoint::tests::checkpoint;

    /// What is told of, in its order, and after how many updates it was made.
    fn told(best: u64, good: u64, last: u64) -> Vec<(Slot, u64)> {
        let mut states = States::new(SaveEvery::Updates(7), None);
        states.set_best(checkpoint(best));
        states.set_refuge(checkpoint(good));
        let mut told = Vec::new();
        let mut tell = |event: Event<'_>| {
            if let Event::Checkpoint { slot, checkpoint } = event {
                told.push((slot, checkpoint.updates));
            }
            ControlFlow::Continue(())
        };
        let _ = states.tell(Some(&checkpoint(last)), &mut tell);
        let _ = states.tell(None, &mut tell);
        told
    }

    #[test]
    fn the_oldest_state_is_kept_first_and_each_once() {
        use Slot::{Best, Good, Last};
        assert_eq!(told(10, 5, 14), [(Good, 5), (Best, 10), (Last, 14)]);
        assert_eq!(told(5, 10, 14), [(Best, 5), (Good, 10), (Last, 14)]);
        assert_eq!(told(14, 14, 14), [(Best, 14), (Good, 14), (Last, 14)]);
    }
}
