//! `adjust.toml`: what somebody asks of a run that another process trains.

use std::fs;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::RunError;
use super::run_error::{content_error, file_error};
use crate::config::Length;
use crate::durable;

/// A change of a run that somebody asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// What tells it from others; the run's answer has it too.
    pub id: String,
    /// What the learning rate is to be multiplied by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_lr: Option<f64>,
    /// How long the run is to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<Length>,
}

impl Asked {
    /// A change, with a name that no other process gives.
    pub fn new(scale_lr: Option<f64>, length: Option<Length>) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = since.map_or(0, |since| since.as_nanos());
        Self {
            id: format!("{}-{now}", std::process::id()),
            scale_lr,
            length,
        }
    }
}

/// Where requests lie in a run directory, one at a time.
#[derive(Debug, Clone)]
pub struct Inbox {
    path: PathBuf,
}

impl Inbox {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Whether there is a request that was not answered.
    pub fn is_full(&self) -> bool {
        self.path.exists()
    }

    /// Asks.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn put(&self, asked: &Asked) -> Result<(), RunError> {
        let text = toml::to_string(asked).map_err(|error| content_error(&self.path, error))?;
        let written = durable::replace(&self.path, text.as_bytes());
        written.map_err(|error| file_error(&self.path, error))
    }

    /// The request that is there; a file that is none stays without an answer.
    pub fn look(&self) -> Option<Asked> {
        // After every update of a run, and nearly always in vain: this costs half of what opening the file would.
        if !self.is_full() {
            return None;
        }
        toml::from_str(&fs::read_to_string(&self.path).ok()?).ok()
    }

    /// Removes the request, if there is one: it was answered, or nobody waits for it any more.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn clear(&self) -> Result<(), RunError> {
        if !self.is_full() {
            return Ok(());
        }
        durable::remove_file(&self.path).map_err(|error| file_error(&self.path, error))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_read_until_it_is_answered() {
        let folder = tempfile::tempdir().unwrap();
        let inbox = Inbox::new(folder.path().join("adjust.toml"));
        assert!(!inbox.is_full() && inbox.look().is_none());
        inbox.clear().unwrap();
        let asked = [
            Asked::new(Some(0.1 + 0.2), None),
            Asked::new(None, Some(Length::Epochs(8.0))),
        ];
        assert_ne!(asked[0].id, asked[1].id);
        for asked in asked {
            inbox.put(&asked).unwrap();
            assert_eq!(inbox.look(), Some(asked));
            inbox.clear().unwrap();
            assert!(!inbox.is_full());
        }
        fs::write(folder.path().join("adjust.toml"), "id = \"a").unwrap();
        assert!(inbox.is_full() && inbox.look().is_none());
    }
}
