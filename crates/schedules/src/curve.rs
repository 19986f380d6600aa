//! The curve from one value to another.

use std::f64::consts::{FRAC_PI_2, PI};

use crate::{Fingerprint, MAX_FACTOR, ScheduleError, check};

/// Half a period of a cosine, from 1 at 0 down to 0 at 1: ½ (1 + cos(π · x)).
pub(crate) fn half_cosine(x: f64) -> f64 {
    0.5 * (1.0 + (PI * x).cos())
}

/// The curve from one value to another.
///
/// ```text
/// value(x) = from + (to - from) · passed(x)           with x from 0 to 1
///
/// Linear                passed(x) = x
/// Cosine                passed(x) = ½ (1 - cos(π · x))
/// Sqrt                  passed(x) = √x
/// Power(p)              passed(x) = x ^ p                            p above 0
/// ExponentialTo(end)    passed(x) = (1 - end ^ x) / (1 - end)        end above 0 and below 1
/// Exponential           value(x) = from ^ (1 - x) · to ^ x           from and to above 0
/// Constant              value(x) = from, and to at the end
/// ```
///
/// `x` is the share of the time that has passed. A [`Warmup`](crate::Warmup) and a [`Cooldown`](crate::Cooldown) take
/// any of them. [`OneCycle`](crate::OneCycle), [`Wsd`](crate::Wsd), [`Piecewise`](crate::Piecewise) and
/// [`SwaAnneal`](crate::SwaAnneal) take those with a share `passed`, and refuse the last two.
///
/// `Sqrt` is steep at first: on the way down, transformers and timm call it `1-sqrt`. `Exponential` multiplies by the
/// same number every update. `ExponentialTo` is an exponential decay to this share, stretched so that it ends at `to`.
///
/// A config has the name, or a table with name and number: `linear`, `cosine`, `sqrt`, `{ power = 2.0 }`,
/// `{ exponential_to = 0.01 }`, `exponential`, `constant`. `1-sqrt` and `one_minus_sqrt` are read as `sqrt`.
///
/// ```
/// use schedules::prelude::*;
///
/// let rates = |curve| Constant::new().warmup(4).start(0.0625).curve(curve).peak(1.0).map(|rate| rate.rates(0..5));
/// assert_eq!(rates(Curve::Exponential)?, [0.0625, 0.125, 0.25, 0.5, 1.0]);
/// assert_eq!(rates(Curve::Sqrt)?[1], 0.53125);
/// assert_eq!(rates(Curve::Constant)?, [0.0625, 0.0625, 0.0625, 0.0625, 1.0]);
///
/// let shape = Wsd::new(6, 4);
/// assert_eq!(shape.anneal(Curve::Linear).build()?.rates(1..7), [1.0, 1.0, 0.75, 0.5, 0.25, 0.0]);
/// assert_eq!(shape.anneal(Curve::Power(2.0)).build()?.rates(1..7), [1.0, 1.0, 0.9375, 0.75, 0.4375, 0.0]);
/// assert_eq!(shape.anneal(Curve::Sqrt).build()?.rates(2..4), [1.0, 0.5]);
///
/// let error = shape.anneal(Curve::Constant).build().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     r#"wsd.anneal = "constant": must be one of linear, cosine, sqrt, power, exponential_to"#
/// );
/// # Ok::<(), ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
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
pub enum Curve {
    /// A straight line.
    #[default]
    Linear,
    /// Half a period of a cosine: slow at both ends.
    Cosine,
    /// The square root of the time: fast at first.
    #[cfg_attr(feature = "serde", serde(alias = "1-sqrt", alias = "one_minus_sqrt"))]
    Sqrt,
    /// This power of the time, above 0.
    Power(f64),
    /// An exponential decay to this share, above 0 and below 1, stretched so that it ends at the target.
    ExponentialTo(f64),
    /// The same factor every update.
    Exponential,
    /// No change until the end.
    Constant,
}

impl Curve {
    /// The share of the way that has passed at `x`, from 0 to 1.
    fn passed(self, x: f64) -> f64 {
        match self {
            Self::Linear => x,
            Self::Cosine => 0.5 * (1.0 - (PI * x).cos()),
            Self::Sqrt => x.sqrt(),
            Self::Power(power) => x.powf(power),
            Self::ExponentialTo(end) => (1.0 - end.powf(x)) / (1.0 - end),
            // No share of the way says what these are: a check refuses them where one is needed.
            Self::Exponential | Self::Constant => 0.0,
        }
    }

    /// What remains of the way at `x`, from 0 to 1.
    pub(crate) fn remaining(self, x: f64) -> f64 {
        let remaining = match self {
            Self::Cosine => half_cosine(x),
            Self::ExponentialTo(end) => (end.powf(x) - end) / (1.0 - end),
            curve => 1.0 - curve.passed(x),
        };
        // Rounding must not lead past the end.
        remaining.max(0.0)
    }

