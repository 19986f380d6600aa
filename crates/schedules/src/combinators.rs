//! The combinators: schedules made of others, a file each, and the methods that make them.

pub(crate) mod between;
mod compose;
mod cooldown;
mod delay;
mod floor;
mod k_decay;
mod product;
mod repeat;
mod retimed;
mod scale;
mod sequence;
mod warmup;

pub use compose::Compose;
pub use cooldown::Cooldown;
pub use delay::Delay;
pub use floor::Floor;
pub use k_decay::KDecay;
pub use product::Product;
pub use repeat::Repeat;
pub use retimed::Retimed;
pub use scale::Scale;
pub use sequence::Sequence;
pub use warmup::Warmup;
