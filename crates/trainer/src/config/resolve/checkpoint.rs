//! `[checkpoint]`

use super::{Resolver, refuse};
use crate::config::run_file::CheckpointKeys;
use crate::config::settings::DataSettings;
use crate::config::{Best, CheckpointSettings, ConfigError, Metric};

impl Resolver<'_> {
    pub(super) fn checkpoint(
        &self,
        typed: &CheckpointKeys,
        data: &DataSettings,
    ) -> Result<CheckpointSettings, ConfigError> {
        let measured = data.validation.fraction() > 0.0;
        let best = match &typed.best {
            None if measured => Best::ValidationLoss,
            None => Best::None,
            Some(name) => self.choice("checkpoint.best", name)?,
        };
        if !measured && best.metric().is_some_and(Metric::is_of_validation) {
            let reason = "is measured on validation images, and data.validation is 0";
            let hint =
                "hold out some training images: data.validation = \"10%\"; or take train_loss";
            return Err(refuse(self.layers, "checkpoint.best", reason).hint(hint));
        }
        Ok(CheckpointSettings {
            every: typed.every.unwrap_or(CheckpointSettings::EVERY),
            best,
        })
    }
}
