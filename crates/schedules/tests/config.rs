//! Schedules as a config file holds them: what is accepted, what it means, and what each mistake is answered with.

#![cfg(feature = "serde")]
#![allow(clippy::unwrap_used, clippy::expect_used)] // a panic is how a test fails

use schedules::prelude::*;
use serde_json::{Value, json};

fn rate(config: Value) -> Scheduler {
    ScheduleConfig::from_value(config)
        .unwrap()
        .build(&Horizon::new(1_000, 50), 0.1)
        .unwrap()
}

/// The rates of a config at some updates equal those of a schedule written in code.
fn same(config: Value, schedule: impl Schedule + 'static) {
    let (config, code) = (rate(config), schedule.peak(0.1).unwrap());
    assert_eq!(config.rates(0..1_200), code.rates(0..1_200));
    assert_eq!(config.state().fingerprint, code.state().fingerprint);
}

#[test]
fn a_config_means_what_code_says() {
    same(json!({ "kind": "constant" }), Constant::new());
    same(
        json!({ "kind": "linear", "start": 0.5, "end": 0.1, "length": "2ep" }),
        Linear::new(100).start(0.5).end(0.1),
    );
    same(json!({ "kind": "step" }), Step::new(300));
    same(
        json!({ "kind": "step", "every": 10, "gamma": 0.9 }),
        Step::new(10).gamma(0.9),
    );
    same(
        json!({ "kind": "exponential" }),
        Exponential::new(0.01).every(1_000),
    );
    same(
        json!({ "kind": "cosine", "floor": 0.1 }),
        Cosine::new(1_000).floor(0.1),
    );
    same(
        json!({ "kind": "cosine", "min_lr": 0.05 }),
        Cosine::new(1_000).floor(0.5),
    );
    same(
        json!({ "kind": "cosine", "warmup": "5%" }),
        Cosine::new(1_000).warmup_within(50),
    );
    same(
        json!({ "kind": "cosine", "warmup": 10, "warmup_start": 0.0 }),
        Cosine::new(1_000).warmup_within(10).start(0.0),
    );
    same(
        json!({ "kind": "step", "floor": 0.05, "warmup": "1ep" }),
        Step::new(300).at_least(0.05).warmup_within(50),
    );
    same(
        json!({ "kind": "linear", "min_lr": 0.025 }),
        Linear::new(1_000).at_least(0.25),
    );
}

#[test]
fn a_config_of_one_of_many_shapes_means_what_code_says() {
    same(
        json!({ "kind": "exponential", "every": "2ep", "staircase": true }),
        Exponential::new(0.01).every(100).staircase(true),
    );
    same(json!({ "kind": "inverse_sqrt" }), InverseSqrt::new(10));
    same(
        json!({ "kind": "inverse_sqrt", "timescale": "5%", "warmup": "5%", "warmup_start": 0 }),
        InverseSqrt::new(50).warmup(50).start(0.0),
    );
    same(json!({ "kind": "noam" }), Noam::new(40));
    same(json!({ "kind": "noam", "rise": "2ep" }), Noam::new(100));
    same(
        json!({ "kind": "inverse_time" }),
        InverseTime::new(9.0).every(1_000),
    );
    same(
        json!({ "kind": "inverse_time", "decay": 0.5, "every": "1ep", "staircase": true }),
        InverseTime::new(0.5).every(50).staircase(true),
    );
    same(json!({ "kind": "tanh" }), Tanh::new(1_000));
    same(
        json!({ "kind": "tanh", "length": "50%", "lower": -5.0, "upper": 2.0, "min_lr": 0.05 }),
        Tanh::new(500).lower(-5.0).upper(2.0).floor(0.5),
    );
    same(json!({ "kind": "rex" }), Rex::new(1_000));
    same(
        json!({ "kind": "rex", "floor": 0.1, "warmup": "5%" }),
        Rex::new(1_000).floor(0.1).warmup_within(50),
    );
    same(
        json!({ "kind": "piecewise" }),
        Piecewise::new(1.0).to(1_000, 0.0),
    );
    same(
        json!({ "kind": "piecewise", "times": [0, "1ep", "50%", "rest"], "values": [0.1, 1, 1, 0],
                "interpolation": "cosine" }),
        Piecewise::new(0.1)
            .to(50, 1.0)
            .to(500, 1.0)
            .to(1_000, 0.0)
            .interpolation(Interpolation::Cosine),
    );
    same(json!({ "kind": "flat_cosine" }), FlatCosine::new(1_000));
    same(
        json!({ "kind": "flat_cosine", "length": 500, "flat": 0.5, "floor": 0.1 }),
        FlatCosine::new(500).flat(0.5).floor(0.1),
    );
    same(json!({ "kind": "swa" }), SwaAnneal::new(50, 0.5));
    same(
        json!({ "kind": "swa", "start": 0.8, "end": 0.1, "length": 0, "interpolation": "linear" }),
        SwaAnneal::new(0, 0.1)
            .start(0.8)
            .interpolation(Interpolation::Linear),
    );
    same(json!({ "kind": "range_test" }), RangeTest::new(1_000));
    same(
        json!({ "kind": "range_test", "length": 100, "start": 0, "sweep": "linear" }),
        RangeTest::new(100).start(0.0).sweep(Sweep::Linear),
    );
}

