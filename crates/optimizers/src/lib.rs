//! Optimizers for Burn with PyTorch's semantics and defaults.
//!
//! ```
//! use burn::module::Module;
//! use burn::nn::LinearConfig;
//! use burn::optim::GradientsParams;
//! use burn::tensor::{Device, Tensor};
//! use optimizers::Sgd;
//!
//! # fn main() -> Result<(), optimizers::OptimizerError> {
//! let device = Device::flex().autodiff();
//! let mut model = LinearConfig::new(2, 1).init(&device);
//! let mut update = Sgd::new().momentum(0.9).build()?;
//!
//! let input = Tensor::<2>::ones([4, 2], &device);
//! let loss = model.forward(input).powf_scalar(2.0).mean();
//! let gradients = GradientsParams::from_grads(loss.backward(), &model);
//! model = update.step(0.1, model, gradients);
//! # Ok(())
//! # }
//! ```
//!
//! | here | PyTorch | Burn | where Burn differs |
//! | --- | --- | --- | --- |
//! | [`Sgd`] | `torch.optim.SGD` | `SgdConfig` | dampening is 0.1 there |
//! | [`Adam`] | `torch.optim.Adam` | `AdamConfig` | epsilon is 1e-5 there |
//! | [`AdamW`] | `torch.optim.AdamW` | `AdamWConfig` | epsilon is 1e-5, weight decay 1e-4 there |
//!
//! Every optimizer here is a plain struct whose setters cannot fail. `build()` checks the whole of it once and gives a
//! [`ModuleUpdate`], which updates a whole module in one pass. Each also implements Burn's
//! [`Optimizer`](burn::optim::Optimizer), so `Learner::new(model, Sgd::new().into(), schedule)` works in Burn's own
//! training loop.
//!
//! [`Follow`] lets the momentum follow a schedule that moves it, as one-cycle does.
//!
//! Hyper-parameters are kept in `f64` and meet the tensor's own type in the operation that uses them.

mod accumulate;
mod adagrad;
mod adam;
mod adamw;
mod averages;
mod caution;
mod clip;
mod ema;
mod error;
mod follow;
mod lamb;
mod lion;
mod muon;
mod nadam;
mod one_pass;
mod parameter;
mod prodigy;
mod radam;
mod record;
mod rmsprop;
mod schedule_free;
mod schedule_free_adamw;
mod schedule_free_sgd;
mod sgd;
mod update;

pub use accumulate::GradientAverage;
pub use adagrad::{Adagrad, AdagradState};
pub use adam::{Adam, AdamState};
pub use adamw::AdamW;
pub use clip::{clip_norm, clip_value, gradient_norm};
pub use ema::{Ema, WeightAverage};
pub use error::OptimizerError;
pub use follow::{Follow, Momentum};
pub use lamb::Lamb;
pub use lion::{Lion, LionState};
pub use muon::{Adjust, Muon, MuonState};
pub use nadam::{NAdam, NAdamState};
pub use prodigy::Prodigy;
pub use radam::RAdam;
pub use record::{RecordError, StateRecord};
pub use rmsprop::{RmsProp, RmsPropState};
pub use schedule_free_adamw::ScheduleFreeAdamW;
pub use schedule_free_sgd::ScheduleFreeSgd;
pub use sgd::{Sgd, SgdState};
pub use update::{Decay, ModuleUpdate, WeightDecay};
