//! `trainer train --tui` on a terminal that a test looks at: `script` from util-linux has one.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::tempdir;

use crate::program::{read, succeed, summary, text, trainer};

/// What shows the second screen of a terminal, and the first one again.
const SECOND_SCREEN: &str = "\x1b[?1049h";
const FIRST_SCREEN: &str = "\x1b[?1049l";
const CTRL_C: &str = "\x03";
const CTRL_Z: &str = "\x1a";
/// What the test's shell says of a terminal that it got back otherwise than it was.
const OTHER_MODES: &str = "the modes are others";

/// Starts the program on a terminal, whose keys are the child's stdin and whose screen is its stdout.
fn on_a_terminal(folder: &Path, fault: &str, arguments: &str) -> Child {
    let binary = env!("CARGO_BIN_EXE_trainer");
    let line = format!(
        "trap : INT; stty rows 40 cols 120; modes=$(stty -g); {binary} {arguments}; code=$?; \
         test $(stty -g) = $modes || echo {OTHER_MODES}; exit $code"
    );
    let mut command = Command::new("script");
    command
        .args(["-qefc", &line, "typescript"])
        .current_dir(folder);
    command.env("TERM", "xterm").env("NO_COLOR", "1");
    command.env("ANNEAL_FAULT", fault);
    let streams = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    streams.spawn().unwrap()
}

/// Waits until so many updates are recorded.
fn wait_for(folder: &Path, updates: usize) {
    let begun = Instant::now();
    let metrics = folder.join("runs/a/metrics.csv");
    while fs::read_to_string(&metrics).map_or(0, |rows| rows.lines().count()) <= updates {
        assert!(
            begun.elapsed() < Duration::from_secs(300),
            "no update is made"
        );
        thread::sleep(Duration::from_millis(20));
    }
}

/// Starts a long run, and presses keys with a pause after each: its exit code, its screen, and what is on it afterwards.
fn pressed(folder: &Path, fault: &str, keys: &[&str]) -> (Option<i32>, String, String) {
    let run = "train --tui --name=a --set=train.length=1000000 --set=checkpoint.every=1h";
    let mut child = on_a_terminal(folder, fault, run);
    wait_for(folder, 50);
    let mut terminal = child.stdin.take().unwrap();
    for key in keys {
        terminal.write_all(key.as_bytes()).unwrap();
        terminal.flush().unwrap();
        thread::sleep(Duration::from_secs(1));
    }
    let output = child.wait_with_output().unwrap();
    drop(terminal);
    let screen = text(&output.stdout);
    let (_, after) = screen.rsplit_once(FIRST_SCREEN).unwrap();
    let after = after.to_owned();
    assert!(after.contains("\x1b[?25h"), "the cursor is hidden: {after}");
    assert!(!after.contains(OTHER_MODES), "{after}");
    (output.status.code(), screen, after)
}

/// The dashboard's keys: `q` asks, `s` stops, `k` "kills" the training, which saves its state nevertheless. Ctrl-C is none
/// of them. Ctrl-Z, which would leave its screen as it is, does nothing.
#[test]
fn its_keys_stop_a_run_which_saves_its_state_and_says_how_to_go_on() {
    for keys in [&["q", "s"][..], &["q", "k"], &[CTRL_Z, CTRL_C]] {
        let folder = tempdir().unwrap();
        let (code, screen, after) = pressed(folder.path(), "", keys);
        assert_eq!(code, Some(130), "{keys:?}: {screen}");
        for drawn in ["Learning rate", "Accuracy", "Controls"] {
            assert!(screen.contains(drawn), "{keys:?}: no {drawn} in {screen}");
        }
        let rows = read(folder.path(), "runs/a/metrics.csv").lines().count() - 1;
        let said = format!("stopped after {rows} updates");
        assert!(after.contains(&said), "{keys:?}: no {said} in {after}");
        let manifest = "runs/a/checkpoints/last/manifest.json";
        assert!(folder.path().join(manifest).exists(), "{keys:?}");
    }
}

#[test]
fn a_second_ctrl_c_ends_it_at_once_and_gives_the_terminal_back() {
    let folder = tempdir().unwrap();
    let (code, screen, after) = pressed(folder.path(), "save:1:hang", &[CTRL_C, CTRL_C]);
    assert_eq!(code, Some(130), "{screen}");
    assert!(!after.contains("stopped after"), "{after}");
    assert!(!folder.path().join("runs/a/checkpoints/last").exists());
}

#[test]
fn a_run_that_ends_leaves_the_terminal_and_the_numbers_as_without_it() {
    let folder = tempdir().unwrap();
    succeed(folder.path(), &["train", "--epochs=3", "--name=lines"]);
    let child = on_a_terminal(folder.path(), "", "train --tui --name=a --epochs=3");
    let output = child.wait_with_output().unwrap();
    let screen = text(&output.stdout);
    assert!(output.status.success(), "{screen}");
    assert_eq!(screen.matches(SECOND_SCREEN).count(), 1);
    assert!(!screen.contains(OTHER_MODES), "{screen}");
    let (_, after) = screen.rsplit_once(FIRST_SCREEN).unwrap();
    assert!(after.contains("test accuracy"), "{after}");
    for file in ["metrics.csv", "checkpoints/last/model.safetensors"] {
        let of = |run: &str| fs::read(folder.path().join("runs").join(run).join(file)).unwrap();
        assert_eq!(of("a"), of("lines"), "{file}");
    }
}

#[test]
fn without_a_terminal_there_are_lines() {
    let folder = tempdir().unwrap();
    let output = trainer(folder.path(), &["train", "--tui", "--epochs=1", "--name=a"]);
    let output = { output }.output().unwrap();
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("warning: --tui needs a terminal, and there is none"),
        "{said}"
    );
    assert!(summary(folder.path(), "runs/a")["test_accuracy"].is_number());
}
