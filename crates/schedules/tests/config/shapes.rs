//! The shapes that have more to say than a length: what their keys mean, what is refused, and how they are written.

use schedules::prelude::*;
use serde_json::{Value, json};

use super::{mistake, same};

#[test]
fn their_keys_mean_what_code_says() {
    same(
        json!({ "kind": "polynomial", "power": 2.0, "end": 0.1 }),
        Polynomial::new(1_000).power(2.0).end(0.1),
    );
    same(json!({ "kind": "multi_step" }), MultiStep::new([500, 750]));
    same(
        json!({ "kind": "multi_step", "milestones": ["2ep", 300], "ratios": [0.5, 1.0, 0.1] }),
        MultiStep::new([100, 300]).ratios([0.5, 1.0, 0.1]),
    );
    same(
        json!({ "kind": "cosine_restarts" }),
        CosineRestarts::new(340),
    );
    same(
        json!({ "kind": "cosine_restarts", "first_cycle": "10%", "multiplier": 2, "cycles": 3, "min_lr": 0.01,
                "peak_decay": 0.5, "warmup": 20 }),
        CosineRestarts::new(100)
            .multiplier(2.0)
            .cycles(3)
            .floor(0.01 / 0.1)
            .peak_decay(0.5)
            .warmup_within(20),
    );
    same(json!({ "kind": "one_cycle" }), OneCycle::new(1_000));
    same(
        json!({ "kind": "one_cycle", "rise": 0.4, "three_phases": true, "anneal": "linear", "length": "50%" }),
        OneCycle::new(500)
            .rise(0.4)
            .three_phases(true)
            .anneal(Curve::Linear),
    );
    same(json!({ "kind": "cyclic" }), Cyclic::new(125));
    same(
        json!({ "kind": "cyclic", "up": "1ep", "down": 30, "mode": "exp_range", "gamma": 0.99, "min_lr": 0.01 }),
        Cyclic::new(50)
            .down(30)
            .mode(CyclicMode::ExpRange)
            .gamma(0.99)
            .floor(0.01 / 0.1),
    );
    same(json!({ "kind": "wsd" }), Wsd::new(1_000, 200));
    same(
        json!({ "kind": "wsd", "decay": "30%", "anneal": { "power": 2.0 }, "floor": 0.1, "stable_power": 0.5 }),
        Wsd::new(1_000, 300)
            .anneal(Curve::Power(2.0))
            .floor(0.1)
            .stable_decay(0.5, 50),
    );
}

#[test]
fn their_mistakes_are_named() {
    let kinds = format!("must be one of {}", ScheduleConfig::kinds().join(", "));
    const SPAN: &str = "must be updates (500), epochs (\"3ep\"), a share of the run (\"5%\") or of the rest \
         (\"5% of rest\"), or \"rest\"";
    for (config, expected) in [
        (
            json!({ "kind": "multi_step", "gamma": 0.5, "ratios": [1.0, 0.5, 0.1] }),
            "gamma = 0.5: stands beside `ratios`, which say the same: keep one of them".to_owned(),
        ),
        (
            json!({ "kind": "multi_step", "milestones": [300, "20%"] }),
            "milestones[1] = \"20%\": is update 200, which must be after 300".to_owned(),
        ),
        (
            json!({ "kind": "multi_step", "milestones": [300, "20 minutes"] }),
            format!("milestones = [300,\"20 minutes\"]: {SPAN}"),
        ),
        (
            json!({ "kind": "one_cycle", "anneal": "cubic" }),
            "anneal = \"cubic\": must be one of linear, cosine, 1-sqrt, one_minus_sqrt, sqrt, power, exponential_to, \
             exponential, constant"
                .to_owned(),
        ),
        (
            json!({ "kind": "wsd", "anneal": { "exponential_to": 1.0 } }),
            "anneal.exponential_to = 1.0: must be above 0 and below 1".to_owned(),
        ),
        (
            json!({ "kind": "piecewise", "interpolation": "constant" }),
            "interpolation = \"constant\": must be one of linear, cosine, sqrt, power, exponential_to".to_owned(),
        ),
        (
            json!({ "kind": "CosineAnnealingWarmRestarts" }),
            format!(
                "kind = \"CosineAnnealingWarmRestarts\": {kinds} [did you mean `cosine_restarts`?]"
            ),
        ),
        (
            json!({ "kind": "cosine_restarts", "T_0": 9 }),
            "T_0 = 9: is no key of `cosine_restarts`, which takes cycles, first_cycle, floor, multiplier, peak_decay, \
             kind, warmup, warmup_start, warmup_curve, cooldown, cooldown_end, cooldown_curve, min_lr [did you mean `first_cycle`?]"
                .to_owned(),
        ),
    ] {
        assert_eq!(mistake(config), expected);
    }
}

#[test]
fn they_are_written_as_they_are_read() {
    for config in [
        json!({ "kind": "multi_step", "milestones": [3, "50%"], "ratios": [1.0, 0.5, 0.0] }),
        json!({ "kind": "cosine_restarts", "first_cycle": "1ep", "cycles": 3 }),
        json!({ "kind": "cyclic", "up": 5, "down": "1ep", "mode": "triangular2" }),
        json!({ "kind": "wsd", "anneal": { "exponential_to": 0.1 } }),
    ] {
        let read = ScheduleConfig::from_value(config.clone()).unwrap();
        let written: Value = serde_json::to_value(&read).unwrap();
        assert_eq!(ScheduleConfig::from_value(written.clone()).unwrap(), read);
        for (key, value) in config.as_object().unwrap() {
            assert_eq!(&written[key], value, "{written}");
        }
    }
}
