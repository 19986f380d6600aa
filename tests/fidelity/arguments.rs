//! Arguments of PyTorch's, by name; one that nobody asked for is a failure.

use serde_json::{Map, Value};

/// The arguments of one optimizer or scheduler, with its name under `kind`.
pub(super) struct Arguments {
    kind: String,
    left: Map<String, Value>,
}

impl Arguments {
    pub(super) fn new(spec: &Value) -> Self {
        let mut left = spec.as_object().expect("an object").clone();
        // `None` is what an argument is that is not given.
        left.retain(|_, value| !value.is_null());
        let kind = left.remove("kind").expect("a kind");
        Self {
            kind: kind.as_str().expect("a name").to_owned(),
            left,
        }
    }

    pub(super) fn kind(&self) -> &str {
        &self.kind
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.left.remove(name)
    }

    pub(super) fn number(&mut self, name: &str, default: f64) -> f64 {
        self.take(name).map_or(default, |value| number(&value))
    }

    pub(super) fn count(&mut self, name: &str, default: u64) -> u64 {
        self.take(name).map_or(default, |value| {
            value
                .as_u64()
                .unwrap_or_else(|| panic!("{name} = {value}: not a count"))
        })
    }

    pub(super) fn flag(&mut self, name: &str, default: bool) -> bool {
        self.take(name).map_or(default, |value| {
            value
                .as_bool()
                .unwrap_or_else(|| panic!("{name} = {value}: neither true nor false"))
        })
    }

    pub(super) fn pair(&mut self, name: &str, default: (f64, f64)) -> (f64, f64) {
        match self.take(name) {
            None => default,
            Some(Value::Array(pair)) if pair.len() == 2 => (number(&pair[0]), number(&pair[1])),
            Some(value) => panic!("{name} = {value}: not a pair"),
        }
    }

    /// Arguments of PyTorch's that we have under no name, and which are therefore understood only as `false`.
    pub(super) fn never(&mut self, names: &[&str]) {
        for name in names {
            assert!(!self.flag(name, false), "{}: {name} is true", self.kind);
        }
    }

    /// What nobody asked for.
    pub(super) fn rest(self) -> Map<String, Value> {
        self.left
    }

    /// Everything was asked for.
    pub(super) fn finish(self) {
        let names: Vec<&String> = self.left.keys().collect();
        assert!(names.is_empty(), "{}: {names:?} not understood", self.kind);
    }
}

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value}: not a number"))
}

#[test]
#[should_panic(expected = "sgd: [\"momentun\"] not understood")]
fn an_argument_that_is_not_understood_is_a_failure() {
    let mut arguments = Arguments::new(&serde_json::json!({ "kind": "sgd", "momentun": 0.9 }));
    assert_eq!(arguments.number("momentum", 0.0), 0.0);
    arguments.finish();
}
