//! `trainer compare`

use std::path::PathBuf;

use clap::Args;

use super::SettingsArguments;
use crate::config::{ConfigError, Layer};

/// `trainer compare`
#[derive(Debug, Args)]
#[command(
    after_help = "A strategy is a schedule and whatever else belongs to it. Each has its peak chosen from one grid, by the \
    validation loss of runs with seeds of their own, and is then run again with other seeds. A configuration's \
    section [compare] has strategies and conditions of your own. Runs are saved one by one: the same command goes on \
    where it was stopped."
)]
pub struct CompareArguments {
    /// The settings that all runs have in common.
    #[command(flatten)]
    pub settings: SettingsArguments,
    /// Three runs a strategy and one for tuning: a first look, in which nothing is tested.
    #[arg(long)]
    pub quick: bool,
    /// The folder that the experiment's folder is made in.
    #[arg(long, default_value = "runs", value_name = "DIR")]
    pub runs: PathBuf,
    /// The experiment's folder, if not compare-DATA-MODEL; runs that are in it already are not made again.
    #[arg(long)]
    pub name: Option<String>,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

impl CompareArguments {
    /// The sources of settings, lowest first.
    ///
    /// # Errors
    /// A file that cannot be read, an argument that cannot be understood, or one that all strategies would have alike.
    pub fn layers(&self) -> Result<Vec<Layer>, ConfigError> {
        if self.settings.schedule.is_some() {
            return Err(ConfigError::new(
                "--schedule: the strategies that are compared differ in it",
            )
            .hint("a file with compare.strategies = [\"fixed\", \"cosine\"] chooses among them"));
        }
        self.settings.layers()
    }
}
