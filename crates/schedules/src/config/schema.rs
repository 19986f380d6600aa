//! The JSON Schema of a config, for editors and for programs that list what can be written.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::{ScheduleConfig, Shape, common, feedback};
use crate::{Curve, Greedy, Plateau, Span};

impl ScheduleConfig {
    /// The JSON Schema of a config: one alternative for each kind, with what its keys mean and their defaults.
    ///
    /// ```
    /// use schedules::ScheduleConfig;
    ///
    /// let schema = ScheduleConfig::schema();
    /// let cosine = schema["oneOf"]
    ///     .as_array()
    ///     .and_then(|kinds| kinds.iter().find(|kind| kind["properties"]["kind"]["const"] == "cosine"))
    ///     .expect("every kind is there");
    /// assert_eq!(cosine["properties"]["floor"]["default"], 0.0);
    /// assert_eq!(cosine["properties"]["length"]["default"], "rest");
    /// ```
    pub fn schema() -> Value {
        schemars::schema_for!(ScheduleConfig).to_value()
    }
}

impl JsonSchema for ScheduleConfig {
    fn schema_name() -> Cow<'static, str> {
        "Schedule".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let span = generator.subschema_for::<Span>();
        let curve = generator.subschema_for::<Curve>();
        let plateau = closed(Plateau::<Span>::json_schema(generator));
        let greedy = closed(Greedy::<Span>::json_schema(generator));
        let common = [
            (
                "plateau",
                plateau,
                "Reduces the rate where a metric stops getting better; at the top level only.",
            ),
            (
                "greedy",
                greedy,
                "Raises the rate while a metric gets better, and else reduces it; at the top level only.",
            ),
            (
                "warmup",
                json!(span),
                "The length of the warm-up, taken out of the schedule's own time.",
            ),
            (
                "warmup_start",
                json!({ "type": "number", "minimum": 0 }),
                "The ratio of the first update's rate to the one that the warm-up leads to.",
            ),
            ("warmup_curve", json!(curve), "The way of the warm-up."),
            (
                "cooldown",
                json!(span),
                "The time at the end over which the rate comes down from wherever it is then.",
            ),
            (
                "cooldown_end",
                json!({ "type": "number", "minimum": 0, "maximum": 1 }),
                "The ratio to the peak that the cool-down ends at; by default the floor.",
            ),
            ("cooldown_curve", json!(curve), "The way of the cool-down."),
            (
                "floor",
                json!({ "type": "number", "minimum": 0, "maximum": 1 }),
                "The lowest ratio to the peak.",
            ),
            (
                "min_lr",
                json!({ "type": "number", "minimum": 0 }),
                "The lowest learning rate; stands instead of `floor`.",
            ),
        ];
        let kinds = Shape::schemas(generator)
            .into_iter()
            .map(|(kind, mut schema)| {
                let properties = schema
                    .ensure_object()
                    .entry("properties")
                    .or_insert_with(|| json!({}));
                for (key, mut value, description) in common.clone() {
                    if properties.get(key).is_none() && stands(kind, key) {
                        value["description"] = description.into();
                        properties[key] = value;
                    }
                }
                properties["kind"] = json!({ "const": kind });
                // The formula and the example are for the page of the type.
                if let Some(Value::String(description)) = schema.get_mut("description") {
                    description.truncate(description.find("\n\n").unwrap_or(description.len()));
                }
                schema.insert("required".to_owned(), json!(["kind"]));
                schema.insert("additionalProperties".to_owned(), json!(false));
                schema
            });
        let kinds: Vec<Schema> = kinds.collect();
        json_schema!({ "oneOf": kinds })
    }
}

/// Whether a `kind` may have a key that is not its own.
fn stands(kind: &str, key: &str) -> bool {
    feedback::KEYS.contains(&key) || common(kind).any(|known| known == key)
}

/// The schema of a table, whose type's page is not repeated.
fn closed(schema: Schema) -> Value {
    let mut value = schema.to_value();
    value["additionalProperties"] = json!(false);
    value
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Updates (500), epochs (\"3ep\"), a share of the run (\"5%\") or of the rest (\"5% of rest\"), \
                            or \"rest\".",
            "anyOf": [
                { "type": "integer", "minimum": 0 },
                { "type": "string", "pattern": r"^\s*(\d+|\d+(\.\d+)?\s*(ep|%|%\s*of rest)|rest)\s*$" },
            ],
        })
    }
}
