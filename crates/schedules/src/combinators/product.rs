//! Schedules multiplied with each other.

use std::sync::Arc;

#[cfg(feature = "serde")]
use serde_json::{Map, Value};

#[cfg(feature = "serde")]
use crate::{Compose, Form, Horizon, ScheduleConfig, Shape, form, form::nested};
use crate::{Fingerprint, MAX_FACTOR, Schedule, ScheduleError};

/// Schedules multiplied with each other, all counting from the same update.
///
/// ```text
/// factor(t) = schedules[0](t) · schedules[1](t) · …
/// ```
///
/// It saturates at [`MAX_FACTOR`], and ends when the last of its parts does; with an endless part it has no length. A
/// warm-up is taken out of every part that has a length, so that each ends when it did. The momentum is that of the
/// first part that has one. Made by [`times`](crate::Compose::times). PyTorch's `ChainedScheduler` is the same for
/// schedulers that only multiply.
///
/// ```
/// use schedules::prelude::*;
///
/// let rate = Linear::new(4).times(Step::new(2).gamma(0.5)).peak(1.0)?;
/// assert_eq!(rate.rates(0..6), [1.0, 0.75, 0.25, 0.125, 0.0, 0.0]);
/// # Ok::<(), ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        default,
        deny_unknown_fields,
        bound(deserialize = "S: serde::Deserialize<'de>, Product<S>: Default")
    )
)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(bound = "S: schemars::JsonSchema + serde::Serialize, Product<S>: Default")
)]
pub struct Product<S = Arc<dyn Schedule>> {
    /// The parts, at least one.
    schedules: Vec<S>,
}

impl Product {
    /// Begins with `first`.
    pub fn new(first: impl Schedule + 'static) -> Self {
        Self {
            schedules: vec![Arc::new(first)],
        }
    }

    /// Multiplies with `next`.
    pub fn times(mut self, next: impl Schedule + 'static) -> Self {
        self.schedules.push(Arc::new(next));
        self
    }
}

/// It saturates at every step: what is finite then stays finite, and a 0 behind it stays 0.
fn product(factors: impl Iterator<Item = f64>) -> f64 {
    factors.fold(1.0, |product, factor| (product * factor).min(MAX_FACTOR))
}

impl Schedule for Product {
    fn factor(&self, update: u64) -> f64 {
        product(self.schedules.iter().map(|part| part.factor(update)))
    }

    fn factor_at(&self, time: f64) -> f64 {
        product(self.schedules.iter().map(|part| part.factor_at(time)))
    }

    fn momentum(&self, update: u64) -> Option<f64> {
        self.schedules.iter().find_map(|part| part.momentum(update))
    }

    fn length(&self) -> Option<u64> {
        self.schedules
            .iter()
            .try_fold(0, |longest, part| Some(part.length()?.max(longest)))
    }

    fn shortened(&self, updates: u64) -> Option<Arc<dyn Schedule>> {
        let shortened: Vec<_> = self
            .schedules
            .iter()
            .map(|part| part.shortened(updates))
            .collect();
        if shortened.iter().all(Option::is_none) {
            return None;
        }
        let parts = self.schedules.iter().zip(shortened);
        Some(Arc::new(Self {
            schedules: parts
                .map(|(part, shorter)| shorter.unwrap_or_else(|| part.clone()))
                .collect(),
        }))
    }

    fn check(&self) -> Result<(), ScheduleError> {
        let mut parts = self.schedules.iter().enumerate();
        parts.try_for_each(|(index, part)| {
            part.check()
                .map_err(|error| error.below(&format!("product[{index}]")))
        })
    }

    fn fingerprint(&self) -> u64 {
        let start = Fingerprint::of("product").count(self.schedules.len() as u64);
        self.schedules
            .iter()
            .fold(start, |all, part| all.nested(part))
            .finish()
    }
}

/// `kind = "product"`: a cosine times a line, over what remains of the run.
#[cfg(feature = "serde")]
impl Default for Product<ScheduleConfig> {
    fn default() -> Self {
        let schedules = [
            Shape::Cosine(Default::default()),
            Shape::Linear(Default::default()),
        ];
        Self {
            schedules: schedules.map(ScheduleConfig::from).into(),
        }
    }
}

/// A `floor` or `min_lr` beside the parts holds for the product; one inside a part is a ratio of that part alone.
#[cfg(feature = "serde")]
impl Form for Product<ScheduleConfig> {
    const KIND: &'static str = "product";
    const PEERS: &'static [&'static str] = &["ChainedScheduler", "ComposedLrScheduler", "chained"];
    type Resolved = Product;

    fn read(mut keys: Map<String, Value>) -> Result<Self, ScheduleError> {
        if keys.is_empty() {
            return Ok(Self::default());
        }
        Ok(Self {
            schedules: nested::take_schedules(&mut keys)?,
        })
    }

    fn resolve(&self, horizon: &Horizon) -> Result<Product, ScheduleError> {
        if self.schedules.is_empty() {
            let allowed = "must have at least one schedule";
            return Err(form::wrong("product.schedules", &self.schedules, allowed));
        }
        let parts = self.schedules.iter().enumerate();
        let schedules = parts.map(|(index, part)| nested::part(part, Self::KIND, index, horizon));
        Product {
            schedules: schedules.collect::<Result<_, _>>()?,
        }
        .checked()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;
    use crate::prelude::*;

    #[test]
    fn it_ends_with_its_longest_part() {
        let both = Linear::new(4).end(0.5).times(Linear::new(10).end(0.2));
        assert_eq!(both.length(), Some(10));
        assert!(both.factor(9) > 0.1);
        assert_eq!(both.factor(10), 0.1);
        let endless = both.times(Step::new(5));
        assert_eq!(endless.length(), None);
    }

    #[test]
    fn it_saturates_and_a_zero_stays_zero() {
        let highest = || Linear::new(1).start(MAX_FACTOR).end(MAX_FACTOR);
        let mut many = Product::new(highest());
        for _ in 0..20 {
            many = many.times(highest());
        }
        assert_eq!((many.check(), many.factor(0)), (Ok(()), MAX_FACTOR));
        assert_eq!(many.times(Linear::new(1)).factor(1), 0.0);
    }

    #[test]
    fn a_warm_up_is_taken_out_of_every_part_that_has_a_length() {
        let warmed = Linear::new(10)
            .times(Step::new(6).gamma(0.5))
            .warmup_within(4);
        assert_eq!((warmed.check(), warmed.factor(4)), (Ok(()), 1.0));
        assert_eq!(warmed.factor(7), 0.5);
        assert!((warmed.factor(9) - 1.0 / 6.0).abs() < 1e-15);
        // The line ends where it did, and the step is delayed.
        assert_eq!(warmed.factor(10), 0.0);
        let endless = Step::new(6).times(Constant::new());
        assert!(endless.shortened(4).is_none());
        let error = Linear::new(10)
            .times(Linear::new(4))
            .warmup_within(4)
            .check()
            .unwrap_err();
        assert_eq!(error.path(), "warmup.product[1].linear.length");
    }
}
