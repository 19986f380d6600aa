//! From a table to a config, with errors that name the key.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::{COMMON, KINDS, ScheduleConfig, Shape, feedback};
use crate::{ScheduleError, form, hint};

impl ScheduleConfig {
    /// Reads a config from a table.
    ///
    /// It is what [`Deserialize`] does, with the error as data; its path starts inside the table
    /// (`schedules[1].length`).
    ///
    /// # Errors
    /// An unknown kind or key, a value of a wrong type, or both `floor` and `min_lr`.
    pub fn from_value(value: Value) -> Result<Self, ScheduleError> {
        let Value::Object(mut given) = value else {
            return Err(form::wrong("", &value, "must be a table with a `kind`"));
        };
        let kind = match given.remove("kind") {
            Some(Value::String(kind)) => kind,
            Some(other) => return Err(form::wrong("kind", &other, &valid_kinds())),
            None => return Err(ScheduleError::missing("kind", valid_kinds())),
        };
        let mut valid = Self::keys(&kind)?;
        let plateau = feedback::take(&mut given, "plateau")?;
        let greedy = feedback::take(&mut given, "greedy")?;
        if let Some((key, value)) = given.iter().find(|(key, _)| !valid.contains(key)) {
            let allowed = format!(
                "is no key of `{kind}`, which takes {}",
                listed(valid.iter())
            );
            let error = form::wrong(key, value, &allowed);
            valid.extend(feedback::KEYS.map(str::to_owned));
            return Err(match hint::key(key, &valid) {
                Some(hint) => error.with_hint(hint),
                None => error,
            });
        }
        if let (Some(floor), true) = (given.get("floor"), given.contains_key("min_lr")) {
            return Err(both_floors(floor));
        }
        let own = Self::default_of(&kind)?.shape.write();
        let (mut common, given) = given
            .into_iter()
            .partition(|(key, _)| COMMON.contains(&key.as_str()) && !own.contains_key(key));
        Ok(Self {
            warmup: take(&mut common, "warmup", &Value::Null)?,
            warmup_start: take(&mut common, "warmup_start", &Value::from(0))?,
            warmup_curve: take(&mut common, "warmup_curve", &Value::Null)?,
            cooldown: take(&mut common, "cooldown", &Value::Null)?,
            cooldown_end: take(&mut common, "cooldown_end", &Value::from(0))?,
            cooldown_curve: take(&mut common, "cooldown_curve", &Value::Null)?,
            floor: take(&mut common, "floor", &Value::from(0))?,
            min_lr: take(&mut common, "min_lr", &Value::from(0))?,
            shape: Shape::read(&kind, given)?,
            plateau,
            greedy,
        })
    }
}

impl<'de> Deserialize<'de> for ScheduleConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_value(Value::deserialize(deserializer)?).map_err(|error| match error.hint() {
            Some(hint) => D::Error::custom(format_args!("{error} ({hint})")),
            None => D::Error::custom(error),
        })
    }
}

/// Takes an optional key out of a table.
fn take<T: DeserializeOwned>(
    given: &mut Map<String, Value>,
    key: &str,
    like: &Value,
) -> Result<Option<T>, ScheduleError> {
    given
        .remove(key)
        .map(|value| form::value(key, value, like))
        .transpose()
}

pub(super) fn both_floors(floor: &impl Serialize) -> ScheduleError {
    form::wrong(
        "floor",
        floor,
        "stands beside `min_lr`, which says the same: keep one of them",
    )
}

pub(super) fn unknown_kind(kind: &str) -> ScheduleError {
    let error = ScheduleError::new("kind", kind, valid_kinds());
    let peers = KINDS
        .iter()
        .flat_map(|(kind, peers)| peers.iter().map(|peer| (*peer, *kind)));
    match hint::nearest(kind, KINDS.iter().map(|(kind, _)| *kind), peers) {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

fn valid_kinds() -> String {
    format!(
        "must be one of {}",
        listed(KINDS.iter().map(|(kind, _)| *kind))
    )
}

/// The names, with commas between them.
fn listed(names: impl Iterator<Item = impl AsRef<str>>) -> String {
    names
        .map(|name| name.as_ref().to_owned())
        .collect::<Vec<_>>()
        .join(", ")
}
