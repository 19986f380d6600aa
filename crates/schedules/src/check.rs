//! The ranges that parameters are checked against.

use std::ops::RangeInclusive;

use crate::{MAX_FACTOR, MAX_UPDATE, ScheduleError};

/// A number within `range`; NaN never is.
pub(crate) fn between(
    path: &str,
    value: f64,
    range: RangeInclusive<f64>,
) -> Result<(), ScheduleError> {
    if range.contains(&value) {
        return Ok(());
    }
    let allowed = format!(
        "must be between {} and {}",
        number(*range.start()),
        number(*range.end())
    );
    Err(ScheduleError::new(path, value, allowed))
}

/// A number above 0 and at most `most`.
pub(crate) fn positive(path: &str, value: f64, most: f64) -> Result<(), ScheduleError> {
    if value > 0.0 && value <= most {
        return Ok(());
    }
    Err(ScheduleError::new(
        path,
        value,
        format!("must be above 0 and at most {}", number(most)),
    ))
}

/// A share of the peak, from 0 to 1.
pub(crate) fn share(path: &str, value: f64) -> Result<(), ScheduleError> {
    between(path, value, 0.0..=1.0)
}

/// A ratio to the peak, which may exceed it.
pub(crate) fn ratio(path: &str, value: f64) -> Result<(), ScheduleError> {
    between(path, value, 0.0..=MAX_FACTOR)
}

/// A factor that is applied again and again.
pub(crate) fn decay(path: &str, value: f64) -> Result<(), ScheduleError> {
    positive(path, value, MAX_FACTOR)
}

/// A factor that reduces what it is applied to.
pub(crate) fn reduction(path: &str, value: f64) -> Result<(), ScheduleError> {
    if value > 0.0 && value < 1.0 {
        return Ok(());
    }
    Err(ScheduleError::new(
        path,
        value,
        "must be above 0 and below 1",
    ))
}

/// A length of at least one update.
pub(crate) fn length(path: &str, value: u64) -> Result<(), ScheduleError> {
    match value {
        0 => Err(ScheduleError::new(path, value, "must be at least 1")),
        _ => updates(path, value),
    }
}

/// A number of updates that an `f64` holds exactly.
pub(crate) fn updates(path: &str, value: u64) -> Result<(), ScheduleError> {
    if value <= MAX_UPDATE {
        return Ok(());
    }
    Err(ScheduleError::new(
        path,
        value,
        format!("must be at most {MAX_UPDATE} (2^53)"),
    ))
}

/// A number as one would type it: `1`, `0.5`, `1e18`.
fn number(value: f64) -> String {
    let text = format!("{value:?}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    #[test]
    fn bounds_are_inclusive_and_named() {
        assert_eq!(share("floor", 0.0), Ok(()));
        assert_eq!(share("floor", 1.0), Ok(()));
        assert_eq!(
            share("floor", 1.5).unwrap_err().to_string(),
            "floor = 1.5: must be between 0 and 1"
        );
        assert_eq!(ratio("end", MAX_FACTOR), Ok(()));
        assert_eq!(
            ratio("end", f64::NAN).unwrap_err().to_string(),
            "end = NaN: must be between 0 and 1e18"
        );
        assert_eq!(
            decay("gamma", 0.0).unwrap_err().to_string(),
            "gamma = 0.0: must be above 0 and at most 1e18"
        );
        assert_eq!(decay("gamma", MAX_FACTOR), Ok(()));
        assert!(decay("gamma", f64::INFINITY).is_err());
    }

    #[test]
    fn lengths_stop_where_f64_skips_whole_numbers() {
        assert_eq!(
            length("length", 0).unwrap_err().to_string(),
            "length = 0: must be at least 1"
        );
        assert_eq!(length("length", 1), Ok(()));
        assert_eq!(length("length", MAX_UPDATE), Ok(()));
        assert!(length("length", MAX_UPDATE + 1).is_err());
        assert_eq!(updates("updates", 0), Ok(()));
    }
}
