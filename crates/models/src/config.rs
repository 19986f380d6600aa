//! Which network, and for which images.

use std::fmt;

use burn::tensor::Device;

use crate::initial::Initial;
use crate::summary::Tracer;
use crate::{Cnn, ConvNet, LeNet5, Mlp, Model, ModelError, ResNet};

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

    pub(crate) fn at_least(self, model: &'static str, least: usize) -> Result<(), ModelError> {
        if self.height.min(self.width) >= least {
            return Ok(());
        }
        let shape = self;
        Err(ModelError::ImageTooSmall {
            model,
            least,
            shape,
        })
    }

    /// Whether anything is left after so many poolings of 2x2.
    pub(crate) fn can_be_halved(self, model: &'static str, times: usize) -> Result<(), ModelError> {
        let times = u32::try_from(times).unwrap_or(u32::MAX);
        let least = 1_usize.checked_shl(times).unwrap_or(usize::MAX);
        self.at_least(model, least)
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
    /// LeNet-5 in its usual modern form, for images of at least 12x12.
    LeNet5,
    /// 3x3 convolutions, each of which halves the image, then fully connected ReLU layers. Default widths: 32 and 64, and
    /// 128.
    Cnn {
        /// The channels of each convolution, first to last.
        widths: Vec<usize>,
        /// The width of each fully connected layer, first to last.
        hidden: Vec<usize>,
    },
    /// Stages of two 3x3 convolutions with batch norm, each of which halves the image. Default widths: 32 and 64.
    ConvNet {
        /// The channels of each stage, first to last.
        widths: Vec<usize>,
    },
    /// The residual network of He et al. 2016 for small images. Default depth: 8.
    ResNet {
        /// Layers with weights, without projections: 6n + 2.
        depth: usize,
    },
}

impl ModelConfig {
    /// The MLP of the reference runs: hidden layers of 128 and 64.
    pub fn mlp() -> Self {
        Self::Mlp {
            hidden: vec![128, 64],
        }
    }

    /// Convolutions of 32 and 64 channels, and a hidden layer of 128.
    pub fn cnn() -> Self {
        Self::Cnn {
            widths: vec![32, 64],
            hidden: vec![128],
        }
    }

    /// Stages of 32 and 64 channels.
    pub fn convnet() -> Self {
        Self::ConvNet {
            widths: vec![32, 64],
        }
    }

    /// The residual network of depth 8.
    pub fn resnet() -> Self {
        Self::ResNet { depth: 8 }
    }

    /// Checks the sizes, as far as they do not depend on the images.
    ///
    /// # Errors
    /// A width of zero, no width where one is needed, or a depth that is not 6n + 2.
    pub fn check(&self) -> Result<(), ModelError> {
        match self {
            Self::Mlp { hidden } => Mlp::check(hidden),
            Self::LeNet5 => Ok(()),
            Self::Cnn { widths, hidden } => ConvNet::check(widths).and(Mlp::check(hidden)),
            Self::ConvNet { widths } => ConvNet::check(widths),
            Self::ResNet { depth } => ResNet::check(*depth),
        }
    }

    /// Checks everything.
    pub(crate) fn check_shape(&self, shape: ImageShape, classes: usize) -> Result<(), ModelError> {
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
        self.check()?;
        match self {
            Self::Mlp { .. } | Self::ResNet { .. } => Ok(()),
            Self::LeNet5 => LeNet5::check_shape(shape),
            Self::Cnn { widths, .. } => Cnn::check_shape(shape, widths),
            Self::ConvNet { widths } => ConvNet::check_shape(shape, widths),
        }
    }

    /// Builds the network on `device`, its weights drawn from `uniform`, which gives numbers in `[0, 1)`.
    ///
    /// The weights are PyTorch's default ones: uniform in ±1/√inputs, those of norms at one and zero.
    ///
    /// # Errors
    /// A size that [`check`](Self::check) refuses, a size of zero, or images too small for the network.
    pub fn init(
        &self,
        shape: ImageShape,
        classes: usize,
        uniform: impl FnMut() -> f64,
        device: &Device,
    ) -> Result<Model, ModelError> {
        self.check_shape(shape, classes)?;
        let initial = &mut Initial::new(uniform, device);
        Ok(match self {
            Self::Mlp { hidden } => Model::Mlp(Mlp::new(shape, classes, hidden, initial)),
            Self::LeNet5 => Model::LeNet5(LeNet5::new(shape, classes, initial)),
            Self::Cnn { widths, hidden } => {
                Model::Cnn(Cnn::new(shape, classes, widths, hidden, initial))
            }
            Self::ConvNet { widths } => {
                Model::ConvNet(ConvNet::new(shape, classes, widths, initial))
            }
            Self::ResNet { depth } => Model::ResNet(ResNet::new(shape, classes, *depth, initial)),
        })
    }

