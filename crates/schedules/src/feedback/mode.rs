//! Which metrics are better than others.

/// Whether a lower or a higher metric is better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum MetricMode {
    /// Lower is better: a loss.
    #[default]
    Min,
    /// Higher is better: an accuracy.
    Max,
}

impl MetricMode {
    /// The metric with a sign that makes the lower one better, which changes no digit of it.
    pub(super) fn oriented(self, metric: f64) -> f64 {
        match self {
            Self::Min => metric,
            Self::Max => -metric,
        }
    }

    /// What PyTorch, Keras, optax and transformers multiply the best by, to the bound that a better metric passes.
    pub(super) fn relative(self, threshold: f64) -> f64 {
        match self {
            Self::Min => 1.0 - threshold,
            Self::Max => 1.0 + threshold,
        }
    }

    pub(super) fn number(self) -> u64 {
        match self {
            Self::Min => 0,
            Self::Max => 1,
        }
    }
}

/// Whether an oriented `metric` is better than `best` by a share of its magnitude and by a distance.
///
/// What is not finite is never better. Before the first better metric, `best` is infinite.
pub(super) fn by_magnitude(metric: f64, best: f64, threshold: f64, min_delta: f64) -> bool {
    // Infinity less its own share would be NaN.
    let bound = if best.is_finite() {
        best - threshold * best.abs() - min_delta
    } else {
        best
    };
    metric.is_finite() && metric < bound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_of_the_magnitude() {
        for (metric, best, better) in [
            (0.89, 1.0, true),
            (0.9, 1.0, false),
            (-1.1, -1.0, false),
            (-1.11, -1.0, true),
            (-0.95, -1.0, false),
            (5.0, f64::INFINITY, true),
            (f64::INFINITY, f64::INFINITY, false),
            (f64::NEG_INFINITY, 1.0, false),
            (f64::NAN, f64::INFINITY, false),
            (-1e-9, 0.0, true),
        ] {
            assert_eq!(
                by_magnitude(metric, best, 0.1, 0.0),
                better,
                "{metric} after {best}"
            );
        }
        assert!(!by_magnitude(0.75, 1.0, 0.0, 0.25));
        assert!(by_magnitude(0.74, 1.0, 0.0, 0.25));
        assert!(!by_magnitude(0.65, 1.0, 0.125, 0.25));
    }
}
