//! The curve from one value to another.

use std::f64::consts::PI;

use crate::{Fingerprint, MAX_FACTOR, ScheduleError, check};

/// The curve from one value to another, in [`OneCycle`](crate::OneCycle) and [`Wsd`](crate::Wsd).
///
/// ```text
/// value(x) = to + (from - to) · remaining(x)          with x from 0 to 1
///
/// linear          remaining(x) = 1 - x
/// cosine          remaining(x) = ½ (1 + cos(π · x))
/// one_minus_sqrt  remaining(x) = 1 - √x
/// power           remaining(x) = 1 - x ^ power        power above 0
/// exponential     remaining(x) = (end ^ x - end) / (1 - end)        end above 0 and below 1
/// ```
///
/// A config has the name, or a table with name and number: `anneal = "cosine"`, `anneal = { power = 2.0 }`.
/// transformers and timm write `1-sqrt`, which is read too.
///
/// ```
/// use schedules::prelude::*;
///
/// let shape = Wsd::new(6, 4);
/// assert_eq!(shape.anneal(Anneal::Linear).build()?.rates(1..7), [1.0, 1.0, 0.75, 0.5, 0.25, 0.0]);
/// assert_eq!(shape.anneal(Anneal::Power(2.0)).build()?.rates(1..7), [1.0, 1.0, 0.9375, 0.75, 0.4375, 0.0]);
/// assert_eq!(shape.anneal(Anneal::OneMinusSqrt).build()?.rates(2..4), [1.0, 0.5]);
/// # Ok::<(), ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(description = "The curve from one value to another.")
)]
#[non_exhaustive]
pub enum Anneal {
    /// A straight line.
    Linear,
    /// Half a period of a cosine.
    Cosine,
    /// One minus the square root of the elapsed share: steep at first.
    #[cfg_attr(feature = "serde", serde(alias = "1-sqrt"))]
    OneMinusSqrt,
    /// One minus this power of the elapsed share, above 0.
    Power(f64),
    /// An exponential decay to this share, above 0 and below 1, stretched so that it ends at the target.
    Exponential(f64),
}

impl Anneal {
    /// What remains of the way at `elapsed`, from 0 to 1.
    pub(crate) fn remaining(self, elapsed: f64) -> f64 {
        let remaining = match self {
            Self::Linear => 1.0 - elapsed,
            Self::Cosine => 0.5 * (1.0 + (PI * elapsed).cos()),
            Self::OneMinusSqrt => 1.0 - elapsed.sqrt(),
            Self::Power(power) => 1.0 - elapsed.powf(power),
            Self::Exponential(end) => (end.powf(elapsed) - end) / (1.0 - end),
        };
        // Rounding must not lead past the end.
        remaining.max(0.0)
    }

    pub(crate) fn check(self, path: &str) -> Result<(), ScheduleError> {
        match self {
            Self::Power(power) => check::positive(&format!("{path}.power"), power, MAX_FACTOR),
            Self::Exponential(end) if !(end > 0.0 && end < 1.0) => Err(ScheduleError::new(
                format!("{path}.exponential"),
                end,
                "must be above 0 and below 1",
            )),
            _ => Ok(()),
        }
    }

    pub(crate) fn added_to(self, fingerprint: Fingerprint) -> Fingerprint {
        match self {
            Self::Linear => fingerprint.count(0),
            Self::Cosine => fingerprint.count(1),
            Self::OneMinusSqrt => fingerprint.count(2),
            Self::Power(power) => fingerprint.count(3).number(power),
            Self::Exponential(end) => fingerprint.count(4).number(end),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    const ALL: [Anneal; 5] = [
        Anneal::Linear,
        Anneal::Cosine,
        Anneal::OneMinusSqrt,
        Anneal::Power(3.0),
        Anneal::Exponential(0.01),
    ];

    #[test]
    fn every_curve_goes_from_one_to_zero() {
        let middles = [0.5, 0.5, 1.0 - 0.5_f64.sqrt(), 0.875, 0.09 / 0.99];
        for (anneal, middle) in ALL.into_iter().zip(middles) {
            assert_eq!(
                (anneal.remaining(0.0), anneal.remaining(1.0)),
                (1.0, 0.0),
                "{anneal:?}"
            );
            let found = anneal.remaining(0.5);
            assert!((found - middle).abs() < 1e-15, "{anneal:?}: {found}");
        }
        let quarter = Anneal::Cosine.remaining(0.25);
        assert!((quarter - (2.0 + 2.0_f64.sqrt()) / 4.0).abs() < 1e-15);
    }

    #[test]
    fn rounding_does_not_lead_past_the_end() {
        for anneal in ALL {
            let beyond = anneal.remaining(1.0 + f64::EPSILON);
            assert!((0.0..1e-15).contains(&beyond), "{anneal:?}: {beyond}");
        }
    }

    #[test]
    fn its_number_is_checked() {
        for anneal in ALL {
            assert_eq!(anneal.check("wsd.anneal"), Ok(()));
        }
        let text = |anneal: Anneal| anneal.check("wsd.anneal").unwrap_err().to_string();
        assert_eq!(
            text(Anneal::Power(0.0)),
            "wsd.anneal.power = 0.0: must be above 0 and at most 1e18"
        );
        for end in [0.0, 1.0, -0.5, f64::NAN] {
            assert_eq!(
                text(Anneal::Exponential(end)),
                format!("wsd.anneal.exponential = {end:?}: must be above 0 and below 1")
            );
        }
    }

    #[test]
    fn every_curve_has_its_own_fingerprint() {
        let mut numbers: Vec<u64> = ALL
            .into_iter()
            .chain([Anneal::Power(2.0), Anneal::Exponential(0.02)])
            .map(|anneal| anneal.added_to(Fingerprint::of("anneal")).finish())
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), ALL.len() + 2);
    }

    #[cfg(feature = "serde")]
    #[test]
    fn a_config_has_its_name() {
        for (anneal, json) in ALL.into_iter().zip([
            "\"linear\"",
            "\"cosine\"",
            "\"one_minus_sqrt\"",
            "{\"power\":3.0}",
            "{\"exponential\":0.01}",
        ]) {
            assert_eq!(serde_json::to_string(&anneal).unwrap(), json);
            assert_eq!(serde_json::from_str::<Anneal>(json).unwrap(), anneal);
        }
        let peers = serde_json::from_str::<Anneal>("\"1-sqrt\"").unwrap();
        assert_eq!(peers, Anneal::OneMinusSqrt);
    }
}
