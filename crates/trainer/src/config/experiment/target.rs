//! `[compare.target]`: what strategies have to reach, where the shortest budget for it is looked for.

use schedules::Span;
use serde::{Deserialize, Serialize};
use toml::Value;

use super::SECTION;
use super::section::{Section, number};
use crate::config::error::suggest;
use crate::config::{ConfigError, Share};

/// What is looked for: the shortest budget for a goal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// The goal.
    pub goal: Goal,
    /// No longer budget is tried; ten times the run's length where nothing is said.
    pub longest: Option<Span>,
}

/// What the runs of a strategy have to reach on the validation rows after their last update, in the mean over seeds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Goal {
    /// At least this share of images answered right.
    Accuracy(Share),
    /// At most this mean cross-entropy, in nats.
    Loss(f64),
}

/// The keys of the section.
const KEYS: [&str; 3] = ["accuracy", "longest", "loss"];

impl Section {
    /// What the shortest budget is looked for of, if that is asked for.
    pub(super) fn target(&self) -> Result<Option<Target>, ConfigError> {
        let table = match self.get("target") {
            None => return Ok(None),
            Some(Value::Table(table)) => table,
            Some(_) => {
                let reason = "must be a table, such as { accuracy = \"98.5%\" }";
                return Err(self.refuse("target", reason));
            }
        };
        if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
            let path = format!("target.{key}");
            let place = self.origin(&path);
            let message = format!("unknown key `{SECTION}.{path}` ({place})");
            return Err(ConfigError::new(message).hint(suggest(key, &KEYS)));
        }
        let goal = match (table.get("accuracy"), table.get("loss")) {
            (Some(accuracy), None) => {
                let share = Share::deserialize(accuracy.clone());
                let refuse =
                    |error: toml::de::Error| self.refuse("target.accuracy", error.message());
                Goal::Accuracy(share.map_err(refuse)?)
            }
            (None, Some(loss)) => match number(loss).filter(|loss| *loss > 0.0) {
                Some(loss) => Goal::Loss(loss),
                None => return Err(self.refuse("target.loss", "must be above 0")),
            },
            _ => return Err(self.refuse("target", "must have one of accuracy and loss")),
        };
        let span = |value: &Value| match Span::deserialize(value.clone()) {
            Ok(span @ (Span::Updates(1..) | Span::Epochs(0.0..))) => Ok(span),
            _ => Err(self.refuse(
                "target.longest",
                "must be updates (5000) or epochs (\"10ep\")",
            )),
        };
        let longest = table.get("longest").map(span).transpose()?;
        Ok(Some(Target { goal, longest }))
    }
}
