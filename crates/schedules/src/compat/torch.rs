//! PyTorch's schedulers.

mod plateau;

pub(super) use plateau::named;
pub use plateau::{ReduceLROnPlateau, ThresholdMode};
