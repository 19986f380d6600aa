//! Changes of a run on its way: those that it made before, what its pace needs, and what somebody asks for.

use std::ops::ControlFlow;

use super::running::Running;
use super::{Adjusted, Adjustment, Event, Request};

/// Why a change is made.
#[derive(Clone, Copy)]
enum Cause<'a> {
    /// A process before has made it.
    Before,
    /// The run's time.
    Pace,
    /// The request with this name.
    Request(&'a str),
}

impl Running<'_> {
    /// Whether a change of before is to be made again now. One of fewer updates than these was made after a recovery,
    /// which is still to come.
    pub(super) fn repeats(&self) -> bool {
        let next = self.before.front();
        next.is_some_and(|next| next.updates == self.done)
    }

    /// Makes the changes again that were made here before.
    pub(super) fn repeat(
        &mut self,
        tell: &mut impl FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        while self.repeats()
            && let Some(adjusted) = self.before.pop_front()
        {
            self.training.adjusted = adjusted.number;
            self.change(adjusted.adjustment, Cause::Before, tell)?;
        }
        ControlFlow::Continue(())
    }

    /// Makes the changes that are due.
    ///
    /// As long as there are some of before, they are all that counts: no clock.
    pub(super) fn adjust(
        &mut self,
        request: Option<Request>,
        tell: &mut impl FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let (done, planned) = (self.done, self.training.length);
        let seconds = self.stopwatch.seconds();
        let pace = self.pace.as_mut();
        let pace = pace.filter(|pace| pace.is_due(done) && done < planned);
        // Asked in any case, so that its speed is that since the last time.
        let length = pace.map(|pace| pace.length(done, planned, seconds));
        if !self.before.is_empty() {
            return self.repeat(tell);
        }
        if let Some(length) = length {
            self.change(Adjustment::Length(length), Cause::Pace, tell)?;
        }
        match request {
            Some(request) => self.answer(&request, tell),
            None => ControlFlow::Continue(()),
        }
    }

    /// Makes the change that somebody asks for, or says why not.
    fn answer(
        &mut self,
        request: &Request,
        tell: &mut impl FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let done = self.done;
        let reason = match request.adjustment {
            Adjustment::ScaleLr(_) => None,
            Adjustment::Length(_) if self.pace.is_some() => {
                Some("its length is a time, and its speed says how many updates that is".to_owned())
            }
            Adjustment::Length(_) if done >= self.training.length => {
                Some(format!("all of its {done} updates are made"))
            }
            Adjustment::Length(length) if length <= done => Some(format!(
                "it has made {done} updates, and {length} are no more than that"
            )),
            Adjustment::Length(_) => None,
        };
        match reason {
            None => self.change(request.adjustment, Cause::Request(&request.id), tell),
            Some(reason) => tell(Event::Refused {
                request: Some(&request.id),
                updates: done,
                reason,
            }),
        }
    }

    fn change(
        &mut self,
        adjustment: Adjustment,
        cause: Cause<'_>,
        tell: &mut impl FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let request = match cause {
            Cause::Request(id) => Some(id),
            Cause::Before | Cause::Pace => None,
        };
        let adjusted = Adjusted {
            number: self.training.adjusted,
            updates: self.done,
            adjustment,
        };
        match self.training.adjust(adjustment) {
            Ok(()) => tell(Event::Adjusted {
                adjusted,
                request,
                again: matches!(cause, Cause::Before),
            }),
            Err(reason) => tell(Event::Refused {
                request,
                updates: self.done,
                reason,
            }),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::config::{Backend, Layer, resolve};
    use crate::data;
    use crate::engine::{Fit, Plan, open};

    /// Trains with these settings, and hears what is told.
    fn run(
        assignments: &[&str],
        before: Vec<Adjusted>,
        mut hear: impl FnMut(Event<'_>),
        ask: impl FnMut() -> Option<Request>,
    ) {
        let layers = assignments
            .iter()
            .map(|text| Layer::from_set(text).unwrap());
        let settings = resolve([Layer::of(layers)]).unwrap().settings;
        let dataset = data::load(&settings.data).unwrap();
        let plan = Plan::new(&settings, dataset.train.len()).unwrap();
        let compute = open(Backend::Flex).unwrap();
        let fit = Fit::new(&settings, &dataset, &plan, &compute).repeat(before);
        let tell = |event: Event<'_>| {
            hear(event);
            ControlFlow::Continue(())
        };
        fit.run_asking(tell, ask).unwrap();
    }

    /// After how many updates each of these changes is made in a run that goes back to its beginning after a few.
    fn places(changes: &[(u64, Adjustment)]) -> Vec<u64> {
        let wild = [
            "optimizer.kind=sgd",
            "optimizer.lr=1e5",
            "schedule.kind=constant",
            "train.length=60",
            "train.evaluate_every=5",
            "train.on_divergence=recover",
            "train.recover_factor=1e-6",
        ];
        let changes = changes.iter().enumerate();
        let before = changes.map(|(number, (updates, adjustment))| Adjusted {
            number: number as u64,
            updates: *updates,
            adjustment: *adjustment,
        });
        let (mut places, mut recovered) = (Vec::new(), 0);
        let hear = |event: Event<'_>| match event {
            Event::Adjusted { adjusted, .. } => places.push(adjusted.updates),
            Event::Recovered { .. } => recovered += 1,
            _ => {}
        };
        run(&wild, before.collect(), hear, || None);
        assert!(recovered > 0);
        places
    }

    #[test]
    fn a_change_after_a_recovery_is_made_after_it() {
        let scale = Adjustment::ScaleLr(1.0);
        let length = Adjustment::Length(40);
        assert_eq!(places(&[(2, scale), (1, scale), (7, length)]), [2, 1, 7]);
    }

    #[test]
    fn a_wish_that_comes_during_an_update_is_followed_by_the_next_one() {
        let constant = ["optimizer.kind=sgd", "schedule.kind=constant"];
        let settings = [&constant[..], &["optimizer.lr=0.01", "train.length=40"]].concat();
        let (mut made, mut rates, mut places) = (0, Vec::new(), Vec::new());
        let hear = |event: Event<'_>| match event {
            Event::Updates(updates) => {
                rates.extend(updates.iter().map(|update| update.learning_rate));
            }
            Event::Adjusted { adjusted, .. } => places.push(adjusted.updates),
            _ => {}
        };
        // Asked once after each update.
        let ask = || {
            made += 1;
            [3, 4, 29].contains(&made).then(|| Request {
                id: made.to_string(),
                adjustment: Adjustment::ScaleLr(2.0),
            })
        };
        run(&settings, Vec::new(), hear, ask);
        assert_eq!(made, 40);
        assert_eq!(places, [3, 4, 29]);
        let doubled = |update: &u64| places.iter().filter(|place| **place <= *update).count();
        let expected = (0..40).map(|update| 0.01 * f64::from(1 << doubled(&update)));
        assert_eq!(rates, expected.collect::<Vec<_>>());
    }

    #[test]
    fn a_wish_waits_for_the_changes_of_before() {
        let adjustment = Adjustment::ScaleLr(0.5);
        let before = Adjusted {
            number: 0,
            updates: 9,
            adjustment,
        };
        let (mut places, answered) = (Vec::new(), Cell::new(false));
        let hear = |event: Event<'_>| {
            answered.set(answered.get() || event.request().is_some());
            if let Event::Adjusted { adjusted, .. } = event {
                places.push(adjusted.updates);
            }
        };
        let wish = || Request {
            id: "wish".to_owned(),
            adjustment,
        };
        let ask = || (!answered.get()).then(wish);
        run(&["train.length=40"], vec![before], hear, ask);
        assert_eq!(places, [9, 10]);
    }
}
