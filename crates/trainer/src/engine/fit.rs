//! A run from its first update, or from a checkpoint, to its last.

mod adjusting;
mod diverged;
mod event;
mod pace;
mod recovery;
mod running;
mod states;
mod stopwatch;

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use models::Model;

pub use diverged::Diverged;
pub use event::Event;

use super::checkpoint::{Checkpoint, ResumeError};
use super::{Adjusted, Adjustment, Compute, History, Plan, PlanError, Request, StartError};
use crate::config::Settings;
use crate::data::Dataset;
use running::Running;

/// A run that cannot begin, or did not end well.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// No plan to follow.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// No model to begin with.
    #[error(transparent)]
    Start(#[from] StartError),
    /// No state to go on from.
    #[error(transparent)]
    Resume(#[from] ResumeError),
    /// The loss is not a number any more.
    #[error(transparent)]
    Diverged(#[from] Diverged),
    /// Somebody asked it to stop.
    #[error("stopped after {updates} updates")]
    Stopped {
        /// How many it has made.
        updates: u64,
    },
}

/// Trains the model of `settings` from its first update to its last, and measures it.
///
/// The model that it measures and gives back has the weights that are meant for use: those of the optimizer, or their
/// average (`train.ema`).
///
/// # Errors
/// No model to begin with ([`StartError`]), or a loss that is not finite.
pub fn fit(
    settings: &Settings,
    dataset: &Dataset,
    plan: &Plan,
    compute: &Compute,
    mut tell: impl FnMut(Event<'_>),
) -> Result<(Model, History), FitError> {
    Fit::new(settings, dataset, plan, compute).run(|event| {
        tell(event);
        ControlFlow::Continue(())
    })
}

/// A run that may begin at a checkpoint, make checkpoints, and be stopped.
#[derive(Debug)]
pub struct Fit<'a> {
    settings: &'a Settings,
    dataset: &'a Dataset,
    plan: &'a Plan,
    compute: &'a Compute,
    from: Option<&'a Checkpoint>,
    good: Option<&'a Checkpoint>,
    before: Vec<Adjusted>,
    keeps: bool,
    stop: Option<&'a AtomicBool>,
}

impl<'a> Fit<'a> {
    /// The run of `settings` from its first update, without checkpoints.
    pub fn new(
        settings: &'a Settings,
        dataset: &'a Dataset,
        plan: &'a Plan,
        compute: &'a Compute,
    ) -> Self {
        Self {
            settings,
            dataset,
            plan,
            compute,
            from: None,
            good: None,
            before: Vec::new(),
            keeps: false,
            stop: None,
        }
    }

    /// Goes on from a checkpoint.
    pub fn from(self, checkpoint: Option<&'a Checkpoint>) -> Self {
        Self {
            from: checkpoint,
            ..self
        }
    }

    /// Goes back to this state if it diverges before there is another one.
    pub fn recover_to(self, good: Option<&'a Checkpoint>) -> Self {
        Self { good, ..self }
    }

    /// Makes these changes again, in their order, each after as many updates as before.
    pub fn repeat(self, before: Vec<Adjusted>) -> Self {
        Self { before, ..self }
    }

    /// Tells of states to keep, as `checkpoint` in the settings says.
    pub fn keep_checkpoints(self) -> Self {
        Self {
            keeps: true,
            ..self
        }
    }

    /// Ends after the update during which `stop` becomes true.
    pub fn stop_on(self, stop: &'a AtomicBool) -> Self {
        Self {
            stop: Some(stop),
            ..self
        }
    }

    /// Trains to the last update, and measures the model on its test images.
    ///
    /// Who is told may break off; nothing more is told then.
    ///
    /// # Errors
    /// No model to begin with, a checkpoint of another run, a loss that is not finite, or a stop that was asked for.
    pub fn run(
        self,
        tell: impl FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Result<(Model, History), FitError> {
        self.run_asking(tell, || None)
    }

    /// The same for a run that may be changed on its way: after every update it asks for a change, and answers with an
    /// event. What is not answered, because the run goes back just then, is asked for again.
    ///
    /// # Errors
    /// As there.
    pub fn run_asking(
        self,
        tell: impl FnMut(Event<'_>) -> ControlFlow<()>,
        ask: impl FnMut() -> Option<Request>,
    ) -> Result<(Model, History), FitError> {
        Running::begin(self)?.train(tell, ask)
    }
}
