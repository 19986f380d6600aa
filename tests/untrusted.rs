//! Bytes of any kind, given to everything that reads them: the corpus of `fuzz/`, and what chance makes of it.
//!
//! `fuzz/run` looks for such bytes; what it found is in the corpus.

#[path = "../fuzz/allocations.rs"]
mod allocations;
#[path = "../fuzz/fields.rs"]
mod fields;
#[path = "../fuzz/targets.rs"]
mod targets;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::tempdir;
use trainer::engine::Adjustment;
use trainer::random::{Purpose, Random};
use trainer::report::{RunDirectory, RunEvent};

use crate::program::{succeed, trainer};
use targets::{TARGETS, Target};

/// Names the target that a process is to check, which its parent looks at from outside.
const TARGET: &str = "ANNEAL_FUZZ_TARGET";
const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus");
/// How often chance changes each input of the corpus.
const CHANGES: u64 = 60;

#[test]
fn bytes_of_any_kind_are_read_or_refused() {
    if let Ok(name) = std::env::var(TARGET) {
        return check(targets::named(&name).unwrap());
    }
    for target in TARGETS {
        let folder = tempdir().unwrap();
        let name = "untrusted::bytes_of_any_kind_are_read_or_refused";
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(TARGET, target.name)
            .env("TMPDIR", folder.path())
            .env("XDG_CACHE_HOME", folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if begun.elapsed() > Duration::from_secs(600) {
                child.kill().unwrap();
            }
            thread::sleep(Duration::from_millis(20));
        }
        assert!(child.wait().unwrap().success(), "{}", target.name);
    }
}

/// Checks the corpus of `target` as it is, and changed.
fn check(target: &Target) {
    let files = fs::read_dir(Path::new(CORPUS).join(target.name)).unwrap();
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    let corpus: Vec<_> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    // What is refused at once shows little of what else would be.
    for (path, bytes) in paths.iter().zip(&corpus) {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(
            target.check(bytes) || !name.starts_with("whole"),
            "{name} is refused"
        );
    }
    assert!(corpus.len() > 3, "{}", target.name);
    let mut random = Random::new(1, Purpose::Shuffle, 0, 0);
    let (mut executions, mut longest) = (0, Duration::ZERO);
    for bytes in &corpus {
        for change in 0..=CHANGES {
            let mut input = bytes.clone();
            if change > 0 {
                let other = &corpus[random.below(corpus.len() as u64) as usize];
                for _ in 0..=random.below(3) {
                    alter(&mut input, other, &mut random);
                }
            }
            let begun = Instant::now();
            // Shown if the process ends now.
            let told = Told(&input);
            let _ = target.check(&input);
            drop(told);
            executions += 1;
            longest = longest.max(begun.elapsed());
        }
    }
    eprintln!(
        "{}: {executions} executions, the longest of {longest:?}",
        target.name
    );
    assert!(longest < Duration::from_secs(10));
}

/// Makes those parts of the corpus anew that come from runs: `cargo test --release --workspace corpus -- --ignored`,
/// after a change of what a run writes.
#[test]
#[ignore = "it writes into the repository"]
fn the_corpus_of_runs_is_made_anew() {
    let folder = tempdir().unwrap();
    let run = |number: usize, file: &str| {
        fs::read(folder.path().join(format!("runs/{number}/{file}"))).unwrap()
    };
    let put = |name: &str, which: usize, files: &[Vec<u8>]| {
        let bytes = [vec![which as u8], files.join(targets::BETWEEN)].concat();
        fs::write(Path::new(CORPUS).join(name), bytes).unwrap();
    };
    for (number, own) in targets::RUNS.iter().enumerate() {
        let name = format!("--name={number}");
        let sets = targets::COMMON
            .iter()
            .chain(*own)
            .map(|set| format!("--set={set}"));
        let sets: Vec<String> = sets.collect();
        let mut arguments = vec!["train", "--set=checkpoint.every=10", &name];
        arguments.extend(sets.iter().map(String::as_str));
        succeed(folder.path(), &arguments);
        let state =
            targets::CHECKPOINT.map(|file| run(number, &format!("checkpoints/previous/{file}")));
        put(&format!("checkpoint/whole_{number}"), number, &state[..3]);
        if number == 0 {
            put("checkpoint/whole_manifest", targets::RUNS.len(), &state);
        }
    }
    let last = targets::RUNS.len() - 1;
    succeed(
        folder.path(),
        &[
            "train",
            "--epochs=1",
            "--lr=auto",
            &format!("--name={}", last + 1),
        ],
    );
    for (which, (file, _)) in targets::RUN_FILES.iter().enumerate().take(6) {
        let number = if *file == "found_rate.toml" {
            last + 1
        } else {
            last
        };
        let name = file.split('.').next().unwrap();
        put(&format!("events/whole_{name}"), which, &[run(number, file)]);
    }
    put(
        "events/whole_changed",
        0,
        &[events_of_a_hard_life(folder.path())],
    );
    put("events/whole_rare", 0, &[rare_events(folder.path())]);
    fs::write(folder.path().join("compare.toml"), COMPARE).unwrap();
    succeed(
        folder.path(),
        &["compare", "compare.toml", "--name=compare"],
    );
    let trials = fs::read(folder.path().join("runs/compare/trials.jsonl")).unwrap();
    put(
        "events/whole_trials",
        targets::RUN_FILES.len() - 1,
        &[trials],
    );
}

