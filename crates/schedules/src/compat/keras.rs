//! Keras' schedulers.

mod plateau;

pub use plateau::{Mode, ReduceLROnPlateau};
