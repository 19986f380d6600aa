//! What a few runs say about all of them: means with intervals, differences, and what could not have been seen.

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};
use statrs::function::gamma::ln_gamma;

/// The share of intervals that hold the true value.
pub const CONFIDENCE: f64 = 0.95;

/// How often a difference that is really there should be found.
const POWER: f64 = 0.8;

/// The mean of a sample and how far it can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// How many values there are.
    pub count: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation (with n − 1); nothing for a single value.
    pub deviation: Option<f64>,
    /// Half the width of the 95 % interval of the mean, `t(n − 1) · deviation / √n`; nothing for a single value.
    pub half_width: Option<f64>,
}

/// The difference of two means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// The first mean less the second.
    pub mean: f64,
    /// Half the width of its 95 % interval.
    pub half_width: f64,
    /// How often chance alone would make it this large, were the true means equal.
    pub p: f64,
    /// Its standard error, `√(s₁² / n₁ + s₂² / n₂)`.
    pub standard_error: f64,
    /// Welch and Satterthwaite's degrees of freedom.
    pub degrees: f64,
}

impl Estimate {
    /// The estimate from `sample`; nothing from an empty one.
    pub fn of(sample: &[f64]) -> Option<Self> {
        let count = sample.len();
        if count == 0 {
            return None;
        }
        let mean = sample.iter().sum::<f64>() / count as f64;
        let squares: f64 = sample.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = (count > 1).then(|| (squares / (count - 1) as f64).sqrt());
        let half_width = deviation.and_then(|deviation| {
            let quantile = quantile(0.5 + CONFIDENCE / 2.0, (count - 1) as f64)?;
            Some(quantile * deviation / (count as f64).sqrt())
        });
        Some(Self {
            count,
            mean,
            deviation,
            half_width,
        })
    }

    /// What the squared standard error is; nothing for a single value.
    fn variance_of_mean(&self) -> Option<f64> {
        Some(self.deviation?.powi(2) / self.count as f64)
    }
}

impl Difference {
    /// Welch's t test of `first` against `second`, which need not vary alike.
    ///
    /// Nothing where a sample has less than two values, or where neither varies.
    ///
    /// Welch 1947, "The generalization of 'Student's' problem when several different population variances are involved".
    pub fn of(first: &[f64], second: &[f64]) -> Option<Self> {
        let (first, second) = (Estimate::of(first)?, Estimate::of(second)?);
        let variances = [first.variance_of_mean()?, second.variance_of_mean()?];
        let variance: f64 = variances.iter().sum();
        if !(variance > 0.0 && variance.is_finite()) {
            return None;
        }
        let squares = variances[0].powi(2) / (first.count - 1) as f64
            + variances[1].powi(2) / (second.count - 1) as f64;
        let degrees = variance.powi(2) / squares;
        let standard_error = variance.sqrt();
        let mean = first.mean - second.mean;
        let t = StudentsT::new(0.0, 1.0, degrees).ok()?;
        Some(Self {
            mean,
            half_width: quantile(0.5 + CONFIDENCE / 2.0, degrees)? * standard_error,
            p: 2.0 * t.cdf(-(mean / standard_error).abs()),
            standard_error,
            degrees,
        })
    }

    /// The smallest true difference that a two-sided test at `significance` finds in 80 % of such comparisons.
    ///
    /// ```text
    /// P(|T| > t) = 0.8      T: noncentral t with `degrees` and noncentrality (true difference) / (standard error)
    /// ```
    pub fn detectable(&self, significance: f64) -> Option<f64> {
        let critical = quantile(1.0 - significance / 2.0, self.degrees)?;
        // The power grows with the true difference, so that it can be enclosed and halved.
        let (mut low, mut high) = (0.0, 1.0);
        while power(critical, self.degrees, high)? < POWER {
            high *= 2.0;
        }
        while high - low > 1e-9 * high {
            let middle = 0.5 * (low + high);
            if power(critical, self.degrees, middle)? < POWER {
                low = middle;
            } else {
                high = middle;
            }
        }
        Some(high * self.standard_error)
    }
}

