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