/// In a part of a sequence, a bare kind is about the part.
#[test]
fn every_kind_fits_into_a_short_part() {
    for kind in ScheduleConfig::kinds() {
        if kind != "sequence" {
            rate(json!({ "kind": "sequence", "milestones": [950],
                         "schedules": [{ "kind": "constant" }, { "kind": kind }] }));
        }
    }
}

#[test]
fn a_sequence_shares_out_the_run() {
    same(
        json!({ "kind": "sequence" }),
        Sequence::new(Constant::new()).then(750, Cosine::new(250)),
    );
    same(
        json!({
            "kind": "sequence",
            "schedules": [{ "kind": "linear", "end": 0.5 }, { "kind": "step", "every": "10%" }, { "kind": "cosine" }],
            "milestones": [200, "50%"],
            "warmup": "5%",
        }),
        Sequence::new(Linear::new(200).end(0.5))
            .then(200, Step::new(100))
            .then(500, Cosine::new(500))
            .warmup_within(50),
    );
    same(
        json!({
            "kind": "sequence",
            "schedules": [{ "kind": "sequence", "milestones": [100],
                            "schedules": [{ "kind": "linear" }, { "kind": "cosine", "min_lr": 0.01 }] },
                          { "kind": "constant" }],
            "milestones": [400],
        }),
        Sequence::new(
            Sequence::new(Linear::new(100)).then(100, Cosine::new(300).floor(0.01 / 0.1)),
        )
        .then(400, Constant::new()),
    );
}

/// The text, and the hint after it, of reading and building a config.
fn mistake(config: Value) -> String {
    let horizon = Horizon::new(1_000, 50);
    let error = ScheduleConfig::from_value(config)
        .and_then(|config| config.build(&horizon, 0.1))
        .unwrap_err();
    match error.hint() {
        Some(hint) => format!("{error} [{hint}]"),
        None => error.to_string(),
    }
}

#[test]
fn a_mistake_is_named() {
    const KINDS: &str = "must be one of constant, linear, step, exponential, cosine, inverse_sqrt, noam, \
                         inverse_time, tanh, rex, piecewise, flat_cosine, swa, range_test, sequence";
    const SPAN: &str =
        "must be updates (500), epochs (\"3ep\"), a share of the run (\"5%\") or \"rest\"";
    let cosine =
        "is no key of `cosine`, which takes floor, length, kind, warmup, warmup_start, min_lr";
    let linear = "is no key of `linear`, which takes end, length, start, kind, warmup, warmup_start, floor, min_lr";
    for (config, expected) in [
        (
            json!("cosine"),
            "\"cosine\": must be a table with a `kind`".to_owned(),
        ),
        (json!({}), format!("kind: {KINDS}")),
        (json!({ "kind": 3 }), format!("kind = 3: {KINDS}")),
        (
            json!({ "kind": "warp" }),
            format!("kind = \"warp\": {KINDS}"),
        ),
        (
            json!({ "kind": "Cosine" }),
            format!("kind = \"Cosine\": {KINDS} [did you mean `cosine`?]"),
        ),
        (
            json!({ "kind": "StepLR" }),
            format!("kind = \"StepLR\": {KINDS} [did you mean `step`?]"),
        ),
        (
            json!({ "kind": "SequentialLR" }),
            format!("kind = \"SequentialLR\": {KINDS} [did you mean `sequence`?]"),
        ),
        (
            json!({ "kind": "cosine", "T_max": 9 }),
            format!("T_max = 9: {cosine} [did you mean `length`?]"),
        ),
        (
            json!({ "kind": "cosine", "eta_min": 9 }),
            format!("eta_min = 9: {cosine} [did you mean `min_lr`?]"),
        ),
        (
            json!({ "kind": "linear", "len": 9 }),
            format!("len = 9: {linear} [did you mean `length`?]"),
        ),
        (
            json!({ "kind": "linear", "lenght": "x" }),
            format!("lenght = \"x\": {linear}"),
        ),
        (
            json!({ "kind": "cosine", "length": "5x" }),
            format!("length = \"5x\": {SPAN}"),
        ),
        (
            json!({ "kind": "cosine", "length": 0.5 }),
            format!("length = 0.5: {SPAN}"),
        ),
        (
            json!({ "kind": "cosine", "length": -5 }),
            format!("length = -5: {SPAN}"),
        ),
        (
            json!({ "kind": "cosine", "warmup": "5 minutes" }),
            format!("warmup = \"5 minutes\": {SPAN}"),
        ),
        (
            json!({ "kind": "cosine", "floor": "low" }),
            "floor = \"low\": must be a number".to_owned(),
        ),
        (
            json!({ "kind": "step", "floor": true }),
            "floor = true: must be a number".to_owned(),
        ),
        (
            json!({ "kind": "step", "gamma": null }),
            "gamma = null: must be a number".to_owned(),
        ),
        (
            json!({ "kind": "cosine", "floor": 1.5 }),
            "floor = 1.5: must be between 0 and 1".to_owned(),
        ),
        (
            json!({ "kind": "linear", "floor": 1.5 }),
            "floor = 1.5: must be between 0 and 1".to_owned(),
        ),
        (
            json!({ "kind": "cosine", "length": 0 }),
            "length = 0: must be at least 1".to_owned(),
        ),
        (
            json!({ "kind": "cosine", "floor": 0.1, "min_lr": 0.01 }),
            "floor = 0.1: stands beside `min_lr`, which says the same: keep one of them".to_owned(),
        ),
        (
            json!({ "kind": "linear", "min_lr": 0.5 }),
            "min_lr = 0.5: must be between 0 and the peak learning rate 0.1".to_owned(),
        ),
        (
            json!({ "kind": "cosine", "warmup": "100%" }),
            "warmup = \"100%\": is 1000 updates, which must be fewer than those of what follows"
                .to_owned(),
        ),
        (
            json!({ "kind": "cosine", "warmup_start": 0.1 }),
            "warmup_start = 0.1: needs a `warmup`".to_owned(),
        ),
        (
            json!({ "kind": "cosine", "warmup": 5, "warmup_start": 2.0 }),
            "warmup_start = 2.0: must be between 0 and 1".to_owned(),
        ),
    ] {
        assert_eq!(mistake(config.clone()), expected, "{config}");
    }
}

