//! What is said of a run.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Evidence;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The loss is not finite, or higher than before the first update.
    Diverged,
    /// The loss is finite and where the frequencies of the classes alone would bring it, after it had been higher or
    /// while most hidden units are dead.
    Collapsed,
    /// It has made less than half of its way, and was still falling.
    Slow,
    /// It has made more than half of its way, and was still falling.
    StillImproving,
    /// It no longer falls.
    Settled,
    /// The validation loss has risen from its lowest point, while the training loss went on falling.
    Overfitting,
    /// The loss swings by more than it falls.
    Oscillating,
}

/// What the learning rate had to do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A lower rate would have ended lower.
    RateTooHigh,
    /// A higher rate would have ended lower.
    RateTooLow,
    /// The schedule brought the rate to its end, and the loss came to rest with it.
    Annealed,
    /// The curves do not tell.
    NoEvidence,
}

/// What a run's curves say about it: how it ended, why, what that was seen by, and what to try.
///
/// Made by [`judge`](super::judge). Its display is one line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// How it ended.
    pub outcome: Outcome,
    /// Why.
    pub cause: Cause,
    /// What was seen.
    pub evidence: Evidence,
    /// What to try.
    pub suggestion: String,
}

impl Outcome {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::Diverged,
        Self::Collapsed,
        Self::Slow,
        Self::StillImproving,
        Self::Settled,
        Self::Overfitting,
        Self::Oscillating,
    ];

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Diverged => "diverged",
            Self::Collapsed => "collapsed",
            Self::Slow => "slow",
            Self::StillImproving => "still improving",
            Self::Settled => "settled",
            Self::Overfitting => "overfitting",
            Self::Oscillating => "oscillating",
        }
    }
}

impl Cause {
    /// Every one.
    pub const ALL: [Self; 4] = [
        Self::RateTooHigh,
        Self::RateTooLow,
        Self::Annealed,
        Self::NoEvidence,
    ];

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::RateTooHigh => "rate too high",
            Self::RateTooLow => "rate too low",
            Self::Annealed => "annealed to its end",
            Self::NoEvidence => "no evidence",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.outcome)?;
        if self.cause != Cause::NoEvidence {
            write!(formatter, ", {}", self.cause)?;
        }
        write!(formatter, " ({}); {}", self.evidence, self.suggestion)
    }
}
