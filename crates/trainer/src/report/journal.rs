//! `trials.jsonl`: the runs of an experiment, one a line, added as soon as each is over.

use std::collections::HashMap;
use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::RunError;
use super::run_directory::lock;
use super::run_error::{content_error, file_error};
use crate::analysis::TrialRecord;
use crate::config::Settings;

/// The runs that are known, by their settings.
///
/// A run is found again by all of its settings and by the program's version, so that an experiment that was stopped, or
/// has got more seeds, makes no run twice, and one whose settings have changed takes nothing for its own that is not.
/// A program of the same version may still be another one: the digest of its file is kept too, so that somebody who
/// changed it [can be told](Journal::is_of_another_build).
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    known: HashMap<String, Known>,
}

/// A run, and which build of the program made it.
#[derive(Debug)]
struct Known {
    build: String,
    record: TrialRecord,
}

#[derive(Serialize, Deserialize)]
struct Line {
    version: String,
    build: String,
    settings: Value,
    record: TrialRecord,
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

impl Journal {
    /// Opens the journal in `folder`, or begins it.
    ///
    /// A last line that is cut off, as a run that was killed leaves it, is removed.
    ///
    /// # Errors
    /// Another process writes to it, the file system refuses, or another line is damaged.
    pub fn open(folder: &Path) -> Result<Self, RunError> {
        let path = folder.join("trials.jsonl");
        let refused = |error| file_error(&path, error);
        fs::create_dir_all(folder).map_err(refused)?;
        let mut options = OpenOptions::new();
        let file = options.read(true).append(true).create(true).open(&path);
        let file = file.map_err(refused)?;
        lock(&file, &path)?;
        let text = fs::read_to_string(&path).map_err(refused)?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        if whole < text.len() {
            file.set_len(whole as u64).map_err(refused)?;
        }
        let mut known = HashMap::new();
        for (index, line) in text[..whole].lines().enumerate() {
            let line: Line = serde_json::from_str(line).map_err(|error| {
                content_error(&path, format_args!("line {}: {error}", index + 1))
            })?;
            line.keep(&mut known);
        }
        Ok(Self { path, file, known })
    }

    /// The run of `settings`, if it is known.
    pub fn find(&self, settings: &Settings) -> Option<&TrialRecord> {
        self.known(settings).map(|known| &known.record)
    }

    /// Whether the run of `settings` is known from another build of this version, which may have computed otherwise.
    pub fn is_of_another_build(&self, settings: &Settings) -> bool {
        let known = self.known(settings);
        known.is_some_and(|known| known.build != *BUILD)
    }

    fn known(&self, settings: &Settings) -> Option<&Known> {
        self.known.get(&key(VERSION, &read_back(settings)?))
    }

    /// Adds a run.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn append(&mut self, settings: &Settings, record: TrialRecord) -> Result<(), RunError> {
        let wrong = |error: serde_json::Error| content_error(&self.path, error);
        let line = Line {
            version: VERSION.to_owned(),
            build: BUILD.clone(),
            settings: serde_json::to_value(settings).map_err(wrong)?,
            record,
        };
        let mut text = serde_json::to_string(&line).map_err(wrong)?;
        // What is known is what another process will read, to the last digit.
        let line: Line = serde_json::from_str(&text).map_err(wrong)?;
        text.push('\n');
        let written = self.file.write_all(text.as_bytes());
        written.map_err(|error| file_error(&self.path, error))?;
        line.keep(&mut self.known);
        Ok(())
    }
}

impl Line {
    fn keep(self, known: &mut HashMap<String, Known>) {
        let (build, record) = (self.build, self.record);
        known.insert(key(&self.version, &self.settings), Known { build, record });
    }
}

/// Which build this process runs, by the first digits of its file's SHA-256; `unknown` where that cannot be read.
static BUILD: LazyLock<String> = LazyLock::new(|| {
    let digest = env::current_exe().and_then(|path| digest(&path));
    digest.map_or_else(|_| "unknown".to_owned(), |digest| digest[..16].to_owned())
});

