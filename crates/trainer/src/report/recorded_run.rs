//! A run read back from its directory, as far as it got.

use std::fs;
use std::path::Path;

use super::figure::Point;
use super::run_error::{content_error, file_error};
use super::{Diverged, RunDirectory, RunError, Summary};
use crate::analysis::Verdict;

/// What a run left: its settings, its curves, and, if it came to its end, what it reached.
#[derive(Debug, Clone)]
pub struct RecordedRun {
    /// What the run is called beside others.
    pub name: String,
    /// Each setting by its key, such as `optimizer.lr`, as a configuration file would say it.
    pub settings: Vec<(String, String)>,
    /// What each answer means; empty if the run does not say.
    pub classes: Vec<String>,
    /// How it ended; nothing if it goes on, or was stopped.
    pub ending: Option<Ending>,
    /// Each column of `metrics.csv` that has a value, but `update` and `epoch`.
    pub curves: Vec<Curve>,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub enum Ending {
    /// With its last update.
    Reached(Box<Summary>),
    /// With a loss that was no number any more.
    Diverged(Box<Diverged>),
}

/// A column of `metrics.csv`.
#[derive(Debug, Clone)]
pub struct Curve {
    /// Its name there.
    pub column: String,
    /// Its values over updates, where there is one.
    pub points: Vec<Point>,
}

impl RecordedRun {
    /// Reads a run. One that is still going on gives what it has written so far.
    ///
    /// # Errors
    /// A file that cannot be read, or is not what a run leaves.
    pub fn read(directory: &RunDirectory) -> Result<Self, RunError> {
        let path = directory.path();
        let inputs = path.join("data.toml").is_file();
        let inputs = inputs.then(|| directory.load_inputs()).transpose()?;
        Ok(Self {
            name: name(path),
            settings: read_settings(&directory.settings_path())?,
            classes: inputs.map_or_else(Vec::new, |inputs| inputs.classes().to_vec()),
            ending: read_ending(&path.join("summary.json"))?,
            curves: read_curves(&path.join("metrics.csv"))?,
        })
    }

    /// A curve, if the run has it.
    pub fn curve(&self, column: &str) -> Option<&Curve> {
        self.curves.iter().find(|curve| curve.column == column)
    }

    /// A setting, if the run has it.
    pub fn setting(&self, key: &str) -> Option<&str> {
        let found = self.settings.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_str())
    }
}

impl Ending {
    /// What its curves say about it.
    pub fn verdict(&self) -> &Verdict {
        match self {
            Self::Reached(summary) => &summary.verdict,
            Self::Diverged(diverged) => &diverged.verdict,
        }
    }
}

/// The last part of its path, which `.` and `..` do not tell.
fn name(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let last = whole.file_name().unwrap_or(whole.as_os_str());
    last.to_string_lossy().into_owned()
}

fn read_settings(path: &Path) -> Result<Vec<(String, String)>, RunError> {
    let text = fs::read_to_string(path).map_err(|error| file_error(path, error))?;
    let table: toml::Table =
        toml::from_str(&text).map_err(|error| content_error(path, error.message()))?;
    let mut settings = Vec::new();
    flatten("", &table, &mut settings);
    Ok(settings)
}

fn flatten(prefix: &str, table: &toml::Table, settings: &mut Vec<(String, String)>) {
    for (key, value) in table {
        match value {
            toml::Value::Table(inner) => flatten(&format!("{prefix}{key}."), inner, settings),
            toml::Value::String(text) => settings.push((format!("{prefix}{key}"), text.clone())),
            value => settings.push((format!("{prefix}{key}"), value.to_string())),
        }
    }
}

fn read_ending(path: &Path) -> Result<Option<Ending>, RunError> {
    if !path.is_file() {
        return Ok(None);
    }
    let text = fs::read_to_string(path).map_err(|error| file_error(path, error))?;
    let ending = match text.contains("\"test_loss\"") {
        true => serde_json::from_str(&text).map(Ending::Reached),
        false => serde_json::from_str(&text).map(Ending::Diverged),
    };
    ending.map(Some).map_err(|error| content_error(path, error))
}

