//! Schedules inside a schedule: what they mean, and where a mistake in one is found.

use std::sync::Arc;

use schedules::prelude::*;
use serde_json::{Value, json};

use super::{mistake, same};

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

#[test]
fn what_is_not_given_fits_into_a_part() {
    let second = |part: Value, shape: &dyn Fn() -> Arc<dyn Schedule>| {
        same(
            json!({ "kind": "sequence", "milestones": ["90%"], "schedules": [{ "kind": "constant" }, part] }),
            Sequence::new(Constant::new()).then(900, shape()),
        );
    };
    second(json!({ "kind": "wsd" }), &|| Arc::new(Wsd::new(100, 20)));
    second(json!({ "kind": "step" }), &|| Arc::new(Step::new(30)));
    second(json!({ "kind": "cyclic" }), &|| Arc::new(Cyclic::new(13)));
    second(json!({ "kind": "noam" }), &|| Arc::new(Noam::new(4)));
    second(json!({ "kind": "swa" }), &|| {
        Arc::new(SwaAnneal::new(5, 0.5))
    });
    second(json!({ "kind": "multi_step" }), &|| {
        Arc::new(MultiStep::new([50, 75]))
    });
    second(json!({ "kind": "repeat" }), &|| {
        Arc::new(Cosine::new(25).repeat(25))
    });
    second(json!({ "kind": "delay" }), &|| {
        Arc::new(Cosine::new(50).delay(50))
    });
    second(json!({ "kind": "sequence" }), &|| {
        Arc::new(Sequence::new(Constant::new()).then(75, Cosine::new(25)))
    });
    for kind in ScheduleConfig::kinds() {
        let parts = json!([{ "kind": "constant" }, { "kind": kind }]);
        let config = json!({ "kind": "sequence", "milestones": [990], "schedules": parts });
        let config = ScheduleConfig::from_value(config).unwrap();
        assert!(
            config.build(&Horizon::new(1_000, 50), 0.1).is_ok(),
            "{kind}"
        );
    }
}

#[test]
fn a_product_multiplies_its_parts() {
    same(
        json!({ "kind": "product" }),
        Cosine::new(1_000).times(Linear::new(1_000)),
    );
    same(
        json!({
            "kind": "product",
            "schedules": [{ "kind": "cosine", "floor": 0.1 }, { "kind": "step", "every": "1ep", "gamma": 0.9 },
                          { "kind": "constant", "warmup": 5 }],
            "warmup": "5%",
            "min_lr": 0.001,
        }),
        Cosine::new(1_000)
            .floor(0.1)
            .times(Step::new(50).gamma(0.9))
            .times(Constant::new().warmup(5))
            .at_least(0.001 / 0.1)
            .warmup_within(50),
    );
}

#[test]
fn a_schedule_inside_another_has_its_time() {
    same(json!({ "kind": "scale" }), Cosine::new(1_000).scale(1.0));
    same(
        json!({ "kind": "sequence", "milestones": [600],
                "schedules": [{ "kind": "linear" },
                              { "kind": "scale", "ratio": 0.1, "schedule": { "kind": "cosine" } }] }),
        Sequence::new(Linear::new(600)).then(600, Cosine::new(400).scale(0.1)),
    );
    same(json!({ "kind": "delay" }), Cosine::new(500).delay(500));
    same(
        json!({ "kind": "delay", "updates": "1ep", "schedule": { "kind": "linear", "cooldown": "10%" }, "warmup": 30 }),
        Linear::new(950)
            .cooldown(100, 950)
            .delay(50)
            .warmup_within(30),
    );
    same(json!({ "kind": "repeat" }), Cosine::new(250).repeat(250));
    same(
        json!({ "kind": "repeat", "every": "2ep", "cycles": 3, "schedule": { "kind": "linear", "warmup": 10 } }),
        Linear::new(100).warmup_within(10).repeat(100).cycles(3),
    );
    same(
        json!({ "kind": "k_decay" }),
        Cosine::new(1_000).k_decay(2.0),
    );
    same(
        json!({ "kind": "k_decay", "k": 1.5, "schedule": { "kind": "linear", "min_lr": 0.01 }, "warmup": "10%" }),
        Linear::new(1_000)
            .at_least(0.01 / 0.1)
            .k_decay(1.5)
            .warmup_within(100),
    );
}

