//! A value that a person types as a number, or as text where it has a unit.

use std::fmt::Display;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error};

/// Reads a whole number as its text would be read; `allowed` is what is said of a value that is neither.
pub(super) fn deserialize<'de, T, D>(deserializer: D, allowed: &str) -> Result<T, D::Error>
where
    T: FromStr<Err: Display>,
    D: Deserializer<'de>,
{
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Typed {
        Number(i64),
        Text(String),
    }
    let text = match Typed::deserialize(deserializer) {
        Ok(Typed::Number(number)) => number.to_string(),
        Ok(Typed::Text(text)) => text,
        Err(_) => return Err(D::Error::custom(allowed)),
    };
    text.parse().map_err(D::Error::custom)
}
