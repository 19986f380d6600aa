//! optax' `join_schedules`, and all of optax' schedules as one type.

use std::sync::Arc;

use super::rates::Rates;
use super::{
    ConstantSchedule, CosineDecaySchedule, CosineOnecycleSchedule, ExponentialDecay,
    LinearOnecycleSchedule, LinearSchedule, PiecewiseConstantSchedule,
    PiecewiseInterpolateSchedule, PolynomialSchedule, SgdrSchedule, WarmupConstantSchedule,
    WarmupCosineDecaySchedule, WarmupExponentialDecaySchedule,
};
use crate::{Schedule, ScheduleError, Scheduler, Sequence, check};

/// `optax.join_schedules` of optax 0.2.8; see [`Sequence`].
///
/// Each schedule counts from its boundary. Of all boundaries that have passed the last one in the list counts, even
/// where they do not increase; one that lacks its schedule is left out, and so is a schedule without a boundary.
///
/// ```
/// use schedules::compat::optax::{ConstantSchedule, JoinSchedules, LinearSchedule};
///
/// let parts = [LinearSchedule::new(0.0, 1.0, 2).into(), ConstantSchedule::new(0.5).into()];
/// assert_eq!(JoinSchedules::new(parts, [4]).build()?.rates(0..6), [0.0, 0.5, 1.0, 1.0, 0.5, 0.5]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct JoinSchedules {
    /// The schedules, at least one.
    pub schedules: Vec<AnySchedule>,
    /// When each but the first begins.
    pub boundaries: Vec<u64>,
}

impl JoinSchedules {
    /// The schedule of optax with these arguments.
    pub fn new(schedules: impl Into<Vec<AnySchedule>>, boundaries: impl Into<Vec<u64>>) -> Self {
        Self {
            schedules: schedules.into(),
            boundaries: boundaries.into(),
        }
    }

    /// The scheduler, whose peak is the highest rate of all.
    ///
    /// # Errors
    /// The first argument out of its range, or no schedule.
    pub fn build(&self) -> Result<Scheduler, ScheduleError> {
        self.scheduler()
    }

    /// The schedules that come to be used, and when they begin, from the last to the first.
    fn parts(&self) -> Vec<(u64, &AnySchedule)> {
        let first = self.schedules.iter().take(1).map(|schedule| (0, schedule));
        let later = self
            .boundaries
            .iter()
            .copied()
            .zip(self.schedules.iter().skip(1));
        let mut parts: Vec<(u64, &AnySchedule)> = Vec::new();
        let all: Vec<_> = first.chain(later).collect();
        for (begin, schedule) in all.into_iter().rev() {
            if parts.last().is_none_or(|(next, _)| begin < *next) {
                parts.push((begin, schedule));
            }
        }
        parts
    }
}

impl Rates for JoinSchedules {
    fn highest(&self) -> f64 {
        let rates = self.parts().into_iter();
        rates.fold(0.0, |highest, (_, part)| {
            highest.max(part.rates().highest())
        })
    }

    fn ratios(&self, peak: f64) -> Arc<dyn Schedule> {
        let mut parts = self.parts().into_iter().rev();
        let Some((_, first)) = parts.next() else {
            return super::rates::level(0.0);
        };
        let first = first.rates().ratios(peak);
        if parts.len() == 0 {
            return first;
        }
        let sequence = parts.fold(Sequence::new(first), |sequence, (begin, part)| {
            sequence.then(begin, part.rates().ratios(peak))
        });
        Arc::new(sequence)
    }

    fn check(&self) -> Result<(), ScheduleError> {
        if self.schedules.is_empty() {
            return Err(ScheduleError::missing(
                "schedules",
                "must have at least one entry",
            ));
        }
        for (index, schedule) in self.schedules.iter().enumerate() {
            let parent = format!("schedules[{index}]");
            let checked = schedule.rates().check();
            checked.map_err(|error| error.below(&parent))?;
        }
        for (index, boundary) in self.boundaries.iter().enumerate() {
            check::updates(&format!("boundaries[{index}]"), *boundary)?;
        }
        Ok(())
    }
}

