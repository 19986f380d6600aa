//! The smoothing of a loss curve.

/// A running average that leans to the newest values, without a bias towards the first ones.
///
/// ```text
/// smoothed_n = smoothed_(n-1) + w · (loss_n - smoothed_(n-1)),    w = (1 - beta) / (1 - beta^n)
/// ```
///
/// It is Adam's bias-corrected average in the form that leaves a constant loss exactly as it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Average {
    beta: f64,
    /// `beta^n`.
    power: f64,
    value: f64,
}

impl Average {
    /// A `beta` outside `0..1`, or NaN, smooths nothing.
    pub(crate) fn new(beta: f64) -> Self {
        let beta = if (0.0..1.0).contains(&beta) {
            beta
        } else {
            0.0
        };
        Self {
            beta,
            power: 1.0,
            value: 0.0,
        }
    }

    /// The standard deviation of the average of `count` values, for values with one of 1.
    pub(crate) fn spread(&self, count: usize) -> f64 {
        let power = self.beta.powf(count.max(1) as f64);
        let variance = (1.0 - self.beta) / (1.0 + self.beta) * (1.0 + power) / (1.0 - power);
        variance.sqrt()
    }

    /// Takes a value in and returns the average.
    pub(crate) fn push(&mut self, value: f64) -> f64 {
        self.power *= self.beta;
        let weight = (1.0 - self.beta) / (1.0 - self.power);
        self.value = if weight == 1.0 {
            value
        } else {
            // Two products, because the difference of two huge values has no number.
            self.value + (weight * value - weight * self.value)
        };
        self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smoothed(beta: f64, values: &[f64]) -> Vec<f64> {
        let mut average = Average::new(beta);
        values.iter().map(|value| average.push(*value)).collect()
    }

    #[test]
    fn it_is_adams_average() {
        // By hand, beta = 1/2: 8, (8/4 + 2/2) / (3/4), (8/8 + 2/4 + 6/2) / (7/8).
        let found = smoothed(0.5, &[8.0, 2.0, 6.0]);
        for (found, expected) in found.iter().zip([8.0, 4.0, 36.0 / 7.0]) {
            assert!((found - expected).abs() < 1e-14, "{found} {expected}");
        }
    }

    #[test]
    fn the_first_value_and_a_constant_are_left_as_they_are() {
        for beta in [0.0, 0.1, 0.5, 0.98, 0.999] {
            assert_eq!(smoothed(beta, &[0.1; 500]), [0.1; 500]);
        }
    }

    #[test]
    fn its_spread_is_that_of_its_weights() {
        // By hand, beta = 1/2: the weights are 1; 1/3, 2/3; 1/7, 2/7, 4/7.
        let average = Average::new(0.5);
        for (count, variance) in [(0, 1.0), (1, 1.0), (2, 5.0 / 9.0), (3, 21.0 / 49.0)] {
            let found = average.spread(count);
            assert!((found - f64::sqrt(variance)).abs() < 1e-15, "{count}");
        }
        assert_eq!(Average::new(0.0).spread(100), 1.0);
    }

    #[test]
    fn without_beta_it_does_nothing() {
        for beta in [0.0, -0.0, -0.5, 1.0, 2.0, f64::NAN, f64::INFINITY] {
            assert_eq!(smoothed(beta, &[3.0, -1e308, 1e308]), [3.0, -1e308, 1e308]);
        }
    }
}
