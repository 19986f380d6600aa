//! Sequences recorded from the peers, rebuilt through `compat` from the parameters that made them.
//!
//! `tests/golden/*.json` holds a peer's parameters, its output and the tolerance. `GOLDEN_DIR` names another folder with
//! files of the same names, for other parameters.

#![cfg(feature = "serde")]
#![allow(clippy::unwrap_used, clippy::expect_used)] // a panic is how a test fails
#![allow(unreachable_pub)] // what a module has is for this test alone

mod expression;
mod fastai;
mod keras;
mod optax;
mod pytorch_optimizer;
mod timm;
mod torch;
mod transformers;

use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::{env, fs};

use schedules::Scheduler;
use serde_json::Value;

/// What a peer's recording is compared with.
pub struct Rebuilt {
    /// One scheduler for each parameter group.
    pub groups: Vec<Scheduler>,
    /// The number of recorded values at the head that are the peer's fault.
    pub skip: usize,
}

/// How the names of a peer's files begin, what rebuilds them, and how many there are.
type Peer = (&'static str, fn(&Value) -> Rebuilt, usize);

const PEERS: &[Peer] = &[
    ("fastai_", fastai::rebuild, 3),
    ("hf_", transformers::rebuild, 22),
    ("keras_", keras::rebuild, 8),
    ("optax_", optax::rebuild, 17),
    ("pytorch_optimizer_", pytorch_optimizer::rebuild, 1),
    ("timm_", timm::rebuild, 26),
    ("torch_", torch::rebuild, 67),
];

/// The recordings of a peer's fault that is not wanted, and why.
const SKIPPED: &[(&str, &str)] = &[(
    "torch_OneCycleLR_overrun",
    "the update after the last, where the rate climbs again before PyTorch raises an error",
)];

/// The recordings by name, in the folder that is asked for.
fn recordings() -> Vec<(String, Value)> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut files: Vec<PathBuf> = fs::read_dir(&own)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file()) // a folder belongs to another test
        .collect();
    files.sort();
    let folder = env::var_os("GOLDEN_DIR").map_or(own, PathBuf::from);
    let read = |file: PathBuf| {
        let path = folder.join(file.file_name().unwrap());
        let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, serde_json::from_slice(&text).unwrap())
    };
    files.into_iter().map(read).collect()
}

#[test]
fn peers_are_matched() {
    let recordings = recordings();
    let mut wrong = Vec::new();
    for (prefix, rebuild, count) in PEERS {
        let own = || {
            recordings
                .iter()
                .filter(|(name, _)| name.starts_with(prefix))
        };
        assert_eq!(
            own().count(),
            *count,
            "{prefix}: a recording was added or lost"
        );
        for (name, recording) in own() {
            match SKIPPED.iter().find(|(skipped, _)| skipped == name) {
                Some((_, reason)) => {
                    assert!(
                        recording["optional"].is_string(),
                        "{name} must not be skipped"
                    );
                    println!("{name} is skipped: {reason}");
                }
                // Each by itself, so that one failure does not hide the next.
                None => {
                    let compared = catch_unwind(|| compare(name, recording, rebuild(recording)));
                    wrong.extend(compared.err().map(|_| name.as_str()));
                }
            }
        }
    }
    for (name, _) in &recordings {
        assert!(
            PEERS.iter().any(|(prefix, ..)| name.starts_with(prefix)),
            "{name}: no rules"
        );
    }
    assert!(wrong.is_empty(), "{} of them: {wrong:?}", wrong.len());
}

/// A record is refused by another schedule, so schedules that give other rates must not look the same.
#[test]
fn what_peers_wrote_differently_has_another_fingerprint() {
    let recordings = recordings();
    let rebuilt = PEERS.iter().flat_map(|(prefix, rebuild, _)| {
        let own = recordings.iter().filter(move |(name, _)| {
            name.starts_with(prefix) && !SKIPPED.iter().any(|(skipped, _)| skipped == name)
        });
        own.flat_map(|(name, recording)| {
            let groups = rebuild(recording).groups.into_iter();
            groups.map(move |group| (name.as_str(), group))
        })
    });
    let all: Vec<(&str, Scheduler)> = rebuilt.collect();
    let factors = |scheduler: &Scheduler| -> Vec<f64> {
        let schedule = scheduler.schedule();
        (0..400).map(|update| schedule.factor(update)).collect()
    };
    for (index, (name, scheduler)) in all.iter().enumerate() {
        for (other, another) in &all[..index] {
            if scheduler.schedule().fingerprint() == another.schedule().fingerprint() {
                assert_eq!(factors(scheduler), factors(another), "{name} and {other}");
            }
        }
    }
}

/// One recorded list for each group: `key` has one for all, `key` with `_groups` one for each.
fn lists(recording: &Value, key: &str) -> Option<Vec<Vec<f64>>> {
    let numbers = |list: &Value| -> Vec<f64> {
        let numbers = list.as_array().unwrap().iter();
        numbers.map(|value| value.as_f64().unwrap()).collect()
    };
    match (&recording[format!("{key}_groups")], &recording[key]) {
        (Value::Array(groups), _) => Some(groups.iter().map(numbers).collect()),
        (_, list @ Value::Array(_)) => Some(vec![numbers(list)]),
        _ => None,
    }
}

fn compare(name: &str, recording: &Value, rebuilt: Rebuilt) {
    let Rebuilt { groups, skip } = rebuilt;
    let times = lists(recording, "t").map(|mut times| times.swap_remove(0));
    let rates = lists(recording, "lr").unwrap_or_else(|| panic!("{name}: no rates"));
    assert_eq!(rates.len(), groups.len(), "{name}: the number of groups");
    for (group, (rate, expected)) in groups.iter().zip(&rates).enumerate() {
        assert!(
            expected.len() >= skip + 2,
            "{name}: there is nothing to compare"
        );
        if let Some(times) = &times {
            assert_eq!(times.len(), expected.len(), "{name}: the number of times");
        }
        for (index, expected) in expected.iter().enumerate().skip(skip) {
            let found = match &times {
                Some(times) => rate.peak() * rate.schedule().factor_at(times[index]),
                None => rate.rate_at(index as u64),
            };
            assert_close(recording, found, *expected, || {
                format!("{name}, group {group}: rate {index}")
            });
        }
    }
    let momenta = lists(recording, "momentum");
    for (group, rate) in groups.iter().enumerate() {
        let Some(momenta) = &momenta else {
            assert_eq!(rate.momentum_at(0), None, "{name}: no momentum is recorded");
            continue;
        };
        for (index, expected) in momenta[group].iter().enumerate().skip(skip) {
            let found = rate.momentum_at(index as u64).unwrap_or(f64::NAN);
            assert_close(recording, found, *expected, || {
                format!("{name}, group {group}: momentum {index}")
            });
        }
    }
}

/// Asserts that a value is within the recording's tolerance.
fn assert_close(recording: &Value, found: f64, expected: f64, what: impl Fn() -> String) {
    let tolerance = |key: &str| recording["tolerance"][key].as_f64().unwrap();
    let allowed = tolerance("atol") + tolerance("rtol") * expected.abs();
    assert!(
        (found - expected).abs() <= allowed,
        "{} is {found:e}, recorded {expected:e}",
        what()
    );
}
