//! The learning-rate finders of fastai, PyTorch Lightning and torch-lr-finder, rebuilt from recorded parameters.
//!
//! `tests/golden/finder/*.json` holds a peer's parameters, the losses, its output and the tolerance. The variable
//! `GOLDEN_DIR` names another folder with the same files, made from other parameters.

#![cfg(feature = "serde")]
#![allow(clippy::unwrap_used, clippy::expect_used)] // a panic is how a test fails

use std::path::{Path, PathBuf};
use std::{env, fs};

use schedules::compat::{Sweep, fastai, lightning, torch_lr_finder};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// What a finder made of the recorded losses.
struct Rebuilt {
    sweep: Sweep,
    suggestions: Vec<(&'static str, Option<f64>)>,
}

#[test]
fn sweeps_are_matched() {
    for (name, recording) in recordings(|name| name.ends_with("_sweep.json")) {
        let params = Params::of(&recording);
        let kind = recording["type"].as_str().unwrap();
        let lrs: Vec<f64> = match (peer(&recording), kind) {
            ("fastai", "lr_find") => fastai_finder(params).lrs().collect(),
            ("pytorch_lightning", "_ExponentialLR") => {
                lightning_finder(params.with("mode", "exponential"))
                    .lrs()
                    .collect()
            }
            ("pytorch_lightning", "_LinearLR") => lightning_finder(params.with("mode", "linear"))
                .lrs()
                .collect(),
            ("torch_lr_finder", "ExponentialLR") => {
                range_test(params.with("step_mode", "exp")).lrs().collect()
            }
            ("torch_lr_finder", "LinearLR") => range_test(params.with("step_mode", "linear"))
                .lrs()
                .collect(),
            other => panic!("{name}: no rule for {other:?}"),
        };
        assert!(lrs.len() >= 2, "{name}: nothing to compare");
        equal(&name, "lr", &recording, &lrs);
    }
}

#[test]
fn finders_are_matched() {
    for (name, recording) in recordings(|name| name.starts_with("lrfind_")) {
        let params = Params::of(&recording);
        let losses = numbers(&recording["raw_losses"]);
        let Rebuilt { sweep, suggestions } = match recording["type"].as_str().unwrap() {
            "fastai" => fastai_run(params, &losses),
            "lightning" => lightning_run(params, &losses),
            "torch_lr_finder" => torch_lr_finder_run(params, &losses),
            other => panic!("{name}: no rule for {other}"),
        };
        assert!(sweep.lr.len() >= 2, "{name}: nothing to compare");
        equal(&name, "lr", &recording, &sweep.lr);
        equal(&name, "smoothed_losses", &recording, &sweep.smoothed_losses);
        let stopped_at = recording["stopped_at"].as_u64().map(|at| at as usize);
        assert_eq!(sweep.stopped_at, stopped_at, "{name}: stopped at");
        let recorded = recording["suggestions"].as_object().unwrap();
        assert_eq!(recorded.len(), suggestions.len(), "{name}: suggestions");
        for (rule, found) in suggestions {
            let expected = recorded[rule].as_f64();
            assert_eq!(found.is_some(), expected.is_some(), "{name}: {rule}");
            if let (Some(found), Some(expected)) = (found, expected) {
                close(&name, rule, &recording, found, expected);
            }
        }
    }
}

fn fastai_run(params: Params, losses: &[f64]) -> Rebuilt {
    let finder = fastai_finder(params);
    let sweep = finder.run(losses);
    let found = finder.suggestions(&sweep);
    Rebuilt {
        suggestions: vec![
            ("valley", found.valley),
            ("slide", found.slide),
            ("minimum", found.minimum),
            ("steep", found.steep),
        ],
        sweep,
    }
}

fn lightning_run(params: Params, losses: &[f64]) -> Rebuilt {
    let finder = lightning_finder(params);
    let sweep = finder.run(losses);
    Rebuilt {
        suggestions: vec![("steepest", finder.suggestion(&sweep))],
        sweep,
    }
}

fn torch_lr_finder_run(params: Params, losses: &[f64]) -> Rebuilt {
    let test = range_test(params);
    let sweep = test.run(losses);
    Rebuilt {
        suggestions: vec![("steepest", test.suggestion(&sweep))],
        sweep,
    }
}

/// fastai's `lr_find` always trims like this; the recordings say so in words.
fn fastai_finder(params: Params) -> fastai::LrFind {
    params.without("trim", "[num_it//10 : -5]").read()
}

/// The recordings have one name for what Lightning calls `min_lr`, `max_lr` and `num_training`.
fn lightning_finder(params: Params) -> lightning::LrFind {
    params
        .renamed("start_lr", "min_lr")
        .renamed("end_lr", "max_lr")
        .renamed("num_it", "num_training")
        .renamed("num_iter", "num_training")
        .read()
}

fn range_test(params: Params) -> torch_lr_finder::RangeTest {
    params.renamed("num_it", "num_iter").read()
}

/// A peer's parameters, on their way to our names.
struct Params(Map<String, Value>);

impl Params {
    fn of(recording: &Value) -> Self {
        Self(recording["params"].as_object().unwrap().clone())
    }

