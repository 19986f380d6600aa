//! How much worse the rate that `find-lr` suggests is than the best of a grid. Too long for every day:
//! `cargo test --release --workspace regret -- --ignored --nocapture`; `MNIST_DIR` adds the networks with convolutions.

use schedules::compat::{fastai, lightning, torch_lr_finder};
use schedules::finder::Curve;
use trainer::analysis::SuggestedRates;
use trainer::config::{Backend, Settings};
use trainer::data::{Dataset, load};
use trainer::engine::{Compute, RateSweep, open, range_test};

use crate::calibration::{make, reached, resolved};
use crate::program::reference_folder;

/// The networks with their data, each with both optimizers.
const CASES: [(&str, &[&str]); 3] = [
    ("mlp, digits", &["model.kind=mlp"]),
    (
        "lenet5, mnist",
        &["model.kind=lenet5", MNIST, LENGTH, HELD_OUT],
    ),
    (
        "convnet, mnist",
        &["model.kind=convnet", MNIST, LENGTH, HELD_OUT],
    ),
];
const MNIST: &str = "data.name=mnist";
/// One epoch of 10,000 images, in batches of 64, none of which comes twice.
const LENGTH: &str = "train.length=156";
const HELD_OUT: &str = "data.validation=5%";
const OPTIMIZERS: [&str; 2] = ["sgd", "adamw"];
/// The grid: thirds of a decade around the recipe's rate, each tried with these seeds.
const GRID: std::ops::RangeInclusive<i32> = -6..=6;
const TUNING: std::ops::RangeInclusive<u64> = 101..=103;
/// The seeds that are reported, which nothing was chosen on. The rate is found on the first of them.
const REPORTED: std::ops::RangeInclusive<u64> = 1..=10;

/// One network, its data and one optimizer.
struct Setting<'a> {
    assignments: Vec<String>,
    dataset: &'a Dataset,
    compute: &'a Compute,
}

impl Setting<'_> {
    fn settings(&self, rate: Option<f64>, seed: u64) -> Settings {
        let mut all = self.assignments.clone();
        all.extend(rate.map(|rate| format!("optimizer.lr={rate:e}")));
        all.push(format!("seed={seed}"));
        resolved(&all)
    }

    /// The validation losses at the end of one-cycle with each of these peaks, one for each seed; none is above ten
    /// times that of the class frequencies, which also stands for a run that diverged.
    fn losses(&self, peaks: &[f64], seeds: std::ops::RangeInclusive<u64>) -> Vec<Vec<f64>> {
        let most = 10.0 * (self.dataset.train.images().classes() as f64).ln();
        let count = seeds.clone().count();
        let settings = peaks.iter().flat_map(|peak| {
            let seeds = seeds.clone();
            seeds.map(|seed| self.settings(Some(*peak), seed))
        });
        let losses = make(settings.collect(), self.dataset, self.compute, |run| {
            reached(&run).min(most)
        });
        losses.chunks(count).map(<[f64]>::to_vec).collect()
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn standard_error(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (values.len() - 1) as f64 / values.len() as f64).sqrt()
}

/// What the peers would suggest of a sweep of their own length and range, from losses at the rates that ours tried.
fn peers(curve: &Curve) -> Vec<(&'static str, Option<f64>)> {
    let rates = curve.learning_rates();
    let (Some(first), Some(last)) = (rates.first(), rates.last()) else {
        return Vec::new();
    };
    let (length, losses) = (rates.len(), curve.losses());
    let ratio = (last / first).powf(1.0 / (length - 1) as f64);
    let ours = fastai::LrFind {
        start_lr: *first,
        end_lr: last * ratio,
        num_it: length,
        ..fastai::LrFind::default()
    };
    let found = ours.suggestions(&ours.run(losses));
    let theirs = lightning::LrFind {
        min_lr: *first,
        max_lr: *last,
        num_training: length,
        ..lightning::LrFind::default()
    };
    let range_test = torch_lr_finder::RangeTest {
        start_lr: *first,
        end_lr: *last,
        num_iter: length,
        ..torch_lr_finder::RangeTest::default()
    };
    vec![
        ("fastai valley", found.valley),
        ("fastai slide", found.slide),
        ("fastai minimum", found.minimum),
        ("fastai steep", found.steep),
        ("lightning", theirs.suggestion(&theirs.run(losses))),
        (
            "torch-lr-finder",
            range_test.suggestion(&range_test.run(losses)),
        ),
    ]
}

