//! Keras' schedulers.

mod cosine;
mod decay;
mod piecewise;
mod plateau;
mod polynomial;
mod restarts;

pub use cosine::CosineDecay;
pub use decay::{ExponentialDecay, InverseTimeDecay};
pub use piecewise::PiecewiseConstantDecay;
pub use plateau::{Mode, ReduceLROnPlateau};
pub use polynomial::PolynomialDecay;
pub use restarts::CosineDecayRestarts;
