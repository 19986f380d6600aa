//! What is read that somebody else may have written, each from bytes of any kind.
//!
//! Whatever the bytes are, they are read or refused with a sentence: no panic, no hang, and no more memory than they
//! justify.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use tempfile::TempDir;
use trainer::config::{self, Backend, Experiment, Layer, Resolved, Settings};
use trainer::data::{self, Dataset};
use trainer::engine::{self, Compute, Fit, FitError, Plan, Shelf, Slot};
use trainer::report::{Journal, RecordedRun, RunDirectory};

use super::allocations::most_during;

/// Something that reads bytes.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    /// Says whether it was accepted.
    read: fn(&[u8]) -> bool,
}

pub(crate) const TARGETS: &[Target] = &[
    Target {
        name: "config",
        read: configuration,
    },
    Target {
        name: "set",
        read: assignments,
    },
    Target {
        name: "idx",
        read: idx,
    },
    Target {
        name: "folder",
        read: folder,
    },
    Target {
        name: "checkpoint",
        read: checkpoint,
    },
    Target {
        name: "safetensors",
        read: safetensors,
    },
    Target {
        name: "events",
        read: run_files,
    },
];

/// What may be taken whatever the bytes are, and for each of them.
const BASE: usize = 16 << 20;
const EACH: usize = 1 << 10;

impl Target {
    /// Reads `bytes`, and says whether they were accepted.
    ///
    /// # Panics
    /// If that takes too much memory, or something is not as it should be.
    pub(crate) fn check(&self, bytes: &[u8]) -> bool {
        // What is made once for all is no input's.
        LazyLock::force(&MADE);
        let mut accepted = false;
        let most = most_during(|| accepted = (self.read)(bytes));
        let allowed = BASE + EACH * bytes.len();
        assert!(
            most <= allowed,
            "{most} bytes were taken to read {}",
            bytes.len()
        );
        accepted
    }
}

/// The target of this name.
pub(crate) fn named(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// What all targets use and none changes.
struct Made {
    /// For files that are read back.
    scratch: TempDir,
    digits: Dataset,
    compute: Compute,
    /// Runs that a checkpoint may be of.
    runs: Vec<(Settings, Plan)>,
}

pub(crate) const COMMON: &[&str] = &["train.length=34", "model.hidden=[4]"];
/// How the runs differ of which `corpus/checkpoint` has states.
pub(crate) const RUNS: [&[&str]; 4] = [
    &["optimizer.kind=adamw"],
    &[
        "optimizer.kind=sgd",
        "schedule.kind=one_cycle",
        "train.accumulate=2",
    ],
    &["optimizer.kind=schedule_free_sgd", "schedule.kind=constant"],
    &[
        "optimizer.kind=sgd",
        "schedule={kind=\"constant\",plateau={patience=1}}",
        "train.ema=0.9",
        "early_stopping.patience=5",
    ],
];

static MADE: LazyLock<Made> = LazyLock::new(|| {
    let digits = data::load(&settings(&[]).data).unwrap();
    let run = |own: &&[&str]| {
        let settings = settings(&[COMMON, own].concat());
        let plan = Plan::new(&settings, digits.train.len()).unwrap();
        (settings, plan)
    };
    let runs = RUNS.iter().map(run).collect();
    Made {
        scratch: tempfile::tempdir().unwrap(),
        digits,
        compute: engine::open(Backend::Flex).unwrap(),
        runs,
    }
});

/// The name of a file or folder that nothing else is in.
fn fresh(name: &str) -> PathBuf {
    let path = MADE.scratch.path().join(name);
    let _ = fs::remove_dir_all(&path);
    path
}

/// Takes the first byte, which chooses between so many.
fn choice(bytes: &[u8], many: usize) -> (usize, &[u8]) {
    let (first, rest) = bytes.split_first().unwrap_or((&0, &[]));
    (usize::from(*first) % many, rest)
}

/// What lies between the files of an input.
pub(crate) const BETWEEN: &[u8] = b"\n----\n";

/// The files of an input.
fn parts(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let all = rest?;
        let end = all
            .windows(BETWEEN.len())
            .position(|window| window == BETWEEN);
        rest = end.map(|end| &all[end + BETWEEN.len()..]);
        Some(all[..end.unwrap_or(all.len())].to_vec())
    })
}

fn configuration(bytes: &[u8]) -> bool {
    let path = MADE.scratch.path().join("a.toml");
    fs::write(&path, bytes).unwrap();
    let Ok(layer) = told(Layer::from_file(&path)) else {
        return false;
    };
    let run = resolved(config::resolve([layer.clone()]));
    // Without a section of its own it would be the built-in experiment, which takes ten times as long as all else.
    let compares = bytes.windows(7).any(|part| part == b"compare");
    let experiment = compares && told(Experiment::read(vec![layer])).is_ok();
    run || experiment
}

