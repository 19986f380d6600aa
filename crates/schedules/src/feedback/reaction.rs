//! What a report led to.

use std::fmt::{self, Display, Formatter};

/// What a [report](crate::FeedbackHandle::report) led to, for a log.
///
/// Multipliers are ratios to the rate without this feedback.
///
/// ```
/// use schedules::Reaction;
///
/// let reaction = Reaction::Reduced { from: 1.0, to: 0.5 };
/// assert!(reaction.is_change());
/// assert_eq!(reaction.to_string(), "multiplier reduced from 1.0 to 0.5");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reaction {
    /// The report was counted, and the multiplier stands.
    Unchanged,
    /// The multiplier was reduced.
    Reduced {
        /// The multiplier before.
        from: f64,
        /// The multiplier now.
        to: f64,
    },
    /// The multiplier was raised.
    Raised {
        /// The multiplier before.
        from: f64,
        /// The multiplier now.
        to: f64,
    },
    /// The multiplier was at its floor for long enough, and everything began anew.
    Reset {
        /// The multiplier before.
        from: f64,
        /// The multiplier now.
        to: f64,
    },
    /// It was time for a change, which the floor, the ceiling or `eps` did not allow.
    Limited,
    /// The report came within the pause after a change.
    CoolingDown {
        /// The number of reports that the pause still lasts.
        left: u64,
    },
    /// The report went into a mean that is not complete yet.
    Averaging,
    /// The report came outside the active stage and was ignored.
    Inactive {
        /// The update that it belonged to.
        update: u64,
    },
}

impl Reaction {
    /// Whether the multiplier is now another one.
    pub fn is_change(&self) -> bool {
        match self {
            Self::Reduced { from, to } | Self::Raised { from, to } | Self::Reset { from, to } => {
                from != to
            }
            _ => false,
        }
    }

    /// The same with ratios to `unit`.
    pub(super) fn per(self, unit: f64) -> Self {
        let per = |from: f64, to: f64| (from / unit, to / unit);
        match self {
            Self::Reduced { from, to } => {
                let (from, to) = per(from, to);
                Self::Reduced { from, to }
            }
            Self::Raised { from, to } => {
                let (from, to) = per(from, to);
                Self::Raised { from, to }
            }
            Self::Reset { from, to } => {
                let (from, to) = per(from, to);
                Self::Reset { from, to }
            }
            other => other,
        }
    }
}

impl Display for Reaction {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unchanged => write!(formatter, "multiplier unchanged"),
            Self::Reduced { from, to } => {
                write!(formatter, "multiplier reduced from {from:?} to {to:?}")
            }
            Self::Raised { from, to } => {
                write!(formatter, "multiplier raised from {from:?} to {to:?}")
            }
            Self::Reset { from, to } => {
                write!(formatter, "multiplier reset from {from:?} to {to:?}")
            }
            Self::Limited => write!(formatter, "multiplier at its limit"),
            Self::CoolingDown { left } => {
                write!(formatter, "cooling down, {left} reports left")
            }
            Self::Averaging => write!(formatter, "report kept for the mean"),
            Self::Inactive { update } => write!(
                formatter,
                "report ignored: update {update} is outside the active stage"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_another_multiplier() {
        let reset = |from| Reaction::Reset { from, to: 1.0 };
        assert!(reset(0.5).is_change() && !reset(1.0).is_change());
        assert!(Reaction::Raised { from: 1.0, to: 2.0 }.is_change());
        assert!(!Reaction::Limited.is_change());
    }

    #[test]
    fn ratios_to_a_unit_and_words() {
        let (from, to) = (0.5, 0.25);
        let all = [
            (Reaction::Unchanged, "multiplier unchanged"),
            (
                Reaction::Reduced { from, to },
                "multiplier reduced from 0.25 to 0.125",
            ),
            (
                Reaction::Raised { from, to },
                "multiplier raised from 0.25 to 0.125",
            ),
            (
                Reaction::Reset { from, to },
                "multiplier reset from 0.25 to 0.125",
            ),
            (Reaction::Limited, "multiplier at its limit"),
            (
                Reaction::CoolingDown { left: 3 },
                "cooling down, 3 reports left",
            ),
            (Reaction::Averaging, "report kept for the mean"),
            (
                Reaction::Inactive { update: 7 },
                "report ignored: update 7 is outside the active stage",
            ),
        ];
        for (reaction, expected) in all {
            assert_eq!(reaction.per(2.0).to_string(), expected);
        }
    }
}
