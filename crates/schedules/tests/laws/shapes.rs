//! The shapes that every law is tried on.

use std::sync::Arc;

use schedules::prelude::*;

use crate::Make;
use crate::draw::Draw;

/// Every shape. Combinators take them as their insides.
pub(crate) const SHAPES: &[(&str, Make)] = &[
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
