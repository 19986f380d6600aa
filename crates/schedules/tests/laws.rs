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
    ("exponential in stairs", |d| {
        let decay = Exponential::new(d.numbers[0]).every(d.lengths[0]);
        Arc::new(decay.staircase(true))
    }),
    ("inverse_sqrt", |d| Arc::new(InverseSqrt::new(d.lengths[0]))),
    ("noam", |d| Arc::new(Noam::new(d.lengths[0]))),
    ("inverse_time", |d| {
        Arc::new(InverseTime::new(d.numbers[0]).every(d.lengths[0]))
    }),
    ("inverse_time in stairs", |d| {
        let decay = InverseTime::new(d.numbers[0]).every(d.lengths[0]);
        Arc::new(decay.staircase(true))
    }),
    ("tanh", |d| {
        let tanh = Tanh::new(d.lengths[0]).floor(d.numbers[2]);
        // Mostly on both sides of 0, where the curve is.
        Arc::new(tanh.lower(-8.0 * d.numbers[0]).upper(4.0 * d.numbers[1]))
    }),
    ("rex", |d| {
        Arc::new(Rex::new(d.lengths[0]).floor(d.numbers[0]))
    }),
    ("piecewise", |d| Arc::new(piecewise(d))),
    ("piecewise by cosines", |d| {
        Arc::new(piecewise(d).interpolation(Curve::Cosine))
    }),
    ("piecewise by powers", |d| {
        Arc::new(piecewise(d).interpolation(Curve::Power(d.numbers[4])))
    }),
    ("flat_cosine", |d| {
        Arc::new(
            FlatCosine::new(d.lengths[0])
                .flat(d.numbers[0])
                .floor(d.numbers[1]),
        )
    }),
    ("swa", |d| Arc::new(swa(d))),
    ("swa by a line", |d| {
        Arc::new(swa(d).interpolation(Curve::Linear))
    }),
    ("range_test", |d| {
        Arc::new(RangeTest::new(d.lengths[0]).start(d.numbers[0]))
    }),
    ("range_test by a line", |d| {
        let test = RangeTest::new(d.lengths[0]).start(d.numbers[0]);
        Arc::new(test.sweep(Sweep::Linear))
    }),
    ("closure", |d| Arc::new(closure(d))),
    ("closure with a length", |d| {
        Arc::new(closure(d).length(d.lengths[1]))
    }),
    ("polynomial", |d| {
        Arc::new(
            Polynomial::new(d.lengths[0])
                .power(d.numbers[0])
                .start(d.numbers[1])
                .end(d.numbers[2]),
        )
    }),
    ("multi_step", |d| {
        Arc::new(MultiStep::new(sums(d)).gamma(d.numbers[0]))
    }),
    ("multi_step of ratios", |d| {
        Arc::new(MultiStep::new(sums(d)).ratios(&d.numbers[..4]))
    }),
    ("cosine_restarts", |d| {
        Arc::new(
            CosineRestarts::new(d.lengths[0])
                .multiplier(1.0 + d.numbers[0])
                .floor(d.numbers[1])
                .peak_decay(d.numbers[2]),
        )
    }),
    ("cosine_restarts of whole multiples", |d| {
        Arc::new(
            CosineRestarts::new(d.lengths[0])
                .multiplier((d.lengths[1] % 4) as f64)
                .floor(d.numbers[1]),
        )
    }),
    ("cosine_restarts with an end", |d| {
        Arc::new(
            CosineRestarts::new(d.lengths[0])
                .multiplier(2.0 * d.numbers[0])
                .floor(d.numbers[1])
                .cycles(d.lengths[1] % 50),
        )
    }),
    ("one_cycle", |d| Arc::new(one_cycle(d))),
    ("one_cycle of three phases", |d| {
        Arc::new(one_cycle(d).three_phases(true).anneal(Curve::Linear))
    }),
    ("cyclic", |d| Arc::new(cyclic(d))),
    ("cyclic of halves", |d| {
        Arc::new(cyclic(d).mode(CyclicMode::Triangular2))
    }),
    ("cyclic of powers", |d| {
        Arc::new(
            cyclic(d)
                .mode(CyclicMode::ExpRange)
                .gamma(2.0 * d.numbers[3]),
        )
    }),
    ("cyclic of its own scale", |d| {
        let number = d.numbers[3];
        Arc::new(cyclic(d).scale_cycles("own", move |cycle| number * cycle))
    }),
    ("wsd", |d| Arc::new(wsd(d))),
    ("wsd by a cosine", |d| {
        Arc::new(wsd(d).anneal(Curve::Cosine))
    }),
    ("wsd by a power", |d| {
        Arc::new(wsd(d).anneal(Curve::Power(d.numbers[2])))
    }),
    ("wsd by an exponential", |d| {
        Arc::new(wsd(d).anneal(Curve::ExponentialTo(d.numbers[2])))
    }),
];

/// Milestones, in order where the lengths are not too long.
fn sums(draw: &Draw) -> [u64; 3] {
    let [first, second, third] = draw.lengths;
    let second = first.saturating_add(second);
    [first, second, second.saturating_add(third)]
}

