//! The shapes: schedules with a formula of their own, a file each.

mod anneal;
mod constant;
mod cosine;
mod cosine_restarts;
mod cyclic;
mod exponential;
mod linear;
mod multi_step;
mod one_cycle;
mod polynomial;
mod step;
mod wsd;

pub use anneal::Anneal;
pub use constant::Constant;
pub use cosine::Cosine;
pub use cosine_restarts::CosineRestarts;
pub use cyclic::{Cyclic, CyclicMode};
pub use exponential::Exponential;
pub use linear::Linear;
pub use multi_step::MultiStep;
pub use one_cycle::OneCycle;
pub use polynomial::Polynomial;
pub use step::Step;
pub use wsd::Wsd;
