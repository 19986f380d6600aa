//! What a person meets who stops a run, goes on with it, or tries to where it cannot be.

use std::fs;
use std::path::Path;

use tempfile::tempdir;

use crate::program::{read, succeed, text, trainer, transcript};

const SHORT: &[&str] = &[
    "train",
    "--set=train.length=34",
    "--set=checkpoint.every=10",
];

/// Begins a run that is gone at such a moment.
fn killed(folder: &Path, moment: &str) {
    let output = trainer(folder, &[SHORT, &["--name=a"]].concat())
        .env("ANNEAL_FAULT", format!("{moment}:kill"))
        .output()
        .unwrap();
    let said = text(&output.stderr);
    assert!(!output.status.success(), "{moment}: {said}");
}

/// When two last states are saved, after 10 and 20 updates, and a best one after 17.
const LATE: &str = "save:4";

#[test]
fn a_finished_run_says_so() {
    let folder = tempdir().unwrap();
    let printed = succeed(folder.path(), &[SHORT, &["--name=a"]].concat());
    let before = read(folder.path(), "runs/a/summary.json");
    let again = trainer(folder.path(), &["train", "--resume", "runs/a"])
        .output()
        .unwrap();
    assert!(again.status.success());
    assert_eq!(text(&again.stdout), printed);
    assert!(text(&again.stderr).contains("finished: all 34 updates are made"));
    assert_eq!(before, read(folder.path(), "runs/a/summary.json"));
}

#[test]
fn a_run_without_a_checkpoint_starts_at_its_first_update() {
    let folder = tempdir().unwrap();
    succeed(folder.path(), &[SHORT, &["--name=whole"]].concat());
    killed(folder.path(), "save:1");
    assert!(!folder.path().join("runs/a/checkpoints/last").exists());
    let output = trainer(folder.path(), &["train", "--resume", "runs/a"])
        .output()
        .unwrap();
    let said = text(&output.stderr);
    assert!(
        said.contains("from the first update: there is no checkpoint"),
        "{said}"
    );
    let metrics = |run: &str| read(folder.path(), &format!("runs/{run}/metrics.csv"));
    assert_eq!(metrics("a"), metrics("whole"));
}

#[test]
fn a_directory_without_settings_holds_no_run_and_its_name_is_free() {
    let folder = tempdir().unwrap();
    killed(folder.path(), "file:2");
    assert!(folder.path().join("runs/a").is_dir());
    let refused = transcript(folder.path(), &["train", "--resume", "runs/a"]);
    assert!(
        refused.contains("runs/a is no run: it has no settings.toml"),
        "{refused}"
    );
    succeed(folder.path(), &[SHORT, &["--name=a"]].concat());
}

#[test]
fn what_would_change_the_past_is_refused_and_the_rest_is_not() {
    let folder = tempdir().unwrap();
    killed(folder.path(), LATE);
    let resume = ["train", "--resume", "runs/a"];
    let mut seen = String::new();
    for changed in [
        &["--lr", "0.5"][..],
        &["--optimizer", "sgd", "--batch-size", "32"],
        &["--epochs", "9"],
        &["--set", "checkpoint.best=train_loss"],
    ] {
        seen.push_str(&transcript(folder.path(), &[&resume, changed].concat()));
    }
    insta::assert_snapshot!(seen);
    let free = [
        "--set",
        "checkpoint.every=7",
        "--backend",
        "ndarray",
        "--lr",
        "0.01",
    ];
    let output = trainer(folder.path(), &[&resume[..], &free].concat());
    let output = { output }.output().unwrap();
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("not bit for bit"), "{said}");
    assert!(read(folder.path(), "runs/a/settings.toml").contains("every = 7"));
}

