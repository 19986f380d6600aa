//! What `make_runs.py` was told, and what it saw.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};
use trainer::config::{Layer, Settings, resolve};
use trainer::data::{Dataset, Part, load};

/// A recorded run; a key that is not known here is a failure.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recording {
    #[serde(rename = "source")]
    _source: String,
    pub(super) run: Run,
    pub(super) float64: Seen,
    /// PyTorch's own, which nothing here is compared with.
    #[serde(rename = "float32")]
    _float32: Seen,
    #[serde(skip)]
    weights: PathBuf,
}

/// A run as it was asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Run {
    pub(super) name: String,
    /// Drew the weights, which lie in a file.
    #[serde(rename = "seed")]
    _seed: u64,
    pub(super) data: String,
    limit: Option<usize>,
    pub(super) model: String,
    #[serde(default)]
    model_args: Map<String, Value>,
    batch_size: usize,
    pub(super) updates: u64,
    accumulate: Option<u64>,
    clip_norm: Option<f64>,
    label_smoothing: Option<f64>,
    pub(super) optimizer: Value,
    pub(super) schedule: Value,
}

/// What a run gave.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Seen {
    pub(super) loss: Vec<f64>,
    pub(super) lr: Vec<f64>,
    /// Only where it moves.
    pub(super) momentum: Option<Vec<f64>>,
    pub(super) test_loss: f64,
    pub(super) test_accuracy: f64,
}

impl Recording {
    pub(super) fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let read = serde_json::from_str(&text);
        let recording: Self = read.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self {
            weights: path.with_extension("safetensors"),
            ..recording
        }
    }

    /// Every recorded run of `folder`, by name.
    pub(super) fn all(folder: &Path) -> Vec<Self> {
        let entries = fs::read_dir(folder)
            .unwrap_or_else(|error| panic!("RUNS_DIR={}: {error}", folder.display()));
        let paths = entries.map(|entry| entry.unwrap().path());
        let mut paths: Vec<PathBuf> = paths
            .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
            .collect();
        paths.sort();
        assert!(!paths.is_empty(), "no run in {}", folder.display());
        paths.iter().map(|path| Self::read(path)).collect()
    }

    /// The settings of the run, but for its optimizer and its schedule. `mnist` is the folder of its data.
    pub(super) fn settings(&self, precision: &str, updates: u64, mnist: Option<&Path>) -> Settings {
        let run = &self.run;
        let mut assignments = vec![
            format!("data.name={}", run.data),
            "data.validation=0".to_owned(),
            "data.shuffle=false".to_owned(),
            format!("data.batch_size={}", run.batch_size),
            format!("model.kind={}", run.model),
            format!("model.init={:?}", self.weights),
            format!("train.length={updates}"),
            format!("train.precision={precision}"),
        ];
        match (run.data.as_str(), mnist) {
            ("digits", _) => assignments.push("data.split=file".to_owned()),
            ("mnist", Some(folder)) => assignments.push(format!("data.path={folder:?}")),
            (data, _) => panic!("{}: no folder for {data}", run.name),
        }
        let arguments = run.model_args.iter();
        assignments.extend(arguments.map(|(name, value)| format!("model.{name}={value}")));
        let mut optional = |key: &str, value: Option<String>| {
            assignments.extend(value.map(|value| format!("train.{key}={value}")));
        };
        optional("accumulate", run.accumulate.map(|count| count.to_string()));
        optional("clip_norm", run.clip_norm.map(|norm| format!("{norm:?}")));
        let smoothing = run.label_smoothing.map(|share| format!("{share:?}"));
        optional("label_smoothing", smoothing);
        let layers = assignments
            .iter()
            .map(|assignment| Layer::from_set(assignment).unwrap());
        let resolved = resolve(layers);
        let resolved = resolved.unwrap_or_else(|error| panic!("{}: {}", run.name, error.message));
        resolved.settings
    }

    /// The first rows of the training and of the test images. `make_runs.py` takes all of the digits, whatever `limit`
    /// says.
    pub(super) fn dataset(&self, settings: &Settings) -> Dataset {
        let dataset = load(&settings.data).unwrap();
        let limit = match self.run.data.as_str() {
            "digits" => None,
            _ => self.run.limit,
        };
        let first = |part: &Part| {
            let count = limit.unwrap_or(part.len()).min(part.len());
            Part::new(part.images().clone(), part.rows()[..count].to_vec())
        };
        Dataset {
            train: first(&dataset.train),
            validation: dataset.validation.clone(),
            test: first(&dataset.test),
        }
    }
}
