//! What becomes of a run that diverged.

use std::ops::ControlFlow;

use super::running::{Running, Turn};
use super::{Diverged, Event, FitError};
use crate::engine::start::resume_model;
use crate::engine::{PlanError, Update};

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
        let recoveries = self.training.recovered.len();
        let may = recoveries < settings.train.recover_most as usize;
        let Some(refuge) = self.states.refuge().filter(|_| may) else {
            let _ = self.tell_end(diverged, updates, tell);
            return Err(diverged.into());
        };
        let images = self.fit.dataset.train.images();
        let scale = self.training.scale * settings.train.recover_factor;
        let mut recovered = std::mem::take(&mut self.training.recovered);
        recovered.push(refuge.updates);
        let (length, adjusted) = (self.training.length, self.training.adjusted);
        self.model = resume_model(settings, images, &refuge.weights, &self.device)?;
        self.training.restore(refuge, &self.model)?;
        (self.training.scale, self.training.recovered) = (scale, recovered);
        // What was changed on the way stays so.
        self.training.adjusted = adjusted;
        let retimed = self.training.retime(length);
        retimed.map_err(PlanError::Schedule)?;
        let best = self.standing.best;
        (self.standing, self.done) = (refuge.standing.clone(), refuge.updates);
        if best.is_some_and(|best| best.updates > self.done) {
            self.replace_best();
        }
        self.begin_pace();
        let flow = self.tell_recovery(diverged, tell);
        if flow.is_break() || turn.stop {
            return Err(FitError::Stopped { updates: self.done });
        }
        Ok(())
    }

    /// The best state is void, and has taken the place of those before it: the one gone back to is the best that there
    /// is, if it was measured.
    fn replace_best(&mut self) {
        self.states.forget_best();
        self.standing.best = None;
        let is_measured = self.done > 0 && self.done.is_multiple_of(self.fit.plan.evaluate_every);
        let metric = self.fit.settings.checkpoint.best.metric();
        let metric = metric.filter(|_| self.fit.keeps && is_measured);
        if metric.is_some_and(|metric| self.standing.is_best(metric, self.done)) {
            let state = self.checkpoint();
            self.states.set_best(state);
        }
    }

    /// Tells of the updates up to the one that made it certain, and of the states before.
    fn tell_end(
        &mut self,
        diverged: Diverged,
        mut updates: Vec<Update>,
        tell: &mut impl FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        updates.retain(|update| update.update <= diverged.update);
        tell(Event::Updates(&updates))?;
        if !self.fit.keeps {
            return ControlFlow::Continue(());
        }
        self.states.tell(None, tell)
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
