//! `[model]`

use toml::Value;

use super::{Resolver, absolute, refuse};
use crate::config::run_file::ModelKeys;
use crate::config::settings::{ModelSettings, Network};
use crate::config::{ConfigError, Head, StartSettings};

/// Each kind of something, and the keys that not all kinds have.
type Kinds = &'static [(&'static str, &'static [&'static str])];

const NETWORKS: Kinds = &[
    ("mlp", &["hidden", "dropout"]),
    ("lenet5", &["dropout"]),
    ("cnn", &["widths", "hidden", "dropout"]),
    ("convnet", &["widths", "dropout"]),
    ("resnet", &["depth", "dropout", "stochastic_depth"]),
];

impl Resolver<'_> {
    pub(super) fn model(&self, typed: ModelKeys) -> Result<ModelSettings, ConfigError> {
        let start = self.start(&typed)?;
        let kind = typed.kind.as_deref().unwrap_or("mlp");
        self.check_kind("model", kind, NETWORKS)?;
        let network = match kind {
            "mlp" => Network::Mlp {
                hidden: typed.hidden.unwrap_or_else(|| vec![128, 64]),
            },
            "lenet5" => Network::LeNet5,
            "cnn" => Network::Cnn {
                widths: typed.widths.unwrap_or_else(|| vec![32, 64]),
                hidden: typed.hidden.unwrap_or_else(|| vec![128]),
            },
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
        Ok(StartSettings {
            init: typed.init.as_deref().map(absolute),
            head,
            freeze,
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
}
