//! New runs from a state that another run has kept, which stays as it is.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tempfile::tempdir;

use crate::program::{column, columns, read, succeed, summary, text, trainer, transcript};

/// States after 20, 30 and 34 updates, and a best one.
const PARENT: &[&str] = &[
    "train",
    "--name=a",
    "--set=train.length=34",
    "--set=checkpoint.every=10",
    "--set=checkpoint.best=none",
];

/// Every file and folder below `folder`, with its bytes and the time of its last change.
fn everything(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    let mut found = BTreeMap::new();
    let mut left = vec![folder.to_owned()];
    while let Some(path) = left.pop() {
        let metadata = fs::metadata(&path).unwrap();
        let bytes = if metadata.is_dir() {
            left.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
            Vec::new()
        } else {
            fs::read(&path).unwrap()
        };
        found.insert(path, (bytes, metadata.modified().unwrap()));
    }
    found
}

fn same(folder: &Path, one: &str, other: &str) {
    for file in ["metrics.csv", "checkpoints/last/model.safetensors"] {
        let bytes = |run: &str| fs::read(folder.join("runs").join(run).join(file)).unwrap();
        assert!(bytes(one) == bytes(other), "{file} of {one} and {other}");
    }
}

#[test]
fn a_fork_without_a_change_is_the_run_it_comes_from() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    succeed(path, PARENT);
    let before = everything(&path.join("runs/a"));
    succeed(path, &["train", "--fork", "runs/a@30", "--name=b"]);
    same(path, "a", "b");
    for part in ["test_loss", "validation_loss", "train_loss", "updates"] {
        assert_eq!(summary(path, "runs/a")[part], summary(path, "runs/b")[part]);
    }
    // What the settings say of themselves is true: they repeat it.
    succeed(path, &["train", "runs/b/settings.toml", "--name=c"]);
    same(path, "a", "c");
    assert_eq!(
        read(path, "runs/b/settings.toml"),
        read(path, "runs/c/settings.toml")
    );
    // And nobody has written to the parent.
    assert!(before == everything(&path.join("runs/a")));
}

#[test]
fn a_fork_has_the_past_of_its_parent_and_a_future_of_its_own() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    succeed(path, PARENT);
    let other = ["--epochs=5", "--lr=0.003", "--set=data.augment.shift=1"];
    let fork = [&["train", "--fork", "runs/a", "--name=b"], &other[..]].concat();
    succeed(path, &fork);
    let rates = |run: &str| column(path, run, "learning_rate");
    let (old, new) = (rates("runs/a"), rates("runs/b"));
    assert_eq!(new[..34], old[..]);
    let planned = [&["schedule", "--format=csv"], &other[..]].concat();
    let planned = columns(&succeed(path, &planned));
    let (_, planned) = &planned[2];
    assert_eq!(new.len(), 85);
    let future: Vec<Option<f64>> = new[34..].iter().map(|rate| Some(*rate)).collect();
    assert_eq!(future, planned[34..]);
    let settings = read(path, "runs/b/settings.toml");
    let settings: toml::Table = toml::from_str(&settings).unwrap();
    assert_eq!(settings["fork"]["update"].as_integer(), Some(34));
    assert!(
        settings["fork"]["run"]
            .as_str()
            .unwrap()
            .ends_with("runs/a")
    );
    let events = read(path, "runs/b/events.jsonl");
    let first: serde_json::Value = serde_json::from_str(events.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&first["event"], &first["updates"]),
        (&"forked".into(), &34.into())
    );
    let changes = first["changes"].as_array().unwrap();
    let expected = [
        "data.augment = { shift = 1 }, was not there",
        "optimizer.lr = 0.003, was 0.01",
        "train.length = \"5ep\", was 34",
    ];
    assert_eq!(changes.len(), expected.len(), "{changes:?}");
    for change in expected {
        let key = change.split_once(" =").unwrap().0;
        assert!(
            changes
                .iter()
                .any(|told| told.as_str().unwrap().starts_with(key)),
            "{changes:?}"
        );
    }
}

#[test]
fn a_state_that_does_not_fit_begins_anew_and_that_is_said() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    let plateau =
        "--set=schedule={kind=\"constant\",plateau={patience=1,factor=0.5,threshold=0.9}}";
    succeed(
        path,
        &[PARENT, &[plateau, "--set=train.evaluate_every=4"]].concat(),
    );
    let reduced = *column(path, "runs/a", "learning_rate").last().unwrap();
    assert!(reduced < 0.01);
    // The feedback of a schedule that is otherwise the same goes on.
    succeed(
        path,
        &[
            "train",
            "--fork=runs/a",
            "--name=b",
            "--set=train.length=40",
        ],
    );
    let rates = column(path, "runs/b", "learning_rate");
    assert!(rates[34..].iter().all(|rate| *rate <= reduced), "{rates:?}");
    let output = trainer(
        path,
        &[
            "train",
            "--fork=runs/a",
            "--name=c",
            "--set=train.length=40",
            "--optimizer=sgd",
            "--schedule=cosine",
        ],
    )
    .output()
    .unwrap();
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("the optimizer's state does not fit these settings"),
        "{said}"
    );
    assert!(summary(path, "runs/c")["test_accuracy"].as_f64().unwrap() > 0.5);
}

#[test]
fn a_fork_that_is_killed_goes_on_exactly() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    succeed(path, PARENT);
    let fork = [
        "train",
        "--fork=runs/a@30",
        "--set=train.length=60",
        "--name",
    ];
    succeed(path, &[&fork[..], &["whole"]].concat());
    for step in [3, 14, 25, 36, 47, 58, 69, 90] {
        let name = format!("killed-{step}");
        let killed = trainer(path, &[&fork[..], &[&name]].concat())
            .env("ANNEAL_FAULT", format!("file:{step}:kill"))
            .output()
            .unwrap();
        let run = format!("runs/{name}");
        if killed.status.success() {
            continue;
        }
        if path.join(&run).join("settings.toml").exists() {
            succeed(path, &["train", "--resume", &run]);
        } else {
            succeed(path, &[&fork[..], &[&name]].concat());
        }
        same(path, "whole", &name);
    }
}

#[test]
fn what_cannot_be_forked_is_named() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    succeed(path, PARENT);
    let mut seen = String::new();
    for arguments in [
        &["--fork=runs/a@17"][..],
        &["--fork=runs/a"],
        &["--fork=runs/a@30", "--set=model.hidden=[8]"],
        &["--fork=runs/b"],
        &["--fork=runs/a", "--epochs=5", "--lr=auto"],
    ] {
        let arguments = [&["train", "--name=no"], arguments].concat();
        let shown = transcript(path, &arguments);
        let from = shown.find("error:").unwrap();
        let command = shown.lines().next().unwrap();
        seen.push_str(&format!("{command}\n{}", &shown[from..]));
    }
    insta::assert_snapshot!(seen);
    assert!(!path.join("runs/no/settings.toml").exists());
}
