//! What is used where nothing was given: measured choices, per optimizer, model and data.
//!
//! The rates were chosen on validation accuracy; CONTRIBUTING.md has the command.

use toml::{Table, Value};

use super::Rule;
use super::settings::{Network, Source};

/// The default schedule: a short warm-up, then a cosine to a hundredth of the peak, or no fall at all for an optimizer
/// that averages its weights instead.
pub(super) fn schedule(optimizer: &str) -> Table {
    let mut schedule = Table::from_iter([("warmup".to_owned(), Value::from("5%"))]);
    let kind = schedule_kind(optimizer);
    schedule.insert("kind".to_owned(), Value::from(kind));
    if kind == "cosine" {
        schedule.insert("floor".to_owned(), Value::from(0.01));
    }
    Table::from_iter([("schedule".to_owned(), Value::Table(schedule))])
}

/// The kind of the default schedule.
pub(super) fn schedule_kind(optimizer: &str) -> &'static str {
    if optimizer.starts_with("schedule_free") {
        "constant"
    } else {
        "cosine"
    }
}

/// The optimizer that is used where none is named.
pub(super) const OPTIMIZER: &str = "adamw";

/// The peak learning rate: for an MLP, and for networks with convolutions. The CNN, which has no norm, takes larger steps
/// of two rules.
pub(super) fn learning_rate(rule: &Rule, network: &Network) -> f64 {
    match (rule, network) {
        (Rule::RAdam(_), Network::Cnn { .. }) => return 1e-2,
        (Rule::Lion(_), Network::Cnn { .. }) => return 1e-3,
        _ => {}
    }
    let (mlp, convolutions) = match rule {
        Rule::Sgd(_) => (0.1, 0.1),
        Rule::Adam(_) | Rule::AdamW(_) | Rule::NAdam(_) | Rule::RAdam(_) => (1e-2, 3e-3),
        Rule::RmsProp(_) => (3e-3, 1e-3),
        Rule::Adagrad(_) => (3e-2, 3e-2),
        Rule::Lion(_) => (3e-3, 3e-4),
        Rule::Lamb(_) => (1e-2, 1e-2),
        Rule::Muon(_) => (2e-2, 2e-2),
        Rule::ScheduleFreeSgd(_) => (1.0, 1.0),
        Rule::ScheduleFreeAdamW(_) => (1e-2, 1e-2),
        Rule::Prodigy(_) => (1.0, 1.0),
    };
    match network {
        Network::Mlp { .. } => mlp,
        _ => convolutions,
    }
}

/// What differs from the optimizers crate, whose defaults are PyTorch's.
pub(super) fn optimizer(kind: &str) -> Table {
    let keys = match kind {
        // Plain SGD is rarely what somebody means.
        "sgd" => vec![("momentum", Value::from(0.9))],
        // AdamW takes the head, at the rate that it has by itself in a network with convolutions.
        "muon" => vec![
            ("adamw_for", Value::from(vec!["head"])),
            ("adamw_rate", Value::from(0.15)),
        ],
        _ => Vec::new(),
    };
    keys.into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

/// How many epochs a run lasts.
pub(super) fn epochs(source: &Source) -> f64 {
    match source {
        Source::Digits { .. } => 20.0,
        Source::Mnist { .. } => 5.0,
        Source::Images(_) => 10.0,
    }
}

/// The share of the training rows held out for validation, in percent.
pub(super) fn validation_percent(source: &Source) -> u32 {
    match source {
        Source::Digits { .. } => 20,
        Source::Mnist { .. } | Source::Images(_) => 10,
    }
}

/// The share of a folder's pictures held out for testing, in percent.
pub(super) const TEST_PERCENT: u32 = 20;
