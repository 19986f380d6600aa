//! transformers' schedulers.

mod climbing_cosine;
mod get_scheduler;
mod greedy;
mod hard_restarts;
mod kwargs;
mod warmup_stable_decay;

pub use get_scheduler::{GetScheduler, SchedulerType};
pub use greedy::GreedyLR;
pub use kwargs::SpecificKwargs;
pub use warmup_stable_decay::{DecayType, WarmupType};
