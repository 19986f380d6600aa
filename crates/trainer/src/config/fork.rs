//! Where a run begins that does not begin at its first update.

use std::path::PathBuf;

use serde::Serialize;

/// `[fork]`: the run begins from a state that another run has kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ForkSettings {
    /// The other run's directory.
    pub run: PathBuf,
    /// How many updates the state has made; the newest one if nobody says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update: Option<u64>,
}
