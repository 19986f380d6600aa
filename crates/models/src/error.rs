//! What can be wrong with a model's configuration.

use crate::ImageShape;

/// A model that cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The images are smaller than the network's layers need.
    #[error("{model} needs images of at least {least}x{least} pixels, not {shape}")]
    ImageTooSmall {
        /// The network's name.
        model: &'static str,
        /// Its least height and width.
        least: usize,
        /// The shape that it was given.
        shape: ImageShape,
    },
    /// A size that must not be zero is zero.
    #[error("{field} = 0: must be at least 1")]
    Zero {
        /// The size's name.
        field: &'static str,
    },
}