fn one_cycle(draw: &Draw) -> OneCycle {
    OneCycle::new(draw.lengths[0])
        .rise(draw.numbers[0])
        .start(draw.numbers[1])
        .end(draw.numbers[2])
        .base_momentum(draw.numbers[3])
        .max_momentum(draw.numbers[4])
}

fn cyclic(draw: &Draw) -> Cyclic {
    Cyclic::new(draw.lengths[0])
        .down(draw.lengths[1])
        .floor(draw.numbers[0])
        .base_momentum(draw.numbers[1])
        .max_momentum(draw.numbers[2])
}

fn wsd(draw: &Draw) -> Wsd {
    Wsd::new(
        draw.lengths[0].saturating_add(draw.lengths[1]),
        draw.lengths[0],
    )
    .floor(draw.numbers[0])
    .stable_decay(draw.numbers[1], draw.lengths[2])
}

fn piecewise(draw: &Draw) -> Piecewise {
    let second = draw.lengths[0].saturating_add(draw.lengths[1]);
    Piecewise::new(draw.numbers[0])
        .to(draw.lengths[0], draw.numbers[1])
        .to(second, draw.numbers[2])
}

fn swa(draw: &Draw) -> SwaAnneal {
    SwaAnneal::new(draw.lengths[0], draw.numbers[0]).start(draw.numbers[1])
}

/// A curve with every kind of nonsense in it, also where the numbers that were drawn have none.
fn closure(draw: &Draw) -> Closure {
    let (numbers, length) = (draw.numbers, draw.lengths[0]);
    Closure::new("closure", move |update| {
        let number = numbers[(update / length.max(1) % 5) as usize];
        number / (update as f64 - length as f64)
    })
}

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
    ("warmup along a curve", |d| {
        let curves = [
            Curve::Cosine,
            Curve::Sqrt,
            Curve::Power(d.numbers[0]),
            Curve::ExponentialTo(d.numbers[1]),
            Curve::Exponential,
            Curve::Constant,
        ];
        let warmed = inside(d, 0).warmup(d.lengths[1]).start(d.numbers[2]);
        Arc::new(warmed.curve(curves[d.inside % curves.len()]))
    }),
    ("cooldown", |d| {
        let total = d.lengths[1].saturating_add(d.lengths[2]);
        let cooled = inside(d, 0).cooldown(d.lengths[1], total).end(d.numbers[2]);
        Arc::new(cooled.curve(if d.inside % 2 == 0 {
            Curve::Sqrt
        } else {
            Curve::Exponential
        }))
    }),
    ("cooldown of a warmup", |d| {
        let warmed = inside(d, 0).warmup_within(d.lengths[0] / 2);
        Arc::new(warmed.cooldown(d.lengths[0] / 3, d.lengths[0]))
    }),
    ("product", |d| Arc::new(inside(d, 0).times(inside(d, 1)))),
    ("product of many", |d| {
        let sequences = Product::new(sequence(d)).times(sequence(d));
        Arc::new(sequences.times(inside(d, 1).warmup(d.lengths[1])))
    }),
    ("scale", |d| Arc::new(inside(d, 0).scale(d.numbers[2]))),
    ("delay", |d| Arc::new(inside(d, 0).delay(d.lengths[1]))),
    ("repeat", |d| Arc::new(inside(d, 0).repeat(d.lengths[1]))),
    ("repeat some times", |d| {
        Arc::new(inside(d, 0).repeat(d.lengths[1]).cycles(d.lengths[2] % 5))
    }),
    ("repeat most often", |d| {
        Arc::new(
            inside(d, 0)
                .repeat(d.lengths[1])
                .cycles(MAX_UPDATE - d.lengths[2] % 3),
        )
    }),
    ("k_decay", |d| {
        Arc::new(ending(d).k_decay(d.numbers[2].abs() * 3.0))
    }),
    ("retimed", |d| Arc::new(retimed(inside(d, 0), d))),
    ("retimed after the end of what is inside", |d| {
        Arc::new(inside(d, 0).retimed(
            d.lengths[0],
            d.lengths[0].saturating_add(d.lengths[1]),
            d.lengths[0].saturating_add(d.lengths[2]),
        ))
    }),
    ("retimed twice", |d| {
        let (once, total) = (retimed(inside(d, 0), d), d.lengths[2]);
        Arc::new(once.retimed(total / 2, total, total.saturating_add(d.lengths[1])))
    }),
    ("everything", |d| {
        let bent = ending(d).warmup_within(d.lengths[0] / 9).k_decay(1.5);
        let cycles = bent.scale(0.5).repeat(d.lengths[1]).cycles(3);
        let whole = d.lengths[1].saturating_mul(3);
        Arc::new(
            cycles
                .delay(d.lengths[2])
                .cooldown(d.lengths[1], whole)
                .curve(Curve::Cosine)
                .at_least(0.01),
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

/// A shape with a length.
fn ending(draw: &Draw) -> Arc<dyn Schedule> {
    let mut shapes = (0..SHAPES.len()).map(|offset| inside(draw, offset));
    shapes.find(|shape| shape.length().is_some()).unwrap()
}

/// In the midst of a shape's time, which often ends before the run does.
fn retimed(schedule: impl Schedule + 'static, draw: &Draw) -> Arc<dyn Schedule> {
    let [length, more, total] = draw.lengths;
    Arc::new(schedule.retimed(length / 2, length.saturating_add(more % 50), total))
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
