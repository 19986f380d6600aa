//! timm's schedulers.
//!
//! An update here is timm's `t`: an epoch or an update there, whatever its lengths are counted in. The rate of update 0
//! is what the constructor leaves in the optimizer, the rate of update t what `step(t)` or `step_update(t)` sets. The
//! noise is not here.

mod cosine;
mod create_scheduler;
mod cycles;
mod layer_decay;
mod multi_step;
mod param_group;
mod plateau;
mod poly;
mod selected;
mod shared;
mod step;
mod tanh;
mod warm_up;
mod wsd;

pub use cosine::CosineLRScheduler;
pub use create_scheduler::{CreateScheduler, Sched};
pub use layer_decay::ParamGroupsLayerDecay;
pub use multi_step::MultiStepLRScheduler;
pub use param_group::ParamGroup;
pub use plateau::PlateauLRScheduler;
pub use poly::PolyLRScheduler;
pub use selected::Selected;
pub use step::StepLRScheduler;
pub use tanh::TanhLRScheduler;
pub use wsd::{DecayFn, StableFn, WSDLRScheduler};
