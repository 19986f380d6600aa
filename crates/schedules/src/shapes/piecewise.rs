//! Values at given updates, and what lies between them.

use std::sync::Arc;

#[cfg(feature = "serde")]
use serde_json::{Map, Value};

#[cfg(feature = "serde")]
use crate::{Compose, Form, Horizon, Span, form};
use crate::{Curve, Fingerprint, Schedule, ScheduleError, check};

/// Values at given updates, with a line or half a period of a cosine from each to the next; the last one then holds.
///
/// ```text
/// factor(t) = values[i] + (values[i + 1] - values[i]) · p                     while times[i] ≤ t < times[i + 1]
/// factor(t) = values[i] + (values[i + 1] - values[i]) · ½ (1 - cos(π · p))    the same with Curve::Cosine
///         p = (t - times[i]) / (times[i + 1] - times[i])
/// ```
///
/// `times` are updates, from 0 on and increasing; `values` are ratios of the peak. It is optax'
/// `piecewise_interpolate_schedule`, which multiplies each value by the one before. A warm-up within it takes its
/// updates from the first piece, and the others stay where they are.
///
/// ```
/// use schedules::prelude::*;
///
/// let schedule = Piecewise::new(1.0).to(2, 0.5).to(6, 1.0);
/// let rate = schedule.clone().peak(2.0)?;
/// assert_eq!(rate.rates(0..8), [2.0, 1.5, 1.0, 1.25, 1.5, 1.75, 2.0, 2.0]);
///
/// let rate = schedule.interpolation(Curve::Cosine).peak(1.0)?;
/// assert!((rate.rate_at(3) - (0.75 - 0.125_f64.sqrt() / 2.0)).abs() < 1e-15);
///
/// let error = Piecewise::new(1.0).to(6, 0.5).to(6, 0.1).build().unwrap_err();
/// assert_eq!(error.to_string(), "piecewise.times[2] = 6: must be after update 6");
/// # Ok::<(), ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        default,
        deny_unknown_fields,
        bound(deserialize = "L: serde::Deserialize<'de>, Piecewise<L>: Default")
    )
)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(bound = "L: schemars::JsonSchema + serde::Serialize, Piecewise<L>: Default")
)]
pub struct Piecewise<L = u64> {
    /// When each value is reached: the first at 0, and increasing.
    times: Vec<L>,
    /// The ratio of the peak at each of the times, not below 0.
    values: Vec<f64>,
    /// How one value goes over into the next.
    interpolation: Curve,
}

impl Piecewise {
    /// Begins at `first`, a ratio of the peak from 0 to [`MAX_FACTOR`](crate::MAX_FACTOR).
    pub fn new(first: f64) -> Self {
        Self {
            times: vec![0],
            values: vec![first],
            interpolation: Curve::Linear,
        }
    }

    /// Goes on to `value`, a ratio of the peak, which is reached at `update`, later than the one before it.
    pub fn to(mut self, update: u64, value: f64) -> Self {
        self.times.push(update);
        self.values.push(value);
        self
    }
}

impl<L> Piecewise<L> {
    /// How one value goes over into the next; default [`Curve::Linear`].
    pub fn interpolation(self, interpolation: Curve) -> Self {
        Self {
            interpolation,
            ..self
        }
    }
}

impl Schedule for Piecewise {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        let time = time.max(0.0);
        let next = self.times.partition_point(|knot| *knot as f64 <= time);
        // The first time is 0; unchecked, the others may be out of order.
        let here = next.saturating_sub(1);
        let Some(end) = self.times.get(next) else {
            return self.values[here];
        };
        let (start, end) = (self.times[here] as f64, *end as f64);
        let passed = (time - start) / (end - start);
        self.interpolation
            .along(self.values[here], self.values[next], passed)
    }

    fn length(&self) -> Option<u64> {
        self.times[1..].last().copied()
    }

    fn shortened(&self, updates: u64) -> Option<Arc<dyn Schedule>> {
        self.length()?;
        let times = self.times.iter();
        Some(Arc::new(Self {
            times: times.map(|time| time.saturating_sub(updates)).collect(),
            ..self.clone()
        }))
    }

    fn check(&self) -> Result<(), ScheduleError> {
        for (index, pair) in self.times.windows(2).enumerate() {
            let path = format!("piecewise.times[{}]", index + 1);
            check::updates(&path, pair[1])?;
            if pair[1] <= pair[0] {
                let allowed = format!("must be after update {}", pair[0]);
                return Err(ScheduleError::new(path, pair[1], allowed));
            }
        }
        self.interpolation.check_share("piecewise.interpolation")?;
        let mut values = self.values.iter().enumerate();
        values.try_for_each(|(index, value)| {
            check::ratio(&format!("piecewise.values[{index}]"), *value)
        })
    }

    fn fingerprint(&self) -> u64 {
        let start = self
            .interpolation
            .added_to(Fingerprint::of("piecewise"))
            .count(self.times.len() as u64);
        let knots = self.times.iter().zip(&self.values);
        knots
            .fold(start, |all, (time, value)| all.count(*time).number(*value))
            .finish()
    }
}

/// `kind = "piecewise"`: a straight line from the peak to 0 over what remains of the run.
#[cfg(feature = "serde")]
impl Default for Piecewise<Span> {
    fn default() -> Self {
        Self {
            times: vec![Span::Updates(0), Span::Rest],
            values: vec![1.0, 0.0],
            interpolation: Curve::Linear,
        }
    }
}

