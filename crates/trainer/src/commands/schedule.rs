//! `trainer schedule`

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use schedules::ScheduleConfig;

use crate::cli::{Format, ScheduleArguments};
use crate::config::ConfigError;
use crate::report::{Console, Planned, describe_kinds};

use super::Failure;
use super::prepare::prepare;

pub(super) fn run(arguments: &ScheduleArguments) -> Result<(), Failure> {
    let format = if arguments.json {
        Format::Json
    } else {
        arguments.format
    };
    let console = Console {
        json: format == Format::Json,
    };
    if arguments.list {
        console.result(describe_kinds(&ScheduleConfig::schema()));
        console.data(&ScheduleConfig::schema());
        return Ok(());
    }
    let prepared = prepare(arguments.settings.layers()?, console)?;
    for hint in prepared.resolved.settings.schedule.hints() {
        console.warn(format_args!("schedule.{hint}"));
    }
    let planned = Planned::new(&prepared.resolved.settings, &prepared.plan);
    if let Some(path) = &arguments.svg {
        write_new(path, &planned.svg())?;
        console.status("picture", path.display());
    }
    match format {
        Format::Text => console.result(planned),
        Format::Csv => console.rows(|out| planned.write_csv(out)),
        Format::Json => console.data(&planned.json()),
    }
    Ok(())
}

/// Writes a file that was not there.
fn write_new(path: &Path, text: &str) -> Result<(), ConfigError> {
    let refused = |error: std::io::Error| {
        ConfigError::new(format!("--svg {}: {error}", path.display()))
            .hint("name a new file in a folder that is there; nothing is overwritten")
    };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(refused)?;
    file.write_all(text.as_bytes()).map_err(refused)
}
