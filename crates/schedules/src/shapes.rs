//! The shapes: schedules with a formula of their own, a file each.

mod constant;
mod cosine;
mod exponential;
mod linear;
mod step;

pub use constant::Constant;
pub use cosine::Cosine;
pub use exponential::Exponential;
pub use linear::Linear;
pub use step::Step;
