//! `metrics.csv`: a row per update, and nothing in it that depends on the clock.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::RunError;
use super::run_error::{content_error, file_error};
use crate::durable;
use crate::engine::{Gain, Metrics, Probe, Update};

/// An open `metrics.csv`.
#[derive(Debug)]
pub struct MetricsFile {
    path: PathBuf,
    file: File,
}

const HEADER: [&str; 12] = [
    "update",
    "epoch",
    "learning_rate",
    "momentum",
    "train_loss",
    "validation_loss",
    "validation_accuracy",
    "gradient_norm",
    "update_ratio",
    "live_units",
    "gain",
    "predicted_change",
];

impl MetricsFile {
    pub(super) fn create(path: PathBuf) -> Result<Self, RunError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)
            .map_err(|error| file_error(&path, error))?;
        let mut metrics = Self { path, file };
        metrics.write(|rows| rows.write_record(HEADER))?;
        Ok(metrics)
    }

    /// Begins the file with the rows of the first so many updates of another run's file.
    pub(super) fn copy(path: &Path, other: &Path, updates: u64) -> Result<(), RunError> {
        let refused = |error| file_error(other, error);
        let file = File::open(other).map_err(refused)?;
        let (found, length) = rows(&file, updates + 1).map_err(refused)?;
        if found <= updates {
            return Err(too_few(other, found, updates));
        }
        let mut bytes = Vec::new();
        let whole = File::open(other).and_then(|file| file.take(length).read_to_end(&mut bytes));
        whole.map_err(refused)?;
        durable::write(path, &bytes).map_err(|error| file_error(path, error))
    }

    /// Opens the file, and cuts it off after the rows of so many updates.
    pub(super) fn reopen(path: PathBuf, updates: u64) -> Result<Self, RunError> {
        let file = OpenOptions::new().read(true).write(true).open(&path);
        let file = file.map_err(|error| file_error(&path, error))?;
        let mut metrics = Self { path, file };
        metrics.cut(updates)?;
        Ok(metrics)
    }

    /// Cuts off the rows after so many updates.
    ///
    /// # Errors
    /// The file system refuses, or there are fewer rows.
    pub fn cut(&mut self, updates: u64) -> Result<(), RunError> {
        let refused = |error| file_error(&self.path, error);
        self.file.seek(SeekFrom::Start(0)).map_err(refused)?;
        let (rows, length) = rows(&self.file, updates + 1).map_err(refused)?;
        if rows <= updates {
            return Err(too_few(&self.path, rows, updates));
        }
        durable::cut(&self.file, length).map_err(refused)?;
        self.file.seek(SeekFrom::End(0)).map_err(refused)?;
        Ok(())
    }

    /// Adds rows, and hands them to the system, so that somebody who follows the file sees them.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn append(&mut self, updates: &[Update]) -> Result<(), RunError> {
        self.write(|rows| {
            for update in updates {
                let measured =
                    |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
                rows.write_record([
                    update.update.to_string(),
                    update.epoch.to_string(),
                    update.learning_rate.to_string(),
                    measured(update.momentum),
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
            Ok(())
        })
    }

    /// Every row. A row without a line break is none.
    pub(super) fn read(path: &Path) -> Result<Vec<Update>, RunError> {
        let text = fs::read_to_string(path).map_err(|error| file_error(path, error))?;
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        let mut reader = csv::Reader::from_reader(whole.as_bytes());
        let rows = reader.records().enumerate().map(|(index, row)| {
            let row = row.map_err(|error| content_error(path, error))?;
            let wrong = || content_error(path, format_args!("line {}: no row", index + 2));
            parse(&row).ok_or_else(wrong)
        });
        rows.collect()
    }

    /// Waits until all rows are on the disk, as a checkpoint takes for granted.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn sync(&self) -> Result<(), RunError> {
        durable::sync(&self.file).map_err(|error| file_error(&self.path, error))
    }

    fn write(
        &mut self,
        rows: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> csv::Result<()>,
    ) -> Result<(), RunError> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let bytes = rows(&mut writer)
            .map_err(std::io::Error::other)
            .and_then(|()| writer.into_inner().map_err(|error| error.into_error()));
        bytes
            .and_then(|bytes| durable::append(&mut self.file, &bytes))
            .map_err(|error| file_error(&self.path, error))
    }
}

