//! The basic residual block.

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use kernels::Activation::{Identity, Relu};

use crate::BatchNorm;
use crate::initial::Initial;
use crate::layer::conv2d;
use crate::pass::Forward;
use crate::summary::Tracer;

/// Two 3x3 convolutions with batch norm, added to their input.
///
/// Where the shape changes, the shortcut is a 1x1 convolution with batch norm (option B of He et al. 2016, "Deep
/// residual learning for image recognition"). Parameter names are those of the PyTorch definition: `conv1.weight` …
/// `project.norm.running_var`.
#[derive(Module, Debug)]
pub struct Block {
    conv1: Conv2d,
    norm1: BatchNorm,
    conv2: Conv2d,
    norm2: BatchNorm,
    project: Option<Project>,
}

/// The shortcut of a block that changes the shape.
#[derive(Module, Debug)]
pub struct Project {
    conv: Conv2d,
    norm: BatchNorm,
}

/// The channels and the stride of a block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockShape {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) stride: usize,
}

impl BlockShape {
    fn projects(self) -> bool {
        self.stride != 1 || self.inputs != self.outputs
    }

    pub(crate) fn trace(self, path: &str, tracer: &mut Tracer) {
        let Self {
            outputs, stride, ..
        } = self;
        let before = tracer.shape();
        tracer.conv(&format!("{path}.conv1"), 3, outputs, stride);
        tracer.norm(&format!("{path}.norm1"));
        tracer.conv(&format!("{path}.conv2"), 3, outputs, 1);
        tracer.norm(&format!("{path}.norm2"));
        if self.projects() {
            tracer.continue_from(before);
            tracer.conv(&format!("{path}.project.conv"), 1, outputs, stride);
            tracer.norm(&format!("{path}.project.norm"));
        }
    }
}

impl Block {
    pub(crate) fn new<F: FnMut() -> f64>(shape: BlockShape, initial: &mut Initial<'_, F>) -> Self {
        let BlockShape {
            inputs,
            outputs,
            stride,
        } = shape;
        Self {
            conv1: initial.conv2d_without_bias(inputs, outputs, 3, stride),
            norm1: initial.batch_norm(outputs),
            conv2: initial.conv2d_without_bias(outputs, outputs, 3, 1),
            norm2: initial.batch_norm(outputs),
            project: shape.projects().then(|| Project {
                conv: initial.conv2d_without_bias(inputs, outputs, 1, stride),
                norm: initial.batch_norm(outputs),
            }),
        }
    }

    /// `scale` is what the branch is multiplied by, `None` if there is only the shortcut.
    pub(crate) fn forward(
        &self,
        values: Tensor<4>,
        forward: Forward,
        scale: Option<f64>,
    ) -> Tensor<4> {
        let branch = scale.map(|scale| {
            let branch = self.branch(values.clone(), forward);
            if scale == 1.0 {
                branch
            } else {
                branch.mul_scalar(scale)
            }
        });
        let shortcut = match &self.project {
            None => values,
            Some(Project { conv, norm }) => {
                norm.forward(conv2d(conv, values, Identity), forward.pass)
            }
        };
        match branch {
            Some(branch) => kernels::add(branch, shortcut, Relu),
            None => relu(shortcut),
        }
    }

    fn branch(&self, values: Tensor<4>, forward: Forward) -> Tensor<4> {
        let values = conv2d(&self.conv1, values, Identity);
        let values = self.norm1.forward_activated(values, forward.pass, Relu);
        let values = conv2d(&self.conv2, values, Identity);
        self.norm2.forward(values, forward.pass)
    }
}
