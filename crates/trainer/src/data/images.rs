//! Labelled images, as bytes.

use std::borrow::Cow;
use std::fmt;

use models::ImageShape;

use super::pixels::Pixels;

/// How a stored byte becomes what a model reads: `(byte / scale - mean) / std · stretch ^ (i / (n - 1))`.
///
/// The mean and the deviation are those of its channel; `i` is its place among the `n` values of an image, row-major
/// `[channels, height, width]`.
///
/// ```
/// # use trainer::data::Normalization;
/// let mnist = Normalization::grey(255.0, 0.1307, 0.3081);
/// let [table] = mnist.table()[..] else { panic!("one channel") };
/// assert_eq!(table[0], -0.1307 / 0.3081);
/// assert_eq!(table[255], (1.0 - 0.1307) / 0.3081);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Normalization {
    /// The byte that stands for 1.
    pub scale: f64,
    /// The mean of the scaled values, `[channels]`.
    pub mean: Vec<f64>,
    /// The standard deviation of the scaled values, `[channels]`.
    pub std: Vec<f64>,
    /// What the last value of an image is multiplied by, the first by 1 and those between by a geometric series; 1 leaves
    /// all as they are. Above 0.
    pub stretch: f64,
}

impl Normalization {
    /// That of images with one channel.
    pub fn grey(scale: f64, mean: f64, std: f64) -> Self {
        Self {
            scale,
            mean: vec![mean],
            std: vec![std],
            stretch: 1.0,
        }
    }

    /// What each of so many values of an image is multiplied by after all else; nothing where that is 1 for all.
    pub fn factors(&self, values: usize) -> Option<Vec<f64>> {
        let last = values.saturating_sub(1).max(1) as f64;
        let factors = (0..values).map(|value| self.stretch.powf(value as f64 / last));
        (self.stretch != 1.0).then(|| factors.collect())
    }

    /// The value of every byte in every channel, `[channels][256]`, in double precision and before the stretch.
    pub fn table(&self) -> Vec<[f64; 256]> {
        let channels = self.mean.iter().zip(&self.std);
        channels
            .map(|(mean, std)| std::array::from_fn(|byte| (byte as f64 / self.scale - mean) / std))
            .collect()
    }

    /// The value of every byte in every channel, `[channels][256]`: computed in double precision and rounded once.
    pub fn table_f32(&self) -> Vec<[f32; 256]> {
        let channels = self.table().into_iter();
        channels
            .map(|channel| channel.map(|value| value as f32))
            .collect()
    }
}

/// Labelled images, as bytes in memory or in their file.
#[derive(Clone, PartialEq)]
pub struct Images {
    shape: ImageShape,
    pixels: Pixels,
    labels: Vec<u16>,
    class_names: Vec<String>,
    normalization: Normalization,
}

impl Images {
    /// Takes images as a reader found and checked them.
    ///
    /// - `pixels`: row-major `[count, channels, height, width]`.
    /// - `labels`: `[count]`, each the number of a class.
    /// - `class_names`: `[classes]`, what each label means.
    ///
    /// # Panics
    ///
    /// If the number of bytes does not follow from `shape` and the number of labels, a label names no class, or the
    /// normalisation has another number of channels. A reader that lets such files through is wrong.
    pub fn new(
        shape: ImageShape,
        pixels: impl Into<Pixels>,
        labels: Vec<u16>,
        class_names: Vec<String>,
        normalization: Normalization,
    ) -> Self {
        let pixels = pixels.into();
        assert_eq!(
            pixels.len(),
            shape.values() * labels.len(),
            "pixels do not fit the shape"
        );
        assert!(
            labels
                .iter()
                .all(|&label| usize::from(label) < class_names.len()),
            "a label names no class"
        );
        Self {
            shape,
            pixels,
            labels,
            class_names,
            normalization: fitting(normalization, shape),
        }
    }

    /// The same images, read with another normalisation. The pixels are shared, not copied.
    ///
    /// # Panics
    ///
    /// If it has another number of channels.
    pub fn normalized(&self, normalization: &Normalization) -> Self {
        Self {
            normalization: fitting(normalization.clone(), self.shape),
            ..self.clone()
        }
    }

    /// The same images with other labels, `[count]`.
    ///
    /// # Panics
    ///
    /// If there is another number of them, or one names no class.
    pub fn labelled(&self, labels: Vec<u16>) -> Self {
        assert_eq!(labels.len(), self.len(), "a label for each image");
        assert!(
            labels
                .iter()
                .all(|&label| usize::from(label) < self.classes()),
            "a label names no class"
        );
        Self {
            labels,
            ..self.clone()
        }
    }

    /// How many images there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The shape that every image has.
    pub fn shape(&self) -> ImageShape {
        self.shape
    }

