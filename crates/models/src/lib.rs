//! Small image classifiers for Burn: an MLP and LeNet-5, the same on every backend.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use models::{ImageShape, ModelConfig};
//!
//! # fn main() -> Result<(), models::ModelError> {
//! let shape = ImageShape { channels: 1, height: 28, width: 28 };
//! let mut state = 1_u64;
//! let uniform = || {
//!     state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
//!     (state >> 11) as f64 / (1_u64 << 53) as f64
//! };
//! let device = Device::flex();
//! let model = ModelConfig::LeNet5.init(shape, 10, uniform, &device)?;
//! let logits = model.forward(Tensor::zeros([2, 1, 28, 28], &device));
//! assert_eq!(logits.dims(), [2, 10]);
//! # Ok(())
//! # }
//! ```
//!
//! Every network maps images of shape `[batch, channels, height, width]` to logits of shape `[batch, classes]`, and
//! implements burn-train's `TrainStep` and `InferenceStep`, so it also runs in Burn's own `Learner`.
//!
//! Weights are drawn on the host, from the numbers that the caller hands in, and moved to the device. The same numbers
//! give the same weights on every backend, which Burn's own initialisation does not promise.

mod config;
mod error;
mod freeze;
mod initial;
mod lenet5;
mod misfit;
mod mlp;
mod model;
mod parameter;
mod path;
mod state_dict;

pub use config::{ImageShape, ModelConfig};
pub use error::ModelError;
pub use freeze::FreezeError;
pub use lenet5::LeNet5;
pub use misfit::{Misfit, StateDictError};
pub use mlp::Mlp;
pub use model::{ImageBatch, Model};
pub use parameter::Parameter;
pub use state_dict::StateDict;
