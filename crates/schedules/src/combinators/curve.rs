//! The way from one ratio to another.

use std::f64::consts::FRAC_PI_2;

use crate::Fingerprint;

/// The way from one ratio to another over some updates, in a [`Warmup`](crate::Warmup) or a
/// [`Cooldown`](crate::Cooldown).
///
/// ```text
/// Linear         from · (1 - x) + to · x
/// Cosine         from · ½ (1 + cos(π x)) + to · ½ (1 - cos(π x))
/// Sqrt           from · (1 - √x) + to · √x
/// Exponential    from ^ (1 - x) · to ^ x
/// Constant       from, and to at the end
/// ```
///
/// `x` is the share of the updates that have passed, from 0 to below 1. `Exponential` multiplies by the same number
/// every update and so needs both ratios above 0. `Sqrt` on the way down is what transformers and timm call `1-sqrt`.
///
/// ```
/// use schedules::prelude::*;
///
/// let rates = |curve| Constant::new().warmup(4).start(0.0625).curve(curve).peak(1.0).map(|rate| rate.rates(0..5));
/// assert_eq!(rates(Curve::Exponential)?, [0.0625, 0.125, 0.25, 0.5, 1.0]);
/// assert_eq!(rates(Curve::Sqrt)?[1], 0.53125);
/// assert_eq!(rates(Curve::Constant)?, [0.0625, 0.0625, 0.0625, 0.0625, 1.0]);
/// # Ok::<(), ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Curve {
    /// A straight line.
    #[default]
    Linear,
    /// Half a period of a cosine: slow at both ends.
    Cosine,
    /// The square root of the time: fast at first.
    Sqrt,
    /// The same factor every update.
    Exponential,
    /// No change until the end.
    Constant,
}

impl Curve {
    /// The ratio at `time`, which is below `length`.
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
            Self::Exponential => return from.powf(left) * to.powf(passed),
            Self::Constant => return from,
        };
        from * of_from + to * of_to
    }

    /// Adds what is not the default: the record of a warm-up from before there were curves still fits.
    pub(crate) fn added_to(self, fingerprint: Fingerprint) -> Fingerprint {
        match self {
            Self::Linear => fingerprint,
            Self::Cosine => fingerprint.count(1),
            Self::Sqrt => fingerprint.count(2),
            Self::Exponential => fingerprint.count(3),
            Self::Constant => fingerprint.count(4),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with 50 digits apart from this crate.
    #[test]
    fn each_curve_is_its_formula() {
        for (curve, expected) in [
            (Curve::Linear, 0.65),
            (Curve::Cosine, 0.712_132_034_355_964_3),
            (Curve::Sqrt, 0.5),
            (Curve::Exponential, 0.565_685_424_949_238_1),
            (Curve::Constant, 0.8),
        ] {
            let found = curve.between(0.8, 0.2, 1.0, 4.0);
            assert!((found - expected).abs() < 1e-15, "{curve:?}: {found}");
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
        for curve in [
            Curve::Linear,
            Curve::Cosine,
            Curve::Sqrt,
            Curve::Exponential,
            Curve::Constant,
        ] {
            for from in [0.0, 0.1, 1.0 / 3.0, 1e18] {
                assert_eq!(curve.between(from, 0.7, 0.0, 7.0), from, "{curve:?}");
            }
        }
    }
}
