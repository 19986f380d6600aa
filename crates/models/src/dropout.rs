//! Dropout.

use burn::tensor::{Tensor, TensorData};

use crate::draw::Draw;
use crate::pass::Forward;

/// Where masks for the features are drawn; the residual blocks follow.
const PLACE: u64 = 0;

/// Sets values to zero at random, and enlarges the others so that the expectation stays.
///
/// ```text
/// y = x · m / (1 − rate),   m = 0 with probability `rate`, otherwise 1, for each value
/// ```
///
/// Without a draw, or at a rate of 0, the values pass untouched. Srivastava et al. 2014, "Dropout: a simple way to
/// prevent neural networks from overfitting".
pub(crate) fn dropout<const D: usize>(values: Tensor<D>, rate: f64, forward: Forward) -> Tensor<D> {
    let Some(draw) = forward.draw().filter(|_| rate > 0.0) else {
        return values;
    };
    let mut draw = Draw::new(draw, PLACE);
    let enlarged = 1.0 / (1.0 - rate);
    let shape = values.shape();
    let mask: Vec<f64> = (0..shape.num_elements())
        .map(|_| if draw.happens(rate) { 0.0 } else { enlarged })
        .collect();
    let options = (&values.device(), values.dtype());
    let mask = Tensor::from_data(TensorData::new(mask, shape), options);
    values * mask
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pass;
    use burn::tensor::Device;

    fn dropped(rate: f64, pass: Pass, draw: Option<u64>) -> Vec<f32> {
        let ones = Tensor::<2>::ones([50, 200], &Device::flex());
        let values = dropout(ones, rate, Forward { pass, draw }).into_data();
        values.iter::<f32>().collect()
    }

    #[test]
    fn a_quarter_is_dropped_and_the_mean_stays() {
        let values = dropped(0.25, Pass::Training, Some(1));
        let zeros = values.iter().filter(|value| **value == 0.0).count();
        // Five standard deviations of 10,000 draws.
        assert!(zeros.abs_diff(2_500) < 217, "{zeros}");
        let kept = (1.0_f64 / 0.75) as f32;
        assert!(values.iter().all(|value| [0.0, kept].contains(value)));
    }

    #[test]
    fn a_mask_is_its_draws() {
        let first = dropped(0.5, Pass::Training, Some(1));
        assert_eq!(first, dropped(0.5, Pass::Measurement, Some(1)));
        assert_ne!(first, dropped(0.5, Pass::Training, Some(2)));
    }

    #[test]
    fn nothing_is_dropped_in_evaluation_nor_without_a_draw() {
        let ones = vec![1.0; 10_000];
        assert_eq!(dropped(0.5, Pass::Evaluation, Some(1)), ones);
        assert_eq!(dropped(0.5, Pass::Training, None), ones);
        assert_eq!(dropped(0.0, Pass::Training, Some(1)), ones);
    }
}
