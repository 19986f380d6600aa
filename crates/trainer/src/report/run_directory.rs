//! A run on disk: `settings.toml`, `data.toml`, `metrics.csv`, `events.jsonl`, `summary.json`, `checkpoints/`, and for
//! TensorBoard `tensorboard/`.

mod files;

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::RunError;
use super::run_error::file_error;
use crate::durable;

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
/// What happened, a record a line.
const EVENTS: &str = "events.jsonl";
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
