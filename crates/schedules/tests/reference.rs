//! Sequences recorded from PyTorch, optax, transformers, Keras and timm, rebuilt from the parameters that made them.
//!
//! `tests/golden/*.json` holds a peer's parameters, its output and the tolerance.

#![cfg(feature = "serde")]
#![allow(clippy::unwrap_used, clippy::expect_used)] // a panic is how a test fails

use std::fs;
use std::path::Path;
use std::sync::Arc;

use schedules::prelude::*;
use serde_json::Value;

/// A rebuilt sequence: the schedule, its peak, and how many updates of the recording it is meant to match.
struct Rebuilt {
    schedule: Arc<dyn Schedule>,
    peak: f64,
    until: u64,
}

/// A peer's parameters.
#[derive(Clone, Copy)]
struct Params<'a>(&'a Value);

impl Params<'_> {
    fn number(self, key: &str) -> Option<f64> {
        self.0[key].as_f64()
    }

    fn count(self, key: &str) -> Option<u64> {
        self.0[key].as_u64()
    }

    fn number_or(self, key: &str, default: f64) -> f64 {
        self.number(key).unwrap_or(default)
    }

    /// A number that the recording must have.
    fn must(self, key: &str) -> f64 {
        self.number(key)
            .unwrap_or_else(|| panic!("{key} is missing"))
    }

    fn updates(self, key: &str) -> u64 {
        self.count(key)
            .unwrap_or_else(|| panic!("{key} is missing"))
    }
}

#[test]
fn peers_are_matched() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file()) // a folder belongs to another test
        .collect();
    files.sort();
    assert_eq!(files.len(), 42, "a recording was added or lost");
    for file in files {
        let recording: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        compare(&recording);
    }
}

fn compare(recording: &Value) {
    let id = recording["id"].as_str().unwrap();
    let base = recording["base_lr"].as_f64();
    let kind = recording["type"].as_str().unwrap();
    let Rebuilt {
        schedule,
        peak,
        until,
    } = match recording["source"]
        .as_str()
        .unwrap()
        .split_once(' ')
        .unwrap()
        .0
    {
        "torch" => torch(kind, Params(&recording["params"]), base.unwrap()),
        "optax" => optax(kind, Params(&recording["params"])),
        "transformers" => transformers(kind, Params(&recording["params"]), base.unwrap()),
        "keras" => keras(kind, Params(&recording["params"])),
        "timm" => timm(kind, Params(&recording["params"]), base.unwrap()),
        other => panic!("{id}: no rules for {other}"),
    };
    let rate = schedule
        .peak(peak)
        .unwrap_or_else(|error| panic!("{id}: {error}"));
    let rates = recording["lr"].as_array().unwrap();
    let tolerance = Params(&recording["tolerance"]);
    let mut compared = 0;
    for (update, expected) in (0..=until).zip(rates) {
        let (expected, found) = (expected.as_f64().unwrap(), rate.rate_at(update));
        let allowed = tolerance.must("atol") + tolerance.must("rtol") * expected.abs();
        assert!(
            (found - expected).abs() <= allowed,
            "{id}: update {update} is {found:e}, recorded {expected:e}"
        );
        compared += 1;
    }
    assert!(compared >= 2, "{id}: nothing was compared");
}

const ALL: u64 = u64::MAX;

