//! Every shape and combinator, through random parameters, against every law that a schedule keeps.
//!
//! Most parameters that are drawn are nonsense. What the check refuses must not panic; what it accepts must keep every
//! law. A new schedule adds a row to `shapes.rs` or `combinators.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a panic is how a test fails

mod combinators;
mod draw;
mod shapes;

use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use schedules::prelude::*;
use schedules::{MAX_FACTOR, MAX_UPDATE, SchedulerState};

use combinators::COMBINATORS;
use draw::{Draw, draws, updates, with_boundaries};
use shapes::SHAPES;

/// What a draw makes of a row.
type Make = fn(&Draw) -> Arc<dyn Schedule>;

/// Runs a law on every row of the table; a row must be accepted often enough for the law to mean something.
fn every_row(law: impl Fn(&Draw, Make, &[u64]) -> Result<(), TestCaseError>) {
    for (name, make) in SHAPES.iter().chain(COMBINATORS) {
        let accepted = std::cell::Cell::new(0);
        let mut runner = TestRunner::new(Config {
            failure_persistence: None,
            ..Config::default()
        });
        let outcome = runner.run(&(draws(), updates()), |(draw, updates)| {
            let schedule = make(&draw);
            let updates = with_boundaries(&draw, updates);
            for update in &updates {
                // Checked or not, it does not panic.
                let _ = (schedule.factor(*update), schedule.momentum(*update));
            }
            let _ = (schedule.length(), schedule.fingerprint());
            if schedule.check().is_err() {
                return Ok(());
            }
            accepted.set(accepted.get() + 1);
            law(&draw, *make, &updates)
        });
        if let Err(error) = outcome {
            panic!("{name}: {error}");
        }
        assert!(
            accepted.get() >= 10,
            "{name}: only {} draws were accepted",
            accepted.get()
        );
    }
}

#[test]
fn a_factor_is_finite_and_not_negative() {
    every_row(|draw, make, updates| {
        let schedule = make(draw);
        for update in updates {
            let factor = schedule.factor(*update);
            prop_assert!(
                factor.is_finite() && factor >= 0.0,
                "factor({update}) = {factor}"
            );
            prop_assert!(
                factor <= MAX_FACTOR * (1.0 + 1e-9),
                "factor({update}) = {factor}"
            );
            prop_assert!(schedule.momentum(*update).is_none_or(f64::is_finite));
        }
        Ok(())
    });
}

#[test]
fn between_updates_it_passes_through_them() {
    every_row(|draw, make, updates| {
        let schedule = make(draw);
        for update in updates.iter().filter(|update| **update <= MAX_UPDATE) {
            prop_assert_eq!(schedule.factor_at(*update as f64), schedule.factor(*update));
        }
        prop_assert_eq!(schedule.factor_at(-1.0), schedule.factor(0));
        for time in [-1.0, 0.5, 7.25, 1e300, f64::NAN, f64::INFINITY] {
            let factor = schedule.factor_at(time);
            prop_assert!(
                (0.0..=MAX_FACTOR * (1.0 + 1e-9)).contains(&factor),
                "factor_at({time}) = {factor}"
            );
        }
        Ok(())
    });
}

#[test]
fn after_its_end_it_is_constant() {
    every_row(|draw, make, updates| {
        let schedule = make(draw);
        if let Some(end) = schedule.length() {
            for update in updates {
                let later = end.saturating_add(*update);
                prop_assert_eq!(
                    schedule.factor(later),
                    schedule.factor(end),
                    "at {} after {}",
                    later,
                    end
                );
            }
        }
        Ok(())
    });
}

#[test]
fn order_does_not_matter() {
    every_row(|draw, make, updates| {
        let (forth, back) = (make(draw), make(draw));
        let forth: Vec<f64> = updates.iter().map(|update| forth.factor(*update)).collect();
        let mut back: Vec<f64> = updates
            .iter()
            .rev()
            .map(|update| back.factor(*update))
            .collect();
        back.reverse();
        prop_assert_eq!(forth, back);
        let rate = make(draw).build().unwrap();
        let stepped: Vec<f64> = std::iter::repeat_with({
            let mut rate = rate.clone();
            move || rate.step()
        })
        .take(50)
        .collect();
        prop_assert_eq!(stepped, rate.rates(0..50));
        Ok(())
    });
}

