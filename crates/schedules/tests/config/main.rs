//! Schedules as a config file holds them, by topic: what they mean, what is written, and what each mistake is answered
//! with.

#![cfg(feature = "serde")]
#![allow(clippy::unwrap_used, clippy::expect_used)] // a panic is how a test fails

mod curves;
mod meaning;
mod mistakes;
mod nested;
mod shapes;
mod written;

use schedules::prelude::*;
use serde_json::Value;

fn rate(config: Value) -> Scheduler {
    ScheduleConfig::from_value(config)
        .unwrap()
        .build(&Horizon::new(1_000, 50), 0.1)
        .unwrap()
}

/// The rates of a config at some updates equal those of a schedule written in code.
fn same(config: Value, schedule: impl Schedule + 'static) {
    let (config, code) = (rate(config), schedule.peak(0.1).unwrap());
    for update in 0..1_200 {
        let (found, expected) = (config.rate_at(update), code.rate_at(update));
        assert_eq!(found, expected, "update {update} of {code:?}");
    }
    assert_eq!(config.state().fingerprint, code.state().fingerprint);
}

/// The text, and the hint after it, of reading and building a config.
fn mistake(config: Value) -> String {
    let horizon = Horizon::new(1_000, 50);
    let error = ScheduleConfig::from_value(config)
        .and_then(|config| config.build(&horizon, 0.1))
        .unwrap_err();
    match error.hint() {
        Some(hint) => format!("{error} [{hint}]"),
        None => error.to_string(),
    }
}
