//! A run on disk: `settings.toml`, `data.toml`, `metrics.csv`, `summary.json`, `checkpoints/last/`.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use burn::module::Module;
use models::Model;
use serde::Serialize;

use crate::config::Settings;
use crate::data::Inputs;
use crate::engine::{Gain, Update};

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
}

/// The name that says that a directory holds a run.
const SETTINGS: &str = "settings.toml";
/// What the model reads and what its answers mean.
const INPUTS: &str = "data.toml";

impl RunDirectory {
    /// Makes `runs/name`, or the first free of `runs/stem-1`, `runs/stem-2` … where no name is given.
    ///
    /// # Errors
    /// `name` is taken by another run, or the file system refuses.
    pub fn create(runs: &Path, name: Option<&str>, stem: &str) -> Result<Self, RunError> {
        fs::create_dir_all(runs).map_err(|error| file_error(runs, error))?;
        let Some(name) = name else {
            return (1..)
                .map(|number| runs.join(format!("{stem}-{number}")))
                .find_map(|path| match fs::create_dir(&path) {
                    Ok(()) => Some(Ok(Self { path })),
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => None,
                    Err(error) => Some(Err(file_error(&path, error))),
                })
                .unwrap_or_else(|| unreachable!("there is always a next number"));
        };
        let path = runs.join(name);
        // A directory without settings holds no run, whatever else is in it: a run stopped before its first update.
        if path.join(SETTINGS).exists() {
            return Err(RunError::Exists {
                path: path.display().to_string(),
            });
        }
        fs::create_dir_all(&path).map_err(|error| file_error(&path, error))?;
        Ok(Self { path })
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

    /// Begins `metrics.csv`.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn metrics(&self) -> Result<MetricsFile, RunError> {
        MetricsFile::create(self.path.join("metrics.csv"))
    }

    /// Saves what the run reached: a [`Summary`](super::Summary), or [`Diverged`](super::Diverged).
    ///
    /// # Errors
    /// The file system refuses.
    pub fn save_summary(&self, summary: &impl Serialize) -> Result<(), RunError> {
        let path = self.path.join("summary.json");
        let mut text =
            serde_json::to_string_pretty(summary).map_err(|error| content_error(&path, error))?;
        text.push('\n');
        replace(&path, text.as_bytes())
    }

    /// Saves the weights after the last update.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn save_model(&self, model: Model) -> Result<(), RunError> {
        let path = self.model_path();
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| file_error(parent, error))?;
        }
        model
            .save_file(&path)
            .map_err(|error| content_error(&path, error))
    }

    /// Loads the weights after the last update into `model`, which has the right shape.
    ///
    /// # Errors
    /// No such file, or one that does not hold this model.
    pub fn load_model(&self, model: Model) -> Result<Model, RunError> {
        let path = self.model_path();
        if !path.is_file() {
            return Err(RunError::NoRun {
                path: self.path.display().to_string(),
                file: "checkpoints/last/model.bpk",
            });
        }
        model
            .try_load_file(&path)
            .map_err(|error| content_error(&path, error))
    }

    fn model_path(&self) -> PathBuf {
        self.path.join("checkpoints/last/model.bpk")
    }
}

/// `metrics.csv`: a row per update, and nothing in it that depends on the clock.
#[derive(Debug)]
pub struct MetricsFile {
    path: PathBuf,
    writer: csv::Writer<BufWriter<File>>,
}

impl MetricsFile {
    fn create(path: PathBuf) -> Result<Self, RunError> {
        let file = File::create(&path).map_err(|error| file_error(&path, error))?;
        let mut metrics = Self {
            path,
            writer: csv::Writer::from_writer(BufWriter::new(file)),
        };
        metrics.record([
            "update",
            "epoch",
            "learning_rate",
            "train_loss",
            "validation_loss",
            "validation_accuracy",
            "gradient_norm",
            "update_ratio",
            "live_units",
            "gain",
            "predicted_change",
        ])?;
        Ok(metrics)
    }

    /// Adds rows, and hands them to the system, so that somebody who follows the file sees them.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn append(&mut self, updates: &[Update]) -> Result<(), RunError> {
        for update in updates {
            let measured =
                |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
            self.record([
                update.update.to_string(),
                update.epoch.to_string(),
                update.learning_rate.to_string(),
                update.train_loss.to_string(),
                measured(update.validation.map(|validation| validation.loss)),
                measured(update.validation.map(|validation| validation.accuracy)),
                measured(update.probe.map(|probe| probe.gradient_norm)),
                measured(update.probe.map(|probe| probe.update_ratio)),
                measured(update.probe.and_then(|probe| probe.live_units)),
                measured(update.gain.map(Gain::ratio)),
                measured(update.gain.map(|gain| gain.predicted)),
            ])?;
        }
        self.writer
            .flush()
            .map_err(|error| file_error(&self.path, error))
    }

    fn record<const N: usize>(&mut self, fields: [impl AsRef<[u8]>; N]) -> Result<(), RunError> {
        self.writer
            .write_record(fields)
            .map_err(|error| content_error(&self.path, error))
    }
}

/// Writes a file so that it is there whole or not at all.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    let beside = path.with_extension("partial");
    let written = File::create(&beside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&beside, path));
    written.map_err(|error| file_error(path, error))
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
    use super::*;

    #[test]
    fn a_run_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let first = RunDirectory::create(folder.path(), None, "a").unwrap();
        let second = RunDirectory::create(folder.path(), None, "a").unwrap();
        assert!(first.path().ends_with("a-1") && second.path().ends_with("a-2"));

        let named = RunDirectory::create(folder.path(), Some("mine"), "a").unwrap();
        // Nothing was trained yet, so the name is still free.
        RunDirectory::create(folder.path(), Some("mine"), "a").unwrap();
        fs::write(named.settings_path(), "seed = 1").unwrap();
        let taken = RunDirectory::create(folder.path(), Some("mine"), "a").unwrap_err();
        assert!(matches!(taken, RunError::Exists { .. }), "{taken}");
    }

    #[test]
    fn a_folder_without_settings_is_no_run() {
        let folder = tempfile::tempdir().unwrap();
        assert!(RunDirectory::open(folder.path()).is_err());
        assert!(RunDirectory::open(&folder.path().join("absent")).is_err());
    }
}
