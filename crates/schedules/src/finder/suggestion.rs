//! What the rules answer.

use thiserror::Error;

/// A learning rate that a rule suggests.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Suggestion {
    /// The learning rate, one of the curve's.
    pub learning_rate: f64,
    /// Its place in the curve.
    pub index: usize,
}

/// What the rules that answered agree on.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Combined {
    /// The learning rate, one of the curve's.
    pub learning_rate: f64,
    /// Its place in the curve.
    pub index: usize,
    /// The largest suggestion divided by the smallest: 1 where all are one, 10 where they are a decade apart.
    pub disagreement: f64,
}

/// Why a rule suggests nothing.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum NoSuggestion {
    /// Too few points were recorded before the loss diverged.
    #[error("only {points} usable points were recorded, and {needed} are needed")]
    TooShort {
        /// The points with a usable rate, before the loss diverged.
        points: usize,
        /// How many there must be.
        needed: usize,
    },
    /// The loss never fell, or by no more than its noise.
    #[error("the loss fell by {fall:.3e}, which is not more than its noise of {noise:.3e}")]
    Flat {
        /// From the beginning of the curve to its lowest point.
        fall: f64,
        /// Four times the noise that is left in the smoothed loss at its beginning.
        noise: f64,
    },
    /// What the rule looks for lies below the lowest rate.
    #[error("the answer lies below the sweep: start it at a lower learning rate")]
    BelowSweep,
}

/// The answer of every rule, and of all together.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Suggestions {
    /// The middle of the longest descent.
    pub valley: Result<Suggestion, NoSuggestion>,
    /// Half a decade below the upper end of the steep part.
    pub slide: Result<Suggestion, NoSuggestion>,
    /// A decade below the lowest loss.
    pub minimum: Result<Suggestion, NoSuggestion>,
    /// The steepest descent.
    pub steep: Result<Suggestion, NoSuggestion>,
    /// The middle of the two highest.
    pub combined: Result<Combined, NoSuggestion>,
}

impl Suggestions {
    /// The rules with their names, in the order of the fields.
    pub fn named(&self) -> [(&'static str, Result<Suggestion, NoSuggestion>); 4] {
        [
            ("valley", self.valley),
            ("slide", self.slide),
            ("minimum", self.minimum),
            ("steep", self.steep),
        ]
    }
}