#[test]
fn a_lowest_rate_inside_a_scale_is_the_rate_that_comes_out() {
    let config =
        json!({ "kind": "scale", "ratio": 0.5, "schedule": { "kind": "cosine", "min_lr": 0.02 } });
    same(config, Cosine::new(1_000).floor(0.02 / 0.05).scale(0.5));
    assert_eq!(
        mistake(
            json!({ "kind": "scale", "ratio": 0.5, "schedule": { "kind": "cosine", "min_lr": 0.06 } })
        ),
        "schedule.min_lr = 0.06: must be between 0 and the peak learning rate 0.05"
    );
}

#[test]
fn a_mistake_inside_is_named_with_its_path() {
    const SPAN: &str = "must be updates (500), epochs (\"3ep\"), a share of the run (\"5%\") or of the rest \
         (\"5% of rest\"), or \"rest\"";
    let every = [
        (
            "schedule.length = 0",
            "must be at least 1",
            json!({ "kind": "cosine", "length": 0 }),
        ),
        (
            "schedule.length = \"5x\"",
            SPAN,
            json!({ "kind": "cosine", "length": "5x" }),
        ),
        ("schedule = 7", "must be a table with a `kind`", json!(7)),
        (
            "schedule.schedule.every = 0",
            "must be at least 1",
            json!({ "kind": "scale", "schedule": { "kind": "step", "every": 0 } }),
        ),
        (
            "schedule.schedules[1].floor = 2.0",
            "must be between 0 and 1",
            json!({ "kind": "product", "schedules": [{ "kind": "cosine" }, { "kind": "cosine", "floor": 2.0 }] }),
        ),
    ];
    for kind in ["scale", "delay", "repeat", "k_decay"] {
        for (place, allowed, inside) in &every {
            let config = json!({ "kind": kind, "schedule": inside });
            assert_eq!(mistake(config), format!("{place}: {allowed}"), "{kind}");
        }
    }
}

#[test]
fn a_mistake_beside_what_is_inside_is_named() {
    for (config, expected) in [
        (
            json!({ "kind": "scale", "ratio": -1.0, "schedule": { "kind": "cosine", "min_lr": 0.01 } }),
            "ratio = -1.0: must be between 0 and 1e18",
        ),
        (
            json!({ "kind": "delay", "transition_begin": 5 }),
            "transition_begin = 5: is no key of `delay`, which takes schedule, updates, kind, warmup, warmup_start, \
             warmup_curve, cooldown, cooldown_end, cooldown_curve, floor, min_lr [did you mean `updates`?]",
        ),
        (
            json!({ "kind": "scale", "ratio": "low" }),
            "ratio = \"low\": must be a number",
        ),
        (
            json!({ "kind": "delay", "updates": 1_000 }),
            "updates = 1000: is 1000 updates, which must be fewer than the 1000 there are",
        ),
        (
            json!({ "kind": "repeat", "every": 0 }),
            "every = 0: must be at least 1",
        ),
        (
            json!({ "kind": "repeat", "cycles": 0 }),
            "cycles = 0: must be at least 1",
        ),
        (
            json!({ "kind": "repeat", "cycles": 2.5 }),
            "cycles = 2.5: must be a whole number",
        ),
        (
            json!({ "kind": "repeat", "cycles": "two" }),
            "cycles = \"two\": must be a whole number",
        ),
        (
            json!({ "kind": "k_decay", "k": 0 }),
            "k = 0.0: must be above 0 and at most 1e18",
        ),
        (
            json!({ "kind": "k_decay", "schedule": { "kind": "step" } }),
            "schedule: must have an end, as a linear or a cosine one has",
        ),
        (
            json!({ "kind": "product", "schedules": [] }),
            "schedules = []: must have at least one schedule",
        ),
        (
            json!({ "kind": "product", "schedules": { "kind": "cosine" } }),
            "schedules = {\"kind\":\"cosine\"}: must be a list of schedules",
        ),
        (
            json!({ "kind": "product", "schedules": [{ "kind": "cosine" }, { "kind": "linear", "length": 0 }] }),
            "schedules[1].length = 0: must be at least 1",
        ),
        (
            json!({ "kind": "product", "warmup": 100,
                    "schedules": [{ "kind": "cosine" }, { "kind": "linear", "length": 100 }] }),
            "warmup = 100: is 100 updates, which must be fewer than those of what follows",
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
            "milestones[0] = \"5m\": must be updates (500), epochs (\"3ep\"), a share of the run (\"5%\") or of the rest \
         (\"5% of rest\"), or \"rest\"",
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
