//! Schedules one after another.

use std::sync::Arc;

#[cfg(feature = "serde")]
use serde_json::{Map, Value};

#[cfg(feature = "serde")]
use crate::{Compose, Form, Horizon, ScheduleConfig, Shape, Span, form, form::nested};
use crate::{Fingerprint, Schedule, ScheduleError, check};

/// Schedules one after another, each counting from 0 at its milestone.
///
/// ```text
/// factor(t) = schedules[i](t - milestones[i - 1])    with i the number of milestones that are at most t
/// ```
///
/// `milestones` are updates, counted from the start of the sequence and increasing; at a milestone the next schedule
/// already applies. All parts multiply the same peak. It is PyTorch's `SequentialLR` and optax' `join_schedules`.
///
/// ```
/// use schedules::prelude::*;
///
/// let rate = Sequence::new(Constant::new()).then(2, Linear::new(4)).peak(1.0)?;
/// assert_eq!(rate.rates(0..7), [1.0, 1.0, 1.0, 0.75, 0.5, 0.25, 0.0]);
/// # Ok::<(), ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        default,
        deny_unknown_fields,
        bound(
            deserialize = "S: serde::Deserialize<'de>, L: serde::Deserialize<'de>, Sequence<S, L>: Default"
        )
    )
)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(
        bound = "S: schemars::JsonSchema + serde::Serialize, L: schemars::JsonSchema + serde::Serialize, Sequence<S, L>: Default"
    )
)]
pub struct Sequence<S = Arc<dyn Schedule>, L = u64> {
    /// The parts, at least one.
    pub(crate) schedules: Vec<S>,
    /// When the second part begins, and each after it: increasing, one fewer than the parts.
    milestones: Vec<L>,
}

impl Sequence {
    /// Begins with `first`.
    pub fn new(first: impl Schedule + 'static) -> Self {
        Self {
            schedules: vec![Arc::new(first)],
            milestones: Vec::new(),
        }
    }

    /// Goes on with `next` from update `milestone`, which must be later than the one before it.
    pub fn then(mut self, milestone: u64, next: impl Schedule + 'static) -> Self {
        self.milestones.push(milestone);
        self.schedules.push(Arc::new(next));
        self
    }

    /// The schedule that applies at `update`, and the update that it starts at.
    fn part(&self, update: u64) -> (&dyn Schedule, u64) {
        let part = self
            .milestones
            .partition_point(|milestone| *milestone <= update);
        let start = part
            .checked_sub(1)
            .map_or(0, |before| self.milestones[before]);
        (&self.schedules[part], start)
    }
}

impl Schedule for Sequence {
    fn factor(&self, update: u64) -> f64 {
        let (schedule, start) = self.part(update);
        // Unchecked milestones may be out of order.
        schedule.factor(update.saturating_sub(start))
    }

    fn factor_at(&self, time: f64) -> f64 {
        let (schedule, start) = self.part(time as u64);
        schedule.factor_at(time - start as f64)
    }

    fn momentum(&self, update: u64) -> Option<f64> {
        let (schedule, start) = self.part(update);
        schedule.momentum(update.saturating_sub(start))
    }

    fn length(&self) -> Option<u64> {
        let start = self.milestones.last().copied().unwrap_or(0);
        let length = self
            .schedules
            .last()
            .and_then(|schedule| schedule.length())?;
        Some(length.saturating_add(start))
    }

    fn shortened(&self, updates: u64) -> Option<Arc<dyn Schedule>> {
        let mut schedules = self.schedules.clone();
        // A sequence is never empty.
        if let Some(shortened) = schedules[0].shortened(updates) {
            schedules[0] = shortened;
        }
        let milestones = self
            .milestones
            .iter()
            .map(|milestone| milestone.saturating_sub(updates))
            .collect();
        Some(Arc::new(Self {
            schedules,
            milestones,
        }))
    }

    fn check(&self) -> Result<(), ScheduleError> {
        let mut before = 0;
        for (index, milestone) in self.milestones.iter().enumerate() {
            let path = format!("sequence.milestones[{index}]");
            check::updates(&path, *milestone)?;
            if *milestone <= before {
                return Err(ScheduleError::new(
                    path,
                    milestone,
                    format!("must be after update {before}"),
                ));
            }
            before = *milestone;
        }
        for (index, schedule) in self.schedules.iter().enumerate() {
            schedule
                .check()
                .map_err(|error| error.below(&format!("sequence[{index}]")))?;
        }
        Ok(())
    }

    fn fingerprint(&self) -> u64 {
        let start = Fingerprint::of("sequence").count(self.schedules.len() as u64);
        let schedules = self
            .schedules
            .iter()
            .fold(start, |all, schedule| all.nested(schedule));
        self.milestones
            .iter()
            .fold(schedules, |all, milestone| all.count(*milestone))
            .finish()
    }
}

