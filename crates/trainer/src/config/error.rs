//! What can be wrong with a configuration.

/// A setting that cannot be used: one sentence, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConfigError {
    /// The setting, where it was given, its value, and what is allowed.
    pub message: String,
    /// What to try instead.
    pub hint: Option<String>,
}

impl ConfigError {
    /// An error without a hint.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
        }
    }

    /// Adds what to try instead.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// "did you mean …?" with the nearest of `valid`, and all of them in any case.
pub(super) fn suggest(typed: &str, valid: &[&str]) -> String {
    let all = format!("valid here: {}", valid.join(", "));
    let nearest = valid
        .iter()
        .map(|name| (strsim::damerau_levenshtein(typed, name), *name))
        .min();
    match nearest {
        // A name that shares less than half of its letters is a guess, not a suggestion.
        Some((distance, name)) if distance * 2 <= name.len() => {
            format!("did you mean `{name}`? {all}")
        }
        _ => all,
    }
}
