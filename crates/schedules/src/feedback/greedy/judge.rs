//! What a report does to a greedy multiplier's memory.

use super::super::mode::by_magnitude;
use super::super::{Memory, Reaction};
use super::Greedy;

impl Greedy {
    /// What is remembered before the first report, when `taken` updates have been taken.
    pub(in crate::feedback) fn beginning(&self, taken: u64, others: &[Self]) -> Memory {
        Memory {
            multiplier: self.unit(),
            others: others.iter().map(Self::unit).collect(),
            ..Memory::new(taken, self.reset_start)
        }
    }

    /// `others` are the rules of the parameter groups that follow the same reports: it begins anew when all are at
    /// their floors.
    pub(in crate::feedback) fn report(
        &self,
        others: &[Self],
        memory: &mut Memory,
        metric: f64,
    ) -> Reaction {
        let metric = self.smoothed(memory, self.mode.oriented(metric));
        for pause in [&mut memory.cooldown, &mut memory.warmup] {
            if *pause > 0 {
                *pause -= 1;
                let left = *pause;
                (memory.good, memory.bad) = (0, 0);
                return Reaction::CoolingDown { left };
            }
        }
        if self.better(metric, memory.best) {
            memory.best = metric;
            (memory.good, memory.bad) = (memory.good.saturating_add(1), 0);
        } else {
            (memory.good, memory.bad) = (0, memory.bad.saturating_add(1));
        }
        if memory.good > self.patience {
            (memory.good, memory.warmup) = (0, self.warmup);
            self.raise(others, memory)
        } else if memory.bad > self.patience {
            let reaction = self.reduce(others, memory);
            (memory.bad, memory.cooldown) = (0, self.cooldown);
            reaction
        } else {
            Reaction::Unchanged
        }
    }

    fn better(&self, metric: f64, best: f64) -> bool {
        if self.literal.is_some() {
            return metric < best * self.mode.relative(self.threshold) - self.min_delta;
        }
        by_magnitude(metric, best, self.threshold, self.min_delta)
    }

    fn smoothed(&self, memory: &mut Memory, metric: f64) -> f64 {
        if self.window() == 0 {
            return metric;
        }
        if self.literal.is_some() {
            memory.sum += metric;
            if let Some(dropped) = memory.push(metric, self.smooth) {
                memory.sum -= dropped;
            }
            return memory.sum / memory.window.len() as f64;
        }
        if !metric.is_finite() {
            return f64::NAN;
        }
        memory.push(metric, self.smooth);
        memory.window.iter().sum::<f64>() / memory.window.len() as f64
    }

    fn raised(&self, from: f64) -> f64 {
        let to = (from / self.factor).min(self.ceiling);
        if to - from > self.eps { to } else { from }
    }

    fn reduced(&self, from: f64) -> f64 {
        let to = (from * self.factor).max(self.floor);
        if from - to > self.eps { to } else { from }
    }

    fn raise(&self, others: &[Self], memory: &mut Memory) -> Reaction {
        memory.left = self.reset_start;
        for (other, multiplier) in others.iter().zip(&mut memory.others) {
            *multiplier = other.raised(*multiplier);
        }
        let from = memory.multiplier;
        let to = self.raised(from);
        memory.multiplier = to;
        if to == from {
            return Reaction::Limited;
        }
        Reaction::Raised { from, to }
    }

