//! What is wrong with a run on disk.

use std::fmt::Display;
use std::io;
use std::path::Path;

use crate::engine::CheckpointError;

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

pub(super) fn file_error(path: &Path, error: io::Error) -> RunError {
    RunError::File {
        path: path.display().to_string(),
        error,
    }
}

pub(super) fn content_error(path: &Path, error: impl Display) -> RunError {
    RunError::Content {
        path: path.display().to_string(),
        reason: error.to_string().replace('\n', " "),
    }
}
