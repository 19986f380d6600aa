//! What is used where nothing was given: measured choices, per optimizer, model and data.
//!
//! The rates were chosen on validation accuracy; CONTRIBUTING.md has the command.

use toml::{Table, Value};

use super::settings::{ModelSettings, Rule, Source};

/// The default schedule: a short warm-up, then a cosine to a hundredth of the peak.
pub(super) fn schedule() -> Table {
    let schedule = Table::from_iter([
        ("kind".to_owned(), Value::from("cosine")),
        ("floor".to_owned(), Value::from(0.01)),
        ("warmup".to_owned(), Value::from("5%")),
    ]);
    Table::from_iter([("schedule".to_owned(), Value::Table(schedule))])
}

/// The peak learning rate.
pub(super) fn learning_rate(rule: &Rule, model: &ModelSettings) -> f64 {
    match (rule, model) {
        (Rule::Sgd { .. }, _) => 0.1,
        (Rule::Adam { .. } | Rule::AdamW { .. }, ModelSettings::Mlp { .. }) => 1e-2,
        (Rule::Adam { .. } | Rule::AdamW { .. }, ModelSettings::LeNet5) => 3e-3,
    }
}

/// Unlike PyTorch's 0, since plain SGD is rarely what somebody means.
pub(super) const SGD_MOMENTUM: f64 = 0.9;

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
