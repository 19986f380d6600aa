//! transformers' recordings.

use schedules::compat::transformers::GetScheduler;
use serde_json::Value;

use crate::Rebuilt;

/// The scheduler of a recording.
pub(crate) fn rebuild(recording: &Value) -> Rebuilt {
    let mut arguments = recording["params"].clone();
    arguments["name"] = recording["type"].clone();
    let peer: GetScheduler = serde_json::from_value(arguments)
        .unwrap_or_else(|error| panic!("{}: {error}", recording["id"]));
    let rate = peer
        .build(recording["base_lr"].as_f64().unwrap())
        .unwrap_or_else(|error| panic!("{}: {error}", recording["id"]));
    Rebuilt {
        groups: vec![rate],
        skip: 0,
    }
}
