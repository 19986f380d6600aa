//! optax' piecewise schedules.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::rates::{Rates, level, rate};
use crate::{
    Curve, MAX_FACTOR, MAX_PEAK, MultiStep, Piecewise, Schedule, ScheduleError, Scheduler, check,
};

/// `optax.piecewise_constant_schedule` of optax 0.2.8; see [`MultiStep`].
///
/// At each boundary, which is an update, the rate is multiplied by the scale.
///
/// ```
/// use schedules::compat::optax::PiecewiseConstantSchedule;
///
/// let peer = PiecewiseConstantSchedule::new(1.0, [(2, 0.5), (3, 0.2)]);
/// assert_eq!(peer.build()?.rates(0..5), [1.0, 1.0, 0.5, 0.1, 0.1]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct PiecewiseConstantSchedule {
    /// The first learning rate.
    pub init_value: f64,
    /// What the rate is multiplied by, and when; default nothing.
    #[cfg_attr(feature = "serde", serde(default, deserialize_with = "boundaries"))]
    pub boundaries_and_scales: BTreeMap<u64, f64>,
}

impl PiecewiseConstantSchedule {
    /// The schedule of optax with these arguments.
    pub fn new(init_value: f64, boundaries_and_scales: impl Into<BTreeMap<u64, f64>>) -> Self {
        Self {
            init_value,
            boundaries_and_scales: boundaries_and_scales.into(),
        }
    }

    /// The scheduler, whose peak is the highest rate.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self) -> Result<Scheduler, ScheduleError> {
        self.scheduler()
    }

    fn values(&self) -> Vec<f64> {
        values(self.init_value, &self.boundaries_and_scales)
    }
}

impl Rates for PiecewiseConstantSchedule {
    fn highest(&self) -> f64 {
        self.values().into_iter().fold(0.0, f64::max)
    }

    fn ratios(&self, peak: f64) -> Arc<dyn Schedule> {
        let mut ratios: Vec<f64> = self.values().iter().map(|value| value / peak).collect();
        let mut boundaries: Vec<u64> = self.boundaries_and_scales.keys().copied().collect();
        // A change at update 0 leaves nothing of what was before.
        if boundaries.first() == Some(&0) {
            boundaries.remove(0);
            ratios.remove(0);
        }
        if boundaries.is_empty() {
            return level(ratios[0]);
        }
        Arc::new(MultiStep::new(boundaries).ratios(ratios))
    }

    fn check(&self) -> Result<(), ScheduleError> {
        checked(self.init_value, &self.boundaries_and_scales)
    }
}

/// How [`PiecewiseInterpolateSchedule`] goes from one value to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum InterpolateType {
    /// On a straight line.
    Linear,
    /// By half a period of a cosine.
    Cosine,
}

/// `optax.piecewise_interpolate_schedule` of optax 0.2.8; see [`Piecewise`].
///
/// Each scale multiplies the value at the boundary before; the first value is at update 0. A boundary there, of which
/// optax makes NaN, is refused.
///
/// ```
/// use schedules::compat::optax::{InterpolateType, PiecewiseInterpolateSchedule};
///
/// let peer = PiecewiseInterpolateSchedule::new(InterpolateType::Linear, 1.0, [(2, 0.5), (4, 4.0)]);
/// assert_eq!(peer.build()?.rates(0..6), [1.0, 0.75, 0.5, 1.25, 2.0, 2.0]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct PiecewiseInterpolateSchedule {
    /// The way from one value to the next.
    pub interpolate_type: InterpolateType,
    /// The first learning rate.
    pub init_value: f64,
    /// What it is multiplied by on the way to each boundary; default nothing.
    #[cfg_attr(feature = "serde", serde(default, deserialize_with = "boundaries"))]
    pub boundaries_and_scales: BTreeMap<u64, f64>,
}

impl PiecewiseInterpolateSchedule {
    /// The schedule of optax with these arguments.
    pub fn new(
        interpolate_type: InterpolateType,
        init_value: f64,
        boundaries_and_scales: impl Into<BTreeMap<u64, f64>>,
    ) -> Self {
        Self {
            interpolate_type,
            init_value,
            boundaries_and_scales: boundaries_and_scales.into(),
        }
    }

    /// The scheduler, whose peak is the highest value.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self) -> Result<Scheduler, ScheduleError> {
        self.scheduler()
    }

    fn values(&self) -> Vec<f64> {
        values(self.init_value, &self.boundaries_and_scales)
    }
}

impl Rates for PiecewiseInterpolateSchedule {
    fn highest(&self) -> f64 {
        self.values().into_iter().fold(0.0, f64::max)
    }

    fn ratios(&self, peak: f64) -> Arc<dyn Schedule> {
        let values = self.values();
        let later = self.boundaries_and_scales.keys().zip(&values[1..]);
        let knots = later.fold(Piecewise::new(values[0] / peak), |knots, (time, value)| {
            knots.to(*time, value / peak)
        });
        Arc::new(knots.interpolation(match self.interpolate_type {
            InterpolateType::Linear => Curve::Linear,
            InterpolateType::Cosine => Curve::Cosine,
        }))
    }

