//! The mean and deviation of pixels.

use rayon::prelude::*;

use super::images::Normalization;
use super::part::Part;

/// The normalisation that gives the images of `part` a mean of 0 and a standard deviation of 1 in every channel.
///
/// Computed from how often each byte occurs, in whole numbers, so that neither the order nor the number of threads
/// matters. A channel that has one value everywhere keeps a deviation of 1.
pub(super) fn normalization(part: &Part) -> Normalization {
    const WHITE: f64 = 255.0;

    let (mean, std) = histograms(part)
        .iter()
        .map(|counts| {
            let (mean, std) = moments(counts);
            (mean / WHITE, if std > 0.0 { std / WHITE } else { 1.0 })
        })
        .unzip();
    Normalization {
        scale: WHITE,
        mean,
        std,
        stretch: 1.0,
    }
}

/// How often each byte occurs in each channel.
fn histograms(part: &Part) -> Vec<[u64; 256]> {
    let shape = part.images().shape();
    let none = || vec![[0_u64; 256]; shape.channels];
    let rows = part.rows().par_iter();
    let counted = rows.fold(none, |mut counts, &row| {
        let pixels = part.images().pixels(row);
        let planes = pixels.chunks_exact(shape.height * shape.width);
        for (counts, plane) in counts.iter_mut().zip(planes) {
            for &byte in plane {
                counts[usize::from(byte)] += 1;
            }
        }
        counts
    });
    counted.reduce(none, |mut left, right| {
        for (left, right) in left.iter_mut().flatten().zip(right.iter().flatten()) {
            *left += right;
        }
        left
    })
}

/// The mean of the bytes and their standard deviation over all of them; 0 and 0 if there is none.
fn moments(counts: &[u64; 256]) -> (f64, f64) {
    let sum = |power: u32| -> u128 {
        let bytes = counts.iter().enumerate();
        bytes
            .map(|(byte, &count)| u128::from(count) * (byte as u128).pow(power))
            .sum()
    };
    let (count, first, second) = (sum(0), sum(1), sum(2));
    if count == 0 {
        return (0.0, 0.0);
    }
    // Whole numbers, so nothing cancels.
    let variance = (count * second - first * first) as f64 / (count as f64 * count as f64);
    (first as f64 / count as f64, variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::super::ImageShape;
    use super::super::images::Images;
    use super::*;

    #[test]
    fn each_channel_has_its_own_mean_and_deviation_over_the_rows_of_the_part() {
        let shape = ImageShape {
            channels: 2,
            height: 1,
            width: 2,
        };
        // Three images; the second is no row of the part.
        let pixels = vec![0, 51, 7, 7, 200, 200, 200, 200, 102, 51, 7, 7];
        let names = vec!["a".to_owned()];
        let plain = Normalization {
            scale: 1.0,
            mean: vec![0.0; 2],
            std: vec![1.0; 2],
            stretch: 1.0,
        };
        let images = Images::new(shape, pixels, vec![0; 3], names, plain);
        let part = Part::new(images.into(), vec![0, 2]);
        let found = normalization(&part);
        // 0, 0.2, 0.4, 0.2: a mean of 0.2, a variance of (0.04 + 0 + 0.04 + 0) / 4. The other channel is constant.
        let near = |a: f64, b: f64| (a - b).abs() < 1e-15;
        assert!(
            near(found.mean[0], 0.2) && near(found.std[0], 0.02_f64.sqrt()),
            "{found:?}"
        );
        assert!(
            near(found.mean[1], 7.0 / 255.0) && found.std[1] == 1.0,
            "{found:?}"
        );
    }

    #[test]
    fn no_row_is_no_division_by_zero() {
        assert_eq!(moments(&[0; 256]), (0.0, 0.0));
    }
}
