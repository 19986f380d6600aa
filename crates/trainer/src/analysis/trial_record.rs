//! What is kept of a run of an experiment.

use serde::{Deserialize, Serialize};

use super::{Curves, Verdict, judge};
use crate::data::Part;
use crate::engine::{Metrics, TrialRun, Update};

/// A run of an experiment, as short as it can be told. Losses are mean cross-entropies in nats, accuracies shares from 0
/// to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialRecord {
    /// How many updates it made.
    pub updates: u64,
    /// The loss of answering every image with the frequencies of the classes.
    pub chance: Option<f64>,
    /// What it reached on the validation rows; nothing if it diverged.
    pub validation: Option<Reached>,
    /// What it reached on the test rows; nothing if it diverged.
    pub test: Option<Reached>,
    /// The validation loss as it was measured, and after how many updates.
    pub curve: Vec<(u64, f64)>,
    /// The validation accuracy likewise; none of it in records that were kept without.
    #[serde(default)]
    pub accuracies: Vec<(u64, f64)>,
    /// What its curves say.
    pub verdict: Verdict,
}

/// Loss and accuracy, both finite.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Reached {
    /// Mean cross-entropy, in nats.
    pub loss: f64,
    /// The share of images that were answered right.
    pub accuracy: f64,
}

/// A run whose validation loss stays above this share of the class frequencies' loss has not learned its data.
const LEARNED: f64 = 0.5;

impl TrialRecord {
    /// The record of `run`, which learned `train`.
    pub fn of(run: &TrialRun, train: &Part) -> Self {
        let mut curves = Curves::of(train);
        curves.extend(&run.updates);
        let history = run.end.as_ref().ok();
        let measured = run.updates.iter().filter_map(|update: &Update| {
            let reached = Reached::of(update.validation?)?;
            Some((update.update + 1, reached))
        });
        let (curve, accuracies) = measured
            .map(|(after, Reached { loss, accuracy })| ((after, loss), (after, accuracy)))
            .unzip();
        Self {
            updates: run.updates.len() as u64,
            chance: curves.chance,
            validation: history
                .and_then(|history| history.validation)
                .and_then(Reached::of),
            test: history.and_then(|history| Reached::of(history.test)),
            curve,
            accuracies,
            verdict: judge(&curves),
        }
    }

    /// Whether it got there at all: its loss on the validation rows is finite and below half of the loss of the class
    /// frequencies.
    pub fn is_trained(&self) -> bool {
        let reached = self.validation.zip(self.chance);
        reached.is_some_and(|(reached, chance)| reached.loss < LEARNED * chance)
    }
}

impl Reached {
    /// What was measured, if its loss is finite.
    pub fn of(metrics: Metrics) -> Option<Self> {
        metrics.loss.is_finite().then_some(Self {
            loss: metrics.loss,
            accuracy: metrics.accuracy,
        })
    }
}

#[cfg(test)]
impl TrialRecord {
    /// A run of ten updates that reached this, or diverged where the loss is no number. Guessing costs 2.
    pub(crate) fn made(loss: f64, accuracy: f64) -> Self {
        use super::{Cause, Evidence, Outcome};

        let reached = loss.is_finite().then_some(Reached { loss, accuracy });
        let outcome = match reached {
            Some(_) => Outcome::Settled,
            None => Outcome::Diverged,
        };
        Self {
            updates: 10,
            chance: Some(2.0),
            validation: reached,
            test: reached,
            curve: vec![(5, 2.0 * loss), (10, loss)],
            accuracies: vec![(5, accuracy / 2.0), (10, accuracy)],
            verdict: Verdict {
                outcome,
                cause: Cause::NoEvidence,
                evidence: Evidence::default(),
                suggestion: String::new(),
            },
        }
    }
}
