//! timm's schedulers.

mod plateau;

pub use plateau::PlateauLRScheduler;
