//! pytorch_optimizer's schedulers.

use schedules::compat::pytorch_optimizer::REXScheduler;
use serde_json::Value;

use crate::Rebuilt;

/// The recorded class with the recorded arguments.
pub(crate) fn rebuild(recording: &Value) -> Rebuilt {
    let (id, kind) = (&recording["id"], &recording["type"]);
    assert_eq!(kind, "REXScheduler", "no rule for it");
    let peer: REXScheduler = serde_json::from_value(recording["params"].clone())
        .unwrap_or_else(|error| panic!("{id}: {error}"));
    let rate = peer.build().unwrap_or_else(|error| panic!("{id}: {error}"));
    Rebuilt {
        groups: vec![rate],
        // Its constructor overwrites the first rate.
        skip: 1,
    }
}

#[test]
fn the_defaults_are_pytorch_optimizers() {
    let read: REXScheduler =
        serde_json::from_value(serde_json::json!({ "total_steps": 9 })).unwrap();
    let expected = REXScheduler {
        total_steps: 9,
        max_lr: 1.0,
        min_lr: 0.0,
    };
    assert_eq!(read, expected);
}