    /// The bytes of the image in `row`, row-major `[channels, height, width]`.
    ///
    /// # Panics
    ///
    /// If there is no such row, or the images' file can no longer be read.
    pub fn pixels(&self, row: usize) -> Cow<'_, [u8]> {
        let values = self.shape.values();
        self.pixels.range(row * values, values)
    }

    /// The label of every image, `[count]`, each below [`classes`](Self::classes).
    pub fn labels(&self) -> &[u16] {
        &self.labels
    }

    /// What each label means, `[classes]`.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// How many classes there are, whether or not an image shows each.
    pub fn classes(&self) -> usize {
        self.class_names.len()
    }

    /// How a byte of these images becomes what a model reads.
    pub fn normalization(&self) -> &Normalization {
        &self.normalization
    }
}

fn fitting(normalization: Normalization, shape: ImageShape) -> Normalization {
    let channels = [normalization.mean.len(), normalization.std.len()];
    assert_eq!(
        channels, [shape.channels; 2],
        "the normalisation does not fit the channels"
    );
    normalization
}

/// Without the pixels, which nobody wants to read by the million.
impl fmt::Debug for Images {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Images")
            .field("count", &self.len())
            .field("shape", &self.shape)
            .field("class_names", &self.class_names)
            .field("normalization", &self.normalization)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> Normalization {
        Normalization::grey(16.0, 0.0, 1.0)
    }

    fn two_images(pixels: usize, labels: [u16; 2]) -> Images {
        let shape = ImageShape {
            channels: 1,
            height: 1,
            width: 3,
        };
        let names = ["no", "yes"].map(str::to_owned).to_vec();
        let pixels: Vec<u8> = (0..pixels as u8).collect();
        Images::new(shape, pixels, labels.to_vec(), names, plain())
    }

    #[test]
    fn an_image_is_found_by_its_row() {
        let images = two_images(6, [1, 0]);
        assert_eq!((images.len(), images.classes()), (2, 2));
        assert_eq!(*images.pixels(0), [0, 1, 2]);
        assert_eq!(*images.pixels(1), [3, 4, 5]);
    }

    #[test]
    #[should_panic(expected = "pixels do not fit the shape")]
    fn pixels_must_fit_the_shape() {
        two_images(5, [0, 0]);
    }

    #[test]
    #[should_panic(expected = "a label names no class")]
    fn labels_must_name_a_class() {
        two_images(6, [0, 2]);
    }

    #[test]
    #[should_panic(expected = "the normalisation does not fit the channels")]
    fn a_normalisation_must_have_the_channels_of_the_images() {
        let colour = Normalization {
            scale: 255.0,
            mean: vec![0.5; 3],
            std: vec![0.25; 3],
            stretch: 1.0,
        };
        two_images(6, [0, 0]).normalized(&colour);
    }

    #[test]
    fn a_stretch_is_a_geometric_series_over_the_values_of_an_image() {
        let stretched = Normalization {
            stretch: 100.0,
            ..plain()
        };
        let factors = stretched.factors(5).unwrap_or_default();
        for (factor, expected) in
            factors
                .iter()
                .zip([1.0, 100_f64.powf(0.25), 10.0, 100_f64.powf(0.75), 100.0])
        {
            assert!((factor - expected).abs() < 1e-12, "{factors:?}");
        }
        assert_eq!(plain().factors(5), None);
        assert_eq!(stretched.factors(1), Some(vec![1.0]));
    }

    #[test]
    fn another_normalisation_shares_the_pixels() {
        let images = two_images(6, [0, 1]);
        let other = images.normalized(&Normalization::grey(1.0, 2.0, 3.0));
        let shared = |images: &Images| images.pixels(0).as_ptr();
        assert_eq!(shared(&images), shared(&other));
        assert_eq!(other.normalization().mean, [2.0]);
        assert_eq!(images.normalization(), &plain());
    }

    #[test]
    fn sixteenths_are_exact_in_both_precisions() {
        for sixteenths in 0..=16_u8 {
            let exact = f64::from(sixteenths) / 16.0;
            assert_eq!(plain().table()[0][usize::from(sixteenths)], exact);
            let single = plain().table_f32()[0][usize::from(sixteenths)];
            assert_eq!(f64::from(single), exact);
        }
    }

    #[test]
    fn mnist_values_are_those_of_double_precision_rounded_once() {
        let mnist = Normalization::grey(255.0, 0.1307, 0.3081);
        // Python: ((b / 255.0) - 0.1307) / 0.3081, which is what the reference runs compute.
        let expected = [
            (0, -0.424212917883804),
            (1, -0.41148468475348593),
            (128, 1.2050009227969019),
            (255, 2.82148653034729),
        ];
        for (byte, value) in expected {
            assert_eq!(mnist.table()[0][byte], value);
            assert_eq!(mnist.table_f32()[0][byte], value as f32);
        }
    }
}