    fn with(mut self, key: &str, value: &str) -> Self {
        self.0.insert(key.to_owned(), value.into());
        self
    }

    /// Takes out an entry that describes what the peer always does.
    fn without(mut self, key: &str, always: &str) -> Self {
        if let Some(value) = self.0.remove(key) {
            assert_eq!(value, always, "{key}");
        }
        self
    }

    fn renamed(mut self, from: &str, to: &str) -> Self {
        if let Some(value) = self.0.remove(from) {
            self.0.insert(to.to_owned(), value);
        }
        self
    }

    /// Every entry is used: one that is unknown fails.
    fn read<T: DeserializeOwned>(self) -> T {
        serde_json::from_value(Value::Object(self.0)).unwrap()
    }
}

fn equal(name: &str, key: &str, recording: &Value, found: &[f64]) {
    let expected = numbers(&recording[key]);
    assert_eq!(found.len(), expected.len(), "{name}: {key}");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        close(
            name,
            &format!("{key}[{index}]"),
            recording,
            *found,
            expected,
        );
    }
}

fn close(name: &str, what: &str, recording: &Value, found: f64, expected: f64) {
    let tolerance = |key: &str| recording["tolerance"][key].as_f64().unwrap();
    let allowed = tolerance("atol") + tolerance("rtol") * expected.abs();
    let same = found.is_nan() && expected.is_nan() || (found - expected).abs() <= allowed;
    assert!(same, "{name}: {what} is {found:e}, recorded {expected:e}");
}

/// The numbers of a list, in which NaN is null.
fn numbers(list: &Value) -> Vec<f64> {
    let number = |value: &Value| match value {
        Value::Null => f64::NAN,
        value => value.as_f64().unwrap(),
    };
    list.as_array().unwrap().iter().map(number).collect()
}

/// The package that made a recording: the first word of its `source`.
fn peer(recording: &Value) -> &str {
    recording["source"]
        .as_str()
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
}

/// The recordings whose file name is `wanted`, from the folder under test.
fn recordings(wanted: impl Fn(&str) -> bool) -> Vec<(String, Value)> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/finder");
    let names: Vec<String> = fs::read_dir(&own)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names.len(), 17, "a recording was added or lost");
    let folder = env::var_os("GOLDEN_DIR").map_or(own, PathBuf::from);
    let read = |name: String| {
        let text = fs::read_to_string(folder.join(&name)).unwrap();
        let recording = serde_json::from_str(&text).unwrap();
        (name, recording)
    };
    let mut names: Vec<String> = names.into_iter().filter(|name| wanted(name)).collect();
    names.sort();
    names.into_iter().map(read).collect()
}
