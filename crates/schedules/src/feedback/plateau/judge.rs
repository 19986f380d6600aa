//! What a report does to a plateau's memory.

use super::super::{Memory, PlateauRule, Reaction, trend};
use super::Plateau;

impl Plateau {
    pub(in crate::feedback) fn report(&self, memory: &mut Memory, metric: f64) -> Reaction {
        let count = memory.collected as f64;
        let mean = (count * memory.sum + self.mode.oriented(metric)) / (count + 1.0);
        memory.collected = memory.collected.saturating_add(1);
        if memory.collected < self.average {
            memory.sum = mean;
            return Reaction::Averaging;
        }
        (memory.collected, memory.sum) = (0, 0.0);
        match self.rule {
            PlateauRule::Trend => self.judge_trend(memory, mean),
            _ => self.judge_best(memory, mean),
        }
    }

    fn judge_trend(&self, memory: &mut Memory, metric: f64) -> Reaction {
        if memory.cooldown > 0 {
            memory.cooldown -= 1;
            return Reaction::CoolingDown {
                left: memory.cooldown,
            };
        }
        memory.push(metric, self.patience);
        if (memory.window.len() as u64) < self.patience
            || trend::falls(&memory.window, self.threshold, self.min_delta)
        {
            return Reaction::Unchanged;
        }
        memory.window.clear();
        memory.cooldown = self.cooldown;
        self.reduce(memory)
    }

    fn judge_best(&self, memory: &mut Memory, metric: f64) -> Reaction {
        let keras = self.rule == PlateauRule::Keras;
        if keras {
            // Keras counts down before it looks, so that the last report of its pause counts again.
            pause(memory);
        }
        let better = self.rule.better(
            self.mode,
            (self.threshold, self.min_delta),
            (metric, memory.best),
            memory.judged == 0,
        );
        memory.judged = memory.judged.saturating_add(1);
        if better {
            (memory.best, memory.bad) = (metric, 0);
        } else {
            memory.bad = memory.bad.saturating_add(1);
        }
        let pausing = memory.cooldown > 0;
        if pausing && keras {
            memory.bad = 0;
        } else {
            pause(memory);
        }
        if pausing {
            return Reaction::CoolingDown {
                left: memory.cooldown,
            };
        }
        let over = match self.rule {
            PlateauRule::Torch => memory.bad > self.patience,
            PlateauRule::Optax => memory.bad == self.patience,
            _ => !better && memory.bad >= self.patience,
        };
        if !over {
            return Reaction::Unchanged;
        }
        let reaction = self.reduce(memory);
        // At its floor, Keras goes on waiting.
        if !(keras && reaction == Reaction::Limited) {
            (memory.bad, memory.cooldown) = (0, self.cooldown);
        }
        reaction
    }

    fn reduce(&self, memory: &mut Memory) -> Reaction {
        let from = memory.multiplier;
        let to = (from * self.factor).max(self.floor);
        if from - to > self.eps {
            memory.multiplier = to;
            return Reaction::Reduced { from, to };
        }
        Reaction::Limited
    }
}

