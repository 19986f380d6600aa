//! optax' schedules.

mod plateau;

pub use plateau::ReduceOnPlateau;
