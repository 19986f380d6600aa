//! What was recorded of a run.

use crate::data::Part;
use crate::engine::{Gain, Update, class_frequency_loss};

/// A value that was measured now and then.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// After which update, counted from 0.
    pub update: u64,
    /// What was measured.
    pub value: f64,
}

/// The curves of a run, as `metrics.csv` has them: all that a [`Verdict`](super::Verdict) is made from.
///
/// Only the losses and the learning rates must be there. What else there is makes more verdicts possible, and none of it
/// is needed for the outcome.
///
/// ```
/// use trainer::analysis::{Cause, Curves, Outcome, judge};
///
/// // A loss that falls at the same speed from the first update to the last.
/// let losses: Vec<f64> = (0..200).map(|update| 2.3 * (-f64::from(update) / 400.0).exp()).collect();
/// let curves = Curves {
///     learning_rates: vec![1e-3; 200],
///     losses,
///     ..Curves::default()
/// };
/// let verdict = judge(&curves);
/// assert_eq!((verdict.outcome, verdict.cause), (Outcome::Slow, Cause::RateTooLow));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curves {
    /// The mean cross-entropy of answering every image with the frequencies of the classes, in nats. Without it, the
    /// loss before the first update stands for it.
    pub chance: Option<f64>,
    /// The learning rate of each update.
    pub learning_rates: Vec<f64>,
    /// The training loss of each update, before it.
    pub losses: Vec<f64>,
    /// The loss on the validation images.
    pub validation: Vec<Point>,
    /// The norm of the gradient.
    pub gradient_norm: Vec<Point>,
    /// How far an update moved the weights, as a share of their norm.
    pub update_ratio: Vec<Point>,
    /// The share of hidden units that get a gradient.
    pub live_units: Vec<Point>,
    /// The loss change over the one that the gradient predicted.
    pub gain: Vec<Point>,
    /// The loss change that the gradient predicted, where there is a gain.
    pub predicted: Vec<Point>,
}

impl Curves {
    /// Nothing yet, of a run that learns `train`.
    pub fn of(train: &Part) -> Self {
        Self {
            chance: Some(class_frequency_loss(train)),
            ..Self::default()
        }
    }

    /// Adds what was recorded of further updates.
    pub fn extend(&mut self, updates: &[Update]) {
        for each in updates {
            self.learning_rates.push(each.learning_rate);
            self.losses.push(each.train_loss);
            let mut point = |curve: fn(&mut Self) -> &mut Vec<Point>, value: Option<f64>| {
                let update = each.update;
                curve(self).extend(value.map(|value| Point { update, value }));
            };
            point(
                |curves| &mut curves.validation,
                each.validation.map(|validation| validation.loss),
            );
            let probe = each.probe;
            point(
                |curves| &mut curves.gradient_norm,
                probe.map(|probe| probe.gradient_norm),
            );
            point(
                |curves| &mut curves.update_ratio,
                probe.map(|probe| probe.update_ratio),
            );
            point(
                |curves| &mut curves.live_units,
                probe.and_then(|probe| probe.live_units),
            );
            let gain = each.gain;
            point(|curves| &mut curves.gain, gain.map(Gain::ratio));
            point(
                |curves| &mut curves.predicted,
                gain.map(|gain| gain.predicted),
            );
        }
    }
}
