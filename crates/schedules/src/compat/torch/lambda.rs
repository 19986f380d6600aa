//! PyTorch's `LambdaLR` and `MultiplicativeLR`.

use std::sync::{Arc, PoisonError, RwLock};

use super::function::Function;
use super::link::{Entry, Group, Link, Rule};
use crate::{Closure, Fingerprint, MAX_FACTOR, Schedule, ScheduleError, Scheduler};

/// The function of a group: one stands for all groups, several for one each.
fn of_group(functions: &[Function], group: Group) -> Result<Function, ScheduleError> {
    let (found, count) = (functions.len(), group.count);
    let own = if found == 1 { 0 } else { group.index };
    match functions.get(own) {
        Some(function) if found == 1 || found == count => Ok(function.clone()),
        _ => {
            let allowed = format!("must have one entry, or one for each of the {count} groups");
            Err(ScheduleError::new("lr_lambda", functions, allowed))
        }
    }
}

/// `torch.optim.lr_scheduler.LambdaLR` of PyTorch 2.15: our [`Closure`].
///
/// A value below 0 counts as 0.
///
/// ```
/// use schedules::compat::torch::{Function, LambdaLR};
///
/// let halving = Function::new("halving", |update| 0.5_f64.powf(update));
/// let rate = LambdaLR::new(halving).build(0.8)?;
/// assert_eq!(rate.rates(0..4), [0.8, 0.4, 0.2, 0.1]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct LambdaLR {
    /// What the base rate is multiplied by: one function for all groups, or one for each.
    pub lr_lambda: Vec<Function>,
}

impl LambdaLR {
    /// With one function for all groups.
    pub fn new(lr_lambda: Function) -> Self {
        let lr_lambda = vec![lr_lambda];
        Self { lr_lambda }
    }

    /// The scheduler of a parameter group with this base rate.
    ///
    /// # Errors
    /// A list of functions that has not one entry.
    pub fn build(&self, base_lr: f64) -> Result<Scheduler, ScheduleError> {
        let group = Group::only(base_lr);
        group.build(self.link(group))
    }

    /// The schedulers of several parameter groups.
    ///
    /// # Errors
    /// A list of functions that has not one entry for each group.
    pub fn build_groups(&self, base_lrs: &[f64]) -> Result<Vec<Scheduler>, ScheduleError> {
        Group::each(base_lrs, |group| group.build(self.link(group)))
    }

    pub(super) fn link(&self, group: Group) -> Result<Link, ScheduleError> {
        let function = of_group(&self.lr_lambda, group)?;
        let name = function.name().to_owned();
        let closure = Closure::new(name, move |update| function.at(update as f64));
        Link::new(closure, Rule::Sets).named(&[("name", "lr_lambda")])
    }
}

/// `torch.optim.lr_scheduler.MultiplicativeLR` of PyTorch 2.15: every rate is the one before times a function.
///
/// ```text
/// lr(0) = base, lr(t) = lr(t - 1) · lr_lambda(t)
/// ```
///
/// The products are kept in a table, which is filled as far as it is asked.
///
/// ```
/// use schedules::compat::torch::{Function, MultiplicativeLR};
///
/// let halves = Function::new("halves at 2", |update| if update == 2.0 { 0.5 } else { 1.0 });
/// let rate = MultiplicativeLR::new(halves).build(0.8)?;
/// assert_eq!(rate.rates(0..4), [0.8, 0.8, 0.4, 0.4]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct MultiplicativeLR {
    /// What the rate is multiplied by: one function for all groups, or one for each.
    pub lr_lambda: Vec<Function>,
    /// The update from which the rate holds, which PyTorch has not; default 1,048,576 (8 MiB).
    pub table: u64,
}

impl MultiplicativeLR {
    /// With one function for all groups.
    pub fn new(lr_lambda: Function) -> Self {
        Self {
            lr_lambda: vec![lr_lambda],
            table: 1 << 20,
        }
    }

    /// The scheduler of a parameter group with this base rate.
    ///
    /// # Errors
    /// A list of functions that has not one entry.
    pub fn build(&self, base_lr: f64) -> Result<Scheduler, ScheduleError> {
        let group = Group::only(base_lr);
        group.build(self.link(group))
    }