#[test]
fn a_torn_checkpoint_is_named_and_the_one_before_it_is_used() {
    let folder = tempdir().unwrap();
    succeed(folder.path(), &[SHORT, &["--name=whole"]].concat());
    killed(folder.path(), LATE);
    let state = folder
        .path()
        .join("runs/a/checkpoints/last/state.safetensors");
    let mut bytes = fs::read(&state).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&state, bytes).unwrap();
    assert!(folder.path().join("runs/a/checkpoints/previous").exists());
    let measured = transcript(folder.path(), &["eval", "runs/a"]);
    let named = "warning: the checkpoint runs/a/checkpoints/last: state.safetensors is damaged";
    assert!(
        measured.contains(named) && measured.contains("[exit 0]"),
        "{measured}"
    );
    let shown = transcript(folder.path(), &["train", "--resume", "runs/a"]);
    assert!(shown.contains(named), "{shown}");
    // A best state is as good as a last one.
    let newest = "after 17 of 34 updates, from runs/a/checkpoints/best";
    assert!(shown.contains(newest), "{shown}");
    let metrics = |run: &str| read(folder.path(), &format!("runs/{run}/metrics.csv"));
    assert_eq!(metrics("a"), metrics("whole"));
}

#[test]
fn a_run_in_use_is_left_alone() {
    let folder = tempdir().unwrap();
    killed(folder.path(), LATE);
    let lock = fs::File::open(folder.path().join("runs/a/.lock")).unwrap();
    lock.try_lock().unwrap();
    let shown = transcript(folder.path(), &["train", "--resume", "runs/a"]);
    assert!(
        shown.contains("error: runs/a is in use by another process"),
        "{shown}"
    );
    assert!(shown.contains("[exit 2]"), "{shown}");
    drop(lock);
    succeed(folder.path(), &["train", "--resume", "runs/a"]);
}

#[test]
fn a_path_with_spaces_and_letters_of_any_kind_is_a_path() {
    let folder = tempdir().unwrap();
    let runs = "meine Läufe/日本";
    let name = ["--runs", runs, "--set=train.length=34"];
    succeed(
        folder.path(),
        &[&["train", "--name=ein Lauf"], &name[..]].concat(),
    );
    succeed(folder.path(), &["eval", &format!("{runs}/ein Lauf")]);
}

#[cfg(unix)]
mod signals {
    use std::process::{Command, Stdio};
    use std::thread;
    use std::time::Duration;

    use super::*;

    fn signal(child: &std::process::Child, signal: &str) {
        let id = child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .unwrap()
                .success()
        );
    }

    /// A run that takes long enough to be stopped.
    fn long(folder: &Path) -> std::process::Child {
        let child = trainer(folder, &["train", "--set=train.length=100000", "--name=a"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let metrics = folder.join("runs/a/metrics.csv");
        while fs::metadata(&metrics).map_or(0, |metadata| metadata.len()) < 4000 {
            thread::sleep(Duration::from_millis(5));
        }
        child
    }

    #[test]
    fn a_stopped_run_saves_its_state_and_says_how_to_go_on() {
        for name in ["-INT", "-TERM", "-HUP"] {
            let folder = tempdir().unwrap();
            let child = long(folder.path());
            signal(&child, name);
            let output = child.wait_with_output().unwrap();
            let said = text(&output.stderr);
            assert_eq!(output.status.code(), Some(130), "{said}");
            let hint = "hint: go on with: trainer train --resume runs/a";
            assert!(said.contains(hint), "{said}");
            let rows = read(folder.path(), "runs/a/metrics.csv").lines().count() - 1;
            assert!(
                said.contains(&format!("stopped after {rows} updates")),
                "{said}"
            );
            let events = read(folder.path(), "runs/a/events.jsonl");
            let last = events.lines().last().unwrap();
            assert!(
                last.contains(&format!("\"event\":\"stopped\",\"updates\":{rows}")),
                "{last}"
            );
            assert!(
                folder
                    .path()
                    .join("runs/a/checkpoints/last/manifest.json")
                    .exists()
            );
        }
    }

    #[test]
    fn a_second_signal_ends_it_at_once() {
        let folder = tempdir().unwrap();
        let child = long(folder.path());
        signal(&child, "-INT");
        signal(&child, "-TERM");
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130));
    }
}
