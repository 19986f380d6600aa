//! How the height of cycles changes.

use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

use crate::{Fingerprint, MAX_FACTOR};

/// How the height of the cycles of a [`Cyclic`](crate::Cyclic) schedule changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(description = "How the height of the cycles changes.")
)]
#[non_exhaustive]
// The numbers are part of the fingerprint.
pub enum CyclicMode {
    /// Every cycle reaches the peak.
    #[default]
    Triangular = 0,
    /// Every cycle is half as high as the one before it.
    Triangular2 = 1,
    /// The height is multiplied by `gamma` at every update.
    ExpRange = 2,
}

impl CyclicMode {
    /// The height after so many whole cycles, at `time`.
    pub(super) fn scale(self, gamma: f64, cycles: f64, time: f64) -> f64 {
        match self {
            Self::Triangular => 1.0,
            Self::Triangular2 => 0.5_f64.powf(cycles),
            Self::ExpRange => gamma.powf(time).min(MAX_FACTOR),
        }
    }
}

type Function = Arc<dyn Fn(f64) -> f64 + Send + Sync>;

/// A function of one's own, which its name stands for in the fingerprint.
#[derive(Clone)]
pub(super) struct Scale {
    name: String,
    /// Whether it is given the cycle; or else the update.
    of_cycles: bool,
    function: Function,
}

impl Scale {
    pub(super) fn of_cycles(name: String, function: Function) -> Self {
        Self {
            name,
            of_cycles: true,
            function,
        }
    }

    pub(super) fn of_updates(name: String, function: Function) -> Self {
        Self {
            name,
            of_cycles: false,
            function,
        }
    }

    /// The height after so many whole cycles, at `time`.
    pub(super) fn at(&self, cycles: f64, time: f64) -> f64 {
        let scale = if self.of_cycles {
            (self.function)(cycles + 1.0)
        } else {
            (self.function)(time)
        };
        // Nothing checks the function, and a factor is neither NaN nor negative.
        if scale > 0.0 {
            scale.min(MAX_FACTOR)
        } else {
            0.0
        }
    }

    pub(super) fn added_to(&self, fingerprint: Fingerprint) -> Fingerprint {
        fingerprint
            .count(if self.of_cycles { 1 } else { 2 })
            .count(Fingerprint::of(&self.name).finish())
    }
}

impl PartialEq for Scale {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, self.of_cycles) == (&other.name, other.of_cycles)
    }
}

impl Debug for Scale {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Scale")
            .field("name", &self.name)
            .field("of_cycles", &self.of_cycles)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_scales_by_cycles_or_by_updates() {
        let scales = |mode: CyclicMode| mode.scale(0.5, 2.0, 3.0);
        assert_eq!(scales(CyclicMode::Triangular), 1.0);
        assert_eq!(scales(CyclicMode::Triangular2), 0.25);
        assert_eq!(scales(CyclicMode::ExpRange), 0.125);
        assert_eq!(CyclicMode::ExpRange.scale(4.0, 0.0, 1e9), MAX_FACTOR);
    }

    #[test]
    fn a_function_is_given_the_cycle_from_one_or_the_update_from_zero() {
        let same: Function = Arc::new(|x| x);
        let (cycles, updates) = (
            Scale::of_cycles("same".to_owned(), same.clone()),
            Scale::of_updates("same".to_owned(), same),
        );
        assert_eq!((cycles.at(0.0, 7.5), updates.at(0.0, 7.5)), (1.0, 7.5));
        assert_ne!(cycles, updates);
    }

    #[test]
    fn what_it_returns_is_brought_into_range() {
        for (returned, scale) in [
            (f64::NAN, 0.0),
            (-1.0, 0.0),
            (f64::NEG_INFINITY, 0.0),
            (f64::INFINITY, MAX_FACTOR),
            (1e-3, 1e-3),
        ] {
            let constant = Scale::of_cycles("constant".to_owned(), Arc::new(move |_| returned));
            assert_eq!(constant.at(0.0, 0.0), scale);
        }
    }

    #[test]
    fn its_name_stands_for_it() {
        let named = |name: &str| Scale::of_cycles(name.to_owned(), Arc::new(|_| 1.0));
        assert_eq!(named("one"), named("one"));
        assert_ne!(named("one"), named("other"));
        assert_eq!(
            format!("{:?}", named("one")),
            "Scale { name: \"one\", of_cycles: true, .. }"
        );
    }
}
