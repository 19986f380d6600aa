//! The way to the constant rate of stochastic weight averaging.

use std::sync::Arc;

#[cfg(feature = "serde")]
use crate::{Compose, Form, Horizon, Span};
use crate::{Curve, Fingerprint, Linear, Schedule, ScheduleError, check};

/// The way to the constant rate at which weights are averaged, and that rate.
///
/// ```text
/// factor(t) = start + (end - start) · ½ (1 - cos(π · t / length))    while t < length, then end
/// factor(t) = start + (end - start) · t / length                     the same with Curve::Linear
/// ```
///
/// `start` (default 1) and `end` are ratios of the peak, `length` is in updates; with a length of 0 it is at `end` at
/// once. It is PyTorch's `SWALR`, whose `swa_lr` is `end` times the peak, and is meant as the last part of a
/// [`Sequence`](crate::Sequence). `SWALR` sets out from whatever the rate is by then. A part of a sequence multiplies
/// the same peak as the others and does not know them: `start` is the factor at which the part before it leaves off.
///
/// ```
/// use schedules::prelude::*;
///
/// let before = Linear::new(8);
/// let anneal = SwaAnneal::new(4, 0.25).start(before.factor(2)).interpolation(Curve::Linear);
/// let rate = Sequence::new(before).then(2, anneal).peak(1.0)?;
/// assert_eq!(rate.rates(0..8), [1.0, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.25]);
/// # Ok::<(), ScheduleError>(())
/// ```
///
/// Izmailov et al. (2018), *Averaging Weights Leads to Wider Optima and Better Generalization*.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        default,
        deny_unknown_fields,
        bound(deserialize = "L: serde::Deserialize<'de>, SwaAnneal<L>: Default")
    )
)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(bound = "L: schemars::JsonSchema + serde::Serialize, SwaAnneal<L>: Default")
)]
pub struct SwaAnneal<L = u64> {
    /// The ratio of the peak that it starts at, not below 0.
    start: f64,
    /// The ratio of the peak at which weights are averaged, not below 0.
    end: f64,
    /// How long the way takes; 0 is at the end at once.
    length: L,
    /// How it gets there.
    interpolation: Curve,
}

impl SwaAnneal {
    /// Half a period of a cosine from 1 to `end`, from 0 to [`MAX_FACTOR`](crate::MAX_FACTOR), over `length` updates.
    pub fn new(length: u64, end: f64) -> Self {
        Self {
            start: 1.0,
            end,
            length,
            interpolation: Curve::Cosine,
        }
    }
}

impl<L> SwaAnneal<L> {
    /// The ratio of the peak at update 0, from 0 to [`MAX_FACTOR`](crate::MAX_FACTOR); default 1.
    pub fn start(self, start: f64) -> Self {
        Self { start, ..self }
    }

    /// How it gets to the end; default [`Curve::Cosine`].
    pub fn interpolation(self, interpolation: Curve) -> Self {
        Self {
            interpolation,
            ..self
        }
    }
}

impl Schedule for SwaAnneal {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        let (time, length) = (time.max(0.0), self.length as f64);
        if time >= length {
            return self.end;
        }
        self.interpolation
            .along(self.start, self.end, time / length)
    }

    fn length(&self) -> Option<u64> {
        // Without one it is a constant.
        (self.length > 0).then_some(self.length)
    }

    fn shortened(&self, updates: u64) -> Option<Arc<dyn Schedule>> {
        let length = self.length()?.saturating_sub(updates);
        if length == 0 {
            // A way that was used up is an error; only one that was never asked for may have no length.
            return Some(Arc::new(Linear::new(0).start(self.start).end(self.end)));
        }
        Some(Arc::new(Self { length, ..*self }))
    }

    fn check(&self) -> Result<(), ScheduleError> {
        check::updates("swa.length", self.length)?;
        check::ratio("swa.start", self.start)?;
        check::ratio("swa.end", self.end)?;
        self.interpolation.check_share("swa.interpolation")
    }

    fn fingerprint(&self) -> u64 {
        let whole = Fingerprint::of("swa")
            .count(self.length)
            .number(self.start)
            .number(self.end);
        self.interpolation.added_to(whole).finish()
    }
}

/// `kind = "swa"`: down to half of the peak within 5 % of the run.
#[cfg(feature = "serde")]
impl Default for SwaAnneal<Span> {
    fn default() -> Self {
        Self {
            start: 1.0,
            end: 0.5,
            length: Span::PercentOfRest(5.0),
            interpolation: Curve::Cosine,
        }
    }
}

#[cfg(feature = "serde")]
impl Form for SwaAnneal<Span> {
    const KIND: &'static str = "swa";
    const PEERS: &'static [&'static str] = &["SWALR", "StochasticWeightAveraging", "swa_anneal"];
    type Resolved = SwaAnneal;

    fn resolve(&self, horizon: &Horizon) -> Result<SwaAnneal, ScheduleError> {
        SwaAnneal {
            start: self.start,
            end: self.end,
            length: horizon.resolve(self.length),
            interpolation: self.interpolation,
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
    fn it_is_a_cosine_or_a_line_and_then_holds() {
        let (curve, cosine) = (SwaAnneal::new(10, 0.2), Cosine::new(10).floor(0.2));
        assert!((0..15).all(|t| (curve.factor(t) - cosine.factor(t)).abs() < 1e-15));
        let line = curve.start(0.6).interpolation(Curve::Linear);
        let same = Linear::new(10).start(0.6).end(0.2);
        assert!((0..15).all(|update| line.factor(update) == same.factor(update)));
        assert!(line.factor(9) > 0.2);
        assert_ne!(line.fingerprint(), curve.start(0.6).fingerprint());
    }

    #[test]
    fn without_a_length_it_is_a_constant() {
        let at_once = SwaAnneal::new(0, 0.2);
        assert_eq!((at_once.check(), at_once.length()), (Ok(()), None));
        assert_eq!([at_once.factor(0), at_once.factor(9)], [0.2, 0.2]);
        assert_eq!(at_once.warmup_within(3).factor(3), 0.2);
        assert_eq!(SwaAnneal::new(1, 0.2).length(), Some(1));
    }

    #[test]
    fn a_warm_up_may_not_use_it_up() {
        let parts = |length| Sequence::new(SwaAnneal::new(length, 0.2)).then(50, Constant::new());
        assert_eq!(parts(11).warmup_within(10).check(), Ok(()));
        assert_eq!(parts(0).warmup_within(10).check(), Ok(()));
        let error = parts(10).warmup_within(10).check().unwrap_err();
        assert_eq!(error.field(), "length");
    }

    #[test]
    fn ratios_may_exceed_the_peak_and_not_fall_below_zero() {
        assert_eq!(SwaAnneal::new(9, 2.0).start(3.0).check(), Ok(()));
        let error = SwaAnneal::new(9, -0.5).check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "swa.end = -0.5: must be between 0 and 1e18"
        );
        let error = SwaAnneal::new(9, 0.5).start(-0.5).check().unwrap_err();
        assert_eq!(error.path(), "swa.start");
        let error = SwaAnneal::new(u64::MAX, 0.5).check().unwrap_err();
        assert_eq!(error.path(), "swa.length");
        assert_eq!(
            SwaAnneal::new(9, 0.5).shortened(4).unwrap().length(),
            Some(5)
        );
    }
}