/// One run for each of two peaks, and one with the better of them.
const COMPARE: &str = r#"
model = { kind = "mlp", hidden = [4] }
train = { length = 34 }

[compare]
grid = [0.3, 1]
tuning_seeds = 1
seeds = 1
baseline = "cosine"
strategies = ["cosine"]
"#;

/// The events of a run that is killed, resumed and changed, goes back, has its rate lowered and ends early.
fn events_of_a_hard_life(folder: &Path) -> Vec<u8> {
    let run = [
        "train",
        "--name=hard",
        "--optimizer=sgd",
        "--lr=1e5",
        "--set=schedule={kind=\"constant\",plateau={patience=1}}",
        "--set=train.length=400",
        "--set=train.evaluate_every=5",
        "--set=train.on_divergence=recover",
        "--set=train.recover_factor=0.01",
        "--set=train.recover_most=9",
        "--set=early_stopping.patience=4",
        "--set=checkpoint.every=7",
    ];
    let mut command = trainer(folder, &run);
    let killed = command.env("ANNEAL_FAULT", "save:2:kill").output().unwrap();
    assert!(!killed.status.success());
    let path = folder.join("runs/hard");
    let mut log = RunDirectory::open(&path).unwrap().event_log(false).unwrap();
    let adjusted = RunEvent::Adjusted {
        number: 0,
        updates: 20,
        change: Adjustment::ScaleLr(0.5),
        request: None,
    };
    log.append(adjusted).unwrap();
    succeed(folder, &["train", "--resume", "runs/hard"]);
    fs::read(path.join("events.jsonl")).unwrap()
}

/// The kinds of events that those do not have.
fn rare_events(folder: &Path) -> Vec<u8> {
    let path = folder.join("runs/rare");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("settings.toml"), "seed = 1\n").unwrap();
    let mut log = RunDirectory::open(&path).unwrap().event_log(true).unwrap();
    let events = [
        RunEvent::Forked {
            run: "runs/hard".into(),
            updates: 20,
            changes: vec!["optimizer.kind: \"sgd\" -> \"adamw\"".into()],
            anew: vec!["optimizer".into()],
        },
        RunEvent::Adjusted {
            number: 0,
            updates: 25,
            change: Adjustment::Length(40),
            request: Some("1".into()),
        },
        RunEvent::Refused {
            updates: 26,
            reason: "too short".into(),
            request: None,
        },
        RunEvent::Stopped { updates: 27 },
    ];
    for event in events {
        log.append(event).unwrap();
    }
    fs::read(path.join("events.jsonl")).unwrap()
}

/// Tells of an input if it is dropped by a panic.
struct Told<'a>(&'a [u8]);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the input: b\"{}\"", self.0.escape_ascii());
        }
    }
}

/// One change: a byte, a number, a part that goes, is doubled, or comes from another input.
fn alter(input: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let place = |bytes: &[u8], random: &mut Random| random.below(bytes.len() as u64 + 1) as usize;
    let (one, two) = (place(input, random), place(input, random));
    let (from, to) = (one.min(two), one.max(two));
    match random.below(7) {
        0 if one < input.len() => input[one] ^= 1 << random.below(8),
        // What lengths and counts are made of.
        1 if one + 4 <= input.len() => {
            let numbers = [0, 1, 0x7f, 0xff, 0x7fff_ffff, u32::MAX];
            let number = numbers[random.below(6) as usize].to_le_bytes();
            input[one..one + 4].copy_from_slice(&number);
        }
        2 => input.truncate(one),
        3 => drop(input.drain(from..to)),
        4 => {
            let part = input[from..to].to_vec();
            input.splice(one..one, part);
        }
        5 => *input = fields::change(input, random),
        _ => {
            let part = other[place(other, random)..].to_vec();
            input.splice(from..to, part);
        }
    }
    input.truncate(1 << 16);
}
