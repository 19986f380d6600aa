//! The machine's clock, which may be wrong and may jump: it dates what is written, and nothing else depends on it.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::fault;

/// The time of day, in seconds since 1970.
pub(crate) fn time_of_day() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs_f64() + fault::on_clock()
}
