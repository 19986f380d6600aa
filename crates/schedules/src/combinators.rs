//! The combinators: schedules made of others, a file each, and the methods that make them.

mod compose;
mod floor;
mod sequence;
mod warmup;

pub use compose::Compose;
pub use floor::Floor;
pub use sequence::Sequence;
pub use warmup::Warmup;
