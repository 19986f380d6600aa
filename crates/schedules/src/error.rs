//! What can be wrong with a schedule, its config or its record.

use std::fmt::Debug;

use thiserror::Error;

/// A parameter or a config key that cannot be accepted.
///
/// Its text is one sentence that names the place, the value and what is allowed; the parts are there as data too.
///
/// ```
/// use schedules::prelude::*;
///
/// let error = Sequence::new(Constant::new()).then(10, Cosine::new(0)).build().unwrap_err();
/// assert_eq!(error.to_string(), "sequence[1].cosine.length = 0: must be at least 1");
/// assert_eq!(error.path(), "sequence[1].cosine.length");
/// assert_eq!(error.field(), "length");
/// assert_eq!(error.value(), "0");
/// assert_eq!(error.allowed(), "must be at least 1");
/// ```
#[derive(Clone, Debug, PartialEq, Error)]
#[error("{}{allowed}", place(path, value))]
#[non_exhaustive]
pub struct ScheduleError {
    path: String,
    value: String,
    allowed: String,
    hint: Option<String>,
}

/// `path = value: `, without what is empty.
fn place(path: &str, value: &str) -> String {
    match (path, value) {
        ("", "") => String::new(),
        (path, "") => format!("{path}: "),
        ("", value) => format!("{value}: "),
        (path, value) => format!("{path} = {value}: "),
    }
}

impl ScheduleError {
    /// An error at `path` (`cosine.floor`), where `value` stands, with a sentence that says what is allowed.
    ///
    /// The value is shown as its [`Debug`] prints it, so a text stands in quotation marks.
    pub fn new(path: impl Into<String>, value: impl Debug, allowed: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            value: format!("{value:?}"),
            allowed: allowed.into(),
            hint: None,
        }
    }

    /// An error at `path` where a value is missing.
    pub fn missing(path: impl Into<String>, allowed: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            value: String::new(),
            allowed: allowed.into(),
            hint: None,
        }
    }

    /// The same error with a value from a config.
    #[cfg(feature = "serde")]
    pub(crate) fn replaced(self, value: &serde_json::Value) -> Self {
        Self {
            value: value.to_string(),
            ..self
        }
    }

    /// Puts `parent` in front of the path.
    pub fn below(self, parent: &str) -> Self {
        let path = match self.path.as_str() {
            "" => parent.to_owned(),
            path => format!("{parent}.{path}"),
        };
        Self { path, ..self }
    }

    /// The same error at another path.
    pub fn at(self, path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            ..self
        }
    }

    /// Adds a sentence that says what may help.
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// Where the value stands: `warmup.cosine.floor` in code, `schedules[1].floor` in a config.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The last name of the path: `floor`.
    pub fn field(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or_default()
    }

    /// The value that was found, empty where there was none.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// What is allowed.
    pub fn allowed(&self) -> &str {
        &self.allowed
    }

    /// What may help, for a line of its own: it is no part of the error's text.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

/// Why a [`Scheduler`](crate::Scheduler) refuses the state of another one.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum StateError {
    /// The record is empty or another scheduler's.
    #[error("the record is not one of this kind of scheduler: it has no `{field}`")]
    Missing {
        /// The name of the scalar that was looked for.
        field: &'static str,
    },
    /// The record was written by a version that this one does not know.
    #[error(
        "the record has version {found}, and this version of `schedules` reads version {known}"
    )]
    Version {
        /// The version of the record.
        found: u64,
        /// The version that can be read.
        known: u64,
    },
    /// The record was written with another schedule.
    #[error(
        "the record belongs to another schedule (fingerprint {found:016x}, this one has {expected:016x}): build the \
         schedule it was saved with, or go on with the new one from `seek({update})`"
    )]
    Schedule {
        /// The fingerprint in the record.
        found: u64,
        /// The fingerprint of this scheduler's schedule.
        expected: u64,
        /// The update that the record was saved at.
        update: u64,
    },
    /// The record was written with another peak learning rate.
    #[error(
        "the record belongs to the peak {found:?}, and this scheduler has {expected:?}: build it with the same peak, \
         or go on with the new one from `seek({update})`"
    )]
    Peak {
        /// The peak in the record.
        found: f64,
        /// The peak of this scheduler.
        expected: f64,
        /// The update that the record was saved at.
        update: u64,
    },
    /// The record was written with other feedback: another number, other kinds or other parameters.
    #[error(
        "the record belongs to other feedback ({found} attached, this scheduler has {expected}, or their parameters \
         differ): attach what it was saved with, or go on with the new one from `seek({update})`"
    )]
    Feedback {
        /// How many the record has.
        found: usize,
        /// How many this scheduler has.
        expected: usize,
        /// The update that the record was saved at.
        update: u64,
    },
    /// The record holds a change of the run's total that is none.
    #[error("the record's change of the run's total cannot be: {0}")]
    Retiming(#[source] ScheduleError),
    /// The record holds a state that this feedback cannot come to.
    #[error(
        "the record's state of feedback {index} is not one that it can have: the record is damaged"
    )]
    FeedbackState {
        /// Which one, in the order of attachment.
        index: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_leaves_out_what_is_empty() {
        let error = ScheduleError::new("floor", 1.5, "must be between 0 and 1");
        assert_eq!(error.to_string(), "floor = 1.5: must be between 0 and 1");
        assert_eq!(
            error.clone().at("").to_string(),
            "1.5: must be between 0 and 1"
        );
        assert_eq!(
            ScheduleError::missing("kind", "must be given").to_string(),
            "kind: must be given"
        );
        assert_eq!(
            ScheduleError::missing("", "must be given").to_string(),
            "must be given"
        );
    }

    #[test]
    fn a_path_grows_at_its_front() {
        let error = ScheduleError::new("floor", 1.5, "must be between 0 and 1")
            .below("cosine")
            .below("warmup");
        assert_eq!(
            (error.path(), error.field()),
            ("warmup.cosine.floor", "floor")
        );
        assert_eq!(error.at("").below("schedule").path(), "schedule");
    }

    #[test]
    fn a_hint_is_kept_apart() {
        let error =
            ScheduleError::new("kind", "Cosine", "is no kind").with_hint("did you mean `cosine`?");
        assert_eq!(error.to_string(), "kind = \"Cosine\": is no kind");
        assert_eq!(error.hint(), Some("did you mean `cosine`?"));
    }
}
