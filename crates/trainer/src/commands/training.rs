//! A run with its files: from its first update, or from a checkpoint, to its last.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::analysis::{Curves, Verdict, judge};
use crate::config::Backend;
use crate::engine::{
    self, Adjusted, Adjustment, Circumstances, Compute, Event, Fit, FitError, History, Origin,
    Request, Saved, Slot,
};
use crate::panics;
use crate::report::{
    Asked, Console, Dashboard, Diverged, Progress, Recorder, RunDirectory, RunEvent, Summary,
    format_duration,
};

use super::interrupt::Interrupt;
use super::prepare::Prepared;
use super::{Failure, backend};

/// A run that is ready to be trained.
pub(super) struct Training<'a> {
    pub(super) prepared: &'a Prepared,
    pub(super) compute: &'a Compute,
    pub(super) directory: &'a RunDirectory,
    /// What it goes on from.
    pub(super) from: Option<&'a Saved>,
    /// What its events begin with.
    pub(super) beginning: RunEvent,
    /// Whether its curves are written for TensorBoard, too.
    pub(super) tensorboard: bool,
    /// Whether it is shown in the whole terminal.
    pub(super) tui: bool,
    pub(super) console: Console,
}

impl Training<'_> {
    /// Trains to the end, keeps everything on disk, and prints the result.
    pub(super) fn run(&self) -> Result<(), Failure> {
        let Self {
            prepared,
            compute,
            directory,
            console,
            ..
        } = *self;
        let origin = Origin {
            settings: directory.load_settings()?,
            circumstances: Circumstances::here(compute),
        };
        let good = self.good(&origin);
        let is_new = matches!(self.beginning, RunEvent::Started { .. });
        let before = self.adjusted()?;
        let mut recorder = Recorder::new(directory, origin, self.from, is_new)?;
        if self.tensorboard {
            recorder.write_event_file(directory)?;
        }
        recorder.note(self.beginning.clone())?;
        let inbox = directory.inbox();
        let interrupt = Interrupt::listen(Dashboard::leave)?;
        let mut display = self.display();
        let mut kept = Ok(());
        let settings = &prepared.resolved.settings;
        let fit = Fit::new(settings, &prepared.dataset, &prepared.plan, compute)
            .from(self.from.map(|saved| &saved.checkpoint))
            .recover_to(good.as_ref().map(|saved| &saved.checkpoint))
            .repeat(before)
            .keep_checkpoints()
            .stop_on(interrupt.flag());
        // Devices fail by panics, and nothing that one leaves half done is used afterwards.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let tell = |event: Event<'_>| {
                display.tell(&event);
                if display.stops() {
                    interrupt.raise();
                }
                kept = recorder.tell(&event).and_then(|()| match event.request() {
                    Some(_) => inbox.clear(),
                    None => Ok(()),
                });
                match kept {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                }
            };
            fit.run_asking(tell, || self.request(inbox.look()?))
        }));
        display.finish();
        kept.map_err(|error| Failure::not_kept(error, directory.path()))?;
        let Ok(outcome) = outcome else {
            let panic = panics::first().unwrap_or_default();
            return Err(Failure::in_training(panic, compute, directory.path()));
        };
        let verdict = self.judge()?;
        let (model, history) = match outcome {
            Ok(finished) => finished,
            Err(FitError::Stopped { updates }) => {
                recorder.note(RunEvent::Stopped { updates })?;
                return Err(Failure::interrupted(updates, directory.path()));
            }
            Err(error) => {
                if let FitError::Diverged(diverged) = &error {
                    recorder.diverged(diverged)?;
                    console.status("verdict", &verdict);
                    let updates = diverged.update + 1;
                    directory.save_summary(&Diverged { updates, verdict })?;
                }
                return Err(error.into());
            }
        };
        let summary = Summary {
            found_rate: directory.load_found_rate()?,
            ..summary(&history, model.parameter_count(), compute, verdict)
        };
        directory.save_summary(&summary)?;
        recorder.finished(&history)?;

        if compute.is_gpu() && history.updates_per_second > 0.0 {
            self.warn_if_slower(&history)?;
        }
        tell(&summary, directory, console);
        Ok(())
    }

    /// What shows how far it is.
    fn display(&self) -> Display {
        let plan = &self.prepared.plan;
        let saved = self.from.map(|saved| &saved.checkpoint);
        let length = saved.map_or(plan.updates, |saved| saved.length(plan.updates));
        if self.tui && Dashboard::is_possible() {
            let made = saved.map_or(0, |saved| saved.updates);
            return Display::Dashboard(Dashboard::open(made, length, plan.updates_per_epoch));
        }
        if self.tui {
            self.console
                .warn("--tui needs a terminal, and there is none");
        }
        let mut progress = Progress::new(self.console, plan, self.compute.is_gpu());
        progress.set_length(length);
        Display::Progress(progress)
    }

    /// What the curves of the whole run say, whichever processes it was trained by.
    fn judge(&self) -> Result<Verdict, Failure> {
        let mut curves = Curves::of(&self.prepared.dataset.train);
        curves.extend(&self.directory.load_updates()?);
        Ok(judge(&curves))
    }

    /// The state that a run goes back to which diverges, as far as it was kept and is not later than the one to go on from.
    fn good(&self, origin: &Origin) -> Option<Saved> {
        let from = self.from?;
        let found = self.directory.shelf().load(Slot::Good, &origin.settings);
        let good = found.ok()?.newest;
        (good.checkpoint.updates <= from.checkpoint.updates).then_some(good)
    }

    /// The changes that processes before have made.
    fn adjusted(&self) -> Result<Vec<Adjusted>, Failure> {
        let events = self.directory.load_events()?.into_iter();
        let adjusted = events.filter_map(|line| match line.event {
            RunEvent::Adjusted {
                number,
                updates,
                change,
                ..
            } => Some(Adjusted {
                number,
                updates,
                adjustment: change,
            }),
            _ => None,
        });
        Ok(adjusted.collect())
    }

    /// What somebody asks for, in the run's own terms.
    fn request(&self, asked: Asked) -> Option<Request> {
        let updates_per_epoch = self.prepared.plan.updates_per_epoch;
        let adjustment = match (asked.scale_lr, asked.length) {
            (Some(factor), _) => Adjustment::ScaleLr(factor),
            (None, length) => Adjustment::Length(length?.updates(updates_per_epoch)?),
        };
        Some(Request {
            id: asked.id,
            adjustment,
        })
    }

    /// Small models are often faster on the CPU, and nobody would know.
    fn warn_if_slower(&self, history: &History) -> Result<(), Failure> {
        let rate = backend::measure(self.prepared, &engine::open(Backend::Flex)?)?;
        if rate > history.updates_per_second {
            self.console.warn(format_args!(
                "this run made {:.0} updates/s on the GPU; --backend flex makes {rate:.0} on this CPU",
                history.updates_per_second
            ));
        }
        Ok(())
    }
}

