//! A run's curves in a file that TensorBoard reads.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use prost::Message;

use super::RunError;
use super::run_error::file_error;
use crate::clock::time_of_day;
use crate::engine::Update;

/// An event file, which TensorBoard follows while it grows.
///
/// Each record is `length, crc(length), event, crc(event)`, the numbers little-endian, the event in Protocol Buffers.
#[derive(Debug)]
pub struct EventFile {
    path: PathBuf,
    file: BufWriter<File>,
}

/// `Event` of TensorBoard's `event.proto`, what we use of it.
#[derive(Clone, PartialEq, Message)]
struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Scalars>,
    #[prost(message, optional, tag = "7")]
    session_log: Option<SessionLog>,
}

/// `SessionLog`: where a process begins.
#[derive(Clone, PartialEq, Message)]
struct SessionLog {
    #[prost(int32, tag = "1")]
    status: i32,
}

/// `SessionLog.START`: all that was read before of this step and of later ones is void.
const START: i32 = 1;

/// `Summary` of `summary.proto`.
#[derive(Clone, PartialEq, Message)]
struct Scalars {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Scalar>,
}

/// `Summary.Value`.
#[derive(Clone, PartialEq, Message)]
struct Scalar {
    #[prost(string, tag = "1")]
    tag: String,
    /// Optional, so that a zero is written too.
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

/// What stands before the time in a file's name, and behind it.
const BEFORE: &str = "events.out.tfevents.";
const BEHIND: &str = ".anneal";

/// The time in the name of the newest file in `folder`.
fn newest(folder: &Path) -> Option<f64> {
    let files = fs::read_dir(folder).ok()?.flatten();
    let names = files.filter_map(|file| file.file_name().into_string().ok());
    let times = names.filter_map(|name| {
        let time = name.strip_prefix(BEFORE)?.strip_suffix(BEHIND)?;
        time.parse::<f64>().ok()
    });
    times.max_by(f64::total_cmp)
}

impl EventFile {
    /// Begins a file in `folder`, which is made if it is not there, for a run that goes on after so many updates.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn create(folder: &Path, updates: u64) -> Result<Self, RunError> {
        fs::create_dir_all(folder).map_err(|error| file_error(folder, error))?;
        // TensorBoard reads every file with `tfevents` in its name, in the order of their names, whatever the clock says.
        let begun = newest(folder).map_or(0.0, |newest| newest + 1e-6);
        let begun = begun.max(time_of_day());
        let path = folder.join(format!("{BEFORE}{begun:.6}{BEHIND}"));
        let file = File::create_new(&path).map_err(|error| file_error(&path, error))?;
        let mut events = Self {
            path,
            file: BufWriter::new(file),
        };
        let first = Event {
            wall_time: time_of_day(),
            file_version: Some("brain.Event:2".to_owned()),
            ..Event::default()
        };
        events.write(&first)?;
        events.go_on_after(updates)?;
        Ok(events)
    }

    /// Takes back what was told, in this file and in earlier ones, of all but the first so many updates.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn go_on_after(&mut self, updates: u64) -> Result<(), RunError> {
        self.write(&Event {
            wall_time: time_of_day(),
            step: updates as i64,
            session_log: Some(SessionLog { status: START }),
            ..Event::default()
        })
    }

    /// Adds what was recorded of these updates, and hands it to the system.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn append(&mut self, updates: &[Update]) -> Result<(), RunError> {
        for update in updates {
            let scalar = |tag: &str, value: f64| Scalar {
                tag: tag.to_owned(),
                simple_value: Some(value as f32),
            };
            let mut value = vec![
                scalar("learning_rate", update.learning_rate),
                scalar("loss/train", update.train_loss),
            ];
            value.extend(update.momentum.map(|momentum| scalar("momentum", momentum)));
            if let Some(validation) = update.validation {
                value.push(scalar("loss/validation", validation.loss));
                value.push(scalar("accuracy/validation", validation.accuracy));
            }
            self.write(&Event {
                wall_time: time_of_day(),
                step: update.update as i64,
                summary: Some(Scalars { value }),
                ..Event::default()
            })?;
        }
        self.file
            .flush()
            .map_err(|error| file_error(&self.path, error))
    }

    fn write(&mut self, event: &Event) -> Result<(), RunError> {
        record(&mut self.file, &event.encode_to_vec())
            .map_err(|error| file_error(&self.path, error))
    }
}

fn record(out: &mut impl Write, event: &[u8]) -> io::Result<()> {
    let length = (event.len() as u64).to_le_bytes();
    out.write_all(&length)?;
    out.write_all(&checksum(&length))?;
    out.write_all(event)?;
    out.write_all(&checksum(event))
}

/// CRC-32C, turned and moved so that a record may hold checksums of its own.
fn checksum(bytes: &[u8]) -> [u8; 4] {
    let crc = crc32c::crc32c(bytes);
    crc.rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}
