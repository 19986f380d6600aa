//! What a trained model reads and what its answers mean, kept beside its weights.

use serde::{Deserialize, Serialize};

use super::images::{Images, Normalization};
use super::{DataError, ImageShape};
use crate::config::{DataSettings, Resize, Source};

/// The shape, the normalisation and the classes that a model was trained with.
///
/// They are those of its training images. Whoever measures the model or asks it uses them, and not those of the data
/// that lie there now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    channels: usize,
    height: usize,
    width: usize,
    /// How a picture of another size is brought to this one.
    pub resize: Resize,
    scale: f64,
    mean: Vec<f64>,
    std: Vec<f64>,
    #[serde(default = "no_stretch", skip_serializing_if = "is_no_stretch")]
    stretch: f64,
    classes: Vec<String>,
}

/// Of a model from before there was one.
fn no_stretch() -> f64 {
    1.0
}

fn is_no_stretch(stretch: &f64) -> bool {
    *stretch == no_stretch()
}

impl Inputs {
    /// Those of a model that is trained on `images`, which `settings` describe.
    pub fn new(images: &Images, settings: &DataSettings) -> Self {
        let shape = images.shape();
        let normalization = images.normalization().clone();
        Self {
            channels: shape.channels,
            height: shape.height,
            width: shape.width,
            resize: match &settings.source {
                Source::Images(folder) => folder.resize,
                Source::Digits { .. } | Source::Mnist { .. } => Resize::Crop,
            },
            scale: normalization.scale,
            mean: normalization.mean,
            std: normalization.std,
            stretch: normalization.stretch,
            classes: images.class_names().to_vec(),
        }
    }

    /// What is wrong with them, if they were read from a file that somebody changed.
    ///
    /// # Errors
    /// The field and what is allowed.
    pub fn check(&self) -> Result<(), String> {
        let sides = [self.height, self.width];
        if ![1, 3].contains(&self.channels)
            || sides.iter().any(|side| !(1..=1 << 15).contains(side))
        {
            return Err(format!("{} is no shape of an image", self.shape()));
        }
        if self.mean.len() != self.channels || self.std.len() != self.channels {
            return Err("mean and std need a value for each channel".to_owned());
        }
        let positive = |value: &f64| value.is_finite() && *value > 0.0;
        if !positive(&self.scale) || self.scale > 255.0 || !self.std.iter().all(positive) {
            return Err("scale must be above 0 and at most 255, std above 0".to_owned());
        }
        if !positive(&self.stretch) {
            return Err("stretch must be above 0".to_owned());
        }
        if !self.mean.iter().all(|mean| mean.is_finite()) {
            return Err("mean must be finite".to_owned());
        }
        if !(1..=65_535).contains(&self.classes.len()) {
            return Err("there must be a class".to_owned());
        }
        Ok(())
    }

    /// The shape of one image.
    pub fn shape(&self) -> ImageShape {
        ImageShape {
            channels: self.channels,
            height: self.height,
            width: self.width,
        }
    }

    /// How a byte becomes what the model reads.
    pub fn normalization(&self) -> Normalization {
        Normalization {
            scale: self.scale,
            mean: self.mean.clone(),
            std: self.std.clone(),
            stretch: self.stretch,
        }
    }

    /// What each answer means, `[classes]`.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Whether `images` can be measured by this model: the same shape and classes.
    ///
    /// # Errors
    /// How they differ.
    pub fn fit(&self, images: &Images) -> Result<(), DataError> {
        if images.shape() != self.shape() {
            return Err(DataError::OtherShape {
                found: images.shape(),
                expected: self.shape(),
            });
        }
        let names = images.class_names();
        if names == self.classes {
            return Ok(());
        }
        let without = |some: &[String], others: &[String]| {
            let mut rest = some.iter().filter(|name| !others.contains(name));
            rest.next().cloned()
        };
        Err(DataError::OtherClasses {
            missing: without(&self.classes, names),
            foreign: without(names, &self.classes),
        })
    }

    /// Pictures without labels, each `[channels, height, width]` in bytes up to 255, as this model reads them.
    ///
    /// Where a model was trained on bytes up to less than 255 (the digits: 16), these are rounded to as many steps.
    ///
    /// # Panics
    /// If a picture has another shape.
    pub fn images(&self, pictures: &[Vec<u8>]) -> Images {
        let step = |byte: &u8| (f64::from(*byte) * self.scale / 255.0).round() as u8;
        let pixels: Vec<u8> = pictures.iter().flatten().map(step).collect();
        let labels = vec![0; pictures.len()];
        let classes = self.classes.clone();
        Images::new(self.shape(), pixels, labels, classes, self.normalization())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::config::resolve;

    fn digits() -> (Images, Inputs) {
        let settings = resolve([]).unwrap().settings.data;
        let images = crate::data::load(&settings).unwrap().train;
        let inputs = Inputs::new(images.images(), &settings);
        (images.images().as_ref().clone(), inputs)
    }

    #[test]
    fn they_are_read_as_they_were_written() {
        let (images, inputs) = digits();
        let text = toml::to_string(&inputs).unwrap();
        let read: Inputs = toml::from_str(&text).unwrap();
        assert_eq!(read, inputs);
        assert_eq!(&read.normalization(), images.normalization());
        read.check().unwrap();
        read.fit(&images).unwrap();
    }

    #[test]
    fn what_somebody_broke_is_named() {
        let (_, inputs) = digits();
        let text = toml::to_string(&inputs).unwrap();
        let wrong = [
            ("channels = 1", "channels = 2", "no shape"),
            ("height = 8", "height = 0", "no shape"),
            ("mean = [0.0]", "mean = []", "for each channel"),
            ("std = [1.0]", "std = [0.0]", "std above 0"),
            ("mean = [0.0]", "mean = [inf]", "must be finite"),
        ];
        for (from, to, expected) in wrong {
            assert!(text.contains(from), "{text}");
            let broken: Inputs = toml::from_str(&text.replace(from, to)).unwrap();
            let reason = broken.check().unwrap_err();
            assert!(reason.contains(expected), "{reason}");
        }
    }

    #[test]
    fn sixteen_steps_of_a_digit_survive_the_way_through_a_picture() {
        let (images, inputs) = digits();
        let pictures = |scale: fn(u8) -> u8| -> Vec<Vec<u8>> {
            let rows =
                (0..20).map(|row| images.pixels(row).iter().map(|&byte| scale(byte)).collect());
            rows.collect()
        };
        let read = inputs.images(&pictures(|byte| (u16::from(byte) * 255 / 16) as u8));
        for row in 0..20 {
            assert_eq!(read.pixels(row), images.pixels(row));
        }
    }

    #[test]
    fn other_classes_are_named() {
        let (images, mut inputs) = digits();
        inputs.classes[3] = "three".to_owned();
        let error = inputs.fit(&images).unwrap_err().to_string();
        assert!(
            error.contains("`three`") && error.contains("`3`"),
            "{error}"
        );
    }
}
