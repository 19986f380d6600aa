//! `trainer report`, as typed.

use std::path::PathBuf;

use clap::Args;

/// `trainer report`
#[derive(Debug, Args)]
pub struct ReportArguments {
    /// Run directories.
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// The HTML file, if not report.html, in the run directory of one run and here for several. It must be a new one, or
    /// a report already.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Open it in the browser.
    #[arg(long)]
    pub open: bool,
    /// Also draw the columns of metrics.csv that --columns names, in a new SVG file.
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// What --svg draws.
    #[arg(
        long,
        value_name = "COLUMN",
        value_delimiter = ',',
        requires = "svg",
        default_value = "learning_rate,validation_loss"
    )]
    pub columns: Vec<String>,
    /// Print what was written as JSON.
    #[arg(long)]
    pub json: bool,
}
