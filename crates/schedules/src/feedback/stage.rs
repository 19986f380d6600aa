//! The updates whose reports count.

use std::ops::{Bound, RangeBounds};

use crate::{Fingerprint, ScheduleError, check};

/// The first number of a range, and the first after it.
pub(super) fn ends(range: &impl RangeBounds<u64>) -> (Option<u64>, Option<u64>) {
    let from = match range.start_bound() {
        Bound::Included(from) => Some(*from),
        Bound::Excluded(before) => Some(before.saturating_add(1)),
        Bound::Unbounded => None,
    };
    let until = match range.end_bound() {
        Bound::Included(last) => Some(last.saturating_add(1)),
        Bound::Excluded(until) => Some(*until),
        Bound::Unbounded => None,
    };
    (from, until)
}

/// Checks the ends of a stage.
pub(super) fn stage(
    kind: &str,
    (from, until): (Option<u64>, Option<u64>),
) -> Result<(), ScheduleError> {
    let first = from.unwrap_or(0);
    check::updates(&format!("{kind}.from"), first)?;
    let Some(until) = until else {
        return Ok(());
    };
    check::updates(&format!("{kind}.until"), until)?;
    if until > first {
        return Ok(());
    }
    let allowed = format!("must be after update {first}, where it begins");
    Err(ScheduleError::new(format!("{kind}.until"), until, allowed))
}

/// Adds the ends of a stage to a fingerprint.
pub(super) fn staged(
    fingerprint: Fingerprint,
    (from, until): (Option<u64>, Option<u64>),
) -> Fingerprint {
    [from, until]
        .iter()
        .fold(fingerprint, |whole, end| match end {
            Some(end) => whole.count(1).count(*end),
            None => whole.count(0),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_range_is_a_stage() {
        assert_eq!(ends(&..), (None, None));
        assert_eq!(ends(&(2..5)), (Some(2), Some(5)));
        assert_eq!(ends(&(2..=5)), (Some(2), Some(6)));
        assert_eq!(
            ends(&(Bound::Excluded(2), Bound::Unbounded)),
            (Some(3), None)
        );
        assert_eq!(ends(&..=u64::MAX), (None, Some(u64::MAX)));
    }
}
