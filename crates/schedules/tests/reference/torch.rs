//! PyTorch's recordings.

use schedules::compat::torch::{
    ChainedScheduler, Child, ConstantLR, CosineAnnealingLR, CosineAnnealingWarmRestarts, CyclicLR,
    ExponentialLR, Function, LambdaLR, LinearLR, MultiStepLR, MultiplicativeLR, OneCycleLR,
    PolynomialLR, SWALR, SequentialLR, StepLR,
};
use schedules::{ScheduleError, Scheduler};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Rebuilt;
use crate::expression::Expression;

pub fn rebuild(recording: &Value) -> Rebuilt {
    let bases: Vec<f64> = match &recording["base_lr"] {
        Value::Array(bases) => bases.iter().map(|base| base.as_f64().unwrap()).collect(),
        base => vec![base.as_f64().unwrap()],
    };
    let kind = recording["type"].as_str().unwrap();
    let built = schedulers(kind, recording["params"].clone(), &bases);
    Rebuilt {
        groups: built.unwrap_or_else(|error| panic!("{}: {error}", recording["id"])),
        skip: 0,
    }
}

fn schedulers(
    kind: &str,
    mut params: Value,
    bases: &[f64],
) -> Result<Vec<Scheduler>, ScheduleError> {
    // With fractions of an epoch they say at which times it was asked.
    if kind == "CosineAnnealingWarmRestarts" {
        take(&mut params, "iters_per_epoch");
        take(&mut params, "epochs");
    }
    if let (Some(first), Some(start)) = (take(&mut params, "first"), take(&mut params, "swa_start"))
    {
        let swa: SWALR = read(take(&mut params, "swa").unwrap());
        return swa.build_groups_after(&child(first), start.as_u64().unwrap(), bases);
    }
    let each = |build: &dyn Fn(f64) -> Result<Scheduler, ScheduleError>| {
        bases.iter().map(|base| build(*base)).collect()
    };
    match child_of(kind, params) {
        Child::StepLR(peer) => each(&|base| peer.build(base)),
        Child::MultiStepLR(peer) => each(&|base| peer.build(base)),
        Child::ConstantLR(peer) => each(&|base| peer.build(base)),
        Child::LinearLR(peer) => each(&|base| peer.build(base)),
        Child::ExponentialLR(peer) => each(&|base| peer.build(base)),
        Child::PolynomialLR(peer) => each(&|base| peer.build(base)),
        Child::CosineAnnealingLR(peer) => each(&|base| peer.build(base)),
        Child::CosineAnnealingWarmRestarts(peer) => each(&|base| peer.build(base)),
        Child::CyclicLR(peer) => peer.build_groups(bases.len()),
        Child::OneCycleLR(peer) => peer.build_groups(bases.len()),
        Child::LambdaLR(peer) => peer.build_groups(bases),
        Child::MultiplicativeLR(peer) => peer.build_groups(bases),
        Child::SequentialLR(peer) => peer.build_groups(bases),
        Child::ChainedScheduler(peer) => peer.build_groups(bases),
        Child::SWALR(peer) => peer.build_groups(bases),
        other => panic!("no rules for {other:?}"),
    }
}

/// A scheduler with its `type` and `params`.
fn child(mut recorded: Value) -> Child {
    let kind = take(&mut recorded, "type").unwrap();
    let params = take(&mut recorded, "params").unwrap();
    child_of(kind.as_str().unwrap(), params)
}

fn child_of(kind: &str, mut params: Value) -> Child {
    match kind {
        "StepLR" => read::<StepLR>(params).into(),
        "MultiStepLR" => read::<MultiStepLR>(params).into(),
        "ConstantLR" => read::<ConstantLR>(params).into(),
        "LinearLR" => read::<LinearLR>(params).into(),
        "ExponentialLR" => read::<ExponentialLR>(params).into(),
        "PolynomialLR" => read::<PolynomialLR>(params).into(),
        "CosineAnnealingLR" => read::<CosineAnnealingLR>(params).into(),
        "CosineAnnealingWarmRestarts" => read::<CosineAnnealingWarmRestarts>(params).into(),
        "OneCycleLR" => read::<OneCycleLR>(params).into(),
        "SWALR" => read::<SWALR>(params).into(),
        "CyclicLR" => {
            let scale_fn = take(&mut params, "scale_fn").filter(|text| !text.is_null());
            let scale_fn = scale_fn.map(|text| function(&text));
            CyclicLR {
                scale_fn,
                ..read(params)
            }
            .into()
        }
        "LambdaLR" => {
            let lr_lambda = functions(&mut params);
            LambdaLR { lr_lambda }.into()
        }
        "MultiplicativeLR" => {
            let lr_lambda = functions(&mut params);
            let one = MultiplicativeLR::new(lr_lambda[0].clone());
            MultiplicativeLR { lr_lambda, ..one }.into()
        }
        "SequentialLR" => {
            let milestones = read(take(&mut params, "milestones").unwrap());
            let schedulers = children(&mut params);
            SequentialLR {
                schedulers,
                milestones,
            }
            .into()
        }
        "ChainedScheduler" => {
            let schedulers = children(&mut params);
            ChainedScheduler { schedulers }.into()
        }
        other => panic!("no rules for {other}"),
    }
}

fn read<T: DeserializeOwned>(params: Value) -> T {
    serde_json::from_value(params.clone()).unwrap_or_else(|error| panic!("{params}: {error}"))
}

fn take(params: &mut Value, key: &str) -> Option<Value> {
    params.as_object_mut().unwrap().remove(key)
}

fn children(params: &mut Value) -> Vec<Child> {
    let children: Vec<Value> = read(take(params, "schedulers").unwrap());
    children.into_iter().map(child).collect()
}

/// `lr_lambda`: one expression, or a list.
fn functions(params: &mut Value) -> Vec<Function> {
    match take(params, "lr_lambda").unwrap() {
        Value::Array(texts) => texts.iter().map(function).collect(),
        text => vec![function(&text)],
    }
}

fn function(text: &Value) -> Function {
    let text = text.as_str().unwrap();
    let expression: Expression = text.parse().unwrap_or_else(|error| panic!("{error}"));
    Function::new(text, move |variable| expression.at(variable))
}

#[test]
fn a_config_has_types_and_params() {
    let text = r#"{"type": "SequentialLR", "params": {"milestones": [2], "schedulers": [
        {"type": "ConstantLR", "params": {"factor": 0.5}},
        {"type": "ChainedScheduler", "params": {"schedulers": [{"type": "StepLR", "params": {"step_size": 3}}]}}
    ]}}"#;
    let read: Child = serde_json::from_str(text).unwrap();
    assert_eq!(read, child(serde_json::from_str(text).unwrap()));
    let written = serde_json::to_value(&read).unwrap();
    assert_eq!(child(written), read);
    let unknown = r#"{"type": "StepLR", "params": {"step_size": 3, "gama": 0.5}}"#;
    assert!(serde_json::from_str::<Child>(unknown).is_err());
}
