//! Every shape and combinator, through random parameters, against every law that a schedule keeps.
//!
//! Most parameters that are drawn are nonsense. What the check refuses must not panic; what it accepts must keep every
//! law. A new schedule adds a row to [`SHAPES`] or [`COMBINATORS`].

#![allow(clippy::unwrap_used, clippy::expect_used)] // a panic is how a test fails

use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use schedules::prelude::*;
use schedules::{MAX_FACTOR, MAX_UPDATE, SchedulerState};

/// The raw material of a schedule: lengths, numbers, and a choice of what stands inside a combinator.
#[derive(Clone, Debug)]
struct Draw {
    lengths: [u64; 3],
    numbers: [f64; 5],
    inside: usize,
}

type Make = fn(&Draw) -> Arc<dyn Schedule>;

/// Every shape. Combinators take them as their insides.
const SHAPES: &[(&str, Make)] = &[
    ("constant", |_| Arc::new(Constant::new())),
    ("linear", |d| {
        Arc::new(
            Linear::new(d.lengths[0])
                .start(d.numbers[0])
                .end(d.numbers[1]),
        )
    }),
    ("step", |d| {
        Arc::new(Step::new(d.lengths[0]).gamma(d.numbers[0]))
    }),
    ("exponential", |d| {
        Arc::new(Exponential::new(d.numbers[0]).every(d.lengths[0]))
    }),
    ("cosine", |d| {
        Arc::new(Cosine::new(d.lengths[0]).floor(d.numbers[0]))
    }),
];

/// Every combinator.
const COMBINATORS: &[(&str, Make)] = &[
    ("warmup", |d| Arc::new(inside(d, 0).warmup(d.lengths[1]))),
    ("warmup from a start", |d| {
        Arc::new(inside(d, 0).warmup(d.lengths[1]).start(d.numbers[2]))
    }),
    ("warmup within", |d| {
        Arc::new(inside(d, 0).warmup_within(d.lengths[1]))
    }),
    ("warmup within a warmup", |d| {
        Arc::new(
            inside(d, 0)
                .warmup_within(d.lengths[1])
                .warmup_within(d.lengths[2]),
        )
    }),
    ("floor", |d| Arc::new(inside(d, 0).at_least(d.numbers[2]))),
    ("floor under a warmup", |d| {
        Arc::new(
            inside(d, 0)
                .at_least(d.numbers[2])
                .warmup_within(d.lengths[1]),
        )
    }),
    ("sequence", |d| Arc::new(sequence(d))),
    ("warmup within a sequence", |d| {
        Arc::new(sequence(d).warmup_within(d.lengths[0] / 2))
    }),
    ("sequence in a sequence", |d| {
        Arc::new(Sequence::new(sequence(d)).then(d.lengths[2], sequence(d)))
    }),
];

/// The shape inside a combinator; `offset` picks another one of the same draw.
fn inside(draw: &Draw, offset: usize) -> Arc<dyn Schedule> {
    SHAPES[(draw.inside + offset) % SHAPES.len()].1(draw)
}

fn sequence(draw: &Draw) -> Sequence {
    let second = draw.lengths[0].saturating_add(draw.lengths[1]);
    Sequence::new(inside(draw, 0))
        .then(draw.lengths[0], inside(draw, 1))
        .then(second, inside(draw, 2))
}

/// Numbers at and beyond the ends of their ranges.
const WEIRD: &[f64] = &[
    0.0,
    -0.0,
    1.0,
    -0.5,
    f64::NAN,
    f64::INFINITY,
    f64::MAX,
    MAX_FACTOR,
    5e-324,
];

fn draws() -> impl Strategy<Value = Draw> {
    let length = || {
        prop_oneof![
            8 => 1..1_000_u64,
            2 => 1..=MAX_UPDATE,
            1 => prop::sample::select(vec![0, 1, 2, MAX_UPDATE - 1, MAX_UPDATE, MAX_UPDATE + 1, u64::MAX]),
        ]
    };
    let number = || {
        prop_oneof![
            8 => 0.0..=1.0_f64,
            1 => 0.0..100.0_f64,
            1 => prop::num::f64::ANY,
            1 => prop::sample::select(WEIRD),
        ]
    };
    let lengths = [length(), length(), length()];
    (lengths, [(); 5].map(|()| number()), 0..SHAPES.len()).prop_map(|(lengths, numbers, inside)| {
        Draw {
            lengths,
            numbers,
            inside,
        }
    })
}

/// Updates at random, and on both sides of every length that was drawn.
fn updates() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(
        prop_oneof![
            0..2_000_u64,
            0..=MAX_UPDATE,
            Just(MAX_UPDATE),
            Just(u64::MAX)
        ],
        1..12,
    )
}

fn with_boundaries(draw: &Draw, mut updates: Vec<u64>) -> Vec<u64> {
    for length in draw.lengths {
        updates.extend([length.saturating_sub(1), length, length.saturating_add(1)]);
    }
    updates.push(0);
    updates
}

/// Runs a law on every row of the table; a row must be accepted often enough for the law to mean something.
fn every_row(law: impl Fn(&Draw, Make, &[u64]) -> Result<(), TestCaseError>) {
    for (name, make) in SHAPES.iter().chain(COMBINATORS) {
        let accepted = std::cell::Cell::new(0);
        let mut runner = TestRunner::new(Config {
            cases: 256,
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
            assert_eq!(rate.rate_at(0), 0.1, "{kind}");
            assert!(
                rate.rates(0..1_000)
                    .iter()
                    .all(|rate| (0.0..=0.1).contains(rate)),
                "{kind}"
            );
        }
    }
}
