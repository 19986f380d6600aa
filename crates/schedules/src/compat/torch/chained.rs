//! PyTorch's `ChainedScheduler`.

use super::child::Child;
use super::link::{Group, Link, Obstacle, Rule};
use crate::{ScheduleError, Scheduler};

/// `torch.optim.lr_scheduler.ChainedScheduler` of PyTorch 2.15: schedulers that step together.
///
/// Most multiply the rate that they find, and then it is their [`Product`](crate::Product). Some set it, whatever the
/// others have done: [`LambdaLR`](super::LambdaLR), [`CosineAnnealingWarmRestarts`](super::CosineAnnealingWarmRestarts),
/// [`CyclicLR`](super::CyclicLR) and [`OneCycleLR`](super::OneCycleLR) at every update,
/// [`CosineAnnealingLR`](super::CosineAnnealingLR) when it climbs again, and [`SequentialLR`](super::SequentialLR) at
/// its milestones. What the others had multiplied by then is lost, as there.
///
/// A [`CosineAnnealingLR`](super::CosineAnnealingLR) with an `eta_min` above 0, [`SWALR`](super::SWALR), and one that
/// adds to a rate that another has set have no closed form beside another. They are stepped as PyTorch does it, into a
/// table that is filled as far as it is asked, and hold from update 2^20 on.
///
/// With an `eta_min` above the base rate, PyTorch's steps can take the rate below 0. It is 0 here until they have taken
/// it back.
///
/// ```
/// use schedules::compat::torch::{ChainedScheduler, ConstantLR, ExponentialLR};
///
/// let hold = ConstantLR { factor: 0.5, total_iters: 2 };
/// let peer = ChainedScheduler { schedulers: vec![hold.into(), ExponentialLR { gamma: 0.5 }.into()] };
/// assert_eq!(peer.build(1.0)?.rates(0..4), [0.5, 0.25, 0.25, 0.125]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct ChainedScheduler {
    /// The schedulers, in the order of their construction.
    pub schedulers: Vec<Child>,
}

