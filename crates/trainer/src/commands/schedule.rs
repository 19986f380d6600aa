//! `trainer schedule`

use schedules::ScheduleConfig;

use crate::cli::{Format, ScheduleArguments};
use crate::report::{Console, Planned, describe_kinds};

use super::new_file::write_svg;
use super::prepare::prepare;
use super::{Failure, horizon};

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
    horizon::refuse_unknown(&prepared.resolved.settings)?;
    let planned = Planned::new(&prepared.resolved.settings, &prepared.plan);
    if let Some(path) = &arguments.svg {
        write_svg(path, &planned.svg())?;
        console.status("picture", path.display());
    }
    match format {
        Format::Text => console.result(planned),
        Format::Csv => console.rows(|out| planned.write_csv(out)),
        Format::Json => console.data(&planned.json()),
    }
    Ok(())
}
