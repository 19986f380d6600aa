//! Merges what was typed, fills in what was not, and checks the result, a file for each section.

mod augment;
mod checkpoint;
mod data;
mod early_stopping;
mod fork;
mod memory;
mod model;
mod optimizer;
mod train;

use std::path::{Path, PathBuf};

use schedules::{ScheduleConfig, Span};
use serde::Deserialize;
use toml::{Table, Value};

use super::error::suggest;
use super::recipe;
use super::run_file::RunFile;
use super::settings::{Backend, Settings};
use super::{ConfigError, Layer, Layers, Rule};

/// Settings, and what a person should hear about them.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The settings.
    pub settings: Settings,
    /// Where each was given, and what was left out.
    pub layers: Layers,
}

/// Merges `sources`, the first of which is overruled by all later ones, and checks the result.
///
/// # Errors
/// The first setting that is unknown, of the wrong type or out of range, with its place and what is allowed.
pub fn resolve(sources: impl IntoIterator<Item = Layer>) -> Result<Resolved, ConfigError> {
    let sources: Vec<Layer> = sources.into_iter().collect();
    let optimizer = sources.iter().rev().find_map(Layer::optimizer_kind);
    let optimizer = optimizer.unwrap_or(recipe::OPTIMIZER).to_owned();
    let mut layers = Layers::default();
    layers.push(Layer::from_default(recipe::schedule(&optimizer)))?;
    for layer in sources {
        layers.push(layer)?;
    }
    check_keys(&layers)?;
    let schedule = schedule(&layers, recipe::schedule_kind(&optimizer))?;
    let mut typed = layers.table().clone();
    typed.remove("schedule");
    let own_keys = own_keys(&mut typed);
    let typed: RunFile =
        serde_path_to_error::deserialize(Value::Table(typed)).map_err(|error| {
            let key = error.path().to_string();
            let reason = error.into_inner().message().replace('\n', ", ");
            refuse(&layers, &key, reason)
        })?;
    let settings = Resolver { layers: &layers }.settings(typed, own_keys, schedule)?;
    Ok(Resolved { settings, layers })
}

/// How much of a value an error repeats, in bytes.
const LONGEST_VALUE: usize = 120;

/// "`key = value` (place): reason".
pub(super) fn refuse(layers: &Layers, key: &str, reason: impl std::fmt::Display) -> ConfigError {
    let mut parts = key.split('.');
    let first = parts.next().and_then(|part| layers.table().get(part));
    let value = parts.fold(first, |value, part| value.and_then(|value| value.get(part)));
    let value = value.map_or_else(String::new, ToString::to_string);
    let reason = reason.to_string();
    // A reason that comes from the value's own type begins with the value.
    let own = reason.strip_prefix(&value);
    let own = own.and_then(|reason| reason.strip_prefix(": "));
    wrong(layers, key, value, own.unwrap_or(&reason))
}

/// The same for a `value` that is known, or for none if it is empty.
fn wrong(layers: &Layers, key: &str, mut value: String, reason: &str) -> ConfigError {
    let place = layers.origin(key);
    if value.is_empty() {
        return ConfigError::new(format!("{key} ({place}): {reason}"));
    }
    if value.len() > LONGEST_VALUE {
        value.truncate(value.floor_char_boundary(LONGEST_VALUE));
        value.push('…');
    }
    ConfigError::new(format!("{key} = {value} ({place}): {reason}"))
}

/// Every key outside `schedule` is one that [`RunFile`] has.
fn check_keys(layers: &Layers) -> Result<(), ConfigError> {
    let valid = serde_json::to_value(RunFile::default())
        .ok()
        .and_then(|value| value.as_object().cloned())
        .unwrap_or_default();
    let unknown = |key: &str, typed: &str, valid: &[&str]| {
        let place = layers.origin(key);
        ConfigError::new(format!("unknown key `{key}` ({place})")).hint(suggest(typed, valid))
    };
    for (name, value) in layers.table() {
        let Some(section) = valid.get(name) else {
            let names: Vec<&str> = valid.keys().map(String::as_str).collect();
            return Err(unknown(name, name, &names));
        };
        let Some(section) = section.as_object() else {
            continue;
        };
        let Value::Table(inner) = value else {
            return Err(refuse(layers, name, format!("must be a section, [{name}]")));
        };
        let mut keys: Vec<&str> = section.keys().map(String::as_str).collect();
        let mut others = Vec::new();
        if name == "optimizer" {
            // Those of another kind get an answer of their own, and only this kind's are worth suggesting.
            let kind = inner.get("kind").and_then(Value::as_str);
            keys.extend(Rule::keys(kind.unwrap_or(recipe::OPTIMIZER)).unwrap_or_default());
            others = Rule::all_keys();
        }
        for (key, value) in inner {
            let path = format!("{name}.{key}");
            if !keys.contains(&key.as_str()) && !others.contains(&key.as_str()) {
                return Err(unknown(&path, key, &keys));
            }
            let Some(below) = section.get(key).and_then(serde_json::Value::as_object) else {
                continue;
            };
            let Value::Table(value) = value else {
                return Err(refuse(
                    layers,
                    &path,
                    format!("must be a section, [{path}]"),
                ));
            };
            let keys: Vec<&str> = below.keys().map(String::as_str).collect();
            if let Some(key) = value.keys().find(|key| !keys.contains(&key.as_str())) {
                return Err(unknown(&format!("{path}.{key}"), key, &keys));
            }
        }
    }
    Ok(())
}

