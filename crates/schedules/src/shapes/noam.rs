//! The schedule of the first Transformer.

#[cfg(feature = "serde")]
use crate::{Compose, Form, Horizon, Span};
use crate::{Fingerprint, Schedule, ScheduleError, check};

/// A straight rise, then a decay by the square root of time: the schedule of the first Transformer.
///
/// ```text
/// factor(t) = min((t + 1) / rise, √(rise / (t + 1)))
/// ```
///
/// `rise` is in updates; its last one, `t = rise - 1`, is at the peak. The paper writes the learning rate with the
/// width `d` of the model and without a peak (Burn's `NoamLrSchedulerConfig` puts a `factor` in front), which comes to
///
/// ```text
/// factor · d^-½ · min((t + 1)^-½, (t + 1) · rise^-3/2)  =  peak · factor(t)    with peak = factor / √(d · rise)
/// ```
///
/// The rise is part of the shape, so no warm-up is needed in front. It has no length: one in front delays it.
///
/// ```
/// use schedules::prelude::*;
///
/// let rate = Noam::new(4).peak(1.0)?;
/// assert_eq!(rate.rates(0..5), [0.25, 0.5, 0.75, 1.0, 0.8_f64.sqrt()]);
/// assert_eq!(rate.rate_at(15), 0.5);
///
/// // The paper's base model: 512 wide, 4,000 updates.
/// let (width, rise) = (512.0_f64, 4_000);
/// let rate = Noam::new(rise).peak((width * rise as f64).sqrt().recip())?;
/// assert!((rate.rate_at(15_999) - (width * 16_000.0).sqrt().recip()).abs() < 1e-18);
/// # Ok::<(), ScheduleError>(())
/// ```
///
/// Vaswani et al. (2017), *Attention Is All You Need*, equation 3; named after Noam Shazeer.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        default,
        deny_unknown_fields,
        bound(deserialize = "L: serde::Deserialize<'de>, Noam<L>: Default")
    )
)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(bound = "L: schemars::JsonSchema + serde::Serialize, Noam<L>: Default")
)]
pub struct Noam<L = u64> {
    /// How long the rise to the peak takes.
    rise: L,
}

impl Noam {
    /// A rise over `rise` updates, at least 1, and the decay after it.
    pub fn new(rise: u64) -> Self {
        Self { rise }
    }
}

impl Schedule for Noam {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        let (step, rise) = (time.max(0.0) + 1.0, self.rise as f64);
        (step / rise).min((rise / step).sqrt())
    }

    fn check(&self) -> Result<(), ScheduleError> {
        check::length("noam.rise", self.rise)
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("noam").count(self.rise).finish()
    }
}

/// `kind = "noam"`: with a rise over 4 % of the run, as in the paper (4,000 of 100,000 updates).
#[cfg(feature = "serde")]
impl Default for Noam<Span> {
    fn default() -> Self {
        Self {
            rise: Span::PercentOfRest(4.0),
        }
    }
}

#[cfg(feature = "serde")]
impl Form for Noam<Span> {
    const KIND: &'static str = "noam";
    const PEERS: &'static [&'static str] = &["NoamLR", "NoamOpt", "transformer"];
    type Resolved = Noam;

    fn resolve(&self, horizon: &Horizon) -> Result<Noam, ScheduleError> {
        Noam {
            rise: horizon.resolve(self.rise),
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
    fn it_peaks_at_the_last_update_of_its_rise() {
        for rise in [1, 2, 3, 40, 4_000] {
            let noam = Noam::new(rise);
            assert_eq!(noam.factor(rise - 1), 1.0);
            assert!(rise == 1 || noam.factor(rise - 2) < 1.0);
            assert!(noam.factor(rise) < 1.0);
        }
    }

    #[test]
    fn it_is_a_warm_up_and_an_inverse_square_root() {
        let (noam, parts) = (Noam::new(40), InverseSqrt::new(40).warmup(39));
        for update in 0..2_000 {
            assert!((noam.factor(update) / parts.factor(update) - 1.0).abs() < 1e-15);
        }
    }

    #[test]
    fn the_rise_is_at_least_one_update() {
        let error = Noam::new(0).check().unwrap_err();
        assert_eq!(error.to_string(), "noam.rise = 0: must be at least 1");
    }
}
