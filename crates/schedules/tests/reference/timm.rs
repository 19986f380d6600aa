//! timm's recordings.

use schedules::compat::timm::{
    CosineLRScheduler, CreateScheduler, MultiStepLRScheduler, ParamGroup, ParamGroupsLayerDecay,
    PolyLRScheduler, Selected, StepLRScheduler, TanhLRScheduler, WSDLRScheduler,
};
use schedules::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::Rebuilt;

/// The schedulers of a recording, whose whole lengths are compared here where they are recorded.
pub(crate) fn rebuild(recording: &Value) -> Rebuilt {
    let groups = groups(recording);
    let length = recording["get_cycle_length"].as_u64();
    let compare = |found: u64| assert_eq!(length.unwrap_or(found), found, "{}", recording["id"]);
    let built = match recording["type"].as_str().unwrap() {
        "CosineLRScheduler" => {
            let peer: CosineLRScheduler = read(&recording["params"]);
            compare(peer.get_cycle_length(0));
            peer.build_groups(&groups)
        }
        "TanhLRScheduler" => {
            let peer: TanhLRScheduler = read(&recording["params"]);
            compare(peer.get_cycle_length(0));
            peer.build_groups(&groups)
        }
        "PolyLRScheduler" => {
            let peer: PolyLRScheduler = read(&recording["params"]);
            compare(peer.get_cycle_length(0));
            peer.build_groups(&groups)
        }
        "WSDLRScheduler" => {
            let peer: WSDLRScheduler = read(&recording["params"]);
            compare(peer.get_cycle_length());
            peer.build_groups(&groups)
        }
        "StepLRScheduler" => read::<StepLRScheduler>(&recording["params"]).build_groups(&groups),
        "MultiStepLRScheduler" => {
            read::<MultiStepLRScheduler>(&recording["params"]).build_groups(&groups)
        }
        "create_scheduler_v2" => {
            let peer: CreateScheduler = read(&recording["params"]);
            selects(&peer, recording);
            peer.build(groups[0].lr).map(|rate| vec![rate])
        }
        "param_groups_layer_decay" => Ok(vec![by_parameter(recording, groups[0].lr)]),
        other => panic!("no rule for timm's {other}"),
    };
    Rebuilt {
        groups: built.unwrap_or_else(|error| panic!("{}: {error}", recording["id"])),
        skip: 0,
    }
}

fn read<T: DeserializeOwned>(params: &Value) -> T {
    serde_json::from_value(params.clone()).unwrap_or_else(|error| panic!("{params}: {error}"))
}

/// The parameter groups, one or a list, with the scales that may stand beside them.
fn groups(recording: &Value) -> Vec<ParamGroup> {
    let base_lr = &recording["base_lr"];
    let bases = match base_lr {
        Value::Array(bases) => bases.as_slice(),
        one => std::slice::from_ref(one),
    };
    let group = |(index, lr): (usize, &Value)| ParamGroup {
        lr: lr.as_f64().unwrap(),
        lr_scale: recording["lr_scale"][index].as_f64().unwrap_or(1.0),
    };
    bases.iter().enumerate().map(group).collect()
}

/// Compares what the factory selects with what timm's did.
fn selects(peer: &CreateScheduler, recording: &Value) {
    let id = &recording["id"];
    let epochs = recording["returned_num_epochs"].as_u64().unwrap();
    assert_eq!(peer.num_epochs().unwrap(), epochs, "{id}");
    let (class, resolved) = (&recording["resolved_class"], {
        let mut resolved = recording["resolved"].clone();
        resolved.as_object_mut().unwrap().remove("t_in_epochs");
        resolved
    });
    let selected = peer.select().unwrap();
    let expected = match class.as_str().unwrap() {
        "CosineLRScheduler" => Selected::Cosine(read(&resolved)),
        "TanhLRScheduler" => Selected::Tanh(read(&resolved)),
        "PolyLRScheduler" => Selected::Poly(read(&resolved)),
        "StepLRScheduler" => Selected::Step(read(&resolved)),
        "MultiStepLRScheduler" => Selected::MultiStep(read(&resolved)),
        "WSDLRScheduler" => Selected::Wsd(read(&resolved)),
        other => panic!("no rule for timm's {other}"),
    };
    assert_eq!(selected, expected, "{id}");
}

/// A layer decay has no time: its recording lists the rates of the parameters of a small vision transformer, and so
/// does this schedule, parameter after parameter.
fn by_parameter(recording: &Value, base_lr: f64) -> Scheduler {
    let mut params = recording["params"].clone();
    let params = params.as_object_mut().unwrap();
    let blocks = params.remove("blocks").unwrap().as_u64().unwrap() as usize;
    params.remove("weight_decay");
    let scales = read::<ParamGroupsLayerDecay>(&json!(params)).lr_scales(blocks + 2);
    let names = recording["param_names"].as_array().unwrap().iter();
    let by_name: Vec<f64> = names
        .map(|name| scales[layer(name.as_str().unwrap(), blocks)])
        .collect();
    let scale = move |index: u64| by_name.get(index as usize).copied().unwrap_or(0.0);
    Closure::new("layer decay", scale).peak(base_lr).unwrap()
}

/// The layer of a parameter, as timm's vision transformers group theirs.
fn layer(name: &str, blocks: usize) -> usize {
    let mut parts = name.split('.');
    match (parts.next(), parts.next()) {
        (Some("cls_token" | "pos_embed" | "patch_embed"), _) => 0,
        (Some("blocks"), Some(block)) => block.parse::<usize>().unwrap() + 1,
        (Some("norm"), _) => blocks,
        _ => blocks + 1,
    }
}
