//! burn-train's dashboard in the terminal.

mod terminal;

use std::io::{IsTerminal, stdin, stdout};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::Arc;
use std::thread;

use burn::train::Interrupter;
use burn::train::logger::TrainingProgressLogger;
use burn::train::metric::{
    MetricDefinition, MetricEntry, MetricId, NumericAttributes, NumericEntry, SerializedEntry,
};
use burn::train::renderer::tui::TuiMetricsRendererWrapper;
use burn::train::renderer::{MetricState, MetricsRenderer, MetricsRendererTraining};
use crossterm::cursor::Show;
use crossterm::execute;

use crate::engine::{Event, Update};

type PanicHook = Arc<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

/// Shows a run while it goes on, in the whole terminal, until it is dropped.
pub struct Dashboard {
    /// Nothing once somebody has asked for an end so hard that it panicked.
    renderer: Option<TuiMetricsRendererWrapper>,
    interrupter: Interrupter,
    /// The dashboard puts one of its own before it, and takes that away on some of its ways out only.
    hook: PanicHook,
    updates_per_epoch: u64,
    epoch: u64,
}

const RATE: &str = "Learning rate";
const LOSS: &str = "Loss";
const ACCURACY: &str = "Accuracy";

impl Dashboard {
    /// Whether there is a terminal to show it in, and to ask for an end of the run.
    pub fn is_possible() -> bool {
        stdin().is_terminal() && stdout().is_terminal()
    }

    /// Takes the terminal for a run of so many updates, some of which are made.
    pub fn open(made: u64, updates: u64, updates_per_epoch: u64) -> Self {
        let hook: PanicHook = Arc::from(take_hook());
        restore(hook.clone());
        let _ = terminal::take();
        let interrupter = Interrupter::new();
        let mut dashboard = Self {
            renderer: Some(TuiMetricsRendererWrapper::new(interrupter.clone(), None)),
            interrupter,
            hook,
            updates_per_epoch,
            epoch: made / updates_per_epoch,
        };
        let epochs = updates.div_ceil(updates_per_epoch);
        dashboard.show(|dashboard, renderer| {
            for (name, higher_is_better) in [(LOSS, false), (RATE, false), (ACCURACY, true)] {
                renderer.register_metric(definition(name, higher_is_better));
            }
            // It counts epochs from 1.
            renderer.start(epochs as usize, dashboard.epoch as usize + 1, None, None);
            renderer.start_split("train", dashboard.updates_per_epoch as usize);
        });
        dashboard
    }

    /// Gives the terminal back, if there is one that has it, when the process ends at once.
    pub fn leave() {
        terminal::give_back();
    }

    /// Takes in one event.
    pub fn tell(&mut self, event: &Event<'_>) {
        match event {
            Event::Updates(updates) => self.show(|dashboard, renderer| {
                for update in *updates {
                    dashboard.update(renderer, update);
                }
            }),
            Event::Feedback { kind, .. } => self.count(kind),
            Event::Recovered { .. } => self.count("recovered"),
            _ => {}
        }
    }

    /// Whether somebody has asked for the run's end.
    pub fn stops(&self) -> bool {
        self.renderer.is_none() || self.interrupter.should_stop()
    }

    fn count(&mut self, event: &str) {
        self.show(|_, renderer| renderer.log_event_training(event.to_owned()));
    }

    fn update(&mut self, renderer: &mut TuiMetricsRendererWrapper, update: &Update) {
        let epoch = update.update / self.updates_per_epoch;
        if epoch != self.epoch {
            self.epoch = epoch;
            renderer.update_epoch(epoch as usize);
        }
        renderer.update_split((update.update % self.updates_per_epoch) as usize + 1);
        renderer.update_train(numeric(RATE, update.learning_rate));
        renderer.update_train(numeric(LOSS, update.train_loss));
        if let Some(validation) = update.validation {
            renderer.update_valid(numeric(LOSS, validation.loss));
            renderer.update_valid(numeric(ACCURACY, validation.accuracy));
        }
    }

    /// Its keys `q` and `k` make the next call panic, which ends this run as any other stop does.
    fn show(&mut self, show: impl FnOnce(&mut Self, &mut TuiMetricsRendererWrapper)) {
        let Some(mut renderer) = self.renderer.take() else {
            return;
        };
        let shown = catch_unwind(AssertUnwindSafe(|| {
            show(self, &mut renderer);
            renderer
        }));
        self.renderer = shown.ok();
    }
}

/// Gives the terminal back, also when the run has panicked.
impl Drop for Dashboard {
    fn drop(&mut self) {
        // This is how its thread ends even when this one is panicking.
        self.interrupter.stop(None);
        self.show(|_, renderer| renderer.manual_close());
        let last = self.renderer.take();
        let _ = catch_unwind(AssertUnwindSafe(|| drop(last)));
        if !thread::panicking() {
            restore(self.hook.clone());
        }
        // Some of its ways out leave the cursor hidden.
        let _ = execute!(stdout(), Show);
    }
}

fn restore(hook: PanicHook) {
    set_hook(Box::new(move |info| hook(info)));
}

fn id(name: &str) -> MetricId {
    MetricId::new(Arc::new(name.to_owned()))
}

fn definition(name: &str, higher_is_better: bool) -> MetricDefinition {
    MetricDefinition {
        metric_id: id(name),
        name: Arc::new(name.to_owned()),
        description: None,
        attributes: NumericAttributes {
            unit: None,
            higher_is_better,
        }
        .into(),
    }
}

/// A value that is not finite is written and not drawn.
fn numeric(name: &str, value: f64) -> MetricState {
    let text = format!("{value:.4e}");
    let entry = MetricEntry::new(id(name), SerializedEntry::new(text.clone(), text));
    let drawn = value.is_finite().then_some(NumericEntry::Value(value));
    MetricState::Numeric(entry, drawn)
}