/// Takes the keys out of `[optimizer]` that depend on its kind.
fn own_keys(typed: &mut Table) -> Table {
    let all = Rule::all_keys();
    let Some(Value::Table(section)) = typed.get_mut("optimizer") else {
        return Table::new();
    };
    let (own, common) = std::mem::take(section)
        .into_iter()
        .partition(|(key, _)| all.contains(&key.as_str()));
    *section = common;
    own
}

/// The schedule, over a default of the kind `default`, which has a warm-up.
fn schedule(layers: &Layers, default: &str) -> Result<ScheduleConfig, ConfigError> {
    let value = layers.table().get("schedule").cloned();
    let value = serde_json::to_value(value).map_err(|error| ConfigError::new(error.to_string()))?;
    let mut schedule =
        ScheduleConfig::from_value(value).map_err(|error| schedule_error(layers, &error))?;
    if schedule.kind() == default && schedule.warmup.is_none() {
        let start = schedule.warmup_start.map(|_| "schedule.warmup_start");
        let curve = schedule.warmup_curve.map(|_| "schedule.warmup_curve");
        if let Some(key) = start.or(curve) {
            return Err(refuse(layers, key, "needs a `warmup`"));
        }
        // Saved without one, it would have the default's when it is read again.
        schedule.warmup = Some(Span::Updates(0));
    }
    Ok(schedule)
}

/// A schedule's own error, with its place, in the form of [`refuse`].
fn schedule_error(layers: &Layers, error: &schedules::ScheduleError) -> ConfigError {
    let error = error.clone().below("schedule");
    let wrong = wrong(
        layers,
        error.path(),
        error.value().to_owned(),
        error.allowed(),
    );
    match error.hint() {
        Some(hint) => wrong.hint(hint),
        None => wrong,
    }
}

impl Resolved {
    /// A schedule's own error, raised when it is built for the run's length, with its place.
    pub fn schedule_error(&self, error: &schedules::ScheduleError) -> ConfigError {
        schedule_error(&self.layers, error)
    }
}

struct Resolver<'a> {
    layers: &'a Layers,
}

impl Resolver<'_> {
    fn settings(
        &self,
        typed: RunFile,
        own_keys: Table,
        schedule: ScheduleConfig,
    ) -> Result<Settings, ConfigError> {
        let backend = match &typed.backend {
            None => Backend::Flex,
            Some(name) => self.choice("backend", name)?,
        };
        let data = self.data(&typed.data)?;
        let model = self.model(typed.model)?;
        let optimizer = self.optimizer(typed.optimizer, own_keys, &model)?;
        let train = self.train(&typed.train, &data.source)?;
        let checkpoint = self.checkpoint(&typed.checkpoint, &data)?;
        let early_stopping = self.early_stopping(&typed.early_stopping, &data)?;
        let fork = self.fork(&typed.fork)?;
        Ok(Settings {
            seed: typed.seed.unwrap_or(1),
            backend,
            data,
            model,
            optimizer,
            schedule,
            train,
            checkpoint,
            fork,
            early_stopping,
        })
    }

    /// One of an enum's names.
    fn choice<'de, T: Deserialize<'de>>(
        &self,
        key: &str,
        typed: &'de str,
    ) -> Result<T, ConfigError> {
        use serde::de::IntoDeserializer;
        use serde::de::value::StrDeserializer;

        let deserializer: StrDeserializer<'de, VariantError> = typed.into_deserializer();
        T::deserialize(deserializer)
            .map_err(|VariantError(valid)| self.unknown_name(key, typed, valid))
    }

    fn unknown_name(&self, key: &str, typed: &str, valid: &[&str]) -> ConfigError {
        refuse(self.layers, key, "there is no such one").hint(suggest(typed, valid))
    }
}

/// Absolute, so that the saved settings mean the same from anywhere.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Keeps the valid names of an enum, which serde reports with an unknown one.
#[derive(Debug)]
struct VariantError(&'static [&'static str]);

impl std::fmt::Display for VariantError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "one of {}", self.0.join(", "))
    }
}

impl std::error::Error for VariantError {}

impl serde::de::Error for VariantError {
    fn custom<T: std::fmt::Display>(_message: T) -> Self {
        Self(&[])
    }

    fn unknown_variant(_variant: &str, expected: &'static [&'static str]) -> Self {
        Self(expected)
    }
}
