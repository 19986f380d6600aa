//! What `trainer compare` runs: strategies under conditions, each at some peaks, each with some seeds.

mod case;
mod section;
mod target;

use std::collections::BTreeSet;
use std::path::Path;

use super::error::suggest;
use super::{ConfigError, Layer, Origin, recipe, resolve};
pub use case::{Case, Peaks};
use section::{Part, Section};
pub use target::{Goal, Target};

/// An experiment, with every setting of every run resolved.
#[derive(Debug)]
pub struct Experiment {
    /// The strategy that all others are held against.
    pub baseline: String,
    /// The seeds that peaks are chosen with, none of which is among `seeds`.
    pub tuning_seeds: Vec<u64>,
    /// The seeds that results are reported of.
    pub seeds: Vec<u64>,
    /// What the shortest budget is looked for of, instead of comparing what one budget reaches.
    pub target: Option<Target>,
    /// Every strategy under every condition, those of a condition in a row.
    pub cases: Vec<Case>,
}

/// The built-in experiment.
const CAST: &str = include_str!("experiment/cast.toml");
/// What errors call it.
const CAST_NAME: &str = "the built-in cast";
/// The section of an experiment in a configuration file.
const SECTION: &str = "compare";
/// How often the gain is measured, which verdicts rest on, at about 2 % of the time.
const GAIN_EVERY: i64 = 50;
/// How many cases there may be, which each condition multiplies: the settings of all are held at once.
const MOST_CASES: usize = 500;
/// How far tuning seeds are from the others.
const APART: u64 = 1000;

impl Experiment {
    /// Reads the experiment of `sources`, lowest first: a configuration file, which may have a section `[compare]`, then
    /// the command line. What they leave out of that section is the built-in cast's.
    ///
    /// Where no condition but an optimizer is given, that optimizer is the only condition.
    ///
    /// # Errors
    /// The first setting that is unknown, of the wrong type or out of range, with its place and what is allowed.
    pub fn read(sources: Vec<Layer>) -> Result<Self, ConfigError> {
        let (cast, cast_settings) = Layer::parse(Path::new(CAST_NAME), CAST)?.split(SECTION);
        let cast = Section::of([cast])?;
        let (own, settings): (Vec<_>, Vec<_>) = sources
            .into_iter()
            .map(|layer| layer.split(SECTION))
            .unzip();
        let own = Section::of(own)?;

        let known = cast.parts("conditions", &[])?.unwrap_or_default();
        let optimizer = settings.iter().rev().find_map(Layer::optimizer_kind);
        let conditions = match (own.parts("conditions", &known)?, optimizer) {
            (Some(conditions), _) => conditions,
            (None, Some(optimizer)) => vec![Part::named(optimizer)],
            (None, None) => known,
        };
        let known = cast.parts("strategies", &[])?.unwrap_or_default();
        let strategies = own.parts("strategies", &known)?.unwrap_or(known);
        let grid = own.grid()?.or(cast.grid()?).unwrap_or_default();

        let gauge = Layer::from_value("train.gain_every", GAIN_EVERY.into(), Origin::Default);
        // The cast's own settings were chosen for its data.
        let own_data = settings.iter().any(|layer| layer.has("data", "name"));
        let base = (!own_data).then_some(cast_settings);
        let base: Vec<Layer> = [gauge].into_iter().chain(base).chain(settings).collect();
        let mut meant = Vec::new();
        for condition in &conditions {
            let mut layers = base.iter().chain([&condition.settings]).rev();
            let optimizer = layers.find_map(Layer::optimizer_kind);
            let optimizer = optimizer.unwrap_or(recipe::OPTIMIZER);
            let strategies = strategies.iter().filter(|strategy| match &strategy.only {
                None => true,
                Some(only) => *only == condition.name || only == optimizer,
            });
            meant.extend(strategies.map(|strategy| (condition, strategy)));
            // Before any is resolved, which takes memory.
            if meant.len() > MOST_CASES {
                let reason = format!("with the conditions, these are more than {MOST_CASES}");
                return Err(own.refuse("strategies", reason));
            }
        }
        let mut names = BTreeSet::new();
        for (condition, strategy) in &meant {
            if !names.insert((&condition.name, &strategy.name)) {
                let reason = format!("{} is there twice under {}", strategy.name, condition.name);
                return Err(own.refuse("strategies", reason));
            }
        }
        let cases = meant.into_iter().map(|(condition, strategy)| {
            let layers = base.iter().chain([&condition.settings, &strategy.settings]);
            let resolved = resolve(layers.cloned()).map_err(|error| ConfigError {
                message: format!("{}, {}: {error}", condition.name, strategy.name),
                ..error
            })?;
            Ok(Case {
                condition: condition.name.clone(),
                strategy: strategy.name.clone(),
                peaks: Peaks::of(&own, strategy, resolved.settings.optimizer.lr, &grid)?,
                resolved,
            })
        });
        let cases = cases.collect::<Result<Vec<Case>, ConfigError>>()?;
        let baseline = own.text("baseline")?.or(cast.text("baseline")?);
        let baseline = baseline.unwrap_or_default();
        if !cases.iter().any(|case| case.strategy == baseline) {
            let names: BTreeSet<&str> = cases.iter().map(|case| case.strategy.as_str()).collect();
            let names: Vec<&str> = names.into_iter().collect();
            let reason = format!("{baseline} is none of the strategies that are compared");
            return Err(own
                .refuse("baseline", reason)
                .hint(suggest(&baseline, &names)));
        }
        let count = |key| match own.count(key)? {
            None => cast.count(key),
            own => Ok(own),
        };
        let first = cases.first().map_or(1, |case| case.resolved.settings.seed);
        let seeds = count("seeds")?.unwrap_or(1).min(APART as usize);
        Ok(Self {
            baseline,
            tuning_seeds: (first + APART..)
                .take(count("tuning_seeds")?.unwrap_or(1))
                .collect(),
            seeds: (first..).take(seeds).collect(),
            target: own.target()?,
            cases,
        })
    }

