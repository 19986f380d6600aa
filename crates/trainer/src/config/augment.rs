//! How training images are changed by chance: `[data.augment]`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is done to training images, and never to those that are measured; nothing by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct AugmentSettings {
    /// An image is moved by up to so many pixels, up or down and to either side; black is what comes in at its edges.
    #[serde(skip_serializing_if = "is_none")]
    pub shift: u32,
    /// An image is padded by so many pixels of its own reflection, and a piece of its size is cut out anywhere.
    #[serde(skip_serializing_if = "is_none")]
    pub crop: u32,
    /// The probability that an image is mirrored, left to right.
    #[serde(skip_serializing_if = "is_never")]
    pub flip: f64,
    /// The side, in pixels, of a square of the mean colour that is laid over an image anywhere.
    #[serde(skip_serializing_if = "is_none")]
    pub cutout: u32,
}

/// `[data.augment]`, as typed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AugmentKeys {
    /// Pixels that an image is moved by.
    pub shift: Option<u32>,
    /// Pixels that an image is padded by.
    pub crop: Option<u32>,
    /// The probability that an image is mirrored.
    pub flip: Option<f64>,
    /// The side of a square that is covered.
    pub cutout: Option<u32>,
}

impl AugmentSettings {
    /// Whether images stay as they are.
    pub fn is_off(&self) -> bool {
        *self == Self::default()
    }
}

fn is_none(pixels: &u32) -> bool {
    *pixels == 0
}

fn is_never(probability: &f64) -> bool {
    *probability == 0.0
}

/// `shift 2, flip 0.5`: what is on.
impl fmt::Display for AugmentSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = [
            ("shift", f64::from(self.shift)),
            ("crop", f64::from(self.crop)),
            ("flip", self.flip),
            ("cutout", f64::from(self.cutout)),
        ];
        let on = numbers.iter().filter(|(_, number)| *number > 0.0);
        let on: Vec<String> = on
            .map(|(name, number)| format!("{name} {number}"))
            .collect();
        formatter.write_str(&on.join(", "))
    }
}