fn assignments(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let layers: Result<Vec<Layer>, _> = text.lines().map(Layer::from_set).collect();
    told(layers).is_ok_and(|layers| resolved(config::resolve(layers)))
}

/// An error can be said.
fn told<T, E: std::fmt::Display>(outcome: Result<T, E>) -> Result<T, String> {
    outcome.map_err(|error| error.to_string())
}

/// Settings are written with a run, mean the same when they are read again, and can be planned or are refused.
fn resolved(outcome: Result<Resolved, config::ConfigError>) -> bool {
    let Ok(Resolved { settings, .. }) = told(outcome) else {
        return false;
    };
    let text = toml::to_string(&settings).unwrap();
    let path = MADE.scratch.path().join("again.toml");
    fs::write(&path, &text).unwrap();
    let again = Layer::from_file(&path).unwrap();
    let again = config::resolve([again]).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(toml::to_string(&again.settings).unwrap(), text);
    let Ok(plan) = told(Plan::new(&settings, 1000)) else {
        return false;
    };
    let end = plan.updates;
    for update in [0, 1, end / 2, end.saturating_sub(1), end] {
        let rate = plan.schedule.rate_at(update);
        assert!(
            rate.is_finite() && rate >= 0.0,
            "{rate} at {update}: {text}"
        );
        plan.epoch_of(update);
    }
    true
}

fn idx(bytes: &[u8]) -> bool {
    const FILES: [&str; 4] = [
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    ];
    let (replaced, bytes) = choice(bytes, FILES.len());
    let folder = MADE.scratch.path().join("mnist");
    let whole = |file: usize| -> &[u8] {
        match file % 2 {
            0 => b"\0\0\x08\x03\0\0\0\x03\0\0\0\x02\0\0\0\x02abcdefghijkl",
            _ => b"\0\0\x08\x01\0\0\0\x03\x01\x02\x03",
        }
    };
    if !folder.exists() {
        fs::create_dir(&folder).unwrap();
        for (file, name) in FILES.into_iter().enumerate() {
            fs::write(folder.join(name), whole(file)).unwrap();
        }
    }
    fs::write(folder.join(FILES[replaced]), bytes).unwrap();
    let accepted = load("mnist", &folder);
    fs::write(folder.join(FILES[replaced]), whole(replaced)).unwrap();
    accepted
}

/// A folder by its lines: `PATH` a picture, `PATH -> PATH` a link, `PATH: BYTES` a file.
fn folder(bytes: &[u8]) -> bool {
    const PICTURE: &[u8] = include_bytes!("pixel.png");

    let root = fresh("pictures");
    fs::create_dir(&root).unwrap();
    let below = |path: &[u8]| {
        let path = path.split(|byte| *byte == b'/');
        let names = path.filter(|name| {
            !name.is_empty() && !name.contains(&0) && ![&b"."[..], b".."].contains(name)
        });
        names.fold(root.clone(), |path, name| path.join(os(name)))
    };
    let cut = |line: &[u8], at: &[u8]| {
        let place = line.windows(at.len()).position(|window| window == at)?;
        Some((line[..place].to_vec(), line[place + at.len()..].to_vec()))
    };
    for line in bytes.split(|byte| *byte == b'\n').take(64) {
        let link = cut(line, b" -> ");
        let (path, content) = match (&link, cut(line, b": ")) {
            (Some((path, _)), _) => (path.clone(), Vec::new()),
            (None, Some(file)) => file,
            (None, None) => (line.to_vec(), PICTURE.to_vec()),
        };
        let path = below(&path);
        // Names that the system refuses are none that could be met.
        let _ = path.parent().map(fs::create_dir_all);
        let _ = match &link {
            Some((_, target)) => link_to(&below(target), &path),
            None => fs::write(&path, content),
        };
    }
    load("images", &root)
}

#[cfg(unix)]
fn os(bytes: &[u8]) -> &std::ffi::OsStr {
    std::os::unix::ffi::OsStrExt::from_bytes(bytes)
}

