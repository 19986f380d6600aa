//! Fully connected layers.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;

use crate::Activation;
use crate::activation::masked;
use crate::node::{Gradients, tracked};
use crate::optional::Optional;
use crate::parts::in_parts;
use crate::primitive::{Primitive, contiguous, for_type_of, is_computed, shape, tensor, values};
use crate::product::{Matrix, add_product};
use crate::real::Real;

/// Multiplies `[batch, inputs]` by a weight `[inputs, outputs]`, as Burn lays it out (PyTorch's is the transpose), adds
/// the bias `[outputs]` and applies the activation.
///
/// ```text
/// y[b, o] = activation(bias[o] + Σ_i x[b, i] · weight[i, o])
/// ```
///
/// The bias is where the product is added to, and the activation follows while a part of the output is in the cache.
/// The gradients' products read the transposed matrices where they lie; Burn's flex copies them, and makes passes of
/// their own of the bias, of the activation and of its gradient. Products are made of the tiles that a convolution's
/// weight gradient has, too (`product.rs`).
///
/// Outputs and the gradient of the input are split over the threads by rows of the batch, the gradient of the weight by
/// its rows. No number depends on how.
///
/// # Panics
/// If the shapes do not fit each other.
pub fn linear(
    input: Tensor<2>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
    activation: Activation,
) -> Tensor<2> {
    let alike = |dtype| dtype == input.dtype();
    let computed = is_computed(&input)
        && alike(weight.dtype())
        && bias.as_ref().is_none_or(|bias| alike(bias.dtype()));
    if !computed {
        let output = burn::tensor::module::linear(input, weight, bias);
        return activation.by_operations(output);
    }
    let ([_, inputs], [rows, outputs]) = (input.dims(), weight.dims());
    assert_eq!(
        inputs, rows,
        "linear: an input of {inputs} values and a weight of {rows} rows: there must be a row for each value"
    );
    let bias = match bias {
        Some(bias) => {
            assert_eq!(
                bias.dims(),
                [outputs],
                "linear: the bias must have a value for each output"
            );
            Optional::Present(bias.into_dispatch())
        }
        None => Optional::Absent,
    };
    Tensor::from_dispatch(<Dispatch as LinearKernel>::connect(
        input.into_dispatch(),
        weight.into_dispatch(),
        bias,
        activation,
    ))
}

#[backend_extension(Flex, Autodiff)]
pub(crate) trait LinearKernel: Backend {
    fn connect(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        #[extension_type] bias: Optional<Self>,
        activation: Activation,
    ) -> FloatTensor<Self>;
}

impl LinearKernel for Flex {
    fn connect(
        input: Primitive,
        weight: Primitive,
        bias: Optional<Self>,
        activation: Activation,
    ) -> Primitive {
        let layer = Layer::new(input, weight, activation);
        layer.forward(bias.into_option()).0
    }
}

impl<C: CheckpointStrategy> LinearKernel for Autodiff<Flex, C> {
    fn connect(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: Optional<Self>,
        activation: Activation,
    ) -> FloatTensor<Self> {
        let (input, of_input) = input.into_parts();
        let (weight, of_weight) = weight.into_parts();
        let layer = Layer::new(input, weight, activation);
        match bias {
            Optional::Present(bias) => {
                let (bias, of_bias) = bias.into_parts();
                tracked::<C, _, 3>([of_input, of_weight, of_bias], layer.forward(Some(bias)))
            }
            Optional::Absent => tracked::<C, _, 2>([of_input, of_weight], layer.forward(None)),
        }
    }
}

/// A layer, and what its gradients need.
#[derive(Debug, Clone)]
struct Layer {
    input: Primitive,
    weight: Primitive,
    activation: Activation,
    /// The output, where the activation's gradient depends on it.
    output: Option<Primitive>,
}

