//! An argument that may differ between parameter groups.

use crate::ScheduleError;

/// An argument that is one number for all parameter groups, or a list of one for each.
///
/// ```
/// use schedules::compat::PerGroup;
///
/// assert_eq!(PerGroup::from(0.1).of("min_lr", 1, 2)?, 0.1);
/// assert_eq!(PerGroup::from(vec![0.1, 0.01]).of("min_lr", 1, 2)?, 0.01);
///
/// let error = PerGroup::from(vec![0.1]).of("min_lr", 1, 2).unwrap_err();
/// assert_eq!(error.to_string(), "min_lr = [0.1]: must have one entry for each of the 2 groups");
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(untagged)
)]
pub enum PerGroup {
    /// The same for all.
    All(f64),
    /// One for each, in the order of the groups.
    Each(Vec<f64>),
}

impl PerGroup {
    /// The number for `group`, counted from 0, of `groups`.
    ///
    /// # Errors
    /// A list of another length, at `path`.
    pub fn of(&self, path: &str, group: usize, groups: usize) -> Result<f64, ScheduleError> {
        match self {
            Self::All(number) => Ok(*number),
            Self::Each(numbers) if numbers.len() == groups && group < groups => Ok(numbers[group]),
            Self::Each(numbers) => {
                let allowed = format!("must have one entry for each of the {groups} groups");
                Err(ScheduleError::new(path, numbers, allowed))
            }
        }
    }
}

impl From<f64> for PerGroup {
    fn from(number: f64) -> Self {
        Self::All(number)
    }
}

impl From<Vec<f64>> for PerGroup {
    fn from(numbers: Vec<f64>) -> Self {
        Self::Each(numbers)
    }
}
