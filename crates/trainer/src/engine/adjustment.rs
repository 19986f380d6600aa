//! Changes of a run on its way.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::exact;

/// A change of a run on its way.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adjustment {
    /// The learning rate of every update that is left is multiplied by this.
    ScaleLr(#[serde(with = "exact")] f64),
    /// The run has so many updates in all: what is left of its schedule is stretched or squeezed.
    Length(u64),
}

impl fmt::Display for Adjustment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ScaleLr(factor) => write!(formatter, "{factor} times the learning rate"),
            Self::Length(updates) => write!(formatter, "{updates} updates in all"),
        }
    }
}

/// A change that was made, as whoever goes on with the run makes it again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adjusted {
    /// How many there were before.
    pub number: u64,
    /// After how many updates it was made.
    pub updates: u64,
    /// The change.
    pub adjustment: Adjustment,
}

/// A change that somebody asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// What tells it from others.
    pub id: String,
    /// The change.
    pub adjustment: Adjustment,
}
