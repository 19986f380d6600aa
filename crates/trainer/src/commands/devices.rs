//! `trainer devices`

use serde_json::json;

use crate::cli::DevicesArguments;
use crate::config::Backend;
use crate::engine::{adapters, cpu_backends, gpu_backends, open};
use crate::report::Console;

use super::prepare::prepare;
use super::{Failure, backend};

pub(super) fn run(arguments: &DevicesArguments) -> Result<(), Failure> {
    let console = Console {
        json: arguments.json,
    };
    if arguments.bench {
        return bench(arguments, console);
    }
    let adapters = adapters();
    let (graphics, compute): (Vec<_>, Vec<_>) = gpu_backends()
        .iter()
        .copied()
        .partition(|backend| backend.is_graphics());
    let computes: Vec<_> = compute.into_iter().flat_map(open).collect();
    let names = |backends: &[Backend]| {
        let names: Vec<&str> = backends.iter().map(|backend| backend.name()).collect();
        names.join(", ")
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    console.result(format_args!(
        "CPU with {threads} threads: --backend {}",
        names(cpu_backends())
    ));
    for adapter in &adapters {
        console.result(format_args!(
            "{} ({}, {}, driver {}): --backend {}",
            adapter.name,
            adapter.kind,
            adapter.interface,
            adapter.driver,
            names(&graphics),
        ));
    }
    for compute in &computes {
        let backend = compute.backend.name();
        console.result(format_args!("{}: --backend {backend}", compute.name));
    }
    if adapters.is_empty() && computes.is_empty() {
        console.result("no GPU found");
    }
    console.data(&json!({
        "cpu": { "threads": threads, "backends": cpu_backends() },
        "gpu_backends": gpu_backends(),
        "adapters": adapters.iter().map(|adapter| json!({
            "name": adapter.name,
            "type": adapter.kind,
            "interface": adapter.interface,
            "driver": adapter.driver,
        })).collect::<Vec<_>>(),
    }));
    Ok(())
}

/// Training updates a second of one model, on every backend.
fn bench(arguments: &DevicesArguments, console: Console) -> Result<(), Failure> {
    let prepared = prepare(arguments.settings.layers()?, console)?;
    let settings = &prepared.resolved.settings;
    let mut rows = Vec::new();
    console.result(format_args!(
        "{} on {}, batch of {}: whole training updates per second",
        settings.model.name(),
        settings.data.source.name(),
        settings.data.batch_size,
    ));
    for compute in backend::every(settings) {
        if compute.is_gpu() {
            console.status("gpu", "compiling and tuning kernels (once)");
        }
        let rate = backend::measure(&prepared, &compute)?;
        console.result(format_args!(
            "{:<8} {rate:>8.1}  {}",
            compute.backend.name(),
            compute.name
        ));
        rows.push(json!({
            "backend": compute.backend,
            "device": compute.name,
            "updates_per_second": rate,
        }));
    }
    console.data(&json!({ "model": settings.model.name(), "rows": rows }));
    Ok(())
}
