//! Powers of a factor that is applied again and again.

use crate::MAX_FACTOR;

/// `base` to the power of `times`, at most [`MAX_FACTOR`].
///
/// The commonest powers of stairs and cycles cost nothing: a factor of 1, and the first two steps of any other.
pub(crate) fn power(base: f64, times: f64) -> f64 {
    let power = if base == 1.0 || times == 0.0 {
        1.0
    } else if times == 1.0 {
        base
    } else {
        base.powf(times)
    };
    power.min(MAX_FACTOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_power_up_to_the_largest_factor() {
        for base in [0.0, 1e-9, 0.1, 0.5, 1.0, 1.5, 1e18, f64::INFINITY, f64::NAN] {
            for times in [0.0, 1.0, 0.5, 2.0, 3.0, 1e12, f64::INFINITY, f64::NAN] {
                let (found, expected) = (power(base, times), base.powf(times).min(MAX_FACTOR));
                assert_eq!(found, expected, "{base} {times}");
            }
        }
        assert_eq!(power(10.0, 17.0), 1e17);
        assert_eq!(power(10.0, 19.0), MAX_FACTOR);
    }
}
