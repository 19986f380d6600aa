//! Strategies compared: what is printed, that it repeats itself, and that a stopped experiment goes on.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tempfile::tempdir;

use crate::program::{succeed, text, trainer};

/// Two strategies and one that is not tuned, in short runs.
const SMALL: &str = r#"
[optimizer]
kind = "sgd"

[train]
epochs = 2

[compare]
grid = [0.3, 1]
tuning_seeds = 1
seeds = 5
strategies = [
  "fixed",
  "cosine",
  { name = "hot", at = 1000, schedule = { kind = "constant" } },
]
"#;

fn compare(folder: &Path) -> serde_json::Value {
    fs::write(folder.join("small.toml"), SMALL).unwrap();
    serde_json::from_str(&succeed(folder, &["compare", "small.toml", "--json"])).unwrap()
}

/// The runs, in no order, since those at the same time end as they like.
fn runs(folder: &Path) -> BTreeSet<String> {
    let journal = fs::read_to_string(folder.join("runs/compare-digits-mlp/trials.jsonl")).unwrap();
    journal.lines().map(str::to_owned).collect()
}

#[test]
fn an_experiment_that_was_stopped_goes_on_and_ends_the_same() {
    let whole = tempdir().unwrap();
    let expected = compare(whole.path());
    let made = runs(whole.path());
    // Two strategies at two peaks, then three with five seeds.
    assert_eq!(made.len(), 2 * 2 + 3 * 5);

    let stopped = tempdir().unwrap();
    let folder = stopped.path().join("runs/compare-digits-mlp");
    fs::create_dir_all(&folder).unwrap();
    let mut journal: String = made
        .iter()
        .take(7)
        .map(|line| format!("{line}\n"))
        .collect();
    let cut = made.iter().nth(7).unwrap();
    journal.push_str(&cut[..cut.len() / 2]);
    fs::write(folder.join("trials.jsonl"), journal).unwrap();
    let resumed = compare(stopped.path());
    assert_eq!(resumed["comparison"], expected["comparison"]);
    assert!(folder.join("report.html").is_file());
    assert_eq!(runs(stopped.path()), made);

    // Nothing is left to do, and the tuned peaks are those of the grid.
    compare(stopped.path());
    assert_eq!(runs(stopped.path()), made);
    let rows = expected["comparison"]["conditions"][0]["rows"]
        .as_array()
        .unwrap();
    let hot = rows.iter().find(|row| row["strategy"] == "hot").unwrap();
    assert_eq!((&hot["trained"], &hot["runs"]), (&0.into(), &5.into()));
    for row in rows.iter().filter(|row| row["tuned"] == true) {
        let peak = row["peak"].as_f64().unwrap();
        assert!([0.03, 0.1].contains(&peak), "{row}");
        assert_eq!(row["sweep"].as_array().unwrap().len(), 2, "{row}");
    }
}

#[test]
fn a_quick_look_tests_nothing_and_says_so() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("small.toml"), SMALL).unwrap();
    let printed = succeed(folder.path(), &["compare", "small.toml", "--quick"]);
    assert!(
        printed.contains("sgd: 34 updates a run, 3 runs a strategy"),
        "{printed}"
    );
    assert!(printed.contains("nothing is tested"), "{printed}");
    assert!(
        !printed.contains("p = ") && !printed.contains("against"),
        "{printed}"
    );
}

/// The shortest budget for an accuracy, from one that is too short.
const TARGET: &str = r#"
[optimizer]
kind = "sgd"

[train]
length = 20

[compare]
grid = [0.3, 1]
tuning_seeds = 1
seeds = 2
strategies = ["fixed", "cosine", { name = "slow", at = 0.001, schedule = { kind = "constant" } }]
target = { accuracy = "88%", longest = 100 }
"#;

