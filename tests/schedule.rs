//! `trainer schedule`: what is drawn beforehand is what training uses.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::tempdir;

use crate::program::{column, columns, read, succeed, trainer, transcript};

#[test]
fn the_planned_rates_are_the_recorded_ones() {
    let folder = tempdir().unwrap();
    for kind in ["cosine", "one_cycle", "cosine_restarts", "cyclic"] {
        let arguments = ["--schedule", kind, "--optimizer", "sgd", "--epochs", "3"];
        let planned = succeed(
            folder.path(),
            &[&["schedule", "--format", "csv"][..], &arguments].concat(),
        );
        let planned = columns(&planned);
        assert_eq!(planned[2].0, "learning_rate");
        succeed(
            folder.path(),
            &[&["train", "--name", kind][..], &arguments].concat(),
        );
        let recorded = column(folder.path(), &format!("runs/{kind}"), "learning_rate");
        let planned: Vec<f64> = planned[2].1.iter().map(|rate| rate.unwrap()).collect();
        assert_eq!(planned, recorded, "{kind}");
    }
}

#[test]
fn momentum_and_groups_have_columns() {
    let folder = tempdir().unwrap();
    let arguments = [
        "schedule",
        "--schedule",
        "one_cycle",
        "--set",
        "optimizer.groups=[{path=\"layers.0\",multiplier=0.5}]",
    ];
    let csv = columns(&succeed(
        folder.path(),
        &[&arguments[..], &["--format", "csv"]].concat(),
    ));
    let names: Vec<&str> = csv.iter().map(|(name, _)| name.as_str()).collect();
    let expected = ["update", "epoch", "learning_rate", "momentum", "layers.0"];
    assert_eq!(names, expected);
    assert_eq!(csv[3].1[0], Some(0.95));
    let drawn = succeed(
        folder.path(),
        &[&arguments[..], &["--epochs", "7"]].concat(),
    );
    // No update is at the very peak: 0.8500032 there.
    assert!(drawn.contains("; momentum from 0.85 to 0.95\n"), "{drawn}");
    let json = succeed(folder.path(), &[&arguments[..], &["--json"]].concat());
    let rows: Vec<Value> = serde_json::from_str(&json).unwrap();
    assert_eq!(rows.len(), csv[0].1.len());
    for (row, (rate, group)) in rows.iter().zip(csv[2].1.iter().zip(&csv[4].1)) {
        let (rate, group) = (rate.unwrap(), group.unwrap());
        assert_eq!(group, rate * 0.5);
        // The parser of the test loses the last digit of some numbers.
        let close =
            |value: &Value, number: f64| (value.as_f64().unwrap() / number - 1.0).abs() < 1e-15;
        assert!(close(&row["learning_rate"], rate), "{row}");
        assert!(close(&row["groups"]["layers.0"], group), "{row}");
    }
}

#[test]
fn a_group_that_is_frozen_keeps_its_weights() {
    let folder = tempdir().unwrap();
    // With every parameter frozen, the loss of the first update repeats.
    let arguments = [
        "train",
        "--epochs",
        "2",
        "--set",
        "optimizer.groups=[{path=\"\",multiplier=0.0}]",
        "--set",
        "data.batch_size=1150",
        "--name",
        "frozen",
    ];
    succeed(folder.path(), &arguments);
    let losses = column(folder.path(), "runs/frozen", "validation_loss");
    assert_eq!(losses[0], losses[1]);
}

#[test]
fn a_person_sees_the_curve_and_every_kind() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    insta::assert_snapshot!("schedule", transcript(path, &["schedule"]));
    insta::assert_snapshot!("schedule_list", transcript(path, &["schedule", "--list"]));
    let schema: Value =
        serde_json::from_str(&succeed(path, &["schedule", "--list", "--json"])).unwrap();
    assert!(schema["oneOf"].is_array());
}

#[test]
fn a_picture_is_written_once() {
    let folder = tempdir().unwrap();
    let arguments = ["schedule", "--svg", "lr.svg"];
    succeed(folder.path(), &arguments);
    let picture = read(folder.path(), "lr.svg");
    assert!(picture.starts_with("<svg "), "{picture}");
    fs::write(folder.path().join("lr.svg"), "mine").unwrap();
    let refused = trainer(folder.path(), &arguments).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(read(folder.path(), "lr.svg"), "mine");
}

#[test]
fn a_plateau_needs_a_metric_and_follows_it() {
    let folder = tempdir().unwrap();
    let plateau = "schedule.plateau={patience=1,factor=0.5,min_delta=10.0}";
    let arguments = [
        "train",
        "--epochs",
        "4",
        "--schedule",
        "constant",
        "--set",
        plateau,
    ];
    let without = [&arguments[..], &["--set", "data.validation=0"]].concat();
    let refused = trainer(folder.path(), &without).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    // A distance that nothing gets better by: every report but the first halves the rate.
    succeed(folder.path(), &[&arguments[..], &["--name", "a"]].concat());
    let rates = column(folder.path(), "runs/a", "learning_rate");
    let of_epochs: Vec<f64> = rates.chunks(17).map(|rates| rates[0]).collect();
    assert_eq!(of_epochs, [0.01, 0.01, 0.005, 0.0025]);
}

#[test]
fn every_configuration_that_is_given_can_be_drawn() {
    let folder = tempdir().unwrap();
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/schedules");
    let mut drawn = 0;
    for entry in fs::read_dir(configs).unwrap() {
        let path = entry.unwrap().path();
        succeed(folder.path(), &["schedule", path.to_str().unwrap()]);
        drawn += 1;
    }
    assert_eq!(drawn, 8);
}
