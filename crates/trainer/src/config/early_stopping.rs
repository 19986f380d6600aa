//! When a run ends before its length.

use serde::Serialize;

use super::Metric;

/// `[early_stopping]`: a run ends whose metric gets no better.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct EarlyStopping {
    /// What has to get better.
    pub metric: Metric,
    /// After how many evaluations without a better one it ends.
    pub patience: u64,
    /// By how much more than this it has to be better.
    pub min_change: f64,
    /// How many epochs it trains in any case.
    pub min_epochs: f64,
}