fn digest(path: &Path) -> io::Result<String> {
    let mut file = BufReader::with_capacity(1 << 20, File::open(path)?);
    let mut digest = Sha256::new();
    loop {
        let bytes = file.fill_buf()?;
        if bytes.is_empty() {
            return Ok(format!("{:x}", digest.finalize()));
        }
        digest.update(bytes);
        let read = bytes.len();
        file.consume(read);
    }
}

fn key(version: &str, settings: &Value) -> String {
    format!("{version} {settings}")
}

/// The settings as they are when they have been written and read.
fn read_back(settings: &Settings) -> Option<Value> {
    let text = serde_json::to_string(settings).ok()?;
    serde_json::from_str(&text).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::analysis::{Cause, Evidence, Outcome, Reached, Verdict};
    use crate::config::{Layer, resolve};

    fn settings(seed: u64) -> Settings {
        let seed = Layer::from_set(&format!("seed={seed}")).unwrap();
        resolve([seed]).unwrap().settings
    }

    fn record(loss: f64) -> TrialRecord {
        let reached = Reached {
            loss,
            accuracy: 0.1 + 0.2,
        };
        TrialRecord {
            updates: 3,
            chance: Some(10_f64.ln()),
            validation: Some(reached),
            test: None,
            curve: vec![(3, loss)],
            accuracies: vec![(3, 0.1 + 0.2)],
            verdict: Verdict {
                outcome: Outcome::Settled,
                cause: Cause::Annealed,
                evidence: Evidence::default(),
                suggestion: String::new(),
            },
        }
    }

    #[test]
    fn what_was_added_is_found_by_its_settings_and_by_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        journal.append(&settings(1), record(1.0 / 3.0)).unwrap();
        let known = journal.find(&settings(1)).cloned();
        assert_eq!(journal.find(&settings(2)), None);
        drop(journal);
        let journal = Journal::open(folder.path()).unwrap();
        assert_eq!(journal.find(&settings(1)).cloned(), known);
        assert_eq!(known, Some(record(1.0 / 3.0)));
    }

    #[test]
    fn a_run_of_another_build_is_found_and_known_as_such() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        journal.append(&settings(1), record(0.5)).unwrap();
        assert!(!journal.is_of_another_build(&settings(1)));
        let own = BUILD.as_str();
        assert!(own.len() == 16 && own.chars().all(|digit| digit.is_ascii_hexdigit()));
        drop(journal);
        let path = folder.path().join("trials.jsonl");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace(own, "0123456789abcdef")).unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        assert_eq!(journal.find(&settings(1)), Some(&record(0.5)));
        assert!(journal.is_of_another_build(&settings(1)));
        assert!(!journal.is_of_another_build(&settings(2)));
    }

    #[test]
    fn a_line_that_was_cut_off_at_any_byte_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trials.jsonl");
        let mut journal = Journal::open(folder.path()).unwrap();
        journal.append(&settings(1), record(0.5)).unwrap();
        let first = fs::read_to_string(&path).unwrap().len();
        journal.append(&settings(2), record(0.25)).unwrap();
        drop(journal);
        let whole = fs::read(&path).unwrap();
        for end in [first, first + 1, first + 40, whole.len() - 1] {
            fs::write(&path, &whole[..end]).unwrap();
            let mut journal = Journal::open(folder.path()).unwrap();
            assert!(journal.find(&settings(1)).is_some(), "{end}");
            assert_eq!(journal.find(&settings(2)), None, "{end}");
            journal.append(&settings(2), record(0.25)).unwrap();
            drop(journal);
            assert_eq!(fs::read(&path).unwrap(), whole, "{end}");
        }
    }

    #[test]
    fn a_damaged_line_is_named_and_a_second_writer_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trials.jsonl");
        fs::write(&path, "{\"version\":\n").unwrap();
        let error = Journal::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("line 1"), "{error}");

        fs::write(&path, "").unwrap();
        let _first = Journal::open(folder.path()).unwrap();
        let second = Journal::open(folder.path()).unwrap_err();
        assert!(matches!(second, RunError::InUse { .. }), "{second}");
    }
}
