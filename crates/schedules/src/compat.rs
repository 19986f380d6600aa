//! Other libraries' learning-rate tools under their own names, arguments and defaults, built from this crate's parts.
//!
//! Each does what its library does, faults included: for someone who compares, or who moves a script.
//!
//! | module | what it has |
//! | --- | --- |
//! | [`torch`] | the schedulers of `torch.optim.lr_scheduler`, and `SWALR` |
//! | [`timm`] | `PlateauLRScheduler` |
//! | [`keras`] | `ReduceLROnPlateau` |
//! | [`optax`] | `reduce_on_plateau` |
//! | [`transformers`] | `GreedyLR` |
//! | [`fastai`] | `lr_find` with `valley`, `slide`, `minimum` and `steep` |
//! | [`lightning`] | `Tuner.lr_find` and its `suggestion` |
//! | [`torch_lr_finder`] | `LRFinder.range_test` and the suggestion of its `plot` |
//!
//! [`finder`](crate::finder) is the learning-rate finder to use, and [`Plateau`](crate::Plateau) has a rule of its own.

pub mod fastai;
mod gradient;
pub mod keras;
pub mod lightning;
pub mod optax;
mod per_group;
mod sweep;
pub mod timm;
pub mod torch;
pub mod torch_lr_finder;
pub mod transformers;

pub use per_group::PerGroup;
pub use sweep::Sweep;
