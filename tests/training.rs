//! The main job end to end, its files, and that it repeats itself.

use std::fs;

use tempfile::tempdir;

use crate::program::{column, columns, read, succeed, summary};

/// The default run, shortened.
const SHORT: [&str; 3] = ["train", "--epochs", "3"];

fn with<'a>(base: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [base, more].concat()
}

#[test]
fn the_default_run_learns_the_digits() {
    let folder = tempdir().unwrap();
    let mut accuracies = Vec::new();
    for seed in ["1", "2", "3", "4", "5"] {
        let printed = succeed(folder.path(), &["train", "--seed", seed, "--name", seed]);
        let summary = summary(folder.path(), &format!("runs/{seed}"));
        let accuracy = summary["test_accuracy"].as_f64().unwrap();
        let shown = format!("test accuracy {:.2} %", 100.0 * accuracy);
        assert!(printed.starts_with(&shown), "{printed}");
        assert!(printed.contains(&format!("runs/{seed}")), "{printed}");
        accuracies.push(accuracy);
    }
    let mean = accuracies.iter().sum::<f64>() / accuracies.len() as f64;
    assert!(mean >= 0.96, "{accuracies:?}");
    assert!(
        accuracies.iter().all(|accuracy| *accuracy >= 0.95),
        "{accuracies:?}"
    );
}

/// Running statistics are saved with the weights, and masks are drawn from the seed.
#[test]
fn a_network_with_batch_norm_and_masks_repeats_and_is_measured_again_as_it_was() {
    let folder = tempdir().unwrap();
    let resnet = ["train", "--model", "resnet", "--set", "train.length=6"];
    let drops = ["--set", "model.dropout=0.2"];
    let skips = ["--set", "model.stochastic_depth=0.4"];
    let dropping = with(&with(&resnet, &drops), &skips);
    succeed(folder.path(), &with(&dropping, &["--name", "a"]));
    succeed(
        folder.path(),
        &["train", "runs/a/settings.toml", "--name", "b"],
    );
    succeed(folder.path(), &with(&resnet, &["--name", "plain"]));
    let losses = |run: &str| column(folder.path(), run, "train_loss");
    assert_eq!(losses("runs/a"), losses("runs/b"));
    assert_ne!(losses("runs/a")[0], losses("runs/plain")[0]);

    let measured = succeed(folder.path(), &["eval", "runs/a", "--json"]);
    let measured: serde_json::Value = serde_json::from_str(&measured).unwrap();
    let saved = summary(folder.path(), "runs/a");
    assert_eq!(measured["test_loss"], saved["test_loss"]);
}

#[test]
fn every_update_draws_other_masks() {
    let folder = tempdir().unwrap();
    // The same rows in every update, and weights that hardly move: losses differ by their masks alone.
    let still = ["train", "--lr", "1e-12", "--batch-size", "1150"];
    let still = with(&still, &["--set", "train.length=3"]);
    let spread = |name: &str, dropout: &str| {
        let more = ["--name", name, "--set", dropout];
        succeed(folder.path(), &with(&still, &more));
        let losses = column(folder.path(), &format!("runs/{name}"), "train_loss");
        let apart = |a: usize, b: usize| (losses[a] - losses[b]).abs();
        apart(0, 1).min(apart(1, 2)).min(apart(0, 2))
    };
    assert!(spread("plain", "model.dropout=0") < 1e-6);
    assert!(spread("dropped", "model.dropout=0.5") > 1e-5);
}

#[test]
fn a_run_leaves_its_settings_metrics_summary_and_weights() {
    let folder = tempdir().unwrap();
    succeed(folder.path(), &SHORT);
    let run = "runs/digits-mlp-cosine-1";
    for file in [
        "settings.toml",
        "metrics.csv",
        "summary.json",
        "events.jsonl",
        "checkpoints/last/model.safetensors",
    ] {
        assert!(
            folder.path().join(run).join(file).is_file(),
            "{file} is missing"
        );
    }
    let rates = column(folder.path(), run, "learning_rate");
    let losses = column(folder.path(), run, "train_loss");
    let summary = summary(folder.path(), run);
    // 1,437 training rows, 287 of them for validation: 17 batches of 64 an epoch.
    assert_eq!(summary["updates"], 51);
    assert_eq!((rates.len(), losses.len()), (51, 51));
    assert_eq!(column(folder.path(), run, "validation_loss").len(), 3);
    for key in [
        "seconds",
        "seconds_to_first_update",
        "test_loss",
        "validation_accuracy",
    ] {
        assert!(summary[key].is_f64(), "{key}: {summary}");
    }
    // Warm-up over 5 % of 51 updates, then a cosine to a hundredth of the peak at the last update.
    assert!(rates[0] < rates[2] && rates[5] > rates[50], "{rates:?}");
    assert!(losses[50] < losses[0] / 2.0, "{losses:?}");
}

#[test]
fn the_same_command_twice_gives_the_same_bytes() {
    for backend in ["flex", "ndarray"] {
        let folder = tempdir().unwrap();
        for name in ["a", "b"] {
            succeed(
                folder.path(),
                &with(&SHORT, &["--backend", backend, "--name", name]),
            );
        }
        let metrics = |name: &str| read(folder.path(), &format!("runs/{name}/metrics.csv"));
        assert_eq!(metrics("a"), metrics("b"), "{backend}");

        succeed(
            folder.path(),
            &with(
                &SHORT,
                &["--backend", backend, "--seed", "2", "--name", "c"],
            ),
        );
        assert_ne!(
            metrics("a"),
            metrics("c"),
            "{backend}: the seed must matter"
        );
    }
}

