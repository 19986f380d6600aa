//! The optimizers of a configuration: each kind's name, keys and what it builds, in one table.

use optimizers::{
    Adagrad, Adam, AdamW, Decay, Follow, Lamb, Lion, ModuleUpdate, Muon, NAdam, OptimizerError,
    Prodigy, RAdam, RmsProp, ScheduleFreeAdamW, ScheduleFreeSgd, Sgd,
};
use schedules::RateHandle;
use serde::de::{DeserializeOwned, Deserializer, Visitor, value};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use burn::module::ParamGroup;

/// How weights are updated.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OptimizerSettings {
    /// The peak learning rate.
    pub lr: f64,
    /// Which parameters lose weight.
    pub decay: Decay,
    /// The optimizer and its parameters.
    #[serde(flatten)]
    pub rule: Rule,
    /// What the learning rate is multiplied by from one layer to the one below it, so that those near the input, which
    /// are worth keeping, move less; 1 for the same rate everywhere.
    #[serde(skip_serializing_if = "is_one")]
    pub layer_decay: f64,
    /// Parameters with a learning rate of their own; where two match, the later one holds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<RateGroup>,
}

fn is_one(number: &f64) -> bool {
    *number == 1.0
}

/// Parameters whose learning rate is multiplied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateGroup {
    /// What the parameter's path contains, such as `layers.0`.
    pub path: String,
    /// What its learning rate is multiplied by; 0 leaves it as it is.
    pub multiplier: f64,
}

impl OptimizerSettings {
    /// The update of a whole model, whose momentum is that of `rates` where a schedule moves it.
    ///
    /// # Errors
    /// A parameter that is out of its range.
    pub fn build(&self, rates: RateHandle) -> Result<ModuleUpdate, OptimizerError> {
        let update = self.rule.build(rates)?.decay(self.decay);
        Ok(self.groups.iter().fold(update, |update, group| {
            let parameters = ParamGroup::from_predicate(group.path.as_str());
            update.group(parameters, group.multiplier)
        }))
    }
}

