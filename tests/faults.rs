//! What fails at every single step on a file, and at the device: one sentence, and a run that goes on to the same bytes.

use std::fs;
use std::path::Path;
use std::process::Output;

use tempfile::tempdir;

use crate::program::{read, succeed, text, through, trainer};

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

/// Files may have so many blocks of 512 bytes, from none at all to enough: the system refuses every file in turn.
#[cfg(unix)]
#[test]
fn a_file_that_may_grow_no_further_loses_nothing() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    succeed(path, &[RUN, &["--name=whole"]].concat());
    let whole = files(path, "whole");
    let (mut refused, mut codes) = (0, [false; 7]);
    for blocks in (0..8).chain((8..2000).step_by(13)) {
        let name = format!("blocks-{blocks}");
        let limit = format!("ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let arguments = [RUN, &["--name", &name]].concat();
        let output = through(&["sh", "-c", &limit], path, &arguments)
            .output()
            .unwrap();
        if output.status.success() {
            break;
        }
        refused += 1;
        let said = text(&output.stderr);
        let code = output
            .status
            .code()
            .unwrap_or_else(|| panic!("{name}: killed: {said}"));
        assert!([1, 6].contains(&code), "{name}: {code} {said}");
        assert_eq!(said.matches("error:").count(), 1, "{name}: {said}");
        assert!(said.contains("File too large"), "{name}: {said}");
        codes[code as usize] = true;
        go_on(path, &name);
        assert!(files(path, &name) == whole, "{name}: {said}");
    }
    assert!(
        codes[1] && codes[6],
        "a checkpoint and another file are refused"
    );
    eprintln!("{refused} limits");
}

/// Runs on a disk of `$2` KiB, which then has enough space; `$0` is the program, `$1` where the files are left.
#[cfg(target_os = "linux")]
const ON_A_SMALL_DISK: &str = r#"
mount -t tmpfs -o size="$2"k none runs || exit 99
run="$3"; kept="$1"; disk="$2"; shift 3
"$0" "$@" --name="$run" 2>"$kept/$run.said"; echo $? >"$kept/$run.code"
mount -o remount,size=64m none runs || exit 99
if [ -e "runs/$run/settings.toml" ]; then set -- train --resume "runs/$run"; else set -- "$@" --name="$run"; fi
"$0" "$@" >&2 && cp -r "runs/$run" "$kept/runs/$run"
"#;

/// A disk that is really full, at every size from almost none to enough.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_loses_nothing() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    succeed(path, &[RUN, &["--name=whole"]].concat());
    let whole = files(path, "whole");
    // Where the disk is mounted, in a space of names that goes with the process.
    let place = tempdir().unwrap();
    fs::create_dir(place.path().join("runs")).unwrap();
    let mut full = 0;
    for kilobytes in (8..4000).step_by(12) {
        let name = format!("disk-{kilobytes}");
        let kept = path.display().to_string();
        let mut command = std::process::Command::new("unshare");
        command.args([
            "-m",
            "sh",
            "-c",
            ON_A_SMALL_DISK,
            env!("CARGO_BIN_EXE_trainer"),
            &kept,
        ]);
        command
            .args([&kilobytes.to_string(), &name])
            .args(RUN)
            .current_dir(place.path());
        let output = command.env("NO_COLOR", "1").output();
        // 1 is what `unshare` says, 99 what the script does.
        let Some(output) = output
            .ok()
            .filter(|output| ![Some(1), Some(99)].contains(&output.status.code()))
        else {
            eprintln!("skipped: no disk can be mounted here");
            return;
        };
        let resumed = text(&output.stderr);
        assert!(output.status.success(), "{name}: {resumed}");
        let said = read(path, &format!("{name}.said"));
        let code = read(path, &format!("{name}.code"));
        if code == "0\n" {
            break;
        }
        full += 1;
        assert!(
            ["1\n", "6\n"].contains(&code.as_str()),
            "{name}: {code} {said}"
        );
        assert_eq!(said.matches("error:").count(), 1, "{name}: {said}");
        assert!(said.contains("No space left on device"), "{name}: {said}");
        assert!(files(path, &name) == whole, "{name}: {said} {resumed}");
    }
    assert!(full > 10, "{full}");
    eprintln!("{full} full disks");
}
