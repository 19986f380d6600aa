//! Schedulers that step together.

use super::link::Link;
use crate::{Fingerprint, MAX_FACTOR, Schedule, ScheduleError};

/// Schedulers that step together, one after another in every update, some of which set the rate.
///
/// Of the last time that the rate was set, the rate is what sets it, times what the others have multiplied since.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    links: Vec<Link>,
}

impl Chain {
    pub(super) fn new(links: Vec<Link>) -> Self {
        Self { links }
    }

    /// The last update at which the rate is set, and by which: the later one of the same update counts.
    fn last_set(&self, update: u64) -> Option<(u64, usize)> {
        let links = self.links.iter().enumerate();
        links
            .filter_map(|(index, link)| Some((link.rule.set(update)?, index)))
            .max()
    }
}

impl Schedule for Chain {
    fn factor(&self, update: u64) -> f64 {
        let whole = |link: &Link| link.start * link.schedule.factor(update);
        let set = self.last_set(update);
        let factors = self
            .links
            .iter()
            .enumerate()
            .map(|(index, link)| match set {
                None => whole(link),
                Some((_, by)) if index == by => link.schedule.factor(update),
                Some((at, by)) if index < by => link.since(at, update),
                // Behind it, a link has also changed what was set, in the same update.
                Some((at, _)) => match at.checked_sub(1) {
                    Some(before) => link.since(before, update),
                    None => whole(link),
                },
            });
        factors.fold(1.0, |product, factor| {
            (product * factor.min(MAX_FACTOR)).min(MAX_FACTOR)
        })
    }

    fn momentum(&self, update: u64) -> Option<f64> {
        let mut links = self.links.iter().rev();
        links.find_map(|link| link.schedule.momentum(update))
    }

    fn check(&self) -> Result<(), ScheduleError> {
        let mut links = self.links.iter();
        links.try_for_each(|link| link.schedule.check())
    }

    fn fingerprint(&self) -> u64 {
        let start = Fingerprint::of("torch_chain").count(self.links.len() as u64);
        let links = self.links.iter().fold(start, |all, link| {
            let all = all.nested(&*link.schedule).number(link.start);
            link.rule.added_to(all)
        });
        links.finish()
    }
}