/// Declares the kinds: the name, the optimizer, and the update that is made of it.
macro_rules! rules {
    ($($(#[$about:meta])* $name:literal $kind:ident: $build:expr;)*) => {
        /// An optimizer and its parameters, which are those of the optimizers crate.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(tag = "kind")]
        pub enum Rule {
            $($(#[$about])* #[serde(rename = $name)] $kind($kind),)*
        }

        impl Rule {
            /// Every kind.
            pub const NAMES: &[&str] = &[$($name),*];

            /// The name in a configuration.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$kind(_) => $name,)*
                }
            }

            /// The keys that a kind has besides those that all have, or `None` if there is no such kind.
            pub(super) fn keys(name: &str) -> Option<&'static [&'static str]> {
                match name {
                    $($name => Some(keys::<$kind>()),)*
                    _ => None,
                }
            }

            /// The optimizer `name` with `keys`, or what is wrong with which of them; `None` if there is no such kind.
            pub(super) fn read(name: &str, keys: Table) -> Option<Result<Self, WrongKey>> {
                match name {
                    $($name => Some(read(keys).map(Self::$kind)),)*
                    _ => None,
                }
            }

            fn build(&self, rates: RateHandle) -> Result<ModuleUpdate, OptimizerError> {
                match self {
                    $(Self::$kind(optimizer) => {
                        let build: fn($kind, RateHandle) -> Result<ModuleUpdate, OptimizerError> = $build;
                        build(optimizer.clone(), rates)
                    })*
                }
            }
        }
    };
}

rules! {
    /// Stochastic gradient descent.
    "sgd" Sgd: |optimizer, rates| Follow::new(optimizer, rates).build();
    /// Adam with L2 weight decay.
    "adam" Adam: |optimizer, rates| Follow::new(optimizer, rates).build();
    /// Adam with decoupled weight decay.
    "adamw" AdamW: |optimizer, rates| Follow::new(optimizer, rates).build();
    /// Adam with Nesterov's momentum.
    "nadam" NAdam: |optimizer, rates| Follow::new(optimizer, rates).build();
    /// Adam that waits until it can trust its scaling.
    "radam" RAdam: |optimizer, rates| Follow::new(optimizer, rates).build();
    /// Scaled by the average squared gradient.
    "rmsprop" RmsProp: |optimizer, rates| Follow::new(optimizer, rates).build();
    /// Scaled by the sum of squared gradients.
    "adagrad" Adagrad: |optimizer, _| optimizer.build();
    /// The sign of an average.
    "lion" Lion: |optimizer, _| optimizer.build();
    /// Adam with steps as long as the weights.
    "lamb" Lamb: |optimizer, _| optimizer.build();
    /// Orthogonal steps for matrices, AdamW for the rest.
    "muon" Muon: |optimizer, _| optimizer.build();
    /// SGD with averaged weights, for a constant learning rate.
    "schedule_free_sgd" ScheduleFreeSgd: |optimizer, _| optimizer.build();
    /// AdamW with averaged weights, for a constant learning rate.
    "schedule_free_adamw" ScheduleFreeAdamW: |optimizer, _| optimizer.build();
    /// Adam that finds its own step size.
    "prodigy" Prodigy: |optimizer, _| optimizer.build();
}

impl Rule {
    /// Whether its momentum or beta 1 is the schedule's, where that moves one.
    pub fn follows(&self) -> bool {
        matches!(
            self,
            Self::Sgd(_)
                | Self::Adam(_)
                | Self::AdamW(_)
                | Self::NAdam(_)
                | Self::RAdam(_)
                | Self::RmsProp(_)
        )
    }

    /// Every key of any kind, besides those that all have, in alphabetical order.
    pub(super) fn all_keys() -> Vec<&'static str> {
        let kinds = Self::NAMES.iter().filter_map(|name| Self::keys(name));
        let mut keys: Vec<&str> = kinds.flatten().copied().collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

/// A key whose value has the wrong type.
#[derive(Debug)]
pub(super) struct WrongKey {
    pub(super) key: String,
    pub(super) reason: String,
}

impl WrongKey {
    /// Of a name that is none of an enum's: the name, and those that there are.
    pub(super) fn unknown_name(&self) -> Option<(&str, Vec<&str>)> {
        // Serde has nothing but this sentence: unknown variant `a`, expected one of `b`, `c`.
        let named = self.reason.strip_prefix("unknown variant ")?;
        let mut names = named.split('`').skip(1).step_by(2);
        Some((names.next()?, names.collect()))
    }
}

fn read<T: DeserializeOwned>(keys: Table) -> Result<T, WrongKey> {
    serde_path_to_error::deserialize(Value::Table(keys)).map_err(|error| WrongKey {
        key: error.path().to_string(),
        reason: error.into_inner().message().replace('\n', ", "),
    })
}

/// The names of a struct's fields, which its `Deserialize` asks for.
fn keys<T: DeserializeOwned>() -> &'static [&'static str] {
    struct Ask<'a>(&'a mut &'static [&'static str]);

    impl<'de> Deserializer<'de> for Ask<'_> {
        type Error = value::Error;

        fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            visitor.visit_unit()
        }

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _name: &'static str,
            fields: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, Self::Error> {
            *self.0 = fields;
            visitor.visit_unit()
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
            unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }

    let mut fields: &'static [&'static str] = &[];
    // The answer is no struct, so this fails; the names are known by then.
    let _no_value = T::deserialize(Ask(&mut fields));
    fields
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn every_kind_builds_from_nothing_and_is_written_with_its_keys() {
        for name in Rule::NAMES {
            let rule = Rule::read(name, Table::new()).unwrap().unwrap();
            assert_eq!(rule.name(), *name);
            assert!(rule.build(RateHandle::default()).is_ok(), "{name}");
            let mut written = Table::try_from(&rule).unwrap();
            assert_eq!(written.remove("kind"), Some(Value::from(*name)));
            let keys = Rule::keys(name).unwrap();
            assert!(written.keys().all(|key| keys.contains(&key.as_str())));
            assert!(!keys.is_empty(), "{name}");
            assert_eq!(Rule::read(name, written).unwrap().unwrap(), rule);
        }
        assert!(Rule::read("sdg", Table::new()).is_none());
    }

    #[test]
    fn a_wrong_type_is_named() {
        let keys = Table::from_iter([("beta2".to_owned(), Value::from("high"))]);
        let wrong = Rule::read("adam", keys).unwrap().unwrap_err();
        assert_eq!(wrong.key, "beta2");
        assert!(wrong.reason.contains("expected f64"), "{}", wrong.reason);
        assert_eq!(wrong.unknown_name(), None);

        let keys = Table::from_iter([("adjust".to_owned(), Value::from("none"))]);
        let wrong = Rule::read("muon", keys).unwrap().unwrap_err();
        let valid = vec!["original", "match_rms_adamw", "spectral_unclamped"];
        assert_eq!(wrong.unknown_name(), Some(("none", valid)));
    }
}
