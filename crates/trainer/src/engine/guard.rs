//! When a run has gone wrong for good.

use serde::{Deserialize, Serialize};

use super::{Update, exact};
use crate::data::Part;

/// What can become of a loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It is NaN or infinite.
    NotFinite,
    /// It has run away.
    RanAway,
    /// The model has forgotten what it had learned, and learns no more.
    Collapsed,
}

impl Trouble {
    /// In a word or two.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotFinite => "diverged",
            Self::RanAway => "ran away",
            Self::Collapsed => "collapsed",
        }
    }
}

/// A loss at this many times both the class frequencies' and the first has run away, if it stays there.
const AWAY: f64 = 2.0;
/// A mean of three losses that is this many times the first is a spike.
const SPIKE: f64 = 1.5;
/// A loss above this share of the class frequencies' has learned nothing.
const NOTHING: f64 = 0.9;
/// How many updates in a row it takes to be sure, or an epoch if that is longer: a spike often heals.
const SURE: u64 = 50;

/// Watches the losses of a run, one after the other.
///
/// ```text
/// not finite   a loss is NaN or infinite
/// ran away     loss > 2 · max(first, H)                     for max(50, an epoch) updates in a row
/// collapsed    loss > 0.9 · H after a spike                 for max(50, an epoch) updates in a row
/// spike        a mean of three losses > 1.5 · max(first, H)
/// ```
///
/// H is the loss of answering with the frequencies of the classes. These are the verdict's definitions of a run that
/// ended so, held to a stricter measure: what is stopped cannot recover any more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Guard {
    chance: f64,
    sure: u64,
}

/// The mean cross-entropy of answering every image of `part` with the frequencies of its classes, in nats.
///
/// ```text
/// H = −Σ f ln f        f: the share of each class
/// ```
pub fn class_frequency_loss(part: &Part) -> f64 {
    let mut counts = vec![0_usize; part.images().classes()];
    for position in 0..part.len() {
        counts[usize::from(part.label(position))] += 1;
    }
    let shares = counts.iter().map(|count| *count as f64 / part.len() as f64);
    shares
        .filter(|share| *share > 0.0)
        .map(|share| -share * share.ln())
        .sum()
}

/// What the guard remembers of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Watch {
    #[serde(with = "exact")]
    first: f64,
    #[serde(with = "exact")]
    before: f64,
    #[serde(with = "exact")]
    last: f64,
    seen: u64,
    spiked: bool,
    away: u64,
    nothing: u64,
}

impl Watch {
    pub(super) fn new() -> Self {
        Self {
            first: 0.0,
            before: 0.0,
            last: 0.0,
            seen: 0,
            spiked: false,
            away: 0,
            nothing: 0,
        }
    }

    /// Whether nothing speaks against the state after the last loss.
    pub(super) fn is_calm(&self) -> bool {
        self.away == 0 && self.nothing == 0
    }
}

impl Guard {
    /// For a run that learns `part` with so many updates in an epoch.
    pub(super) fn new(part: &Part, updates_per_epoch: u64) -> Self {
        Self {
            chance: class_frequency_loss(part),
            sure: updates_per_epoch.max(SURE),
        }
    }

    /// Takes in the losses of `updates`, and returns the first that there is no way back from.
    pub(super) fn watch(self, watch: &mut Watch, updates: &[Update]) -> Option<(Update, Trouble)> {
        let mut updates = updates.iter();
        updates.find_map(|update| Some((*update, self.see(watch, update.train_loss)?)))
    }

    fn see(self, watch: &mut Watch, loss: f64) -> Option<Trouble> {
        if !loss.is_finite() {
            return Some(Trouble::NotFinite);
        }
        if watch.seen == 0 {
            watch.first = loss;
        }
        watch.seen += 1;
        let usual = watch.first.max(self.chance);
        let mean = (watch.before + watch.last + loss) / 3.0;
        watch.spiked |= watch.seen >= 3 && mean > SPIKE * usual;
        (watch.before, watch.last) = (watch.last, loss);
        let count = |holds: bool, before: u64| if holds { before + 1 } else { 0 };
        watch.away = count(loss > AWAY * usual, watch.away);
        watch.nothing = count(watch.spiked && loss > NOTHING * self.chance, watch.nothing);
        if watch.away >= self.sure {
            Some(Trouble::RanAway)
        } else if watch.nothing >= self.sure {
            Some(Trouble::Collapsed)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first trouble among `losses`, and its place.
    fn trouble(losses: impl IntoIterator<Item = f64>) -> Option<(usize, Trouble)> {
        let guard = Guard {
            chance: 10.0_f64.ln(),
            sure: 50,
        };
        let mut watch = Watch::new();
        let mut losses = losses.into_iter().enumerate();
        losses.find_map(|(place, loss)| Some((place, guard.see(&mut watch, loss)?)))
    }

    fn steady(loss: f64, count: usize) -> impl Iterator<Item = f64> {
        std::iter::repeat_n(loss, count)
    }

    #[test]
    fn a_loss_that_is_no_number_is_seen_at_once() {
        for loss in [f64::NAN, f64::INFINITY] {
            let seen = trouble([2.3, 2.0, loss]);
            assert_eq!(seen, Some((2, Trouble::NotFinite)));
        }
    }

    #[test]
    fn a_loss_that_stays_away_has_run_away() {
        let away = steady(2.3, 5).chain(steady(4.7, 60));
        assert_eq!(trouble(away), Some((54, Trouble::RanAway)));
        // A high loss at the beginning is where the run comes from.
        assert_eq!(trouble(steady(9.0, 200)), None);
    }

    #[test]
    fn a_spike_that_heals_is_none() {
        let healing = steady(2.3, 5)
            .chain(steady(8.0, 40))
            .chain(steady(1.0, 100));
        assert_eq!(trouble(healing), None);
    }

    #[test]
    fn guessing_after_a_spike_is_a_collapse_and_before_one_it_is_the_beginning() {
        let guessing = || steady(2.3, 200);
        assert_eq!(trouble(guessing()), None);
        let collapsed = steady(2.3, 5).chain(steady(4.0, 3)).chain(guessing());
        let (_, seen) = trouble(collapsed).unzip();
        assert_eq!(seen, Some(Trouble::Collapsed));
        // One high loss does not bring the mean of three to 1.5 times the first.
        let single = steady(2.3, 5).chain([5.0]).chain(guessing());
        assert_eq!(trouble(single), None);
    }

    #[test]
    fn it_is_seen_at_the_same_update_however_the_losses_come() {
        let losses: Vec<f64> = steady(2.3, 5).chain(steady(5.0, 60)).collect();
        let guard = Guard {
            chance: 2.3,
            sure: 50,
        };
        let update = |(number, loss): (usize, &f64)| Update {
            update: number as u64,
            epoch: 0,
            learning_rate: 0.1,
            momentum: None,
            train_loss: *loss,
            validation: None,
            probe: None,
            gain: None,
        };
        let updates: Vec<Update> = losses.iter().enumerate().map(update).collect();
        for length in [1, 7, 65] {
            let mut watch = Watch::new();
            let mut parts = updates.chunks(length);
            let seen = parts.find_map(|part| guard.watch(&mut watch, part));
            let seen = seen.map(|(update, trouble)| (update.update, trouble));
            assert_eq!(seen, Some((54, Trouble::RanAway)));
        }
    }
}