    /// The value at `x`, from 0 to 1; at 0 it is `from` exactly, and between two equal values it is theirs.
    pub(crate) fn along(self, from: f64, to: f64, x: f64) -> f64 {
        from + (to - from) * self.passed(x)
    }

    /// The value at `time`, which is below `length`, with all digits of a small one.
    pub(crate) fn between(self, from: f64, to: f64, time: f64, length: f64) -> f64 {
        // Both shares are computed from the time, and nothing is subtracted later: a small ratio keeps its digits.
        let (passed, left) = (time / length, (length - time) / length);
        let (of_from, of_to) = match self {
            Self::Linear => (left, passed),
            // ½ (1 + cos(π x)) = sin²(π/2 · (1 - x))
            Self::Cosine => {
                let share = |part: f64| (FRAC_PI_2 * part).sin().powi(2);
                (share(left), share(passed))
            }
            // 1 - √x = (1 - x) / (1 + √x)
            Self::Sqrt => {
                let root = passed.sqrt();
                (left / (1.0 + root), root)
            }
            Self::Power(_) | Self::ExponentialTo(_) => {
                (self.remaining(passed), self.passed(passed))
            }
            Self::Exponential => return from.powf(left) * to.powf(passed),
            Self::Constant => return from,
        };
        from * of_from + to * of_to
    }

    /// Checks its number.
    pub(crate) fn check(self, path: &str) -> Result<(), ScheduleError> {
        match self {
            Self::Power(power) => check::positive(&format!("{path}.power"), power, MAX_FACTOR),
            Self::ExponentialTo(end) => check::reduction(&format!("{path}.exponential_to"), end),
            _ => Ok(()),
        }
    }

    /// The same where it must be a share of the way.
    pub(crate) fn check_share(self, path: &str) -> Result<(), ScheduleError> {
        let name = match self {
            Self::Exponential => "exponential",
            Self::Constant => "constant",
            curve => return curve.check(path),
        };
        let allowed = "must be one of linear, cosine, sqrt, power, exponential_to";
        Err(ScheduleError::new(path, name, allowed))
    }

    /// Adds it where it is a share of the way.
    pub(crate) fn added_to(self, fingerprint: Fingerprint) -> Fingerprint {
        match self {
            Self::Linear => fingerprint.count(0),
            Self::Cosine => fingerprint.count(1),
            Self::Sqrt => fingerprint.count(2),
            Self::Power(power) => fingerprint.count(3).number(power),
            Self::ExponentialTo(end) => fingerprint.count(4).number(end),
            Self::Exponential => fingerprint.count(5),
            Self::Constant => fingerprint.count(6),
        }
    }