    fn reduce(&self, others: &[Self], memory: &mut Memory) -> Reaction {
        let mut lowest = true;
        for (other, multiplier) in others.iter().zip(&mut memory.others) {
            *multiplier = other.reduced(*multiplier);
            lowest &= *multiplier <= other.floor;
        }
        let from = memory.multiplier;
        let to = self.reduced(from);
        memory.multiplier = to;
        if lowest && to <= self.floor {
            memory.left = memory.left.saturating_sub(1);
            if memory.left == 0 {
                *memory = self.beginning(memory.taken, others);
                let to = memory.multiplier;
                return Reaction::Reset { from, to };
            }
        }
        if to == from {
            return Reaction::Limited;
        }
        Reaction::Reduced { from, to }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;
    use crate::MetricMode;

    fn multipliers(greedy: Greedy, metrics: &[f64]) -> Vec<f64> {
        greedy.check().unwrap();
        let mut memory = greedy.beginning(0, &[]);
        let report = |metric: &f64| {
            greedy.report(&[], &mut memory, *metric);
            memory.multiplier
        };
        metrics.iter().map(report).collect()
    }

    fn quick() -> Greedy {
        Greedy::min().factor(0.5).patience(0)
    }

    #[test]
    fn pauses_ignore_the_metric_and_the_best() {
        // Raised at 1.0; 0.1 and 0.2 are ignored, so 0.9 is better.
        let found = multipliers(quick().warmup(2), &[1.0, 0.1, 0.2, 0.9, 2.0, 2.0, 2.0]);
        assert_eq!(found, [2.0, 2.0, 2.0, 4.0, 4.0, 4.0, 2.0]);
        let found = multipliers(quick().cooldown(1), &[1.0, 1.0, 0.1, 0.9, 0.9]);
        assert_eq!(found, [2.0, 1.0, 1.0, 2.0, 1.0]);
    }

    #[test]
    fn a_row_is_one_longer_than_the_patience() {
        let found = multipliers(quick().patience(2), &[5.0, 4.0, 3.0, 3.0, 3.0, 3.0]);
        assert_eq!(found, [1.0, 1.0, 2.0, 2.0, 2.0, 1.0]);
    }

    #[test]
    fn limits_hold_and_a_long_stay_at_the_floor_resets() {
        let limited = quick().ceiling(3.0).floor(0.3).reset_start(2);
        let found = multipliers(limited, &[3.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        // The floor is reached once and found once more; then 1.0 is the first metric again.
        assert_eq!(found, [2.0, 3.0, 3.0, 1.5, 0.75, 0.375, 0.3, 1.0, 2.0, 1.0]);
    }

    #[test]
    fn a_small_change_is_not_made() {
        assert_eq!(multipliers(quick().eps(1.0), &[1.0]), [1.0]);
        assert_eq!(multipliers(quick().eps(0.5), &[f64::NAN]), [1.0]);
        assert_eq!(multipliers(quick().eps(0.499), &[f64::NAN]), [0.5]);
    }

    #[test]
    fn nan_spoils_only_the_peers_mean() {
        let metrics = [4.0, f64::NAN, 2.0, 1.0];
        let ours = multipliers(quick().smooth(2), &metrics);
        assert_eq!(ours, [2.0, 1.0, 2.0, 4.0]);
        let peers = multipliers(quick().smooth(2).literal(1.0), &metrics);
        assert_eq!(peers, [2.0, 1.0, 0.5, 0.25]);
        let of_one = multipliers(quick().smooth(1).literal(1.0), &metrics);
        assert_eq!(of_one, peers);
        let of_none = multipliers(quick().smooth(0).literal(1.0), &metrics);
        assert_eq!(of_none, [2.0, 1.0, 2.0, 4.0]);
    }

    #[test]
    fn negative_metrics_get_better_by_their_magnitude() {
        let level = [-1.0, -1.0, -1.0];
        let relative = quick().min_delta(0.0).threshold(0.1);
        assert_eq!(multipliers(relative, &level), [2.0, 1.0, 0.5]);
        assert_eq!(multipliers(relative.literal(1.0), &level), [2.0, 4.0, 8.0]);
        let rising = relative.mode(MetricMode::Max);
        assert_eq!(multipliers(rising, &[1.0, 1.1, 1.3]), [2.0, 1.0, 2.0]);
    }

    #[test]
    fn groups_begin_anew_together() {
        let high = quick().literal(1.0).floor(0.5).reset_start(2);
        let low = quick().literal(1.0).floor(0.25).reset_start(2);
        let mut memory = high.beginning(0, &[low]);
        let report = |_| {
            let reaction = high.report(&[low], &mut memory, f64::NAN);
            (
                memory.multiplier,
                memory.others[0],
                matches!(reaction, Reaction::Reset { .. }),
            )
        };
        // The second is at its floor one report after the first, and from then on it counts.
        assert_eq!(
            [0; 4].map(report),
            [
                (0.5, 0.5, false),
                (0.5, 0.25, false),
                (1.0, 1.0, true),
                (0.5, 0.5, false)
            ]
        );
    }
}
