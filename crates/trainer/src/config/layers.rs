//! Several sources of settings, one over the other, each setting knowing where it came from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::ConfigError;

/// Where a setting was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody gave it.
    Default,
    /// A configuration file, and the line in it, counted from 1.
    File(PathBuf, usize),
    /// `--set KEY=VALUE`.
    Set,
    /// A flag, such as `--lr`.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::File(path, line) => write!(formatter, "{}, line {line}", path.display()),
            Self::Set => formatter.write_str("--set"),
            Self::Flag(flag) => formatter.write_str(flag),
        }
    }
}

/// The settings of one source.
#[derive(Debug, Clone)]
pub struct Layer {
    table: Table,
    origins: BTreeMap<String, Origin>,
}

impl Layer {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// A file that cannot be read, or is not TOML.
    pub fn from_file(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            ConfigError::new(format!("{}: {error}", path.display()))
                .hint("the argument is a configuration file in TOML; `configs/` has some")
        })?;
        Self::parse(path, &text)
    }

    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let line_of = |offset: usize| 1 + text[..offset].matches('\n').count();
        let syntax = |error: toml::de::Error| {
            let line = error.span().map_or(1, |span| line_of(span.start));
            let message = error.message().replace('\n', ", ");
            ConfigError::new(format!("{}, line {line}: {message}", path.display()))
        };
        let table: Table = toml::from_str(text).map_err(syntax)?;
        let spans = DeTable::parse(text).map_err(syntax)?;
        let mut origins = BTreeMap::new();
        record_lines(spans.get_ref(), "", &mut |key, offset| {
            origins.insert(key, Origin::File(path.to_owned(), line_of(offset)));
        });
        Ok(Self { table, origins })
    }

    /// One `--set KEY=VALUE`; a value that is not TOML is text.
    ///
    /// # Errors
    /// No `=`, or an empty key.
    pub fn from_set(assignment: &str) -> Result<Self, ConfigError> {
        let form = "--set takes KEY=VALUE, such as --set optimizer.lr=0.1";
        let Some((key, typed)) = assignment.split_once('=') else {
            return Err(ConfigError::new(format!("--set {assignment}: no `=` in it")).hint(form));
        };
        if key.split('.').any(|part| part.trim().is_empty()) {
            return Err(
                ConfigError::new(format!("--set {assignment}: the key is empty")).hint(form),
            );
        }
        let value = toml::from_str::<Table>(&format!("value = {typed}"))
            .ok()
            .filter(|table| table.len() == 1)
            .and_then(|mut table| table.remove("value"))
            .unwrap_or_else(|| Value::String(typed.to_owned()));
        Ok(Self::from_value(key, value, Origin::Set))
    }

    /// One setting that a flag stands for.
    pub fn from_flag(flag: &'static str, key: &str, value: impl Into<Value>) -> Self {
        Self::from_value(key, value.into(), Origin::Flag(flag))
    }

    /// Several layers as one: a later one beats an earlier one, key by key, whatever kinds they name.
    pub fn of(layers: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::from_default(Table::new());
        for layer in layers {
            // Two names of one setting: the later one is meant.
            for (name, other) in [("epochs", "length"), ("length", "epochs")] {
                if layer.has("train", name)
                    && let Some(Value::Table(train)) = all.table.get_mut("train")
                {
                    train.remove(other);
                    all.origins.remove(&format!("train.{other}"));
                }
            }
            merge(&mut all.table, layer.table);
            all.origins.extend(layer.origins);
        }
        all
    }

    /// This section alone, and everything else.
    pub(super) fn split(mut self, section: &str) -> (Self, Self) {
        let table = self.table.remove(section);
        let table = table.map(|value| (section.to_owned(), value));
        let (origins, others) = (self.origins.into_iter())
            .partition(|(key, _)| key.split(['.', '[']).next() == Some(section));
        self.origins = others;
        let alone = Self {
            table: table.into_iter().collect(),
            origins,
        };
        (alone, self)
    }

    /// The settings of a default, given as a table.
    pub(super) fn from_default(table: Table) -> Self {
        Self {
            table,
            origins: BTreeMap::new(),
        }
    }

    pub(super) fn from_value(key: &str, value: Value, origin: Origin) -> Self {
        let mut origins = BTreeMap::new();
        let key = key.split('.').map(str::trim).collect::<Vec<_>>();
        origins.insert(key.join("."), origin);
        let value = key.iter().rev().fold(value, |value, part| {
            Value::Table(Table::from_iter([((*part).to_owned(), value)]))
        });
        let table = match value {
            Value::Table(table) => table,
            _ => Table::new(),
        };
        Self { table, origins }
    }
}

