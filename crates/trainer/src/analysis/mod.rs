//! What recorded runs say, one by one and side by side. Everything here is a pure function of what was recorded.

mod comparison;
mod curves;
mod evidence;
mod judge;
pub mod statistics;
mod stretch;
mod suggested_rates;
mod trial_record;
mod verdict;

pub use comparison::{
    Against, Comparison, Condition, Records, Row, SIGNIFICANCE, SweepPoint, VerdictCount, best_peak,
};
pub use curves::{Curves, Point};
pub use evidence::Evidence;
pub use judge::judge;
pub use suggested_rates::{SuggestedRate, SuggestedRates};
pub use trial_record::{Reached, TrialRecord};
pub use verdict::{Cause, Outcome, Verdict};