    /// The same with no more than so many seeds.
    #[must_use]
    pub fn with_seeds(mut self, tuning: usize, reporting: usize) -> Self {
        self.tuning_seeds.truncate(tuning);
        self.seeds.truncate(reporting);
        self
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::config::Length;

    fn read(text: &str) -> Result<Experiment, ConfigError> {
        Experiment::read(vec![Layer::parse(Path::new("a.toml"), text).unwrap()])
    }

    fn names(experiment: &Experiment) -> Vec<(&str, &str)> {
        let cases = experiment.cases.iter();
        cases
            .map(|case| (case.condition.as_str(), case.strategy.as_str()))
            .collect()
    }

    #[test]
    fn the_cast_is_that_of_the_article_for_two_optimizers() {
        let cast = Experiment::read(Vec::new()).unwrap();
        assert_eq!(cast.cases.len(), 2 * 16);
        let (given, tuned): (Vec<&Case>, Vec<&Case>) = cast
            .cases
            .iter()
            .partition(|case| matches!(case.peaks, Peaks::Given(_)));
        assert_eq!((given.len(), tuned.len()), (2 * 3, 2 * 13));
        assert_eq!(given[0].peaks, Peaks::Given(1e-4));
        let grid = vec![0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0];
        assert_eq!(tuned[0].peaks, Peaks::Grid(grid));
        assert_eq!(cast.seeds, (1..=20).collect::<Vec<u64>>());
        assert_eq!(cast.tuning_seeds, [1001, 1002, 1003]);
        let free = |condition: &str| {
            let case = cast
                .cases
                .iter()
                .find(|case| case.condition == condition && case.strategy == "Schedule-Free");
            case.unwrap().resolved.settings.optimizer.rule.name()
        };
        assert_eq!(free("SGD with momentum"), "schedule_free_sgd");
        assert_eq!(free("AdamW"), "schedule_free_adamw");
    }

    #[test]
    fn a_strategy_that_says_cosine_is_one_without_a_warm_up() {
        let cast = Experiment::read(Vec::new()).unwrap();
        let cosine = cast.cases.iter().find(|case| case.strategy == "cosine");
        let schedule = &cosine.unwrap().resolved.settings.schedule;
        let horizon = schedules::Horizon::new(100, 10);
        let rates = schedule.build(&horizon, 1.0).unwrap();
        assert_eq!(
            [0, 50, 100].map(|update| rates.rate_at(update)),
            [1.0, 0.5, 0.0]
        );
    }

    #[test]
    fn own_strategies_stand_beside_those_of_the_cast() {
        let experiment = read(
            "seed = 5\n[optimizer]\nkind = \"sgd\"\nlr = 0.3\n[compare]\nbaseline = \"mine\"\ngrid = [1, 0.5]\nseeds = 2\n\
             strategies = [\"cosine\", { name = \"mine\", schedule = { kind = \"rex\" } }, \
             { name = \"hot\", at = 10, schedule = { kind = \"constant\" } }]\n",
        )
        .unwrap();
        assert_eq!(
            names(&experiment),
            [("sgd", "cosine"), ("sgd", "mine"), ("sgd", "hot")]
        );
        assert_eq!(experiment.cases[0].peaks, Peaks::Grid(vec![0.15, 0.3]));
        assert_eq!(experiment.cases[2].peaks, Peaks::Given(3.0));
        assert_eq!(experiment.seeds, [5, 6]);
        let settings = experiment.cases[1].settings(0.15, 6);
        assert_eq!((settings.optimizer.lr, settings.seed), (0.15, 6));
        assert_eq!(settings.schedule.kind(), "rex");
    }

    #[test]
    fn own_conditions_take_the_place_of_the_optimizers() {
        let experiment = read(
            "[compare]\nstrategies = [\"fixed\", \"Schedule-Free\"]\n\
             [[compare.conditions]]\nname = \"small batches\"\ndata = { batch_size = 16 }\n\
             [[compare.conditions]]\nname = \"large batches\"\ndata = { batch_size = 256 }\noptimizer = { kind = \"sgd\" }\n",
        )
        .unwrap();
        assert_eq!(
            names(&experiment),
            [
                ("small batches", "fixed"),
                ("small batches", "Schedule-Free"),
                ("large batches", "fixed"),
                ("large batches", "Schedule-Free")
            ]
        );
        let of = |index: usize| {
            let settings = &experiment.cases[index].resolved.settings;
            (settings.data.batch_size, settings.optimizer.rule.name())
        };
        assert_eq!(of(1), (16, "schedule_free_adamw"));
        assert_eq!(of(3), (256, "schedule_free_sgd"));
    }

    #[test]
    fn a_target_is_looked_for_with_budgets_of_its_own() {
        let experiment = read(
            "[compare.target]\naccuracy = \"98.5%\"\nlongest = \"3ep\"\n[train]\nlength = 40\n",
        );
        let experiment = experiment.unwrap();
        let target = experiment.target.unwrap();
        assert!(matches!(target.goal, Goal::Accuracy(share) if share.fraction() == 0.985));
        assert_eq!(target.longest, Some(schedules::Span::Epochs(3.0)));
        let longer = experiment.cases[0].lasting(50).settings(0.1, 7);
        assert_eq!(longer.train.length, Length::Updates(50));
        assert_eq!(Experiment::read(Vec::new()).unwrap().target, None);
    }

    #[test]
    fn there_are_no_more_cases_than_memory_is_for() {
        let of = |conditions: usize, strategies: usize| {
            let named = |count: usize| {
                let names = (0..count).map(|name| format!("{{ name = \"{name}\" }}"));
                names.collect::<Vec<_>>().join(", ")
            };
            let (conditions, strategies) = (named(conditions), named(strategies));
            read(&format!(
                "[compare]\nconditions = [{conditions}]\nstrategies = [{strategies}]\nbaseline = \"0\"\n"
            ))
        };
        assert_eq!(of(20, 25).unwrap().cases.len(), MOST_CASES);
        let error = of(3, 167).unwrap_err().to_string();
        assert!(
            error.ends_with("with the conditions, these are more than 500"),
            "{error}"
        );
        assert!(error.len() < 300, "{error}");
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let cases = [
            (
                "[compare]\nseed = 3\n",
                "unknown key `compare.seed` (a.toml, line 2)",
            ),
            (
                "[compare]\nseeds = 0\n",
                "compare.seeds = 0 (a.toml, line 2): must be 1 to 1000",
            ),
            (
                "[compare]\ntarget = 0.985\n",
                "compare.target = 0.985 (a.toml, line 2): must be a table",
            ),
            (
                "[compare]\ntarget = { longest = 9 }\n",
                "compare.target = { longest = 9 } (a.toml, line 2): must have one of accuracy and loss",
            ),
            (
                "[compare]\ntarget = { accuracy = 98.5 }\n",
                "compare.target.accuracy = 98.5 (a.toml, line 2): must be a share",
            ),
            (
                "[compare.target]\nloss = 0\n",
                "compare.target.loss = 0 (a.toml, line 2): must be above 0",
            ),
            (
                "[compare.target]\nloss = 0.1\nlongest = \"50%\"\n",
                "compare.target.longest = \"50%\" (a.toml, line 3): must be updates (5000) or epochs",
            ),
            (
                "[compare.target]\nlos = 0.1\n",
                "unknown key `compare.target.los` (a.toml, line 2)",
            ),
            (
                "[compare]\ngrid = []\n",
                "compare.grid = [] (a.toml, line 2): must have factors above 0",
            ),
            (
                "[compare]\ngrid = [1, -1]\n",
                "compare.grid = [1, -1] (a.toml, line 2): must have factors above 0",
            ),
            (
                "[compare]\nstrategies = [\"fixed\", \"cosin\"]\n",
                "compare.strategies[1] = \"cosin\" (a.toml, line 2): there is no such one",
            ),
            (
                "[compare]\nstrategies = [\"cosine\"]\n",
                "compare.baseline: fixed is none of the strategies that are compared",
            ),
            (
                "[compare]\nstrategies = [\"fixed\", \"fixed\"]\n",
                "compare.strategies = [\"fixed\", \"fixed\"] (a.toml, line 2): fixed is there twice under SGD with momentum",
            ),
            (
                "[[compare.strategies]]\nname = \"fixed\"\nschedule = { kind = \"constant\", flor = 1 }\n",
                "SGD with momentum, fixed: schedule.flor = 1 (a.toml, line 3)",
            ),
            (
                "[[compare.strategies]]\nschedule = { kind = \"constant\" }\n",
                "compare.strategies[0].name (a.toml, line 1): is missing",
            ),
        ];
        for (text, expected) in cases {
            let message = read(text).unwrap_err().message;
            assert!(message.starts_with(expected), "{text}: {message}");
        }
    }
}