impl ChainedScheduler {
    /// The scheduler of a parameter group with this base rate.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self, base_lr: f64) -> Result<Scheduler, ScheduleError> {
        self.scheduler(Group::only(base_lr))
    }

    /// The schedulers of several parameter groups.
    ///
    /// # Errors
    /// The first argument out of its range, or a list that has not one entry for each group.
    pub fn build_groups(&self, base_lrs: &[f64]) -> Result<Vec<Scheduler>, ScheduleError> {
        Group::each(base_lrs, |group| self.scheduler(group))
    }

    fn scheduler(&self, group: Group) -> Result<Scheduler, ScheduleError> {
        let joined = self.links(group, 0).and_then(Link::joined);
        group.build_from(joined, || self.clone().into())
    }

    pub(super) fn links(&self, group: Group, nested: u64) -> Result<Vec<Link>, Obstacle> {
        let (all, _) = Child::all_links(&self.schedulers, group, |_| nested)?;
        let children = self.schedulers.iter().zip(all);
        let links = children.flat_map(|(child, mut links)| {
            // The sequence around it has made it step to update 0, which is no longer the constructor's step.
            if nested > 0 && !child.is_composed() {
                links.iter_mut().for_each(|link| link.start *= link.again);
            }
            links
        });
        let links: Vec<Link> = links.collect();
        if nested > 0 && links.len() > 1 && links.iter().any(|link| link.rule == Rule::Returns(1)) {
            // That step adds the base rate to what the others have made of it.
            return Err(Obstacle::Steps);
        }
        Ok(links)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;
    use crate::compat::torch::{
        ConstantLR, CosineAnnealingLR, ExponentialLR, Function, LambdaLR, LinearLR, SWALR,
        SequentialLR,
    };

    fn chain(schedulers: impl Into<Vec<Child>>) -> Result<Scheduler, ScheduleError> {
        let schedulers = schedulers.into();
        ChainedScheduler { schedulers }.build(1.0)
    }

    fn halves() -> Child {
        ExponentialLR { gamma: 0.5 }.into()
    }

    #[test]
    fn a_cosine_forgets_the_others_when_it_climbs_again() {
        let cosine: Child = CosineAnnealingLR::new(2).into();
        // It is 0 at update 2 and sets ½ at update 3, which a later scheduler halves at once and an earlier one not.
        let found = chain([cosine.clone(), halves()]).unwrap().rates(0..5);
        let expected = [1.0, 0.25, 0.0, 0.25, 0.25];
        let pairs = || found.iter().zip(expected);
        assert!(
            pairs().all(|(found, expected)| (found - expected).abs() < 1e-15),
            "{found:?}"
        );
        let found = chain([halves(), cosine]).unwrap().rates(3..5);
        assert!((found[0] - 0.5).abs() < 1e-15 && (found[1] - 0.5).abs() < 1e-15);
    }

    #[test]
    fn what_sets_the_rate_leaves_one_step_of_those_behind_it() {
        let line: Child = LambdaLR::new(Function::new("line", |update| 1.0 + update)).into();
        let rates = |children: [Child; 2]| chain(children).unwrap().rates(0..3);
        assert_eq!(rates([line.clone(), halves()]), [1.0, 1.0, 1.5]);
        assert_eq!(rates([halves(), line]), [1.0, 2.0, 3.0]);
    }

    #[test]
    fn a_sequence_forgets_the_others_at_its_milestone() {
        let hold = |factor, total_iters| -> Child {
            ConstantLR {
                factor,
                total_iters,
            }
            .into()
        };
        let (schedulers, milestones) = (vec![hold(1.0, 9), hold(1.0, 9)], vec![2]);
        let sequence: Child = SequentialLR {
            schedulers,
            milestones,
        }
        .into();
        let rates = chain([sequence.clone(), hold(0.25, 4)]).unwrap();
        assert_eq!(rates.rates(0..6), [0.25, 0.25, 1.0, 1.0, 4.0, 4.0]);
        // Its constructor sets it too.
        let rates = chain([hold(0.25, 4), sequence]).unwrap();
        assert_eq!(rates.rates(0..6), [1.0, 1.0, 1.0, 1.0, 4.0, 4.0]);
    }

    #[test]
    fn what_has_ended_at_zero_stays_there() {
        let end_factor = 0.0;
        let line = LinearLR {
            end_factor,
            ..Default::default()
        };
        let found = chain([line.into(), halves()]).unwrap();
        assert_eq!(found.rates(5..7), [0.0, 0.0]);
    }

    #[test]
    fn what_has_no_closed_form_is_stepped() {
        let eta_min = 0.5;
        let lowest = CosineAnnealingLR {
            eta_min,
            ..CosineAnnealingLR::new(2)
        };
        // By itself ½ + ½, ½ + ¼ and ½; behind halves (½ · 1 - ½) · ½ + ½, and then there is nothing left of it.
        let found = chain([halves(), lowest.clone().into()])
            .unwrap()
            .rates(0..4);
        let expected = [1.0, 0.5, 0.5, 0.5];
        let pairs = found.iter().zip(expected);
        let far = pairs.map(|(found, expected)| (found - expected).abs());
        assert!(far.take(3).all(|far| far < 1e-15), "{found:?}");
        assert!((found[3] - 0.5).abs() < 1e-15, "{found:?}");
        let swa = chain([
            halves(),
            SWALR {
                anneal_epochs: 0,
                ..SWALR::new(0.25)
            }
            .into(),
        ]);
        assert_eq!(swa.unwrap().rates(0..4), [0.25; 4]);
        // It adds a half, at update 3, to what the other has set.
        let one: Child = LambdaLR::new(Function::new("one", |_| 1.0)).into();
        let found = chain([one, CosineAnnealingLR::new(2).into()]).unwrap();
        assert!((found.rate_at(3) - 1.5).abs() < 1e-15);
        let schedulers = vec![CosineAnnealingLR::new(1).into(), halves()];
        let schedulers = vec![ChainedScheduler { schedulers }.into()];
        let milestones = Vec::new();
        let within = SequentialLR {
            schedulers,
            milestones,
        };
        // The step that the sequence makes doubles the rate, and halves it.
        assert!((within.build(1.0).unwrap().rate_at(0) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn a_rate_that_pytorch_takes_below_zero_is_zero() {
        let cosine = CosineAnnealingLR {
            eta_min: 3.0,
            ..CosineAnnealingLR::new(4)
        };
        let found = chain([ExponentialLR { gamma: 0.1 }.into(), cosine.into()]).unwrap();
        // PyTorch 2.15 has -7.24, -3.36 and -0.91 at updates 6 to 8.
        let expected = [0.007106781186547617, 0.0, 0.0, 0.0, 0.36183282306750897];
        for (found, expected) in found.rates(5..10).into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-14, "{found} {expected}");
        }
    }

    #[test]
    fn errors_name_the_part() {
        let text = |children: Vec<Child>| chain(children).unwrap_err().to_string();
        assert_eq!(text(vec![]), "schedulers: must have at least one entry");
        let wrong = || ExponentialLR { gamma: 0.0 }.into();
        assert!(text(vec![halves(), wrong()]).starts_with("schedulers[1].gamma = 0.0: "));
        let cosine: Child = CosineAnnealingLR::new(2).into();
        let stepped = vec![cosine.clone(), cosine, wrong()];
        assert!(text(stepped).starts_with("schedulers[2].gamma = 0.0: "));
    }

    #[test]
    fn order_and_rules_are_in_the_fingerprint() {
        let number = |children: [Child; 2]| chain(children).unwrap().schedule().fingerprint();
        let (short, long): (Child, Child) = (
            CosineAnnealingLR::new(2).into(),
            CosineAnnealingLR::new(3).into(),
        );
        let all = [
            number([halves(), short.clone()]),
            number([short, halves()]),
            number([halves(), long]),
        ];
        assert!(all[0] != all[1] && all[0] != all[2] && all[1] != all[2]);
    }
}