/// `kind = "sequence"`: constant for three quarters of the run, then a cosine.
#[cfg(feature = "serde")]
impl Default for Sequence<ScheduleConfig, Span> {
    fn default() -> Self {
        let schedules = [
            Shape::Constant(Default::default()),
            Shape::Cosine(Default::default()),
        ];
        Self {
            schedules: schedules.map(ScheduleConfig::from).into(),
            milestones: vec![Span::PercentOfRest(75.0)],
        }
    }
}

/// Milestones count from the start of the sequence, which is the run's unless it stands inside another one. A part's
/// `"rest"` is what lies between its milestones.
#[cfg(feature = "serde")]
impl Form for Sequence<ScheduleConfig, Span> {
    const KIND: &'static str = "sequence";
    const PEERS: &'static [&'static str] = &["SequentialLR", "join_schedules", "sequential"];
    type Resolved = Sequence;

    /// Reads the parts one by one, so that an error names the part.
    fn read(mut keys: Map<String, Value>) -> Result<Self, ScheduleError> {
        if keys.is_empty() {
            return Ok(Self::default());
        }
        let schedules = nested::take_schedules(&mut keys)?;
        let allowed = "must be a list of updates, epochs or shares";
        let milestones = nested::take_list(&mut keys, "milestones", allowed)?;
        let milestones = milestones.into_iter().enumerate().map(|(index, value)| {
            form::value(&format!("milestones[{index}]"), value, &Value::Null)
        });
        Ok(Self {
            schedules,
            milestones: milestones.collect::<Result<_, _>>()?,
        })
    }

    fn resolve(&self, horizon: &Horizon) -> Result<Sequence, ScheduleError> {
        let (parts, end) = (self.schedules.len(), horizon.segment());
        if parts != self.milestones.len() + 1 {
            let allowed = format!("must have one entry less than `schedules`, which has {parts}");
            return Err(form::wrong(
                "sequence.milestones",
                &self.milestones,
                &allowed,
            ));
        }
        let mut bounds = vec![0];
        for (index, span) in self.milestones.iter().enumerate() {
            let (before, milestone) = (bounds[index], horizon.resolve(*span));
            if milestone <= before || milestone >= end {
                let path = format!("sequence.milestones[{index}]");
                let allowed = format!(
                    "is update {milestone}, which must be after {before} and before the end at {end}"
                );
                return Err(form::wrong(&path, span, &allowed));
            }
            bounds.push(milestone);
        }
        bounds.push(end);
        let parts = self.schedules.iter().zip(bounds.windows(2)).enumerate();
        let schedules = parts.map(|(index, (config, bounds))| {
            let segment = horizon.with_segment(bounds[1] - bounds[0]);
            nested::part(config, Self::KIND, index, &segment)
        });
        let schedules = schedules.collect::<Result<_, _>>()?;
        Sequence {
            schedules,
            milestones: bounds[1..bounds.len() - 1].to_vec(),
        }
        .checked()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;
    use crate::prelude::*;

    #[test]
    fn a_part_counts_from_its_milestone() {
        let parts = Sequence::new(Exponential::new(0.5))
            .then(3, Linear::new(2))
            .then(5, Exponential::new(0.1));
        let factors: Vec<f64> = (0..8).map(|update| parts.factor(update)).collect();
        let expected = [1.0, 0.5, 0.25, 1.0, 0.5, 1.0, 0.1, 0.01];
        assert!(
            factors
                .iter()
                .zip(expected)
                .all(|(factor, expected)| (factor - expected).abs() < 1e-15)
        );
    }

    #[test]
    fn milestones_increase() {
        let error = Sequence::new(Constant::new())
            .then(0, Constant::new())
            .check()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "sequence.milestones[0] = 0: must be after update 0"
        );
        let twice = Sequence::new(Constant::new())
            .then(4, Constant::new())
            .then(4, Constant::new());
        assert_eq!(
            twice.check().unwrap_err().to_string(),
            "sequence.milestones[1] = 4: must be after update 4"
        );
        assert_eq!(twice.factor(4), 1.0);
    }

    #[test]
    fn a_warm_up_within_takes_from_the_first_part() {
        let schedule = Sequence::new(Linear::new(10))
            .then(10, Constant::new())
            .warmup_within(4);
        assert_eq!(schedule.check(), Ok(()));
        assert_eq!(schedule.factor(4), 1.0);
        assert_eq!(schedule.factor(7), 0.5);
        assert!(schedule.factor(9) < 0.2);
        assert_eq!(schedule.factor(10), 1.0);
        let error = Sequence::new(Linear::new(10))
            .then(10, Constant::new())
            .warmup_within(10)
            .check()
            .unwrap_err();
        assert_eq!(error.path(), "warmup.sequence.milestones[0]");
    }
}