impl Layer {
    fn new(input: Primitive, weight: Primitive, activation: Activation) -> Self {
        Self {
            input: contiguous(input),
            weight: contiguous(weight),
            activation,
            output: None,
        }
    }

    /// The output, and the layer with what its gradients need of it.
    fn forward(mut self, bias: Option<Primitive>) -> (Primitive, Self) {
        let bias = bias.map(contiguous);
        let output = for_type_of!(self.input, forward_in(&self, bias.as_ref()));
        if self.activation != Activation::Identity {
            self.output = Some(output.clone());
        }
        (output, self)
    }

    /// Rows of the batch, inputs and outputs.
    fn sizes(&self) -> [usize; 3] {
        let [batch, inputs] = shape(&self.input);
        let [_, outputs] = shape(&self.weight);
        [batch, inputs, outputs]
    }
}

/// Multiplications that are worth another thread's while.
const WORTH_A_THREAD: usize = 1 << 18;

/// The rows that a thread takes at a time: few parts, since each reads all of the other matrix.
fn rows_of_part(rows: usize, columns: usize, depth: usize) -> usize {
    let parts = (rows * columns * depth / WORTH_A_THREAD).min(rayon::current_num_threads());
    rows.div_ceil(parts.max(1)).next_multiple_of(16)
}

/// `left · right`, split over the threads by rows, added to what `begin` puts in each part and then given to `end`.
fn product<F: Real>(
    left: Matrix<'_, F>,
    right: Matrix<'_, F>,
    begin: impl Fn(&mut [F]) + Sync,
    end: impl Fn(&mut [F]) + Sync,
) -> Primitive {
    let [rows, depth, columns] = [left.rows(), left.columns(), right.columns()];
    let rows_of_part = rows_of_part(rows, columns, depth);
    let size = rows_of_part * columns;
    let product = in_parts(rows * columns, size, |index, part| {
        begin(part);
        let left = left.part(index * rows_of_part, part.len() / columns);
        add_product(part, left, right);
        end(part);
    });
    tensor(product, [rows, columns])
}

fn forward_in<F: Real>(layer: &Layer, bias: Option<&Primitive>) -> Primitive {
    let [batch, inputs, outputs] = layer.sizes();
    let bias = bias.map(values::<F>);
    product(
        Matrix::new(values(&layer.input), batch, inputs),
        Matrix::new(values(&layer.weight), inputs, outputs),
        |part| {
            if let Some(bias) = bias {
                for row in part.chunks_exact_mut(outputs) {
                    row.copy_from_slice(bias);
                }
            }
        },
        |part| layer.activation.apply(part),
    )
}

impl<const N: usize> Gradients<N> for Layer {
    fn gradients(self, gradient: Primitive, wanted: [bool; N]) -> [Option<Primitive>; N] {
        let gradient = masked(gradient, self.output.as_ref());
        std::array::from_fn(|operand| {
            wanted[operand].then(|| for_type_of!(gradient, gradient_in(&self, operand, &gradient)))
        })
    }
}

/// The gradient of the input (0), the weight (1) or the bias (2).
fn gradient_in<F: Real>(layer: &Layer, operand: usize, gradient: &Primitive) -> Primitive {
    let [batch, inputs, outputs] = layer.sizes();
    let rows = values::<F>(gradient);
    let gradient = Matrix::new(rows, batch, outputs);
    match operand {
        0 => {
            let weight = Matrix::new(values(&layer.weight), inputs, outputs);
            product(gradient, weight.transposed(), |_| (), |_| ())
        }
        1 => {
            let input = Matrix::new(values(&layer.input), batch, inputs);
            product(input.transposed(), gradient, |_| (), |_| ())
        }
        _ => {
            let mut sum = vec![F::ZERO; outputs];
            for row in rows.chunks_exact(outputs) {
                for (sum, value) in sum.iter_mut().zip(row) {
                    *sum += *value;
                }
            }
            tensor(sum, [outputs])
        }
    }
}
