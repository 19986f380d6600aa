//! `[early_stopping]`

use super::{Resolver, refuse};
use crate::config::run_file::EarlyStoppingKeys;
use crate::config::settings::DataSettings;
use crate::config::{ConfigError, EarlyStopping, Metric};

impl Resolver<'_> {
    pub(super) fn early_stopping(
        &self,
        typed: &EarlyStoppingKeys,
        data: &DataSettings,
    ) -> Result<Option<EarlyStopping>, ConfigError> {
        if typed.is_empty() {
            return Ok(None);
        }
        let refuse =
            |key: &str, reason: &str| refuse(self.layers, &format!("early_stopping.{key}"), reason);
        let Some(patience) = typed.patience.filter(|patience| *patience > 0) else {
            let reason = "must be at least 1 evaluation; without it nothing is stopped early";
            return Err(refuse("patience", reason));
        };
        let metric = match &typed.metric {
            None => Metric::ValidationLoss,
            Some(name) => self.choice("early_stopping.metric", name)?,
        };
        if metric.is_of_validation() && data.validation.fraction() == 0.0 {
            let reason = "is measured on validation images, and data.validation is 0";
            let hint =
                "hold out some training images: data.validation = \"10%\"; or take train_loss";
            return Err(refuse("metric", reason).hint(hint));
        }
        let number = |key, typed: Option<f64>| {
            let number = typed.unwrap_or(0.0);
            if number >= 0.0 && number.is_finite() {
                Ok(number)
            } else {
                Err(refuse(key, "must be a number that is not below 0"))
            }
        };
        Ok(Some(EarlyStopping {
            metric,
            patience,
            min_change: number("min_change", typed.min_change)?,
            min_epochs: number("min_epochs", typed.min_epochs)?,
        }))
    }
}