/// What shows a run while it goes on.
enum Display {
    Progress(Progress),
    Dashboard(Dashboard),
}

impl Display {
    fn tell(&mut self, event: &Event<'_>) {
        match self {
            Self::Progress(progress) => progress.tell(event),
            Self::Dashboard(dashboard) => dashboard.tell(event),
        }
    }

    /// Whether somebody has asked it for the run's end.
    fn stops(&self) -> bool {
        match self {
            Self::Progress(_) => false,
            Self::Dashboard(dashboard) => dashboard.stops(),
        }
    }

    /// Gives the terminal back.
    fn finish(self) {
        match self {
            Self::Progress(progress) => progress.finish(),
            Self::Dashboard(dashboard) => drop(dashboard),
        }
    }
}

/// What a run reached.
pub(super) fn tell(summary: &Summary, directory: &RunDirectory, console: Console) {
    console.data(&serde_json::json!({ "run": directory.path(), "summary": summary }));
    console.result(format_args!(
        "test accuracy {:.2} % (loss {:.4}) after {} updates in {}; run: {}",
        100.0 * summary.test_accuracy,
        summary.test_loss,
        summary.updates,
        format_duration(Duration::from_secs_f64(summary.seconds)),
        directory.path().display(),
    ));
    console.result(format_args!("verdict: {}", summary.verdict));
}

fn summary(history: &History, parameters: usize, compute: &Compute, verdict: Verdict) -> Summary {
    Summary {
        updates: history.updates,
        seconds: history.seconds,
        seconds_to_first_update: history.seconds_to_first_update,
        updates_per_second: history.updates_per_second,
        train_loss: history.train_loss,
        validation_loss: history.validation.map(|validation| validation.loss),
        validation_accuracy: history.validation.map(|validation| validation.accuracy),
        test_loss: history.test.loss,
        test_accuracy: history.test.accuracy,
        parameters,
        backend: compute.backend.name().to_owned(),
        device: compute.name.clone(),
        verdict,
        found_rate: None,
    }
}
