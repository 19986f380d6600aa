//! Runs that diverge, and runs that get no better.

use std::fs;
use std::path::Path;

use tempfile::tempdir;

use crate::program::{column, read, succeed, summary, text, trainer};

/// A rate that is too high by some halvings, so that it takes some recoveries.
const WILD: &[&str] = &[
    "train",
    "--optimizer=sgd",
    "--lr=1e5",
    "--schedule=constant",
    "--set=train.length=60",
    "--set=train.evaluate_every=5",
    "--set=checkpoint.every=7",
    "--set=train.on_divergence=recover",
    "--set=train.recover_factor=0.01",
    "--set=train.recover_most=9",
];

fn events(folder: &Path, run: &str, kind: &str) -> Vec<serde_json::Value> {
    let text = read(folder, &format!("{run}/events.jsonl"));
    let events = text.lines().map(|line| serde_json::from_str(line).unwrap());
    events
        .filter(|event: &serde_json::Value| event["event"] == kind)
        .collect()
}

#[test]
fn a_run_that_diverges_goes_back_and_learns_at_a_lower_rate() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    succeed(path, &[WILD, &["--name=a"]].concat());
    let recovered = events(path, "runs/a", "recovered");
    assert!(!recovered.is_empty());
    assert_eq!(events(path, "runs/a", "diverged").len(), recovered.len());
    let rates = column(path, "runs/a", "learning_rate");
    assert_eq!(rates.len(), 60);
    let scale = recovered.last().unwrap()["scale"].as_f64().unwrap();
    let back = recovered.last().unwrap()["updates"].as_u64().unwrap() as usize;
    assert!(
        rates[back..].iter().all(|rate| *rate == 1e5 * scale),
        "{rates:?}"
    );
    let losses = column(path, "runs/a", "train_loss");
    assert!(losses.iter().all(|loss| loss.is_finite()), "{losses:?}");
    assert!(summary(path, "runs/a")["test_accuracy"].as_f64().unwrap() > 0.5);
}

#[test]
fn a_state_that_was_taken_back_is_no_best_one() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    succeed(path, &[WILD, &["--name=a"]].concat());
    let state = |slot: &str| -> serde_json::Value {
        let path = format!("runs/a/checkpoints/{slot}/state.json");
        serde_json::from_str(&read(folder.path(), &path)).unwrap()
    };
    let back: Vec<u64> = serde_json::from_value(state("last")["recovered"].clone()).unwrap();
    assert!(!back.is_empty());
    // A loss of a rate that is far too high is void wherever it was kept.
    for slot in ["best", "previous"] {
        let state = state(slot);
        let known = state["recovered"].as_array().unwrap().len();
        let later = back[known..].iter().min();
        let updates = state["updates"].as_u64().unwrap();
        assert!(later.is_none_or(|back| *back >= updates), "{slot}: {state}");
    }
    let losses = column(path, "runs/a", "validation_loss");
    let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
    let best = state("best")["updates"].as_u64().unwrap() as usize;
    assert_eq!(losses[best / 5 - 1], least, "{best} of {losses:?}");
}

#[test]
fn a_recovered_run_goes_on_exactly() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    succeed(path, &[WILD, &["--name=whole"]].concat());
    let files = |run: &str| {
        [
            "metrics.csv",
            "checkpoints/best/model.safetensors",
            "checkpoints/last/model.safetensors",
            "checkpoints/last/state.safetensors",
        ]
        .map(|file| fs::read(path.join("runs").join(run).join(file)).unwrap())
    };
    let whole = files("whole");
    for step in (14..320).step_by(7) {
        let name = format!("killed-{step}");
        let output = trainer(path, &[WILD, &["--name", &name]].concat())
            .env("ANNEAL_FAULT", format!("file:{step}:kill"))
            .output()
            .unwrap();
        let run = format!("runs/{name}");
        if output.status.success() {
            continue;
        }
        let said = trainer(path, &["train", "--resume", &run])
            .output()
            .unwrap();
        assert!(said.status.success(), "{step}: {}", text(&said.stderr));
        assert!(files(&name) == whole, "{step}: {}", text(&said.stderr));
    }
}

#[test]
fn a_diverged_run_can_be_told_to_recover_afterwards() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    let wild = [&WILD[..7], &["--name=a"]].concat();
    let output = trainer(path, &wild).output().unwrap();
    assert_eq!(output.status.code(), Some(5));
    let more = [
        "--set=train.on_divergence=recover",
        "--set=train.recover_factor=1e-6",
    ];
    succeed(
        path,
        &[&["train", "--resume", "runs/a"], &more[..]].concat(),
    );
    assert!(summary(path, "runs/a")["test_accuracy"].as_f64().unwrap() > 0.5);
}

#[test]
fn a_run_that_gets_no_better_ends_early_and_exactly_so_when_resumed() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    let run = [
        "train",
        "--set=train.length=400",
        "--set=train.evaluate_every=10",
        "--set=checkpoint.every=15",
        "--set=early_stopping.patience=4",
        "--set=early_stopping.min_change=0.02",
    ];
    succeed(path, &[&run[..], &["--name=whole"]].concat());
    let made = summary(path, "runs/whole")["updates"].as_u64().unwrap();
    assert!((40..400).contains(&made), "{made}");
    assert_eq!(events(path, "runs/whole", "ends_early")[0]["updates"], made);
    assert_eq!(column(path, "runs/whole", "train_loss").len() as u64, made);
    // The best loss that counted was four evaluations before.
    let losses = column(path, "runs/whole", "validation_loss");
    let end = losses.len() - 5;
    let later = losses[end + 1..]
        .iter()
        .copied()
        .fold(f64::INFINITY, f64::min);
    assert!(later >= losses[end] - 0.02, "{losses:?}");
    for step in [40, 90, 140, 200] {
        let name = format!("killed-{step}");
        trainer(path, &[&run[..], &["--name", &name]].concat())
            .env("ANNEAL_FAULT", format!("file:{step}:kill"))
            .output()
            .unwrap();
        succeed(path, &["train", "--resume", &format!("runs/{name}")]);
        let metrics = |run: &str| read(path, &format!("runs/{run}/metrics.csv"));
        assert_eq!(metrics(&name), metrics("whole"), "{step}");
    }
}
