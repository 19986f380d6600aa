//! The keys of `[compare]`, with their places.

use toml::{Table, Value};

use super::SECTION;
use crate::config::error::suggest;
use crate::config::resolve::refuse;
use crate::config::{ConfigError, Layer, Layers, Origin};

/// Every key of the section.
const KEYS: [&str; 7] = [
    "baseline",
    "conditions",
    "grid",
    "seeds",
    "strategies",
    "target",
    "tuning_seeds",
];

/// The section as one or more sources have it.
#[derive(Debug)]
pub(super) struct Section {
    layers: Layers,
}

/// A strategy, or a condition: a name and settings.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) name: String,
    /// The factor of the learning rate that gives the peak, where it is not tuned.
    pub(super) at: Option<f64>,
    /// The condition, or the optimizer, without which it is left out.
    pub(super) only: Option<String>,
    pub(super) settings: Layer,
}

impl Section {
    pub(super) fn of(sources: impl IntoIterator<Item = Layer>) -> Result<Self, ConfigError> {
        let mut layers = Layers::default();
        for layer in sources {
            layers.push(layer)?;
        }
        let section = Self { layers };
        match section.layers.table().get(SECTION) {
            None => {}
            Some(Value::Table(table)) => {
                if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
                    let place = section.origin(key);
                    let message = format!("unknown key `{SECTION}.{key}` ({place})");
                    return Err(ConfigError::new(message).hint(suggest(key, &KEYS)));
                }
            }
            Some(_) => {
                let reason = format!("must be a section, [{SECTION}]");
                return Err(refuse(&section.layers, SECTION, reason));
            }
        }
        Ok(section)
    }

    /// `compare.KEY = VALUE (place): reason`, or without value and place where nobody gave it.
    pub(super) fn refuse(&self, key: &str, reason: impl std::fmt::Display) -> ConfigError {
        match self.get(key) {
            Some(_) => refuse(&self.layers, &format!("{SECTION}.{key}"), reason),
            None => ConfigError::new(format!("{SECTION}.{key}: {reason}")),
        }
    }

    /// Where a key was given.
    pub(super) fn origin(&self, key: &str) -> Origin {
        self.layers.origin(&format!("{SECTION}.{key}"))
    }

    /// The value of a key, or of one below it (`target.loss`).
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        let section = self.layers.table().get(SECTION)?;
        key.split('.')
            .try_fold(section, |value, part| value.get(part))
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<String>, ConfigError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(self.refuse(key, "must be a text")),
        }
    }

    pub(super) fn count(&self, key: &str) -> Result<Option<usize>, ConfigError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Integer(count @ 1..=1000)) => Ok(Some(*count as usize)),
            Some(_) => Err(self.refuse(key, "must be 1 to 1000")),
        }
    }

    pub(super) fn grid(&self) -> Result<Option<Vec<f64>>, ConfigError> {
        let Some(value) = self.get("grid") else {
            return Ok(None);
        };
        let factors = value.as_array().map(|factors| factors.iter().map(number));
        let factors: Option<Vec<f64>> = factors.and_then(Iterator::collect);
        match factors {
            Some(factors) if !factors.is_empty() && factors.iter().all(|factor| *factor > 0.0) => {
                Ok(Some(factors))
            }
            _ => Err(self.refuse("grid", "must have factors above 0, such as [0.3, 1, 3]")),
        }
    }

    /// The strategies or conditions that it has, where a text is the name of one of `known`.
    pub(super) fn parts(
        &self,
        key: &str,
        known: &[Part],
    ) -> Result<Option<Vec<Part>>, ConfigError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let Some(entries) = value.as_array().filter(|entries| !entries.is_empty()) else {
            return Err(self.refuse(key, "must be a list of names and tables, and not empty"));
        };
        let mut parts = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            let place = format!("{key}[{index}]");
            match entry {
                Value::String(name) => {
                    // One name may stand for several that exclude each other.
                    let found = known.iter().filter(|part| part.name == *name).cloned();
                    let before = parts.len();
                    parts.extend(found);
                    if parts.len() == before {
                        return Err(self.unknown(&place, name, known));
                    }
                }
                Value::Table(table) => parts.push(self.part(&place, table)?),
                _ => return Err(self.wrong(&place, "", "must be a name or a table")),
            }
        }
        Ok(Some(parts))
    }

    fn part(&self, place: &str, table: &Table) -> Result<Part, ConfigError> {
        let mut settings = table.clone();
        let name = match settings.remove("name") {
            Some(Value::String(name)) if !name.is_empty() => name,
            Some(_) => return Err(self.wrong(place, ".name", "must be a text")),
            None => return Err(self.wrong(place, ".name", "is missing")),
        };
        let at = match settings.remove("at") {
            None => None,
            Some(value) => match number(&value).filter(|factor| *factor > 0.0) {
                None => return Err(self.wrong(place, ".at", "must be a factor above 0")),
                factor => factor,
            },
        };
        let only = match settings.remove("only") {
            None => None,
            Some(Value::String(only)) => Some(only),
            Some(_) => {
                let allowed = "must be the name of a condition or of an optimizer";
                return Err(self.wrong(place, ".only", allowed));
            }
        };
        let settings = self.layers.below(&format!("{SECTION}.{place}"), settings);
        Ok(Part {
            name,
            at,
            only,
            settings,
        })
    }

    fn unknown(&self, place: &str, name: &str, known: &[Part]) -> ConfigError {
        let origin = self.origin(place);
        let names: Vec<&str> = known.iter().map(|part| part.name.as_str()).collect();
        ConfigError::new(format!(
            "{SECTION}.{place} = \"{name}\" ({origin}): there is no such one"
        ))
        .hint(suggest(name, &names))
    }

    fn wrong(&self, place: &str, key: &str, reason: &str) -> ConfigError {
        let path = format!("{SECTION}.{place}{key}");
        let origin = self.layers.origin(&path);
        ConfigError::new(format!("{path} ({origin}): {reason}"))
    }
}

impl Part {
    /// One without settings of its own.
    pub(super) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            at: None,
            only: None,
            settings: Layer::of([]),
        }
    }
}

/// A number, with or without a decimal point.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Integer(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    }
}
