//! Keras' schedules.

use schedules::compat::keras::{
    CosineDecay, CosineDecayRestarts, ExponentialDecay, InverseTimeDecay, PiecewiseConstantDecay,
    PolynomialDecay,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Rebuilt;

fn read<T: DeserializeOwned>(recording: &Value) -> T {
    serde_json::from_value(recording["params"].clone())
        .unwrap_or_else(|error| panic!("{}: {error}", recording["id"]))
}

/// The recorded class with the recorded arguments.
pub(crate) fn rebuild(recording: &Value) -> Rebuilt {
    let built = match recording["type"].as_str().unwrap() {
        "ExponentialDecay" => read::<ExponentialDecay>(recording).build(),
        "InverseTimeDecay" => read::<InverseTimeDecay>(recording).build(),
        "PiecewiseConstantDecay" => read::<PiecewiseConstantDecay>(recording).build(),
        "PolynomialDecay" => read::<PolynomialDecay>(recording).build(),
        "CosineDecay" => read::<CosineDecay>(recording).build(),
        "CosineDecayRestarts" => read::<CosineDecayRestarts>(recording).build(),
        other => panic!("no rule for Keras' {other}"),
    };
    let rate = built.unwrap_or_else(|error| panic!("{}: {error}", recording["id"]));
    Rebuilt {
        groups: vec![rate],
        skip: 0,
    }
}

#[test]
fn the_defaults_are_keras() {
    let recorded = |params: Value| serde_json::json!({ "params": params });
    let cosine = serde_json::json!({ "initial_learning_rate": 0.5, "decay_steps": 9 });
    assert_eq!(
        read::<CosineDecay>(&recorded(cosine.clone())),
        CosineDecay {
            initial_learning_rate: 0.5,
            decay_steps: 9,
            alpha: 0.0,
            warmup_target: None,
            warmup_steps: 0,
        }
    );
    assert_eq!(
        read::<PolynomialDecay>(&recorded(cosine)),
        PolynomialDecay {
            initial_learning_rate: 0.5,
            decay_steps: 9,
            end_learning_rate: 1e-4,
            power: 1.0,
            cycle: false,
        }
    );
    let restarts = serde_json::json!({ "initial_learning_rate": 0.5, "first_decay_steps": 9 });
    assert_eq!(
        read::<CosineDecayRestarts>(&recorded(restarts)),
        CosineDecayRestarts {
            initial_learning_rate: 0.5,
            first_decay_steps: 9,
            t_mul: 2.0,
            m_mul: 1.0,
            alpha: 0.0,
        }
    );
}
