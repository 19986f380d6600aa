//! Other libraries' learning-rate tools under their own names, arguments and defaults, built from this crate's parts.
//!
//! Each does what its library does, faults included: for someone who compares, or who moves a script.
//!
//! | module | what it has |
//! | --- | --- |
//! | [`torch`] | every scheduler of `torch.optim.lr_scheduler`, and `SWALR` |
//! | [`timm`] | all schedulers, `create_scheduler_v2` and `param_groups_layer_decay` |
//! | [`keras`] | `ReduceLROnPlateau`, and every schedule of `keras.optimizers.schedules` |
//! | [`optax`] | `reduce_on_plateau`, and every schedule of `optax.schedules` with `join_schedules` |
//! | [`transformers`] | `get_scheduler` and `GreedyLR` |
//! | [`fastai`] | `fit_one_cycle`, `fit_flat_cos`, `fit_sgdr`, and `lr_find` with `valley`, `slide`, `minimum` and `steep` |
//! | [`lightning`] | `Tuner.lr_find` and its `suggestion` |
//! | [`pytorch_optimizer`] | `REXScheduler` |
//! | [`torch_lr_finder`] | `LRFinder.range_test` and the suggestion of its `plot` |
//!
//! [`finder`](crate::finder) is the learning-rate finder to use, and [`Plateau`](crate::Plateau) has a rule of its own.

pub mod fastai;
mod gradient;
pub mod keras;
pub mod lightning;
mod of_base;
pub mod optax;
mod per_group;
pub mod pytorch_optimizer;
mod sweep;
pub mod timm;
pub mod torch;
pub mod torch_lr_finder;
pub mod transformers;

pub use per_group::PerGroup;
pub use sweep::Sweep;
