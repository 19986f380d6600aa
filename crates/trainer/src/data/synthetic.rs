//! Images that stand for any others of their shape, to measure with.

use models::ImageShape;

use super::Dataset;
use super::images::{Images, Normalization};
use super::part::Part;
use crate::random::{Purpose, Random};

/// `rows` training images of `shape` in `classes` classes, and none to measure on.
///
/// Grey noise with a bright pixel in every so many that the class decides, so that a model learns them and its weights
/// stay in the range where a run's are. The same in every program.
pub fn synthetic(shape: ImageShape, rows: usize, classes: usize) -> Dataset {
    let mut random = Random::new(0, Purpose::Synthetic, 0, 0);
    let values = shape.values();
    let mut pixels = Vec::with_capacity(rows * values);
    let mut labels = Vec::with_capacity(rows);
    for row in 0..rows {
        let label = row % classes;
        let noise = (0..values.div_ceil(8)).flat_map(|_| random.next_u64().to_le_bytes());
        let bright = |pixel: usize| if pixel % classes == label { 128 } else { 0 };
        pixels.extend(
            noise
                .take(values)
                .enumerate()
                .map(|(pixel, noise)| noise / 2 + bright(pixel)),
        );
        labels.push(label as u16);
    }
    let names = (0..classes).map(|class| class.to_string()).collect();
    let normalization = Normalization {
        scale: 255.0,
        mean: vec![0.25; shape.channels],
        std: vec![0.25; shape.channels],
        stretch: 1.0,
    };
    let images = Images::new(shape, pixels, labels, names, normalization);
    let train = Part::all(images);
    let none = Part::new(train.images().clone(), Vec::new());
    Dataset {
        train,
        validation: none.clone(),
        test: none,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_its_own_bright_pixels() {
        let shape = ImageShape {
            channels: 2,
            height: 3,
            width: 3,
        };
        let data = synthetic(shape, 5, 3);
        let images = data.train.images();
        assert_eq!(images.labels(), [0, 1, 2, 0, 1]);
        for (row, &label) in images.labels().iter().enumerate() {
            for (pixel, &byte) in images.pixels(row).iter().enumerate() {
                assert_eq!(byte >= 128, pixel % 3 == usize::from(label));
            }
        }
        assert_eq!((data.train.len(), data.test.len()), (5, 0));
        assert_ne!(images.pixels(0), images.pixels(3));
    }
}
