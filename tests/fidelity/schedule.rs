//! PyTorch's schedulers from what `make_runs.py` was told.

use schedules::compat::torch::{Child, SequentialLR};
use schedules::{ScheduleError, Scheduler};
use serde_json::{Value, json};

use super::arguments::Arguments;

/// The scheduler of `spec`: one, or a list that follow each other, each `for_steps` updates long.
pub(super) fn build(spec: &Value, base_lr: f64) -> Scheduler {
    let parts = match spec {
        Value::Array(parts) => parts.as_slice(),
        one => std::slice::from_ref(one),
    };
    let (mut schedulers, mut milestones) = (Vec::new(), Vec::new());
    for part in parts {
        let mut arguments = Arguments::new(part);
        if arguments.take("for_steps").is_some() {
            let steps = part["for_steps"].as_u64().expect("a count");
            milestones.push(steps + milestones.last().copied().unwrap_or(0));
        }
        schedulers.push(child(arguments));
    }
    let built = match schedulers.as_slice() {
        // A single one is no sequence, however long it was to be.
        [one] => alone(one, base_lr),
        _ => SequentialLR {
            schedulers,
            milestones,
        }
        .build(base_lr),
    };
    built.unwrap_or_else(|error| panic!("{spec}: {error}"))
}

fn alone(child: &Child, base_lr: f64) -> Result<Scheduler, ScheduleError> {
    match child {
        Child::StepLR(peer) => peer.build(base_lr),
        Child::MultiStepLR(peer) => peer.build(base_lr),
        Child::ConstantLR(peer) => peer.build(base_lr),
        Child::LinearLR(peer) => peer.build(base_lr),
        Child::ExponentialLR(peer) => peer.build(base_lr),
        Child::PolynomialLR(peer) => peer.build(base_lr),
        Child::CosineAnnealingLR(peer) => peer.build(base_lr),
        Child::CosineAnnealingWarmRestarts(peer) => peer.build(base_lr),
        Child::CyclicLR(peer) => peer.build(),
        Child::OneCycleLR(peer) => peer.build(),
        other => panic!("no rules for {other:?}"),
    }
}

fn child(mut arguments: Arguments) -> Child {
    let kind = arguments.kind().to_owned();
    // -1 is the default, a run from its beginning.
    let last = arguments.take("last_epoch");
    assert!(last.is_none_or(|last| last == -1), "{kind}: last_epoch");
    let child = json!({ "type": kind, "params": arguments.rest() });
    serde_json::from_value(child).unwrap_or_else(|error| panic!("{kind}: {error}"))
}

#[test]
fn a_list_is_a_sequence() {
    let spec = json!([
        { "kind": "LinearLR", "start_factor": 0.25, "total_iters": 3, "for_steps": 3 },
        { "kind": "ExponentialLR", "gamma": 0.5, "for_steps": 2 },
        { "kind": "ConstantLR", "factor": 0.1 },
    ]);
    let rates = build(&spec, 1.0).rates(0..6);
    assert_eq!(rates, [0.25, 0.5, 0.75, 1.0, 0.5, 0.1]);
}

#[test]
#[should_panic(expected = "unknown field `gama`")]
fn an_argument_that_is_not_understood_is_a_failure() {
    build(
        &json!({ "kind": "StepLR", "step_size": 3, "gama": 0.5 }),
        1.0,
    );
}
