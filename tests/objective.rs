//! What an update descends, from which batches, and which weights count afterwards.

use tempfile::tempdir;

use crate::program::{column, succeed, summary};

/// A short run that no other test shares, in double precision where rounding would hide a difference.
const EXACT: [&str; 5] = [
    "train",
    "--set=train.length=2ep",
    "--optimizer=sgd",
    "--set=train.precision=float64",
    "--set=data.shuffle=false",
];

fn train(folder: &std::path::Path, name: &str, settings: &[&str]) -> Vec<f64> {
    succeed(folder, &[&EXACT[..], &["--name", name], settings].concat());
    column(folder, &format!("runs/{name}"), "train_loss")
}

fn apart(ours: &[f64], theirs: &[f64]) -> f64 {
    let pairs = ours.iter().zip(theirs);
    pairs.fold(0.0, |most, (ours, theirs)| (ours - theirs).abs().max(most))
}

#[test]
fn two_half_batches_are_a_batch() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    let whole = train(path, "whole", &["--set=train.length=17"]);
    let halves = [
        "--batch-size=32",
        "--set=train.accumulate=2",
        "--set=train.length=17",
    ];
    let halves = train(path, "halves", &halves);
    assert_eq!((whole.len(), halves.len()), (17, 17));
    assert!(apart(&whole, &halves) < 1e-12, "{whole:?}\n{halves:?}");
}

#[test]
fn an_update_takes_batches_from_two_epochs() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    // 1,150 rows: 4 batches of 256 an epoch, 3 an update; nothing moves, so a batch has the same loss in every epoch.
    let still = "--set=optimizer.groups=[{path=\"\",multiplier=0.0}]";
    let single = train(
        path,
        "single",
        &["--batch-size=256", still, "--set=train.length=4"],
    );
    let three = [
        "--batch-size=256",
        still,
        "--set=train.length=4",
        "--set=train.accumulate=3",
    ];
    let three = train(path, "three", &three);
    let mean = |batches: [usize; 3]| batches.iter().map(|batch| single[*batch]).sum::<f64>() / 3.0;
    let expected = [[0, 1, 2], [3, 0, 1], [2, 3, 0], [1, 2, 3]].map(mean);
    assert!(apart(&three, &expected) < 1e-12, "{three:?}\n{expected:?}");
    let epochs = column(path, "runs/three", "epoch");
    assert_eq!(epochs, [0.0, 0.0, 1.0, 2.0]);
}

#[test]
fn an_epoch_is_the_nearest_number_of_updates() {
    let folder = tempdir().unwrap();
    for (accumulate, updates) in [(1, 17), (2, 9), (4, 4), (7, 2), (100, 1)] {
        let accumulate = format!("train.accumulate={accumulate}");
        let arguments = [
            "schedule",
            "--schedule=constant",
            "--epochs=1",
            "--format=csv",
            "--set=schedule={kind=\"constant\",warmup=0}",
            "--set",
            &accumulate,
        ];
        let rows = succeed(folder.path(), &arguments).lines().count() - 1;
        assert_eq!(rows, updates, "{accumulate}");
    }
}

#[test]
fn the_order_of_the_data_is_kept_or_drawn() {
    let folder = tempdir().unwrap();
    let still = "--set=optimizer.groups=[{path=\"\",multiplier=0.0}]";
    let kept = train(folder.path(), "kept", &[still]);
    assert_eq!(kept[..17], kept[17..]);
    let drawn = train(folder.path(), "drawn", &[still, "--set=data.shuffle=true"]);
    assert_ne!(drawn[..17], drawn[17..]);
}

#[test]
fn a_clipped_gradient_moves_as_far_as_it_may() {
    let folder = tempdir().unwrap();
    let plain = train(folder.path(), "plain", &[]);
    for clip in ["clip_norm", "clip_value"] {
        let clipped = |limit: &str| format!("--set=train.{clip}={limit}");
        let loose = train(folder.path(), &format!("{clip}-loose"), &[&clipped("1e6")]);
        assert!(apart(&loose, &plain) < 1e-9, "{clip}");
        let tight = train(folder.path(), &format!("{clip}-tight"), &[&clipped("1e-9")]);
        // Nothing moves, so the second epoch repeats the first.
        assert!(apart(&tight[..17], &tight[17..]) < 1e-6, "{clip}");
    }
}

#[test]
fn label_smoothing_is_trained_and_not_measured() {
    let folder = tempdir().unwrap();
    let still = "--set=optimizer.groups=[{path=\"\",multiplier=0.0}]";
    train(folder.path(), "plain", &[still]);
    let smoothed = train(
        folder.path(),
        "smoothed",
        &[still, "--set=train.label_smoothing=0.5"],
    );
    let plain = train(folder.path(), "again", &[still]);
    assert!(apart(&smoothed, &plain) > 1e-6);
    let [plain, smoothed] =
        ["plain", "smoothed"].map(|name| summary(folder.path(), &format!("runs/{name}")));
    assert_eq!(plain["test_loss"], smoothed["test_loss"]);
}

#[test]
fn averaged_weights_are_measured_and_saved_and_do_not_disturb() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    let plain = train(path, "plain", &[]);
    let averaged = train(path, "averaged", &["--set=train.ema=0.9"]);
    assert_eq!(plain, averaged);
    let measured = |name: &str| column(path, &format!("runs/{name}"), "validation_loss");
    assert!(apart(&measured("plain"), &measured("averaged")) > 1e-3);
    for name in ["plain", "averaged"] {
        let run = format!("runs/{name}");
        let printed = succeed(path, &["eval", &run, "--json"]);
        let evaluated: serde_json::Value = serde_json::from_str(&printed).unwrap();
        let loss = |value: &serde_json::Value| value["test_loss"].as_f64().unwrap();
        let (ours, theirs) = (loss(&evaluated), loss(&summary(path, &run)));
        // Double precision survives the file.
        assert!((ours - theirs).abs() < 1e-12, "{name}: {ours} and {theirs}");
    }
}

#[test]
fn double_precision_agrees_with_single_and_is_another() {
    let folder = tempdir().unwrap();
    for backend in ["flex", "ndarray"] {
        let run = |precision: &str| {
            let name = format!("{backend}-{precision}");
            let precision = format!("--set=train.precision={precision}");
            train(folder.path(), &name, &["--backend", backend, &precision])
        };
        let apart = apart(&run("float32"), &run("float64"));
        assert!(apart > 1e-9 && apart < 1e-4, "{backend}: {apart}");
    }
}
