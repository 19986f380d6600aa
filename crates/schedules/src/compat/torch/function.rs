//! A function for an argument that takes one.

use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

use crate::Fingerprint;

/// A function for an argument that takes one: `lr_lambda`, which is asked for updates from 0, or `scale_fn`.
///
/// Nobody can look into a function: its name alone stands for it in records. Change the name when it changes.
///
/// ```
/// use schedules::compat::torch::Function;
///
/// let halving = Function::new("halving", |update| 0.5_f64.powf(update));
/// assert_eq!(halving.at(2.0), 0.25);
/// ```
#[derive(Clone)]
pub struct Function {
    name: Arc<str>,
    function: Arc<dyn Fn(f64) -> f64 + Send + Sync>,
}

impl Function {
    /// The function, and a name that identifies it in records.
    pub fn new(
        name: impl Into<Arc<str>>,
        function: impl Fn(f64) -> f64 + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            function: Arc::new(function),
        }
    }

    /// Its value.
    pub fn at(&self, x: f64) -> f64 {
        (self.function)(x)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn fingerprint(&self) -> u64 {
        Fingerprint::of(&self.name).finish()
    }
}

impl Debug for Function {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Function").field(&self.name).finish()
    }
}

/// Two functions of one name are the same.
impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}
