//! What becomes of a run that diverged.

use serde::{Deserialize, Serialize};

/// What is done when the loss is not finite, has run away, or the model has collapsed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnDivergence {
    /// The run ends; its last good state is kept.
    #[default]
    Stop,
    /// The run goes back to its last good state, and on at a lower learning rate.
    Recover,
}
