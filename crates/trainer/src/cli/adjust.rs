//! `trainer adjust`

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use crate::config::{ConfigError, Length};

/// `trainer adjust`
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("change").required(true),
    after_help = "The change is one of the run's events, and whoever goes on with the run makes it again at the same \
    update. Of a run that is not running, `trainer train --fork RUN` begins a new one with any setting changed."
)]
pub struct AdjustArguments {
    /// The directory of a run that another process trains.
    pub run: PathBuf,
    /// Multiply the learning rate of every update that is left by this.
    #[arg(long, value_name = "FACTOR", group = "change")]
    pub scale_lr: Option<f64>,
    /// Make the run so long in all, in updates (4000) or epochs (8ep): what is left of its schedule is stretched or
    /// squeezed.
    #[arg(long, group = "change")]
    pub length: Option<Length>,
    /// Print where it took effect as JSON.
    #[arg(long)]
    pub json: bool,
}

impl AdjustArguments {
    /// Whether it can be asked for.
    ///
    /// # Errors
    /// A number out of its range.
    pub fn check(&self) -> Result<(), ConfigError> {
        if let Some(factor) = self.scale_lr
            && !(factor > 0.0 && factor.is_finite())
        {
            return Err(ConfigError::new(format!(
                "--scale-lr {factor}: must be above 0"
            )));
        }
        if let Some(length) = self.length
            && length.time().is_some()
        {
            return Err(ConfigError::new(format!(
                "--length {length}: must be updates (4000) or epochs (8ep)"
            )));
        }
        Ok(())
    }
}
