//! Feedback as a config file holds it: what it means, and what each mistake is answered with.

#![cfg(feature = "serde")]
#![allow(clippy::unwrap_used, clippy::expect_used)] // a panic is how a test fails

use schedules::prelude::*;
use serde_json::{Value, json};

fn horizon() -> Horizon {
    Horizon::new(1_000, 50)
}

fn build(config: Value) -> Result<Scheduler, ScheduleError> {
    ScheduleConfig::from_value(config)?.build(&horizon(), 0.1)
}

fn with(key: &str, feedback: Value) -> Value {
    json!({ "kind": "cosine", "warmup": "5%", key: feedback })
}

/// The state carries the fingerprints, which have every parameter.
fn same(config: Value, code: Scheduler) {
    let built = build(config).unwrap();
    assert_eq!(built.state(), code.state());
    assert_eq!(built.rates(0..100), code.rates(0..100));
}

fn cosine() -> Scheduler {
    Cosine::new(1_000).warmup_within(50).peak(0.1).unwrap()
}

#[test]
fn a_config_means_what_code_says() {
    let plateau = |plateau| cosine().plateau(plateau).unwrap().0;
    let greedy = |greedy| cosine().greedy(greedy).unwrap().0;
    same(with("plateau", json!({})), plateau(Plateau::min()));
    same(
        with(
            "plateau",
            json!({ "mode": "max", "rule": "trend", "factor": 0.5, "patience": 6, "threshold": 0.01, "min_delta": 2,
                    "average": 3, "cooldown": 2, "floor": 0.01, "eps": 1e-3, "from": "5%", "until": "3ep" }),
        ),
        plateau(
            Plateau::max()
                .rule(PlateauRule::Trend)
                .factor(0.5)
                .patience(6)
                .threshold(0.01)
                .min_delta(2.0)
                .average(3)
                .cooldown(2)
                .floor(0.01)
                .eps(1e-3)
                .active(50..150),
        ),
    );
    for (name, rule) in [
        ("best", PlateauRule::Best),
        ("torch", PlateauRule::Torch),
        ("keras", PlateauRule::Keras),
        ("optax", PlateauRule::Optax),
    ] {
        same(
            with("plateau", json!({ "rule": name })),
            plateau(Plateau::min().rule(rule)),
        );
    }
    same(with("greedy", json!({})), greedy(Greedy::min()));
    same(
        with(
            "greedy",
            json!({ "mode": "max", "factor": 0.9, "patience": 6, "threshold": 0.01, "min_delta": 0.0, "cooldown": 2,
                    "warmup": 3, "floor": 0.1, "ceiling": 3, "eps": 1e-3, "smooth": 4, "reset_start": 7,
                    "from": 20 }),
        ),
        greedy(
            Greedy::max()
                .factor(0.9)
                .patience(6)
                .threshold(0.01)
                .min_delta(0.0)
                .cooldown(2)
                .warmup(3)
                .floor(0.1)
                .ceiling(3.0)
                .eps(1e-3)
                .smooth(4)
                .reset_start(7)
                .active(20..),
        ),
    );
}

#[test]
fn the_handles_are_there_after_building() {
    let config =
        json!({ "kind": "constant", "greedy": {}, "plateau": { "patience": 1, "factor": 0.5 } });
    let rate = build(config).unwrap();
    let kinds: Vec<&str> = rate.feedback().iter().map(|handle| handle.kind()).collect();
    assert_eq!(kinds, ["plateau", "greedy"]);
    rate.feedback()[0].report(1.0);
    rate.feedback()[0].report(1.0);
    assert_eq!(rate.rate_at(7), 0.05);
}