#[test]
fn the_shortest_budget_for_a_target_was_enough_and_the_one_below_was_not() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("target.toml"), TARGET).unwrap();
    let search = || -> serde_json::Value {
        let printed = succeed(path, &["compare", "target.toml", "--json"]);
        serde_json::from_str(&printed).unwrap()
    };
    let found = search();
    let made = runs(path);
    let condition = &found["time_to_target"]["conditions"][0];
    let rows = condition["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 3);
    for row in rows {
        let rungs = row["rungs"].as_array().unwrap();
        for rung in rungs {
            assert_eq!(rung["runs"], 2, "{row}");
            let mean = &rung["measured"]["mean"];
            let reaches = mean.as_f64().is_some_and(|mean| mean >= 0.88);
            assert_eq!(rung["enough"], reaches && rung["trained"] == 2, "{row}");
            // Its curve is that of the same runs, and ends where the budget does.
            if rung["trained"] == 2 {
                let end = rung["curve"]["points"].as_array().unwrap().last().unwrap();
                assert_eq!(end[0], rung["updates"], "{row}");
                let apart = end[1].as_f64().unwrap() - mean.as_f64().unwrap();
                assert!(apart.abs() < 1e-12, "{row}");
            }
        }
        if row["strategy"] == "slow" {
            assert!(row["shortest"].is_null(), "{row}");
            assert_eq!(rungs.last().unwrap()["updates"], 95, "{row}");
            continue;
        }
        let is_shortest = |rung: &serde_json::Value| rung["updates"] == row["shortest"];
        let place = rungs.iter().position(is_shortest).unwrap();
        assert_eq!(rungs[place]["enough"], true, "{row}");
        assert!(place > 0 && rungs[place - 1]["enough"] == false, "{row}");
    }
    // Every budget was planned as one: a run of that length, and no look into a longer one.
    let lengths: BTreeSet<(u64, u64)> = made
        .iter()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let planned = line["settings"]["train"]["length"].as_u64().unwrap();
            (planned, line["record"]["updates"].as_u64().unwrap())
        })
        .collect();
    assert!(lengths.len() > 2 && lengths.iter().all(|(planned, made)| planned == made));

    // Nothing is left to do.
    assert_eq!(search(), found);
    assert_eq!(runs(path), made);
    let printed = succeed(path, &["compare", "target.toml"]);
    assert!(printed.contains("> 95"), "{printed}");
    assert!(
        printed.contains("time to at least 88 % validation accuracy"),
        "{printed}"
    );
    let page = fs::read_to_string(path.join("runs/compare-digits-mlp/report.html")).unwrap();
    assert!(page.contains("slow, 95 planned"), "{page}");
}

#[test]
fn mistakes_are_found_before_the_first_run() {
    let folder = tempdir().unwrap();
    let refused = |file: &str, arguments: &[&str]| {
        fs::write(folder.path().join("a.toml"), file).unwrap();
        let arguments = [&["compare", "a.toml"], arguments].concat();
        let output = trainer(folder.path(), &arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
        text(&output.stderr)
    };
    let said = refused("", &["--schedule", "cosine"]);
    assert!(
        said.contains("--schedule: the strategies that are compared differ in it"),
        "{said}"
    );
    let said = refused("[data]\nvalidation = 0\n", &[]);
    assert!(said.contains("data.validation"), "{said}");
    let said = refused(
        "[[compare.strategies]]\nname = \"fixed\"\nschedule = { kind = \"one_cycle\", rise = 1.5 }\n",
        &[],
    );
    assert!(
        said.contains("SGD with momentum, fixed: schedule.rise"),
        "{said}"
    );
    let said = refused("[compare.target]\nloss = 0.1\nlongest = 100\n", &[]);
    assert!(
        said.contains(
            "compare.target.longest is 100 updates, and train.length, which is tried first, is 340"
        ),
        "{said}"
    );
    let trials = folder.path().join("runs/compare-digits-mlp/trials.jsonl");
    assert_eq!(fs::read_to_string(trials).unwrap_or_default(), "");
}

/// What the far too high and the far too low rate are called, with every seed.
#[test]
fn rates_that_are_far_off_are_called_so_at_20_of_20_seeds() {
    let folder = tempdir().unwrap();
    let claim = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../configs/claims/rates.toml"
    );
    let printed = succeed(folder.path(), &["compare", claim, "--json"]);
    let result: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let conditions = result["comparison"]["conditions"].as_array().unwrap();
    assert_eq!(conditions.len(), 2);
    for condition in conditions {
        let row = |strategy: &str| {
            let mut rows = condition["rows"].as_array().unwrap().iter();
            rows.find(|row| row["strategy"] == strategy).unwrap()
        };
        assert_eq!(row("fixed, right")["trained"], 20, "{condition}");
        let far_off: [(&str, &[&str], &str); 2] = [
            (
                "fixed, too high",
                &["diverged", "collapsed", "oscillating"],
                "rate_too_high",
            ),
            ("fixed, too low", &["slow"], "rate_too_low"),
        ];
        for (strategy, outcomes, cause) in far_off {
            let verdicts = row(strategy)["verdicts"].as_array().unwrap();
            for verdict in verdicts {
                let outcome = verdict["outcome"].as_str().unwrap();
                assert!(outcomes.contains(&outcome), "{strategy}: {verdict}");
                assert_eq!(verdict["cause"], cause, "{strategy}: {verdict}");
            }
            let runs = verdicts
                .iter()
                .map(|verdict| verdict["runs"].as_u64().unwrap());
            assert_eq!(runs.sum::<u64>(), 20);
        }
    }
}
