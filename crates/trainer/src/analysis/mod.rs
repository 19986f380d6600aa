//! What a run's curves say about it. Everything here is a pure function of what was recorded.

mod curves;
mod evidence;
mod judge;
mod stretch;
mod suggested_rates;
mod verdict;

pub use curves::{Curves, Point};
pub use evidence::Evidence;
pub use judge::judge;
pub use suggested_rates::{SuggestedRate, SuggestedRates};
pub use verdict::{Cause, Outcome, Verdict};
