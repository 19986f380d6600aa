//! `trainer schedule`

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::SettingsArguments;

/// `trainer schedule`
#[derive(Debug, Args)]
pub struct ScheduleArguments {
    /// The settings whose learning rate is drawn.
    #[command(flatten)]
    pub settings: SettingsArguments,
    /// Name every kind of schedule with its parameters and their defaults.
    #[arg(long)]
    pub list: bool,
    /// What to print: a picture, or a row per update.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// The same as --format json.
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Also write the picture to a new file.
    #[arg(long, value_name = "FILE", conflicts_with = "list")]
    pub svg: Option<PathBuf>,
}

/// How a planned learning rate is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A picture for a person.
    #[default]
    Text,
    /// A row per update.
    Csv,
    /// A row per update, or with --list the JSON Schema of `[schedule]`.
    Json,
}
