//! A schedule as a config file holds it.

mod feedback;
mod read;
#[cfg(feature = "schema")]
mod schema;
mod write;

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{
    Compose, Constant, Cosine, Exponential, Form, Greedy, Horizon, Linear, MAX_PEAK, Plateau,
    Schedule, ScheduleError, Scheduler, Sequence, Span, Step, check, form,
};

/// The keys that every kind has.
const COMMON: [&str; 5] = ["kind", "warmup", "warmup_start", "floor", "min_lr"];

/// Makes [`Shape`] and what is asked of every kind from the list of config forms.
macro_rules! kinds {
    ($($name:ident($form:ty),)*) => {
        /// The shape that a config asks for, by its `kind`.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Shape {
            $(
                #[doc = concat!("See [`", stringify!($name), "`].")]
                $name($form),
            )*
        }

        /// Every kind, with what other libraries call it.
        const KINDS: &[(&str, &[&str])] = &[$((<$form as Form>::KIND, <$form as Form>::PEERS)),*];

        impl Shape {
            fn read(kind: &str, keys: Map<String, Value>) -> Result<Self, ScheduleError> {
                $(
                    if kind == <$form as Form>::KIND {
                        return Form::read(keys).map(Self::$name);
                    }
                )*
                Err(read::unknown_kind(kind))
            }

            fn write(&self) -> Map<String, Value> {
                match self {
                    $(Self::$name(form) => form.write(),)*
                }
            }

            /// The `kind` in a config.
            pub fn kind(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => <$form as Form>::KIND,)*
                }
            }

            /// The schema of every kind's own keys.
            #[cfg(feature = "schema")]
            fn schemas(generator: &mut schemars::SchemaGenerator) -> Vec<(&'static str, schemars::Schema)> {
                vec![$((
                    <$form as Form>::KIND,
                    <$form as schemars::JsonSchema>::json_schema(generator),
                )),*]
            }

            fn resolve(&self, horizon: &Horizon) -> Result<Arc<dyn Schedule>, ScheduleError> {
                match self {
                    $(Self::$name(form) => Ok(Arc::new(form.resolve(horizon)?)),)*
                }
            }
        }
    };
}

kinds! {
    Constant(Constant),
    Linear(Linear<Span>),
    Step(Step<Span>),
    Exponential(Exponential<Span>),
    Cosine(Cosine<Span>),
    Sequence(Sequence<ScheduleConfig, Span>),
}

/// A schedule as a config file holds it: a shape, and what every shape may have around it.
///
/// | key | meaning |
/// | --- | --- |
/// | `kind` | the shape: [`kinds`](Self::kinds) |
/// | `warmup` | a [`Span`] taken out of the shape's own time ([`warmup_within`](Compose::warmup_within)) |
/// | `warmup_start` | the first update's share of the rate that the warm-up leads to, from 0 to 1 |
/// | `floor` | the lowest ratio to the peak, after the warm-up |
/// | `min_lr` | the same as an absolute learning rate; one of the two |
/// | `plateau` | a table: the [`Plateau`] that is attached to the scheduler |
/// | `greedy` | a table: the [`Greedy`] that is attached to the scheduler |
///
/// The last two stand at the top level alone. Their keys are those types' parameters, and `from` and `until`, the
/// [`Span`]s of their active stage.
///
/// A shape with a floor of its own (cosine) ends there; any other is [cut off](Compose::at_least) at it. All other keys
/// are the shape's. An unknown key, kind or unit is an error that names it and the valid ones.
///
/// ```
/// use schedules::prelude::*;
/// use serde_json::json;
///
/// let config = ScheduleConfig::from_value(json!({ "kind": "cosine", "floor": 0.01, "warmup": "5%" }))?;
/// let rate = config.build(&Horizon::new(1_000, 50), 3e-3)?;
/// assert_eq!([rate.rate_at(50), rate.rate_at(1_000)], [3e-3, 3e-5]);
///
/// let error = ScheduleConfig::from_value(json!({ "kind": "CosineAnnealingLR" })).unwrap_err();
/// assert_eq!(error.path(), "kind");
/// assert_eq!(error.hint(), Some("did you mean `cosine`?"));
/// # Ok::<(), ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ScheduleConfig {
    /// The shape.
    pub shape: Shape,
    /// The length of the warm-up.
    pub warmup: Option<Span>,
    /// Where the warm-up starts.
    pub warmup_start: Option<f64>,
    /// The lowest ratio to the peak; a shape with a floor of its own reads it as its own.
    pub floor: Option<f64>,
    /// The lowest learning rate.
    pub min_lr: Option<f64>,
    /// A multiplier that follows a metric down.
    pub plateau: Option<Plateau<Span>>,
    /// A multiplier that follows a metric up and down.
    pub greedy: Option<Greedy<Span>>,
}