fn read_curves(path: &Path) -> Result<Vec<Curve>, RunError> {
    let text = fs::read_to_string(path).map_err(|error| file_error(path, error))?;
    parse_curves(&text).map_err(|reason| content_error(path, reason))
}

fn parse_curves(text: &str) -> Result<Vec<Curve>, String> {
    // A run that goes on, or was killed, may have written half of its last line.
    let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
    let mut reader = csv::Reader::from_reader(whole.as_bytes());
    let head = reader.headers().map_err(|error| error.to_string())?.clone();
    if head.get(0) != Some("update") {
        return Err("its first column must be `update`".to_owned());
    }
    let columns = head.iter().map(|name| Curve {
        column: name.to_owned(),
        points: Vec::new(),
    });
    let mut curves: Vec<Curve> = columns.collect();
    let mut last = None;
    for row in reader.records() {
        let row = row.map_err(|error| error.to_string())?;
        let update: u64 = row[0]
            .parse()
            .map_err(|_| format!("update = {}: must be a whole number", &row[0]))?;
        if last.is_some_and(|last| update <= last) {
            return Err(format!("update {update} comes after a later one"));
        }
        last = Some(update);
        for (curve, cell) in curves
            .iter_mut()
            .zip(&row)
            .filter(|(_, cell)| !cell.is_empty())
        {
            let value = cell.parse().map_err(|_| {
                format!(
                    "update {update}: {} = {cell}: must be a number",
                    curve.column
                )
            })?;
            curve.points.push(Point::new(update as f64, value));
        }
    }
    let index = |curve: &Curve| ["update", "epoch"].contains(&curve.column.as_str());
    curves.retain(|curve| !index(curve) && !curve.points.is_empty());
    Ok(curves)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_a_curve_where_it_has_values() {
        let text = "update,epoch,learning_rate,train_loss,validation_loss,gain\n\
                    0,0,0.1,2.5,,\n\
                    1,0,0.05,NaN,1.25,\n\
                    2,1,0.02";
        let curves = parse_curves(text).unwrap();
        let names: Vec<&str> = curves.iter().map(|curve| curve.column.as_str()).collect();
        assert_eq!(names, ["learning_rate", "train_loss", "validation_loss"]);
        let values = |index: usize| -> Vec<(f64, f64)> {
            let points = curves[index].points.iter();
            points.map(|point| (point.x, point.y)).collect()
        };
        assert_eq!(
            values(0),
            [(0.0, 0.1), (1.0, 0.05)],
            "half a line is no row"
        );
        assert_eq!(values(2), [(1.0, 1.25)]);
        assert!(values(1)[1].1.is_nan());
        assert!(parse_curves("update,epoch\n").unwrap().is_empty());
    }

    #[test]
    fn what_is_no_metrics_file_is_named() {
        let wrong = [
            ("", "first column"),
            ("a,b\n1,2\n", "first column"),
            ("update,x\n0,1\n0,1\n", "update 0 comes after"),
            ("update,x\n0,zero\n", "update 0: x = zero"),
            ("update,x\n-1,1\n", "update = -1"),
            ("update,x\n1,1,1\n", "fields"),
        ];
        for (text, expected) in wrong {
            let reason = parse_curves(text).unwrap_err();
            assert!(reason.contains(expected), "{reason}");
        }
    }

    #[test]
    fn settings_are_flat_and_as_they_are_typed() {
        let table =
            toml::from_str("seed = 1\n[data]\nname = \"digits\"\n[model]\nhidden = [64, 32]");
        let mut settings = Vec::new();
        flatten("", &table.unwrap(), &mut settings);
        let expected = [
            ("seed", "1"),
            ("data.name", "digits"),
            ("model.hidden", "[64, 32]"),
        ];
        let settings = settings
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()));
        assert!(
            expected
                .iter()
                .all(|pair| settings.clone().any(|setting| setting == *pair))
        );
        assert_eq!(settings.count(), 3);
    }
}
