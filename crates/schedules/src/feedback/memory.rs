//! What a feedback remembers, and the form that a record holds it in.

use std::collections::VecDeque;

/// The counters and the numbers that stand in front of the window.
const COUNTS: usize = 8;
const NUMBERS: usize = 3;

/// Everything that the next reaction depends on, besides the parameters. Metrics are oriented: lower is better.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    /// The updates taken so far.
    pub(super) taken: u64,
    /// The metrics that were judged.
    pub(super) judged: u64,
    /// The reports in the mean that is being made.
    pub(super) collected: u64,
    /// Better metrics in a row.
    pub(super) good: u64,
    /// Metrics in a row that were not better.
    pub(super) bad: u64,
    /// What remains of the pause after a reduction.
    pub(super) cooldown: u64,
    /// What remains of the pause after a raise.
    pub(super) warmup: u64,
    /// The attempts to reduce at the floor that are left before a reset.
    pub(super) left: u64,
    /// What the learning rate is multiplied by.
    pub(super) multiplier: f64,
    /// The best metric.
    pub(super) best: f64,
    /// The mean that is being made, or the sum of the window.
    pub(super) sum: f64,
    /// The multipliers of the parameter groups that follow the same reports.
    pub(super) others: Vec<f64>,
    /// The last metrics, the oldest in front.
    pub(super) window: VecDeque<f64>,
}

impl Memory {
    pub(super) fn new(taken: u64, left: u64) -> Self {
        Self {
            taken,
            judged: 0,
            collected: 0,
            good: 0,
            bad: 0,
            cooldown: 0,
            warmup: 0,
            left,
            multiplier: 1.0,
            best: f64::INFINITY,
            sum: 0.0,
            others: Vec::new(),
            window: VecDeque::new(),
        }
    }

    /// The update that a report belongs to.
    pub(super) fn update(&self) -> u64 {
        self.taken.saturating_sub(1)
    }

    /// Adds a metric to a window of the last `most`, and returns the one that falls out.
    pub(super) fn push(&mut self, metric: f64, most: u64) -> Option<f64> {
        self.window.push_back(metric);
        if self.window.len() as u64 > most {
            self.window.pop_front()
        } else {
            None
        }
    }

    pub(super) fn write(&self, fingerprint: u64) -> FeedbackState {
        let counts: [u64; COUNTS] = [
            self.taken,
            self.judged,
            self.collected,
            self.good,
            self.bad,
            self.cooldown,
            self.warmup,
            self.left,
        ];
        let numbers: [f64; NUMBERS] = [self.multiplier, self.best, self.sum];
        let numbers = numbers.iter().chain(&self.others).chain(&self.window);
        FeedbackState {
            fingerprint,
            counts: counts.to_vec(),
            bits: numbers.map(|number| number.to_bits()).collect(),
        }
    }

    /// What was written with so many other groups, or `None` where that has another form.
    pub(super) fn read(state: &FeedbackState, others: usize) -> Option<Self> {
        let counts: [u64; COUNTS] = state.counts.as_slice().try_into().ok()?;
        let [taken, judged, collected, good, bad, cooldown, warmup, left] = counts;
        let (front, lists) = state.bits.split_first_chunk::<NUMBERS>()?;
        let [multiplier, best, sum] = front.map(f64::from_bits);
        let mut lists = lists.iter().copied().map(f64::from_bits);
        Some(Self {
            taken,
            judged,
            collected,
            good,
            bad,
            cooldown,
            warmup,
            left,
            multiplier,
            best,
            sum,
            others: (0..others).map(|_| lists.next()).collect::<Option<_>>()?,
            window: lists.collect(),
        })
    }
}

/// The state of one feedback within a [`SchedulerState`](crate::SchedulerState).
///
/// Numbers are stored as their bits, since a best that is infinite or NaN has no other form in JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
#[non_exhaustive]
pub struct FeedbackState {
    /// What identifies the kind and its parameters.
    pub fingerprint: u64,
    /// Updates taken, metrics judged, reports in the mean, better and other metrics in a row, what is left of the
    /// pauses after a reduction and a raise, and of the attempts before a reset.
    pub counts: Vec<u64>,
    /// The bits of the multiplier, the best metric, the mean or sum, the other groups' multipliers, and the window.
    pub bits: Vec<u64>,
}

#[cfg(feature = "burn")]
impl FeedbackState {
    pub(crate) fn new(fingerprint: u64, counts: Vec<u64>, bits: Vec<u64>) -> Self {
        Self {
            fingerprint,
            counts,
            bits,
        }
    }
}

/// The number of counters, and the most numbers, that a state has.
#[cfg(feature = "burn")]
pub(crate) const STATE_LIMITS: (u64, u64) = (
    COUNTS as u64,
    NUMBERS as u64 + super::MAX_GROUPS as u64 + super::MAX_WINDOW,
);

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    #[test]
    fn every_field_is_written_and_read() {
        let state = FeedbackState {
            fingerprint: 9,
            counts: (1..=8).collect(),
            bits: [0.5, f64::NAN, -0.0, 1.0, f64::INFINITY]
                .map(f64::to_bits)
                .to_vec(),
        };
        for others in 0..=2 {
            let memory = Memory::read(&state, others).unwrap();
            assert_eq!((memory.taken, memory.left), (1, 8));
            assert_eq!(memory.others.len(), others);
            assert_eq!(memory.window.len(), 2 - others);
            assert_eq!(memory.write(9), state);
        }
        assert!(Memory::read(&state, 3).is_none());
    }

    #[test]
    fn another_form_is_refused() {
        let good = Memory::new(0, 0).write(0);
        for (counts, bits) in [(7, 3), (9, 3), (8, 2), (8, 0)] {
            let state = FeedbackState {
                counts: vec![0; counts],
                bits: vec![0; bits],
                ..good.clone()
            };
            assert!(Memory::read(&state, 0).is_none(), "{counts}, {bits}");
        }
    }

    #[test]
    fn a_window_drops_its_oldest() {
        let mut memory = Memory::new(0, 0);
        assert_eq!(
            [1.0, 2.0, 3.0].map(|metric| memory.push(metric, 2)),
            [None, None, Some(1.0)]
        );
        assert_eq!(memory.window, [2.0, 3.0]);
    }
}
