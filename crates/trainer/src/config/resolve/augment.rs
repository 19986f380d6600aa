//! `[data.augment]`

use models::ImageShape;

use super::{Resolved, Resolver, refuse};
use crate::config::ConfigError;
use crate::config::augment::{AugmentKeys, AugmentSettings};

impl Resolver<'_> {
    pub(super) fn augment(&self, typed: &AugmentKeys) -> Result<AugmentSettings, ConfigError> {
        let augment = AugmentSettings {
            shift: typed.shift.unwrap_or(0),
            crop: typed.crop.unwrap_or(0),
            flip: typed.flip.unwrap_or(0.0),
            cutout: typed.cutout.unwrap_or(0),
        };
        if augment.shift > 0 && augment.crop > 0 {
            return Err(refuse(
                self.layers,
                "data.augment.crop",
                "left out where data.augment.shift is given, since both move the image",
            )
            .hint("shift brings black in at the edges, crop the image's own reflection"));
        }
        if !(0.0..=1.0).contains(&augment.flip) {
            let allowed = "must be a probability, 0 to 1; 0.5 mirrors every other image";
            return Err(refuse(self.layers, "data.augment.flip", allowed));
        }
        Ok(augment)
    }
}

impl Resolved {
    /// Checks what depends on the size of the images.
    ///
    /// # Errors
    /// An augmentation that could leave nothing of an image.
    pub fn check_shape(&self, shape: ImageShape) -> Result<(), ConfigError> {
        let augment = self.settings.data.augment;
        let side = shape.height.min(shape.width);
        for (key, pixels) in [
            ("shift", augment.shift),
            ("crop", augment.crop),
            ("cutout", augment.cutout),
        ] {
            if pixels as usize >= side && pixels > 0 {
                return Err(refuse(
                    &self.layers,
                    &format!("data.augment.{key}"),
                    format!("must be below {side}, the shorter side of images of {shape}"),
                ));
            }
        }
        Ok(())
    }
}
