//! Lengths of time, as a person writes them.

use std::fmt::{self, Formatter};
use std::time::Duration;

/// The units of time, the largest first.
const UNITS: [(&str, u64); 3] = [("h", 3600), ("min", 60), ("s", 1)];

/// Nothing if `text` has no unit of time; `Some(None)` if it has one, and is no time above zero.
pub(super) fn parse(text: &str) -> Option<Option<Duration>> {
    let text = text.trim();
    let (number, seconds) = UNITS
        .iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, *seconds)))?;
    let time = number.trim_end().parse::<f64>().ok();
    let time = time.and_then(|number| Duration::try_from_secs_f64(number * seconds as f64).ok());
    Some(time.filter(|time| !time.is_zero()))
}

/// Writes `time` in the largest unit that it is a whole number of.
pub(super) fn write(time: Duration, formatter: &mut Formatter<'_>) -> fmt::Result {
    let whole = |seconds: &u64| time.subsec_nanos() == 0 && time.as_secs().is_multiple_of(*seconds);
    match UNITS.iter().find(|(_, seconds)| whole(seconds)) {
        Some((unit, seconds)) => write!(formatter, "{}{unit}", time.as_secs() / seconds),
        None => write!(formatter, "{}s", time.as_secs_f64()),
    }
}
