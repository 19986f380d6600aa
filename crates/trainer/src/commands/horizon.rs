//! How many updates a run is planned with whose length is a time.

use schedules::MAX_UPDATE;

use crate::config::{ConfigError, Settings};
use crate::engine::{Checkpoint, Compute};
use crate::report::Console;

use super::prepare::{Prepared, replan};
use super::{Failure, backend};

/// Measures how many updates fit into the run's time, if that is its length and nobody has said how many, and plans it
/// with them; a run that begins `from` a state has taken a part of its time already.
pub(super) fn settle(
    prepared: &mut Prepared,
    compute: &Compute,
    from: Option<&Checkpoint>,
    console: Console,
) -> Result<(), Failure> {
    let train = &prepared.resolved.settings.train;
    let (Some(time), None) = (train.length.time(), train.horizon) else {
        return Ok(());
    };
    let (made, seconds) = from.map_or((0, 0.0), |state| (state.updates, state.seconds));
    let left = time.as_secs_f64() - seconds;
    if left <= 0.0 {
        let length = train.length;
        return Err(ConfigError::new(format!(
            "train.length = {length}: the state that the run begins with has taken {seconds:.0} s already"
        ))
        .hint("a longer one, which counts from that run's first update; or an earlier state: --fork RUN@UPDATE")
        .into());
    }
    let rate = backend::measure(prepared, compute)?;
    let left = (rate * left).round().max(1.0) as u64;
    let horizon = made.saturating_add(left).min(MAX_UPDATE);
    console.status("measured", format_args!("{rate:.0} updates/s"));
    prepared.resolved.settings.train.horizon = Some(horizon);
    replan(prepared)
}

/// A plan of so much time says nothing before its speed was measured.
pub(super) fn refuse_unknown(settings: &Settings) -> Result<(), ConfigError> {
    let train = &settings.train;
    if train.length.time().is_none() || train.horizon.is_some() {
        return Ok(());
    }
    let length = train.length;
    Err(ConfigError::new(format!(
        "train.length = {length}: how many updates these are is measured when the run is trained"
    ))
    .hint("--set train.horizon=4000 draws it with so many; a run's own settings.toml has what was measured"))
}

/// What is compared makes the same number of updates, from its first one on.
pub(super) fn refuse_unequal(settings: &Settings) -> Result<(), ConfigError> {
    let length = settings.train.length;
    if length.time().is_some() {
        return Err(ConfigError::new(format!(
            "train.length = {length}: runs are compared over the same number of updates"
        ))
        .hint("updates (4000) or epochs (\"20ep\")"));
    }
    if settings.fork.is_some() {
        return Err(
            ConfigError::new("[fork]: runs are compared from their first update on")
                .hint("leave that section out"),
        );
    }
    Ok(())
}
