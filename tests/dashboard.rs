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

/// Starts the program on a terminal, whose keys are the child's stdin and whose screen is its stdout.
fn on_a_terminal(folder: &Path, arguments: &str) -> Child {
    let binary = env!("CARGO_BIN_EXE_trainer");
    let line = format!("stty rows 40 cols 120; exec {binary} {arguments}");
    let mut command = Command::new("script");
    command
        .args(["-qefc", &line, "typescript"])
        .current_dir(folder);
    command.env("TERM", "xterm").env("NO_COLOR", "1");
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

/// Starts a long run, and presses two keys with a pause between them: its exit code and its screen.
fn pressed(folder: &Path, keys: [&str; 2]) -> (Option<i32>, String) {
    let mut child = on_a_terminal(folder, "train --tui --name=a --set=train.length=1000000");
    wait_for(folder, 50);
    let mut terminal = child.stdin.take().unwrap();
    for key in keys {
        terminal.write_all(key.as_bytes()).unwrap();
        terminal.flush().unwrap();
        thread::sleep(Duration::from_secs(1));
    }
    let output = child.wait_with_output().unwrap();
    drop(terminal);
    (output.status.code(), text(&output.stdout))
}

/// The dashboard's keys: `q` asks, `s` stops, `k` "kills" the training, which saves its state nevertheless.
#[test]
fn its_keys_stop_a_run_which_saves_its_state_and_says_how_to_go_on() {
    for key in ["s", "k"] {
        let folder = tempdir().unwrap();
        let (code, screen) = pressed(folder.path(), ["q", key]);
        assert_eq!(code, Some(130), "{key}: {screen}");
        for drawn in ["Learning rate", "Accuracy", "Quit"] {
            assert!(screen.contains(drawn), "{key}: no {drawn} in {screen}");
        }
        let (_, after) = screen.rsplit_once(FIRST_SCREEN).unwrap();
        assert!(after.contains("\x1b[?25h"), "the cursor is hidden: {after}");
        let rows = read(folder.path(), "runs/a/metrics.csv").lines().count() - 1;
        let said = format!("stopped after {rows} updates");
        assert!(after.contains(&said), "{key}: no {said} in {after}");
        let manifest = "runs/a/checkpoints/last/manifest.json";
        assert!(folder.path().join(manifest).exists(), "{key}");
    }
}

#[test]
fn a_run_that_ends_leaves_the_terminal_and_the_numbers_as_without_it() {
    let folder = tempdir().unwrap();
    succeed(folder.path(), &["train", "--epochs=3", "--name=lines"]);
    let child = on_a_terminal(folder.path(), "train --tui --name=a --epochs=3");
    let output = child.wait_with_output().unwrap();
    let screen = text(&output.stdout);
    assert!(output.status.success(), "{screen}");
    assert_eq!(screen.matches(SECOND_SCREEN).count(), 1);
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
