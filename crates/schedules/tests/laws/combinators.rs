//! The combinators that every law is tried on.

use std::sync::Arc;

use schedules::MAX_UPDATE;
use schedules::prelude::*;

use crate::Make;
use crate::draw::Draw;
use crate::shapes::SHAPES;

/// Every combinator.
pub(crate) const COMBINATORS: &[(&str, Make)] = &[
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