fn record_lines(table: &DeTable<'_>, prefix: &str, record: &mut impl FnMut(String, usize)) {
    for (key, value) in table {
        let path = join(prefix, key.get_ref());
        record(path.clone(), key.span().start);
        record_value_lines(value.get_ref(), &path, record);
    }
}

fn record_value_lines(value: &DeValue<'_>, path: &str, record: &mut impl FnMut(String, usize)) {
    match value {
        DeValue::Table(inner) => record_lines(inner, path, record),
        DeValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let path = format!("{path}[{index}]");
                record(path.clone(), item.span().start);
                record_value_lines(item.get_ref(), &path, record);
            }
        }
        _ => {}
    }
}

fn join(prefix: &str, key: &str) -> String {
    if prefix.is_empty() {
        key.to_owned()
    } else {
        format!("{prefix}.{key}")
    }
}

/// All sources merged: a later one beats an earlier one, key by key.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    table: Table,
    origins: BTreeMap<String, Origin>,
    notes: Vec<String>,
}

impl Layers {
    /// Lays `layer` over what is there.
    ///
    /// A section whose `kind` (or data whose `name`) changes is replaced, since the keys below were meant for the
    /// other kind; what that drops of a person's own settings is noted.
    ///
    /// # Errors
    /// `train.epochs` together with `train.length`.
    pub fn push(&mut self, mut layer: Layer) -> Result<(), ConfigError> {
        let origin = layer.origin("train.epochs");
        if let Some(Value::Table(train)) = layer.table.get_mut("train")
            && let Some(epochs) = train.get("epochs")
            && let Some(span) = epochs_as_length(epochs)
        {
            if train.contains_key("length") {
                return Err(ConfigError::new(format!(
                    "train.epochs ({origin}) and train.length say the same thing twice"
                ))
                .hint("keep one of them: epochs = 20 is length = \"20ep\""));
            }
            train.remove("epochs");
            train.insert("length".to_owned(), span);
            layer.origins.insert("train.length".to_owned(), origin);
        }
        self.forget_horizon(&layer);
        for (section, discriminant) in [
            ("data", "name"),
            ("model", "kind"),
            ("optimizer", "kind"),
            ("schedule", "kind"),
        ] {
            self.replace_section(&layer, section, discriminant);
        }
        merge(&mut self.table, layer.table);
        self.origins.extend(layer.origins);
        Ok(())
    }

    /// Another length is another time, or none: what the one below was planned with says nothing about it.
    fn forget_horizon(&mut self, layer: &Layer) {
        if !layer.has("train", "length") {
            return;
        }
        if let Some(Value::Table(train)) = self.table.get_mut("train") {
            train.remove("horizon");
            self.origins.remove("train.horizon");
        }
    }

