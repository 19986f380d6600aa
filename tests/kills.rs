//! A run that is killed at any moment, even while it saves, goes on to the same bytes.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::tempdir;
use trainer::random::{Purpose, Random};

use crate::program::{read, succeed, text, trainer};

/// Short runs that save and measure often, between them everything that a checkpoint may hold.
const RUNS: &[&[&str]] = &[
    &["--optimizer=sgd", "--schedule=one_cycle"],
    &[
        "--optimizer=adamw",
        "--set=data.augment.shift=1",
        "--set=data.augment.flip=0.5",
        "--set=data.augment.cutout=2",
    ],
    &["--optimizer=schedule_free_sgd", "--schedule=constant"],
    &[
        "--optimizer=sgd",
        "--set=schedule={kind=\"constant\",plateau={patience=1,factor=0.5,threshold=0.3}}",
    ],
    &[
        "--optimizer=sgd",
        "--set=train.accumulate=2",
        "--set=train.ema=0.9",
    ],
];
const COMMON: &[&str] = &[
    "train",
    "--set=train.length=40",
    "--set=train.evaluate_every=4",
    "--set=checkpoint.every=3",
];
/// How often each is killed.
const KILLS: usize = 20;

/// What has to be the same in the end, to the last byte.
pub(crate) const FILES: [&str; 4] = [
    "metrics.csv",
    "checkpoints/best/model.safetensors",
    "checkpoints/last/model.safetensors",
    "checkpoints/last/state.safetensors",
];

/// The result but for its times.
fn result(folder: &Path, run: &str) -> serde_json::Value {
    let mut summary = crate::program::summary(folder, run);
    let keys = summary.as_object_mut().unwrap();
    for time in ["seconds", "seconds_to_first_update", "updates_per_second"] {
        keys.remove(time).unwrap();
    }
    summary
}

/// Begins the run, or goes on with it if it was begun.
fn next(folder: &Path, run: &str, arguments: &[&str]) -> Vec<String> {
    let path = format!("runs/{run}");
    if folder.join(&path).join("settings.toml").exists() {
        return vec!["train".to_owned(), "--resume".to_owned(), path];
    }
    let name = ["--name", run];
    let all = COMMON.iter().chain(arguments).chain(&name);
    all.map(|argument| (*argument).to_owned()).collect()
}

/// Ends the process from outside when it has written so many bytes of `metrics.csv`, and a moment has passed.
pub(crate) fn kill_from_outside(
    folder: &Path,
    run: &str,
    arguments: &[&str],
    bytes: u64,
    moment: Duration,
) {
    let metrics = folder.join("runs").join(run).join("metrics.csv");
    let mut child = trainer(folder, arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none()
        && begun.elapsed() < Duration::from_secs(60)
        && fs::metadata(&metrics).map_or(0, |metadata| metadata.len()) < bytes
    {
        thread::yield_now();
    }
    thread::sleep(moment);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_run_that_is_killed_anywhere_ends_with_the_same_bytes() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    let (mut kills, mut inside, mut resumed) = (0, 0, 0);
    for (number, arguments) in RUNS.iter().enumerate() {
        let whole = format!("whole-{number}");
        let name = ["--name", whole.as_str()];
        succeed(path, &[COMMON, arguments, &name].concat());
        let whole = format!("runs/{whole}");
        let expected = FILES.map(|file| fs::read(path.join(&whole).join(file)).unwrap());
        let bytes = read(path, &format!("{whole}/metrics.csv")).len() as u64;
        let mut random = Random::new(number as u64, Purpose::Shuffle, 0, 0);
        let mut left = KILLS;
        let mut run = 0;
        while left > 0 {
            let name = format!("killed-{number}-{run}");
            run += 1;
            // A run may be killed several times.
            for _ in 0..1 + random.below(3).min(left as u64 - 1) {
                let arguments = next(path, &name, arguments);
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                if random.below(2) == 0 {
                    // Steps on files: some 17 for each of 13 states, and those before and between them.
                    let step = 1 + random.below(240);
                    let mut command = trainer(path, &arguments);
                    command.env("ANNEAL_FAULT", format!("file:{step}:kill"));
                    inside += usize::from(!command.output().unwrap().status.success());
                } else {
                    let moment = Duration::from_micros(random.below(3_000));
                    let bytes = random.below(bytes);
                    kill_from_outside(path, &name, &arguments, bytes, moment);
                }
                (kills, left) = (kills + 1, left - 1);
            }
            let arguments = next(path, &name, arguments);
            resumed += usize::from(arguments[1] == "--resume");
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let output = trainer(path, &arguments).output().unwrap();
            let said = text(&output.stderr);
            assert!(output.status.success(), "{name}: {said}");
            let name = format!("runs/{name}");
            for (file, expected) in FILES.iter().zip(&expected) {
                let found = fs::read(path.join(&name).join(file));
                let found = found.unwrap_or_else(|error| panic!("{name}/{file}: {error}; {said}"));
                assert!(found == *expected, "{name}/{file} differs; {said}");
            }
            assert_eq!(result(path, &name), result(path, &whole), "{name}");
            fs::remove_dir_all(path.join(&name)).unwrap();
        }
    }
    assert_eq!(kills, RUNS.len() * KILLS);
    // That it did not all happen before the first update or after the last.
    assert!(
        inside > kills / 4 && resumed > RUNS.len() * 4,
        "{inside} {resumed} of {kills}"
    );
    eprintln!(
        "{kills} kills, {inside} of them inside a step on a file; {resumed} runs were resumed"
    );
}
