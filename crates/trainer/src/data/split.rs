//! Splitting rows in two by chance, such that every label keeps its share.

use std::cmp::Reverse;
use std::sync::Arc;

use super::error::DataError;
use super::part::Part;
use crate::random::{Purpose, Random};

/// Takes a share of the training rows for validation, stratified by label: `(training, validation)`.
///
/// `round(share × rows)` rows are taken, distributed over the labels as [`take`] says. Which ones depends on `seed` and
/// on nothing else of a run.
///
/// # Errors
///
/// [`DataError::Validation`] if `share` is not 0 and leaves no row for validation or for training.
pub(super) fn take_validation(
    train: Part,
    share: f64,
    seed: u64,
) -> Result<(Part, Part), DataError> {
    let rows = train.len();
    // A share below 0 or not a number makes 0 here, one beyond what fits makes the largest count: neither is allowed.
    let count = (share * rows as f64).round() as usize;
    if share != 0.0 && !(1..rows).contains(&count) {
        return Err(DataError::Validation { share, rows });
    }
    let mut random = Random::new(seed, Purpose::ValidationSplit, 0, 0);
    Ok(take(&train, count, &mut random))
}

/// Splits off `count` rows of `part`, stratified by label: `(rest, taken)`, both in the order of `part`.
///
/// A label with `m` of the `n` rows gives `count × m / n` of them, rounded down; the rows that are still missing come
/// from the labels with the largest remainders, one each, the smaller label first where these are equal. So a label's
/// number is less than one away from its exact share. Within a label all rows are equally likely.
///
/// # Panics
///
/// If `count` is more than `part` has.
pub(super) fn take(part: &Part, count: usize, random: &mut Random) -> (Part, Part) {
    let mut positions_of_label = vec![Vec::new(); part.images().classes()];
    for position in 0..part.len() {
        positions_of_label[usize::from(part.label(position))].push(position);
    }
    let sizes: Vec<usize> = positions_of_label.iter().map(Vec::len).collect();

    let mut is_taken = vec![false; part.len()];
    for (positions, quota) in positions_of_label.iter_mut().zip(quotas(&sizes, count)) {
        random.shuffle(positions);
        for &position in &positions[..quota] {
            is_taken[position] = true;
        }
    }
    let rows = |side: bool| {
        let rows = part.rows().iter().zip(&is_taken);
        let rows = rows.filter(|&(_, &taken)| taken == side);
        let rows = rows.map(|(&row, _)| row).collect();
        Part::new(Arc::clone(part.images()), rows)
    };
    (rows(false), rows(true))
}

/// How many of `count` fall to each label, if label `i` has `sizes[i]` rows: the method of the largest remainder.
fn quotas(sizes: &[usize], count: usize) -> Vec<usize> {
    let rows = sizes.iter().sum::<usize>();
    assert!(count <= rows, "cannot take {count} of {rows} rows");
    if rows == 0 {
        return vec![0; sizes.len()];
    }
    let mut quotas: Vec<usize> = sizes.iter().map(|size| count * size / rows).collect();
    let missing = count - quotas.iter().sum::<usize>();
    let mut labels: Vec<usize> = (0..sizes.len()).collect();
    labels.sort_by_key(|&label| Reverse(count * sizes[label] % rows));
    for label in labels.into_iter().take(missing) {
        quotas[label] += 1;
    }
    quotas
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::super::samples;
    use super::*;

    /// A part whose labels have the given sizes, in mixed order.
    fn part(sizes: &[usize]) -> Part {
        let mut labels: Vec<u16> = Vec::new();
        for (label, &size) in sizes.iter().enumerate() {
            labels.extend(vec![label as u16; size]);
        }
        Random::new(9, Purpose::Shuffle, 0, 0).shuffle(&mut labels);
        Part::all(samples::images(labels, sizes.len()))
    }

    fn label_counts(part: &Part) -> Vec<usize> {
        let mut counts = vec![0; part.images().classes()];
        for position in 0..part.len() {
            counts[usize::from(part.label(position))] += 1;
        }
        counts
    }

    #[test]
    fn quotas_are_those_of_the_largest_remainder() {
        // (rows of each label, rows to take, rows taken of each)
        let cases: [(&[usize], usize, &[usize]); 7] = [
            (&[50, 50], 10, &[5, 5]),
            (&[50, 50], 5, &[3, 2]), // equal remainders: the smaller label
            (&[47, 16, 37], 10, &[5, 1, 4]), // 4.7, 1.6, 3.7
            (&[1, 1, 98], 3, &[0, 0, 3]), // 0.03, 0.03, 2.94
            (&[3, 0, 3], 6, &[3, 0, 3]), // all
            (&[3, 0, 3], 0, &[0, 0, 0]), // none
            (&[0, 0], 0, &[0, 0]),
        ];
        for (sizes, count, expected) in cases {
            assert_eq!(quotas(sizes, count), expected, "{count} of {sizes:?}");
        }
    }

    #[test]
    fn a_split_is_disjoint_complete_ordered_and_stratified() {
        for sizes in [&[100, 100, 100][..], &[7, 0, 500, 93], &[1, 1, 1, 1, 1, 1]] {
            let whole = part(sizes);
            for share in [0.1, 0.2, 0.5, 0.9] {
                let (train, validation) = take_validation(whole.clone(), share, 4).unwrap();
                let exact = share * whole.len() as f64;
                assert_eq!(validation.len(), exact.round() as usize);
                for (size, count) in sizes.iter().zip(label_counts(&validation)) {
                    let exact = *size as f64 * validation.len() as f64 / whole.len() as f64;
                    assert!((count as f64 - exact).abs() < 1.0, "{sizes:?} {share}");
                }
                assert!(train.rows().is_sorted() && validation.rows().is_sorted());
                let mut rows = [train.rows(), validation.rows()].concat();
                rows.sort_unstable();
                assert_eq!(rows, whole.rows());
            }
        }
    }

    #[test]
    fn the_rows_taken_depend_on_the_seed_and_are_pinned() {
        let whole = part(&[10, 10]);
        let taken = |seed| {
            let (_, validation) = take_validation(whole.clone(), 0.3, seed).unwrap();
            validation.rows().to_vec()
        };
        assert_eq!(taken(0), taken(0));
        assert_ne!(taken(0), taken(1));
        // By a separate implementation in Python.
        assert_eq!(taken(0), [0, 3, 8, 9, 12, 15]);
    }

    #[test]
    fn a_share_of_zero_takes_nothing_and_keeps_the_order() {
        let images = Arc::clone(part(&[5, 5]).images());
        let backwards = Part::new(images, (0..10).rev().collect());
        let (train, validation) = take_validation(backwards.clone(), 0.0, 0).unwrap();
        assert_eq!(train.rows(), backwards.rows());
        assert!(validation.is_empty());
    }

    #[test]
    fn a_share_that_leaves_a_side_empty_is_an_error() {
        let whole = part(&[5, 5]);
        for share in [-0.1, 0.04, 0.96, 1.0, 1.5, f64::INFINITY, f64::NAN] {
            let error = take_validation(whole.clone(), share, 0).unwrap_err();
            assert!(matches!(error, DataError::Validation { rows: 10, .. }));
            assert!(error.to_string().contains(&format!("{share}")), "{error}");
        }
        let (train, validation) = take_validation(whole, 0.05, 0).unwrap();
        assert_eq!((train.len(), validation.len()), (9, 1));
    }
}
