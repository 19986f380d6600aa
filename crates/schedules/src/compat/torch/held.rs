//! The momentum of schedulers that follow each other.

use super::link::Stage;
use crate::{Fingerprint, Schedule, ScheduleError, Sequence};

/// A sequence whose momentum stays where it was left by the last part that moves one.
///
/// In PyTorch the momentum belongs to the optimizer: a scheduler that moves none leaves it as it is, and constructors
/// have set it before the first update, the last of them for good.
#[derive(Clone, Debug)]
pub(super) struct Held {
    sequence: Sequence,
    starts: Vec<u64>,
}

impl Held {
    pub(super) fn new(sequence: Sequence, stages: &[Stage]) -> Self {
        let starts = stages.iter().map(|stage| stage.start).collect();
        Self { sequence, starts }
    }

    /// Whether any part moves a momentum.
    pub(super) fn moves(&self) -> bool {
        self.momentum(0).is_some()
    }
}

impl Schedule for Held {
    fn factor(&self, update: u64) -> f64 {
        self.sequence.factor(update)
    }

    fn factor_at(&self, time: f64) -> f64 {
        self.sequence.factor_at(time)
    }

    fn momentum(&self, update: u64) -> Option<f64> {
        let begun = self.starts.partition_point(|start| *start <= update);
        let (begun, to_come) = self.starts.split_at(begun);
        let left = begun.iter().rev().filter_map(|start| start.checked_sub(1));
        let constructed = to_come.iter().rev().copied();
        std::iter::once(update)
            .chain(left)
            .chain(constructed)
            .find_map(|update| self.sequence.momentum(update))
    }

    fn length(&self) -> Option<u64> {
        self.sequence.length()
    }

    fn check(&self) -> Result<(), ScheduleError> {
        self.sequence.check()
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("torch_held")
            .nested(&self.sequence)
            .finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use crate::compat::torch::{Child, ConstantLR, CyclicLR, ExponentialLR, SequentialLR};

    /// What PyTorch 2.15 gives, at updates 0 to 11, with SGD's own momentum at 0.9.
    #[test]
    fn the_momentum_stays_where_a_cycle_left_it() {
        let cycle = CyclicLR {
            step_size_up: 5,
            ..CyclicLR::new(0.01, 0.1)
        };
        let schedulers: Vec<Child> = vec![
            ConstantLR::default().into(),
            cycle.into(),
            ExponentialLR { gamma: 0.9 }.into(),
        ];
        let milestones = vec![2, 6];
        let sequence = SequentialLR {
            schedulers,
            milestones,
        };
        let rate = sequence.build(0.01).unwrap();
        let momenta = [0.9, 0.9, 0.9, 0.88, 0.86, 0.84, 0.84, 0.84];
        for (update, momentum) in momenta.into_iter().enumerate() {
            let ours = rate.momentum_at(update as u64).unwrap();
            assert!((ours - momentum).abs() < 1e-12, "{update}: {ours}");
        }
    }

    #[test]
    fn without_a_cycle_there_is_none() {
        let schedulers = vec![
            ConstantLR::default().into(),
            ExponentialLR { gamma: 0.9 }.into(),
        ];
        let milestones = vec![2];
        let sequence = SequentialLR {
            schedulers,
            milestones,
        };
        assert_eq!(sequence.build(0.1).unwrap().momentum_at(3), None);
    }
}
