//! How far an experiment is: a bar on a terminal, a line now and then otherwise.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Console, format_duration};

/// Tells on stderr how many runs of an experiment are done.
#[derive(Debug)]
pub struct TrialProgress {
    console: Console,
    label: &'static str,
    trials: usize,
    done: usize,
    bar: Option<ProgressBar>,
    begin: Instant,
    last_line: Instant,
}

/// A log without a terminal gets a line so often.
const PAUSE: Duration = Duration::from_secs(15);

impl TrialProgress {
    /// For so many trials that are still to be made.
    pub fn new(console: Console, label: &'static str, trials: usize) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let target = ProgressDrawTarget::stderr_with_hz(10);
            let bar = ProgressBar::with_draw_target(Some(trials as u64), target);
            let template = "{bar:24} {pos}/{len}  {msg}  ETA {eta}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.set_message(label);
            bar
        });
        Self {
            console,
            label,
            trials,
            done: 0,
            bar,
            begin: Instant::now(),
            last_line: Instant::now(),
        }
    }

    /// One more is done.
    pub fn tell(&mut self) {
        self.done += 1;
        match &self.bar {
            Some(bar) => bar.inc(1),
            None if self.last_line.elapsed() > PAUSE => {
                self.last_line = Instant::now();
                let left = self
                    .begin
                    .elapsed()
                    .mul_f64((self.trials - self.done) as f64 / self.done as f64);
                let (done, trials) = (self.done, self.trials);
                self.console.status(
                    self.label,
                    format_args!("{done}/{trials} runs  ETA {}", format_duration(left)),
                );
            }
            None => {}
        }
    }

    /// Clears the bar.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
