//! The residual network for small images.

use burn::module::Module;
use burn::nn::Linear;
use burn::nn::conv::Conv2d;
use burn::tensor::Tensor;
use kernels::Activation::{Identity, Relu};

use crate::block::{Block, BlockShape};
use crate::dropout::dropout;
use crate::initial::Initial;
use crate::layer::{conv2d, linear};
use crate::pass::Forward;
use crate::pool::global_average;
use crate::stochastic_depth::StochasticDepth;
use crate::summary::Tracer;
use crate::{BatchNorm, ImageShape, ModelError};

/// The residual network of He et al. 2016 for CIFAR's images; 272,474 parameters at depth 20, 3x32x32 and 10 classes.
///
/// A 3x3 convolution, then three stages of n blocks with 16, 32 and 64 channels, the later two of which begin by
/// halving the image, then the mean of each channel and a linear head: depth 6n + 2. An image of any size fits.
/// Parameter names are those of the PyTorch definition: `conv.weight`, `blocks.0.norm1.weight` … `head.bias`.
/// "Deep residual learning for image recognition".
#[derive(Module, Debug)]
pub struct ResNet {
    conv: Conv2d,
    norm: BatchNorm,
    blocks: Vec<Block>,
    head: Linear,
    pub(crate) dropout: f64,
    pub(crate) stochastic_depth: f64,
}

/// The channels of each stage.
const WIDTHS: [usize; 3] = [16, 32, 64];

impl ResNet {
    pub(crate) fn check(depth: usize) -> Result<(), ModelError> {
        if depth >= 2 && (depth - 2).is_multiple_of(6) {
            return Ok(());
        }
        let below = depth.saturating_sub(2) / 6 * 6 + 2;
        Err(ModelError::Depth {
            depth,
            below,
            above: if depth < 2 {
                8
            } else {
                below.saturating_add(6)
            },
        })
    }

    /// Every block, first to last.
    fn block_shapes(depth: usize) -> Vec<BlockShape> {
        let mut inputs = WIDTHS[0];
        let mut shapes = Vec::new();
        for (stage, outputs) in WIDTHS.into_iter().enumerate() {
            for block in 0..(depth - 2) / 6 {
                let halves = stage > 0 && block == 0;
                let stride = if halves { 2 } else { 1 };
                shapes.push(BlockShape {
                    inputs,
                    outputs,
                    stride,
                });
                inputs = outputs;
            }
        }
        shapes
    }

    pub(crate) fn new<F: FnMut() -> f64>(
        shape: ImageShape,
        classes: usize,
        depth: usize,
        initial: &mut Initial<'_, F>,
    ) -> Self {
        let conv = initial.conv2d_without_bias(shape.channels, WIDTHS[0], 3, 1);
        let norm = initial.batch_norm(WIDTHS[0]);
        let shapes = Self::block_shapes(depth);
        let features = shapes.last().map_or(WIDTHS[0], |last| last.outputs);
        let blocks = shapes.into_iter().map(|shape| Block::new(shape, initial));
        Self {
            conv,
            norm,
            blocks: blocks.collect(),
            head: initial.linear(features, classes),
            dropout: 0.0,
            stochastic_depth: 0.0,
        }
    }

    pub(crate) fn trace(depth: usize, classes: usize, tracer: &mut Tracer) {
        tracer.conv("conv", 3, WIDTHS[0], 1);
        tracer.norm("norm");
        for (index, shape) in Self::block_shapes(depth).into_iter().enumerate() {
            shape.trace(&format!("blocks.{index}"), tracer);
        }
        tracer.global_average("pool");
        tracer.linear("head", classes);
    }

    /// Images `[batch, channels, height, width]` to logits `[batch, classes]`, in evaluation.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.forward_as(images, Forward::EVALUATION)
    }

    pub(crate) fn forward_as(&self, images: Tensor<4>, forward: Forward) -> Tensor<2> {
        let depth = StochasticDepth {
            last: self.stochastic_depth,
            blocks: self.blocks.len(),
        };
        let values = conv2d(&self.conv, images, Identity);
        let mut values = self.norm.forward_activated(values, forward.pass, Relu);
        for (index, block) in self.blocks.iter().enumerate() {
            values = block.forward(values, forward, depth.scale(index, forward));
        }
        let features = dropout(global_average(values), self.dropout, forward);
        linear(&self.head, features, Identity)
    }
}
