//! The gain gauge: how much of what the gradient promises an update keeps.

use burn::tensor::{DType, Tensor};
use models::{ImageBatch, Model};

use super::displacement::Departure;
use super::step::Objective;

/// What one update did to the loss of the batches after it, and what their gradient had promised.
///
/// ```text
/// gain = (L'(θ + Δθ) − L'(θ)) / ⟨∇L'(θ), Δθ⟩
/// ```
///
/// `L'` is the loss of the next update's batches, which this update has not seen. Where the rate is small the gain is 1,
/// and curvature lowers it from there. A promise may be small and of either sign, so that single ratios scatter widely:
/// the gain over a stretch of a run is the sum of the changes over the sum of the promises.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gain {
    /// The loss change, `L'(θ + Δθ) − L'(θ)`.
    pub change: f64,
    /// The loss change that the gradient predicted, `⟨∇L'(θ), Δθ⟩`.
    pub predicted: f64,
}

impl Gain {
    /// The one over the other.
    pub fn ratio(self) -> f64 {
        self.change / self.predicted
    }
}

/// An update under way, on the batches of the next one.
#[derive(Debug)]
pub(super) struct Gauge {
    next: Vec<ImageBatch>,
    before: Tensor<1>,
    departure: Departure,
}

/// What was measured, still on the device.
#[derive(Debug)]
pub(super) struct Reading {
    before: Tensor<1>,
    after: Tensor<1>,
    predicted: Tensor<1>,
}

impl Gauge {
    /// Measures the loss of the `next` batches and its gradient before the update. The model is left as it is, and masks
    /// are those that the next update will draw.
    pub(super) fn begin(objective: Objective, model: &Model, next: Vec<ImageBatch>) -> Self {
        let (before, gradients) = objective.measure(model, &next);
        Self {
            before,
            departure: Departure::from(model, &gradients),
            next,
        }
    }

    /// Measures the loss again after the update; nothing if nothing learns.
    pub(super) fn end(self, objective: Objective, model: &Model) -> Option<Reading> {
        Some(Reading {
            predicted: self.departure.to(model)?.predicted,
            after: objective.loss(model, &self.next),
            before: self.before,
        })
    }
}

impl Reading {
    /// The gain; nothing where the loss is not finite, or where both changes are lost in its last digits.
    pub(super) fn value(self) -> Option<Gain> {
        let epsilon = match self.before.dtype() {
            DType::F64 => f64::EPSILON,
            _ => f64::from(f32::EPSILON),
        };
        let [before, after, predicted] =
            [self.before, self.after, self.predicted].map(|tensor| tensor.into_scalar::<f64>());
        gain(before, after, predicted, epsilon)
    }
}

/// A change must be this many times the precision of the loss.
const RESOLVED: f64 = 64.0;

fn gain(before: f64, after: f64, predicted: f64, epsilon: f64) -> Option<Gain> {
    let change = after - before;
    let resolved = change.abs().max(predicted.abs()) > RESOLVED * epsilon * before.abs();
    let ratio = change / predicted;
    (resolved && ratio.is_finite()).then_some(Gain { change, predicted })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gradient descent on L(x) = λx²/2 changes it by −r·g² + λr²·g²/2, of which the gradient predicts the first term.
    #[test]
    fn on_a_parabola_it_falls_from_one_to_zero_at_the_limit() {
        let (curvature, start) = (3.0, 2.0);
        let loss = |x: f64| curvature * x * x / 2.0;
        let gradient = curvature * start;
        for share in [1e-6, 0.25, 0.5, 1.0, 1.5] {
            let rate = share * 2.0 / curvature;
            let predicted = -rate * gradient * gradient;
            let after = loss(start - rate * gradient);
            let found = gain(loss(start), after, predicted, f64::EPSILON);
            let expected = 1.0 - share;
            assert!(found.is_some_and(|found| (found.ratio() - expected).abs() < 1e-9));
        }
    }

    #[test]
    fn what_single_precision_cannot_resolve_is_not_measured() {
        let epsilon = f64::from(f32::EPSILON);
        assert_eq!(gain(2.3, 2.3 - 1e-5, -1e-5, epsilon), None);
        assert!(gain(2.3, 2.3 - 1e-4, -1e-4, epsilon).is_some());
        assert_eq!(gain(2.3, f64::NAN, -1.0, epsilon), None);
        assert_eq!(gain(2.3, 2.3, 0.0, epsilon), None);
    }
}