    /// Leads `tracer` through the layers.
    pub(crate) fn trace(&self, classes: usize, tracer: &mut Tracer) {
        match self {
            Self::Mlp { hidden } => Mlp::trace(hidden, classes, tracer),
            Self::LeNet5 => LeNet5::trace(classes, tracer),
            Self::Cnn { widths, hidden } => Cnn::trace(widths, hidden, classes, tracer),
            Self::ConvNet { widths } => ConvNet::trace(widths, classes, tracer),
            Self::ResNet { depth } => ResNet::trace(*depth, classes, tracer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(config: &ModelConfig, height: usize, width: usize) -> String {
        let shape = ImageShape {
            channels: 3,
            height,
            width,
        };
        let built = config.init(shape, 10, || 0.5, &Device::flex());
        let summary = config.summary(shape, 10);
        match (built, summary) {
            (Err(built), Err(summary)) => {
                assert_eq!(built, summary);
                built.to_string()
            }
            (built, _) => format!("built: {}", built.is_ok()),
        }
    }

    #[test]
    fn a_depth_that_does_not_add_up_is_told_its_neighbours() {
        for (depth, neighbours) in [
            (0, "2 and 8"),
            (7, "2 and 8"),
            (9, "8 and 14"),
            (21, "20 and 26"),
        ] {
            assert_eq!(
                refused(&ModelConfig::ResNet { depth }, 8, 8),
                format!("depth = {depth}: must be 6n + 2; the nearest are {neighbours}")
            );
        }
        assert!(refused(&ModelConfig::ResNet { depth: usize::MAX }, 8, 8).starts_with("depth"));
    }

    #[test]
    fn images_that_do_not_fit_are_named() {
        let lenet5 = "lenet5 needs images of at least 12x12 pixels, not 3x12x11";
        assert_eq!(refused(&ModelConfig::LeNet5, 12, 11), lenet5);
        let widths = vec![4; 3];
        let convnet = "convnet needs images of at least 8x8 pixels, not 3x7x64";
        assert_eq!(refused(&ModelConfig::ConvNet { widths }, 7, 64), convnet);
        let cnn = "cnn needs images of at least 4x4 pixels, not 3x9x3";
        assert_eq!(refused(&ModelConfig::cnn(), 9, 3), cnn);
        let widths = vec![1; 99];
        let refused = refused(&ModelConfig::ConvNet { widths }, 7, 64);
        assert!(
            refused.starts_with("convnet needs images of at least"),
            "{refused}"
        );
    }

    #[test]
    fn sizes_of_nothing_are_named() {
        let widths = |widths| ModelConfig::ConvNet { widths };
        let no_width = "widths = []: must have at least one width";
        assert_eq!(refused(&widths(vec![]), 8, 8), no_width);
        let zero = "widths: every width must be at least 1";
        assert_eq!(refused(&widths(vec![8, 0]), 8, 8), zero);
        let hidden = ModelConfig::Mlp { hidden: vec![0] };
        assert_eq!(
            refused(&hidden, 8, 8),
            "hidden: every width must be at least 1"
        );
        let (widths, hidden) = (vec![8], vec![16, 0]);
        assert_eq!(
            refused(&ModelConfig::Cnn { widths, hidden }, 8, 8),
            "hidden: every width must be at least 1"
        );
        let (widths, hidden) = (vec![], vec![16]);
        assert_eq!(
            refused(&ModelConfig::Cnn { widths, hidden }, 8, 8),
            no_width
        );
        let height = "height = 0: must be at least 1";
        assert_eq!(refused(&ModelConfig::resnet(), 0, 8), height);
    }
}
