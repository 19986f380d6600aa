//! `trainer tradeoff`, as typed.

use std::path::PathBuf;

use clap::Args;

use super::SettingsArguments;
use crate::config::{ConfigError, Layer};

/// `trainer tradeoff`
#[derive(Debug, Args)]
#[command(
    after_help = "The last budget is the run's length, to the nearest whole cycle; each is a little more than twice the one \
    before. The peak is not tuned: it is --lr, or what the optimizer has by default."
)]
pub struct TradeoffArguments {
    /// The settings of the longest run; its schedule is none of them.
    #[command(flatten)]
    pub settings: SettingsArguments,
    /// How many budgets.
    #[arg(long, default_value_t = 5, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=20))]
    pub points: u32,
    /// How many seeds.
    #[arg(long, default_value_t = 10, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub seeds: u64,
    /// Also write accuracy and loss over the budgets to a new file.
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Print the curve as JSON.
    #[arg(long)]
    pub json: bool,
}

impl TradeoffArguments {
    /// The sources of settings, lowest first.
    ///
    /// # Errors
    /// A file that cannot be read, an argument that cannot be understood, or a schedule, which each way has its own of.
    pub fn layers(&self) -> Result<Vec<Layer>, ConfigError> {
        if self.settings.schedule.is_some() {
            return Err(ConfigError::new(
                "--schedule: each way to the curve has a schedule of its own",
            ));
        }
        self.settings.layers()
    }
}
