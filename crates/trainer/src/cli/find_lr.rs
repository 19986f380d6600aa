//! `trainer find-lr`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use schedules::{MAX_PEAK, Sweep};

use super::{ResultFormat, SettingsArguments};
use crate::config::ConfigError;
use crate::engine::RateSweep;

/// `trainer find-lr`
#[derive(Debug, Args)]
#[command(
    after_help = "Nothing is applied: give what you choose to `trainer train` with --lr, or let it do both with \
    --lr auto. The weights that the test trained are thrown away."
)]
pub struct FindLrArguments {
    /// The settings of the run that a rate is looked for.
    #[command(flatten)]
    pub settings: SettingsArguments,
    /// The first learning rate.
    #[arg(long, default_value_t = RateSweep::default().from, value_name = "RATE")]
    pub from: f64,
    /// The last learning rate.
    #[arg(long, default_value_t = RateSweep::default().to, value_name = "RATE")]
    pub to: f64,
    /// How many updates the test makes at most.
    #[arg(long, default_value_t = RateSweep::default().updates, value_name = "COUNT")]
    pub updates: u64,
    /// How the rate grows.
    #[arg(long, value_enum, default_value_t)]
    pub sweep: SweepName,
    /// How much the loss is smoothed, from 0, not at all, to below 1.
    #[arg(long, default_value_t = RateSweep::default().smoothing, value_name = "SHARE")]
    pub smoothing: f64,
    /// How many times what it has fallen the loss may rise before the test stops.
    #[arg(long, default_value_t = RateSweep::default().divergence, value_name = "TIMES")]
    pub divergence: f64,
    /// How many tests, each with the next seed; their middle is suggested, and their spread shown.
    #[arg(long, default_value_t = 1, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub repeat: u64,
    /// What to print: a picture with the suggestions, a row per update, or everything.
    #[arg(long, value_enum, default_value_t)]
    pub format: ResultFormat,
    /// The same as --format json.
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Also write the picture to a new file.
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
}

/// How the rate of a range test grows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum SweepName {
    /// By the same factor at every update.
    #[default]
    Exponential,
    /// By the same amount at every update.
    Linear,
}

impl FindLrArguments {
    /// The range test that was asked for.
    ///
    /// # Errors
    /// A number out of its range.
    pub fn sweep(&self) -> Result<RateSweep, ConfigError> {
        let refused = |flag: &str, value: f64, allowed: String| {
            Err(ConfigError::new(format!(
                "--{flag} {value:?}: must be {allowed}"
            )))
        };
        if !(self.from > 0.0 && self.from <= MAX_PEAK) {
            return refused(
                "from",
                self.from,
                format!("above 0 and at most {MAX_PEAK:e}"),
            );
        }
        if !(self.to > self.from && self.to <= MAX_PEAK) {
            let allowed = format!("above --from ({:?}) and at most {MAX_PEAK:e}", self.from);
            return refused("to", self.to, allowed);
        }
        if self.updates < FEWEST_UPDATES {
            return refused(
                "updates",
                self.updates as f64,
                format!("at least {FEWEST_UPDATES}"),
            );
        }
        if !(0.0..1.0).contains(&self.smoothing) {
            return refused(
                "smoothing",
                self.smoothing,
                "at least 0 and below 1".to_owned(),
            );
        }
        if !(self.divergence > 0.0 && self.divergence.is_finite()) {
            return refused("divergence", self.divergence, "above 0".to_owned());
        }
        Ok(RateSweep {
            from: self.from,
            to: self.to,
            updates: self.updates,
            sweep: match self.sweep {
                SweepName::Exponential => Sweep::Exponential,
                SweepName::Linear => Sweep::Linear,
            },
            smoothing: self.smoothing,
            divergence: self.divergence,
        })
    }
}

/// A shorter range test has too few points for any rule.
const FEWEST_UPDATES: u64 = 10;
