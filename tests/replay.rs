//! Runs that go back when they diverge, are changed on their way, or have a time: killed, they end as their events say.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::tempdir;
use trainer::random::{Purpose, Random};

use crate::adjust::{adjusted, copy, repeat};
use crate::kills::{FILES, kill_from_outside};
use crate::program::{column, read, succeed, text, trainer};

/// A run that goes back at a hundredth of its rate, up to nine times.
const RECOVERS: &[&str] = &[
    "train",
    "--optimizer=sgd",
    "--set=train.on_divergence=recover",
    "--set=train.recover_factor=0.01",
    "--set=train.recover_most=9",
];

fn bytes(folder: &Path, run: &str) -> [Vec<u8>; FILES.len()] {
    FILES.map(|file| fs::read(folder.join("runs").join(run).join(file)).unwrap())
}

/// How often the run went back; a process that was killed may have told of it, and the next one again.
fn recoveries(folder: &Path, run: &str) -> usize {
    let state = read(folder, &format!("runs/{run}/checkpoints/last/state.json"));
    let state: Value = serde_json::from_str(&state).unwrap();
    state["recovered"].as_array().unwrap().len()
}

#[test]
fn a_run_that_is_changed_goes_back_and_is_killed_ends_with_the_same_bytes() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    let run = [
        RECOVERS,
        &[
            "--lr=0.1",
            "--schedule=constant",
            "--set=train.length=60",
            "--set=train.evaluate_every=5",
            "--set=checkpoint.every=7",
            "--name=seed",
        ],
    ]
    .concat();
    let mut command = trainer(path, &run);
    let killed = command.env("ANNEAL_FAULT", "save:1:kill").output().unwrap();
    assert!(!killed.status.success());
    // The first change makes it diverge; the second one was made after it had gone back, before it did so again.
    let changes = [
        (12, json!({ "scale_lr": "1000000" })),
        (11, json!({ "length": 48 })),
        (30, json!({ "scale_lr": "0.5" })),
    ];
    let lines = changes.iter().enumerate().map(|(number, (updates, change))| {
        let event = json!({ "event": "adjusted", "number": number, "updates": updates, "change": change });
        let mut line = event.as_object().unwrap().clone();
        line.extend([("time".to_owned(), json!(0.0)), ("seconds".to_owned(), json!(0.0))]);
        format!("{}\n", Value::Object(line))
    });
    let events: String = lines.collect();
    fs::write(path.join("runs/seed/events.jsonl"), &events).unwrap();

    copy(path, "seed", "whole");
    succeed(path, &["train", "--resume", "runs/whole"]);
    let back = recoveries(path, "whole");
    assert!(back > 1, "{back}");
    let rates = column(path, "runs/whole", "learning_rate");
    assert_eq!(rates.len(), 48);
    let scale = (0..back).fold(1e6, |scale, _| scale * 0.01) * 0.5;
    assert_eq!(rates[30..], [0.1 * scale; 18]);
    assert_eq!(adjusted(path, "whole").len(), changes.len());

    let expected = bytes(path, "whole");
    let length = expected[0].len() as u64;
    let saves = read(path, "runs/whole/events.jsonl");
    let saves = saves.matches(r#""event":"saved""#).count() as u64;
    let mut random = Random::new(1, Purpose::Shuffle, 0, 0);
    let (mut inside, mut outside) = (0, 0);
    for number in 0..saves + 24 {
        let name = format!("killed-{number}");
        copy(path, "seed", &name);
        let resume = ["train", "--resume", &format!("runs/{name}")];
        let fault = match number.checked_sub(saves) {
            // Between two states, each of which another one takes for kept.
            None => Some(format!("save:{}:kill", number + 1)),
            Some(more) if more % 2 == 0 => Some(format!("file:{}:kill", 1 + random.below(350))),
            Some(_) => None,
        };
        if let Some(fault) = fault {
            let mut command = trainer(path, &resume);
            command.env("ANNEAL_FAULT", fault);
            inside += u64::from(!command.output().unwrap().status.success());
        } else {
            let moment = Duration::from_micros(random.below(20_000));
            kill_from_outside(path, &name, &resume, random.below(length), moment);
            let summary = path.join("runs").join(&name).join("summary.json");
            outside += u64::from(!summary.exists());
        }
        succeed(path, &resume);
        assert!(bytes(path, &name) == expected, "{name} differs");
    }
    assert!(inside > saves + 6 && outside > 6, "{inside} {outside}");
}

/// Begins a run and kills it when it has made so many updates, after `act` was done to it.
fn begin(folder: &Path, arguments: &[&str], run: &str, updates: usize, act: impl FnOnce()) {
    let mut command = trainer(folder, arguments);
    let command = command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let metrics = folder.join("runs").join(run).join("metrics.csv");
    let rows = || fs::read_to_string(&metrics).map_or(0, |rows| rows.lines().count());
    while child.try_wait().unwrap().is_none() && rows() <= updates {
        thread::sleep(Duration::from_millis(2));
    }
    act();
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_run_with_a_time_that_is_changed_and_goes_back_is_what_its_events_say() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    let timed = [
        RECOVERS,
        &[
            "--set=train.length=4s",
            "--set=train.evaluate_every=50",
            "--set=checkpoint.every=70",
        ],
    ]
    .concat();
    for (name, scale) in [("changed", Some("--scale-lr=1e6")), ("wild", None)] {
        // Without a change it is its first rate that makes it diverge.
        let lr = scale.map_or("--lr=1e5", |_| "--lr=0.1");
        let run = format!("runs/{name}");
        let resume = ["train", "--resume", run.as_str()];
        let mut answer = None;
        begin(
            path,
            &[&timed[..], &[lr, "--name", name]].concat(),
            name,
            200,
            || {
                answer =
                    scale.map(|scale| trainer(path, &["adjust", &run, scale]).output().unwrap());
            },
        );
        if let Some(answer) = answer {
            assert!(answer.status.success(), "{}", text(&answer.stderr));
        }
        begin(path, &resume, name, 400, || {});
        succeed(path, &resume);
        assert!(recoveries(path, name) > 0, "{name}");
        let changes = adjusted(path, name);
        let asked = changes.iter().filter(|event| event["request"].is_string());
        let asked = asked.count();
        assert_eq!(asked, usize::from(scale.is_some()));
        assert!(changes.len() > asked, "its time has not changed it");
        repeat(path, name);
    }
}
