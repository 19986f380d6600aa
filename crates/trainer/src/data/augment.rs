//! Training images changed by chance, on their way into a batch.

use std::ops::Range;

use models::ImageShape;

use crate::config::AugmentSettings;
use crate::random::{Purpose, Random};

/// Draws how the images of a run are changed.
///
/// What happens to an image depends on the seed, the epoch and its place in the epoch's order, and on nothing else: not
/// on the batch size, the threads, or whether the run was resumed.
#[derive(Debug, Clone, Copy)]
pub struct Augment {
    settings: AugmentSettings,
    shape: ImageShape,
    seed: u64,
}

/// What happens to one image: it is mirrored, then moved, then partly covered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    mirrored: bool,
    /// How many pixels it is moved down; up if negative.
    down: isize,
    /// How many pixels it is moved to the right; to the left if negative.
    right: isize,
    edge: Edge,
    /// The rows and columns that are covered.
    hole: (Range<usize>, Range<usize>),
}

/// What comes in where an image has moved away from its edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    /// The byte 0.
    Black,
    /// The image's own pixels, mirrored at those of its edge, which are not repeated.
    Reflection,
}

impl Augment {
    /// The changes that `settings` ask for in the run with `seed`, to images of `shape`; nothing if they ask for none.
    pub fn new(settings: AugmentSettings, shape: ImageShape, seed: u64) -> Option<Self> {
        (!settings.is_off()).then_some(Self {
            settings,
            shape,
            seed,
        })
    }

    /// What happens to the images at `places` of the order of `epoch`, both counted from 0.
    ///
    /// ```text
    /// down, right ~ uniform{−n, …, n}     n: shift, or crop
    /// mirrored with the probability flip
    /// hole: cutout × cutout pixels around a pixel ~ uniform, as far as they lie in the image
    /// ```
    ///
    /// A crop of an image padded by n is the image moved by up to n. The hole is that of DeVries and Taylor 2017,
    /// "Improved regularization of convolutional neural networks with cutout".
    pub fn changes(&self, epoch: u64, places: Range<usize>) -> Vec<Change> {
        places.map(|place| self.change(epoch, place)).collect()
    }

    fn change(&self, epoch: u64, place: usize) -> Change {
        let mut random = Random::new(self.seed, Purpose::Augment, epoch, place as u64);
        let AugmentSettings {
            shift,
            crop,
            flip,
            cutout,
        } = self.settings;
        let reach = shift.max(crop);
        // Every image draws all of these in this order, so that one more kind of change leaves the others as they are.
        let mut moved = || random.below(2 * u64::from(reach) + 1) as isize - reach as isize;
        let (down, right) = (moved(), moved());
        let mirrored = random.unit_f64() < flip;
        let mut covered = |side: usize| {
            let centre = random.below(side as u64) as usize;
            let start = centre.saturating_sub(cutout as usize / 2);
            let end = (centre + (cutout as usize).div_ceil(2)).min(side);
            start..end
        };
        Change {
            mirrored,
            down,
            right,
            edge: if crop > 0 {
                Edge::Reflection
            } else {
                Edge::Black
            },
            hole: (covered(self.shape.height), covered(self.shape.width)),
        }
    }
}

impl Change {
    /// Writes the changed image to `pixels`: `[channels, height, width]`.
    ///
    /// - `bytes`: the image of `shape`, `[channels, height, width]`.
    /// - `tables`: the value of each byte in each channel; 0, which covers the hole, is the mean where these normalise.
    pub(super) fn apply<Value: Copy + Default>(
        &self,
        bytes: &[u8],
        shape: ImageShape,
        tables: &[[Value; 256]],
        pixels: &mut [Value],
    ) {
        let ImageShape { height, width, .. } = shape;
        // A column beyond the width is in no line, and black.
        let columns: Vec<usize> = (0..width)
            .map(|column| match self.source(column, self.right, width) {
                Some(column) if self.mirrored => width - 1 - column,
                Some(column) => column,
                None => width,
            })
            .collect();
        let (rows, hole) = &self.hole;
        let (planes, to) = (
            bytes.chunks_exact(height * width),
            pixels.chunks_exact_mut(height * width),
        );
        for ((plane, to), table) in planes.zip(to).zip(tables) {
            for (row, to) in to.chunks_exact_mut(width).enumerate() {
                match self.source(row, self.down, height) {
                    Some(source) => {
                        let line = &plane[source * width..][..width];
                        for (to, column) in to.iter_mut().zip(&columns) {
                            let byte = line.get(*column).copied().unwrap_or(0);
                            *to = table[usize::from(byte)];
                        }
                    }
                    None => to.fill(table[0]),
                }
                if rows.contains(&row) {
                    to[hole.clone()].fill(Value::default());
                }
            }
        }
    }

