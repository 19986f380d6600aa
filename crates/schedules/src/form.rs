//! The form that a shape has in a config.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{Horizon, Schedule, ScheduleError};

/// A shape as a config holds it, with its lengths as [`Span`](crate::Span)s: `Cosine<Span>`.
///
/// It is the shape itself with another unit. `Default` is what a config with nothing but the kind means, and has every
/// key.
///
/// ```
/// use schedules::prelude::*;
///
/// let config = Cosine::<Span>::default().floor(0.1);
/// assert_eq!(config.resolve(&Horizon::new(200, 10))?, Cosine::new(200).floor(0.1));
/// # Ok::<(), ScheduleError>(())
/// ```
pub trait Form: Default + Serialize + DeserializeOwned {
    /// The kind in a config: `kind = "cosine"`.
    const KIND: &'static str;

    /// What other libraries call it, for the hint to someone who types that.
    const PEERS: &'static [&'static str] = &[];

    /// The shape in updates.
    type Resolved: Schedule + 'static;

    /// Turns the spans into updates and checks the result.
    ///
    /// # Errors
    /// The first parameter out of its range, with a path that starts at the kind: `cosine.floor`.
    fn resolve(&self, horizon: &Horizon) -> Result<Self::Resolved, ScheduleError>;

    /// Reads the shape from its own keys; one that is absent has its default.
    ///
    /// # Errors
    /// The first value of a wrong type, with its key.
    fn read(keys: Map<String, Value>) -> Result<Self, ScheduleError> {
        let mut form = Self::default();
        // One key at a time, so that serde's error, which names none, belongs to a key.
        for (key, given) in keys {
            let mut all = form.write();
            let default = all.insert(key.clone(), given.clone()).unwrap_or_default();
            form = value(&key, Value::Object(all), &default)
                .map_err(|error| error.replaced(&given))?;
        }
        Ok(form)
    }

    /// The keys and their values.
    fn write(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(keys)) => keys,
            _ => Map::new(),
        }
    }
}

/// Reads `given`, found at `path`; `like` is a value of the right type, from which the error says what is allowed.
pub(crate) fn value<T: DeserializeOwned>(
    path: &str,
    given: Value,
    like: &Value,
) -> Result<T, ScheduleError> {
    serde_json::from_value(given.clone()).map_err(|error| match like {
        Value::Number(_) => wrong(path, &given, "must be a number"),
        Value::Bool(_) => wrong(path, &given, "must be true or false"),
        _ => {
            // What comes from our own types repeats the value.
            let error = error.to_string();
            let reason = error
                .split_once(": must be")
                .map(|(_, allowed)| format!("must be{allowed}"));
            // serde's own text for an enumeration repeats it too.
            let reason = reason.or_else(|| {
                let (_, names) = error
                    .strip_prefix("unknown variant")?
                    .split_once(", expected ")?;
                Some(format!("must be {names}"))
            });
            wrong(path, &given, &reason.unwrap_or(error))
        }
    })
}

/// The error for a value of a config at `path`, shown as the config has it.
pub(crate) fn wrong(path: &str, given: &impl Serialize, allowed: &str) -> ScheduleError {
    let given = serde_json::to_value(given).unwrap_or_default();
    ScheduleError::missing(path, allowed).replaced(&given)
}
