//! `trainer train`

use std::path::PathBuf;

use clap::Args;

use super::SettingsArguments;

/// `trainer train`
#[derive(Debug, Args)]
pub struct TrainArguments {
    /// The settings.
    #[command(flatten)]
    pub settings: SettingsArguments,
    /// The folder that run directories are made in.
    #[arg(long, default_value = "runs", value_name = "DIR")]
    pub runs: PathBuf,
    /// The run directory's name; an existing run is never overwritten.
    #[arg(long)]
    pub name: Option<String>,
    /// Go on with a run that did not reach its end, exactly where it was saved.
    #[arg(long, value_name = "RUN", conflicts_with_all = ["config", "runs", "name"])]
    pub resume: Option<PathBuf>,
    /// Begin a new run from a state that another one has kept, the newest or the one after so many updates, with the
    /// other run's settings and those that are given here.
    #[arg(long, value_name = "RUN[@UPDATE]", conflicts_with_all = ["config", "resume"])]
    pub fork: Option<String>,
    /// Also write the curves for TensorBoard, which shows them while they grow: `tensorboard --logdir runs`.
    #[arg(long)]
    pub tensorboard: bool,
    /// Show the run in the whole terminal; there, `q` asks whether to stop it, and Ctrl-C stops it as elsewhere.
    #[arg(long)]
    pub tui: bool,
    /// Print the summary as JSON.
    #[arg(long)]
    pub json: bool,
}