    fn replace_section(&mut self, layer: &Layer, section: &str, discriminant: &str) {
        let Some(Value::Table(below)) = self.table.get(section) else {
            return;
        };
        let above = layer
            .table
            .get(section)
            .and_then(|above| above.get(discriminant));
        let (Some(above), Some(kind)) = (above, below.get(discriminant)) else {
            return;
        };
        if above == kind {
            return;
        }
        // Settings of the data that do not depend on which data it is stay.
        let of_this_kind =
            |key: &str| section != "data" || key == discriminant || OF_A_SOURCE.contains(&key);
        let dropped: Vec<String> = below
            .keys()
            .filter(|key| of_this_kind(key))
            .map(|key| join(section, key))
            .collect();
        let typed: Vec<&str> = dropped
            .iter()
            .filter(|key| self.origins.contains_key(*key))
            .filter(|key| !key.ends_with(discriminant))
            .map(String::as_str)
            .collect();
        if !typed.is_empty() {
            self.notes.push(format!(
                "{} from {} left out: it was for another {section}.{discriminant}",
                typed.join(", "),
                self.origin(typed[0]),
            ));
        }
        if let Some(Value::Table(below)) = self.table.get_mut(section) {
            below.retain(|key, _| !of_this_kind(key));
        }
        self.origins.retain(|key, _| {
            !dropped
                .iter()
                .any(|gone| key == gone || key.starts_with(&format!("{gone}.")))
        });
    }

    /// The settings in a `table` that stands at `path`, with their places.
    pub(super) fn below(&self, path: &str, table: Table) -> Layer {
        let prefix = format!("{path}.");
        let origins = self.origins.iter().filter_map(|(key, origin)| {
            let key = key.strip_prefix(&prefix)?;
            Some((key.to_owned(), origin.clone()))
        });
        Layer {
            table,
            origins: origins.collect(),
        }
    }

    /// The merged settings.
    pub(super) fn table(&self) -> &Table {
        &self.table
    }

    /// What a person should hear about the merge.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Where `key` (dotted) was given, or the nearest key above it.
    pub fn origin(&self, key: &str) -> Origin {
        lookup(&self.origins, key)
    }
}

impl Layer {
    /// The optimizer that this source names.
    pub(super) fn optimizer_kind(&self) -> Option<&str> {
        self.table.get("optimizer")?.get("kind")?.as_str()
    }

    pub(super) fn has(&self, section: &str, key: &str) -> bool {
        let section = self.table.get(section).and_then(Value::as_table);
        section.is_some_and(|section| section.contains_key(key))
    }

    fn origin(&self, key: &str) -> Origin {
        lookup(&self.origins, key)
    }
}

/// Keys of `[data]` that are meant for one set of data.
const OF_A_SOURCE: [&str; 7] = [
    "path", "split", "size", "color", "resize", "test", "skip_bad",
];

fn lookup(origins: &BTreeMap<String, Origin>, key: &str) -> Origin {
    let mut key = key;
    loop {
        if let Some(origin) = origins.get(key) {
            return origin.clone();
        }
        match key.rfind(['.', '[']) {
            Some(end) => key = &key[..end],
            None => return Origin::Default,
        }
    }
}

/// `epochs = 20` as the span `"20ep"`; anything but a number is left for the type check to name.
fn epochs_as_length(epochs: &Value) -> Option<Value> {
    let epochs = match epochs {
        Value::Integer(epochs) => epochs.to_string(),
        Value::Float(epochs) => epochs.to_string(),
        _ => return None,
    };
    Some(Value::String(format!("{epochs}ep")))
}

