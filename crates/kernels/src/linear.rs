//! Fully connected layers.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, NodeGuard, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn::tensor::activation::relu;

use crate::Activation;
use crate::activation::masked;
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
/// their own of the bias, of the activation and of its gradient.
///
/// Outputs and the gradient of the input are split over the threads by rows of the batch, the gradient of the weight by
/// its rows, into parts that do not depend on the number of threads.
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
        return match activation {
            Activation::Identity => output,
            Activation::Relu => relu(output),
        };
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
        let bias = match bias {
            Optional::Present(bias) => Some(bias),
            Optional::Absent => None,
        };
        Layer::new(input, weight, activation).forward(bias)
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
                tracked::<C, 3>(layer, Some(bias), [of_input, of_weight, of_bias])
            }
            Optional::Absent => tracked::<C, 2>(layer, None, [of_input, of_weight]),
        }
    }
}

/// A layer whose gradients go to so many nodes.
fn tracked<C: CheckpointStrategy, const N: usize>(
    mut layer: Layer,
    bias: Option<Primitive>,
    nodes: [NodeGuard; N],
) -> FloatTensor<Autodiff<Flex, C>> {
    match Backward::<Flex, N>::prepare::<C>(LinearNode, nodes)
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(node) => {
            let output = layer.forward(bias);
            if layer.activation != Activation::Identity {
                layer.output = Some(output.clone());
            }
            node.finish(layer, output)
        }
        OpsKind::UnTracked(node) => node.finish(layer.forward(bias)),
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

    fn forward(&self, bias: Option<Primitive>) -> Primitive {
        let bias = bias.map(contiguous);
        for_type_of!(self.input, forward_in(self, bias.as_ref()))
    }

    /// Rows of the batch, inputs and outputs.
    fn sizes(&self) -> [usize; 3] {
        let [batch, inputs] = shape(&self.input);
        let [_, outputs] = shape(&self.weight);
        [batch, inputs, outputs]
    }
}

/// The parts that a matrix's rows are split into: enough for a few threads, and of at least a few rows, since each part
/// reads all of the other matrix.
fn rows_of_part(rows: usize) -> usize {
    rows.div_ceil(8).max(16)
}

/// `left · right`, split over the threads by rows, added to what `begin` puts in each part and then given to `end`.
fn product<F: Real>(
    [rows, columns]: [usize; 2],
    left: Matrix<'_, F>,
    right: Matrix<'_, F>,
    begin: impl Fn(&mut [F]) + Sync,
    end: impl Fn(&mut [F]) + Sync,
) -> Primitive {
    let rows_of_part = rows_of_part(rows);
    let size = rows_of_part * columns;
    let product = in_parts(rows * columns, size, |index, part| {
        begin(part);
        let left = left.rows(index * rows_of_part, part.len() / columns);
        add_product(part, left, right);
        end(part);
    });
    tensor(product, [rows, columns])
}

fn forward_in<F: Real>(layer: &Layer, bias: Option<&Primitive>) -> Primitive {
    let [batch, inputs, outputs] = layer.sizes();
    let bias = bias.map(values::<F>);
    product(
        [batch, outputs],
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

/// What autodiff does in the backward pass.
#[derive(Debug)]
struct LinearNode;

impl<const N: usize> Backward<Flex, N> for LinearNode {
    type State = Layer;

    fn backward(
        self,
        ops: Ops<Layer, N>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let gradient = gradients.consume::<Flex>(&ops.node);
        let gradient = masked(contiguous(gradient), ops.state.output.as_ref());
        for (operand, parent) in ops.parents.into_iter().enumerate() {
            if let Some(parent) = parent {
                let of_parent = for_type_of!(gradient, gradient_in(&ops.state, operand, &gradient));
                gradients.register::<Flex>(parent.id, of_parent);
            }
        }
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
            product(
                [batch, inputs],
                gradient,
                weight.transposed(),
                |_| (),
                |_| (),
            )
        }
        1 => {
            let input = Matrix::new(values(&layer.input), batch, inputs);
            product(
                [inputs, outputs],
                input.transposed(),
                gradient,
                |_| (),
                |_| (),
            )
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
