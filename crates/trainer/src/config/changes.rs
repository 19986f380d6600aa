//! What differs between two sets of settings.

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};

use toml::{Table, Value};

/// A setting that has another value than before.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The key, such as `optimizer.lr`.
    pub key: String,
    /// What it was; nothing where the key was not there.
    pub before: Option<Value>,
    /// What it is.
    pub after: Option<Value>,
}

/// The keys that a run may have another value for from one update to the next.
const FREE: [&str; 6] = [
    "backend",
    "checkpoint.every",
    "data.path",
    "train.on_divergence",
    "train.recover_factor",
    "train.recover_most",
];

impl Change {
    /// Whether a run with the new value would have computed something else from its first update on.
    pub fn is_of_the_past(&self) -> bool {
        !FREE.contains(&self.key.as_str())
    }
}

impl Display for Change {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let value = |value: &Option<Value>| match value {
            Some(value) => value.to_string(),
            None => "not there".to_owned(),
        };
        let (after, before) = (value(&self.after), value(&self.before));
        write!(formatter, "{} = {after}, was {before}", self.key)
    }
}

/// Every setting that differs, in the order of the keys.
pub fn changes(before: &Table, after: &Table) -> Vec<Change> {
    let mut found = Vec::new();
    collect("", before, after, &mut found);
    found
}

fn collect(prefix: &str, before: &Table, after: &Table, found: &mut Vec<Change>) {
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in keys {
        let key = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        match (before.get(name), after.get(name)) {
            (Some(Value::Table(before)), Some(Value::Table(after))) => {
                collect(&key, before, after, found);
            }
            (before, after) if before != after => found.push(Change {
                key,
                before: before.cloned(),
                after: after.cloned(),
            }),
            _ => {}
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn every_difference_is_told_and_nothing_else() {
        let before: Table = toml::from_str(
            "seed = 1\nbackend = \"flex\"\n[optimizer]\nkind = \"sgd\"\nlr = 0.1\nmomentum = 0.9\n",
        )
        .unwrap();
        let after: Table = toml::from_str(
            "seed = 1\nbackend = \"ndarray\"\n[optimizer]\nkind = \"sgd\"\nlr = 0.2\nnesterov = true\n",
        )
        .unwrap();
        assert_eq!(changes(&before, &before), []);
        let found = changes(&before, &after);
        let told: Vec<(String, bool)> = found
            .iter()
            .map(|change| (change.to_string(), change.is_of_the_past()))
            .collect();
        let expected = [
            ("backend = \"ndarray\", was \"flex\"", false),
            ("optimizer.lr = 0.2, was 0.1", true),
            ("optimizer.momentum = not there, was 0.9", true),
            ("optimizer.nesterov = true, was not there", true),
        ];
        assert_eq!(told, expected.map(|(text, past)| (text.to_owned(), past)));
    }
}
