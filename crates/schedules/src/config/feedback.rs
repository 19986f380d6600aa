//! The feedback in a config, which belongs to the scheduler and so stands at the top level alone.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::ScheduleConfig;
use crate::{Horizon, ScheduleError, Scheduler, form, hint};

/// The keys of feedback.
pub(super) const KEYS: [&str; 2] = ["plateau", "greedy"];
/// The keys of a feedback that its default leaves out.
const ENDS: [&str; 2] = ["from", "until"];

impl ScheduleConfig {
    /// Attaches the feedback, `plateau` first.
    pub(super) fn attach(
        &self,
        mut scheduler: Scheduler,
        horizon: &Horizon,
    ) -> Result<Scheduler, ScheduleError> {
        if let Some(plateau) = &self.plateau {
            (scheduler, _) = scheduler.plateau(plateau.resolve(horizon))?;
        }
        if let Some(greedy) = &self.greedy {
            (scheduler, _) = scheduler.greedy(greedy.resolve(horizon))?;
        }
        Ok(scheduler)
    }

    /// The same without feedback.
    pub(super) fn without_feedback(&self) -> Self {
        Self {
            plateau: None,
            greedy: None,
            ..self.clone()
        }
    }

    /// An error where there is feedback, for a schedule alone.
    pub(super) fn refuse_feedback(&self) -> Result<(), ScheduleError> {
        let key = match (&self.plateau, &self.greedy) {
            (Some(_), _) => "plateau",
            (None, Some(_)) => "greedy",
            (None, None) => return Ok(()),
        };
        Err(ScheduleError::missing(
            key,
            "belongs to the whole: it must stand at the top level, not in a schedule inside another",
        ))
    }

    /// The feedback as a config has it.
    pub(super) fn write_feedback(&self, keys: &mut Map<String, Value>) {
        if let Some(plateau) = &self.plateau {
            keys.insert("plateau".to_owned(), written(plateau));
        }
        if let Some(greedy) = &self.greedy {
            keys.insert("greedy".to_owned(), written(greedy));
        }
    }
}

/// Takes the feedback `name` out of a table.
pub(super) fn take<T: Default + Serialize + DeserializeOwned>(
    given: &mut Map<String, Value>,
    name: &str,
) -> Result<Option<T>, ScheduleError> {
    let Some(given) = given.remove(name) else {
        return Ok(None);
    };
    let Value::Object(given) = given else {
        return Err(form::wrong(name, &given, "must be a table"));
    };
    let Value::Object(mut all) = written(&T::default()) else {
        return Ok(None);
    };
    let ends = ENDS.map(str::to_owned);
    let valid: Vec<String> = all.keys().cloned().chain(ends).collect();
    for (key, value) in given {
        let path = format!("{name}.{key}");
        if !valid.contains(&key) {
            let allowed = format!("is no key of `{name}`, which takes {}", valid.join(", "));
            let error = form::wrong(&path, &value, &allowed);
            return Err(match hint::key(&key, &valid) {
                Some(hint) => error.with_hint(hint),
                None => error,
            });
        }
        // One key at a time, so that serde's error, which names none, belongs to a key.
        let default = all.insert(key.clone(), value.clone()).unwrap_or_default();
        form::value::<T>(&path, Value::Object(all.clone()), &default).map_err(|error| {
            let allowed = match (key.as_str(), &default) {
                ("mode", _) => "must be one of min, max".to_owned(),
                ("rule", _) => "must be one of best, trend, torch, keras, optax".to_owned(),
                (_, Value::Number(number)) if number.is_u64() => {
                    "must be a whole number".to_owned()
                }
                _ => error.allowed().to_owned(),
            };
            form::wrong(&path, &value, &allowed)
        })?;
    }
    form::value(name, Value::Object(all), &Value::Null).map(Some)
}

fn written(form: &impl Serialize) -> Value {
    serde_json::to_value(form).unwrap_or_default()
}
