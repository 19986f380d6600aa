//! What fails at every single step on a file, and at the device: one sentence, and a run that goes on to the same bytes.

use std::fs;
use std::path::Path;
use std::process::Output;

use tempfile::tempdir;

use crate::program::{succeed, text, trainer};

/// So short that it has few steps, and long enough to have two states, two best ones and everything in between.
const RUN: &[&str] = &[
    "train",
    "--set=train.length=6",
    "--set=train.evaluate_every=3",
    "--set=checkpoint.every=4",
];
const FILES: [&str; 4] = [
    "metrics.csv",
    "checkpoints/last/model.safetensors",
    "checkpoints/last/state.safetensors",
    "checkpoints/best/model.safetensors",
];

fn with_fault(folder: &Path, arguments: &[&str], fault: &str) -> Output {
    let mut command = trainer(folder, arguments);
    command.env("ANNEAL_FAULT", fault).output().unwrap()
}

/// Goes on with the run in `runs/NAME`, or begins it anew where nothing makes it one.
fn go_on(folder: &Path, name: &str) -> String {
    let path = format!("runs/{name}");
    let arguments = if folder.join(&path).join("settings.toml").exists() {
        vec!["train", "--resume", &path]
    } else {
        [RUN, &["--name", name]].concat()
    };
    let output = trainer(folder, &arguments).output().unwrap();
    let said = text(&output.stderr);
    assert!(output.status.success(), "{name}: {said}");
    said
}

fn files(folder: &Path, name: &str) -> [Vec<u8>; 4] {
    let run = folder.join("runs").join(name);
    FILES.map(|file| {
        fs::read(run.join(file)).unwrap_or_else(|error| panic!("{name}/{file}: {error}"))
    })
}

#[test]
fn a_fault_at_any_step_on_a_file_loses_nothing() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    succeed(path, &[RUN, &["--name=whole"]].concat());
    let whole = files(path, "whole");
    let mut steps = 0;
    for kind in ["error", "full", "short"] {
        for step in 1.. {
            let name = format!("{kind}-{step}");
            let arguments = [RUN, &["--name", &name]].concat();
            let output = with_fault(path, &arguments, &format!("file:{step}:{kind}"));
            if output.status.success() {
                break;
            }
            steps += 1;
            let said = text(&output.stderr);
            let code = output.status.code();
            assert!(
                [Some(1), Some(6)].contains(&code),
                "{name}: {code:?} {said}"
            );
            assert_eq!(said.matches("error:").count(), 1, "{name}: {said}");
            assert!(
                !said.contains("internal:") && !said.contains("panicked"),
                "{said}"
            );
            let reason = match kind {
                "error" => "a fault on purpose",
                "full" => "no storage space",
                _ => "write zero",
            };
            assert!(said.contains(reason), "{name}: {said}");
            let resumed = go_on(path, &name);
            assert!(!resumed.contains("damaged"), "{name}: {resumed}");
            assert!(files(path, &name) == whole, "{name}: {resumed}");
            fs::remove_dir_all(path.join("runs").join(&name)).unwrap();
        }
    }
    assert!(steps > 3 * 60, "{steps}");
    eprintln!("{steps} faults");
}

#[test]
fn a_fault_while_a_run_goes_on_loses_nothing() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    succeed(path, &[RUN, &["--name=whole"]].concat());
    let whole = files(path, "whole");
    for step in (1..60).step_by(3) {
        let name = format!("twice-{step}");
        let arguments = [RUN, &["--name", &name]].concat();
        with_fault(path, &arguments, "file:50:kill");
        let run = format!("runs/{name}");
        with_fault(
            path,
            &["train", "--resume", &run],
            &format!("file:{step}:full"),
        );
        go_on(path, &name);
        assert!(files(path, &name) == whole, "{name}");
    }
}

#[test]
fn a_device_that_fails_leaves_the_last_checkpoint() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    succeed(path, &[RUN, &["--name=whole"]].concat());
    let whole = files(path, "whole");
    for (read, kind) in [(1, "lost"), (2, "memory"), (3, "lost"), (4, "memory")] {
        let name = format!("{kind}-{read}");
        let arguments = [RUN, &["--name", &name]].concat();
        let output = with_fault(path, &arguments, &format!("read:{read}:{kind}"));
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{said}");
        go_on(path, &name);
        assert!(files(path, &name) == whole, "{name}");
    }
}
