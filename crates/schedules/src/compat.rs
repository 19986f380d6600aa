//! Other libraries' schedulers under their own names, arguments and defaults, built from this crate's parts.
//!
//! Each does what its library does, faults included.
//!
//! | module | what it has |
//! | --- | --- |
//! | [`torch`] | `ReduceLROnPlateau` |
//! | [`timm`] | `PlateauLRScheduler` |
//! | [`keras`] | `ReduceLROnPlateau` |
//! | [`optax`] | `reduce_on_plateau` |
//! | [`transformers`] | `GreedyLR` |

pub mod keras;
pub mod optax;
mod per_group;
pub mod timm;
pub mod torch;
pub mod transformers;

pub use per_group::PerGroup;
