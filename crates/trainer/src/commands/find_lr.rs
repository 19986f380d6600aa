//! `trainer find-lr`, and the search of `trainer train --lr auto`.

use crate::analysis::SuggestedRates;
use crate::cli::{FindLrArguments, ResultFormat};
use crate::config::{ConfigError, Layer};
use crate::engine::{Compute, FitError, RateSweep, SweptRates, range_test};
use crate::report::{Console, FoundRates};

use super::new_file::write_svg;
use super::prepare::{Prepared, prepare, replan};
use super::{Failure, backend};

pub(super) fn run(arguments: &FindLrArguments) -> Result<(), Failure> {
    let format = ResultFormat::of(arguments.format, arguments.json);
    let console = Console {
        json: format == ResultFormat::Json,
    };
    let sweep = arguments.sweep()?;
    let prepared = prepare(arguments.settings.layers()?, console)?;
    let compute = backend::open(&prepared, console)?;
    let first_seed = prepared.resolved.settings.seed;
    let seeds = first_seed..first_seed.saturating_add(arguments.repeat);
    let mut tests = Vec::new();
    for seed in seeds {
        if arguments.repeat > 1 {
            console.status("seed", seed);
        }
        tests.push(test(&prepared, seed, &compute, &sweep)?);
    }
    let suggested = SuggestedRates::of(&tests);
    let found = FoundRates::new(first_seed, &tests, &suggested);
    if let Some(path) = &arguments.svg {
        write_svg(path, &found.svg())?;
        console.status("picture", path.display());
    }
    match format {
        ResultFormat::Text => console.result(found),
        ResultFormat::Csv => console.rows(|out| found.write_csv(out)),
        ResultFormat::Json => console.data(&found.json()),
    }
    Ok(())
}

/// A range test begins with the run's first weights, which a run from a state of another one does not.
pub(super) fn refuse_fork() -> ConfigError {
    ConfigError::new("--lr auto: a run that goes on from another one's state must have a number")
        .hint("without --lr it is the other run's")
}

fn test(
    prepared: &Prepared,
    seed: u64,
    compute: &Compute,
    sweep: &RateSweep,
) -> Result<SweptRates, FitError> {
    let mut settings = prepared.resolved.settings.clone();
    settings.seed = seed;
    range_test(&settings, &prepared.dataset, compute, sweep)
}

/// Finds a rate for the run that is `prepared`, and plans it anew with that.
pub(super) fn find_for(
    prepared: &mut Prepared,
    compute: &Compute,
    console: Console,
) -> Result<SuggestedRates, Failure> {
    let sweep = RateSweep::default();
    let seed = prepared.resolved.settings.seed;
    console.status(
        "find-lr",
        format_args!(
            "{} updates from {:e} to {}",
            sweep.updates, sweep.from, sweep.to
        ),
    );
    let tests = [test(prepared, seed, compute, &sweep)?];
    let suggested = SuggestedRates::of(&tests);
    let Some(rate) = suggested.combined.learning_rate else {
        let reason = suggested.combined.reason.unwrap_or_default();
        return Err(
            ConfigError::new(format!("--lr auto: no rate was found: {reason}"))
                .hint("`trainer find-lr` draws the curve; or give a number")
                .into(),
        );
    };
    let layer = Layer::from_flag("--lr auto", "optimizer.lr", rate);
    prepared.resolved.layers.push(layer)?;
    prepared.resolved.settings.optimizer.lr = rate;
    replan(prepared)?;
    Ok(suggested)
}
