//! The ways to tell a plateau.

use super::MetricMode;
use super::mode::by_magnitude;

/// How [`Plateau`](crate::Plateau) tells that a metric has stopped getting better.
///
/// With `best` the best metric so far, `θ` the threshold and `δ` the least distance, for a metric that falls:
///
/// | rule | better | reduced | not counted after a change |
/// | --- | --- | --- | --- |
/// | `Best` | m < best - θ·\|best\| - δ | at `patience` reports in a row that are not better | `cooldown` reports |
/// | `Trend` | see below | when `patience` reports have no downward trend | `cooldown` reports |
/// | `Torch` | m < best·(1 - θ) - δ | at `patience` + 1 in a row | `cooldown` |
/// | `Keras` | m + δ < best·(1 - θ), and the first | at `patience` in a row | `cooldown` - 1 |
/// | `Optax` | m < best·(1 - θ) - δ | when exactly `patience` are counted | `cooldown` |
///
/// The last three are the peers' own recurrences with their faults: for a negative best, θ is on the wrong side, so
/// that a metric which merely stays counts as better; Keras takes the first metric as the best even if it is NaN; and
/// with a `patience` of 0, optax reduces at every better metric. A metric that is not finite is never the best of
/// `Best`; for the peers an infinite one can be.
///
/// # The trend
///
/// A spike leaves a best behind that a steady decrease may take long to reach again, and that is not a plateau. `Trend`
/// therefore does not look at the best. It looks at how the last n = `patience` reports, 5 to 1000, stand to each
/// other, in pairs that are at most h = ⌊n / 3⌋ apart:
///
/// ```text
/// S     = pairs of which the later is lower - pairs of which the later is higher
/// P     = n·h - h·(h + 1) / 2                          the number of pairs
/// σ²    = P / 3 + h·(h + 1)·(2h + 1) / 9               the variance of S if the order is chance
/// slope = median of (earlier - later) / distance       over the same pairs
/// getting better:  S ≥ σ  and  (n - 1)·slope > θ·|median| + δ
/// ```
///
/// S is scale-free and knows the noise: it is Kendall's statistic, kept to near pairs. A spike or a step up spoils at
/// most h·(h + 1) / 2 of them, so that a decrease on both sides of it is still seen at every n from 5 on. While the
/// window fills, first and after each change, nothing is judged.
///
/// Mann (1945), *Nonparametric Tests Against Trend*; Sen (1968), *Estimates of the Regression Coefficient Based on
/// Kendall's Tau*. Asked of PyTorch in issue 30873.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum PlateauRule {
    /// By the best so far, right for negative metrics too.
    #[default]
    Best,
    /// By the trend of the last reports, for metrics that spike.
    Trend,
    /// PyTorch's `ReduceLROnPlateau`.
    Torch,
    /// Keras' `ReduceLROnPlateau`.
    Keras,
    /// optax' `reduce_on_plateau`.
    Optax,
}

impl PlateauRule {
    /// Whether an oriented metric is better than the best; `first` if there was none before it.
    pub(super) fn better(
        self,
        mode: MetricMode,
        (threshold, min_delta): (f64, f64),
        (metric, best): (f64, f64),
        first: bool,
    ) -> bool {
        let scaled = best * mode.relative(threshold);
        match self {
            Self::Best | Self::Trend => by_magnitude(metric, best, threshold, min_delta),
            Self::Torch | Self::Optax => metric < scaled - min_delta,
            Self::Keras => first || metric + min_delta < scaled,
        }
    }

    pub(super) fn number(self) -> u64 {
        match self {
            Self::Best => 0,
            Self::Trend => 1,
            Self::Torch => 2,
            Self::Keras => 3,
            Self::Optax => 4,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_as_much_better_as_asked_for_is_not_better() {
        use PlateauRule::{Best, Keras, Optax, Torch, Trend};

        // With a threshold of a half, 1 is exactly half of 2; with a minimum of 0.5, 1.5 is exactly that much less.
        let better = |rule: PlateauRule, by: (f64, f64), metric: f64| {
            rule.better(MetricMode::Min, by, (metric, 2.0), false)
        };
        for rule in [Best, Trend, Torch, Keras, Optax] {
            for (by, metric) in [((0.5, 0.0), 1.0), ((0.0, 0.5), 1.5), ((0.0, 0.0), 2.0)] {
                assert!(!better(rule, by, metric), "{rule:?} {by:?}");
                assert!(better(rule, by, metric - 1e-9), "{rule:?} {by:?}");
            }
        }
        assert!(Keras.better(MetricMode::Min, (0.0, 0.5), (9.0, 2.0), true));
    }
}
