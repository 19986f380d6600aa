//! Keras' `PiecewiseConstantDecay`.

use crate::{Compose, Constant, MAX_PEAK, MultiStep, ScheduleError, Scheduler, check};

/// `keras.optimizers.schedules.PiecewiseConstantDecay` of Keras 3.15; see [`MultiStep`].
///
/// A value still holds at its boundary, and the next one begins an update later.
///
/// ```
/// use schedules::compat::keras::PiecewiseConstantDecay;
///
/// let peer = PiecewiseConstantDecay::new([1, 3], [1.0, 0.5, 0.1]);
/// assert_eq!(peer.build()?.rates(0..6), [1.0, 1.0, 0.5, 0.5, 0.1, 0.1]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct PiecewiseConstantDecay {
    /// The last update of each value but the last, increasing.
    pub boundaries: Vec<u64>,
    /// The learning rates, one more than the boundaries.
    pub values: Vec<f64>,
}

impl PiecewiseConstantDecay {
    /// The schedule of Keras with these arguments.
    pub fn new(boundaries: impl Into<Vec<u64>>, values: impl Into<Vec<f64>>) -> Self {
        Self {
            boundaries: boundaries.into(),
            values: values.into(),
        }
    }

    /// The scheduler, whose peak is the highest value.
    ///
    /// # Errors
    /// The first argument out of its range, or lists whose lengths do not fit.
    pub fn build(&self) -> Result<Scheduler, ScheduleError> {
        for (index, boundary) in self.boundaries.iter().enumerate() {
            let path = format!("boundaries[{index}]");
            // The change is one update later, which has to be exact too.
            check::updates(&path, boundary.saturating_add(1))
                .map_err(|error| ScheduleError::new(&path, boundary, error.allowed()))?;
            if let Some(before) = index.checked_sub(1).map(|before| self.boundaries[before])
                && *boundary <= before
            {
                let allowed = format!("must be after update {before}");
                return Err(ScheduleError::new(path, boundary, allowed));
            }
        }
        if self.values.len() != self.boundaries.len() + 1 {
            let allowed = format!(
                "must have one entry more than the {} boundaries",
                self.boundaries.len()
            );
            return Err(ScheduleError::new("values", &self.values, allowed));
        }
        for (index, value) in self.values.iter().enumerate() {
            check::between(&format!("values[{index}]"), *value, 0.0..=MAX_PEAK)?;
        }
        let highest = self.values.iter().copied().fold(0.0, f64::max);
        if highest == 0.0 {
            let allowed = "must not all be 0";
            return Err(ScheduleError::new("values", &self.values, allowed));
        }
        if self.boundaries.is_empty() {
            return Constant::new().peak(highest);
        }
        let milestones: Vec<u64> = self.boundaries.iter().map(|last| last + 1).collect();
        let ratios: Vec<f64> = self.values.iter().map(|value| value / highest).collect();
        MultiStep::new(milestones).ratios(ratios).peak(highest)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;
    use crate::MAX_UPDATE;

    #[test]
    fn a_boundary_is_the_last_update_of_its_value() {
        let rates = |boundaries: &[u64], values: &[f64]| {
            let peer = PiecewiseConstantDecay::new(boundaries, values);
            peer.build().unwrap().rates(0..4)
        };
        assert_eq!(rates(&[0, 2], &[0.5, 1.0, 0.0]), [0.5, 1.0, 1.0, 0.0]);
        assert_eq!(rates(&[], &[0.5]), [0.5; 4]);
    }

    #[test]
    fn an_error_names_the_peers_argument() {
        let error = |boundaries: &[u64], values: &[f64]| {
            let peer = PiecewiseConstantDecay::new(boundaries, values);
            peer.build().unwrap_err().to_string()
        };
        let text = "boundaries[1] = 3: must be after update 3";
        assert_eq!(error(&[3, 3], &[1.0, 0.5, 0.1]), text);
        let text = "values = [1.0]: must have one entry more than the 1 boundaries";
        assert_eq!(error(&[3], &[1.0]), text);
        let text = "values[1] = -1.0: must be between 0 and 1e18";
        assert_eq!(error(&[3], &[1.0, -1.0]), text);
        let text = "values = [0.0, 0.0]: must not all be 0";
        assert_eq!(error(&[3], &[0.0, 0.0]), text);
        let error = error(&[MAX_UPDATE], &[1.0, 0.5]);
        assert!(
            error.starts_with("boundaries[0] = 9007199254740992: "),
            "{error}"
        );
    }
}
