//! Which network, and for which images.

use std::fmt;

use burn::tensor::Device;

use crate::initial::Initial;
use crate::{LeNet5, Mlp, Model, ModelError};

/// The shape of one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageShape {
    /// Colour channels: 1 for grey, 3 for RGB.
    pub channels: usize,
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
}

impl ImageShape {
    /// How many values one image has: `channels × height × width`.
    pub fn values(self) -> usize {
        self.channels * self.height * self.width
    }
}

impl fmt::Display for ImageShape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}x{}x{}",
            self.channels, self.height, self.width
        )
    }
}

/// A network and its sizes; the shape of images and the number of classes come with the data.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelConfig {
    /// Fully connected ReLU layers of the given widths, then a linear head. Default widths: 128 and 64.
    Mlp {
        /// The width of each hidden layer, first to last.
        hidden: Vec<usize>,
    },
    /// LeNet-5 in its usual modern form.
    LeNet5,
}

impl ModelConfig {
    /// The MLP of the reference runs: hidden layers of 128 and 64.
    pub fn mlp() -> Self {
        Self::Mlp {
            hidden: vec![128, 64],
        }
    }

    /// Builds the network on `device`, its weights drawn from `uniform`, which gives numbers in `[0, 1)`.
    ///
    /// # Errors
    /// A size of zero, or images too small for the network.
    pub fn init(
        &self,
        shape: ImageShape,
        classes: usize,
        uniform: impl FnMut() -> f64,
        device: &Device,
    ) -> Result<Model, ModelError> {
        let sizes = [
            ("channels", shape.channels),
            ("height", shape.height),
            ("width", shape.width),
            ("classes", classes),
        ];
        for (field, size) in sizes {
            if size == 0 {
                return Err(ModelError::Zero { field });
            }
        }
        let mut initial = Initial::new(uniform, device);
        match self {
            Self::Mlp { hidden } => Mlp::new(shape, classes, hidden, &mut initial).map(Model::Mlp),
            Self::LeNet5 => LeNet5::new(shape, classes, &mut initial).map(Model::LeNet5),
        }
    }
}
