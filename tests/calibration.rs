//! How often the causes that verdicts name are right, over many runs. Too long for every day:
//! `cargo test --release --workspace calibration -- --ignored --nocapture`.

use std::collections::BTreeMap;

use trainer::analysis::{Cause, Curves, Verdict, judge};
use trainer::config::{Backend, Layer, Settings, resolve};
use trainer::data::{Dataset, load};
use trainer::engine::{Compute, Crew, FitError, Trial, TrialRun, open, run_trials};

/// Optimizers with their settings; the schedule is constant, so that the rate is all that differs.
const OPTIMIZERS: [(&str, &[&str]); 4] = [
    ("sgd", &["optimizer.kind=sgd", "optimizer.momentum=0"]),
    ("momentum", &["optimizer.kind=sgd"]),
    ("adamw", &["optimizer.kind=adamw"]),
    ("rmsprop", &["optimizer.kind=rmsprop"]),
];
const MODELS: [(&str, &[&str]); 2] = [
    ("mlp", &["model.kind=mlp"]),
    ("deep mlp", &["model.kind=mlp", "model.hidden=[64, 64, 64]"]),
];
const SEEDS: u64 = 5;
/// Half decades from 1e-6 to 10 are judged; one on either side says in which direction the ends improve.
const JUDGED: std::ops::RangeInclusive<i32> = -12..=2;

fn rate(half_decades: i32) -> f64 {
    10_f64.powf(f64::from(half_decades) / 2.0)
}

/// In which direction of the rate the mean validation loss is lower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Better {
    Higher,
    Lower,
    Neither,
}

struct Run {
    loss: f64,
    verdict: Verdict,
}

fn settings(assignments: &[&str], rate: f64, seed: u64) -> Settings {
    let own = [
        "schedule.kind=constant".to_owned(),
        "schedule.warmup=0".to_owned(),
        "train.gain_every=5".to_owned(),
        format!("optimizer.lr={rate:e}"),
        format!("seed={seed}"),
    ];
    let all = assignments.iter().map(|each| (*each).to_owned()).chain(own);
    resolved(&all.collect::<Vec<_>>())
}

/// The settings that `--set` would give with these assignments.
pub(crate) fn resolved(assignments: &[String]) -> Settings {
    let layers = assignments.iter().map(|each| Layer::from_set(each));
    let layers: Vec<Layer> = layers.map(Result::unwrap).collect();
    resolve([Layer::of(layers)]).unwrap().settings
}

/// Makes all runs, as many at once as there are cores, and keeps what `of` takes from each, in the order of `settings`.
pub(crate) fn make<T>(
    settings: Vec<Settings>,
    dataset: &Dataset,
    compute: &Compute,
    of: impl Fn(TrialRun) -> T,
) -> Vec<T> {
    let trials = settings.into_iter();
    let trials: Vec<Trial<'_>> = trials.map(|settings| Trial { settings, dataset }).collect();
    let mut made = BTreeMap::new();
    run_trials(
        &trials,
        compute,
        Crew::of(trials.len(), compute),
        |index, run| {
            made.insert(index, of(run));
            Ok::<(), FitError>(())
        },
    )
    .unwrap();
    made.into_values().collect()
}

/// What a run reached on the validation images; infinite if it diverged.
pub(crate) fn reached(run: &TrialRun) -> f64 {
    let history = run.end.as_ref();
    history.map_or(f64::INFINITY, |history| history.validation.unwrap().loss)
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

/// The direction in which `losses`, the means at rates half a decade apart, fall from `place`. Where a neighbour is as
/// bad, the next one in that direction decides: two runs that are no number are not equally good.
fn direction(losses: &BTreeMap<i32, f64>, place: i32) -> Better {
    let own = losses[&place];
    let towards = |step: i32| {
        let mut other = place + step;
        while let Some(loss) = losses.get(&other) {
            if *loss < own {
                return own.min(1e6) - loss;
            }
            if *loss > own || loss.is_finite() {
                return 0.0;
            }
            other += step;
        }
        0.0
    };
    let (higher, lower) = (towards(1), towards(-1));
    if higher > lower {
        Better::Higher
    } else if lower > 0.0 {
        Better::Lower
    } else {
        Better::Neither
    }
}

#[test]
#[ignore = "some twenty minutes"]
fn causes_are_right() {
    let dataset = load(&settings(&[], 0.1, 1).data).unwrap();
    let compute = open(Backend::Flex).unwrap();
    let mut cells = Vec::new();
    for (model, about_model) in MODELS {
        for (optimizer, about_optimizer) in OPTIMIZERS {
            for place in JUDGED.start() - 1..=JUDGED.end() + 1 {
                for seed in 1..=SEEDS {
                    let assignments = [about_model, about_optimizer].concat();
                    cells.push((model, optimizer, place, seed, assignments));
                }
            }
        }
    }
    let all = cells.iter();
    let all = all.map(|(_, _, place, seed, own)| settings(own, rate(*place), *seed));
    let runs = make(all.collect(), &dataset, &compute, |run| {
        let mut curves = Curves::of(&dataset.train);
        curves.extend(&run.updates);
        Run {
            loss: reached(&run),
            verdict: judge(&curves),
        }
    });
    let mut losses: BTreeMap<(&str, &str), BTreeMap<i32, f64>> = BTreeMap::new();
    for (cells, runs) in cells
        .chunks(SEEDS as usize)
        .zip(runs.chunks(SEEDS as usize))
    {
        let (model, optimizer, place, ..) = cells[0];
        let mean = mean(runs.iter().map(|run| run.loss));
        losses
            .entry((model, optimizer))
            .or_default()
            .insert(place, mean);
    }
    let mut matrix: BTreeMap<(Better, &str), usize> = BTreeMap::new();
    let (mut named, mut right) = (0, 0);
    for ((model, optimizer, place, ..), run) in cells.iter().zip(&runs) {
        if !JUDGED.contains(place) {
            continue;
        }
        let better = direction(&losses[&(*model, *optimizer)], *place);
        let cause = run.verdict.cause;
        *matrix.entry((better, cause.name())).or_default() += 1;
        let expected = match cause {
            Cause::RateTooHigh => Better::Lower,
            Cause::RateTooLow => Better::Higher,
            Cause::Annealed | Cause::NoEvidence => continue,
        };
        named += 1;
        right += usize::from(better == expected);
        if better != expected {
            let rate = rate(*place);
            println!(
                "{model}, {optimizer}, {rate:.1e}: {better:?}; {}",
                run.verdict
            );
        }
    }
    println!("| better | {} |", Cause::ALL.map(Cause::name).join(" | "));
    for better in [Better::Higher, Better::Neither, Better::Lower] {
        let count = |cause: Cause| matrix.get(&(better, cause.name())).copied().unwrap_or(0);
        let counts = Cause::ALL.map(|cause| count(cause).to_string());
        println!("| {better:?} | {} |", counts.join(" | "));
    }
    println!("{right} of {named} named causes are right");
    assert!(right * 100 >= named * 95, "{right} of {named}");
}
