//! What a metric is after each of several budgets, and whether one run tells it as well as many.

use serde::Serialize;

use super::Reached;
use super::statistics::Estimate;

/// A curve of accuracy over budgets, found in three ways.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tradeoff {
    /// The budgets, the shortest first.
    pub points: Vec<TradeoffPoint>,
    /// How many updates all budgets of one seed took in each way.
    pub cost: Ways<u64>,
    /// How many seeds there are.
    pub seeds: usize,
}

/// Something for each way of finding the curve.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Ways<T> {
    /// A run for each budget, each with its own cosine.
    pub one_by_one: T,
    /// One run in growing cycles.
    pub cyclic: T,
    /// One run at the peak, which a run leaves for each budget.
    pub forks: T,
}

/// A budget.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TradeoffPoint {
    /// How many updates it is.
    pub updates: u64,
    /// What was reached in each way.
    pub reached: Ways<Spread>,
}

/// What a way reached at a budget, on the validation rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Spread {
    /// How many seeds have a finite loss there; the others count in nothing.
    pub finite: usize,
    /// The share of images answered right.
    pub accuracy: Option<Estimate>,
    /// The mean cross-entropy, in nats.
    pub loss: Option<Estimate>,
    /// The accuracy less that of the run for this budget alone, over the pairs with the same seed.
    pub accuracy_apart: Option<Estimate>,
    /// The loss less that, likewise.
    pub loss_apart: Option<Estimate>,
}

/// What each way reached with one seed at each budget; nothing where the loss was not finite.
pub type SeedCurve = Ways<Vec<Option<Reached>>>;

impl Tradeoff {
    /// The curve over `budgets` from what every seed reached.
    pub fn of(budgets: &[u64], cost: Ways<u64>, seeds: &[SeedCurve]) -> Self {
        let point = |(place, updates): (usize, &u64)| {
            let at = |way: fn(&SeedCurve) -> &Vec<Option<Reached>>| {
                let curves = seeds.iter().map(way);
                let values = curves.map(|curve| curve.get(place).copied().flatten());
                values.collect::<Vec<Option<Reached>>>()
            };
            let alone = at(|ways| &ways.one_by_one);
            TradeoffPoint {
                updates: *updates,
                reached: Ways {
                    cyclic: Spread::of(&at(|ways| &ways.cyclic), &alone),
                    forks: Spread::of(&at(|ways| &ways.forks), &alone),
                    one_by_one: Spread::alone(&alone),
                },
            }
        };
        Self {
            points: budgets.iter().enumerate().map(point).collect(),
            cost,
            seeds: seeds.len(),
        }
    }
}

impl Spread {
    fn alone(reached: &[Option<Reached>]) -> Self {
        let finite: Vec<Reached> = reached.iter().copied().flatten().collect();
        let estimate =
            |of: fn(&Reached) -> f64| Estimate::of(&finite.iter().map(of).collect::<Vec<f64>>());
        Self {
            finite: finite.len(),
            accuracy: estimate(|reached| reached.accuracy),
            loss: estimate(|reached| reached.loss),
            ..Self::default()
        }
    }

    /// What was reached, held against what the run for the budget alone reached with the same seed.
    fn of(reached: &[Option<Reached>], alone: &[Option<Reached>]) -> Self {
        let pairs = reached.iter().zip(alone);
        let pairs: Vec<(Reached, Reached)> = pairs
            .filter_map(|(own, alone)| Some(((*own)?, (*alone)?)))
            .collect();
        let apart = |of: fn(&Reached) -> f64| {
            let differences = pairs.iter().map(|(own, alone)| of(own) - of(alone));
            Estimate::of(&differences.collect::<Vec<f64>>())
        };
        Self {
            accuracy_apart: apart(|reached| reached.accuracy),
            loss_apart: apart(|reached| reached.loss),
            ..Self::alone(reached)
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn reached(accuracy: f64) -> Option<Reached> {
        Some(Reached {
            loss: 1.0 - accuracy,
            accuracy,
        })
    }

    #[test]
    fn pairs_with_the_same_seed_are_held_against_each_other() {
        let seed = |alone: [f64; 2], cyclic: [f64; 2]| Ways {
            one_by_one: alone.map(reached).to_vec(),
            cyclic: cyclic.map(reached).to_vec(),
            forks: vec![None, reached(0.5)],
        };
        let seeds = [
            seed([0.5, 0.75], [0.25, 0.75]),
            seed([0.25, 0.75], [0.0, 1.0]),
        ];
        let cost = Ways {
            one_by_one: 40,
            cyclic: 30,
            forks: 32,
        };
        let curve = Tradeoff::of(&[10, 30], cost, &seeds);
        assert_eq!((curve.seeds, curve.cost.forks), (2, 32));
        let [first, last] = &curve.points[..] else {
            panic!("{curve:?}")
        };
        assert_eq!((first.updates, last.updates), (10, 30));
        assert_eq!(first.reached.one_by_one.accuracy.unwrap().mean, 0.375);
        assert_eq!(first.reached.one_by_one.accuracy_apart, None);
        // Both seeds lose a quarter: the seeds differ, the differences do not.
        let apart = first.reached.cyclic.accuracy_apart.unwrap();
        assert_eq!((apart.mean, apart.deviation), (-0.25, Some(0.0)));
        assert_eq!(last.reached.cyclic.loss_apart.unwrap().mean, -0.125);
        // A run that was lost is counted, and has no part in any mean.
        assert_eq!(
            (first.reached.forks.finite, first.reached.forks.accuracy),
            (0, None)
        );
        assert_eq!(last.reached.forks.accuracy_apart.unwrap().mean, -0.25);
    }
}
