//! Merges what was typed, fills in what was not, and checks the result.

use std::path::PathBuf;

use optimizers::Decay;
use schedules::{MAX_FACTOR, MAX_PEAK, RateHandle, ScheduleConfig, Span};
use serde::Deserialize;
use toml::{Table, Value};

use super::error::suggest;
use super::recipe;
use super::run_file::{ModelKeys, OptimizerKeys, RunFile, TrainKeys};
use super::settings::{
    Backend, DataSettings, ModelSettings, Network, Precision, Settings, Source, Split,
    TrainSettings,
};
use super::{ConfigError, Head, Layer, Layers, OptimizerSettings, Rule, Share, StartSettings};

/// Settings, and what a person should hear about them.
#[derive(Debug)]
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
    let kind = sources.iter().rev().find_map(Layer::optimizer_kind);
    let default = recipe::schedule(kind.unwrap_or(recipe::OPTIMIZER));
    let mut layers = Layers::default();
    layers.push(Layer::from_default(default))?;
    for layer in sources {
        layers.push(layer)?;
    }
    check_keys(&layers)?;
    let schedule = schedule(&layers)?;
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

/// "`key = value` (place): reason".
fn refuse(layers: &Layers, key: &str, reason: impl std::fmt::Display) -> ConfigError {
    let mut parts = key.split('.');
    let first = parts.next().and_then(|part| layers.table().get(part));
    let value = parts.fold(first, |value, part| value.and_then(|value| value.get(part)));
    let place = layers.origin(key);
    match value {
        // A reason that comes from the value's own type begins with the value.
        Some(value) => {
            let reason = reason.to_string();
            let reason = reason
                .strip_prefix(&format!("{value}: "))
                .unwrap_or(&reason);
            ConfigError::new(format!("{key} = {value} ({place}): {reason}"))
        }
        None => ConfigError::new(format!("{key} ({place}): {reason}")),
    }
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
        for key in inner.keys().map(String::as_str) {
            if !keys.contains(&key) && !others.contains(&key) {
                return Err(unknown(&format!("{name}.{key}"), key, &keys));
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

fn schedule(layers: &Layers) -> Result<ScheduleConfig, ConfigError> {
    let value = layers.table().get("schedule").cloned();
    let value = serde_json::to_value(value).map_err(|error| ConfigError::new(error.to_string()))?;
    ScheduleConfig::from_value(value).map_err(|error| schedule_error(layers, &error))
}

/// A schedule's own error, with its place, in the form of [`refuse`].
fn schedule_error(layers: &Layers, error: &schedules::ScheduleError) -> ConfigError {
    let error = error.clone().below("schedule");
    let place = layers.origin(error.path());
    let text = error.to_string();
    let message = match text.split_once(": ") {
        Some((setting, reason)) => format!("{setting} ({place}): {reason}"),
        None => format!("{text} ({place})"),
    };
    let wrong = ConfigError::new(message);
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

/// Each kind of something, and the keys that not all kinds have.
type Kinds = &'static [(&'static str, &'static [&'static str])];

const NETWORKS: Kinds = &[
    ("mlp", &["hidden", "dropout"]),
    ("lenet5", &["dropout"]),
    ("convnet", &["widths", "dropout"]),
    ("resnet", &["depth", "dropout", "stochastic_depth"]),
];

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
        let source = self.source(&typed)?;
        let model = self.model(typed.model)?;
        let optimizer = self.optimizer(typed.optimizer, own_keys, &model)?;
        let validation = typed
            .data
            .validation
            .unwrap_or(Share::percent(recipe::validation_percent(&source)));
        let batch_size = typed.data.batch_size.unwrap_or(64);
        if batch_size == 0 {
            return Err(refuse(self.layers, "data.batch_size", "must be at least 1"));
        }
        let train = self.train(&typed.train, &source)?;
        Ok(Settings {
            seed: typed.seed.unwrap_or(1),
            backend,
            data: DataSettings {
                source,
                validation,
                split_seed: typed.data.split_seed.unwrap_or(0),
                batch_size,
                drop_last: typed.data.drop_last.unwrap_or(true),
                shuffle: typed.data.shuffle.unwrap_or(true),
            },
            model,
            optimizer,
            schedule,
            train,
        })
    }

    fn train(&self, typed: &TrainKeys, source: &Source) -> Result<TrainSettings, ConfigError> {
        let refuse = |key: &str, allowed: &str| {
            refuse(
                self.layers,
                &format!("train.{key}"),
                format!("must be {allowed}"),
            )
        };
        let length = typed.length.unwrap_or(Span::Epochs(recipe::epochs(source)));
        if is_zero(length) || !matches!(length, Span::Updates(_) | Span::Epochs(_)) {
            let allowed = "updates (4000) or epochs (\"20ep\"), and not zero";
            return Err(refuse("length", allowed));
        }
        let evaluate_every = typed.evaluate_every.unwrap_or(Span::Epochs(1.0));
        if is_zero(evaluate_every) {
            let allowed =
                "updates (100), epochs (\"1ep\") or a share of the run (\"5%\"), and not zero";
            return Err(refuse("evaluate_every", allowed));
        }
        let accumulate = typed.accumulate.unwrap_or(1);
        if accumulate == 0 {
            return Err(refuse("accumulate", "at least 1 batch"));
        }
        let limit = |key, typed: Option<f64>| {
            let limit = typed.unwrap_or(f64::INFINITY);
            let allowed = "above 0; without it nothing is clipped, as with inf";
            if limit > 0.0 {
                Ok(limit)
            } else {
                Err(refuse(key, allowed))
            }
        };
        let clip_norm = limit("clip_norm", typed.clip_norm)?;
        let clip_value = limit("clip_value", typed.clip_value)?;
        if clip_norm.is_finite() && clip_value.is_finite() {
            return Err(refuse(
                "clip_value",
                "left out where train.clip_norm is given",
            ));
        }
        let share = |key, typed: Option<f64>| {
            let share = typed.unwrap_or(0.0);
            if (0.0..1.0).contains(&share) {
                Ok(share)
            } else {
                Err(refuse(key, "at least 0 and below 1"))
            }
        };
        Ok(TrainSettings {
            length,
            evaluate_every,
            accumulate,
            clip_norm,
            clip_value,
            label_smoothing: share("label_smoothing", typed.label_smoothing)?,
            ema: share("ema", typed.ema)?,
            precision: match &typed.precision {
                None => Precision::default(),
                Some(name) => self.choice("train.precision", name)?,
            },
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

    fn source(&self, typed: &RunFile) -> Result<Source, ConfigError> {
        let name = typed.data.name.as_deref().unwrap_or("digits");
        match name {
            "digits" => {
                if typed.data.path.is_some() {
                    return Err(refuse(
                        self.layers,
                        "data.path",
                        "the digits are embedded and lie in no folder",
                    )
                    .hint("for the MNIST files in a folder, say data.name = \"mnist\""));
                }
                let split = match &typed.data.split {
                    None => Split::Shuffled,
                    Some(name) => self.choice("data.split", name)?,
                };
                Ok(Source::Digits { split })
            }
            "mnist" => {
                if typed.data.split.is_some() {
                    return Err(refuse(
                        self.layers,
                        "data.split",
                        "MNIST has its own test files",
                    ));
                }
                let Some(path) = &typed.data.path else {
                    return Err(ConfigError::new(
                        "data.path is missing: where do the MNIST files lie?",
                    )
                    .hint(
                        "--data FOLDER or --set data.path=FOLDER, the folder of the four IDX files",
                    ));
                };
                // Absolute, so that the saved settings mean the same from anywhere.
                let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                Ok(Source::Mnist { path })
            }
            _ => Err(self.unknown_name("data.name", name, &["digits", "mnist"])),
        }
    }

    fn start(&self, typed: &ModelKeys) -> Result<StartSettings, ConfigError> {
        let head = match &typed.head {
            None => Head::default(),
            Some(name) => self.choice("model.head", name)?,
        };
        if head == Head::New && typed.init.is_none() {
            let reason = "without model.init every layer is new";
            return Err(refuse(self.layers, "model.head", reason).hint("--init FILE.safetensors"));
        }
        let freeze = typed.freeze.clone().unwrap_or_default();
        if freeze.iter().any(String::is_empty) {
            let reason = "every name contains an empty one";
            return Err(refuse(self.layers, "model.freeze", reason));
        }
        // Absolute, so that the saved settings mean the same from anywhere.
        let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
        Ok(StartSettings {
            init: typed.init.as_ref().map(absolute),
            head,
            freeze,
        })
    }

    fn model(&self, typed: ModelKeys) -> Result<ModelSettings, ConfigError> {
        let start = self.start(&typed)?;
        let kind = typed.kind.as_deref().unwrap_or("mlp");
        self.check_kind("model", kind, NETWORKS)?;
        let network = match kind {
            "mlp" => Network::Mlp {
                hidden: typed.hidden.unwrap_or_else(|| vec![128, 64]),
            },
            "lenet5" => Network::LeNet5,
            "convnet" => Network::ConvNet {
                widths: typed.widths.unwrap_or_else(|| vec![32, 64]),
            },
            _ => Network::ResNet {
                depth: typed.depth.unwrap_or(8),
            },
        };
        network.config().check().map_err(|error| {
            let key = format!("model.{}", error.field().unwrap_or("kind"));
            // The error says the setting and its value itself.
            let reason = error.to_string();
            let reason = reason
                .split_once(": ")
                .map_or(&*reason, |(_, reason)| reason);
            refuse(self.layers, &key, reason)
        })?;
        let rate = |key: &str, typed: Option<f64>| {
            let rate = typed.unwrap_or(0.0);
            if (0.0..1.0).contains(&rate) {
                Ok(rate)
            } else {
                let allowed = "must be at least 0 and below 1";
                Err(refuse(self.layers, key, allowed))
            }
        };
        let dropout = rate("model.dropout", typed.dropout)?;
        if dropout > 0.0 && matches!(&network, Network::Mlp { hidden } if hidden.is_empty()) {
            let reason = "there is no hidden layer to drop anything from";
            return Err(refuse(self.layers, "model.dropout", reason));
        }
        Ok(ModelSettings {
            network,
            dropout,
            stochastic_depth: rate("model.stochastic_depth", typed.stochastic_depth)?,
            start,
        })
    }

    /// `kind` is one of `kinds`, and every key given with it is one that it has.
    fn check_kind(&self, section: &str, kind: &str, kinds: Kinds) -> Result<(), ConfigError> {
        let Some((_, own)) = kinds.iter().find(|(name, _)| *name == kind) else {
            let names: Vec<&str> = kinds.iter().map(|(name, _)| *name).collect();
            return Err(self.unknown_name(&format!("{section}.kind"), kind, &names));
        };
        let given = self.layers.table().get(section).and_then(Value::as_table);
        let is_foreign = |key: &str| {
            let of_others = kinds.iter().any(|(_, keys)| keys.contains(&key));
            of_others && !own.contains(&key)
        };
        match given.and_then(|given| given.keys().find(|key| is_foreign(key))) {
            None => Ok(()),
            Some(key) => Err(refuse(
                self.layers,
                &format!("{section}.{key}"),
                format!("does not apply to {kind}"),
            )
            .hint(format!("{kind} has {}", own.join(", ")))),
        }
    }

    fn optimizer(
        &self,
        typed: OptimizerKeys,
        own_keys: Table,
        model: &ModelSettings,
    ) -> Result<OptimizerSettings, ConfigError> {
        let kind = typed.kind.as_deref().unwrap_or(recipe::OPTIMIZER);
        let Some(keys) = Rule::keys(kind) else {
            return Err(self.unknown_name("optimizer.kind", kind, Rule::NAMES));
        };
        if let Some(key) = own_keys.keys().find(|key| !keys.contains(&key.as_str())) {
            return Err(refuse(
                self.layers,
                &format!("optimizer.{key}"),
                format!("does not apply to {kind}"),
            )
            .hint(format!("{kind} has lr, decay, groups, {}", keys.join(", "))));
        }
        let mut all_keys = recipe::optimizer(kind);
        all_keys.extend(own_keys);
        let rule = Rule::read(kind, all_keys)
            .ok_or_else(|| self.unknown_name("optimizer.kind", kind, Rule::NAMES))?
            .map_err(|wrong| {
                let key = format!("optimizer.{}", wrong.key);
                match wrong.unknown_name() {
                    Some((typed, valid)) => self.unknown_name(&key, typed, &valid),
                    None => refuse(self.layers, &key, wrong.reason),
                }
            })?;
        let lr = typed
            .lr
            .unwrap_or(recipe::learning_rate(&rule, &model.network));
        if !(lr > 0.0 && lr <= MAX_PEAK) {
            return Err(refuse(
                self.layers,
                "optimizer.lr",
                format!("must be above 0 and at most {MAX_PEAK:e}"),
            ));
        }
        let layer_decay = typed.layer_decay.unwrap_or(1.0);
        if !(layer_decay > 0.0 && layer_decay <= 1.0) {
            let allowed = "must be above 0 and at most 1";
            return Err(refuse(self.layers, "optimizer.layer_decay", allowed));
        }
        let decay = match &typed.decay {
            None => Decay::All,
            Some(name) => self.choice("optimizer.decay", name)?,
        };
        let groups = typed.groups.unwrap_or_default();
        for (index, group) in groups.iter().enumerate() {
            let key = format!("optimizer.groups[{index}].multiplier");
            if !(0.0..=MAX_FACTOR).contains(&group.multiplier) {
                let allowed = format!("must be from 0 to {MAX_FACTOR:e}");
                return Err(ConfigError::new(format!(
                    "{key} = {:?} ({}): {allowed}",
                    group.multiplier,
                    self.layers.origin(&key)
                )));
            }
        }
        let optimizer = OptimizerSettings {
            lr,
            decay,
            rule,
            layer_decay,
            groups,
        };
        optimizer.build(RateHandle::default()).map_err(|error| {
            refuse(
                self.layers,
                &format!("optimizer.{}", error.field),
                format!("must be {}", error.allowed),
            )
        })?;
        Ok(optimizer)
    }
}

fn is_zero(span: Span) -> bool {
    match span {
        Span::Updates(updates) => updates == 0,
        Span::Epochs(number) | Span::Percent(number) => number == 0.0,
        _ => false,
    }
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