#[test]
fn a_mistake_in_one_of_many_shapes_is_named() {
    let piecewise = |times: Value, values: Value| json!({ "kind": "piecewise", "times": times, "values": values });
    for (config, expected) in [
        (
            piecewise(json!([0, 10]), json!([1, 0.5, 0])),
            "values = [1.0,0.5,0.0]: must have as many entries as `times`, which has 2",
        ),
        (
            piecewise(json!([]), json!([])),
            "times = []: must have at least one entry",
        ),
        (
            piecewise(json!([10, 20]), json!([1, 0])),
            "times[0] = 10: must be 0, where the first value stands",
        ),
        (
            piecewise(json!([0, "10%", "2ep"]), json!([1, 0.5, 0])),
            "times[2] = \"2ep\": is update 100, which must be after 100",
        ),
        (
            piecewise(json!([0, "10%", "x"]), json!([1, 0.5, 0])),
            "times[2] = \"x\": must be updates (500), epochs (\"3ep\"), a share of the run (\"5%\") or \"rest\"",
        ),
        (
            piecewise(json!([0, 10]), json!([1, "low"])),
            "values[1] = \"low\": must be a number",
        ),
        (
            piecewise(json!([0, 10]), json!([1, -1])),
            "values[1] = -1.0: must be between 0 and 1e18",
        ),
        (
            piecewise(json!(10), json!([1])),
            "times = 10: must be a list",
        ),
        (
            json!({ "kind": "piecewise", "interpolation": "cubic" }),
            "interpolation = \"cubic\": must be `linear` or `cosine`",
        ),
        (
            json!({ "kind": "swa", "anneal_strategy": "cos" }),
            "anneal_strategy = \"cos\": is no key of `swa`, which takes end, interpolation, length, start, kind, \
             warmup, warmup_start, floor, min_lr [did you mean `interpolation`?]",
        ),
        (
            json!({ "kind": "range_test", "sweep": "cosine" }),
            "sweep = \"cosine\": must be `exponential` or `linear`",
        ),
        (
            json!({ "kind": "range_test", "start": 0 }),
            "start = 0.0: must be above 0 and at most 1",
        ),
        (
            json!({ "kind": "noam", "warmup_steps": 4_000 }),
            "warmup_steps = 4000: is no key of `noam`, which takes rise, kind, warmup, warmup_start, floor, min_lr \
             [did you mean `rise`?]",
        ),
        (
            json!({ "kind": "inverse_time", "decay_rate": 0.5 }),
            "decay_rate = 0.5: is no key of `inverse_time`, which takes decay, every, staircase, kind, warmup, \
             warmup_start, floor, min_lr [did you mean `decay`?]",
        ),
        (
            json!({ "kind": "inverse_time", "staircase": 1 }),
            "staircase = 1: must be true or false",
        ),
        (
            json!({ "kind": "tanh", "lower": 5.0 }),
            "upper = 3.0: must be above `lower`, which is 5.0",
        ),
    ] {
        assert_eq!(mistake(config.clone()), expected, "{config}");
    }
}

