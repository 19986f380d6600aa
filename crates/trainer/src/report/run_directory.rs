//! A run on disk: `settings.toml`, `data.toml`, `metrics.csv`, `events.jsonl`, `summary.json`, `checkpoints/`, and for
//! TensorBoard `tensorboard/`.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::{Diverged, EventFile, EventLine, EventLog, Inbox, MetricsFile, Summary};
use crate::analysis::SuggestedRates;
use crate::config::Settings;
use crate::data::Inputs;
use crate::durable;
use crate::engine::{CheckpointError, Shelf, Update};

/// A run directory that cannot be made, written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The name is taken.
    #[error("{path} holds a run already")]
    Exists {
        /// The directory.
        path: String,
    },
    /// There is no run.
    #[error("{path} is no run: it has no {file}")]
    NoRun {
        /// The directory.
        path: String,
        /// What is missing.
        file: &'static str,
    },
    /// Another process trains it.
    #[error("{path} is in use by another process")]
    InUse {
        /// The directory.
        path: String,
    },
    /// Its state cannot be kept, or not be read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A file that cannot be read or written.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        error: io::Error,
    },
    /// A file whose content is not what it should be.
    #[error("{path}: {reason}")]
    Content {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// The directory of one run.
#[derive(Debug, Clone)]
pub struct RunDirectory {
    path: PathBuf,
    /// Held while the run is trained: the system lets go of it with the process, however that ends.
    #[allow(dead_code, reason = "it is held")]
    lock: Option<Arc<File>>,
}

/// The name that says that a directory holds a run.
const SETTINGS: &str = "settings.toml";
/// What the model reads and what its answers mean.
const INPUTS: &str = "data.toml";
/// What happened, a record a line.
const EVENTS: &str = "events.jsonl";
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
/// Held by the process that trains.
const LOCK: &str = ".lock";

impl RunDirectory {
    /// Makes `runs/name`, or the first free of `runs/stem-1`, `runs/stem-2` … where no name is given, and keeps other
    /// processes from training there.
    ///
    /// # Errors
    /// `name` is taken by another run, or the file system refuses.
    pub fn create(runs: &Path, name: Option<&str>, stem: &str) -> Result<Self, RunError> {
        fs::create_dir_all(runs).map_err(|error| file_error(runs, error))?;
        let Some(name) = name else {
            let path = (1..)
                .map(|number| runs.join(format!("{stem}-{number}")))
                .find_map(|path| match fs::create_dir(&path) {
                    Ok(()) => Some(Ok(path)),
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => None,
                    Err(error) => Some(Err(file_error(&path, error))),
                })
                .unwrap_or_else(|| unreachable!("there is always a next number"))?;
            return Self { path, lock: None }.locked();
        };
        let path = runs.join(name);
        // A directory without settings holds no run, whatever else is in it: a run stopped before its first update.
        let free = |path: &Path| match path.join(SETTINGS).exists() {
            false => Ok(()),
            true => Err(RunError::Exists {
                path: path.display().to_string(),
            }),
        };
        free(&path)?;
        fs::create_dir_all(&path).map_err(|error| file_error(&path, error))?;
        let directory = Self { path, lock: None }.locked()?;
        // Somebody may have been there first.
        free(&directory.path)?;
        // Changes of a run that is no more are none of this one.
        let events = directory.path.join(EVENTS);
        if events.exists() {
            durable::remove_file(&events).map_err(|error| file_error(&events, error))?;
        }
        Ok(directory)
    }

    /// Opens a run that is there.
    ///
    /// # Errors
    /// No directory, or no settings in it.
    pub fn open(path: &Path) -> Result<Self, RunError> {
        if !path.join(SETTINGS).is_file() {
            return Err(RunError::NoRun {
                path: path.display().to_string(),
                file: SETTINGS,
            });
        }
        Ok(Self {
            path: path.to_owned(),
            lock: None,
        })
    }

    /// Opens a run that is there to train on, and keeps other processes from it.
    ///
    /// # Errors
    /// No directory, no settings in it, or another process that trains there.
    pub fn open_to_train(path: &Path) -> Result<Self, RunError> {
        Self::open(path)?.locked()
    }

    /// Whether a process trains it.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn is_in_use(&self) -> Result<bool, RunError> {
        let path = self.path.join(LOCK);
        let refused = |error| file_error(&path, error);
        match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(refused(error)),
            Ok(file) => match file.try_lock_shared() {
                Ok(()) => Ok(false),
                Err(TryLockError::WouldBlock) => Ok(true),
                // Some network file systems have no locks; there a person knows.
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                    Ok(true)
                }
                Err(TryLockError::Error(error)) => Err(refused(error)),
            },
        }
    }

    fn locked(self) -> Result<Self, RunError> {
        let path = self.path.join(LOCK);
        let file = File::create(&path).map_err(|error| file_error(&path, error))?;
        lock(&file, &self.path)?;
        // Whoever asked the process before for something has given up; from now on this one answers.
        self.inbox().clear()?;
        Ok(Self {
            lock: Some(Arc::new(file)),
            ..self
        })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

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

/// Takes `file` for this process, until it is closed; errors name `path`.
pub(super) fn lock(file: &File, path: &Path) -> Result<(), RunError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        // Some network file systems have no locks; there a person has to take care.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(()),
        Err(TryLockError::Error(error)) => Err(file_error(path, error)),
        Err(TryLockError::WouldBlock) => Err(RunError::InUse {
            path: path.display().to_string(),
        }),
    }
}

