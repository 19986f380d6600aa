//! What becomes of a run that diverged.

use std::ops::ControlFlow;

use super::running::{Running, Turn};
use super::{Diverged, Event, FitError};
use crate::engine::Update;
use crate::engine::start::resume_model;

impl Running<'_> {
    /// Goes back to the last state that nothing speaks against, at a lower rate, as often as the settings allow.
    ///
    /// # Errors
    /// There is no such state, or it has gone back too often; or a stop that was asked for.
    pub(super) fn recover(
        &mut self,
        diverged: Diverged,
        updates: Vec<Update>,
        turn: Turn,
        tell: &mut impl FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Result<(), FitError> {
        let settings = self.fit.settings;
        let recoveries = self.training.recoveries;
        let refuge = self.states.refuge();
        let Some(refuge) = refuge.filter(|_| recoveries < settings.train.recover_most) else {
            let _ = self.tell_end(diverged, updates, tell);
            return Err(diverged.into());
        };
        let images = self.fit.dataset.train.images();
        let scale = self.training.scale * settings.train.recover_factor;
        self.model = resume_model(settings, images, &refuge.weights, &self.device)?;
        self.training.restore(refuge, &self.model)?;
        (self.training.scale, self.training.recoveries) = (scale, recoveries + 1);
        (self.standing, self.done) = (refuge.standing.clone(), refuge.updates);
        self.states.forget_best_after(self.done);
        let flow = self.tell_recovery(diverged, tell);
        if flow.is_break() || turn.stop {
            return Err(FitError::Stopped { updates: self.done });
        }
        Ok(())
    }

    /// Tells of the updates up to the one that made it certain, and of the best state before.
    fn tell_end(
        &mut self,
        diverged: Diverged,
        mut updates: Vec<Update>,
        tell: &mut impl FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        updates.retain(|update| update.update <= diverged.update);
        tell(Event::Updates(&updates))?;
        self.states.tell_best(tell)
    }

    /// Tells where it goes on, and of the state there, at once, so that nobody goes on from what came after.
    fn tell_recovery(
        &mut self,
        diverged: Diverged,
        tell: &mut impl FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let state = self.checkpoint();
        self.states.set_refuge(state.clone());
        tell(Event::Recovered {
            diverged,
            updates: self.done,
            scale: self.training.scale,
        })?;
        if !self.fit.keeps {
            return ControlFlow::Continue(());
        }
        self.states.tell(Some(&state), tell)
    }
}
