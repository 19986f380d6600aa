//! The same rate throughout.

use crate::{Fingerprint, Schedule};
#[cfg(feature = "serde")]
use crate::{Form, Horizon, ScheduleError};

/// The same rate throughout.
///
/// ```text
/// factor(t) = 1
/// ```
///
/// It has no length: a warm-up in front merely delays it.
///
/// ```
/// use schedules::prelude::*;
///
/// let rate = Constant::new().peak(0.1)?;
/// assert_eq!(rate.rates(0..3), [0.1, 0.1, 0.1]);
/// # Ok::<(), ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Constant {}

impl Constant {
    /// The same rate throughout.
    pub fn new() -> Self {
        Self {}
    }
}

impl Schedule for Constant {
    fn factor(&self, _update: u64) -> f64 {
        1.0
    }

    fn factor_at(&self, _time: f64) -> f64 {
        1.0
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("constant").finish()
    }
}

/// `kind = "constant"`.
#[cfg(feature = "serde")]
impl Form for Constant {
    const KIND: &'static str = "constant";
    const PEERS: &'static [&'static str] = &["fixed", "none", "ConstantLR"];
    type Resolved = Constant;

    fn resolve(&self, _horizon: &Horizon) -> Result<Constant, ScheduleError> {
        Ok(*self)
    }
}