#[test]
fn the_peak_scales_linearly() {
    every_row(|draw, make, updates| {
        let (one, other) = (make(draw).peak(0.3).unwrap(), make(draw).peak(0.6).unwrap());
        for update in updates {
            prop_assert_eq!(one.rate_at(*update), 0.3 * make(draw).factor(*update));
            // A subnormal rate has no digits left to double.
            let difference = other.rate_at(*update) - 2.0 * one.rate_at(*update);
            prop_assert!(difference.abs() <= f64::MIN_POSITIVE);
        }
        Ok(())
    });
}

#[test]
fn a_fresh_scheduler_goes_on_exactly() {
    every_row(|draw, make, updates| {
        for update in updates {
            let mut saved = make(draw).peak(0.1).unwrap();
            saved.seek(*update);
            let mut fresh = make(draw).peak(0.1).unwrap();
            restore(&mut fresh, &saved);
            for _ in 0..3 {
                prop_assert_eq!(fresh.step(), saved.step());
            }
            prop_assert_eq!(fresh.state(), saved.state());
        }
        Ok(())
    });
}

/// Through Burn's record, where there is one.
fn restore(fresh: &mut Scheduler, saved: &Scheduler) {
    #[cfg(feature = "burn")]
    {
        use burn_optim::lr_scheduler::{LrScheduler, LrSchedulerRecord};
        let bytes = saved.to_record().into_bytes().unwrap();
        fresh
            .try_load_record(LrSchedulerRecord::from_bytes(bytes).unwrap())
            .unwrap();
    }
    #[cfg(not(feature = "burn"))]
    fresh.try_restore(saved.state()).unwrap();
}

#[test]
fn a_foreign_state_is_refused() {
    every_row(|draw, make, updates| {
        let mut fresh = make(draw).peak(0.1).unwrap();
        let before = fresh.state();
        for other in [
            make(draw).warmup(3).peak(0.1),
            make(draw).at_least(0.5).peak(0.1),
            make(draw).peak(0.2),
        ] {
            let mut other = other.unwrap();
            other.seek(updates[0]);
            prop_assert!(fresh.try_restore(other.state()).is_err());
        }
        let mut unversioned: SchedulerState = before.clone();
        unversioned.version = 0;
        prop_assert!(fresh.try_restore(unversioned).is_err());
        #[cfg(feature = "burn")]
        prop_assert!(
            fresh
                .try_load_record(burn_optim::lr_scheduler::LrSchedulerRecord::new())
                .is_err()
        );
        prop_assert_eq!(fresh.state(), before);
        Ok(())
    });
}

#[test]
fn a_warm_up_within_keeps_the_length() {
    every_row(|draw, make, _| {
        let whole = make(draw).length();
        for updates in draw.lengths {
            let warmed = make(draw).warmup_within(updates);
            if warmed.check().is_ok() {
                prop_assert_eq!(warmed.length(), whole);
            } else {
                prop_assert!(updates > 0);
            }
        }
        Ok(())
    });
}

/// Each kind of a config, with nothing said but the kind.
#[cfg(feature = "serde")]
#[test]
fn a_bare_kind_is_a_schedule() {
    for kind in ScheduleConfig::kinds() {
        assert!(
            SHAPES
                .iter()
                .chain(COMBINATORS)
                .any(|(name, _)| *name == kind),
            "{kind} has no row in the table"
        );
        let config = ScheduleConfig::default_of(kind).unwrap();
        for (updates, per_epoch) in [(10, 1), (1_000, 50), (MAX_UPDATE, 1 << 20)] {
            let rate = config
                .build(&Horizon::new(updates, per_epoch), 0.1)
                .unwrap();
            let updates = u128::from(updates);
            let rates = (0..1_001).map(|part| rate.rate_at((updates * part / 1_000) as u64));
            let largest = rates.fold(0.0, f64::max);
            assert!(
                (0.099..=0.1).contains(&largest),
                "{kind} has {largest} for its peak in {updates} updates"
            );
        }
    }
}