impl From<Shape> for ScheduleConfig {
    fn from(shape: Shape) -> Self {
        Self {
            shape,
            warmup: None,
            warmup_start: None,
            floor: None,
            min_lr: None,
            plateau: None,
            greedy: None,
        }
    }
}

impl ScheduleConfig {
    /// The names of all kinds.
    pub fn kinds() -> Vec<&'static str> {
        KINDS.iter().map(|(kind, _)| *kind).collect()
    }

    /// The keys that `kind` takes: its own, then those that every kind has.
    ///
    /// # Errors
    /// An unknown kind.
    pub fn keys(kind: &str) -> Result<Vec<String>, ScheduleError> {
        let mut keys: Vec<String> = Self::default_of(kind)?
            .shape
            .write()
            .into_iter()
            .map(|(key, _)| key)
            .collect();
        for key in COMMON {
            if !keys.iter().any(|known| known == key) {
                keys.push(key.to_owned());
            }
        }
        Ok(keys)
    }

    /// What a config means that has nothing but this `kind`.
    ///
    /// # Errors
    /// An unknown kind.
    pub fn default_of(kind: &str) -> Result<Self, ScheduleError> {
        Shape::read(kind, Map::new()).map(Self::from)
    }

    /// The kind of the shape.
    pub fn kind(&self) -> &'static str {
        self.shape.kind()
    }

    /// Turns it into a schedule of updates for the run and the peak of `horizon`, and checks it.
    ///
    /// # Errors
    /// The first value out of its range, with the key that it stands at, or feedback, which a schedule cannot have.
    pub fn resolve(&self, horizon: &Horizon) -> Result<Arc<dyn Schedule>, ScheduleError> {
        self.refuse_feedback()?;
        let (mut lowest, mut shape) = (self.lowest(horizon)?, self.shape.clone());
        if let Some(ratio) = lowest.filter(|_| self.has_own_floor()) {
            let mut keys = shape.write();
            keys.insert("floor".to_owned(), Value::from(ratio));
            shape = Shape::read(shape.kind(), keys)?;
            lowest = None;
        }
        let own = format!("{}.", shape.kind());
        let mut schedule = shape.resolve(horizon).map_err(|error| {
            let path = error
                .path()
                .strip_prefix(&own)
                .unwrap_or(error.path())
                .to_owned();
            error.at(path)
        })?;
        if let Some(ratio) = lowest {
            schedule = Arc::new(
                schedule
                    .at_least(ratio)
                    .checked()
                    .map_err(|error| error.at("floor"))?,
            );
        }
        let Some(span) = self.warmup else {
            return match self.warmup_start {
                Some(start) => Err(ScheduleError::new(
                    "warmup_start",
                    start,
                    "needs a `warmup`",
                )),
                None => Ok(schedule),
            };
        };
        let updates = horizon.resolve(span);
        let warmed = schedule.warmup_within(updates);
        let warmed = match self.warmup_start {
            Some(start) => warmed.start(start),
            None => warmed,
        };
        let warmed = warmed.checked().map_err(|error| match error.path() {
            "warmup.start" => error.at("warmup_start"),
            // What follows was in order before the warm-up took its share.
            _ => {
                let allowed =
                    format!("is {updates} updates, which must be fewer than those of what follows");
                form::wrong("warmup", &span, &allowed)
            }
        })?;
        Ok(Arc::new(warmed))
    }

    /// Builds the scheduler for a run of `horizon` at the learning rate `peak`, with its feedback attached.
    ///
    /// # Errors
    /// The first value out of its range, with the key that it stands at.
    pub fn build(&self, horizon: &Horizon, peak: f64) -> Result<Scheduler, ScheduleError> {
        check::positive("peak", peak, MAX_PEAK)?;
        let schedule = self.without_feedback().resolve(&horizon.with_peak(peak))?;
        self.attach(Scheduler::new(schedule, peak)?, horizon)
    }

    /// The lowest ratio to the peak, from whichever of the two keys has it.
    fn lowest(&self, horizon: &Horizon) -> Result<Option<f64>, ScheduleError> {
        let Some(rate) = self.min_lr else {
            return Ok(self.floor);
        };
        if let Some(floor) = self.floor {
            return Err(read::both_floors(&floor));
        }
        let (ratio, peak) = (rate / horizon.peak(), horizon.peak());
        if (0.0..=1.0).contains(&ratio) {
            return Ok(Some(ratio));
        }
        Err(ScheduleError::new(
            "min_lr",
            rate,
            format!("must be between 0 and the peak learning rate {peak:?}"),
        ))
    }

    fn has_own_floor(&self) -> bool {
        self.shape.write().contains_key("floor")
    }
}
