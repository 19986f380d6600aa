//! The digits that are embedded in the program.
//!
//! Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, UCI Machine Learning Repository,
//! <https://doi.org/10.24432/C50P49>, licensed under CC BY 4.0
//! (<https://creativecommons.org/licenses/by/4.0/>). Embedded are the 1,797 images of its
//! test set, by writers of its own, each a row of 8×8 pixels (0..16) and a label.

use std::io::Read;
use std::sync::Arc;

use flate2::read::GzDecoder;

use super::ImageShape;
use super::error::DataError;
use super::images::{Images, Normalization};
use super::part::Part;
use super::split;
use crate::config::Split;
use crate::random::{Purpose, Random};

const NAME: &str = "the embedded digits.csv.gz";
const FILE: &[u8] = include_bytes!("digits.csv.gz");
const ROWS: usize = 1797;
const TRAIN_ROWS: usize = 1437;
const CLASSES: u16 = 10;
const DARKEST: u8 = 16;
const SHAPE: ImageShape = ImageShape {
    channels: 1,
    height: 8,
    width: 8,
};

/// The digits as `(training, test)`, 1,437 and 360 rows, each part in the order of the file.
///
/// `Shuffled` takes each label's share of the test rows by a seed of its own, which no setting changes; `File` cuts the
/// file in two.
pub(super) fn load(split: Split) -> Result<(Part, Part), DataError> {
    let images = decode(FILE)?;
    let test_rows = ROWS - TRAIN_ROWS;
    match split {
        Split::Shuffled => {
            let mut random = Random::new(0, Purpose::TestSplit, 0, 0);
            Ok(split::take(&Part::all(images), test_rows, &mut random))
        }
        Split::File => {
            let images = Arc::new(images);
            let train = Part::new(Arc::clone(&images), (0..TRAIN_ROWS).collect());
            Ok((train, Part::new(images, (TRAIN_ROWS..ROWS).collect())))
        }
    }
}

fn decode(file: &[u8]) -> Result<Images, DataError> {
    let mut text = String::new();
    let read = GzDecoder::new(file).read_to_string(&mut text);
    read.map_err(|source| DataError::Gzip {
        path: NAME.into(),
        source,
    })?;

    let mut pixels = Vec::with_capacity(ROWS * SHAPE.values());
    let mut labels = Vec::with_capacity(ROWS);
    for (row, line) in text.lines().enumerate() {
        let label = parse(line, &mut pixels).ok_or(DataError::Row { file: NAME, row })?;
        labels.push(label);
    }
    if labels.len() != ROWS {
        return Err(DataError::RowCount {
            file: NAME,
            found: labels.len(),
            expected: ROWS,
        });
    }
    let class_names = (0..CLASSES).map(|class| class.to_string()).collect();
    let normalization = Normalization::grey(f64::from(DARKEST), 0.0, 1.0);
    Ok(Images::new(
        SHAPE,
        pixels,
        labels,
        class_names,
        normalization,
    ))
}

/// Appends the pixels of one line and returns its label, or nothing if the line is of another form.
fn parse(line: &str, pixels: &mut Vec<u8>) -> Option<u16> {
    let (line, label) = line.rsplit_once(',')?;
    let before = pixels.len();
    for pixel in line.split(',') {
        pixels.push(pixel.parse().ok().filter(|&pixel| pixel <= DARKEST)?);
    }
    let label = label.parse().ok().filter(|&label| label < CLASSES)?;
    (pixels.len() - before == SHAPE.values()).then_some(label)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::super::samples;
    use super::*;

    // How many images each label has, by `awk -F, '{n[$65]++}'` over the file.
    const LABEL_COUNTS: [usize; 10] = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180];

    fn label_counts(part: &Part) -> [usize; 10] {
        let mut counts = [0; 10];
        for position in 0..part.len() {
            counts[usize::from(part.label(position))] += 1;
        }
        counts
    }

    /// FNV-1a over the rows as little-endian `u32`.
    fn checksum(part: &Part) -> u64 {
        let bytes = part
            .rows()
            .iter()
            .flat_map(|&row| (row as u32).to_le_bytes());
        bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
    }

    #[test]
    fn the_embedded_file_is_the_known_set() {
        let images = decode(FILE).unwrap();
        assert_eq!(images.len(), 1797);
        assert_eq!(images.labels()[..10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        let upper_two_lines = [0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0];
        assert_eq!(images.pixels(0)[..16], upper_two_lines);
        let sum = |row| {
            images
                .pixels(row)
                .iter()
                .map(|&p| u64::from(p))
                .sum::<u64>()
        };
        assert_eq!((0..1797).map(sum).sum::<u64>(), 561_718);
        let value = images.normalization().table_f32()[0];
        assert_eq!((value[0], value[8], value[16]), (0.0, 0.5, 1.0));
    }

    #[test]
    fn file_order_is_that_of_the_reference_runs() {
        let (train, test) = load(Split::File).unwrap();
        assert!(train.rows().iter().copied().eq(0..1437));
        assert!(test.rows().iter().copied().eq(1437..1797));
    }

    #[test]
    fn the_shuffled_split_is_stratified_complete_and_pinned() {
        let (train, test) = load(Split::Shuffled).unwrap();
        assert_eq!((train.len(), test.len()), (1437, 360));
        let counts = label_counts(&train).into_iter().zip(label_counts(&test));
        for ((train, test), rows) in counts.zip(LABEL_COUNTS) {
            assert_eq!(train + test, rows);
            assert!((test as f64 - rows as f64 * 360.0 / 1797.0).abs() < 1.0);
        }
        let mut rows = [train.rows(), test.rows()].concat();
        rows.sort_unstable();
        assert!(rows.into_iter().eq(0..1797));
        // By a separate implementation in Python; a change here makes every earlier result incomparable.
        assert_eq!(checksum(&test), 0x6342_da4e_167d_8b42);
    }

    #[test]
    fn validation_is_pinned_for_each_split_and_seed() {
        let cases = [
            (Split::Shuffled, 0, 0x8fc2_8464_f3e4_5e27),
            (Split::Shuffled, 1, 0x1526_f35a_c024_0236),
            (Split::File, 0, 0x1302_d9ec_7c11_5832),
            (Split::File, 1, 0x740d_0379_a4bf_ab6e),
        ];
        for (split, seed, expected) in cases {
            let (train, _) = load(split).unwrap();
            let (_, validation) = split::take_validation(train, 0.2, seed).unwrap();
            assert_eq!(checksum(&validation), expected, "{split:?} {seed}");
        }
    }

    #[test]
    fn a_file_of_another_form_is_an_error_that_names_the_row() {
        let line = |pixels: usize, pixel: &str, label: &str| {
            let mut fields = vec![pixel; pixels];
            fields.push(label);
            fields.join(",") + "\n"
        };
        let good = line(64, "16", "9");
        let bad = [
            line(63, "1", "1"),
            line(65, "1", "1"),
            line(64, "17", "1"),
            line(64, "-1", "1"),
            line(64, "1", "10"),
            "\n".to_owned(),
        ];
        for line in bad {
            let file = samples::gzip(format!("{good}{line}").as_bytes());
            let error = decode(&file).unwrap_err();
            assert!(matches!(error, DataError::Row { row: 1, .. }), "{line}");
        }
        let error = decode(&samples::gzip(good.as_bytes())).unwrap_err();
        assert!(matches!(error, DataError::RowCount { found: 1, .. }));
        let error = decode(&FILE[..FILE.len() - 1]).unwrap_err();
        assert!(matches!(error, DataError::Gzip { .. }));
    }
}
