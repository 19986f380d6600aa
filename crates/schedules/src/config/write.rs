//! From a config to a table, and what is worth a hint in it.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::ScheduleConfig;

impl ScheduleConfig {
    /// What is allowed and yet seldom meant, one sentence each.
    ///
    /// A floor below 1e-4 of the peak is mostly an absolute learning rate in the wrong place.
    pub fn hints(&self) -> Vec<String> {
        let mut hints = Vec::new();
        let schedule = self.without_feedback().write();
        small_floors("", &Value::Object(schedule), &mut hints);
        hints
    }

    fn write(&self) -> Map<String, Value> {
        let mut keys = self.shape.write();
        keys.retain(|_, value| !value.is_null());
        if self.min_lr.is_some() {
            keys.remove("floor");
        }
        let common = [
            ("kind", Some(Value::from(self.kind()))),
            ("warmup", self.warmup.map(value)),
            ("warmup_start", self.warmup_start.map(value)),
            ("warmup_curve", self.warmup_curve.map(value)),
            ("cooldown", self.cooldown.map(value)),
            ("cooldown_end", self.cooldown_end.map(value)),
            ("cooldown_curve", self.cooldown_curve.map(value)),
            ("floor", self.floor.map(value)),
            ("min_lr", self.min_lr.map(value)),
        ];
        for (key, value) in common {
            if let Some(value) = value {
                keys.insert(key.to_owned(), value);
            }
        }
        self.write_feedback(&mut keys);
        keys
    }
}

fn value(key: impl Serialize) -> Value {
    serde_json::to_value(key).unwrap_or_default()
}

impl Serialize for ScheduleConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut keys = self.write();
        let mut map = serializer.serialize_map(Some(keys.len()))?;
        // The kind comes first, as one would write it.
        map.serialize_entry("kind", &keys.remove("kind"))?;
        for (key, value) in keys {
            map.serialize_entry(&key, &value)?;
        }
        map.end()
    }
}

/// Collects a hint for every `floor` in a written config that is above 0 and below 1e-4.
fn small_floors(path: &str, value: &Value, hints: &mut Vec<String>) {
    match value {
        Value::Object(keys) => {
            for (key, value) in keys {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                match value.as_f64() {
                    Some(floor) if key == "floor" && floor > 0.0 && floor < 1e-4 => hints.push(format!(
                        "{path} = {floor:?} is a ratio to the peak; an absolute learning rate is `min_lr`"
                    )),
                    _ => small_floors(&path, value, hints),
                }
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                small_floors(&format!("{path}[{index}]"), value, hints);
            }
        }
        _ => {}
    }
}