#[test]
fn a_mistake_in_a_sequence_is_named_with_its_part() {
    let parts = |second: Value, milestones: Value| {
        let schedules = [json!({ "kind": "constant" }), second];
        json!({ "kind": "sequence", "schedules": schedules, "milestones": milestones })
    };
    let cosine = || json!({ "kind": "cosine" });
    for (config, expected) in [
        (
            parts(json!({ "kind": "cosine", "length": 0 }), json!([5])),
            "schedules[1].length = 0: must be at least 1",
        ),
        (
            parts(json!({ "kind": "cosine", "floor": [] }), json!([5])),
            "schedules[1].floor = []: must be a number",
        ),
        (
            parts(json!(7), json!([5])),
            "schedules[1] = 7: must be a table with a `kind`",
        ),
        (
            parts(
                json!({ "kind": "sequence", "schedules": [{ "kind": "step", "every": 0 }], "milestones": [] }),
                json!([5]),
            ),
            "schedules[1].schedules[0].every = 0: must be at least 1",
        ),
        (
            parts(cosine(), json!(["5m"])),
            "milestones[0] = \"5m\": must be updates (500), epochs (\"3ep\"), a share of the run (\"5%\") or \"rest\"",
        ),
        (
            parts(cosine(), json!(5)),
            "milestones = 5: must be a list of updates, epochs or shares",
        ),
        (
            parts(cosine(), json!(["100%"])),
            "milestones[0] = \"100%\": is update 1000, which must be after 0 and before the end at 1000",
        ),
        (
            parts(cosine(), json!([0])),
            "milestones[0] = 0: is update 0, which must be after 0 and before the end at 1000",
        ),
        (
            parts(cosine(), json!([5, 9])),
            "milestones = [5,9]: must have one entry less than `schedules`, which has 2",
        ),
        (
            json!({ "kind": "sequence", "schedules": [cosine()] }),
            "milestones: must be a list of updates, epochs or shares",
        ),
        (
            json!({ "kind": "sequence", "milestones": [5] }),
            "schedules: must be a list of schedules",
        ),
        (
            json!({ "kind": "sequence", "warmup": "75%" }),
            "warmup = \"75%\": is 750 updates, which must be fewer than those of what follows",
        ),
    ] {
        assert_eq!(mistake(config.clone()), expected, "{config}");
    }
}

#[test]
fn writing_and_reading_is_one_to_one() {
    let mut configs: Vec<Value> = ScheduleConfig::kinds()
        .iter()
        .map(|kind| json!({ "kind": kind }))
        .collect();
    configs.extend([
        json!({ "kind": "cosine", "length": "3ep", "floor": 0.1, "warmup": 0 }),
        json!({ "kind": "cosine", "min_lr": 1e-5, "warmup": "5%", "warmup_start": 0.0 }),
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
            if key != "schedules" {
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
            "inverse_sqrt",
            "noam",
            "inverse_time",
            "tanh",
            "rex",
            "piecewise",
            "flat_cosine",
            "swa",
            "range_test",
            "sequence"
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
fn the_peak_is_checked_first() {
    let config = ScheduleConfig::from_value(json!({ "kind": "cosine", "min_lr": 0.01 })).unwrap();
    let horizon = Horizon::new(1_000, 50);
    for peak in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(config.build(&horizon, peak).unwrap_err().path(), "peak");
    }
    // The highest floor is the peak itself.
    assert_eq!(
        config.build(&horizon, 0.01).unwrap().rates(999..1_001),
        [0.01, 0.01]
    );
}

#[test]
fn a_floor_set_in_code_is_the_shapes_own() {
    let mut config = ScheduleConfig::default_of("cosine").unwrap();
    config.floor = Some(0.2);
    let built = config.build(&Horizon::new(1_000, 50), 0.1).unwrap();
    assert_eq!(
        built.rates(0..1_200),
        Cosine::new(1_000)
            .floor(0.2)
            .peak(0.1)
            .unwrap()
            .rates(0..1_200)
    );
    config.min_lr = Some(0.01);
    assert_eq!(
        config
            .build(&Horizon::new(1_000, 50), 0.1)
            .unwrap_err()
            .path(),
        "floor"
    );
}

#[test]
fn deserializing_says_the_same_and_the_hint() {
    let error = serde_json::from_value::<ScheduleConfig>(json!({ "kind": "cosine", "T_max": 5 }))
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("T_max = 5: is no key of `cosine`"),
        "{error}"
    );
    assert!(
        error.to_string().ends_with("(did you mean `length`?)"),
        "{error}"
    );
}
