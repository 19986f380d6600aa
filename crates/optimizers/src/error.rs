//! What can be wrong with an optimizer's parameters.

/// A parameter that an optimizer cannot work with.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[error("{field} = {value}: must be {allowed}")]
pub struct OptimizerError {
    /// The parameter's name, as its setter and its key in a config say it.
    pub field: &'static str,
    /// The value it was given.
    pub value: f64,
    /// What it may be, as the end of a sentence that begins with "must be".
    pub allowed: &'static str,
}

/// Passes a value for which `holds`, and names the field otherwise.
pub(crate) fn require(
    field: &'static str,
    value: f64,
    allowed: &'static str,
    holds: bool,
) -> Result<(), OptimizerError> {
    if holds {
        Ok(())
    } else {
        Err(OptimizerError {
            field,
            value,
            allowed,
        })
    }
}

/// A decay rate of an average: 0 forgets at once, 1 would never learn.
pub(crate) fn decay_rate(field: &'static str, value: f64) -> Result<(), OptimizerError> {
    require(
        field,
        value,
        "at least 0 and below 1",
        (0.0..1.0).contains(&value),
    )
}

/// A finite number that is not negative.
pub(crate) fn not_negative(field: &'static str, value: f64) -> Result<(), OptimizerError> {
    require(
        field,
        value,
        "a finite number of at least 0",
        value.is_finite() && value >= 0.0,
    )
}

/// A finite number above 0.
pub(crate) fn above_zero(field: &'static str, value: f64) -> Result<(), OptimizerError> {
    require(
        field,
        value,
        "a finite number above 0",
        value.is_finite() && value > 0.0,
    )
}
