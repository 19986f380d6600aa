//! optax' schedules.

mod cosine;
mod exponential;
mod join;
mod one_cycle;
mod piecewise;
mod plateau;
mod polynomial;
mod rates;
mod sgdr;
mod warmup;

pub use cosine::CosineDecaySchedule;
pub use exponential::ExponentialDecay;
pub use join::{AnySchedule, JoinSchedules};
pub use one_cycle::{CosineOnecycleSchedule, LinearOnecycleSchedule};
pub use piecewise::{InterpolateType, PiecewiseConstantSchedule, PiecewiseInterpolateSchedule};
pub use plateau::ReduceOnPlateau;
pub use polynomial::{
    ConstantSchedule, LinearSchedule, PolynomialSchedule, WarmupConstantSchedule,
};
pub use sgdr::SgdrSchedule;
pub use warmup::{WarmupCosineDecaySchedule, WarmupExponentialDecaySchedule};
