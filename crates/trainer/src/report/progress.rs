//! How far a run is: a bar on a terminal, a line now and then otherwise.

use std::fmt::Write;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::{Console, format_duration};
use crate::engine::{Adjustment, Event, Plan, Update};

/// Tells of a run on stderr while it goes on.
#[derive(Debug)]
pub struct Progress {
    console: Console,
    plan_updates: u64,
    updates_per_epoch: u64,
    bar: Option<ProgressBar>,
    /// When the first update was done; it compiles kernels on a GPU, and tells nothing about the rest.
    first: Option<Instant>,
    last_line: Option<Instant>,
    accuracy: Option<f64>,
    gpu: bool,
}

/// A log without a terminal gets a line at an evaluation, but not more often than this …
const PAUSE: Duration = Duration::from_secs(2);
/// … and one at least this often.
const SILENCE: Duration = Duration::from_secs(30);

impl Progress {
    /// For the run of `plan`; `gpu` tells whether its first update compiles kernels.
    pub fn new(console: Console, plan: &Plan, gpu: bool) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(
                Some(plan.updates),
                ProgressDrawTarget::stderr_with_hz(10),
            );
            let template = "{bar:24} {pos}/{len}  {msg}  {rate} updates/s  ETA {eta}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                // indicatif's own rate has four decimals.
                let rate = |state: &ProgressState, out: &mut dyn Write| {
                    let _ = write!(out, "{:.0}", state.per_sec());
                };
                bar.set_style(style.with_key("rate", rate));
            }
            bar
        });
        Self {
            console,
            plan_updates: plan.updates,
            updates_per_epoch: plan.updates_per_epoch,
            bar,
            first: None,
            last_line: None,
            accuracy: None,
            gpu,
        }
    }

    /// Takes in one event.
    pub fn tell(&mut self, event: &Event<'_>) {
        match event {
            Event::FirstUpdate if self.gpu => {
                self.line("gpu", "compiling and tuning kernels (once)");
            }
            Event::FirstUpdate => {}
            Event::Updates(updates) => self.updates(updates),
            Event::Feedback { kind, reaction } => self.line(kind, &reaction.to_string()),
            Event::Recovered {
                diverged,
                updates,
                scale,
            } => self.line(
                "recovered",
                &format!("{diverged}; on from update {updates} at {scale} of the learning rate"),
            ),
            Event::EndsEarly { updates } => {
                self.line(
                    "early",
                    &format!("no better for long enough: ends after {updates} updates"),
                );
            }
            Event::Adjusted {
                adjusted, request, ..
            } => {
                if let Adjustment::Length(length) = adjusted.adjustment {
                    self.set_length(length);
                }
                if request.is_some() {
                    self.line("adjusted", &adjusted.adjustment.to_string());
                }
            }
            Event::Refused { reason, .. } => self.line("refused", reason),
            Event::Checkpoint { .. } => {}
        }
    }

    /// The run has so many updates in all.
    pub fn set_length(&mut self, updates: u64) {
        self.plan_updates = updates;
        if let Some(bar) = &self.bar {
            bar.set_length(updates);
        }
    }

    fn updates(&mut self, updates: &[Update]) {
        let Some(last) = updates.last() else {
            return;
        };
        self.accuracy = last
            .validation
            .map(|validation| validation.accuracy)
            .or(self.accuracy);
        let accuracy = self.accuracy.map_or(String::new(), |accuracy| {
            format!("  accuracy {:.2} %", 100.0 * accuracy)
        });
        let state = format!(
            "loss {:.4}  lr {:.2e}{accuracy}",
            last.train_loss, last.learning_rate
        );
        let done = last.update + 1;
        let first = *self.first.get_or_insert_with(Instant::now);
        if let Some(bar) = &self.bar {
            if done == 1 {
                bar.reset_eta();
            }
            bar.set_position(done);
            bar.set_message(state);
            return;
        }
        let silent = self.last_line.unwrap_or(first).elapsed();
        let measured = last.validation.is_some() && silent > PAUSE;
        if !(measured || silent > SILENCE || done == self.plan_updates) {
            return;
        }
        self.last_line = Some(Instant::now());
        let rate = (done - 1) as f64 / first.elapsed().as_secs_f64();
        let left = self.plan_updates.saturating_sub(done) as f64 / rate;
        let eta = Duration::try_from_secs_f64(left).map_or("?".to_owned(), format_duration);
        let epoch = done as f64 / self.updates_per_epoch as f64;
        self.console.status(
            &format!("epoch {epoch:.0}"),
            format_args!(
                "{done}/{}  {state}  {rate:.0} updates/s  ETA {eta}",
                self.plan_updates
            ),
        );
    }

    fn line(&self, label: &str, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.console.status(label, text)),
            None => self.console.status(label, text),
        }
    }

    /// Clears the bar, so that the result stands alone.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
