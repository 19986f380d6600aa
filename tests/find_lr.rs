//! `trainer find-lr`, and the rate that `trainer train --lr auto` finds for itself.

use tempfile::tempdir;

use crate::program::{column, columns, read, succeed, summary, transcript};

#[test]
fn it_suggests_draws_and_changes_nothing() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    let text = succeed(path, &["find-lr", "--svg", "a.svg"]);
    for rule in ["valley", "slide", "minimum", "steep", "combined"] {
        assert!(text.contains(rule), "{text}");
    }
    assert!(
        text.contains("nothing was changed; to use it: --lr "),
        "{text}"
    );
    let picture = read(path, "a.svg");
    assert!(
        picture.contains("combined") && picture.contains("Smoothed loss"),
        "{picture}"
    );
    assert!(!path.join("runs").exists(), "it is no run");

    let sgd = ["find-lr", "--optimizer", "sgd", "--format", "csv"];
    let rows = columns(&succeed(path, &sgd));
    let rates: Vec<f64> = rows[2].1.iter().flatten().copied().collect();
    assert_eq!(rows[2].0, "learning_rate");
    assert!((rates[0] / 1e-6 - 1.0).abs() < 1e-9 && rates.is_sorted());
    // The loss diverges before the last rate is reached.
    assert!(
        rates.len() < 100 && rates[rates.len() - 1] < 10.0,
        "{rates:?}"
    );
    let gains: Vec<f64> = rows[5].1.iter().flatten().copied().collect();
    assert!(gains.len() >= rates.len() / 8, "{gains:?}");
}

#[test]
fn several_seeds_have_a_spread() {
    let folder = tempdir().unwrap();
    let arguments = ["find-lr", "--repeat", "3", "--optimizer", "sgd", "--json"];
    let found: serde_json::Value =
        serde_json::from_str(&succeed(folder.path(), &arguments)).unwrap();
    let combined = &found["suggested"]["combined"];
    let ends: Vec<f64> = combined["spread"]
        .as_array()
        .unwrap()
        .iter()
        .map(|end| end.as_f64().unwrap())
        .collect();
    let rate = combined["learning_rate"].as_f64().unwrap();
    assert!(ends[0] <= rate && rate <= ends[1], "{combined}");
    let tests = found["tests"].as_array().unwrap();
    assert_eq!(tests.len(), 3);
    let of_seeds: Vec<f64> = tests
        .iter()
        .map(|test| {
            test["suggested"]["combined"]["learning_rate"]
                .as_f64()
                .unwrap()
        })
        .collect();
    assert!(
        of_seeds
            .iter()
            .all(|rate| (ends[0]..=ends[1]).contains(rate))
    );
}

/// A run with the found rate is the run with that number: the test leaves neither weights nor order behind.
#[test]
fn a_rate_that_was_found_is_recorded_and_repeats() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    let auto = ["train", "--lr", "auto", "--epochs", "3", "--name", "auto"];
    let said = transcript(path, &auto);
    assert!(said.contains("(--lr auto)"), "{said}");
    let settings: toml::Table = toml::from_str(&read(path, "runs/auto/settings.toml")).unwrap();
    let rate = settings["optimizer"]["lr"].as_float().unwrap();
    // As text, since `serde_json` reads the last digit of some numbers wrong.
    let said = read(path, "runs/auto/summary.json");
    assert!(
        said.contains(&format!("\"learning_rate\": {rate}")),
        "{rate}: {said}"
    );

    succeed(
        path,
        &["train", "runs/auto/settings.toml", "--name", "again"],
    );
    for name in ["learning_rate", "train_loss"] {
        let column = |run: &str| column(path, run, name);
        assert_eq!(column("runs/auto"), column("runs/again"), "{name}");
    }
    let again = summary(path, "runs/again");
    assert!(again["found_rate"].is_null(), "{again}");
}

#[test]
fn only_training_follows_a_found_rate() {
    let folder = tempdir().unwrap();
    let said = transcript(folder.path(), &["schedule", "--lr", "auto"]);
    assert!(
        said.contains("error: --lr auto: here it must be a number"),
        "{said}"
    );
    assert!(said.contains("[exit 2]"), "{said}");
    let said = transcript(folder.path(), &["find-lr", "--from", "1", "--to", "0.1"]);
    assert!(said.contains("--to 0.1: must be above --from"), "{said}");
}
