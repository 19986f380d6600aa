//! PyTorch's schedulers.

mod chain;
mod chained;
mod child;
mod cosine;
mod cyclic;
mod decay;
mod function;
mod held;
mod lambda;
mod link;
mod one_cycle;
mod plateau;
mod ramp;
mod recurrence;
mod restarts;
mod sequential;
mod step;
mod swa;
mod triangle;

pub use chained::ChainedScheduler;
pub use child::Child;
pub use cosine::CosineAnnealingLR;
pub use cyclic::{CyclicLR, ScaleMode};
pub use decay::{ExponentialLR, PolynomialLR};
pub use function::Function;
pub use lambda::{LambdaLR, MultiplicativeLR};
pub use one_cycle::{AnnealStrategy, OneCycleLR};
pub(super) use plateau::named;
pub use plateau::{ReduceLROnPlateau, ThresholdMode};
pub use ramp::{ConstantLR, LinearLR};
pub use restarts::CosineAnnealingWarmRestarts;
pub use sequential::SequentialLR;
pub use step::{MultiStepLR, StepLR};
pub use swa::SWALR;
