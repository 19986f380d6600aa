//! Multipliers that fall from a network's head to its input.

/// The multiplier of each of `layers` layers, from the input to the head: for fine-tuning, where early layers hold what
/// is worth keeping.
///
/// ```text
/// multiplier(i) = max(least, decay ^ (layers - 1 - i))
/// ```
///
/// `decay` is mostly from 0.6 to 0.95; the head's multiplier is 1. What is no number counts as `least`.
///
/// ```
/// use schedules::layer_decay;
///
/// assert_eq!(layer_decay(4, 0.5, 0.2), [0.2, 0.25, 0.5, 1.0]);
/// ```
///
/// Clark et al. (2020), *ELECTRA: Pre-training Text Encoders as Discriminators Rather Than Generators*, appendix A; timm's
/// `layer_decay` is the same.
pub fn layer_decay(layers: usize, decay: f64, least: f64) -> Vec<f64> {
    let above = (0..layers).rev();
    above
        .map(|above| decay.powf(above as f64).max(least))
        .collect()
}
