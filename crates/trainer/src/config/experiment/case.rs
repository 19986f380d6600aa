//! What an experiment compares: a strategy under a condition.

use schedules::MAX_PEAK;

use super::section::{Part, Section};
use crate::config::{ConfigError, Length, Resolved, Settings};

/// A strategy under a condition.
#[derive(Debug, Clone)]
pub struct Case {
    /// What all that it is compared with have in common.
    pub condition: String,
    /// What differs.
    pub strategy: String,
    /// Where the peak learning rate comes from.
    pub peaks: Peaks,
    /// The settings, whose peak and seed are those of no run.
    pub resolved: Resolved,
}

/// Where a peak learning rate comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Peaks {
    /// It is given, and nothing is tuned.
    Given(f64),
    /// The best of these, which rise.
    Grid(Vec<f64>),
}

impl Peaks {
    /// Factors times the learning rate `rate`, to three digits, which is all that a factor means.
    pub(super) fn of(
        section: &Section,
        strategy: &Part,
        rate: f64,
        grid: &[f64],
    ) -> Result<Self, ConfigError> {
        let peak = |factor: f64| {
            let peak = format!("{:.2e}", factor * rate).parse().unwrap_or(f64::NAN);
            if peak > 0.0 && peak <= MAX_PEAK {
                return Ok(peak);
            }
            let reason = format!(
                "{factor} times {rate}, the learning rate of {}, must be above 0 and at most {MAX_PEAK:e}",
                strategy.name
            );
            Err(section.refuse("grid", reason))
        };
        match strategy.at {
            Some(factor) => Ok(Self::Given(peak(factor)?)),
            None => {
                let mut peaks = grid
                    .iter()
                    .map(|factor| peak(*factor))
                    .collect::<Result<Vec<f64>, _>>()?;
                peaks.sort_by(f64::total_cmp);
                peaks.dedup();
                Ok(Self::Grid(peaks))
            }
        }
    }

    /// Those to choose from; none where it is given.
    pub fn grid(&self) -> &[f64] {
        match self {
            Self::Given(_) => &[],
            Self::Grid(peaks) => peaks,
        }
    }
}

impl Case {
    /// The settings of one run.
    pub fn settings(&self, peak: f64, seed: u64) -> Settings {
        let mut settings = self.resolved.settings.clone();
        settings.optimizer.lr = peak;
        settings.seed = seed;
        settings
    }

    /// The same, planned for so many updates.
    #[must_use]
    pub fn lasting(&self, updates: u64) -> Self {
        let mut case = self.clone();
        case.resolved.settings.train.length = Length::Updates(updates);
        case
    }
}
