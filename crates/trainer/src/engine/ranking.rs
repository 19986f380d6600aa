//! From logits to probabilities, the likeliest first.

/// The `most` likeliest classes with their probabilities, the likeliest first; of equals, the smaller class first.
///
/// ```text
/// p_i = exp(z_i − max z) / Σ exp(z_j − max z)        z: logits
/// ```
pub fn rank(logits: &[f64], most: usize) -> Vec<(usize, f64)> {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let exponentials: Vec<f64> = logits.iter().map(|logit| (logit - largest).exp()).collect();
    let sum: f64 = exponentials.iter().sum();
    let probabilities = exponentials.into_iter().map(|value| value / sum);
    let mut ranked: Vec<(usize, f64)> = probabilities.enumerate().collect();
    // By logit: probabilities of two unlikely classes may both be 0.
    ranked.sort_by(|(left, _), (right, _)| logits[*right].total_cmp(&logits[*left]));
    ranked.truncate(most);
    ranked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_those_of_the_softmax() {
        let quarters = [1.0_f64, 2.0, 1.0].map(f64::ln);
        let ranked = rank(&quarters, 3);
        assert_eq!(
            ranked.iter().map(|(class, _)| *class).collect::<Vec<_>>(),
            [1, 0, 2]
        );
        for ((_, probability), expected) in ranked.iter().zip([0.5, 0.25, 0.25]) {
            assert!((probability - expected).abs() < 1e-15, "{ranked:?}");
        }
        assert_eq!(rank(&quarters, 1).len(), 1);
    }

    #[test]
    fn logits_of_any_size_are_no_trouble() {
        assert_eq!(
            rank(&[1e300, 0.0, -1e300], 5),
            [(0, 1.0), (1, 0.0), (2, 0.0)]
        );
        let equal = rank(&[-1e300, -1e300], 2);
        assert_eq!(equal, [(0, 0.5), (1, 0.5)]);
    }
}
