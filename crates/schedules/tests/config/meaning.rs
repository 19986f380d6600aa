//! What a config means in code.

use schedules::prelude::*;
use serde_json::json;

use super::same;

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
fn a_warm_up_has_a_curve() {
    same(
        json!({ "kind": "cosine", "warmup": "5%", "warmup_curve": "cosine" }),
        Cosine::new(1_000).warmup_within(50).curve(Curve::Cosine),
    );
    same(
        json!({ "kind": "constant", "warmup": 10, "warmup_start": 2, "warmup_curve": "exponential" }),
        Constant::new()
            .warmup(10)
            .start(2.0)
            .curve(Curve::Exponential),
    );
}

#[test]
fn a_cool_down_ends_the_run() {
    same(
        json!({ "kind": "constant", "cooldown": "20%" }),
        Constant::new().cooldown(200, 1_000),
    );
    same(
        json!({ "kind": "constant", "cooldown": "20%", "cooldown_curve": "sqrt", "warmup": "5%" }),
        Constant::new()
            .cooldown(200, 1_000)
            .curve(Curve::Sqrt)
            .warmup_within(50),
    );
    // The warm-up may reach to the cool-down.
    same(
        json!({ "kind": "constant", "cooldown": "60%", "warmup": 400 }),
        Constant::new().cooldown(600, 1_000).warmup_within(400),
    );
}

#[test]
fn a_cool_down_ends_at_the_floor_unless_it_has_an_end() {
    same(
        json!({ "kind": "step", "floor": 0.05, "cooldown": "1ep" }),
        Step::new(300).at_least(0.05).cooldown(50, 1_000).end(0.05),
    );
    same(
        json!({ "kind": "constant", "min_lr": 0.025, "cooldown": 100 }),
        Constant::new()
            .at_least(0.25)
            .cooldown(100, 1_000)
            .end(0.25),
    );
    same(
        json!({ "kind": "cosine", "floor": 0.1, "cooldown": "10%" }),
        Cosine::new(1_000).floor(0.1).cooldown(100, 1_000).end(0.1),
    );
    same(
        json!({ "kind": "cosine", "floor": 0.1, "length": "90%", "cooldown": "10%", "cooldown_end": 0 }),
        Cosine::new(900).floor(0.1).cooldown(100, 1_000),
    );
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
