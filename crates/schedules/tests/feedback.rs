//! Sequences recorded from the peers' metric-driven schedulers, rebuilt from the parameters that made them.
//!
//! `tests/golden/feedback/*.json` holds a peer's parameters, the metrics, the rates and the tolerance. `GOLDEN_DIR`
//! names another folder with files of the same names, for other parameters.

#![cfg(feature = "serde")]
#![allow(clippy::unwrap_used, clippy::expect_used)] // a panic is how a test fails

use std::path::{Path, PathBuf};
use std::{env, fs};

use schedules::compat::{keras, optax, timm, torch, transformers};
use schedules::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::Value;

type Built = (Scheduler, FeedbackHandle);

fn recordings() -> Vec<Value> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/feedback");
    let mut names: Vec<_> = fs::read_dir(&own)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names.len(), 19, "a recording was added or lost");
    let folder = env::var_os("GOLDEN_DIR").map_or(own, PathBuf::from);
    let read = |name| serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap();
    names.into_iter().map(read).collect()
}

fn read<T: DeserializeOwned>(recording: &Value) -> T {
    serde_json::from_value(recording["params"].clone())
        .unwrap_or_else(|error| panic!("{}: {error}", recording["id"]))
}

/// The schedulers of a recording, one for each parameter group.
fn rebuild(recording: &Value) -> Vec<Built> {
    let bases: Vec<f64> = match &recording["base_lr"] {
        Value::Array(bases) => bases.iter().map(|base| base.as_f64().unwrap()).collect(),
        base => vec![base.as_f64().unwrap()],
    };
    let source = recording["source"].as_str().unwrap();
    let built = match source.split_once(' ').unwrap().0 {
        "torch" => read::<torch::ReduceLROnPlateau>(recording).build_groups(&bases),
        "transformers" => read::<transformers::GreedyLR>(recording).build_groups(&bases),
        "timm" => read::<timm::PlateauLRScheduler>(recording)
            .build(bases[0])
            .map(|built| vec![built]),
        "keras" => read::<keras::ReduceLROnPlateau>(recording)
            .build(bases[0])
            .map(|built| vec![built]),
        "optax" => read::<optax::ReduceOnPlateau>(recording)
            .build(bases[0])
            .map(|built| vec![built]),
        other => panic!("no rules for {other}"),
    };
    built.unwrap_or_else(|error| panic!("{}: {error}", recording["id"]))
}

fn numbers(list: &Value) -> Vec<f64> {
    let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
    list.as_array().unwrap().iter().map(number).collect()
}

/// The rates in effect, and what restores the scheduler in the middle if `resumed`.
fn rates(recording: &Value, group: usize, resumed: bool) -> Vec<f64> {
    let metrics = numbers(&recording["metrics"]);
    let reports_first = recording["indexing"]
        .as_str()
        .unwrap()
        .contains("computed AFTER metrics[i] was fed");
    let (mut rate, mut feedback) = rebuild(recording).swap_remove(group);
    let mut rates = Vec::new();
    for (index, metric) in metrics.iter().enumerate() {
        if resumed && index % 7 == 3 {
            let text = serde_json::to_string(&rate.state()).unwrap();
            (rate, feedback) = rebuild(recording).swap_remove(group);
            rate.try_restore(serde_json::from_str(&text).unwrap())
                .unwrap();
        }
        if reports_first {
            feedback.report(*metric);
            rates.push(rate.step());
        } else {
            rates.push(rate.step());
            feedback.report(*metric);
        }
    }
    if !reports_first {
        rates.push(rate.step());
    }
    rates
}

