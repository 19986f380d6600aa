//! The learning rate that goes with another batch size.

use crate::{MAX_PEAK, ScheduleError, check};

/// How a learning rate that was tuned at one batch size is carried to another one.
///
/// ```text
/// Linear        peak · to / from
/// SquareRoot    peak · √(to / from)
/// ```
///
/// A batch is what one update sees: samples of all devices, over all accumulated gradients. With plain SGD an update is
/// as long as the gradient, and a batch of twice the size makes half the updates: the linear rule. An optimizer that
/// divides the gradient by its own size, as Adam, LAMB, Lion and Muon do each in its way, makes steps of the same
/// length whatever the noise, and the square root keeps the noise of the path: the square-root rule. Both hold up to
/// some batch size, and the linear one needs a warm-up.
///
/// ```
/// use schedules::prelude::*;
///
/// let peak = ScalingRule::for_optimizer("AdamW")?.peak(3e-4, 256, 1_024)?;
/// assert_eq!(peak, 6e-4);
/// let rate = Cosine::new(1_000).warmup_within(50).peak(peak)?;
/// assert_eq!(rate.rate_at(50), 6e-4);
///
/// assert_eq!(ScalingRule::Linear.peak(0.1, 256, 1_024)?, 0.4);
/// # Ok::<(), ScheduleError>(())
/// ```
///
/// Goyal et al. (2017), *Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour*, section 2.1, for the linear rule.
/// Krizhevsky (2014), *One Weird Trick for Parallelizing Convolutional Neural Networks*, for the square root; Malladi et
/// al. (2022), *On the SDEs and Scaling Rules for Adaptive Gradient Algorithms*, for Adam and RMSProp; You et al. (2020),
/// *Large Batch Optimization for Deep Learning: Training BERT in 76 Minutes*, for LAMB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScalingRule {
    /// In proportion to the batch size.
    Linear,
    /// In proportion to the square root of the batch size.
    SquareRoot,
}

/// Every optimizer whose rule is known, in lower-case letters and digits.
const OPTIMIZERS: [(ScalingRule, &[&str]); 2] = [
    (ScalingRule::Linear, &["sgd", "momentum", "nesterov"]),
    (
        ScalingRule::SquareRoot,
        &[
            "adam",
            "adamw",
            "adamax",
            "amsgrad",
            "nadam",
            "nadamw",
            "radam",
            "adabelief",
            "adagrad",
            "adadelta",
            "adafactor",
            "rmsprop",
            "lamb",
            "lion",
            "muon",
        ],
    ),
];

impl ScalingRule {
    /// The rule for an optimizer by its name, whatever its case and punctuation: `"sgd"`, `"AdamW"`, `"rms_prop"`.
    ///
    /// # Errors
    /// A name that is not known; a rule that is guessed would be a learning rate that is guessed.
    ///
    /// ```
    /// use schedules::ScalingRule;
    ///
    /// assert_eq!(ScalingRule::for_optimizer("SGD"), Ok(ScalingRule::Linear));
    /// assert_eq!(ScalingRule::for_optimizer("lion"), Ok(ScalingRule::SquareRoot));
    /// let error = ScalingRule::for_optimizer("lars").unwrap_err();
    /// assert!(error.to_string().starts_with("optimizer = \"lars\": must be one of sgd, momentum, nesterov, adam, "));
    /// ```
    pub fn for_optimizer(name: &str) -> Result<Self, ScheduleError> {
        let plain: String = name
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|letter| letter.to_ascii_lowercase())
            .collect();
        let rule = OPTIMIZERS
            .iter()
            .find(|(_, names)| names.contains(&plain.as_str()));
        let known = OPTIMIZERS.map(|(_, names)| names.join(", ")).join(", ");
        rule.map(|(rule, _)| *rule).ok_or_else(|| {
            let allowed =
                format!("must be one of {known}; for any other the rule is yours to choose");
            ScheduleError::new("optimizer", name, allowed)
        })
    }

    /// The peak learning rate at batch size `to` that does what `peak` does at batch size `from`.
    ///
    /// # Errors
    /// A batch size of 0, or a `peak` that is not above 0 and at most [`MAX_PEAK`].
    ///
    /// ```
    /// use schedules::ScalingRule;
    ///
    /// let error = ScalingRule::Linear.peak(0.1, 256, 0).unwrap_err();
    /// assert_eq!(error.to_string(), "to = 0: must be at least 1");
    /// ```
    pub fn peak(self, peak: f64, from: u64, to: u64) -> Result<f64, ScheduleError> {
        check::positive("peak", peak, MAX_PEAK)?;
        check::length("from", from)?;
        check::length("to", to)?;
        let ratio = to as f64 / from as f64;
        Ok(match self {
            Self::Linear => peak * ratio,
            Self::SquareRoot => peak * ratio.sqrt(),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    #[test]
    fn both_rules_go_both_ways() {
        assert_eq!(ScalingRule::Linear.peak(0.1, 256, 64), Ok(0.025));
        assert_eq!(ScalingRule::SquareRoot.peak(0.1, 256, 64), Ok(0.05));
        for rule in [ScalingRule::Linear, ScalingRule::SquareRoot] {
            assert_eq!(rule.peak(0.1, 96, 96), Ok(0.1));
        }
    }

    #[test]
    fn the_optimizers_are_told_apart() {
        for (name, rule) in [
            ("sgd", ScalingRule::Linear),
            ("Nesterov", ScalingRule::Linear),
            ("adam", ScalingRule::SquareRoot),
            ("Adam-W", ScalingRule::SquareRoot),
            ("rms_prop", ScalingRule::SquareRoot),
            ("LAMB", ScalingRule::SquareRoot),
            ("Lion", ScalingRule::SquareRoot),
            ("muon", ScalingRule::SquareRoot),
        ] {
            assert_eq!(ScalingRule::for_optimizer(name), Ok(rule), "{name}");
        }
        for name in ["", "lars", "adamish", "sgdw"] {
            let error = ScalingRule::for_optimizer(name).unwrap_err();
            assert_eq!(
                (error.path(), error.value()),
                ("optimizer", format!("{name:?}").as_str())
            );
        }
    }

    #[test]
    fn nothing_is_divided_by_zero() {
        for rule in [ScalingRule::Linear, ScalingRule::SquareRoot] {
            assert_eq!(rule.peak(0.1, 0, 64).unwrap_err().path(), "from");
            assert_eq!(rule.peak(0.1, 64, 0).unwrap_err().path(), "to");
            assert_eq!(rule.peak(0.0, 64, 64).unwrap_err().path(), "peak");
            assert_eq!(rule.peak(f64::NAN, 64, 64).unwrap_err().path(), "peak");
        }
    }
}
