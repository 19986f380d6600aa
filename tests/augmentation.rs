//! Training images changed by chance: only those, the same in every repetition, and to the benefit of learning.

use std::path::Path;

use tempfile::tempdir;

use crate::program::{column, succeed, summary, trainer};

const EVERYTHING: [&str; 3] = [
    "--set=data.augment.shift=1",
    "--set=data.augment.flip=0.5",
    "--set=data.augment.cutout=2",
];

fn losses(folder: &Path, name: &str) -> Vec<f64> {
    column(folder, &format!("runs/{name}"), "train_loss")
}

/// With weights that do not move, what is measured is the same with and without, to the last bit.
#[test]
fn images_that_are_measured_are_never_changed() {
    let folder = tempdir().unwrap();
    let still = [
        "train",
        "--epochs=1",
        "--set=optimizer.groups=[{path=\"\",multiplier=0.0}]",
    ];
    succeed(folder.path(), &[&still[..], &["--name=plain"]].concat());
    let changed = [&still[..], &EVERYTHING, &["--name=changed"]].concat();
    succeed(folder.path(), &changed);
    let measured = ["validation_loss", "test_loss", "test_accuracy"].map(|key| {
        let of = |run: &str| summary(folder.path(), run)[key].clone();
        (of("runs/plain"), of("runs/changed"))
    });
    for (plain, changed) in measured {
        assert!(plain.is_f64());
        assert_eq!(plain, changed);
    }
    let (plain, changed) = (
        losses(folder.path(), "plain"),
        losses(folder.path(), "changed"),
    );
    assert!(
        plain
            .iter()
            .zip(&changed)
            .all(|(plain, changed)| plain != changed)
    );
}

#[test]
fn a_run_repeats_itself_from_its_settings_and_with_any_number_of_threads() {
    let folder = tempdir().unwrap();
    let run = [&["train", "--epochs=2", "--name=a"], &EVERYTHING[..]].concat();
    succeed(folder.path(), &run);
    for threads in ["1", "3"] {
        let again = ["train", "runs/a/settings.toml", "--name", threads];
        let output = trainer(folder.path(), &again)
            .env("RAYON_NUM_THREADS", threads)
            .output()
            .unwrap();
        assert!(output.status.success());
        assert_eq!(losses(folder.path(), "a"), losses(folder.path(), threads));
    }
}

/// Two halves of a batch hold the images of the whole one, changed as there.
#[test]
fn a_change_does_not_depend_on_the_batch() {
    let folder = tempdir().unwrap();
    let exact = [
        &["train", "--set=train.length=9", "--optimizer=sgd"][..],
        &["--set=train.precision=float64"],
        &EVERYTHING,
    ]
    .concat();
    succeed(folder.path(), &[&exact[..], &["--name=whole"]].concat());
    let halves = [
        "--batch-size=32",
        "--set=train.accumulate=2",
        "--name=halves",
    ];
    succeed(folder.path(), &[&exact[..], &halves].concat());
    let pairs = losses(folder.path(), "whole")
        .into_iter()
        .zip(losses(folder.path(), "halves"));
    for (whole, halves) in pairs {
        assert!((whole - halves).abs() < 1e-12, "{whole}, {halves}");
    }
}