#[cfg(feature = "serde")]
impl Form for Piecewise<Span> {
    const KIND: &'static str = "piecewise";
    const PEERS: &'static [&'static str] = &["piecewise_interpolate_schedule", "combine_scheds"];
    type Resolved = Piecewise;

    /// Reads the lists one entry at a time, so that an error names the entry.
    fn read(mut keys: Map<String, Value>) -> Result<Self, ScheduleError> {
        let mut form = Self::default();
        if let Some(times) = keys.remove("times") {
            form.times = list("times", times, &Value::Null)?;
        }
        if let Some(values) = keys.remove("values") {
            form.values = list("values", values, &Value::from(0))?;
        }
        if let Some(interpolation) = keys.remove("interpolation") {
            form.interpolation = form::value("interpolation", interpolation, &Value::Null)?;
        }
        Ok(form)
    }

    fn resolve(&self, horizon: &Horizon) -> Result<Piecewise, ScheduleError> {
        let knots = self.times.len();
        if self.values.len() != knots {
            let allowed = format!("must have as many entries as `times`, which has {knots}");
            return Err(form::wrong("piecewise.values", &self.values, &allowed));
        }
        let mut times = Vec::new();
        for (index, span) in self.times.iter().enumerate() {
            let time = horizon.resolve(*span);
            let allowed = match times.last() {
                None if time > 0 => "must be 0, where the first value stands".to_owned(),
                Some(before) if time <= *before => {
                    format!("is update {time}, which must be after {before}")
                }
                _ => {
                    times.push(time);
                    continue;
                }
            };
            let path = format!("piecewise.times[{index}]");
            return Err(form::wrong(&path, span, &allowed));
        }
        if times.is_empty() {
            let allowed = "must have at least one entry";
            return Err(form::wrong("piecewise.times", &self.times, allowed));
        }
        Piecewise {
            times,
            values: self.values.clone(),
            interpolation: self.interpolation,
        }
        .checked()
    }
}

/// Reads the list at `key`; `like` is an entry of the right type.
#[cfg(feature = "serde")]
fn list<T: serde::de::DeserializeOwned>(
    key: &str,
    given: Value,
    like: &Value,
) -> Result<Vec<T>, ScheduleError> {
    let Value::Array(entries) = given else {
        return Err(form::wrong(key, &given, "must be a list"));
    };
    let entries = entries.into_iter().enumerate();
    entries
        .map(|(index, entry)| form::value(&format!("{key}[{index}]"), entry, like))
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;
    use crate::prelude::*;

    #[test]
    fn a_piece_is_a_line_or_a_cosine() {
        let line = Piecewise::new(0.2).to(10, 1.0).to(30, 0.5);
        let rise = Linear::new(10).start(0.2).end(1.0);
        let fall = Linear::new(20).start(1.0).end(0.5);
        assert!((0..10).all(|update| line.factor(update) == rise.factor(update)));
        assert!((10..50).all(|update| line.factor(update) == fall.factor(update - 10)));

        let curve = line.interpolation(Curve::Cosine);
        let fall = Cosine::new(20).floor(0.5);
        assert_eq!(
            [0, 10, 30, 31].map(|t| curve.factor(t)),
            [0.2, 1.0, 0.5, 0.5]
        );
        assert!((curve.factor(5) - 0.6).abs() < 1e-15);
        assert!((10..50).all(|t| (curve.factor(t) - fall.factor(t - 10)).abs() < 1e-15));
    }

    #[test]
    fn one_value_is_a_constant() {
        let flat = Piecewise::new(0.5);
        assert_eq!((flat.check(), flat.length()), (Ok(()), None));
        assert_eq!([flat.factor(0), flat.factor(u64::MAX)], [0.5, 0.5]);
        assert_eq!(flat.warmup_within(4).length(), None);
    }

    #[test]
    fn a_warm_up_within_takes_from_the_first_piece() {
        let warmed = Piecewise::new(1.0).to(10, 0.5).to(20, 0.0).warmup_within(6);
        assert_eq!((warmed.check(), warmed.length()), (Ok(()), Some(20)));
        let factors = [6, 8, 10, 15, 20].map(|update| warmed.factor(update));
        assert_eq!(factors, [1.0, 0.75, 0.5, 0.25, 0.0]);
        let error = Piecewise::new(1.0).to(6, 0.5).to(9, 0.0).warmup_within(6);
        assert_eq!(
            error.check().unwrap_err().to_string(),
            "warmup.piecewise.times[1] = 0: must be after update 0"
        );
    }

    #[test]
    fn out_of_order_it_does_not_panic() {
        for times in [[0, 0, 0], [9, 5, 1], [5, 9, 5], [u64::MAX, 3, 4]] {
            let [a, b, c] = times;
            let nonsense = Piecewise::new(f64::NAN).to(a, 0.1).to(b, 0.2).to(c, 0.3);
            assert!(nonsense.check().is_err());
            let _ = [0, 1, 5, 9, u64::MAX].map(|update| nonsense.factor(update));
        }
        let error = Piecewise::new(1.0).to(4, -0.5).check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "piecewise.values[1] = -0.5: must be between 0 and 1e18"
        );
    }

    #[test]
    fn it_ends_at_its_last_value() {
        let schedule = Piecewise::new(0.0).to(4, 2.0).to(9, 0.5);
        assert_eq!((schedule.length(), schedule.check()), (Some(9), Ok(())));
        assert_eq!(schedule.shortened(3).unwrap().length(), Some(6));
        let late = Piecewise::new(1.0).to(u64::MAX, 0.5).check().unwrap_err();
        assert_eq!(late.path(), "piecewise.times[1]");
    }
}
