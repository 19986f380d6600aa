//! Schedules inside a schedule, as a config holds them: at `schedule`, or in a list at `schedules`.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{own_keys, wrong};
use crate::{Form, Horizon, Schedule, ScheduleConfig, ScheduleError};

/// Reads a form with one schedule inside; where none is given, the default's stays.
pub(crate) fn read<F: Form>(
    mut keys: Map<String, Value>,
    inside: fn(&mut F) -> &mut Box<ScheduleConfig>,
) -> Result<F, ScheduleError> {
    let given = keys.remove("schedule");
    let mut form = own_keys(keys)?;
    if let Some(given) = given {
        **inside(&mut form) =
            ScheduleConfig::from_value(given).map_err(|error| error.below("schedule"))?;
    }
    Ok(form)
}

/// Takes the schedules of a kind that has a list of them.
pub(crate) fn take_schedules(
    keys: &mut Map<String, Value>,
) -> Result<Vec<ScheduleConfig>, ScheduleError> {
    let schedules = take_list(keys, "schedules", "must be a list of schedules")?;
    let schedules = schedules.into_iter().enumerate().map(|(index, given)| {
        ScheduleConfig::from_value(given)
            .map_err(|error| error.below(&format!("schedules[{index}]")))
    });
    schedules.collect()
}

/// Takes a list that has to be there.
pub(crate) fn take_list(
    keys: &mut Map<String, Value>,
    key: &str,
    allowed: &str,
) -> Result<Vec<Value>, ScheduleError> {
    match keys.remove(key) {
        Some(Value::Array(list)) => Ok(list),
        Some(given) => Err(wrong(key, &given, allowed)),
        None => Err(ScheduleError::missing(key, allowed)),
    }
}

/// Resolves the one schedule inside a `kind`.
pub(crate) fn child(
    config: &ScheduleConfig,
    kind: &str,
    horizon: &Horizon,
) -> Result<Arc<dyn Schedule>, ScheduleError> {
    config
        .resolve(horizon)
        .map_err(|error| error.below(&format!("{kind}.schedule")))
}

/// Resolves one of the list of schedules inside a `kind`.
pub(crate) fn part(
    config: &ScheduleConfig,
    kind: &str,
    index: usize,
    horizon: &Horizon,
) -> Result<Arc<dyn Schedule>, ScheduleError> {
    config
        .resolve(horizon)
        .map_err(|error| error.below(&format!("{kind}.schedules[{index}]")))
}