#[cfg(unix)]
fn link_to(target: &Path, path: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

fn load(name: &str, folder: &Path) -> bool {
    let path = format!("data.path={}", folder.display());
    let name = format!("data.name={name}");
    let settings = settings(&[&name, &path, "data.validation=0"]);
    let loaded = data::load(&settings.data);
    let loaded = loaded.map_err(|error| (error.to_string(), error.hint()));
    loaded.is_ok_and(|dataset| !dataset.train.is_empty())
}

fn settings(sets: &[&str]) -> Settings {
    let layers = sets.iter().map(|set| Layer::from_set(set).unwrap());
    config::resolve(layers).unwrap().settings
}

/// The version of a checkpoint's form. With another one, `corpus/checkpoint` has to be made anew.
const FORMAT: u64 = 2;
/// The files of a checkpoint.
pub(crate) const CHECKPOINT: [&str; 4] = [
    "model.safetensors",
    "state.safetensors",
    "state.json",
    "manifest.json",
];

/// A state of one of the runs by its files, with a manifest that is right: without one nothing else would be looked at.
fn checkpoint(bytes: &[u8]) -> bool {
    let (which, bytes) = choice(bytes, 2 * RUNS.len());
    let (settings, plan) = &MADE.runs[which % RUNS.len()];
    let folder = fresh("checkpoints");
    let last = folder.join(Slot::Last.name());
    fs::create_dir_all(&last).unwrap();
    let mut files: Vec<Vec<u8>> = parts(bytes).collect();
    files.resize(3 + which / RUNS.len(), Vec::new());
    if files.len() < CHECKPOINT.len() {
        let entries = CHECKPOINT.iter().zip(&files).map(|(name, bytes)| {
            let (length, crc) = (bytes.len(), crc32fast::hash(bytes));
            format!("\"{name}\":{{\"bytes\":{length},\"crc32\":{crc}}}")
        });
        let entries = entries.collect::<Vec<_>>().join(",");
        files.push(format!("{{\"format\":{FORMAT},\"files\":{{{entries}}}}}").into_bytes());
    }
    for (name, bytes) in CHECKPOINT.iter().zip(&files) {
        fs::write(last.join(name), bytes).unwrap();
    }
    let found = told(Shelf::new(folder).newest(&settings.table().unwrap()));
    let Ok(Some(found)) = found else {
        return false;
    };
    let from = &found.newest.checkpoint;
    let fit = Fit::new(settings, &MADE.digits, plan, &MADE.compute).from(Some(from));
    match fit.run(|_| ControlFlow::Break(())) {
        Ok(_) | Err(FitError::Stopped { .. }) => true,
        Err(error) => told::<(), _>(Err(error)).is_ok(),
    }
}

/// A file of weights; its length of the header is made right if the first byte is odd.
fn safetensors(bytes: &[u8]) -> bool {
    let (right, bytes) = choice(bytes, 2);
    let mut file = bytes.to_vec();
    if right == 1 {
        let mut parts = parts(bytes);
        let header = parts.next().unwrap_or_default();
        file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header);
        file.extend(parts.next().unwrap_or_default());
    }
    let path = MADE.scratch.path().join("a.safetensors");
    fs::write(&path, file).unwrap();
    if told(engine::read_weights(&path)).is_err() {
        return false;
    }
    let init = format!("model.init={}", path.display());
    let mut accepted = false;
    for head in ["model.head=init", "model.head=new"] {
        let settings = settings(&["model.hidden=[4]", &init, head]);
        let images = MADE.digits.train.images();
        let start = engine::start_model(&settings, images, &MADE.compute.device);
        let start = start.map_err(|error| (error.to_string(), error.is_head_only()));
        accepted |= start.is_ok();
    }
    accepted
}

/// What a run leaves, and what is there where another of them is looked at.
pub(crate) const RUN_FILES: [(&str, &str); 7] = [
    ("events.jsonl", ""),
    ("metrics.csv", "update,epoch,learning_rate,train_loss\n"),
    ("summary.json", ""),
    ("data.toml", ""),
    ("found_rate.toml", ""),
    ("settings.toml", "seed = 1\n"),
    ("trials.jsonl", ""),
];

/// One of the files that a run leaves, among others that are right.
fn run_files(bytes: &[u8]) -> bool {
    let (replaced, bytes) = choice(bytes, RUN_FILES.len());
    let path = fresh("run");
    fs::create_dir(&path).unwrap();
    for (file, (name, whole)) in RUN_FILES.into_iter().enumerate() {
        if file == replaced {
            fs::write(path.join(name), bytes).unwrap();
        } else if !whole.is_empty() {
            fs::write(path.join(name), whole).unwrap();
        }
    }
    let run = RunDirectory::open(&path).unwrap();
    let read = [
        told(run.load_settings()).is_ok(),
        told(run.load_inputs()).is_ok() || !path.join("data.toml").exists(),
        told(run.load_events()).is_ok(),
        told(run.load_updates()).is_ok(),
        told(run.load_summary()).is_ok(),
        told(run.load_found_rate()).is_ok(),
        told(RecordedRun::read(&run)).is_ok(),
        told(Journal::open(&path)).is_ok(),
    ];
    // These cut off what is not whole.
    if told(run.event_log(false)).is_ok() {
        let _ = told(run.load_events());
    }
    let _ = told(run.continue_metrics(1));
    read.into_iter().all(|read| read)
}
