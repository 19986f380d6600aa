//! Small image classifiers for Burn: an MLP, LeNet-5, plain convolutional networks with and without batch norm and a
//! residual one, the same on every backend.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use models::{ImageShape, ModelConfig};
//!
//! # fn main() -> Result<(), models::ModelError> {
//! let shape = ImageShape { channels: 3, height: 32, width: 32 };
//! let mut state = 1_u64;
//! let uniform = || {
//!     state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
//!     (state >> 11) as f64 / (1_u64 << 53) as f64
//! };
//! let device = Device::flex();
//! let model = ModelConfig::ResNet { depth: 8 }.init(shape, 10, uniform, &device)?;
//! assert_eq!(model.parameter_count(), 78_042);
//! let logits = model.forward(Tensor::zeros([2, 3, 32, 32], &device));
//! assert_eq!(logits.dims(), [2, 10]);
//! # Ok(())
//! # }
//! ```
//!
//! Every network maps images of shape `[batch, channels, height, width]` to logits of shape `[batch, classes]`, and
//! implements burn-train's `TrainStep` and `InferenceStep`, so it also runs in Burn's own `Learner`.
//!
//! | [`ModelConfig`] | what it is | parameters, 10 classes | least image |
//! | --- | --- | --- | --- |
//! | `Mlp` | fully connected layers, 128 and 64 by default | 17,226 at 1x8x8, 109,386 at 1x28x28 | any |
//! | `LeNet5` | two 5x5 convolutions, three linear layers | 61,706 at 1x28x28 | 12x12 |
//! | `Cnn` | 3x3 convolutions, 32 and 64 wide by default, then fully connected layers, 128 by default | 421,642 at 1x28x28 | 2^convolutions |
//! | `ConvNet` | stages of two 3x3 convolutions, 32 and 64 wide by default | 65,834 at 1x28x28 | 2^stages |
//! | `ResNet` | residual blocks, depth 8 by default | 78,042 at 3x32x32, 272,474 at depth 20 | any |
//!
//! [`ModelConfig::summary`] lists a network's layers with their shapes, parameters and multiply-adds.
//!
//! # Weights
//!
//! Weights are drawn on the host, from the numbers that the caller hands in, and moved to the device. The same numbers
//! give the same weights on every backend, which Burn's own initialisation does not promise. Layers are named and
//! initialised as in PyTorch.
//!
//! # Passes
//!
//! What a forward pass is for is said by the caller: [`Model::forward`] evaluates, `TrainStep::step` trains, and
//! [`Model::forward_as`] takes a [`Pass`]. Only a training pass moves the running statistics of [`BatchNorm`], and they
//! have moved when it returns.
//!
//! # What training may drop
//!
//! [`Model::dropout`] and [`Model::stochastic_depth`] switch on what their names say. Masks are drawn on the host from
//! [`ImageBatch::draw`], so that the same numbers drop the same values on every backend and after a resume.
//!
//! # Several devices
//!
//! A copy of a model has running statistics of its own. Burn's multi-device training steps copies, and what they see
//! does not come back: train networks with batch norm on one device.

mod batch_norm;
mod block;
mod buffer;
mod cnn;
mod config;
mod convnet;
mod draw;
mod dropout;
mod error;
mod freeze;
mod initial;
mod layer;
mod lenet5;
mod loss;
mod misfit;
mod mlp;
mod model;
mod parameter;
mod pass;
mod path;
mod pool;
mod precision;
mod resnet;
mod state_dict;
mod stochastic_depth;
mod summary;

pub use batch_norm::BatchNorm;
pub use block::{Block, Project};
pub use cnn::Cnn;
pub use config::{ImageShape, ModelConfig};
pub use convnet::{ConvNet, Stage};
pub use error::ModelError;
pub use freeze::FreezeError;
pub use lenet5::LeNet5;
pub use loss::cross_entropy;
pub use misfit::{Misfit, StateDictError};
pub use mlp::Mlp;
pub use model::{ImageBatch, Model};
pub use parameter::Parameter;
pub use pass::Pass;
pub use resnet::ResNet;
pub use state_dict::StateDict;
pub use summary::{Layer, Summary};