/// The slope of the straight line through points, by least squares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slope {
    /// The slope.
    pub slope: f64,
    /// Half the width of its 95 % interval, `t(n − 2)` times its standard error; nothing for two points.
    pub half_width: Option<f64>,
}

impl Slope {
    /// The slope through `points`, each an x and a y; nothing where all have the same x.
    pub fn of(points: &[(f64, f64)]) -> Option<Self> {
        let count = points.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
        let (x_mean, y_mean) = (mean(|point| point.0), mean(|point| point.1));
        let centred = points.iter().map(|(x, y)| (x - x_mean, y - y_mean));
        let spread: f64 = centred.clone().map(|(x, _)| x * x).sum();
        if spread <= 0.0 {
            return None;
        }
        let slope = centred.clone().map(|(x, y)| x * y).sum::<f64>() / spread;
        let squares: f64 = centred.map(|(x, y)| (y - slope * x).powi(2)).sum();
        let degrees = count - 2.0;
        let half_width = quantile(0.5 + CONFIDENCE / 2.0, degrees)
            .map(|quantile| quantile * (squares / degrees / spread).sqrt());
        Some(Self { slope, half_width })
    }
}

/// Holm's correction: the p values that may be compared with the significance of the whole family, in the same order.
///
/// ```text
/// sorted upwards:  adjusted(k) = max over j ≤ k of min(1, (m − j) · p(j))        j, k from 0, m values
/// ```
///
/// Holm 1979, "A simple sequentially rejective multiple test procedure".
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|left, right| p[*left].total_cmp(&p[*right]));
    let mut adjusted = vec![0.0; p.len()];
    let mut largest = 0.0_f64;
    for (rank, index) in order.into_iter().enumerate() {
        largest = largest.max(((p.len() - rank) as f64 * p[index]).min(1.0));
        adjusted[index] = largest;
    }
    adjusted
}

/// The value of Student's t with `degrees` that lies above this share of all.
fn quantile(share: f64, degrees: f64) -> Option<f64> {
    Some(StudentsT::new(0.0, 1.0, degrees).ok()?.inverse_cdf(share))
}

