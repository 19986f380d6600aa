//! A part of a data set: some rows of resident images, in an order of their own.

use std::sync::Arc;

use kernels::in_parts;

use super::augment::Change;
use super::images::{Images, Normalization};

/// Rows of images that lie in memory once, however many parts refer to them.
///
/// A row is counted within the images, a position within the part.
#[derive(Clone, Debug)]
pub struct Part {
    images: Arc<Images>,
    rows: Vec<usize>,
}

impl Part {
    /// The part of `images` that consists of `rows`, in this order.
    ///
    /// # Panics
    ///
    /// If a row is not one of the images.
    pub fn new(images: Arc<Images>, rows: Vec<usize>) -> Self {
        assert!(
            rows.iter().all(|&row| row < images.len()),
            "a row is not one of the images"
        );
        Self { images, rows }
    }

    /// All of `images`, in their order.
    pub fn all(images: Images) -> Self {
        let rows = (0..images.len()).collect();
        Self::new(Arc::new(images), rows)
    }

    /// How many rows the part has.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether the part has no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The images that the rows are counted in: their shape, classes and normalisation hold for the part.
    pub fn images(&self) -> &Arc<Images> {
        &self.images
    }

    /// The rows of the part: for each position its row in the images.
    pub fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// The same rows, read with another normalisation. The pixels are shared, not copied.
    ///
    /// # Panics
    ///
    /// If it has another number of channels than the images.
    pub fn normalized(&self, normalization: &Normalization) -> Self {
        Self {
            images: Arc::new(self.images.normalized(normalization)),
            rows: self.rows.clone(),
        }
    }

    /// The label at `position`.
    ///
    /// # Panics
    ///
    /// If there is no such position.
    pub fn label(&self, position: usize) -> u16 {
        self.images.labels()[self.rows[position]]
    }

    /// Gathers a batch: what a model reads, `[batch, channels, height, width]`, row-major and not stretched, and the
    /// answers, `[batch]`.
    ///
    /// - `positions`: `[batch]`, positions in this part, in any order, repeats allowed.
    /// - `changes`: `[batch]`, what is done to the images on the way, if anything is.
    /// - `tables`: the value of each byte in each channel, [`table_f32`](super::Normalization::table_f32) or
    ///   [`table`](super::Normalization::table) of these images' normalisation; it decides the precision.
    ///
    /// An image is read by the thread that a kernel then gives it to, if it splits the batch as they do.
    ///
    /// # Panics
    ///
    /// If there is no such position, or not one table for each channel, or not one change for each position.
    pub fn gather<Value: Copy + Default + Send + Sync>(
        &self,
        positions: &[usize],
        changes: Option<&[Change]>,
        tables: &[[Value; 256]],
    ) -> (Vec<Value>, Vec<i32>) {
        let shape = self.images.shape();
        assert_eq!(tables.len(), shape.channels, "a table for each channel");
        if let Some(changes) = changes {
            assert_eq!(changes.len(), positions.len(), "a change for each position");
        }
        let size = shape.values();
        let pixels = in_parts(positions.len() * size, size, |index, pixels| {
            let bytes = self.images.pixels(self.rows[positions[index]]);
            match changes {
                Some(changes) => changes[index].apply(&bytes, shape, tables, pixels),
                None => look_up(&bytes, tables, pixels),
            }
        });
        let labels = positions.iter().map(|&position| self.label(position));
        (pixels, labels.map(i32::from).collect())
    }
}

/// The value of every byte of an image: planes of as many bytes, each with a table.
fn look_up<Value: Copy>(bytes: &[u8], tables: &[[Value; 256]], pixels: &mut [Value]) {
    let plane = bytes.len() / tables.len();
    let planes = bytes
        .chunks_exact(plane)
        .zip(pixels.chunks_exact_mut(plane));
    for ((bytes, pixels), table) in planes.zip(tables) {
        for (pixel, byte) in pixels.iter_mut().zip(bytes) {
            *pixel = table[usize::from(*byte)];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ImageShape;
    use super::*;

    fn four_images() -> Arc<Images> {
        let shape = ImageShape {
            channels: 1,
            height: 1,
            width: 2,
        };
        let names = ["a", "b", "c"].map(str::to_owned).to_vec();
        let halves = Normalization::grey(2.0, 1.0, 0.5);
        let pixels = vec![0, 1, 2, 3, 4, 5, 6, 7];
        Arc::new(Images::new(shape, pixels, vec![2, 0, 1, 0], names, halves))
    }

    #[test]
    fn a_batch_is_gathered_by_position_in_the_part() {
        let part = Part::new(four_images(), vec![3, 0, 2]);
        let normalization = part.images().normalization();
        let (pixels, labels) = part.gather(&[1, 0, 1], None, &normalization.table_f32());
        // (byte / 2 - 1) / 0.5 = byte - 2: rows 0, 3 and 0 of the images.
        assert_eq!(pixels, [-2.0, -1.0, 4.0, 5.0, -2.0, -1.0]);
        assert_eq!(labels, [2, 0, 2]);

        let (double, labels) = part.gather(&[2], None, &normalization.table());
        assert_eq!(double, [2.0_f64, 3.0]);
        assert_eq!(labels, [1]);
        assert_eq!(part.label(2), 1);
    }

    #[test]
    fn each_channel_has_a_table_of_its_own() {
        let shape = ImageShape {
            channels: 2,
            height: 1,
            width: 2,
        };
        let normalization = Normalization {
            scale: 1.0,
            mean: vec![0.0, 4.0],
            std: vec![1.0, 0.5],
            stretch: 1.0,
        };
        let (bytes, names) = (vec![1, 2, 3, 4, 5, 6, 7, 8], vec!["a".to_owned()]);
        let images = Images::new(shape, bytes, vec![0, 0], names, normalization);
        let part = Part::all(images);
        let table = part.images().normalization().table();
        let (pixels, _) = part.gather(&[1, 0], None, &table);
        assert_eq!(pixels, [5.0, 6.0, 6.0, 8.0, 1.0, 2.0, -2.0, 0.0]);
    }

    #[test]
    fn a_batch_may_be_empty() {
        let part = Part::new(four_images(), vec![]);
        let (pixels, labels) = part.gather(&[], None, &[[0.0_f32; 256]]);
        assert!(part.is_empty() && pixels.is_empty() && labels.is_empty());
    }

    #[test]
    #[should_panic(expected = "a row is not one of the images")]
    fn a_row_beyond_the_images_is_refused() {
        Part::new(four_images(), vec![4]);
    }
}
