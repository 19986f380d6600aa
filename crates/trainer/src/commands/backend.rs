//! Opens the backend of a run, and finds the fastest when asked to.

use std::time::Duration;

use crate::config::{Backend, Settings};
use crate::data::Dataset;
use crate::engine::{self, Compute, Plan};
use crate::report::Console;

use super::Failure;
use super::prepare::Prepared;

/// How long each backend is measured.
const MEASURED: Duration = Duration::from_millis(500);

/// Opens the backend that `prepared` asks for; `auto` measures all that could win.
pub(super) fn open(prepared: &Prepared, console: Console) -> Result<Compute, Failure> {
    let settings = &prepared.resolved.settings;
    open_for(settings, &prepared.dataset, &prepared.plan, console)
}

/// The same for settings that were not prepared.
pub(super) fn open_for(
    settings: &Settings,
    dataset: &Dataset,
    plan: &Plan,
    console: Console,
) -> Result<Compute, Failure> {
    let compute = match settings.backend {
        Backend::Auto => fastest(settings, dataset, plan, console)?,
        backend => {
            let compute = engine::open(backend)?;
            compute.check(settings.train.precision)?;
            compute
        }
    };
    warn_if_software(&compute, console);
    Ok(compute)
}

/// A person who asked for a GPU should know that there is none.
pub(super) fn warn_if_software(compute: &Compute, console: Console) {
    if compute.software {
        console.warn(format_args!(
            "{} is a program that plays a GPU, slower than --backend flex",
            compute.name
        ));
    }
}

fn fastest(
    settings: &Settings,
    dataset: &Dataset,
    plan: &Plan,
    console: Console,
) -> Result<Compute, Failure> {
    let mut best: Option<(f64, Compute)> = None;
    for compute in every(settings) {
        // A software rasterizer cannot win, and takes minutes to lose.
        if compute.software {
            continue;
        }
        let rate = engine::updates_per_second(settings, dataset, plan, &compute, MEASURED)?;
        console.status(
            "measured",
            format_args!("{:<8} {rate:.0} updates/s", compute.backend.name()),
        );
        if best.as_ref().is_none_or(|(fastest, _)| rate > *fastest) {
            best = Some((rate, compute));
        }
    }
    match best {
        Some((_, compute)) => Ok(compute),
        None => Ok(engine::open(Backend::Flex)?),
    }
}

/// Every backend of this build that opens on this machine.
pub(super) fn every(settings: &Settings) -> Vec<Compute> {
    let mut backends = engine::cpu_backends().to_vec();
    backends.extend_from_slice(engine::gpu_backends());
    // The one that was asked for first, so that a tie goes to it.
    backends.sort_by_key(|backend| *backend != settings.backend);
    backends
        .into_iter()
        .filter_map(|backend| engine::open(backend).ok())
        .filter(|compute| compute.check(settings.train.precision).is_ok())
        .collect()
}

/// Training updates a second of the settings' model on `compute`.
pub(super) fn measure(prepared: &Prepared, compute: &Compute) -> Result<f64, Failure> {
    let rate = engine::updates_per_second(
        &prepared.resolved.settings,
        &prepared.dataset,
        &prepared.plan,
        compute,
        MEASURED,
    )?;
    Ok(rate)
}