#[test]
#[ignore = "some twenty minutes for the digits alone"]
fn the_suggested_rate_is_nearly_the_best_of_a_grid() {
    let compute = open(Backend::Flex).unwrap();
    let mut worse = Vec::new();
    for (name, assignments) in CASES {
        let mut assignments: Vec<String> =
            assignments.iter().map(|each| (*each).to_owned()).collect();
        if assignments.iter().any(|each| each == MNIST) {
            let Some(folder) = reference_folder("MNIST_DIR") else {
                continue;
            };
            assignments.push(format!("data.path={}", folder.display()));
        }
        assignments.push("schedule.kind=one_cycle".to_owned());
        let dataset = load(&resolved(&assignments).data).unwrap();
        for optimizer in OPTIMIZERS {
            let kind = format!("optimizer.kind={optimizer}");
            let setting = Setting {
                assignments: [assignments.clone(), vec![kind]].concat(),
                dataset: &dataset,
                compute: &compute,
            };
            let recipe = setting.settings(None, 1).optimizer.lr;
            let grid = GRID.map(|thirds| recipe * 10_f64.powf(f64::from(thirds) / 3.0));
            let grid: Vec<f64> = grid.collect();
            let tuned = setting.losses(&grid, TUNING);
            let tuned = tuned.iter().map(|losses| mean(losses)).zip(&grid);
            let (_, best) = tuned
                .min_by(|one, other| one.0.total_cmp(&other.0))
                .unwrap();
            let swept = setting.settings(None, *REPORTED.start());
            let test = range_test(&swept, &dataset, &compute, &RateSweep::default()).unwrap();
            let suggested = SuggestedRates::of(std::slice::from_ref(&test));
            let ours = suggested.rules.iter().chain([&suggested.combined]);
            let ours = ours.map(|rule| (rule.rule.clone(), rule.learning_rate));
            let peers = peers(&test.curve).into_iter();
            let all = ours.chain(peers.map(|(rule, rate)| (rule.to_owned(), rate)));
            let all: Vec<(String, Option<f64>)> = all.collect();
            let rates = all.iter().filter_map(|(_, rate)| *rate);
            let rates: Vec<f64> = [*best].into_iter().chain(rates).collect();
            let mut reported = setting.losses(&rates, REPORTED).into_iter();
            let best_losses = reported.next().unwrap();
            println!(
                "{name}, {optimizer}: best of the grid {best:.2e}: {:.4} ± {:.4}",
                mean(&best_losses),
                standard_error(&best_losses)
            );
            for (rule, rate) in all {
                let Some(rate) = rate else {
                    println!("| {name} | {optimizer} | {rule} | none |");
                    continue;
                };
                let losses = reported.next().unwrap();
                let apart: Vec<f64> = losses
                    .iter()
                    .zip(&best_losses)
                    .map(|(one, best)| one - best)
                    .collect();
                let (regret, error) = (mean(&apart), standard_error(&apart));
                let share = 100.0 * regret / mean(&best_losses);
                println!(
                    "| {name} | {optimizer} | {rule} | {rate:.2e} | {:.4} | {share:+.0} % | {:+.1} |",
                    mean(&losses),
                    regret / error
                );
                if rule == "combined" && share > 10.0 && regret > 2.0 * error {
                    worse.push(format!("{name}, {optimizer}: {share:.0} %"));
                }
            }
        }
    }
    assert!(worse.is_empty(), "{worse:?}");
}
