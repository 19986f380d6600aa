//! Changes of a run on its way: what somebody asks of it, and what its time needs. A run is what its events say.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::tempdir;

use crate::kills::FILES;
use crate::program::{column, columns, read, succeed, summary, text, trainer, transcript};

/// What changes a run.
pub(crate) fn adjusted(folder: &Path, run: &str) -> Vec<Value> {
    let events = read(folder, &format!("runs/{run}/events.jsonl"));
    let events = events
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    events
        .filter(|event: &Value| event["event"] == "adjusted")
        .collect()
}

/// Copies what a run is made of: its settings and its events.
pub(crate) fn copy(folder: &Path, run: &str, name: &str) {
    let [from, to] = [run, name].map(|name| folder.join("runs").join(name));
    fs::create_dir(&to).unwrap();
    for file in ["settings.toml", "data.toml", "events.jsonl"] {
        fs::copy(from.join(file), to.join(file)).unwrap();
    }
}

/// Makes the run once more from nothing but its settings and its events, and compares it.
pub(crate) fn repeat(folder: &Path, run: &str) {
    let again = format!("{run}-again");
    let [from, to] = [run, again.as_str()].map(|name| folder.join("runs").join(name));
    copy(folder, run, &again);
    succeed(folder, &["train", "--resume", &format!("runs/{again}")]);
    for file in FILES {
        let [one, other] = [&from, &to].map(|run| fs::read(run.join(file)).unwrap());
        assert!(one == other, "{file} of {run}");
    }
    assert_eq!(adjusted(folder, run), adjusted(folder, &again));
}

/// Begins a run that is long enough to be changed, and waits until it is on its way.
fn begin(folder: &Path, run: &str) -> Child {
    let name = ["--name", run];
    let child = trainer(folder, &[LONG, &name].concat())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let metrics = folder.join("runs").join(run).join("metrics.csv");
    while fs::metadata(&metrics).map_or(0, |metadata| metadata.len()) < 4000 {
        thread::sleep(Duration::from_millis(5));
    }
    child
}

const LONG: &[&str] = &[
    "train",
    "--set=train.length=50000",
    "--set=train.evaluate_every=500",
    "--set=checkpoint.every=1000000",
];

/// Changes the run, and returns after how many updates it took effect.
fn adjust(folder: &Path, run: &str, change: &[&str]) -> u64 {
    let run = format!("runs/{run}");
    let answer = succeed(folder, &[&["adjust", &run, "--json"], change].concat());
    let answer: Value = serde_json::from_str(&answer).unwrap();
    answer["updates"].as_u64().unwrap()
}

/// Shortens the run to some updates more than it has made, and waits for its end.
fn end(folder: &Path, run: &str, child: Child, made: u64) -> u64 {
    let length = made + 1500;
    adjust(folder, run, &["--length", &length.to_string()]);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    length
}

#[test]
fn a_change_acts_from_its_update_on_and_is_made_again_there() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    let child = begin(path, "a");
    let scaled = adjust(path, "a", &["--scale-lr=0.5"]) as usize;
    let length = end(path, "a", child, scaled as u64);
    let rates = column(path, "runs/a", "learning_rate");
    assert_eq!(rates.len() as u64, length);
    let planned = [&["schedule", "--format=csv"], &LONG[1..]].concat();
    let planned = columns(&succeed(path, &planned));
    let planned: Vec<f64> = planned[2].1.iter().copied().flatten().collect();
    assert_eq!(rates[..scaled], planned[..scaled]);
    let shortened = adjusted(path, "a")[1]["updates"].as_u64().unwrap() as usize;
    assert!(shortened >= scaled);
    for update in scaled..shortened {
        assert_eq!(rates[update], 0.5 * planned[update], "{update}");
    }
    // What was left of the schedule is in the updates that are left.
    let last = rates.last().unwrap() / planned[0].max(1e-2);
    assert!(last < 0.02, "{last}");
    assert_eq!(summary(path, "runs/a")["updates"], length);
    repeat(path, "a");
}

#[test]
fn a_change_outlives_the_process_that_made_it() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    let mut child = begin(path, "a");
    let scaled = adjust(path, "a", &["--scale-lr=0.3"]);
    let length = scaled + 1500;
    adjust(path, "a", &["--length", &length.to_string()]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!path.join("runs/a/checkpoints/last").exists());
    succeed(path, &["train", "--resume", "runs/a"]);
    assert_eq!(column(path, "runs/a", "learning_rate").len() as u64, length);
    assert_eq!(adjusted(path, "a").len(), 2);
    repeat(path, "a");
}

#[test]
fn what_cannot_be_changed_is_named() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    let mut seen = String::new();
    let mut see = |arguments: &[&str]| seen.push_str(&transcript(path, arguments));
    let child = begin(path, "a");
    see(&["adjust", "runs/a", "--length=1"]);
    see(&["adjust", "runs/a", "--length=20min"]);
    see(&["adjust", "runs/a", "--scale-lr=0"]);
    see(&["adjust", "runs/a"]);
    end(path, "a", child, adjust(path, "a", &["--scale-lr=1"]));
    see(&["adjust", "runs/a", "--scale-lr=0.5"]);
    see(&["adjust", "runs/b", "--scale-lr=0.5"]);
    let made = regex(&seen);
    insta::assert_snapshot!(made);
    assert_eq!(adjusted(path, "a").len(), 2);
    assert!(!path.join("runs/a/adjust.toml").exists());
}

/// `seen`, in which the number of updates that a run has made depends on the machine.
fn regex(seen: &str) -> String {
    let Some((before, after)) = seen.split_once("it has made ") else {
        return seen.to_owned();
    };
    let after = after.trim_start_matches(|letter: char| letter.is_ascii_digit());
    format!("{before}it has made N{after}")
}

#[test]
fn a_run_of_so_much_time_is_annealed_at_its_end_and_is_its_events() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    let run = [
        "train",
        "--set=train.length=1.5s",
        "--set=train.evaluate_every=50",
    ];
    succeed(path, &[&run[..], &["--name=a"]].concat());
    let changes = adjusted(path, "a");
    let rates = column(path, "runs/a", "learning_rate");
    let last = changes.last().unwrap();
    assert_eq!(last["change"]["length"], rates.len());
    assert_eq!(changes.len() as u64, last["number"].as_u64().unwrap() + 1);
    let peak = rates.iter().copied().fold(0.0, f64::max);
    assert!(rates.last().unwrap() / peak < 0.02, "{rates:?}");
    repeat(path, "a");
    // A process that is gone takes its clock with it.
    for step in [30, 45, 60] {
        let name = format!("killed-{step}");
        let more = ["--set=checkpoint.every=70", "--name", &name];
        let killed = trainer(path, &[&run[..], &more].concat())
            .env("ANNEAL_FAULT", format!("file:{step}:kill"))
            .output()
            .unwrap();
        assert!(!killed.status.success(), "{}", text(&killed.stderr));
        succeed(path, &["train", "--resume", &format!("runs/{name}")]);
        repeat(path, &name);
    }
}

#[test]
fn before_its_speed_is_measured_a_time_is_no_number_of_updates() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    let timed = "--set=train.length=20min";
    let mut seen = transcript(path, &["schedule", timed]);
    seen.push_str(&transcript(path, &["compare", timed]));
    seen.push_str(&transcript(path, &["train", "--set=train.horizon=7"]));
    insta::assert_snapshot!(seen);
    let planned = succeed(path, &["schedule", timed, "--set=train.horizon=400"]);
    assert!(planned.contains("cosine, 400 updates"), "{planned}");
    succeed(path, &["find-lr", timed, "--updates=20"]);
}
