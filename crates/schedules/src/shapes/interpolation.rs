//! How a value goes over into the next one.

use std::f64::consts::PI;

/// How a [`Piecewise`](crate::Piecewise) schedule or a [`SwaAnneal`](crate::SwaAnneal) goes from one value to the next.
///
/// ```text
/// linear:  from + (to - from) · p
/// cosine:  from + (to - from) · ½ (1 - cos(π · p))
/// ```
///
/// `p` is the share, from 0 to 1, of the time between the two that has passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(description = "How one value goes over into the next.")
)]
#[non_exhaustive]
pub enum Interpolation {
    /// A straight line.
    #[default]
    Linear,
    /// Half a period of a cosine, which sets out and arrives gently.
    Cosine,
}

impl Interpolation {
    /// The value after the share `passed` of the time has passed; at 0 it is `from` exactly.
    pub(crate) fn between(self, from: f64, to: f64, passed: f64) -> f64 {
        let share = match self {
            Self::Linear => passed,
            Self::Cosine => 0.5 * (1.0 - (PI * passed).cos()),
        };
        from + (to - from) * share
    }

    /// Its number in a fingerprint, which never changes.
    pub(crate) fn number(self) -> u64 {
        match self {
            Self::Linear => 0,
            Self::Cosine => 1,
        }
    }
}
