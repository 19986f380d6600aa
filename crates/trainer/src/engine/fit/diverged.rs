//! Why a run that went wrong was stopped.

use crate::engine::Update;
use crate::engine::guard::Trouble;

/// A run that went wrong for good.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error(
    "{}: the training loss was {loss} at update {update}, at a learning rate of {learning_rate}{}",
    self.trouble.name(),
    self.gradient_norm.map_or_else(String::new, |(update, norm)| format!("; the gradient's norm was {norm:.3e} at update {update}"))
)]
pub struct Diverged {
    /// What became of its loss.
    pub trouble: Trouble,
    /// The update that made it certain.
    pub update: u64,
    /// Its learning rate.
    pub learning_rate: f64,
    /// Its loss.
    pub loss: f64,
    /// The norm of the gradient at the last update that was looked at, and which that was.
    pub gradient_norm: Option<(u64, f64)>,
}

impl Diverged {
    pub(super) fn at(update: Update, trouble: Trouble, gradient_norm: Option<(u64, f64)>) -> Self {
        Self {
            trouble,
            update: update.update,
            learning_rate: update.learning_rate,
            loss: update.train_loss,
            gradient_norm,
        }
    }
}