/// PyTorch. Its cosine climbs again after `T_max`, and ours does not: it is compared up to there.
fn torch(kind: &str, params: Params, base: f64) -> Rebuilt {
    if kind != "SequentialLR" {
        let (schedule, until) = torch_part(kind, params, base);
        return Rebuilt {
            schedule,
            peak: base,
            until,
        };
    }
    let part = |index: usize| {
        let child = &params.0["schedulers"][index];
        torch_part(
            child["type"].as_str().unwrap(),
            Params(&child["params"]),
            base,
        )
    };
    let (first, mut until) = part(0);
    let mut sequence = Sequence::new(first);
    for (index, milestone) in params.0["milestones"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
    {
        let (next, length) = part(index + 1);
        let milestone = milestone.as_u64().unwrap();
        sequence = sequence.then(milestone, next);
        until = milestone.saturating_add(length);
    }
    Rebuilt {
        schedule: Arc::new(sequence),
        peak: base,
        until,
    }
}

fn torch_part(kind: &str, params: Params, base: f64) -> (Arc<dyn Schedule>, u64) {
    let gamma = params.number_or("gamma", 0.1);
    match kind {
        "StepLR" => (
            Arc::new(Step::new(params.updates("step_size")).gamma(gamma)),
            ALL,
        ),
        "ExponentialLR" => (Arc::new(Exponential::new(gamma)), ALL),
        "ConstantLR" => {
            let (factor, updates) = (
                params.number_or("factor", 1.0 / 3.0),
                params.count("total_iters").unwrap_or(5),
            );
            (
                Arc::new(
                    Sequence::new(Linear::new(1).start(factor).end(factor))
                        .then(updates, Constant::new()),
                ),
                ALL,
            )
        }
        "LinearLR" => {
            let line = Linear::new(params.count("total_iters").unwrap_or(5));
            let (start, end) = (
                params.number_or("start_factor", 1.0 / 3.0),
                params.number_or("end_factor", 1.0),
            );
            (Arc::new(line.start(start).end(end)), ALL)
        }
        "CosineAnnealingLR" => {
            let length = params.updates("T_max");
            (
                Arc::new(Cosine::new(length).floor(params.number_or("eta_min", 0.0) / base)),
                length,
            )
        }
        other => panic!("no rule for torch's {other}"),
    }
}

/// optax: absolute values, and warm-ups from an initial one.
fn optax(kind: &str, params: Params) -> Rebuilt {
    let initial = params.must("init_value");
    let (schedule, peak): (Arc<dyn Schedule>, f64) = match kind {
        "cosine_decay_schedule" => (
            Arc::new(
                Cosine::new(params.updates("decay_steps")).floor(params.number_or("alpha", 0.0)),
            ),
            initial,
        ),
        "linear_schedule" => {
            let end = params.must("end_value");
            let peak = initial.max(end);
            let line = Linear::new(params.updates("transition_steps"))
                .start(initial / peak)
                .end(end / peak);
            let before = Linear::new(1).start(initial / peak).end(initial / peak);
            (after(before, params.count("transition_begin"), line), peak)
        }
        "exponential_decay" => {
            let (updates, decay) = (
                params.updates("transition_steps"),
                params.must("decay_rate"),
            );
            let shape: Arc<dyn Schedule> = match params.0["staircase"].as_bool() {
                Some(true) => Arc::new(Step::new(updates).gamma(decay)),
                _ => Arc::new(Exponential::new(decay).every(updates)),
            };
            let bounded = shape.at_least(params.number_or("end_value", 0.0) / initial);
            (
                after(Constant::new(), params.count("transition_begin"), bounded),
                initial,
            )
        }
        "warmup_constant_schedule" => {
            let peak = params.must("peak_value");
            (
                Arc::new(
                    Constant::new()
                        .warmup(params.updates("warmup_steps"))
                        .start(initial / peak),
                ),
                peak,
            )
        }
        "warmup_cosine_decay_schedule" => {
            let peak = params.must("peak_value");
            let cosine = Cosine::new(params.updates("decay_steps"))
                .floor(params.number_or("end_value", 0.0) / peak);
            (
                Arc::new(
                    cosine
                        .warmup_within(params.updates("warmup_steps"))
                        .start(initial / peak),
                ),
                peak,
            )
        }
        "warmup_exponential_decay_schedule" => {
            let peak = params.must("peak_value");
            let decay = Exponential::new(params.must("decay_rate"))
                .every(params.updates("transition_steps"));
            (
                Arc::new(
                    decay
                        .warmup(params.updates("warmup_steps"))
                        .start(initial / peak),
                ),
                peak,
            )
        }
        other => panic!("no rule for optax' {other}"),
    };
    Rebuilt {
        schedule,
        peak,
        until: ALL,
    }
}

fn after(
    before: impl Schedule + 'static,
    begin: Option<u64>,
    schedule: impl Schedule + 'static,
) -> Arc<dyn Schedule> {
    match begin {
        Some(begin) if begin > 0 => Arc::new(Sequence::new(before).then(begin, schedule)),
        _ => Arc::new(schedule),
    }
}

/// transformers: warm-ups from 0, and totals that include them. Its cosines climb again after the total.
fn transformers(kind: &str, params: Params, base: f64) -> Rebuilt {
    let warmup = params.count("num_warmup_steps").unwrap_or(0);
    let total = params.count("num_training_steps").unwrap_or(ALL);
    let specific = Params(&params.0["scheduler_specific_kwargs"]);
    let floor = specific
        .number("min_lr")
        .map(|rate| rate / base)
        .or(specific.number("min_lr_rate"))
        .unwrap_or(0.0);
    let schedule: Arc<dyn Schedule> = match kind {
        "constant" => Arc::new(Constant::new()),
        "constant_with_warmup" => Arc::new(Constant::new().warmup(warmup).start(0.0)),
        "linear" => Arc::new(Linear::new(total).warmup_within(warmup).start(0.0)),
        "cosine" | "cosine_with_min_lr" => Arc::new(
            Cosine::new(total)
                .floor(floor)
                .warmup_within(warmup)
                .start(0.0),
        ),
        "cosine_warmup_with_min_lr" => {
            // Shifted by one: the peak is the last update of its warm-up, and the floor the last of the run.
            let rise = Cosine::new(total - 1)
                .floor(floor)
                .warmup_within(warmup - 1);
            match specific.number("warmup_lr_rate") {
                Some(start) => Arc::new(rise.start(start)),
                None => Arc::new(rise),
            }
        }
        other => panic!("no rule for transformers' {other}"),
    };
    let until = if kind.starts_with("cosine") {
        total
    } else {
        ALL
    };
    Rebuilt {
        schedule,
        peak: base,
        until,
    }
}

/// Keras: lengths that do not include the warm-up.
fn keras(kind: &str, params: Params) -> Rebuilt {
    let (initial, updates) = (
        params.must("initial_learning_rate"),
        params.updates("decay_steps"),
    );
    let (schedule, peak): (Arc<dyn Schedule>, f64) = match kind {
        "CosineDecay" => {
            let cosine = Cosine::new(updates).floor(params.number_or("alpha", 0.0));
            match params.number("warmup_target") {
                Some(peak) => (
                    Arc::new(
                        cosine
                            .warmup(params.updates("warmup_steps"))
                            .start(initial / peak),
                    ),
                    peak,
                ),
                None => (Arc::new(cosine), initial),
            }
        }
        "ExponentialDecay" => (
            Arc::new(Exponential::new(params.must("decay_rate")).every(updates)),
            initial,
        ),
        other => panic!("no rule for Keras' {other}"),
    };
    Rebuilt {
        schedule,
        peak,
        until: ALL,
    }
}

/// timm: warm-ups in front, from an absolute rate.
fn timm(kind: &str, params: Params, base: f64) -> Rebuilt {
    let shape: Arc<dyn Schedule> = match kind {
        "CosineLRScheduler" => {
            let cosine = Cosine::new(params.updates("t_initial"));
            Arc::new(cosine.floor(params.number_or("lr_min", 0.0) / base))
        }
        "StepLRScheduler" => Arc::new(
            Step::new(params.updates("decay_t")).gamma(params.number_or("decay_rate", 1.0)),
        ),
        other => panic!("no rule for timm's {other}"),
    };
    let warmed = shape.warmup(params.count("warmup_t").unwrap_or(0));
    let schedule = Arc::new(warmed.start(params.number_or("warmup_lr_init", 0.0) / base));
    Rebuilt {
        schedule,
        peak: base,
        until: ALL,
    }
}