#[test]
fn a_run_repeats_from_its_own_settings() {
    let folder = tempdir().unwrap();
    let flags = [
        "--optimizer",
        "sgd",
        "--schedule",
        "step",
        "--batch-size",
        "32",
        "--name",
        "a",
    ];
    succeed(folder.path(), &with(&SHORT, &flags));
    succeed(
        folder.path(),
        &["train", "runs/a/settings.toml", "--name", "b"],
    );
    let file = |name: &str, file: &str| read(folder.path(), &format!("runs/{name}/{file}"));
    assert_eq!(file("a", "settings.toml"), file("b", "settings.toml"));
    assert_eq!(file("a", "metrics.csv"), file("b", "metrics.csv"));
}

#[test]
fn eval_gives_the_accuracy_of_the_summary() {
    let folder = tempdir().unwrap();
    succeed(folder.path(), &with(&SHORT, &["--name", "a"]));
    let summary = summary(folder.path(), "runs/a");
    for backend in ["flex", "ndarray"] {
        let printed = succeed(
            folder.path(),
            &["eval", "runs/a", "--json", "--backend", backend],
        );
        let measured: serde_json::Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(
            measured["test_accuracy"], summary["test_accuracy"],
            "{backend}"
        );
        let loss = measured["test_loss"].as_f64().unwrap();
        let expected = summary["test_loss"].as_f64().unwrap();
        assert!(
            (loss - expected).abs() < 1e-5,
            "{backend}: {loss}, {expected}"
        );
    }
}

#[test]
fn every_optimizer_learns_without_a_rate() {
    let folder = tempdir().unwrap();
    for optimizer in trainer::config::Rule::NAMES {
        succeed(
            folder.path(),
            &["train", "--optimizer", optimizer, "--name", optimizer],
        );
        let summary = summary(folder.path(), &format!("runs/{optimizer}"));
        let accuracy = summary["test_accuracy"].as_f64().unwrap();
        assert!(accuracy >= 0.95, "{optimizer}: {accuracy}");
    }
}

#[test]
fn the_momentum_is_recorded_where_the_schedule_moves_it() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    let cycle = ["--schedule", "one_cycle", "--set", "train.length=30"];
    let planned = ["schedule", "--format", "csv", "--optimizer", "sgd"];
    let planned = columns(&succeed(path, &with(&planned, &cycle)));
    let (_, planned) = planned.iter().find(|(name, _)| name == "momentum").unwrap();
    let planned: Vec<f64> = planned.iter().copied().flatten().collect();
    for (optimizer, follows) in [("sgd", true), ("adamw", true), ("lion", false)] {
        let run = ["train", "--optimizer", optimizer, "--name", optimizer];
        succeed(path, &with(&run, &cycle));
        let recorded = column(path, &format!("runs/{optimizer}"), "momentum");
        let expected: &[f64] = if follows { &planned } else { &[] };
        assert_eq!(recorded, expected, "{optimizer}");
    }
    assert!(
        planned.len() == 30 && planned[0] > planned[9],
        "{planned:?}"
    );
    succeed(path, &with(&SHORT, &["--name", "cosine"]));
    assert!(column(path, "runs/cosine", "momentum").is_empty());
}

#[test]
fn a_run_is_never_overwritten() {
    let folder = tempdir().unwrap();
    succeed(folder.path(), &with(&SHORT, &["--name", "a"]));
    let before = read(folder.path(), "runs/a/metrics.csv");
    let again = crate::program::transcript(folder.path(), &with(&SHORT, &["--name", "a"]));
    assert!(
        again.contains("runs/a holds a run already") && again.contains("[exit 2]"),
        "{again}"
    );
    assert_eq!(before, read(folder.path(), "runs/a/metrics.csv"));
}

#[test]
fn a_diverging_run_says_where_and_exits_with_5() {
    let folder = tempdir().unwrap();
    let hopeless = ["--optimizer", "sgd", "--lr", "1e18", "--name", "a"];
    let said = crate::program::transcript(folder.path(), &with(&SHORT, &hopeless));
    assert!(
        said.contains("error: diverged: the training loss was"),
        "{said}"
    );
    assert!(said.contains("[exit 5]"), "{said}");
    let rows = fs::read_to_string(folder.path().join("runs/a/metrics.csv")).unwrap();
    let last = rows.lines().last().unwrap();
    assert!(
        last.contains("NaN") || last.contains("inf"),
        "the last row shows it: {last}"
    );
}

#[test]
fn a_batch_that_is_larger_than_all_images_is_all_of_them() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    let run = [
        "train",
        "--set=data.drop_last=false",
        "--set=train.length=2",
        "--optimizer=sgd",
    ];
    for (name, batch_size) in [("all", "1150"), ("more", "1000000000000000000")] {
        let own = ["--name", name, "--batch-size", batch_size];
        succeed(path, &[&run[..], &own].concat());
    }
    let losses = |run| column(path, run, "train_loss");
    assert_eq!(losses("runs/more"), losses("runs/all"));
}
