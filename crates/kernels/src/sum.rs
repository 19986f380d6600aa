//! Sums.

use crate::real::Real;

/// Partial sums that go on side by side: as many as the processor adds at once, and a power of two.
const LANES: usize = 16;

/// The sum of `values`, in an order that lets the processor add several at once.
#[inline(always)]
pub(crate) fn sum<F: Real>(values: &[F]) -> F {
    fold(values, |value| value)
}

/// The sum of what `of` makes of each value.
#[inline(always)]
pub(crate) fn fold<F: Real>(values: &[F], of: impl Fn(F) -> F) -> F {
    let mut lanes = [F::ZERO; LANES];
    let chunks = values.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += of(*value);
        }
    }
    for (lane, value) in lanes.iter_mut().zip(rest) {
        *lane += of(*value);
    }
    total(lanes)
}

/// The sums of the two numbers that `of` makes of each pair of values.
#[inline(always)]
pub(crate) fn fold_pairs<F: Real>(left: &[F], right: &[F], of: impl Fn(F, F) -> [F; 2]) -> [F; 2] {
    let mut lanes = [[F::ZERO; LANES]; 2];
    let (lefts, rights) = (left.chunks_exact(LANES), right.chunks_exact(LANES));
    let rests = [lefts.remainder(), rights.remainder()];
    let mut add = |lefts: &[F], rights: &[F]| {
        for (lane, (left, right)) in lefts.iter().zip(rights).enumerate() {
            let [first, second] = of(*left, *right);
            lanes[0][lane] += first;
            lanes[1][lane] += second;
        }
    };
    for (left, right) in lefts.zip(rights) {
        add(left, right);
    }
    add(rests[0], rests[1]);
    lanes.map(total)
}

/// Sums halves until one number is left.
#[inline(always)]
fn total<F: Real>(mut lanes: [F; LANES]) -> F {
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for lane in 0..width {
            let other = lanes[lane + width];
            lanes[lane] += other;
        }
    }
    lanes[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_summed_exactly() {
        for count in [0, 1, 15, 16, 17, 100] {
            let values: Vec<f64> = (1..=count).map(f64::from).collect();
            let count = f64::from(count);
            assert_eq!(sum(&values), count * (count + 1.0) / 2.0);
            let squares = count * (count + 1.0) * (2.0 * count + 1.0) / 6.0;
            assert_eq!(fold(&values, |value| value * value), squares);
            let both = fold_pairs(&values, &values, |left, right| [left, left * right]);
            assert_eq!(both, [sum(&values), squares]);
        }
    }
}
