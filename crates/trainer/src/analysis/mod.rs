//! What recorded runs say, one by one and side by side. Everything here is a pure function of what was recorded.

mod comparison;
mod curves;
mod evidence;
mod judge;
mod ladder;
mod mean_curve;
mod records;
mod ridge;
mod row;
pub mod statistics;
mod stretch;
mod suggested_rates;
mod time_to_target;
mod tradeoff;
mod trial_record;
mod verdict;

pub use comparison::{Against, Comparison, Condition, SIGNIFICANCE};
pub use curves::{Curves, Point};
pub use evidence::Evidence;
pub use judge::judge;
pub use ladder::Ladder;
pub use mean_curve::MeanCurve;
pub use records::{Records, best_peak};
pub use ridge::{Ridge, Top};
pub use row::{Row, SweepPoint, VerdictCount};
pub use suggested_rates::{SuggestedRate, SuggestedRates};
pub use time_to_target::{Rung, Search, TargetCondition, TargetRow, TimeToTarget};
pub use tradeoff::{SeedCurve, Spread, Tradeoff, TradeoffPoint, Ways};
pub use trial_record::{Reached, TrialRecord};
pub use verdict::{Cause, Outcome, Verdict};
