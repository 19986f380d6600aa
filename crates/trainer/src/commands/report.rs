//! `trainer report`

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::Failure;
use super::new_file::write_svg;
use crate::cli::ReportArguments;
use crate::config::ConfigError;
use crate::report::{Console, Page, RecordedRun, RunDirectory, run_picture, run_report};

/// The file's name, if none is given.
const NAME: &str = "report.html";

pub(super) fn run(arguments: &ReportArguments) -> Result<(), Failure> {
    let console = Console {
        json: arguments.json,
    };
    let mut runs = Vec::new();
    for path in &arguments.runs {
        runs.push(RecordedRun::read(&RunDirectory::open(path)?)?);
    }
    name_apart(&mut runs, &arguments.runs);

    let path = match (&arguments.output, arguments.runs.as_slice()) {
        (Some(path), _) => path.clone(),
        (None, [run]) => run.join(NAME),
        (None, _) => PathBuf::from(NAME),
    };
    if let Some(svg) = &arguments.svg {
        check_columns(&arguments.columns, &runs)?;
        write_svg(svg, &run_picture(&runs, &arguments.columns))?;
        console.status("picture", svg.display());
    }
    write(&path, &run_report(&runs).html())?;
    console.data(&json!({ "file": path, "runs": arguments.runs }));
    console.result(path.display());
    if arguments.open
        && let Err(error) = open::that_detached(&path)
    {
        console.warn(format_args!("no browser was opened: {error}"));
    }
    Ok(())
}

/// Runs with the same last part of their path are called by all of it.
fn name_apart(runs: &mut [RecordedRun], paths: &[PathBuf]) {
    let names: Vec<String> = runs.iter().map(|run| run.name.clone()).collect();
    for (run, path) in runs.iter_mut().zip(paths) {
        if names.iter().filter(|name| **name == run.name).count() > 1 {
            run.name = path.display().to_string();
        }
    }
}

/// Every column that is drawn must be in some run.
fn check_columns(columns: &[String], runs: &[RecordedRun]) -> Result<(), ConfigError> {
    for column in columns {
        if runs.iter().all(|run| run.curve(column).is_none()) {
            let curves = runs.iter().flat_map(|run| &run.curves);
            let mut names: Vec<&str> = curves.map(|curve| curve.column.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            let message = format!("--columns {column}: no run has such a column with values");
            return Err(ConfigError::new(message).hint(format!("there are {}", names.join(", "))));
        }
    }
    Ok(())
}

/// Writes the page; only an older report is replaced.
pub(super) fn write(path: &Path, html: &str) -> Result<(), ConfigError> {
    let refused = |error: std::io::Error| {
        ConfigError::new(format!("{}: {error}", path.display()))
            .hint("--output names a file in a folder that is there")
    };
    if path.exists() {
        let there = fs::read(path).map_err(refused)?;
        if !Page::is_ours(&String::from_utf8_lossy(&there)) {
            let message = format!("{} is there already, and is no report", path.display());
            return Err(ConfigError::new(message).hint("--output FILE names another"));
        }
    }
    fs::write(path, html).map_err(refused)
}
