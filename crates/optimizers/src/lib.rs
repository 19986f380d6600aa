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
//! | here | PyTorch or package | Burn | where Burn differs |
//! | --- | --- | --- | --- |
//! | [`Sgd`] | `torch.optim.SGD` | `SgdConfig` | dampening is 0.1 there |
//! | [`Adam`] | `torch.optim.Adam` | `AdamConfig` | epsilon is 1e-5 there |
//! | [`AdamW`] | `torch.optim.AdamW` | `AdamWConfig` | epsilon is 1e-5, weight decay 1e-4 there |
//! | [`NAdam`] | `torch.optim.NAdam` | | |
//! | [`RAdam`] | `torch.optim.RAdam` | | |
//! | [`RmsProp`] | `torch.optim.RMSprop` | `RmsPropConfig` | momentum is 0.9, epsilon 1e-5 there |
//! | [`Adagrad`] | `torch.optim.Adagrad` | `AdaGradConfig` | epsilon is 1e-5 there; no initial value of the sum |
//! | [`Lion`] | timm 1.0's `Lion` | `LionConfig` | no caution there |
//! | [`Lamb`] | timm 1.0's `Lamb` | `LambConfig` | no weight decay by default and no norm of all gradients there |
//! | [`Muon`] | `torch.optim.Muon` 2.15 | `MuonConfig` | matrices only there, each taken for `[out, in]` |
//! | [`ScheduleFreeSgd`] | schedulefree 1.4's `SGDScheduleFree` | | |
//! | [`ScheduleFreeAdamW`] | schedulefree 1.4's `AdamWScheduleFree` | | |
//! | [`Prodigy`] | prodigyopt 1.1's `Prodigy` | | |
//!
//! Every optimizer here is a plain struct whose setters cannot fail. `build()` checks the whole of it once and gives a
//! [`ModuleUpdate`], which updates a whole module in one pass, two for Prodigy. It keeps learning-rate multipliers for
//! [groups](ModuleUpdate::group) of parameters, leaves biases and norms out of the weight decay when
//! [asked](ModuleUpdate::decay), and its state goes into a [`StateRecord`] and back, to the same bits.
//!
//! All but the last three also implement Burn's [`Optimizer`](burn::optim::Optimizer), so
//! `Learner::new(model, Sgd::new().into(), schedule)` works in Burn's own training loop. That trait sees one tensor at a
//! time, and so cannot hold what takes the whole module:
//!
//! - Schedule-Free trains other weights than those that are to be evaluated and kept. A loop must ask for the latter,
//!   [`ModuleUpdate::evaluation`], wherever it validates or saves; the stock `Learner` would silently use the former.
//! - Prodigy's step size is estimated from all gradients before the first weight moves.
//!
//! For the same reason [`Lamb`] has no `max_grad_norm` there and [`Muon`] no `adamw_for`.
//!
//! Beside them: [`clip_norm`] and [`clip_value`] for gradients, [`GradientAverage`] for updates of several batches,
//! [`Ema`] for the average of weights, and [`Follow`], which lets the momentum of SGD and Adam follow a schedule that
//! moves it, as one-cycle does. None of them reads a number back from the device.
//!
//! With the feature `flex`, SGD, Adam and AdamW touch each weight once on that backend, and elsewhere once for each
//! operation, with the same bits. On 2 cores an update of an MLP's 235,146 weights took 0.12 instead of 0.93 ms for SGD
//! with momentum and 0.40 instead of 1.7 ms for Adam (`examples/speed.rs`). The module must be the only holder of its
//! tensors: while a clone of it is alive, a changed tensor is copied first.
//!
//! With the feature `cube`, an update by the same three is one kernel for each parameter on a GPU, in single precision;
//! elsewhere it is one for each operation, which a small network's update waits for. What it computes differs by rounding
//! at most. Burn's `fusion` does the same by itself: say so by the feature of that name.
//!
//! With the feature `serde`, every optimizer is read from and written to a configuration under its setters' names.
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
#[cfg(all(feature = "cube", not(feature = "fusion")))]
mod gpu;
mod groups;
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
pub use groups::{Decay, WeightDecay};
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
pub use update::ModuleUpdate;
