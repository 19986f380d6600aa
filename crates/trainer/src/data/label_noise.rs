//! Wrong labels, put there on purpose.

use std::sync::Arc;

use super::Part;
use crate::random::{Purpose, Random};

/// `part` with `round(share × rows)` of its labels replaced by another class, each equally likely.
///
/// Which rows these are, and what they are called instead, depends on `seed` and on nothing else. The pixels are shared.
pub(super) fn with_label_noise(part: Part, share: f64, seed: u64) -> Part {
    let classes = part.images().classes() as u64;
    let count = (share * part.len() as f64).round() as usize;
    if count == 0 || classes < 2 {
        return part;
    }
    let mut random = Random::new(seed, Purpose::LabelNoise, 0, 0);
    let mut rows = part.rows().to_vec();
    random.shuffle(&mut rows);
    let mut labels = part.images().labels().to_vec();
    for row in rows.into_iter().take(count) {
        let others = random.below(classes - 1) as u16;
        // The classes without its own, counted from 0.
        labels[row] = others + u16::from(others >= labels[row]);
    }
    let images = part.images().labelled(labels);
    Part::new(Arc::new(images), part.rows().to_vec())
}

#[cfg(test)]
mod tests {
    use super::super::images::{Images, Normalization};
    use super::super::{ImageShape, Part};
    use super::*;

    fn part(rows: usize, classes: u16) -> Part {
        let shape = ImageShape {
            channels: 1,
            height: 1,
            width: 1,
        };
        let labels = (0..rows).map(|row| row as u16 % classes).collect();
        let names = (0..classes).map(|class| class.to_string()).collect();
        let plain = Normalization::grey(1.0, 0.0, 1.0);
        Part::all(Images::new(shape, vec![0; rows], labels, names, plain))
    }

    fn labels(part: &Part) -> Vec<u16> {
        (0..part.len())
            .map(|position| part.label(position))
            .collect()
    }

    #[test]
    fn so_many_labels_are_wrong_and_all_wrong_ones_are_as_likely() {
        let clean = part(9000, 3);
        let noisy = with_label_noise(clean.clone(), 0.2, 1);
        let pairs = labels(&clean).into_iter().zip(labels(&noisy));
        let mut counts = [[0_u32; 3]; 3];
        pairs.for_each(|(was, is)| counts[usize::from(was)][usize::from(is)] += 1);
        let wrong: u32 = (0..3).map(|class| 3000 - counts[class][class]).sum();
        assert_eq!(wrong, 1800);
        for (was, row) in counts.iter().enumerate() {
            for (is, &count) in row.iter().enumerate().filter(|(is, _)| *is != was) {
                // 300 of each, five standard deviations of 16.6.
                assert!(count.abs_diff(300) < 83, "{was} as {is}: {count}");
            }
        }
    }

    #[test]
    fn the_seed_decides_and_no_noise_changes_nothing() {
        let clean = part(100, 10);
        let noisy = |seed| labels(&with_label_noise(clean.clone(), 0.4, seed));
        assert_eq!(noisy(1), noisy(1));
        assert_ne!(noisy(1), noisy(2));
        assert_eq!(
            labels(&with_label_noise(clean.clone(), 0.0, 1)),
            labels(&clean)
        );
        let single = part(10, 1);
        assert_eq!(
            labels(&with_label_noise(single.clone(), 0.5, 1)),
            labels(&single)
        );
    }
}
