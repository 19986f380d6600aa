//! Three ways to waste a run, each beside its cure: a high fixed rate, no warm-up, Adam without a schedule.
//!
//!     cargo run --release --example 03_pitfalls

use std::error::Error;

use trainer::config::{Backend, Layer, resolve};
use trainer::data::load;
use trainer::engine::{Crew, FitError, Trial, open, run_trials};

/// A pitfall and its cure, at rates at which these data show it.
struct Pair {
    name: &'static str,
    shared: &'static [&'static str],
    wrong: &'static [&'static str],
    right: &'static [&'static str],
}

const PAIRS: [Pair; 3] = [
    Pair {
        name: "a high fixed rate",
        shared: &["optimizer.kind=sgd"],
        wrong: &["optimizer.lr=0.5", "schedule.kind=constant"],
        right: &["optimizer.lr=0.1", "schedule.kind=cosine"],
    },
    Pair {
        name: "a high peak without warm-up",
        shared: &[
            "optimizer.kind=adamw",
            "optimizer.lr=0.17",
            "schedule.kind=cosine",
        ],
        wrong: &["schedule.warmup=0"],
        right: &["schedule.warmup=5%"],
    },
    Pair {
        name: "Adam without a schedule",
        shared: &["optimizer.kind=adam", "optimizer.lr=0.03"],
        wrong: &["schedule.kind=constant"],
        right: &["schedule.kind=cosine"],
    },
];
const SEEDS: u64 = 5;
/// In nats; answering by chance costs 2.3.
const LEARNED: f64 = 1.15;

/// The validation losses that `SEEDS` runs end at, infinite where one diverged.
fn losses(settings: &[&str]) -> Result<Vec<f64>, Box<dyn Error>> {
    let runs = (1..=SEEDS).map(|seed| {
        let seed = format!("seed={seed}");
        let layers = settings.iter().copied().chain([seed.as_str()]);
        let layers = layers.map(Layer::from_set).collect::<Result<Vec<_>, _>>()?;
        Ok(resolve([Layer::of(layers)])?.settings)
    });
    let runs = runs.collect::<Result<Vec<_>, Box<dyn Error>>>()?;
    let dataset = load(&runs[0].data)?;
    let compute = open(Backend::Flex)?;
    let trials = runs.into_iter().map(|settings| Trial {
        settings,
        dataset: &dataset,
    });
    let trials: Vec<Trial<'_>> = trials.collect();
    let mut losses = Vec::new();
    run_trials(
        &trials,
        &compute,
        Crew::of(trials.len(), &compute),
        |_, run| {
            let end = run.end.ok().and_then(|history| history.validation);
            losses.push(end.map_or(f64::INFINITY, |metrics| metrics.loss));
            Ok::<(), FitError>(())
        },
    )?;
    Ok(losses)
}

/// How many runs learned, and their mean loss.
fn judged(losses: &[f64]) -> (usize, f64) {
    let learned = losses.iter().filter(|loss| **loss < LEARNED);
    let count = learned.clone().count();
    (count, learned.sum::<f64>() / count as f64)
}

fn main() -> Result<(), Box<dyn Error>> {
    for pair in PAIRS {
        let [wrong, right] = [pair.wrong, pair.right].map(|own| [pair.shared, own].concat());
        let (wrong, right) = (judged(&losses(&wrong)?), judged(&losses(&right)?));
        println!("{}", pair.name);
        for (name, (learned, loss)) in [("wrong", wrong), ("right", right)] {
            println!(
                "  {name}: {learned} of {SEEDS} runs learned, to a validation loss of {loss:.3}"
            );
        }
        assert!(right.0 == SEEDS as usize, "the cure always learns");
        assert!(
            wrong.0 < right.0 || wrong.1 > right.1,
            "the pitfall costs something"
        );
    }
    Ok(())
}
