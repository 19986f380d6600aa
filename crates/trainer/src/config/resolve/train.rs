//! `[train]`

use schedules::Span;

use super::{Resolver, refuse};
use crate::config::run_file::TrainKeys;
use crate::config::settings::{Precision, Source, TrainSettings};
use crate::config::{ConfigError, Length, OnDivergence, recipe};

impl Resolver<'_> {
    pub(super) fn train(
        &self,
        typed: &TrainKeys,
        source: &Source,
    ) -> Result<TrainSettings, ConfigError> {
        let refuse = |key: &str, allowed: &str| {
            refuse(
                self.layers,
                &format!("train.{key}"),
                format!("must be {allowed}"),
            )
        };
        let length = typed.length;
        let length = length.unwrap_or(Length::Epochs(recipe::epochs(source)));
        if typed.horizon.is_some() && length.time().is_none() {
            let allowed =
                "left out: train.length is no time, and says by itself how many updates there are";
            return Err(refuse("horizon", allowed));
        }
        if typed.horizon == Some(0) {
            return Err(refuse("horizon", "at least 1 update"));
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
        let recover_factor = typed.recover_factor.unwrap_or(0.5);
        if !(recover_factor > 0.0 && recover_factor < 1.0) {
            return Err(refuse("recover_factor", "above 0 and below 1"));
        }
        Ok(TrainSettings {
            length,
            horizon: typed.horizon,
            evaluate_every,
            gain_every: typed.gain_every.unwrap_or(0),
            accumulate,
            clip_norm,
            clip_value,
            label_smoothing: share("label_smoothing", typed.label_smoothing)?,
            ema: share("ema", typed.ema)?,
            precision: match &typed.precision {
                None => Precision::default(),
                Some(name) => self.choice("train.precision", name)?,
            },
            on_divergence: match &typed.on_divergence {
                None => OnDivergence::default(),
                Some(name) => self.choice("train.on_divergence", name)?,
            },
            recover_factor,
            recover_most: typed.recover_most.unwrap_or(3),
        })
    }
}

fn is_zero(span: Span) -> bool {
    match span {
        Span::Updates(updates) => updates == 0,
        Span::Epochs(number) | Span::Percent(number) | Span::PercentOfRest(number) => number == 0.0,
        _ => false,
    }
}
