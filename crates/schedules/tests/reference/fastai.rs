//! fastai's `fit_*`.

use schedules::compat::fastai::{FitFlatCos, FitOneCycle, FitSgdr};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Rebuilt;

fn read<T: DeserializeOwned>(recording: &Value) -> T {
    serde_json::from_value(recording["params"].clone())
        .unwrap_or_else(|error| panic!("{}: {error}", recording["id"]))
}

/// The recorded method with the recorded arguments.
pub(crate) fn rebuild(recording: &Value) -> Rebuilt {
    let groups = recording["lr_groups"].as_array().map_or(1, Vec::len);
    let built = match recording["type"].as_str().unwrap() {
        "one_cycle" => read::<FitOneCycle>(recording).build_groups(groups),
        "flat_cos" => read::<FitFlatCos>(recording).build_groups(groups),
        "sgdr" => read::<FitSgdr>(recording).build_groups(groups),
        other => panic!("no rule for fastai's {other}"),
    };
    let groups = built.unwrap_or_else(|error| panic!("{}: {error}", recording["id"]));
    Rebuilt { groups, skip: 0 }
}

#[test]
fn the_defaults_are_fastais() {
    let recorded = |params: Value| serde_json::json!({ "params": params });
    let params = serde_json::json!({ "n_epoch": 2, "n_iter": 9, "lr_max": 0.5 });
    assert_eq!(
        read::<FitOneCycle>(&recorded(params)),
        FitOneCycle {
            n_epoch: 2,
            n_iter: 9,
            lr_max: 0.5.into(),
            div: 25.0,
            div_final: 1e5,
            pct_start: 0.25,
            moms: [0.95, 0.85, 0.95],
        }
    );
    let params = serde_json::json!({ "n_epoch": 2, "n_iter": 9, "lr": [0.5, 0.25] });
    assert_eq!(
        read::<FitFlatCos>(&recorded(params)),
        FitFlatCos {
            n_epoch: 2,
            n_iter: 9,
            lr: vec![0.5, 0.25].into(),
            div_final: 1e5,
            pct_start: 0.75,
        }
    );
    let params = serde_json::json!({ "n_cycles": 2, "cycle_len": 1, "n_iter": 9, "lr_max": 0.5 });
    assert_eq!(
        read::<FitSgdr>(&recorded(params)),
        FitSgdr {
            n_cycles: 2,
            cycle_len: 1,
            n_iter: 9,
            lr_max: 0.5.into(),
            cycle_mult: 2,
        }
    );
}
