//! The shapes: schedules with a formula of their own, a file each.

mod closure;
mod constant;
mod cosine;
mod exponential;
mod flat_cosine;
mod interpolation;
mod inverse_sqrt;
mod inverse_time;
mod linear;
mod noam;
mod piecewise;
mod range_test;
mod rex;
mod step;
mod swa_anneal;
mod tanh;

pub use closure::Closure;
pub use constant::Constant;
pub use cosine::Cosine;
pub use exponential::Exponential;
pub use flat_cosine::FlatCosine;
pub use interpolation::Interpolation;
pub use inverse_sqrt::InverseSqrt;
pub use inverse_time::InverseTime;
pub use linear::Linear;
pub use noam::Noam;
pub use piecewise::Piecewise;
pub use range_test::{RangeTest, Sweep};
pub use rex::Rex;
pub use step::Step;
pub use swa_anneal::SwaAnneal;
pub use tanh::Tanh;
