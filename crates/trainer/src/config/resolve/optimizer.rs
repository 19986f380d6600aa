//! `[optimizer]`

use optimizers::Decay;
use schedules::{MAX_FACTOR, MAX_PEAK, RateHandle};
use toml::Table;

use super::{Resolver, refuse};
use crate::config::run_file::OptimizerKeys;
use crate::config::settings::ModelSettings;
use crate::config::{ConfigError, OptimizerSettings, Rule, recipe};

impl Resolver<'_> {
    pub(super) fn optimizer(
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
            .hint(format!(
                "{kind} has lr, decay, layer_decay, groups, {}",
                keys.join(", ")
            )));
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
