//! Other libraries' learning-rate tools under their own names and arguments.
//!
//! Each learning-rate finder here does what its library does, faults included, in `f64`: for someone who compares, or
//! who moves. [`finder`](crate::finder) is the one to use.
//!
//! | module | what it has |
//! | --- | --- |
//! | [`fastai`] | `lr_find` with `valley`, `slide`, `minimum` and `steep` |
//! | [`lightning`] | `Tuner.lr_find` and its `suggestion` |
//! | [`torch_lr_finder`] | `LRFinder.range_test` and the suggestion of its `plot` |

pub mod fastai;
mod gradient;
pub mod lightning;
mod sweep;
pub mod torch_lr_finder;

pub use sweep::Sweep;