#[test]
fn peers_are_matched() {
    let mut still = 0;
    for recording in recordings() {
        let id = recording["id"].as_str().unwrap();
        let groups: Vec<Vec<f64>> = match &recording["lr_groups"] {
            Value::Array(groups) => groups.iter().map(numbers).collect(),
            _ => vec![numbers(&recording["lr"])],
        };
        let tolerance = |key: &str| recording["tolerance"][key].as_f64().unwrap();
        let mut changes = 0;
        for (group, expected) in groups.iter().enumerate() {
            let found = rates(&recording, group, false);
            assert_eq!(found.len(), expected.len(), "{id}");
            for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
                let allowed = tolerance("atol") + tolerance("rtol") * expected.abs();
                assert!(
                    (found - expected).abs() <= allowed,
                    "{id}, group {group}: update {index} is {found:e}, recorded {expected:e}"
                );
            }
            changes += expected.windows(2).filter(|two| two[0] != two[1]).count();
            // Through a state in JSON it is the same to the last bit.
            assert_eq!(rates(&recording, group, true), found, "{id}");
        }
        still += usize::from(changes == 0);
    }
    // A relative threshold never sees a plateau of negative metrics.
    let own = env::var_os("GOLDEN_DIR").is_none();
    assert!(!own || still == 1, "nothing happens in {still} recordings");
}

#[test]
fn the_peers_defaults_are_theirs() {
    let empty = || serde_json::json!({});
    assert_eq!(
        serde_json::from_value::<torch::ReduceLROnPlateau>(empty()).unwrap(),
        torch::ReduceLROnPlateau::default()
    );
    let unknown = serde_json::json!({ "paitence": 3 });
    assert!(serde_json::from_value::<torch::ReduceLROnPlateau>(unknown.clone()).is_err());
    assert!(serde_json::from_value::<timm::PlateauLRScheduler>(unknown.clone()).is_err());
    assert!(serde_json::from_value::<keras::ReduceLROnPlateau>(unknown.clone()).is_err());
    assert!(serde_json::from_value::<optax::ReduceOnPlateau>(unknown.clone()).is_err());
    assert!(serde_json::from_value::<transformers::GreedyLR>(unknown).is_err());
}

/// A deterministic sequence between -1/2 and 1/2.
fn noise(index: u64) -> f64 {
    let mixed = (index + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    (mixed >> 11) as f64 / (1u64 << 53) as f64 - 0.5
}

/// The numbers of the reports at which the multiplier changes.
fn changes(plateau: Plateau, metrics: impl Iterator<Item = f64>) -> Vec<usize> {
    let (_, plateau) = Constant::new().peak(0.1).unwrap().plateau(plateau).unwrap();
    metrics
        .enumerate()
        .filter(|(_, metric)| plateau.report(*metric).is_change())
        .map(|(index, _)| index)
        .collect()
}

/// The series of pytorch#30873: a loss that falls, spikes, and falls steadily from there without reaching its best.
fn spike(index: u64) -> f64 {
    let fallen = 1.0 - 0.01 * index as f64;
    let spiked = if index >= 20 { 2.0 } else { 0.0 };
    fallen + spiked + 0.01 * noise(index)
}

#[test]
fn a_spike_and_a_steady_decrease_are_no_plateau_by_trend() {
    for patience in [5, 6, 8, 10, 16, 30] {
        let plateau = Plateau::min().patience(patience);
        let by = |rule| changes(plateau.rule(rule), (0..80).map(spike));
        // The best is of update 19, and `patience` + 1 reports are worse.
        assert_eq!(by(PlateauRule::Torch)[0] as u64, 20 + patience);
        assert_eq!(by(PlateauRule::Trend), [0; 0], "patience {patience}");
    }
}

#[test]
fn level_and_rising_series_are_plateaus_by_trend() {
    let plateau = Plateau::min().rule(PlateauRule::Trend).patience(10);
    let rising = changes(plateau, (0..40).map(|index| index as f64 + noise(index)));
    assert_eq!(rising, [9, 19, 29, 39]);
    let level = changes(plateau, (0..100).map(|index| 1.0 + 0.1 * noise(index)));
    assert!(level.len() >= 5, "{level:?}");
    let highest = Plateau::max().rule(PlateauRule::Trend).patience(10);
    let rising = changes(highest, (0..40).map(|index| index as f64 + noise(index)));
    assert_eq!(rising, [0; 0]);
}
