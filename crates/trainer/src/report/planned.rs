//! The learning rate of a run as it is planned, for a person and for a program.

use std::fmt;
use std::io::Write;

use serde_json::{Map, Value, json};

use super::figure::brief;
use crate::config::{RateGroup, Settings};
use crate::engine::Plan;

/// The learning rate of a run at every update, and what moves beside it.
#[derive(Debug)]
pub struct Planned<'a> {
    plan: &'a Plan,
    groups: &'a [RateGroup],
    kind: &'static str,
}

impl<'a> Planned<'a> {
    /// What `plan` will do with `settings`.
    pub fn new(settings: &'a Settings, plan: &'a Plan) -> Self {
        Self {
            plan,
            groups: &settings.optimizer.groups,
            kind: settings.schedule.kind(),
        }
    }

    /// The picture as SVG.
    pub fn svg(&self) -> String {
        self.plan.schedule.svg(0..self.plan.updates)
    }

    /// One row per update: `update,epoch,learning_rate,momentum`, and a learning rate for each group.
    ///
    /// The momentum is empty where the schedule leaves it to the optimizer.
    ///
    /// # Errors
    /// `out` refuses.
    pub fn write_csv(&self, out: impl Write) -> csv::Result<()> {
        let mut rows = csv::Writer::from_writer(out);
        let head = ["update", "epoch", "learning_rate", "momentum"];
        let groups = self.groups.iter().map(|group| group.path.as_str());
        rows.write_record(head.into_iter().chain(groups))?;
        for update in 0..self.plan.updates {
            let rate = self.plan.schedule.rate_at(update);
            let momentum = self.plan.schedule.momentum_at(update);
            let mut row = vec![
                update.to_string(),
                self.plan.epoch_of(update).to_string(),
                rate.to_string(),
                momentum.map_or_else(String::new, |momentum| momentum.to_string()),
            ];
            let groups = self.groups.iter();
            row.extend(groups.map(|group| (rate * group.multiplier).to_string()));
            rows.write_record(row)?;
        }
        rows.flush()?;
        Ok(())
    }

    /// The same rows as JSON; the groups are under `groups`, by their path.
    pub fn json(&self) -> Value {
        let row = |update| {
            let rate = self.plan.schedule.rate_at(update);
            let mut row = json!({
                "update": update,
                "epoch": self.plan.epoch_of(update),
                "learning_rate": rate,
                "momentum": self.plan.schedule.momentum_at(update),
            });
            if !self.groups.is_empty() {
                let groups = self.groups.iter();
                let rates: Map<String, Value> = groups
                    .map(|group| (group.path.clone(), json!(rate * group.multiplier)))
                    .collect();
                row["groups"] = Value::Object(rates);
            }
            row
        };
        (0..self.plan.updates).map(row).collect()
    }
}

/// The picture, and the numbers that it is read for.
impl fmt::Display for Planned<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rate, last) = (
            |update| self.plan.schedule.rate_at(update),
            self.plan.updates - 1,
        );
        writeln!(
            formatter,
            "{}, {} updates, {} an epoch",
            self.kind, self.plan.updates, self.plan.updates_per_epoch
        )?;
        write!(
            formatter,
            "{}",
            self.plan.schedule.preview(0..self.plan.updates)
        )?;
        write!(
            formatter,
            "first {:.3e}, peak {:.3e}, last {:.3e}",
            rate(0),
            self.plan.schedule.peak(),
            rate(last)
        )?;
        if let Some(first) = self.plan.schedule.momentum_at(0) {
            let momenta =
                (0..self.plan.updates).filter_map(|update| self.plan.schedule.momentum_at(update));
            let (least, most) = momenta.fold((first, first), |(least, most), momentum| {
                (least.min(momentum), most.max(momentum))
            });
            write!(
                formatter,
                "; momentum from {} to {}",
                brief(least),
                brief(most)
            )?;
        }
        for group in self.groups {
            write!(formatter, "\n{}: times {}", group.path, group.multiplier)?;
        }
        for feedback in self.plan.schedule.feedback() {
            write!(
                formatter,
                "\n{}: follows the validation from there",
                feedback.kind()
            )?;
        }
        Ok(())
    }
}

/// Every kind of schedule with its keys, their defaults and what they mean, from the JSON Schema of a schedule.
pub fn describe_kinds(schema: &Value) -> String {
    let mut text = String::new();
    let kinds = schema["oneOf"].as_array().into_iter().flatten();
    let mut common: Option<Vec<(&String, &Value)>> = None;
    for kind in kinds {
        let Some(properties) = kind["properties"].as_object() else {
            continue;
        };
        let name = properties["kind"]["const"].as_str().unwrap_or_default();
        let about = kind["description"].as_str().unwrap_or_default();
        text.push_str(&format!("{name}: {}\n", one_line(about)));
        let keys = properties.iter().filter(|(key, _)| *key != "kind");
        // A key of the shape's own has a default; those that every kind may have have none.
        let (own, shared): (Vec<_>, Vec<_>) =
            keys.partition(|(_, property)| property.get("default").is_some());
        for (key, property) in own {
            let default = match &property["default"] {
                Value::Null => "unset".to_owned(),
                default => default.to_string(),
            };
            let about = one_line(property["description"].as_str().unwrap_or_default());
            text.push_str(&format!("  {key} = {default}  {about}\n"));
        }
        // The kind with the most of them has all.
        if common.as_ref().is_none_or(|most| shared.len() > most.len()) {
            common = Some(shared);
        }
    }
    text.push_str("any kind:\n");
    for (key, property) in common.into_iter().flatten() {
        let about = one_line(property["description"].as_str().unwrap_or_default());
        text.push_str(&format!("  {key}  {about}\n"));
    }
    text.trim_end().to_owned()
}

fn one_line(text: &str) -> String {
    text.replace('\n', " ")
}
