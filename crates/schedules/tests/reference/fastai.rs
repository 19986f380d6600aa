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
