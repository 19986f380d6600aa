//! A schedule as a config file holds it.

mod feedback;
mod read;
mod resolve;
#[cfg(feature = "schema")]
mod schema;
mod write;

use std::sync::Arc;

use serde_json::{Map, Value};

#[cfg(doc)]
use crate::Compose;
use crate::{
    Constant, Cosine, CosineRestarts, Curve, Cyclic, Delay, Exponential, FlatCosine, Form, Greedy,
    Horizon, InverseSqrt, InverseTime, KDecay, Linear, MultiStep, Noam, OneCycle, Piecewise,
    Plateau, Polynomial, Product, RangeTest, Repeat, Rex, Scale, Schedule, ScheduleError, Sequence,
    Span, Step, SwaAnneal, Tanh, Wsd,
};

/// The keys that every kind has.
const COMMON: [&str; 9] = [
    "kind",
    "warmup",
    "warmup_start",
    "warmup_curve",
    "cooldown",
    "cooldown_end",
    "cooldown_curve",
    "floor",
    "min_lr",
];

/// The kinds that rise by themselves, and so take no warm-up.
const RISING: [&str; 2] = [<Noam<Span> as Form>::KIND, <OneCycle<Span> as Form>::KIND];

/// Those of the [`COMMON`] keys that `kind` takes.
fn common(kind: &str) -> impl Iterator<Item = &'static str> {
    let rises = RISING.contains(&kind);
    let keys = COMMON.into_iter();
    keys.filter(move |key| !(rises && key.starts_with("warmup")))
}

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
    Polynomial(Polynomial<Span>),
    MultiStep(MultiStep<Span>),
    CosineRestarts(CosineRestarts<Span>),
    OneCycle(OneCycle<Span>),
    Cyclic(Cyclic<Span>),
    Wsd(Wsd<Span>),
    InverseSqrt(InverseSqrt<Span>),
    Noam(Noam<Span>),
    InverseTime(InverseTime<Span>),
    Tanh(Tanh<Span>),
    Rex(Rex<Span>),
    Piecewise(Piecewise<Span>),
    FlatCosine(FlatCosine<Span>),
    SwaAnneal(SwaAnneal<Span>),
    RangeTest(RangeTest<Span>),
    Sequence(Sequence<ScheduleConfig, Span>),
    Product(Product<ScheduleConfig>),
    Scale(Scale<Box<ScheduleConfig>>),
    Delay(Delay<Box<ScheduleConfig>, Span>),
    Repeat(Repeat<Box<ScheduleConfig>, Span>),
    KDecay(KDecay<Box<ScheduleConfig>>),
}

/// A schedule as a config file holds it: a shape, and what every shape may have around it.
///
/// | key | meaning |
/// | --- | --- |
/// | `kind` | the shape: [`kinds`](Self::kinds) |
/// | `warmup` | a [`Span`] taken out of the shape's own time ([`warmup_within`](Compose::warmup_within)); not before `noam` and `one_cycle`, which rise by themselves |
/// | `warmup_start` | the ratio of the first update's rate to the one that the warm-up leads to |
/// | `warmup_curve` | the [`Curve`] of the warm-up: `"linear"`, `"cosine"` … |
/// | `cooldown` | a [`Span`] at the end, over which the rate [comes down](Compose::cooldown) from where it is |
/// | `cooldown_end` | the ratio to the peak that it comes down to; by default the floor |
/// | `cooldown_curve` | the [`Curve`] of the cool-down |
/// | `floor` | the lowest ratio to the peak, after the warm-up |
/// | `min_lr` | the same as an absolute learning rate; one of the two |
/// | `plateau` | a table: the [`Plateau`] that is attached to the scheduler |
/// | `greedy` | a table: the [`Greedy`] that is attached to the scheduler |
///
/// The last two stand at the top level alone. Their keys are those types' parameters, and `from` and `until`, the
/// [`Span`]s of their active stage.
///
/// A shape with a floor of its own (cosine) ends there; any other is [cut off](Compose::at_least) at it. A cool-down
/// follows the floor, so only a `cooldown_end` leads below it. The shape keeps its own time beside a cool-down: what is
/// taken out of it is the warm-up alone. All other keys are the shape's, which may have one of the above as its own. An
/// unknown key, kind or unit is an error that names it and the valid ones.
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
    /// The way from there.
    pub warmup_curve: Option<Curve>,
    /// The length of the cool-down.
    pub cooldown: Option<Span>,
    /// Where the cool-down ends.
    pub cooldown_end: Option<f64>,
    /// The way there.
    pub cooldown_curve: Option<Curve>,
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
            warmup_curve: None,
            cooldown: None,
            cooldown_end: None,
            cooldown_curve: None,
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
        for key in common(kind) {
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
}