macro_rules! any_schedule {
    ($($name:ident),+ $(,)?) => {
        /// Any of optax' schedules.
        ///
        /// With the feature `serde` it is the name of the function and its arguments:
        /// `{ "fn": "constant_schedule", "params": { "value": 0.1 } }`.
        ///
        /// ```
        /// use schedules::compat::optax::{AnySchedule, LinearSchedule};
        ///
        /// let any: AnySchedule = LinearSchedule::new(0.0, 1.0, 2).into();
        /// assert_eq!(any.build()?.rates(0..4), [0.0, 0.5, 1.0, 1.0]);
        /// # Ok::<(), schedules::ScheduleError>(())
        /// ```
        #[derive(Clone, Debug, PartialEq)]
        #[cfg_attr(
            feature = "serde",
            derive(serde::Serialize, serde::Deserialize),
            serde(tag = "fn", content = "params", rename_all = "snake_case", deny_unknown_fields)
        )]
        #[non_exhaustive]
        pub enum AnySchedule {
            $(
                #[doc = concat!("See [`", stringify!($name), "`].")]
                $name($name),
            )+
        }

        impl AnySchedule {
            fn rates(&self) -> &dyn Rates {
                match self {
                    $(Self::$name(schedule) => schedule,)+
                }
            }
        }

        $(
            impl From<$name> for AnySchedule {
                fn from(schedule: $name) -> Self {
                    Self::$name(schedule)
                }
            }
        )+
    };
}

any_schedule! {
    ConstantSchedule,
    LinearSchedule,
    PolynomialSchedule,
    PiecewiseConstantSchedule,
    PiecewiseInterpolateSchedule,
    ExponentialDecay,
    CosineDecaySchedule,
    LinearOnecycleSchedule,
    CosineOnecycleSchedule,
    WarmupConstantSchedule,
    WarmupCosineDecaySchedule,
    WarmupExponentialDecaySchedule,
    SgdrSchedule,
    JoinSchedules,
}

impl AnySchedule {
    /// The scheduler, whose peak is the highest rate.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self) -> Result<Scheduler, ScheduleError> {
        self.rates().scheduler()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    fn rates(values: &[f64], boundaries: &[u64]) -> Vec<f64> {
        let schedules = values
            .iter()
            .map(|value| ConstantSchedule::new(*value).into());
        let joined = JoinSchedules::new(schedules.collect::<Vec<_>>(), boundaries);
        joined.build().unwrap().rates(0..5)
    }

    #[test]
    fn the_last_boundary_that_has_passed_counts() {
        assert_eq!(rates(&[1.0, 2.0, 4.0], &[1, 3]), [1.0, 2.0, 2.0, 4.0, 4.0]);
        assert_eq!(rates(&[1.0, 2.0, 4.0], &[3, 1]), [1.0, 4.0, 4.0, 4.0, 4.0]);
        assert_eq!(rates(&[1.0, 2.0, 4.0], &[2, 2]), [1.0, 1.0, 4.0, 4.0, 4.0]);
        assert_eq!(rates(&[1.0, 2.0], &[0]), [2.0; 5]);
        assert_eq!(rates(&[0.0, 0.0], &[2]), [0.0; 5]);
    }

    #[test]
    fn what_has_no_partner_is_left_out() {
        assert_eq!(rates(&[1.0, 2.0, 4.0], &[3]), [1.0, 1.0, 1.0, 2.0, 2.0]);
        assert_eq!(rates(&[1.0, 2.0], &[3, 4]), [1.0, 1.0, 1.0, 2.0, 2.0]);
        assert_eq!(rates(&[1.0], &[]), [1.0; 5]);
    }

    #[test]
    fn a_part_counts_from_its_boundary() {
        let line = LinearSchedule::new(0.0, 1.0, 2);
        let joined = JoinSchedules::new([ConstantSchedule::new(0.5).into(), line.into()], [1]);
        assert_eq!(joined.build().unwrap().rates(0..4), [0.5, 0.0, 0.5, 1.0]);
        let twice = JoinSchedules::new([joined.into(), line.into()], [3]);
        let found = twice.build().unwrap().rates(0..6);
        assert_eq!(found, [0.5, 0.0, 0.5, 0.0, 0.5, 1.0]);
    }

    #[test]
    fn an_error_names_the_part() {
        let wrong = ConstantSchedule::new(-1.0);
        let joined = JoinSchedules::new([ConstantSchedule::new(1.0).into(), wrong.into()], [1]);
        let text = "schedules[1].value = -1.0: must be between 0 and 1e18";
        assert_eq!(joined.build().unwrap_err().to_string(), text);
        let error = JoinSchedules::new([], []).build().unwrap_err();
        assert_eq!(error.path(), "schedules");
    }

    #[cfg(feature = "serde")]
    #[test]
    fn it_is_read_by_the_name_of_the_function() {
        let json = r#"{ "params": { "init_value": 1, "boundaries_and_scales": { "2": 0.5 } },
            "fn": "piecewise_constant_schedule" }"#;
        let read: AnySchedule = serde_json::from_str(json).unwrap();
        assert_eq!(read, PiecewiseConstantSchedule::new(1.0, [(2, 0.5)]).into());
        let unknown = r#"{ "fn": "constant_schedule", "params": { "value": 1, "valeu": 2 } }"#;
        assert!(serde_json::from_str::<AnySchedule>(unknown).is_err());
    }
}
