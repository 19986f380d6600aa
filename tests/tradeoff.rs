//! The curve of accuracy over budgets, whose points are runs that can be made by themselves.

use std::path::Path;

use tempfile::tempdir;

use crate::program::{read, succeed, summary, trainer};

fn json(folder: &Path, arguments: &[&str]) -> serde_json::Value {
    serde_json::from_str(&succeed(folder, arguments)).unwrap()
}

#[test]
fn every_point_is_what_a_run_of_its_own_reaches() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    let curve = ["tradeoff", "--epochs", "3", "--points", "3", "--seeds", "1"];
    let curve = json(path, &[&curve[..], &["--json"]].concat());
    let points = curve["tradeoff"]["points"].as_array().unwrap();
    let updates: Vec<u64> = points
        .iter()
        .map(|point| point["updates"].as_u64().unwrap())
        .collect();
    assert_eq!(updates, [7, 21, 49]);
    let cost = &curve["tradeoff"]["cost"];
    let made = ["one_by_one", "cyclic", "forks"].map(|way| cost[way].as_u64().unwrap());
    // The trunk goes on until 10 updates before the end, and cool-downs take 1, 4 and 10.
    assert_eq!(made, [77, 49, 39 + 1 + 4 + 10]);

    let common = "train --seed 1 --set train.evaluate_every=7 --set schedule.warmup=1 --name";
    let alone = |name: &str, length: u64, schedule: &[&str]| {
        let length = format!("train.length={length}");
        let common = common
            .split(' ')
            .chain([name, "--set", &length, "--schedule"]);
        let arguments: Vec<&str> = common.chain(schedule.iter().copied()).collect();
        succeed(path, &arguments);
        summary(path, &format!("runs/{name}"))
    };
    let cosine = ["cosine", "--set", "schedule.floor=0"];
    let wsd = ["wsd", "--set", "schedule.decay=10"];
    for (way, run) in [
        ("one_by_one", alone("cosine", 49, &cosine)),
        ("forks", alone("wsd", 49, &wsd)),
    ] {
        let reached = &points[2]["reached"][way];
        assert_eq!(reached["loss"]["mean"], run["validation_loss"], "{way}");
        let accuracy = &reached["accuracy"]["mean"];
        assert_eq!(*accuracy, run["validation_accuracy"], "{way}");
    }
    // The first cycle is the run for the first budget, and no later one is.
    let apart = |point: usize| &points[point]["reached"]["cyclic"]["loss_apart"]["mean"];
    assert_eq!(*apart(0), 0.0);
    assert_ne!(*apart(1), 0.0);
    assert_ne!(*apart(2), 0.0);
}

#[test]
fn it_prints_a_table_and_draws_a_picture_and_leaves_no_run() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    let arguments = ["tradeoff", "--epochs", "2", "--points", "2", "--seeds", "2"];
    let printed = succeed(path, &[&arguments[..], &["--svg", "a.svg"]].concat());
    for text in [
        "mlp on digits, adamw with a peak of 0.01",
        "growing cycles",
        "forks of a trunk",
        "over 2 seeds",
    ] {
        assert!(printed.contains(text), "{text}: {printed}");
    }
    let picture = read(path, "a.svg");
    assert!(picture.contains("Validation accuracy after planned budgets"));
    assert!(!path.join("runs").exists());
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let folder = tempdir().unwrap();
    for (arguments, expected) in [
        (
            &["--schedule", "cosine"][..],
            "--schedule: each way to the curve",
        ),
        (
            &["--points", "9"],
            "--points 9: the shortest of the budgets up to 340 updates would be 1",
        ),
        (
            &["--set", "data.validation=0"],
            "data.validation = 0: budgets are compared",
        ),
    ] {
        let arguments = [&["tradeoff"], arguments].concat();
        let output = trainer(folder.path(), &arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(expected), "{said}");
    }
}
