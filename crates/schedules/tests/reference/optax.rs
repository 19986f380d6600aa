//! optax' schedules: absolute rates, and one list of groups.

use schedules::compat::optax::AnySchedule;
use serde_json::{Value, json};

use crate::Rebuilt;

/// The recorded function with the recorded arguments.
pub(crate) fn rebuild(recording: &Value) -> Rebuilt {
    let id = &recording["id"];
    let call = json!({ "fn": recording["type"], "params": recording["params"] });
    let peer: AnySchedule =
        serde_json::from_value(call).unwrap_or_else(|error| panic!("{id}: {error}"));
    let rate = peer.build().unwrap_or_else(|error| panic!("{id}: {error}"));
    Rebuilt {
        groups: vec![rate],
        skip: 0,
    }
}

#[test]
fn the_defaults_are_optax() {
    use schedules::compat::optax::*;

    let read = |name: &str, params: Value| -> AnySchedule {
        serde_json::from_value(json!({ "fn": name, "params": params })).unwrap()
    };
    assert_eq!(
        read(
            "linear_onecycle_schedule",
            json!({ "transition_steps": 9, "peak_value": 0.5 })
        ),
        LinearOnecycleSchedule {
            transition_steps: 9,
            peak_value: 0.5,
            pct_start: 0.3,
            pct_final: 0.85,
            div_factor: 25.0,
            final_div_factor: 1e4,
        }
        .into()
    );
    assert_eq!(
        read(
            "cosine_onecycle_schedule",
            json!({ "transition_steps": 9, "peak_value": 0.5 })
        ),
        CosineOnecycleSchedule::new(9, 0.5).into()
    );
    assert_eq!(
        read(
            "cosine_decay_schedule",
            json!({ "init_value": 0.5, "decay_steps": 9 })
        ),
        CosineDecaySchedule {
            init_value: 0.5,
            decay_steps: 9,
            alpha: 0.0,
            exponent: 1.0,
        }
        .into()
    );
    assert_eq!(
        read(
            "warmup_cosine_decay_schedule",
            json!({ "init_value": 0, "peak_value": 0.5, "warmup_steps": 2, "decay_steps": 9 })
        ),
        WarmupCosineDecaySchedule {
            init_value: 0.0,
            peak_value: 0.5,
            warmup_steps: 2,
            decay_steps: 9,
            end_value: 0.0,
            exponent: 1.0,
        }
        .into()
    );
    assert_eq!(
        read(
            "exponential_decay",
            json!({ "init_value": 0.5, "transition_steps": 9, "decay_rate": 0.9 })
        ),
        ExponentialDecay {
            init_value: 0.5,
            transition_steps: 9,
            decay_rate: 0.9,
            transition_begin: 0,
            staircase: false,
            end_value: None,
        }
        .into()
    );
}
