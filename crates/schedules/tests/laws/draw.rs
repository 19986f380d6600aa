//! What a law's parameters are drawn from.

use proptest::prelude::*;
use schedules::{MAX_FACTOR, MAX_UPDATE};

use crate::shapes::SHAPES;

/// The raw material of a schedule: lengths, numbers, and a choice of what stands inside a combinator.
#[derive(Clone, Debug)]
pub(crate) struct Draw {
    pub(crate) lengths: [u64; 3],
    pub(crate) numbers: [f64; 5],
    pub(crate) inside: usize,
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

pub(crate) fn draws() -> impl Strategy<Value = Draw> {
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
pub(crate) fn updates() -> impl Strategy<Value = Vec<u64>> {
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

pub(crate) fn with_boundaries(draw: &Draw, mut updates: Vec<u64>) -> Vec<u64> {
    for length in draw.lengths {
        updates.extend([length.saturating_sub(1), length, length.saturating_add(1)]);
    }
    updates.push(0);
    updates
}