    /// Where the pixel at `position` comes from, along an axis of `side` pixels that the image is moved along by `by`.
    fn source(&self, position: usize, by: isize, side: usize) -> Option<usize> {
        let (position, side) = (position as isize - by, side as isize);
        let inside = match self.edge {
            Edge::Black => position,
            Edge::Reflection if position < 0 => -position,
            Edge::Reflection if position >= side => 2 * (side - 1) - position,
            Edge::Reflection => position,
        };
        (0..side).contains(&inside).then_some(inside as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: ImageShape = ImageShape {
        channels: 1,
        height: 3,
        width: 4,
    };
    const STILL: Change = Change {
        mirrored: false,
        down: 0,
        right: 0,
        edge: Edge::Black,
        hole: (0..0, 0..0),
    };

    /// `change` applied to an image whose pixel in row r and column c is 10 r + c + 1; a byte is read as itself.
    fn applied(change: &Change) -> Vec<i32> {
        let bytes: Vec<u8> = (0..3)
            .flat_map(|row| (0..4).map(move |column| 10 * row + column + 1))
            .collect();
        let table = std::array::from_fn(|byte| byte as i32);
        let mut pixels = vec![-1; 12];
        change.apply(&bytes, SHAPE, &[table], &mut pixels);
        pixels
    }

    fn augment(settings: AugmentSettings) -> Augment {
        let shape = ImageShape {
            channels: 3,
            height: 6,
            width: 8,
        };
        Augment {
            settings,
            shape,
            seed: 1,
        }
    }

    #[test]
    fn a_known_image_is_moved_mirrored_and_covered_as_by_hand() {
        #[rustfmt::skip]
        let cases = [
            (STILL, [1, 2, 3, 4, 11, 12, 13, 14, 21, 22, 23, 24]),
            (Change { mirrored: true, ..STILL }, [4, 3, 2, 1, 14, 13, 12, 11, 24, 23, 22, 21]),
            (Change { down: 1, right: 2, ..STILL }, [0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 11, 12]),
            (Change { down: -2, right: -1, ..STILL }, [22, 23, 24, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            // Mirrored first: the picture's right edge moves to the right.
            (Change { mirrored: true, right: 1, ..STILL }, [0, 4, 3, 2, 0, 14, 13, 12, 0, 24, 23, 22]),
            (
                Change { down: 1, right: 2, edge: Edge::Reflection, ..STILL },
                [13, 12, 11, 12, 3, 2, 1, 2, 13, 12, 11, 12],
            ),
            (
                Change { down: -2, right: -3, edge: Edge::Reflection, ..STILL },
                [24, 23, 22, 21, 14, 13, 12, 11, 4, 3, 2, 1],
            ),
            (Change { hole: (1..3, 0..2), ..STILL }, [1, 2, 3, 4, 0, 0, 13, 14, 0, 0, 23, 24]),
        ];
        for (change, expected) in cases {
            assert_eq!(applied(&change), expected, "{change:?}");
        }
    }

    #[test]
    fn each_channel_has_its_own_black_and_one_mean() {
        let tables = [[2.0; 256], [3.0; 256]];
        let shape = ImageShape {
            channels: 2,
            height: 1,
            width: 3,
        };
        let change = Change {
            right: 1,
            hole: (0..1, 2..3),
            ..STILL
        };
        let mut pixels = [7.0; 6];
        change.apply(&[9; 6], shape, &tables, &mut pixels);
        assert_eq!(pixels, [2.0, 2.0, 0.0, 3.0, 3.0, 0.0]);
    }

    #[test]
    fn moves_and_holes_are_uniform_and_mirroring_has_its_probability() {
        let settings = AugmentSettings {
            shift: 2,
            flip: 0.25,
            cutout: 3,
            ..AugmentSettings::default()
        };
        const COUNT: usize = 60_000;
        let (mut down, mut right, mut mirrored) = ([0_u32; 5], [0_u32; 5], 0_u32);
        let (mut rows, mut columns) = ([0_u32; 6], [0_u32; 8]);
        for change in augment(settings).changes(3, 0..COUNT) {
            down[(change.down + 2) as usize] += 1;
            right[(change.right + 2) as usize] += 1;
            mirrored += u32::from(change.mirrored);
            for row in change.hole.0 {
                rows[row] += 1;
            }
            for column in change.hole.1 {
                columns[column] += 1;
            }
        }
        // Within five standard deviations of the mean of each binomial count.
        let near = |count: u32, probability: f64| {
            let (mean, count) = (COUNT as f64 * probability, f64::from(count));
            let deviation = (mean * (1.0 - probability)).sqrt();
            assert!((count - mean).abs() < 5.0 * deviation, "{count}, {mean}");
        };
        down.iter()
            .chain(&right)
            .for_each(|&count| near(count, 0.2));
        near(mirrored, 0.25);
        // A row is covered if the centre is itself or a neighbour, of which the first and the last row have one.
        let outer = |at: usize, side: usize| at == 0 || at + 1 == side;
        for (row, &count) in rows.iter().enumerate() {
            near(count, if outer(row, 6) { 2.0 } else { 3.0 } / 6.0);
        }
        for (column, &count) in columns.iter().enumerate() {
            near(count, if outer(column, 8) { 2.0 } else { 3.0 } / 8.0);
        }
    }

    #[test]
    fn a_change_depends_on_seed_epoch_and_place() {
        let settings = AugmentSettings {
            crop: 4,
            flip: 0.5,
            cutout: 2,
            ..AugmentSettings::default()
        };
        let augment = augment(settings);
        let all = augment.changes(0, 0..100);
        assert_eq!(augment.changes(0, 37..61), all[37..61]);
        assert_ne!(augment.changes(1, 0..100), all);
        assert_ne!(Augment { seed: 2, ..augment }.changes(0, 0..100), all);
    }

    #[test]
    fn one_kind_of_change_leaves_the_draws_of_the_others_alone() {
        let shift = AugmentSettings {
            shift: 3,
            ..AugmentSettings::default()
        };
        let more = AugmentSettings {
            flip: 0.5,
            cutout: 4,
            ..shift
        };
        let moves = |settings| {
            let changes = augment(settings).changes(0, 0..50).into_iter();
            changes
                .map(|change| (change.down, change.right))
                .collect::<Vec<_>>()
        };
        assert_eq!(moves(shift), moves(more));
        assert!(
            augment(shift)
                .changes(0, 0..50)
                .iter()
                .all(|change| !change.mirrored && change.hole.0.is_empty())
        );
    }

    #[test]
    fn nothing_asked_for_is_nothing_done() {
        assert!(Augment::new(AugmentSettings::default(), SHAPE, 1).is_none());
    }
}
