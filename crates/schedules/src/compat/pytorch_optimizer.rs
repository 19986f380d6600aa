//! pytorch_optimizer's schedulers.

mod rex;

pub use rex::REXScheduler;
