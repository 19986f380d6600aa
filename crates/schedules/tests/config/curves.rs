//! The shapes of peers: what their keys mean, and what is refused.

use schedules::prelude::*;
use serde_json::{Value, json};

use super::{mistake, rate, same};

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
            .interpolation(Curve::Cosine),
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
            .interpolation(Curve::Linear),
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
        // These three have shares of the whole run in them.
        if !["sequence", "delay", "wsd"].contains(&kind) {
            rate(json!({ "kind": "sequence", "milestones": [950],
                         "schedules": [{ "kind": "constant" }, { "kind": kind }] }));
        }
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
            "times[2] = \"x\": must be updates (500), epochs (\"3ep\"), a share of the run (\"5%\") or of the rest \
         (\"5% of rest\"), or \"rest\"",
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
            "interpolation = \"cubic\": must be one of linear, cosine, 1-sqrt, one_minus_sqrt, sqrt, power, exponential_to, \
             exponential, constant",
        ),
        (
            json!({ "kind": "swa", "anneal_strategy": "cos" }),
            "anneal_strategy = \"cos\": is no key of `swa`, which takes end, interpolation, length, start, kind, \
             warmup, warmup_start, warmup_curve, cooldown, cooldown_end, cooldown_curve, floor, min_lr [did you mean `interpolation`?]",
        ),
        (
            json!({ "kind": "range_test", "sweep": "cosine" }),
            "sweep = \"cosine\": must be exponential or linear",
        ),
        (
            json!({ "kind": "range_test", "start": 0 }),
            "start = 0.0: must be above 0 and at most 1",
        ),
        (
            json!({ "kind": "noam", "warmup_steps": 4_000 }),
            "warmup_steps = 4000: is no key of `noam`, which takes rise, kind, cooldown, cooldown_end, cooldown_curve, floor, min_lr \
             [did you mean `rise`?]",
        ),
        (
            json!({ "kind": "inverse_time", "decay_rate": 0.5 }),
            "decay_rate = 0.5: is no key of `inverse_time`, which takes decay, every, staircase, kind, warmup, warmup_start, warmup_curve, cooldown, cooldown_end, cooldown_curve, floor, min_lr [did you mean `decay`?]",
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
