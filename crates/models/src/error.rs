//! What can be wrong with a model's configuration.

use crate::ImageShape;

/// A model that cannot be built.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
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
    /// A width that must not be zero is zero.
    #[error("{field}: every width must be at least 1")]
    ZeroWidth {
        /// The list's name.
        field: &'static str,
    },
    /// A list that needs an item has none.
    #[error("{field} = []: must have at least one width")]
    Empty {
        /// The list's name.
        field: &'static str,
    },
    /// A residual network's depth that stages of whole blocks do not add up to.
    #[error("depth = {depth}: must be 6n + 2; the nearest are {below} and {above}")]
    Depth {
        /// The depth that was asked for.
        depth: usize,
        /// A depth that there is.
        below: usize,
        /// The next one.
        above: usize,
    },
    /// A rate at which something is dropped that is no probability, or drops everything.
    #[error("{field} = {rate}: must be at least 0 and below 1")]
    Rate {
        /// The rate's name.
        field: &'static str,
        /// The rate.
        rate: f64,
    },
    /// A rate for a network that has nothing to drop.
    #[error("{field} = {rate}: {model} has no {what} to drop")]
    NothingToDrop {
        /// The rate's name.
        field: &'static str,
        /// The rate.
        rate: f64,
        /// The network's name.
        model: &'static str,
        /// What it would drop.
        what: &'static str,
    },
}

impl ModelError {
    /// The setting that is wrong, if it is one alone.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::ImageTooSmall { .. } => None,
            Self::Depth { .. } => Some("depth"),
            Self::Zero { field }
            | Self::ZeroWidth { field }
            | Self::Empty { field }
            | Self::Rate { field, .. }
            | Self::NothingToDrop { field, .. } => Some(field),
        }
    }
}
