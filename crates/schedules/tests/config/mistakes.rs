//! What each mistake is answered with.

use schedules::prelude::*;
use serde_json::json;

use super::mistake;

#[test]
fn a_mistake_is_named() {
    let kinds = format!("must be one of {}", ScheduleConfig::kinds().join(", "));
    const SPAN: &str = "must be updates (500), epochs (\"3ep\"), a share of the run (\"5%\") or of the rest \
         (\"5% of rest\"), or \"rest\"";
    const CURVE: &str = "must be one of linear, cosine, 1-sqrt, one_minus_sqrt, sqrt, power, exponential_to, \
                         exponential, constant";
    const COMMON: &str =
        "kind, warmup, warmup_start, warmup_curve, cooldown, cooldown_end, cooldown_curve";
    let cosine = format!("is no key of `cosine`, which takes floor, length, {COMMON}, min_lr");
    let linear =
        format!("is no key of `linear`, which takes end, length, start, {COMMON}, floor, min_lr");
    for (config, expected) in [
        (
            json!("cosine"),
            "\"cosine\": must be a table with a `kind`".to_owned(),
        ),
        (json!({}), format!("kind: {kinds}")),
        (json!({ "kind": 3 }), format!("kind = 3: {kinds}")),
        (
            json!({ "kind": "warp" }),
            format!("kind = \"warp\": {kinds}"),
        ),
        (
            json!({ "kind": "Cosine" }),
            format!("kind = \"Cosine\": {kinds} [did you mean `cosine`?]"),
        ),
        (
            json!({ "kind": "StepLR" }),
            format!("kind = \"StepLR\": {kinds} [did you mean `step`?]"),
        ),
        (
            json!({ "kind": "SequentialLR" }),
            format!("kind = \"SequentialLR\": {kinds} [did you mean `sequence`?]"),
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
            json!({ "kind": "noam", "warmup": "5%" }),
            "warmup = \"5%\": is no key of `noam`, which takes rise, kind, cooldown, cooldown_end, cooldown_curve, \
             floor, min_lr [did you mean `rise`?]"
                .to_owned(),
        ),
        (
            json!({ "kind": "one_cycle", "warmup": 30 }),
            "warmup = 30: is no key of `one_cycle`, which takes anneal, base_momentum, cycle_momentum, end, length, \
             max_momentum, rise, start, three_phases, kind, cooldown, cooldown_end, cooldown_curve, floor, min_lr \
             [did you mean `rise`?]"
                .to_owned(),
        ),
        (
            json!({ "kind": "cosine", "warmup_start": 0.1 }),
            "warmup_start = 0.1: needs a `warmup`".to_owned(),
        ),
        (
            json!({ "kind": "cosine", "warmup": 5, "warmup_start": -0.5 }),
            "warmup_start = -0.5: must be between 0 and 1e18".to_owned(),
        ),
        (
            json!({ "kind": "cosine", "warmup_curve": "sqrt" }),
            "warmup_curve = \"sqrt\": needs a `warmup`".to_owned(),
        ),
        (
            json!({ "kind": "cosine", "warmup": 5, "warmup_curve": "bent" }),
            format!("warmup_curve = \"bent\": {CURVE}"),
        ),
        (
            json!({ "kind": "cosine", "warmup": 5, "warmup_curve": 1 }),
            "warmup_curve = 1: must be a text".to_owned(),
        ),
        (
            json!({ "kind": "cosine", "warmup": 5, "warmup_curve": "exponential", "warmup_start": 0 }),
            "warmup_start = 0.0: must be above 0 and at most 1e18".to_owned(),
        ),
        (
            json!({ "kind": "constant", "cooldown": "101%" }),
            "cooldown = \"101%\": is 1010 updates, which must be at most the 1000 there are"
                .to_owned(),
        ),
        (
            json!({ "kind": "constant", "cooldown": "60%", "warmup": 401 }),
            "warmup = 401: is 401 updates, which must be at most those before the cool-down"
                .to_owned(),
        ),
        (
            json!({ "kind": "constant", "cooldown": "60%", "warmup": 1_000 }),
            "warmup = 1000: is 1000 updates, which must be fewer than those of what follows"
                .to_owned(),
        ),
        (
            json!({ "kind": "constant", "cooldown": [] }),
            format!("cooldown = []: {SPAN}"),
        ),
        (
            json!({ "kind": "constant", "cooldown": 5, "cooldown_end": 2.0 }),
            "cooldown_end = 2.0: must be between 0 and 1".to_owned(),
        ),
        (
            json!({ "kind": "constant", "cooldown": 5, "cooldown_end": "low" }),
            "cooldown_end = \"low\": must be a number".to_owned(),
        ),
        (
            json!({ "kind": "constant", "cooldown": 5, "cooldown_curve": "exponential" }),
            "cooldown_end = 0.0: must be above 0 and at most 1".to_owned(),
        ),
        (
            json!({ "kind": "constant", "cooldown_end": 0.1 }),
            "cooldown_end = 0.1: needs a `cooldown`".to_owned(),
        ),
        (
            json!({ "kind": "constant", "cooldown_curve": "cosine" }),
            "cooldown_curve = \"cosine\": needs a `cooldown`".to_owned(),
        ),
    ] {
        assert_eq!(mistake(config.clone()), expected, "{config}");
    }
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

#[test]
fn what_rises_by_itself_takes_no_warm_up() {
    for kind in ["noam", "one_cycle"] {
        let mut config = ScheduleConfig::default_of(kind).unwrap();
        config.warmup = Some(Span::Updates(50));
        let error = config.build(&Horizon::new(1_000, 50), 0.1).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("warmup = 50: stands before a `{kind}`, which rises by itself")
        );
        assert_eq!(error.hint(), Some("the key of its own rise is `rise`"));
    }
}