/// A checkpoint takes rows for granted that are not there; `lines` has the header.
fn too_few(path: &Path, lines: u64, updates: u64) -> RunError {
    let rows = lines.saturating_sub(1);
    let reason =
        format!("it has the rows of {rows} updates, and the checkpoint was made after {updates}");
    content_error(path, reason)
}

/// The update of a row.
fn parse(row: &csv::StringRecord) -> Option<Update> {
    let cell = |index: usize| row.get(index).filter(|cell| !cell.is_empty());
    let number = |index: usize| cell(index)?.parse::<f64>().ok();
    Some(Update {
        update: cell(0)?.parse().ok()?,
        epoch: cell(1)?.parse().ok()?,
        learning_rate: number(2)?,
        momentum: number(3),
        train_loss: number(4)?,
        validation: number(5)
            .zip(number(6))
            .map(|(loss, accuracy)| Metrics { loss, accuracy }),
        probe: number(7)
            .zip(number(8))
            .map(|(gradient_norm, update_ratio)| Probe {
                gradient_norm,
                update_ratio,
                live_units: number(9),
            }),
        gain: number(10).zip(number(11)).map(|(ratio, predicted)| Gain {
            change: ratio * predicted,
            predicted,
        }),
    })
}

/// How many whole lines there are, of at most `most`, and how many bytes they have.
fn rows(file: &File, most: u64) -> std::io::Result<(u64, u64)> {
    let mut reader = BufReader::new(file);
    let (mut rows, mut length, mut line) = (0, 0, Vec::new());
    while rows < most {
        line.clear();
        let bytes = reader.read_until(b'\n', &mut line)?;
        if line.last() != Some(&b'\n') {
            break;
        }
        rows += 1;
        length += bytes as u64;
    }
    Ok((rows, length))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn update(update: u64) -> Update {
        Update {
            update,
            epoch: 0,
            learning_rate: 0.1,
            momentum: None,
            train_loss: 2.0,
            validation: None,
            probe: None,
            gain: None,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.csv");
        let mut metrics = MetricsFile::create(path.clone()).unwrap();
        let updates = [
            Update {
                momentum: Some(0.95),
                train_loss: 1.0 / 3.0,
                validation: Some(Metrics {
                    loss: f64::INFINITY,
                    accuracy: 0.1,
                }),
                probe: Some(Probe {
                    gradient_norm: 1e-300,
                    update_ratio: 0.1 + 0.2,
                    live_units: None,
                }),
                ..update(0)
            },
            Update {
                gain: Some(Gain {
                    change: -0.25,
                    predicted: -0.5,
                }),
                ..update(1)
            },
        ];
        metrics.append(&updates).unwrap();
        assert_eq!(MetricsFile::read(&path).unwrap(), updates);
    }

    #[test]
    fn rows_after_the_checkpoint_are_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.csv");
        let mut metrics = MetricsFile::create(path.clone()).unwrap();
        metrics.append(&[update(0), update(1)]).unwrap();
        let two = fs::read(&path).unwrap();
        metrics.append(&[update(2)]).unwrap();
        let three = fs::read(&path).unwrap();
        // A row of which the last bytes are missing is none.
        fs::write(&path, &three[..three.len() - 1]).unwrap();
        assert!(MetricsFile::reopen(path.clone(), 3).is_err());
        let mut metrics = MetricsFile::reopen(path.clone(), 2).unwrap();
        assert_eq!(fs::read(&path).unwrap(), two);
        metrics.append(&[update(2)]).unwrap();
        assert_eq!(fs::read(&path).unwrap(), three);
        let missing = MetricsFile::reopen(path, 4).unwrap_err().to_string();
        assert!(missing.ends_with("the rows of 3 updates, and the checkpoint was made after 4"));
    }
}
