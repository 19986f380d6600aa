//! `trainer devices`

use clap::Args;

use super::SettingsArguments;

/// `trainer devices`
#[derive(Debug, Args)]
pub struct DevicesArguments {
    /// The settings whose model --bench trains.
    #[command(flatten)]
    pub settings: SettingsArguments,
    /// Measure training updates per second on every backend.
    #[arg(long)]
    pub bench: bool,
    /// Print the list as JSON.
    #[arg(long)]
    pub json: bool,
}
