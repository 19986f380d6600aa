//! Sums.

use crate::real::Real;

/// Partial sums that go on side by side: as many as the processor adds at once, and a power of two.
const LANES: usize = 16;

/// The sum of `values`, in an order that lets the processor add several at once.
pub(crate) fn sum<F: Real>(values: &[F]) -> F {
    let mut lanes = [F::ZERO; LANES];
    let chunks = values.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += *value;
        }
    }
    for (lane, value) in lanes.iter_mut().zip(rest) {
        *lane += *value;
    }
    total(lanes)
}

/// Sums halves until one number is left.
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
        }
    }
}