/// How often a noncentral t is beyond `critical` on either side.
///
/// ```text
/// 1 − ∫ [Φ(t s − δ) − Φ(−t s − δ)] f(s) ds        s = χ / √ν, whose density is f; t: critical, δ: noncentrality
/// ```
fn power(critical: f64, degrees: f64, noncentrality: f64) -> Option<f64> {
    const STEPS: u32 = 2000;

    let normal = Normal::new(0.0, 1.0).ok()?;
    let half = degrees / 2.0;
    let constant = 2.0_f64.ln() + half * half.ln() - ln_gamma(half);
    let inside = |s: f64| {
        let density = (constant + (degrees - 1.0) * s.ln() - half * s * s).exp();
        let low = normal.cdf(-critical * s - noncentrality);
        density * (normal.cdf(critical * s - noncentrality) - low)
    };
    // Twelve deviations beyond the middle there is nothing left of the density. At 0 itself it is 0, or is left out.
    let width = (1.0 + 12.0 / (2.0 * degrees).sqrt()) / f64::from(STEPS);
    let sum: f64 = (1..STEPS)
        .map(|step| f64::from(2 + 2 * (step % 2)) * inside(f64::from(step) * width))
        .sum();
    Some(1.0 - sum * width / 3.0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    // The expected values are those of scipy 1.17.1: stats.t.ppf, stats.ttest_ind(equal_var=False) with its
    // confidence_interval, and the integral of power over stats.chi, solved by optimize.brentq.

    const FIRST: [f64; 5] = [0.121, 0.135, 0.118, 0.142, 0.129];
    const SECOND: [f64; 6] = [0.151, 0.149, 0.172, 0.139, 0.160, 0.155];

    fn near(value: f64, expected: f64, relative: f64) {
        let error = (value - expected).abs();
        assert!(
            error <= relative * expected.abs(),
            "{value} is not {expected}"
        );
    }

    #[test]
    fn a_mean_has_the_interval_of_students_t() {
        let estimate = Estimate::of(&FIRST).unwrap();
        near(estimate.mean, 0.129, 1e-12);
        near(estimate.deviation.unwrap(), 0.009874208829065749, 1e-12);
        near(estimate.half_width.unwrap(), 0.012260449613796685, 1e-9);
        for (degrees, expected) in [
            (1.0, 12.706204736174694),
            (2.5, 3.5746548420036817),
            (38.0, 2.0243941639119694),
        ] {
            near(quantile(0.975, degrees).unwrap(), expected, 1e-9);
        }
    }

    #[test]
    fn one_value_has_no_interval_and_none_has_no_mean() {
        let one = Estimate::of(&[0.5]).unwrap();
        assert_eq!((one.mean, one.deviation, one.half_width), (0.5, None, None));
        assert_eq!(Estimate::of(&[]), None);
        assert_eq!(Difference::of(&[0.5], &[0.1, 0.2]), None);
        assert_eq!(Difference::of(&[0.5, 0.5], &[0.1, 0.1]), None);
    }

    #[test]
    fn differences_are_those_of_welchs_test() {
        let difference = Difference::of(&FIRST, &SECOND).unwrap();
        near(difference.mean, -0.025333333333333347, 1e-12);
        near(difference.degrees, 8.938249768109117, 1e-12);
        near(difference.p, 0.0031618182453294064, 1e-8);
        near(difference.half_width, 0.014348055501875324, 1e-8);

        let difference = Difference::of(&[1.0, 1.1], &[5.0, 5.3, 4.1]).unwrap();
        near(difference.degrees, 2.0761271249076128, 1e-12);
        near(difference.p, 0.008174283204742023, 1e-8);
        near(difference.half_width, 1.512422699518778, 1e-8);
    }

    #[test]
    fn the_smallest_difference_is_that_of_the_noncentral_t() {
        let cases = [
            (38.0, 0.05, 2.8749184302610384),
            (38.0, 0.05 / 24.0, 4.182010819706632),
            (9.0, 0.01, 4.21225538131451),
            (4.0, 0.05, 3.761059553825019),
            (2.5, 0.05, 4.7410380501490055),
        ];
        for (degrees, significance, expected) in cases {
            let difference = Difference {
                mean: 0.0,
                half_width: 0.0,
                p: 1.0,
                standard_error: 0.5,
                degrees,
            };
            let found = difference.detectable(significance).unwrap();
            near(found, 0.5 * expected, 1e-6);
        }
    }

    #[test]
    fn a_slope_is_that_of_least_squares() {
        // By hand: mean x 2.5, spread 5, slope 5.5 / 5; squares 2.7, 2 degrees, so t · √(1.35 / 5) with t = 4.302653.
        let slope = Slope::of(&[(1.0, 1.0), (2.0, 3.0), (3.0, 2.0), (4.0, 5.0)]).unwrap();
        near(slope.slope, 1.1, 1e-12);
        near(
            slope.half_width.unwrap(),
            4.302652729911275 * 0.27_f64.sqrt(),
            1e-9,
        );
        let two = Slope::of(&[(1.0, 1.0), (2.0, 3.0)]).unwrap();
        assert_eq!((two.slope, two.half_width), (2.0, None));
        assert_eq!(Slope::of(&[(1.0, 1.0), (1.0, 3.0)]), None);
    }

    #[test]
    fn holm_multiplies_less_and_less_and_never_falls_back() {
        // By hand: sorted 0.005 · 4 = 0.02, 0.01 · 3 = 0.03, 0.03 · 2 = 0.06, and 0.04 · 1, which may not fall below 0.06.
        let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (value, expected) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            near(*value, expected, 1e-12);
        }
        assert_eq!(holm(&[0.6, 0.9]), [1.0, 1.0]);
        assert_eq!(holm(&[]), [0.0; 0]);
    }
}
