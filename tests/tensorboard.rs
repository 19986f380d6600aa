//! `trainer train --tensorboard`, read back by TensorBoard itself.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::tempdir;

use crate::program::{columns, read, succeed, text, trainer};

/// Every number of `metrics.csv` that is sent there comes back, at its update, in single precision.
#[test]
fn tensorboard_reads_every_scalar_exactly() {
    let Some(tensorboard) = TensorBoard::find() else {
        return;
    };
    let folder = tempdir().unwrap();
    succeed(
        folder.path(),
        &[
            "train",
            "--epochs=3",
            "--schedule=one_cycle",
            "--name=a",
            "--tensorboard",
        ],
    );
    tensorboard.compare(&folder.path().join("runs/a"));
}

/// What a killed run told of updates that are made again is told once, also when the clock was put back meanwhile.
#[test]
fn a_resumed_run_is_one_curve() {
    let Some(tensorboard) = TensorBoard::find() else {
        return;
    };
    let folder = tempdir().unwrap();
    let run = folder.path().join("runs/a");
    let killed = trainer(folder.path(), &["train", "--set=train.length=34"])
        .args(["--set=checkpoint.every=10", "--name=a", "--tensorboard"])
        .env("ANNEAL_FAULT", "save:4:kill")
        .output()
        .unwrap();
    assert!(!killed.status.success(), "{}", text(&killed.stderr));
    let told = tensorboard.read(&run)["loss/train"].clone();
    let told = told.as_array().unwrap().len() as u64;

    let resumed = trainer(folder.path(), &["train", "--resume", "runs/a"])
        .env("ANNEAL_FAULT", "clock:1:back")
        .output()
        .unwrap();
    let said = text(&resumed.stderr);
    assert!(resumed.status.success(), "{said}");
    let after = (0..told).filter(|made| said.contains(&format!("after {made} of 34 updates")));
    assert_eq!(after.count(), 1, "nothing is told twice: {told}, {said}");
    tensorboard.compare(&run);
}

/// An interpreter that has it.
struct TensorBoard {
    python: std::ffi::OsString,
}

impl TensorBoard {
    fn find() -> Option<Self> {
        let python = std::env::var_os("TENSORBOARD_PYTHON");
        if python.is_none() {
            let required = std::env::var_os("ANNEAL_REQUIRE_TENSORBOARD").is_some();
            assert!(!required, "TENSORBOARD_PYTHON is not set, and must be here");
            eprintln!("skipped: TENSORBOARD_PYTHON is not set to an interpreter with tensorboard");
        }
        python.map(|python| Self { python })
    }

    /// `{tag: [[step, value], …]}`
    fn read(&self, run: &Path) -> Value {
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/python/read_events.py"
        );
        let output = Command::new(&self.python)
            .arg(script)
            .arg(run.join("tensorboard"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        serde_json::from_str(&text(&output.stdout)).unwrap()
    }

    fn compare(&self, run: &Path) {
        let scalars = self.read(run);
        let metrics = columns(&read(run, "metrics.csv"));
        let names = [
            ("learning_rate", "learning_rate"),
            ("momentum", "momentum"),
            ("loss/train", "train_loss"),
            ("loss/validation", "validation_loss"),
            ("accuracy/validation", "validation_accuracy"),
        ];
        let recorded = |column: &str| {
            let (_, values) = metrics.iter().find(|(name, _)| name == column).unwrap();
            values
        };
        // A schedule that leaves the momentum alone has none.
        let there = |column: &str| recorded(column).iter().any(Option::is_some);
        let names = names.into_iter().filter(|(_, column)| there(column));
        let names: Vec<(&str, &str)> = names.collect();
        assert_eq!(scalars.as_object().unwrap().len(), names.len(), "{scalars}");
        for (tag, column) in names {
            let values = recorded(column);
            let recorded = values.iter().enumerate();
            let recorded: Vec<(u64, f32)> = recorded
                .filter_map(|(update, value)| Some((update as u64, (*value)? as f32)))
                .collect();
            let read = scalars[tag].as_array().unwrap().iter();
            let read: Vec<(u64, f32)> = read
                .map(|pair| (pair[0].as_u64().unwrap(), pair[1].as_f64().unwrap() as f32))
                .collect();
            assert!(!read.is_empty());
            assert_eq!(read, recorded, "{tag}");
        }
    }
}