#[test]
fn a_mistake_is_named() {
    const PLATEAU: &str = "is no key of `plateau`, which takes average, cooldown, eps, factor, floor, min_delta, mode, \
                           patience, rule, threshold, from, until";
    const SPAN: &str = "must be updates (500), epochs (\"3ep\"), a share of the run (\"5%\") or of the rest \
         (\"5% of rest\"), or \"rest\"";
    let plateau = |table| with("plateau", table);
    let greedy = |table| with("greedy", table);
    for (config, expected) in [
        (plateau(json!(5)), "plateau = 5: must be a table".to_owned()),
        (greedy(json!(null)), "greedy = null: must be a table".to_owned()),
        (
            plateau(json!({ "wait": 5 })),
            format!("plateau.wait = 5: {PLATEAU}"),
        ),
        (
            plateau(json!({ "Patience": 5 })),
            format!("plateau.Patience = 5: {PLATEAU} [did you mean `patience`?]"),
        ),
        (
            plateau(json!({ "patience": 2.5 })),
            "plateau.patience = 2.5: must be a whole number".to_owned(),
        ),
        (
            plateau(json!({ "patience": -1 })),
            "plateau.patience = -1: must be a whole number".to_owned(),
        ),
        (
            plateau(json!({ "patience": 0 })),
            "plateau.patience = 0: must be at least 1".to_owned(),
        ),
        (
            plateau(json!({ "factor": "half" })),
            "plateau.factor = \"half\": must be a number".to_owned(),
        ),
        (
            plateau(json!({ "factor": 1 })),
            "plateau.factor = 1.0: must be above 0 and below 1".to_owned(),
        ),
        (
            plateau(json!({ "mode": "maximum" })),
            "plateau.mode = \"maximum\": must be one of min, max".to_owned(),
        ),
        (
            plateau(json!({ "rule": "pytorch" })),
            "plateau.rule = \"pytorch\": must be one of best, trend, torch, keras, optax".to_owned(),
        ),
        (
            plateau(json!({ "rule": "trend", "patience": 4 })),
            "plateau.patience = 4: must be between 5 and 1000 for the rule by trend".to_owned(),
        ),
        (
            plateau(json!({ "from": "5x" })),
            format!("plateau.from = \"5x\": {SPAN}"),
        ),
        (
            plateau(json!({ "from": "10%", "until": 100 })),
            "plateau.until = 100: must be after update 100, where it begins".to_owned(),
        ),
        (
            greedy(json!({ "ceiling": 0.5 })),
            "greedy.ceiling = 0.5: must be between 1 and 1e18".to_owned(),
        ),
        (
            greedy(json!({ "smooth": true })),
            "greedy.smooth = true: must be a whole number".to_owned(),
        ),
        (
            greedy(json!({ "literal": true })),
            "greedy.literal = true: is no key of `greedy`, which takes ceiling, cooldown, eps, factor, floor, \
             min_delta, mode, patience, reset_start, smooth, threshold, warmup, from, until"
                .to_owned(),
        ),
    ] {
        let error = build(config.clone()).unwrap_err();
        let found = match error.hint() {
            Some(hint) => format!("{error} [{hint}]"),
            None => error.to_string(),
        };
        assert_eq!(found, expected, "{config}");
    }
    let misspelt = build(with("Plateau", json!({}))).unwrap_err();
    assert_eq!(misspelt.hint(), Some("did you mean `plateau`?"));
}

#[test]
fn feedback_inside_another_schedule_is_refused() {
    for (key, feedback) in [("plateau", json!({})), ("greedy", json!({}))] {
        let config = json!({ "kind": "sequence", "milestones": [500],
                             "schedules": [{ "kind": "constant" }, { "kind": "cosine", key: feedback }] });
        assert_eq!(
            build(config).unwrap_err().to_string(),
            format!(
                "schedules[1].{key}: belongs to the whole: it must stand at the top level, not in a schedule inside \
                 another"
            )
        );
    }
    let alone = ScheduleConfig::from_value(with("plateau", json!({}))).unwrap();
    assert_eq!(alone.resolve(&horizon()).unwrap_err().path(), "plateau");
}

#[test]
fn writing_and_reading_is_one_to_one() {
    for config in [
        with(
            "plateau",
            json!({ "mode": "max", "rule": "keras", "patience": 3, "floor": 1e-5 }),
        ),
        with(
            "greedy",
            json!({ "from": "2ep", "until": "50%", "smooth": 5 }),
        ),
    ] {
        let read = ScheduleConfig::from_value(config.clone()).unwrap();
        let text = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<ScheduleConfig>(&text).unwrap(), read);
        let written: Value = serde_json::from_str(&text).unwrap();
        for key in ["plateau", "greedy"] {
            let Some(table) = config[key].as_object() else {
                assert_eq!(written.get(key), None);
                continue;
            };
            for (name, value) in table {
                assert_eq!(&written[key][name], value, "{text}");
            }
        }
        assert_eq!(read.hints(), [""; 0]);
    }
}

#[cfg(feature = "schema")]
#[test]
fn the_schema_has_every_key() {
    let schema = ScheduleConfig::schema();
    for kind in schema["oneOf"].as_array().unwrap() {
        for (key, table) in [
            ("plateau", json!(Plateau::<Span>::default())),
            ("greedy", json!(Greedy::<Span>::default())),
        ] {
            let properties = &kind["properties"][key]["properties"];
            for (name, default) in table.as_object().unwrap() {
                assert_eq!(&properties[name]["default"], default, "{key}.{name}");
            }
            assert!(properties["from"].is_object() && properties["until"].is_object());
            assert_eq!(kind["properties"][key]["additionalProperties"], false);
        }
    }
}
