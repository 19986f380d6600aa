//! The budgets of a tradeoff curve, and the runs that reach them in three ways.

use schedules::{ScheduleConfig, Span};
use serde_json::{Value, json};

use super::{ConfigError, Length, OnDivergence, Settings};

/// Budgets that are each a little more than twice the one before, and how runs are planned for them.
///
/// ```text
/// budget(i) = first · (2^i - 1)    i = 1 … points
/// ```
///
/// These are the ends of cycles that are each twice as long as the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budgets {
    first: u64,
    points: u32,
}

/// The share of a budget over which a fork comes to rest (Hägele et al. 2024).
const COOLDOWN: f64 = 0.2;
/// The share of the first budget that every run's warm-up takes.
const WARMUP: f64 = 0.05;
/// A budget below this has no room for a warm-up, a stable part and a cool-down.
const FEWEST: u64 = 5;

impl Budgets {
    /// So many `points`, the last as near to `longest` as whole cycles allow.
    ///
    /// # Errors
    /// A first budget of less than 5 updates.
    pub fn new(longest: u64, points: u32) -> Result<Self, ConfigError> {
        let cycles = 2_f64.powi(points as i32) - 1.0;
        let first = (longest as f64 / cycles).round() as u64;
        if points == 0 || first < FEWEST {
            let message = format!(
                "--points {points}: the shortest of the budgets up to {longest} updates would be {first} updates, and must be at least {FEWEST}"
            );
            return Err(ConfigError::new(message).hint("fewer --points, or more --epochs"));
        }
        Ok(Self { first, points })
    }

    /// The budgets in updates, the shortest first.
    pub fn updates(&self) -> Vec<u64> {
        let cycles = (1..=self.points).map(|point| (1_u64 << point) - 1);
        cycles.map(|cycles| cycles * self.first).collect()
    }

    fn longest(&self) -> u64 {
        self.updates().last().copied().unwrap_or(self.first)
    }

    fn warmup(&self) -> u64 {
        ((WARMUP * self.first as f64).round() as u64).max(1)
    }

    /// A run for each budget, along a cosine to zero.
    ///
    /// # Errors
    /// None that settings could cause.
    pub fn one_by_one(&self, settings: &Settings) -> Result<Vec<Settings>, ConfigError> {
        let updates = self.updates().into_iter();
        let cosine = json!({ "kind": "cosine", "floor": 0.0 });
        updates
            .map(|updates| self.run(settings, updates, cosine.clone()))
            .collect()
    }

    /// One run whose cosine starts again after every budget but the last (Portes et al. 2022).
    ///
    /// # Errors
    /// None that settings could cause.
    pub fn cyclic(&self, settings: &Settings) -> Result<Settings, ConfigError> {
        let cycles =
            json!({ "kind": "cosine_restarts", "first_cycle": self.first, "multiplier": 2 });
        self.run(settings, self.longest(), cycles)
    }

    /// One run at the peak, and for each budget after how many updates a run leaves it and what that is: along
    /// `1 - √x` to zero, over the last fifth of the budget (Hägele et al. 2024).
    ///
    /// # Errors
    /// None that settings could cause.
    pub fn forks(
        &self,
        settings: &Settings,
    ) -> Result<(Settings, Vec<(u64, Settings)>), ConfigError> {
        let trunk = self.run(settings, self.longest(), json!({ "kind": "constant" }))?;
        let fork = |updates: u64| {
            let decay = (COOLDOWN * updates as f64).round() as u64;
            let wsd = json!({ "kind": "wsd", "decay": decay });
            Ok((updates - decay, self.run(settings, updates, wsd)?))
        };
        let forks: Result<_, ConfigError> = self.updates().into_iter().map(fork).collect();
        Ok((trunk, forks?))
    }

    /// A run of so many updates, measured wherever a budget ends.
    fn run(
        &self,
        settings: &Settings,
        updates: u64,
        mut schedule: Value,
    ) -> Result<Settings, ConfigError> {
        schedule["warmup"] = self.warmup().into();
        let schedule = ScheduleConfig::from_value(schedule);
        let mut settings = settings.clone();
        settings.schedule = schedule.map_err(|error| ConfigError::new(error.to_string()))?;
        settings.train.length = Length::Updates(updates);
        settings.train.evaluate_every = Span::Updates(self.first);
        // A run that ended elsewhere than at its budget would say nothing of it.
        settings.train.on_divergence = OnDivergence::Stop;
        settings.early_stopping = None;
        Ok(settings)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use schedules::Horizon;

    use super::super::{Layer, resolve};
    use super::*;

    fn settings() -> Settings {
        let rate = Layer::from_set("optimizer.lr=0.5").unwrap();
        resolve([rate]).unwrap().settings
    }

    /// The learning rates that a run is planned with.
    fn rates(settings: &Settings) -> Vec<f64> {
        let Length::Updates(updates) = settings.train.length else {
            panic!("{:?}", settings.train.length)
        };
        let horizon = Horizon::new(updates, 17);
        let schedule = settings.schedule.build(&horizon, settings.optimizer.lr);
        schedule.unwrap().rates(0..updates)
    }

    #[test]
    fn budgets_are_the_ends_of_cycles_that_double() {
        let budgets = Budgets::new(340, 4).unwrap();
        assert_eq!(budgets.updates(), [23, 69, 161, 345]);
        let rates = rates(&budgets.cyclic(&settings()).unwrap());
        assert_eq!(rates.len(), 345);
        for end in [23, 69, 161] {
            assert!(rates[end - 1] < 0.01 && rates[end] == 0.5, "{end}");
        }
        assert!(rates[344] < 0.001);
    }

    #[test]
    fn the_first_cycle_is_the_run_of_the_first_budget() {
        let budgets = Budgets::new(340, 4).unwrap();
        let cyclic = rates(&budgets.cyclic(&settings()).unwrap());
        let alone = rates(&budgets.one_by_one(&settings()).unwrap()[0]);
        assert_eq!(cyclic[..23], alone);
    }

    #[test]
    fn a_fork_has_the_rates_of_the_trunk_until_it_leaves() {
        let budgets = Budgets::new(340, 4).unwrap();
        let (trunk, forks) = budgets.forks(&settings()).unwrap();
        let trunk = rates(&trunk);
        let left: Vec<u64> = forks.iter().map(|(at, _)| *at).collect();
        assert_eq!(left, [18, 55, 129, 276]);
        for (at, fork) in &forks {
            let (fork, at) = (rates(fork), *at as usize);
            assert_eq!(fork[..at], trunk[..at]);
            // 1 - sqrt(x) of the way down: the second update of a cool-down of n is at x = 1 / n.
            let decay = (fork.len() - at) as f64;
            let expected = 0.5 * (1.0 - (1.0 / decay).sqrt());
            assert!((fork[at + 1] - expected).abs() < 1e-12, "{at}");
        }
    }

    #[test]
    fn too_many_points_leave_no_room_for_the_first() {
        let error = Budgets::new(340, 7).unwrap_err().message;
        assert!(
            error.starts_with(
                "--points 7: the shortest of the budgets up to 340 updates would be 3"
            ),
            "{error}"
        );
        assert!(Budgets::new(340, 6).is_ok());
    }
}
