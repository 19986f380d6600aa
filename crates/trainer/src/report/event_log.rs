//! `events.jsonl`: what happened in a run, a record a line.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::RunError;
use super::run_error::{content_error, file_error};
use crate::clock::time_of_day;
use crate::durable;
use crate::engine::Adjustment;

/// One thing that happened. Updates are counted from 0; `updates` says how many were made.
///
/// A program should pass over events that it does not know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum RunEvent {
    /// A new run begins.
    Started {
        /// How many updates it will make.
        updates: u64,
        /// How many an epoch has.
        updates_per_epoch: u64,
        /// Where it computes.
        backend: String,
    },
    /// A process goes on. Whatever was told of later updates before is void.
    Resumed {
        /// How many updates were made.
        updates: u64,
        /// In what it differs from the process that saved the state; nothing where it goes on to the last bit.
        differences: Vec<String>,
    },
    /// A new run begins where another one was.
    Forked {
        /// The other run's directory.
        run: String,
        /// How many updates its state has made.
        updates: u64,
        /// The settings that are others than its own.
        changes: Vec<String>,
        /// What of its state does not fit them, and begins anew.
        anew: Vec<String>,
    },
    /// Validation was measured after an update.
    Evaluated {
        /// The update.
        update: u64,
        /// Its training loss.
        #[serde(deserialize_with = "number")]
        train_loss: f64,
        /// The mean cross-entropy on the validation images.
        #[serde(deserialize_with = "number")]
        validation_loss: f64,
        /// The share of them that is recognised.
        #[serde(deserialize_with = "number")]
        validation_accuracy: f64,
    },
    /// Feedback has changed the learning rate.
    Feedback {
        /// How many updates were made.
        updates: u64,
        /// `plateau` or `greedy`.
        kind: String,
        /// What it did.
        change: String,
    },
    /// The run was changed on its way. Whoever goes on with it makes the change again at the same update.
    Adjusted {
        /// How many changes there were before.
        number: u64,
        /// How many updates were made before it takes effect.
        updates: u64,
        /// The change.
        change: Adjustment,
        /// Which request asked for it; none where the run's time did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<String>,
    },
    /// A change that somebody asked for cannot be made, or one that the run's time asked for.
    Refused {
        /// How many updates were made.
        updates: u64,
        /// Why.
        reason: String,
        /// Which request asked for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<String>,
    },
    /// A checkpoint is on the disk.
    Saved {
        /// How many updates its state has made.
        updates: u64,
        /// `last` or `best`.
        slot: String,
    },
    /// The run went wrong for good.
    Diverged {
        /// `diverged` (not finite), `ran away` or `collapsed`.
        trouble: String,
        /// The update.
        update: u64,
        /// Its learning rate.
        learning_rate: f64,
        /// Its loss, as text, since JSON has no number for it.
        loss: String,
    },
    /// It goes on from an earlier state. Whatever was told of later updates before is void.
    Recovered {
        /// How many updates that has made.
        updates: u64,
        /// What the schedule's rate is multiplied by from now on.
        scale: f64,
    },
    /// Early stopping made this its last update.
    EndsEarly {
        /// How many updates were made.
        updates: u64,
    },
    /// Somebody stopped it.
    Stopped {
        /// How many updates were made.
        updates: u64,
    },
    /// It reached its end.
    Finished {
        /// How many updates were made.
        updates: u64,
        /// The mean cross-entropy on the test images.
        #[serde(deserialize_with = "number")]
        test_loss: f64,
        /// The share of them that is recognised.
        #[serde(deserialize_with = "number")]
        test_accuracy: f64,
    },
}

/// JSON has no number that is not finite: those are `null`.
fn number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Option::<f64>::deserialize(deserializer).map(|number| number.unwrap_or(f64::NAN))
}

/// A line of `events.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventLine {
    /// When, by the machine's clock, in seconds since 1970; it may jump.
    pub time: f64,
    /// How long this process has been at it, in seconds; it never jumps.
    pub seconds: f64,
    /// What happened.
    #[serde(flatten)]
    pub event: RunEvent,
}

/// An open `events.jsonl`.
#[derive(Debug)]
pub struct EventLog {
    path: PathBuf,
    file: File,
    start: Instant,
}

impl EventLog {
    /// Opens the file to add lines, without those of an earlier run if this is a new one.
    pub(super) fn open(path: PathBuf, new: bool) -> Result<Self, RunError> {
        let refused = |error| file_error(&path, error);
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(refused)?;
        let whole = if new {
            0
        } else {
            // A process that was killed may have left half a line.
            let bytes = fs::read(&path).map_err(refused)?;
            complete(&bytes).len() as u64
        };
        durable::cut(&file, whole).map_err(refused)?;
        Ok(Self {
            path,
            file,
            start: Instant::now(),
        })
    }

    /// Adds a line, and hands it to the system.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn append(&mut self, event: RunEvent) -> Result<(), RunError> {
        let line = EventLine {
            time: time_of_day(),
            seconds: self.start.elapsed().as_secs_f64(),
            event,
        };
        let written = serde_json::to_vec(&line).map_err(io::Error::from);
        let written = written.and_then(|mut line| {
            line.push(b'\n');
            durable::append(&mut self.file, &line)
        });
        written.map_err(|error| file_error(&self.path, error))
    }

    /// Waits until all lines are on the disk.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn sync(&self) -> Result<(), RunError> {
        durable::sync(&self.file).map_err(|error| file_error(&self.path, error))
    }

    /// Every whole line; none where there is no file.
    pub(super) fn read(path: &Path) -> Result<Vec<EventLine>, RunError> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(file_error(path, error)),
        };
        let lines = complete(&bytes).split(|byte| *byte == b'\n');
        let lines = lines.filter(|line| !line.is_empty()).enumerate();
        let lines = lines.map(|(index, line)| {
            serde_json::from_slice(line)
                .map_err(|error| content_error(path, format_args!("line {}: {error}", index + 1)))
        });
        lines.collect()
    }
}

/// The part that ends with a line break.
fn complete(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte == b'\n');
    end.map_or(&[], |end| &bytes[..=end])
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_loss_that_is_no_number_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        let mut log = EventLog::open(path.clone(), true).unwrap();
        log.append(RunEvent::Finished {
            updates: 1,
            test_loss: f64::INFINITY,
            test_accuracy: 0.1,
        })
        .unwrap();
        let lines = EventLog::read(&path).unwrap();
        let RunEvent::Finished {
            test_loss,
            test_accuracy,
            ..
        } = lines[0].event
        else {
            panic!("{lines:?}");
        };
        assert!(test_loss.is_nan() && test_accuracy == 0.1);
    }

    #[test]
    fn half_a_line_is_none_and_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        let stopped = |updates| RunEvent::Stopped { updates };
        let events = || {
            let lines = EventLog::read(&path).unwrap().into_iter();
            lines.map(|line| line.event).collect::<Vec<_>>()
        };
        assert_eq!(events(), []);
        let mut log = EventLog::open(path.clone(), true).unwrap();
        log.append(stopped(1)).unwrap();
        log.append(stopped(2)).unwrap();
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let lines = whole[..length]
                .iter()
                .filter(|byte| **byte == b'\n')
                .count();
            assert_eq!(events().len(), lines);
        }
        let mut log = EventLog::open(path.clone(), false).unwrap();
        log.append(stopped(3)).unwrap();
        assert_eq!(events(), [stopped(1), stopped(3)]);
        EventLog::open(path.clone(), true).unwrap();
        assert_eq!(events(), []);
    }
}
