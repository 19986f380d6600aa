//! Kernels for Burn: whole layers on the flex backend, forward and backward, in single and double precision; the loss and
//! ReLU on GPUs.
//!
//! ```
//! use burn::tensor::ops::ConvOptions;
//! use burn::tensor::{Device, Tensor};
//! use kernels::{Activation, conv2d};
//!
//! let device = Device::flex().autodiff();
//! let images = Tensor::<4>::ones([1, 1, 3, 3], &device);
//! let weight = Tensor::<4>::ones([1, 1, 2, 2], &device).require_grad();
//! let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
//! let output = conv2d(images, weight.clone(), None, options, Activation::Relu);
//! assert_eq!(output.to_data().iter::<f32>().collect::<Vec<f32>>(), [4.0; 4]);
//! assert!(weight.grad(&output.sum().backward()).is_some());
//! ```
//!
//! Each function takes and returns Burn's tensors on any backend. On flex, in `f32` and `f64`, a kernel computes it, with
//! a node of its own in autodiff's graph; elsewhere Burn's own operations do, but for those that the feature `cube` brings
//! for GPUs: [`cross_entropy`] in two kernels instead of two dozen, and any layer's ReLU in one instead of two. A GPU's time
//! is, for small networks, that of handing it one kernel after the other.
//!
//! | function | what it computes | Burn's operation |
//! | --- | --- | --- |
//! | [`conv2d`] | convolution, bias, activation | `conv2d`, `relu` |
//! | [`linear`] | fully connected layer, bias, activation | `linear`, `relu` |
//! | [`add`] | sum of two tensors, activation | `+`, `relu` |
//! | [`batch_norm`] | batch norm by given statistics, activation | `batch_norm`, `relu` |
//! | [`batch_norm_train`] | batch norm by the batch's own statistics, activation | `batch_norm_train`, `relu` |
//! | [`max_pool2d`] | the largest value of each square | `max_pool2d` |
//! | [`global_average`] | the mean of each channel | `mean_dim` |
//! | [`cross_entropy`] | softmax, cross-entropy, label smoothing | `log_softmax`, `gather`, `mean` |
//!
//! # Threads
//!
//! Work is split over rayon's threads by image or by row, never within a sum: what is summed over a batch is summed over blocks
//! whose size does not depend on the number of threads, and the blocks in their order. The same numbers come out of any
//! number of threads, bit for bit. [`in_parts`] is how a tensor is filled by several, for what else a program makes.
//!
//! A program whose main thread trains does well to make it one of rayon's
//! (`rayon::ThreadPoolBuilder::new().use_current_thread().build_global()`): a thread from outside hands each piece of work
//! over and sleeps until it is woken.
//!
//! # Memory
//!
//! A program that calls [`keep_freed_memory`] first of all trains faster with glibc, whose allocator otherwise returns and
//! fetches the tensors of every update from the system.
//!
//! # Safety
//!
//! Nothing that is public is unsafe. Inside, four things are: handing pointers to the innermost loops of convolutions and
//! products, after every bound was asserted (`tiles.rs`, `tiles/`, `conv2d/transforms.rs`); instructions that not every processor
//! has, which are chosen when they are needed by what the processor says (`lanes.rs`, `wide.rs`); memory that is written
//! part by part (`parts.rs`); and a switch of the system's allocator (`memory.rs`).
//!
//! On processors other than x86-64 with AVX2 or AVX-512, kernels use what the compiler makes of plain loops.

mod activation;
mod add;
mod batch_norm;
mod conv2d;
mod cross_entropy;
mod global_average;
#[cfg(all(feature = "cube", not(feature = "fusion")))]
mod gpu;
mod lanes;
mod linear;
mod max_pool2d;
mod memory;
mod node;
mod optional;
mod parts;
mod primitive;
mod product;
mod real;
mod scratch;
mod sum;
mod tiles;
mod wide;

pub use activation::Activation;
pub use add::add;
pub use batch_norm::{Normalised, batch_norm, batch_norm_train};
pub use conv2d::conv2d;
pub use cross_entropy::cross_entropy;
pub use global_average::global_average;
pub use linear::linear;
pub use max_pool2d::max_pool2d;
pub use memory::keep_freed_memory;
pub use parts::in_parts;