    /// Adds what is not the default: the record of a warm-up from before there were curves still fits.
    pub(crate) fn added_unless_linear(self, fingerprint: Fingerprint) -> Fingerprint {
        match self {
            Self::Linear => fingerprint,
            Self::Cosine => fingerprint.count(1),
            Self::Sqrt => fingerprint.count(2),
            Self::Exponential => fingerprint.count(3),
            Self::Constant => fingerprint.count(4),
            Self::Power(power) => fingerprint.count(5).number(power),
            Self::ExponentialTo(end) => fingerprint.count(6).number(end),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    const SHARES: [Curve; 5] = [
        Curve::Linear,
        Curve::Cosine,
        Curve::Sqrt,
        Curve::Power(3.0),
        Curve::ExponentialTo(0.01),
    ];
    const ALL: [Curve; 7] = [
        Curve::Linear,
        Curve::Cosine,
        Curve::Sqrt,
        Curve::Power(3.0),
        Curve::ExponentialTo(0.01),
        Curve::Exponential,
        Curve::Constant,
    ];

    /// Computed with 50 digits apart from this crate.
    #[test]
    fn each_curve_is_its_formula() {
        for (curve, expected) in [
            (Curve::Linear, 0.65),
            (Curve::Cosine, 0.712_132_034_355_964_3),
            (Curve::Sqrt, 0.5),
            (Curve::Power(2.0), 0.7625),
            (Curve::ExponentialTo(0.0625), 0.48),
            (Curve::Exponential, 0.565_685_424_949_238_1),
            (Curve::Constant, 0.8),
        ] {
            let found = curve.between(0.8, 0.2, 1.0, 4.0);
            assert!((found - expected).abs() < 1e-15, "{curve:?}: {found}");
            if curve.check_share("").is_ok() {
                let found = curve.along(0.8, 0.2, 0.25);
                assert!((found - expected).abs() < 1e-15, "{curve:?}: {found}");
            }
        }
    }

    #[test]
    fn the_last_step_before_zero_keeps_its_digits() {
        let (time, length) = (999_999.0, 1e6);
        let close =
            |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 1e-14, "{found}");
        close(Curve::Linear.between(1.0, 0.0, time, length), 1e-6);
        // sin²(π/2 · 1e-6) and 1 - √(1 - 1e-6), computed with 50 digits apart from this crate.
        close(
            Curve::Cosine.between(1.0, 0.0, time, length),
            2.467_401_100_270_31e-12,
        );
        close(
            Curve::Sqrt.between(1.0, 0.0, time, length),
            5.000_001_250_000_625e-7,
        );
    }

    #[test]
    fn each_curve_starts_exactly() {
        for curve in ALL {
            for from in [0.0, 0.1, 1.0 / 3.0, 1e18] {
                assert_eq!(curve.between(from, 0.7, 0.0, 7.0), from, "{curve:?}");
                assert_eq!(curve.along(from, 0.7, 0.0), from, "{curve:?}");
            }
        }
    }

    #[test]
    fn every_share_goes_from_one_to_zero() {
        let middles = [0.5, 0.5, 1.0 - 0.5_f64.sqrt(), 0.875, 0.09 / 0.99];
        for (curve, middle) in SHARES.into_iter().zip(middles) {
            assert_eq!(
                (curve.remaining(0.0), curve.remaining(1.0)),
                (1.0, 0.0),
                "{curve:?}"
            );
            let found = curve.remaining(0.5);
            assert!((found - middle).abs() < 1e-15, "{curve:?}: {found}");
        }
        let quarter = Curve::Cosine.remaining(0.25);
        assert!((quarter - (2.0 + 2.0_f64.sqrt()) / 4.0).abs() < 1e-15);
    }

    #[test]
    fn rounding_does_not_lead_past_the_end() {
        for curve in SHARES {
            let beyond = curve.remaining(1.0 + f64::EPSILON);
            assert!((0.0..1e-15).contains(&beyond), "{curve:?}: {beyond}");
        }
    }

    #[test]
    fn its_number_is_checked() {
        for curve in ALL {
            assert_eq!(curve.check("warmup.curve"), Ok(()));
        }
        for curve in SHARES {
            assert_eq!(curve.check_share("wsd.anneal"), Ok(()));
        }
        let text = |curve: Curve| curve.check_share("wsd.anneal").unwrap_err().to_string();
        assert_eq!(
            text(Curve::Power(0.0)),
            "wsd.anneal.power = 0.0: must be above 0 and at most 1e18"
        );
        for end in [0.0, 1.0, -0.5, f64::NAN] {
            assert_eq!(
                text(Curve::ExponentialTo(end)),
                format!("wsd.anneal.exponential_to = {end:?}: must be above 0 and below 1")
            );
        }
        for (curve, name) in [
            (Curve::Exponential, "exponential"),
            (Curve::Constant, "constant"),
        ] {
            assert_eq!(
                text(curve),
                format!(
                    "wsd.anneal = {name:?}: must be one of linear, cosine, sqrt, power, exponential_to"
                )
            );
        }
    }

    #[test]
    fn every_curve_has_its_own_fingerprint() {
        let distinct = |added: fn(Curve, Fingerprint) -> Fingerprint| {
            let curves = ALL
                .into_iter()
                .chain([Curve::Power(2.0), Curve::ExponentialTo(0.02)]);
            let mut numbers: Vec<u64> = curves
                .map(|curve| added(curve, Fingerprint::of("curve")).finish())
                .collect();
            numbers.sort_unstable();
            numbers.dedup();
            numbers.len()
        };
        assert_eq!(distinct(Curve::added_to), ALL.len() + 2);
        assert_eq!(distinct(Curve::added_unless_linear), ALL.len() + 2);
        let start = || Fingerprint::of("curve");
        let linear = Curve::Linear.added_unless_linear(start());
        assert_eq!(linear.finish(), start().finish());
    }

    #[cfg(feature = "serde")]
    #[test]
    fn a_config_has_its_name() {
        for (curve, json) in ALL.into_iter().zip([
            "\"linear\"",
            "\"cosine\"",
            "\"sqrt\"",
            "{\"power\":3.0}",
            "{\"exponential_to\":0.01}",
            "\"exponential\"",
            "\"constant\"",
        ]) {
            assert_eq!(serde_json::to_string(&curve).unwrap(), json);
            assert_eq!(serde_json::from_str::<Curve>(json).unwrap(), curve);
        }
        for other in ["\"1-sqrt\"", "\"one_minus_sqrt\""] {
            assert_eq!(serde_json::from_str::<Curve>(other).unwrap(), Curve::Sqrt);
        }
    }
}