fn merge(below: &mut Table, above: Table) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => merge(below, above),
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn layers(texts: &[&str]) -> Layers {
        let mut layers = Layers::default();
        for text in texts {
            layers
                .push(Layer::parse(Path::new("a.toml"), text).unwrap())
                .unwrap();
        }
        layers
    }

    #[test]
    fn a_later_layer_wins_key_by_key() {
        let mut layers = layers(&["seed = 1\n[optimizer]\nlr = 0.5\nweight_decay = 0.1\n"]);
        layers
            .push(Layer::from_set("optimizer.lr=0.25").unwrap())
            .unwrap();
        layers.push(Layer::from_flag("--seed", "seed", 7)).unwrap();
        assert_eq!(layers.table["optimizer"]["lr"], Value::Float(0.25));
        assert_eq!(layers.table["optimizer"]["weight_decay"], Value::Float(0.1));
        assert_eq!(layers.table["seed"], Value::Integer(7));
        assert_eq!(layers.origin("seed"), Origin::Flag("--seed"));
        assert_eq!(layers.origin("optimizer.lr"), Origin::Set);
        let file = Origin::File("a.toml".into(), 4);
        assert_eq!(layers.origin("optimizer.weight_decay"), file);
        assert_eq!(layers.origin("data.batch_size"), Origin::Default);
    }

    #[test]
    fn another_length_is_planned_anew() {
        let timed = "[train]\nlength = \"20min\"\nhorizon = 500\n";
        let horizon = |assignment: &str| {
            let mut layers = layers(&[timed]);
            layers.push(Layer::from_set(assignment).unwrap()).unwrap();
            layers.table["train"].get("horizon").cloned()
        };
        assert_eq!(horizon("train.ema=0.9"), Some(Value::Integer(500)));
        assert_eq!(horizon("train.horizon=7"), Some(Value::Integer(7)));
        assert_eq!(horizon("train.length=30min"), None);
        assert_eq!(horizon("train.epochs=3"), None);
    }

    #[test]
    fn another_kind_replaces_its_section_and_says_so() {
        let mut layers =
            layers(&["[optimizer]\nkind = \"adamw\"\nlr = 0.01\n[data]\nbatch_size = 16\n"]);
        layers
            .push(Layer::of([
                Layer::from_set("optimizer.momentum=0.5").unwrap(),
                Layer::from_flag("--optimizer", "optimizer.kind", "sgd"),
            ]))
            .unwrap();
        assert_eq!(layers.table["optimizer"].get("lr"), None);
        assert_eq!(layers.table["optimizer"]["momentum"], Value::Float(0.5));
        assert_eq!(
            layers.notes(),
            ["optimizer.lr from a.toml, line 3 left out: it was for another optimizer.kind"]
        );
        // Keys without a kind were not meant for another one.
        layers
            .push(Layer::from_flag("--data", "data.name", "mnist"))
            .unwrap();
        assert_eq!(layers.table["data"]["batch_size"], Value::Integer(16));
    }

    #[test]
    fn epochs_are_a_length() {
        let layers = layers(&["[train]\nlength = 50\n", "[train]\nepochs = 2\n"]);
        assert_eq!(layers.table["train"]["length"], Value::from("2ep"));
        let twice =
            Layer::parse(Path::new("b.toml"), "[train]\nepochs = 2\nlength = 50\n").unwrap();
        assert!(Layers::default().push(twice).is_err());
        // On the command line the later one is meant, and a flag comes after every --set.
        let mut layers = Layers::default();
        layers
            .push(Layer::of([
                Layer::from_set("train.length=500").unwrap(),
                Layer::from_flag("--epochs", "train.epochs", 3.0),
            ]))
            .unwrap();
        assert_eq!(layers.table["train"]["length"], Value::from("3ep"));
        assert_eq!(layers.origin("train.length"), Origin::Flag("--epochs"));
    }

    #[test]
    fn the_line_of_an_array_item_is_known() {
        let layers = layers(&[
            "[schedule]\nkind = \"sequence\"\nschedules = [\n  { kind = \"step\" },\n  { kin = 1 },\n]\n",
        ]);
        let origin = layers.origin("schedule.schedules[1].kin");
        assert_eq!(origin, Origin::File("a.toml".into(), 5));
    }

    #[test]
    fn a_set_value_is_toml_or_text() {
        for (assignment, value) in [
            ("data.name=mnist", Value::from("mnist")),
            ("train.length=20ep", Value::from("20ep")),
            ("train.length=200", Value::Integer(200)),
            ("model.hidden=[32]", Value::Array(vec![Value::Integer(32)])),
            ("data.path=/a b/c", Value::from("/a b/c")),
        ] {
            let layer = Layer::from_set(assignment).unwrap();
            let section = layer.table.values().next().unwrap().as_table().unwrap();
            assert_eq!(section.values().next(), Some(&value), "{assignment}");
        }
        assert!(Layer::from_set("seed").is_err());
        assert!(Layer::from_set("=1").is_err());
        assert!(Layer::from_set("data..name=1").is_err());
    }
}