    /// The schedulers of several parameter groups.
    ///
    /// # Errors
    /// A list of functions that has not one entry for each group.
    pub fn build_groups(&self, base_lrs: &[f64]) -> Result<Vec<Scheduler>, ScheduleError> {
        Group::each(base_lrs, |group| group.build(self.link(group)))
    }

    pub(super) fn link(&self, group: Group) -> Result<Link, ScheduleError> {
        let function = of_group(&self.lr_lambda, group)?;
        let first = function.at(0.0);
        let products = Products {
            function,
            last: self.table,
            table: Arc::new(RwLock::new(vec![1.0])),
        };
        // Asked once more for update 0, it multiplies by a value that it does not use by itself.
        let link = Link::new(products, Rule::Multiplies).again(first);
        Ok(link.entry(Entry::Continues))
    }
}

/// The products of a function's values, from that of update 1 on.
#[derive(Clone, Debug)]
struct Products {
    function: Function,
    /// The last update that is asked for.
    last: u64,
    table: Arc<RwLock<Vec<f64>>>,
}

impl Schedule for Products {
    fn factor(&self, update: u64) -> f64 {
        // What there is no memory for holds too.
        let place = usize::try_from(update.min(self.last)).unwrap_or(usize::MAX - 1);
        let known = |table: &Vec<f64>| table.get(place).copied();
        let found = known(&self.table.read().unwrap_or_else(PoisonError::into_inner));
        let product = found.unwrap_or_else(|| {
            let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
            let mut product = table.last().copied().unwrap_or(1.0);
            for next in table.len()..=place {
                product *= self.function.at(next as f64);
                table.push(product);
            }
            product
        });
        // What is no number is not above 0 either.
        if product > 0.0 {
            product.min(MAX_FACTOR)
        } else {
            0.0
        }
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("torch_multiplicative")
            .count(self.function.fingerprint())
            .count(self.last)
            .finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    fn constant(value: f64) -> Function {
        Function::new(format!("{value}"), move |_| value)
    }

    #[test]
    fn functions_are_for_all_groups_or_for_one_each() {
        let two = LambdaLR {
            lr_lambda: vec![constant(0.5), constant(0.25)],
        };
        let rates = two.build_groups(&[0.1, 1.0]).unwrap();
        assert_eq!([rates[0].rate_at(3), rates[1].rate_at(3)], [0.05, 0.25]);
        assert_eq!(
            two.build(0.1).unwrap_err().to_string(),
            "lr_lambda = [Function(\"0.5\"), Function(\"0.25\")]: must have one entry, or one for each of the 1 groups"
        );
        assert!(two.build_groups(&[0.1; 3]).is_err());
        let one = MultiplicativeLR::new(constant(0.5));
        let rates = one.build_groups(&[0.1, 1.0]).unwrap();
        assert_eq!([rates[0].rate_at(1), rates[1].rate_at(2)], [0.05, 0.25]);
        let lr_lambda = Vec::new();
        assert!(LambdaLR { lr_lambda }.build(0.1).is_err());
    }

    #[test]
    fn products_are_the_same_in_any_order() {
        let ramp = || Function::new("ramp", |update| 1.0 + 1.0 / update);
        let rate = MultiplicativeLR::new(ramp()).build(1.0).unwrap();
        // The product of (t + 1) / t is t + 1, and the function is never asked for 0.
        let late = [9, 3, 0, 12].map(|update| rate.rate_at(update).round());
        assert_eq!(late, [10.0, 4.0, 1.0, 13.0]);
        let table = 5;
        let short = MultiplicativeLR {
            table,
            ..MultiplicativeLR::new(ramp())
        };
        let short = short.build(1.0).unwrap();
        assert_eq!(short.rate_at(5).round(), 6.0);
        assert_eq!(short.rate_at(u64::MAX), short.rate_at(5));
        assert_ne!(
            short.schedule().fingerprint(),
            rate.schedule().fingerprint()
        );
    }

    #[test]
    fn what_no_optimizer_may_get_is_replaced() {
        let rate = |value| MultiplicativeLR::new(constant(value)).build(1.0).unwrap();
        assert_eq!(rate(-2.0).rates(0..4), [1.0, 0.0, 4.0, 0.0]);
        assert_eq!(rate(f64::NAN).rates(0..3), [1.0, 0.0, 0.0]);
        assert_eq!(rate(1e12).rates(0..3), [1.0, 1e12, MAX_FACTOR]);
    }
}
