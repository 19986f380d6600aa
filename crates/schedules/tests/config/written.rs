//! What is written and read again, and what a program can ask.

use schedules::prelude::*;
use serde_json::{Value, json};

#[test]
fn writing_and_reading_is_one_to_one() {
    let mut configs: Vec<Value> = ScheduleConfig::kinds()
        .iter()
        .map(|kind| json!({ "kind": kind }))
        .collect();
    configs.extend([
        json!({ "kind": "cosine", "length": "3ep", "floor": 0.1, "warmup": 0 }),
        json!({ "kind": "cosine", "min_lr": 1e-5, "warmup": "5%", "warmup_start": 0.0 }),
        json!({ "kind": "constant", "warmup": 5, "warmup_curve": "exponential", "cooldown": "20%",
                "cooldown_end": 0.01, "cooldown_curve": "sqrt" }),
        json!({ "kind": "product", "floor": 0.1,
                "schedules": [{ "kind": "cosine" }, { "kind": "step", "every": "1ep" }] }),
        json!({ "kind": "scale", "ratio": 0.1, "schedule": { "kind": "linear", "warmup": "5%" } }),
        json!({ "kind": "delay", "updates": "2ep", "schedule": { "kind": "cosine", "floor": 0.1 } }),
        json!({ "kind": "repeat", "every": "rest", "cycles": 3, "schedule": { "kind": "k_decay", "k": 1.5 } }),
        json!({ "kind": "exponential", "gamma": 0.1, "every": 77, "floor": 0.3 }),
        json!({ "kind": "sequence", "milestones": ["1ep"], "min_lr": 0.01,
                "schedules": [{ "kind": "linear", "warmup": 3 }, { "kind": "cosine", "min_lr": 0.02 }] }),
    ]);
    for config in configs {
        let read = ScheduleConfig::from_value(config.clone()).unwrap();
        let text = serde_json::to_string(&read).unwrap();
        assert!(text.starts_with("{\"kind\":"), "{text}");
        assert_eq!(
            serde_json::from_str::<ScheduleConfig>(&text).unwrap(),
            read,
            "{text}"
        );
        let written: Value = serde_json::from_str(&text).unwrap();
        for (key, value) in config.as_object().unwrap() {
            if !key.starts_with("schedule") {
                assert_eq!(&written[key], value, "{text}");
            }
        }
    }
}

#[test]
fn keys_and_kinds_are_told() {
    assert_eq!(
        ScheduleConfig::kinds(),
        [
            "constant",
            "linear",
            "step",
            "exponential",
            "cosine",
            "polynomial",
            "multi_step",
            "cosine_restarts",
            "one_cycle",
            "cyclic",
            "wsd",
            "inverse_sqrt",
            "noam",
            "inverse_time",
            "tanh",
            "rex",
            "piecewise",
            "flat_cosine",
            "swa",
            "range_test",
            "sequence",
            "product",
            "scale",
            "delay",
            "repeat",
            "k_decay",
        ]
    );
    let keys = ScheduleConfig::keys("exponential").unwrap();
    assert_eq!(
        keys,
        [
            "every",
            "gamma",
            "staircase",
            "kind",
            "warmup",
            "warmup_start",
            "warmup_curve",
            "cooldown",
            "cooldown_end",
            "cooldown_curve",
            "floor",
            "min_lr"
        ]
    );
    assert_eq!(
        ScheduleConfig::keys("ExponentialLR").unwrap_err().hint(),
        Some("did you mean `exponential`?")
    );
    for kind in ScheduleConfig::kinds() {
        assert_eq!(ScheduleConfig::default_of(kind).unwrap().kind(), kind);
    }
}

#[test]
fn a_tiny_floor_is_questioned() {
    let config = json!({ "kind": "sequence", "milestones": [5], "floor": 0.01,
                         "schedules": [{ "kind": "constant" }, { "kind": "cosine", "floor": 0.00001 }] });
    let hints = ScheduleConfig::from_value(config).unwrap().hints();
    assert_eq!(
        hints,
        ["schedules[1].floor = 1e-5 is a ratio to the peak; an absolute learning rate is `min_lr`"]
    );
    let config = json!({ "kind": "cosine", "floor": 1e-4, "warmup": 5 });
    assert_eq!(ScheduleConfig::from_value(config).unwrap().hints(), [""; 0]);
    let config = json!({ "kind": "cosine", "min_lr": 1e-6 });
    assert_eq!(ScheduleConfig::from_value(config).unwrap().hints(), [""; 0]);
}

#[test]
fn a_tiny_floor_inside_is_questioned() {
    let config = json!({ "kind": "scale", "schedule": { "kind": "cosine", "floor": 1e-5 } });
    assert_eq!(
        ScheduleConfig::from_value(config).unwrap().hints(),
        ["schedule.floor = 1e-5 is a ratio to the peak; an absolute learning rate is `min_lr`"]
    );
}

/// Every kind says what each of its keys means, and a schedule inside is a schedule.
#[cfg(feature = "schema")]
#[test]
fn the_schema_describes_every_key() {
    let schema = ScheduleConfig::schema();
    let kinds = schema["oneOf"].as_array().unwrap();
    assert_eq!(kinds.len(), ScheduleConfig::kinds().len());
    for kind in kinds {
        let properties = kind["properties"].as_object().unwrap();
        let name = properties["kind"]["const"].as_str().unwrap();
        let mut keys = ScheduleConfig::keys(name).unwrap();
        // What stands at the top level alone is no key of a kind.
        keys.extend(["plateau", "greedy"].map(str::to_owned));
        keys.sort();
        assert!(properties.keys().eq(&keys), "{name}");
        for (key, property) in properties.iter().filter(|(key, _)| *key != "kind") {
            assert!(
                property["description"].is_string(),
                "{name}.{key}: {property}"
            );
        }
        if let Some(inside) = properties.get("schedule") {
            assert_eq!(inside["$ref"], "#", "{name}: {inside}");
        }
    }
}
