//! The files of a run, each written and read.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{EVENTS, RunDirectory, SETTINGS};
use crate::analysis::SuggestedRates;
use crate::config::Settings;
use crate::data::Inputs;
use crate::durable;
use crate::engine::{Shelf, Update};
use crate::report::run_error::{content_error, file_error};
use crate::report::{
    Diverged, EventFile, EventLine, EventLog, Inbox, MetricsFile, RunError, Summary,
};

/// What the model reads and what its answers mean.
const INPUTS: &str = "data.toml";
/// A row per update.
const METRICS: &str = "metrics.csv";
/// The curves once more, for TensorBoard.
const TENSORBOARD: &str = "tensorboard";
/// What a run reached that came to its end.
const SUMMARY: &str = "summary.json";
/// Where its peak learning rate comes from.
const FOUND_RATE: &str = "found_rate.toml";
/// What somebody asks of the process that trains.
const INBOX: &str = "adjust.toml";

impl RunDirectory {
    /// The resolved settings, in the form of a configuration file.
    pub fn settings_path(&self) -> PathBuf {
        self.path.join(SETTINGS)
    }

    /// Saves the settings that repeat the run.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn save_settings(&self, settings: &Settings) -> Result<(), RunError> {
        let path = self.settings_path();
        let text = toml::to_string(settings).map_err(|error| content_error(&path, error))?;
        replace(&path, text.as_bytes())
    }

    /// Saves what the model reads and what its answers mean.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn save_inputs(&self, inputs: &Inputs) -> Result<(), RunError> {
        let path = self.path.join(INPUTS);
        let text = toml::to_string(inputs).map_err(|error| content_error(&path, error))?;
        replace(&path, text.as_bytes())
    }

    /// Loads what the model reads and what its answers mean.
    ///
    /// # Errors
    /// No such file, or one that says something else.
    pub fn load_inputs(&self) -> Result<Inputs, RunError> {
        let path = self.path.join(INPUTS);
        let text = fs::read_to_string(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => RunError::NoRun {
                path: self.path.display().to_string(),
                file: INPUTS,
            },
            _ => file_error(&path, error),
        })?;
        let inputs: Inputs =
            toml::from_str(&text).map_err(|error| content_error(&path, error.message()))?;
        inputs
            .check()
            .map_err(|reason| content_error(&path, reason))?;
        Ok(inputs)
    }

    /// Begins a file for TensorBoard, for a run that goes on after so many updates.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn begin_event_file(&self, updates: u64) -> Result<EventFile, RunError> {
        EventFile::create(&self.path.join(TENSORBOARD), updates)
    }

    /// Whether the run was trained with its curves written for TensorBoard.
    pub fn has_event_files(&self) -> bool {
        self.path.join(TENSORBOARD).is_dir()
    }

    /// Begins `metrics.csv`.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn begin_metrics(&self) -> Result<MetricsFile, RunError> {
        MetricsFile::create(self.path.join(METRICS))
    }

    /// Begins `metrics.csv` with the rows of the first so many updates of another run.
    ///
    /// # Errors
    /// The file system refuses, or the other run has fewer rows.
    pub fn begin_metrics_with(&self, other: &Self, updates: u64) -> Result<(), RunError> {
        MetricsFile::copy(&self.path.join(METRICS), &other.path.join(METRICS), updates)
    }

    /// Opens `metrics.csv` to go on after the rows of so many updates; later ones are cut off.
    ///
    /// # Errors
    /// The file system refuses, or there are fewer rows.
    pub fn continue_metrics(&self, updates: u64) -> Result<MetricsFile, RunError> {
        MetricsFile::reopen(self.path.join(METRICS), updates)
    }

    /// Saves what the run reached: a [`Summary`], or [`Diverged`].
    ///
    /// # Errors
    /// The file system refuses.
    pub fn save_summary(&self, summary: &impl Serialize) -> Result<(), RunError> {
        let path = self.path.join(SUMMARY);
        let mut text =
            serde_json::to_string_pretty(summary).map_err(|error| content_error(&path, error))?;
        text.push('\n');
        replace(&path, text.as_bytes())
    }

    /// Forgets how the run ended, since it goes on.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn remove_summary(&self) -> Result<(), RunError> {
        let path = self.path.join(SUMMARY);
        durable::remove_file(&path).map_err(|error| file_error(&path, error))
    }

    /// What the run reached, if it came to its end.
    ///
    /// # Errors
    /// A file that cannot be read, or that says something else.
    pub fn load_summary(&self) -> Result<Option<Summary>, RunError> {
        let path = self.path.join(SUMMARY);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(file_error(&path, error)),
        };
        match serde_json::from_str(&text) {
            Ok(summary) => Ok(Some(summary)),
            // A run that diverged has not come to its end.
            Err(_) if serde_json::from_str::<Diverged>(&text).is_ok() => Ok(None),
            Err(error) => Err(content_error(&path, error)),
        }
    }

    /// Saves where the peak learning rate comes from, if a range test found it.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn save_found_rate(&self, found: Option<&SuggestedRates>) -> Result<(), RunError> {
        let path = self.path.join(FOUND_RATE);
        let Some(found) = found else {
            return Ok(());
        };
        // TOML, whose numbers read back as the same numbers.
        let text = toml::to_string(found).map_err(|error| content_error(&path, error))?;
        replace(&path, text.as_bytes())
    }

    /// Where the peak learning rate comes from, if a range test found it.
    ///
    /// # Errors
    /// A file that cannot be read, or that says something else.
    pub fn load_found_rate(&self) -> Result<Option<SuggestedRates>, RunError> {
        let path = self.path.join(FOUND_RATE);
        match fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text)
                .map(Some)
                .map_err(|error| content_error(&path, error.message())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(file_error(&path, error)),
        }
    }

    /// Every update that `metrics.csv` has.
    ///
    /// # Errors
    /// A file that cannot be read, or that says something else.
    pub fn load_updates(&self) -> Result<Vec<Update>, RunError> {
        MetricsFile::read(&self.path.join(METRICS))
    }

    /// What happened so far, in its order.
    ///
    /// # Errors
    /// A file that cannot be read, or a line that is no event.
    pub fn load_events(&self) -> Result<Vec<EventLine>, RunError> {
        EventLog::read(&self.path.join(EVENTS))
    }

    /// Opens `events.jsonl` to write on; of a new run, `events` are none yet.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn event_log(&self, new: bool) -> Result<EventLog, RunError> {
        EventLog::open(self.path.join(EVENTS), new)
    }

    /// Where others ask for changes of the run.
    pub fn inbox(&self) -> Inbox {
        Inbox::new(self.path.join(INBOX))
    }

    /// Where its checkpoints lie.
    pub fn shelf(&self) -> Shelf {
        Shelf::new(self.path.join("checkpoints"))
    }

    /// The settings as they were saved.
    ///
    /// # Errors
    /// A file that cannot be read, or is not TOML.
    pub fn load_settings(&self) -> Result<toml::Table, RunError> {
        let path = self.settings_path();
        let text = fs::read_to_string(&path).map_err(|error| file_error(&path, error))?;
        toml::from_str(&text).map_err(|error| content_error(&path, error.message()))
    }
}

/// Writes a file so that it is there whole or not at all.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    durable::replace(path, bytes).map_err(|error| file_error(path, error))
}