pub(super) fn file_error(path: &Path, error: io::Error) -> RunError {
    RunError::File {
        path: path.display().to_string(),
        error,
    }
}

pub(super) fn content_error(path: &Path, error: impl std::fmt::Display) -> RunError {
    RunError::Content {
        path: path.display().to_string(),
        reason: error.to_string().replace('\n', " "),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::super::Asked;
    use super::*;

    #[test]
    fn a_run_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let first = RunDirectory::create(folder.path(), None, "a").unwrap();
        let second = RunDirectory::create(folder.path(), None, "a").unwrap();
        assert!(first.path().ends_with("a-1") && second.path().ends_with("a-2"));

        let named = RunDirectory::create(folder.path(), Some("mine"), "a").unwrap();
        let busy = RunDirectory::create(folder.path(), Some("mine"), "a").unwrap_err();
        assert!(matches!(busy, RunError::InUse { .. }), "{busy}");
        drop(named);
        // Nothing was trained yet, so the name is still free.
        let named = RunDirectory::create(folder.path(), Some("mine"), "a").unwrap();
        fs::write(named.settings_path(), "seed = 1").unwrap();
        let taken = RunDirectory::create(folder.path(), Some("mine"), "a").unwrap_err();
        assert!(matches!(taken, RunError::Exists { .. }), "{taken}");
    }

    #[test]
    fn one_process_at_a_time_trains_and_others_may_look() {
        let folder = tempfile::tempdir().unwrap();
        let first = RunDirectory::create(folder.path(), Some("a"), "a").unwrap();
        fs::write(first.settings_path(), "seed = 1").unwrap();
        let path = first.path().to_owned();
        let copy = first.clone();
        drop(first);
        let busy = RunDirectory::open_to_train(&path).unwrap_err();
        assert!(matches!(busy, RunError::InUse { .. }), "{busy}");
        RunDirectory::open(&path).unwrap();
        assert!(RunDirectory::open(&path).unwrap().is_in_use().unwrap());
        drop(copy);
        let idle = RunDirectory::open(&path).unwrap();
        assert!(!idle.is_in_use().unwrap());
        // What nobody waits for any more is not done.
        idle.inbox().put(&Asked::new(Some(0.5), None)).unwrap();
        RunDirectory::open_to_train(&path).unwrap();
        assert!(!idle.inbox().is_full());
    }

    #[test]
    fn a_folder_without_settings_is_no_run() {
        let folder = tempfile::tempdir().unwrap();
        assert!(RunDirectory::open(folder.path()).is_err());
        assert!(RunDirectory::open(&folder.path().join("absent")).is_err());
    }
}
