//! Cross-entropy.

use burn::tensor::{Int, Tensor};

/// The mean cross-entropy of logits `[batch, classes]` against labels `[batch]`, in nats, as
/// `torch.nn.CrossEntropyLoss`.
///
/// ```text
/// loss = mean over the batch of  (1 − ε) · −log p[label]  +  ε / K · Σ_c −log p[c]
/// p = softmax(logits),   ε = label_smoothing, from 0 to 1,   K classes
/// ```
///
/// Szegedy et al. 2016, "Rethinking the Inception architecture for computer vision".
///
/// ```
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::flex();
/// let logits = Tensor::from_data([[0.0, 0.0], [0.0, 0.0]], &device);
/// let labels = Tensor::from_data([0, 1], &device);
/// let loss = models::cross_entropy(logits, labels, 0.0).into_scalar::<f32>();
/// assert!((loss - 2.0_f32.ln()).abs() < 1e-6);
/// ```
pub fn cross_entropy(logits: Tensor<2>, labels: Tensor<1, Int>, label_smoothing: f64) -> Tensor<1> {
    kernels::cross_entropy(logits, labels, label_smoothing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device};

    fn loss(logits: [[f64; 3]; 2], label_smoothing: f64) -> f64 {
        let device = Device::flex();
        let logits = Tensor::from_data(logits, (&device, DType::F64));
        let labels = Tensor::from_data([2, 0], &device);
        cross_entropy(logits, labels, label_smoothing).into_scalar::<f64>()
    }

    #[test]
    fn equal_logits_cost_the_logarithm_of_the_number_of_classes() {
        for label_smoothing in [0.0, 0.1, 1.0] {
            let loss = loss([[5.0; 3], [-700.0; 3]], label_smoothing);
            assert!((loss - 3.0_f64.ln()).abs() < 1e-12, "{loss}");
        }
    }

    #[test]
    fn the_loss_is_its_closed_form() {
        // softmax(0, ln 2, ln 3) = (1, 2, 3) / 6, and softmax(ln 4, 0, 0) = (4, 1, 1) / 6.
        let (ln2, ln3, ln4) = (2.0_f64.ln(), 3.0_f64.ln(), 4.0_f64.ln());
        let logits = [[0.0, ln2, ln3], [ln4, 0.0, 0.0]];
        let plain = (2.0_f64.ln() + 1.5_f64.ln()) / 2.0;
        assert!((loss(logits, 0.0) - plain).abs() < 1e-12);
        let of_all = (6.0_f64.ln() + 3.0_f64.ln() + 2.0_f64.ln()) / 3.0;
        let of_all = (of_all + (1.5_f64.ln() + 2.0 * 6.0_f64.ln()) / 3.0) / 2.0;
        let smoothed = 0.9 * plain + 0.1 * of_all;
        assert!((loss(logits, 0.1) - smoothed).abs() < 1e-12);
        assert!((loss(logits, 1.0) - of_all).abs() < 1e-12);
    }

    #[test]
    fn logits_that_would_overflow_a_plain_exponential_are_no_trouble() {
        let loss = loss([[0.0, 0.0, 1e4], [0.0, -1e4, 1e4]], 0.0);
        assert!((loss - 5e3).abs() < 1e-9, "{loss}");
    }
}