    fn check(&self) -> Result<(), ScheduleError> {
        checked(self.init_value, &self.boundaries_and_scales)?;
        if self.boundaries_and_scales.contains_key(&0) {
            let allowed = "must be at least 1";
            return Err(ScheduleError::new("boundaries_and_scales", 0, allowed));
        }
        Ok(())
    }
}

/// The first value and the one from each boundary on.
fn values(first: f64, scales: &BTreeMap<u64, f64>) -> Vec<f64> {
    let mut values = vec![first];
    values.extend(scales.values().scan(first, |value, scale| {
        *value *= scale;
        Some(*value)
    }));
    values
}

fn checked(first: f64, scales: &BTreeMap<u64, f64>) -> Result<(), ScheduleError> {
    rate("init_value", first)?;
    for ((boundary, scale), value) in scales.iter().zip(&values(first, scales)[1..]) {
        let path = format!("boundaries_and_scales[{boundary}]");
        check::updates(&path, *boundary)?;
        check::between(&path, *scale, 0.0..=MAX_FACTOR)?;
        if *value > MAX_PEAK {
            let allowed = "must not lead to a rate above 1e18";
            return Err(ScheduleError::new(path, scale, allowed));
        }
    }
    Ok(())
}

/// Reads a map whose keys are numbers in a format whose keys are texts, such as JSON.
#[cfg(feature = "serde")]
fn boundaries<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<u64, f64>, D::Error> {
    let texts: BTreeMap<String, f64> = serde::Deserialize::deserialize(deserializer)?;
    let entries = texts.into_iter().map(|(text, scale)| {
        let boundary = text.parse().map_err(|_| {
            serde::de::Error::custom(format!(
                "the boundary {text:?} is not the number of an update"
            ))
        })?;
        Ok((boundary, scale))
    });
    entries.collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    #[test]
    fn a_boundary_at_the_start_applies_at_once() {
        let rates = |scales: &[(u64, f64)]| {
            let scales: BTreeMap<u64, f64> = scales.iter().copied().collect();
            let peer = PiecewiseConstantSchedule::new(0.5, scales);
            peer.build().unwrap().rates(0..3)
        };
        assert_eq!(rates(&[]), [0.5; 3]);
        assert_eq!(rates(&[(0, 3.0)]), [1.5; 3]);
        assert_eq!(rates(&[(0, 3.0), (2, 0.0)]), [1.5, 1.5, 0.0]);
        let peer = PiecewiseInterpolateSchedule::new(InterpolateType::Linear, 0.5, [(0, 2.0)]);
        let text = "boundaries_and_scales = 0: must be at least 1";
        assert_eq!(peer.build().unwrap_err().to_string(), text);
        let alone = PiecewiseInterpolateSchedule::new(InterpolateType::Cosine, 0.5, []);
        assert_eq!(alone.build().unwrap().rates(0..2), [0.5; 2]);
    }

    #[test]
    fn half_way_a_cosine_is_in_the_middle() {
        let peer = PiecewiseInterpolateSchedule::new(InterpolateType::Cosine, 1.0, [(4, 0.5)]);
        let rates = peer.build().unwrap().rates(0..6);
        assert!((rates[2] - 0.75).abs() < 1e-15);
        // ¾ + ¼ cos(π / 4)
        assert!((rates[1] - (0.75 + 0.5_f64.sqrt() / 4.0)).abs() < 1e-15);
        assert_eq!([rates[0], rates[4], rates[5]], [1.0, 0.5, 0.5]);
    }

    #[test]
    fn an_error_names_the_boundary() {
        let error = |scale| {
            let peer = PiecewiseConstantSchedule::new(1.0, [(2, 1e10), (7, scale)]);
            peer.build().unwrap_err().to_string()
        };
        let text = "boundaries_and_scales[7] = -0.5: must be between 0 and 1e18";
        assert_eq!(error(-0.5), text);
        let text = "boundaries_and_scales[7] = 10000000000.0: must not lead to a rate above 1e18";
        assert_eq!(error(1e10), text);
    }

    #[cfg(feature = "serde")]
    #[test]
    fn boundaries_are_read_from_texts() {
        let read = |text| serde_json::from_str::<PiecewiseConstantSchedule>(text);
        let json = r#"{ "init_value": 0.5, "boundaries_and_scales": { "10": 0.5, "9": 2.0 } }"#;
        let peer = PiecewiseConstantSchedule::new(0.5, [(9, 2.0), (10, 0.5)]);
        assert_eq!(read(json).unwrap(), peer);
        let written = serde_json::to_string(&peer).unwrap();
        assert_eq!(read(&written).unwrap(), peer);
        let wrong = r#"{ "init_value": 0.5, "boundaries_and_scales": { "-1": 0.5 } }"#;
        let error = read(wrong).unwrap_err().to_string();
        assert!(error.contains("the boundary \"-1\" is not"), "{error}");
    }
}