/// Counts a report off the pause, where there is one.
fn pause(memory: &mut Memory) {
    if memory.cooldown > 0 {
        (memory.cooldown, memory.bad) = (memory.cooldown - 1, 0);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    /// The reports, counted from 1, at which the multiplier was reduced.
    fn reductions(plateau: Plateau, metrics: &[f64]) -> Vec<usize> {
        plateau.check().unwrap();
        let mut memory = Memory::new(0, 0);
        (1..)
            .zip(metrics)
            .filter(|(_, metric)| plateau.report(&mut memory, **metric).is_change())
            .map(|(index, _)| index)
            .collect()
    }

    #[test]
    fn each_rule_has_its_own_patience_and_pause() {
        let level = [1.0; 16];
        for (rule, expected) in [
            // One better report, then two that are not.
            (PlateauRule::Best, vec![3, 8, 13]),
            (PlateauRule::Torch, vec![4, 10, 16]),
            (PlateauRule::Keras, vec![3, 7, 11, 15]),
            (PlateauRule::Optax, vec![3, 8, 13]),
        ] {
            let plateau = Plateau::min().rule(rule).patience(2).cooldown(3);
            assert_eq!(reductions(plateau, &level), expected, "{rule:?}");
        }
        let trend = Plateau::min()
            .rule(PlateauRule::Trend)
            .patience(5)
            .cooldown(3);
        assert_eq!(reductions(trend, &level), [5, 13]);
    }

    #[test]
    fn the_best_is_kept_during_the_pause() {
        let plateau = Plateau::min().patience(1).cooldown(2);
        // The pause's 0.5 is the best that 0.6 is measured against.
        assert_eq!(reductions(plateau, &[1.0, 1.0, 0.5, 0.7, 0.6]), [2, 5]);
    }

    #[test]
    fn negative_metrics_have_plateaus() {
        let level = [-1.0; 8];
        let reduced = |rule| reductions(Plateau::min().rule(rule).patience(3), &level);
        assert_eq!(reduced(PlateauRule::Best), [4, 7]);
        assert_eq!(reduced(PlateauRule::Torch), [0; 0], "the peer's fault");
        assert_eq!(reduced(PlateauRule::Optax), [0; 0], "the peer's fault");
        let rising = Plateau::max().patience(3).threshold(0.1);
        assert_eq!(reductions(rising, &[-1.0, -0.95, -0.91, -0.9, -0.89]), [4]);
        let better = [-1.0, -0.95, -0.91, -0.89, -0.88, -0.88];
        assert_eq!(reductions(rising, &better), [0; 0]);
    }

    #[test]
    fn a_first_nan_is_the_best_for_keras_alone() {
        let metrics = [f64::NAN, 3.0, 2.0, 1.0];
        for (rule, expected) in [
            (PlateauRule::Best, vec![]),
            (PlateauRule::Torch, vec![]),
            (PlateauRule::Keras, vec![3]),
            (PlateauRule::Optax, vec![]),
        ] {
            let plateau = Plateau::min().rule(rule).patience(2);
            assert_eq!(reductions(plateau, &metrics), expected, "{rule:?}");
        }
    }

    #[test]
    fn a_patience_of_zero_is_the_peers() {
        let falling = [3.0, 2.0, 1.0, 1.0];
        let reduced = |rule| reductions(Plateau::min().rule(rule).patience(0), &falling);
        assert_eq!(reduced(PlateauRule::Torch), [4]);
        assert_eq!(reduced(PlateauRule::Keras), [4]);
        assert_eq!(reduced(PlateauRule::Optax), [1, 2, 3]);
        let error = Plateau::min().patience(0).check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "plateau.patience = 0: must be at least 1"
        );
    }

    #[test]
    fn the_floor_and_eps_end_it() {
        let reduced = |plateau: Plateau| {
            let mut memory = Memory::new(0, 0);
            for _ in 0..9 {
                plateau.report(&mut memory, 1.0);
            }
            memory.multiplier
        };
        let halved = Plateau::min().patience(1).factor(0.5);
        assert_eq!(reduced(halved), 0.5f64.powi(8));
        assert_eq!(reduced(halved.floor(0.3)), 0.3);
        assert_eq!(reduced(halved.eps(0.124)), 0.125);
        assert_eq!(reduced(halved.eps(0.125)), 0.25);
    }

    #[test]
    fn a_mean_is_one_report() {
        let plateau = Plateau::min().patience(1).average(3);
        // The means are 2, 1 and 1.
        let metrics = [1.0, 2.0, 3.0, 0.0, 1.0, 2.0, 1.0, 1.0, 1.0];
        assert_eq!(reductions(plateau, &metrics), [9]);
    }
}
