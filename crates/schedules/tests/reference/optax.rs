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
