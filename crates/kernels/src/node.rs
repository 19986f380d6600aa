//! A kernel's node in autodiff's graph.

use std::fmt::Debug;
use std::marker::PhantomData;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads;
use burn::backend::autodiff::ops::{Backward, NodeGuard, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Flex};

use crate::primitive::{Primitive, contiguous};

/// What a forward pass leaves for the backward pass of a kernel with `N` operands.
pub(crate) trait Gradients<const N: usize>: Clone + Debug + Send + 'static {
    /// The gradient of each operand that is `wanted`, of that of the output, whose values lie one after the other.
    fn gradients(self, gradient: Primitive, wanted: [bool; N]) -> [Option<Primitive>; N];
}

/// An output whose gradients go to `nodes`, those of its operands.
pub(crate) fn tracked<C: CheckpointStrategy, G: Gradients<N>, const N: usize>(
    nodes: [NodeGuard; N],
    (output, state): (Primitive, G),
) -> FloatTensor<Autodiff<Flex, C>> {
    tracked_by::<C, _, _, N>(Node(PhantomData::<fn() -> G>), nodes, (output, state))
}

/// The same on any backend, for an operation that has a backward pass of its own.
pub(crate) fn tracked_by<C: CheckpointStrategy, B: Backend, O: Backward<B, N>, const N: usize>(
    operation: O,
    nodes: [NodeGuard; N],
    (output, state): (FloatTensor<B>, O::State),
) -> FloatTensor<Autodiff<B, C>> {
    match operation.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(node) => node.finish(state, output),
        OpsKind::UnTracked(node) => node.finish(output),
    }
}

/// What autodiff does in the backward pass.
#[derive(Debug)]
struct Node<G>(PhantomData<fn() -> G>);

impl<G: Gradients<N>, const N: usize> Backward<Flex, N> for Node<G> {
    type State = G;

    fn backward(
        self,
        ops: Ops<G, N>,
        gradients: &mut grads::Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let gradient = contiguous(gradients.consume::<Flex>(&ops.node));
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let of_operands = ops.state.gradients(gradient, wanted);
        for (parent, of_operand) in ops.parents.into_iter().zip(of_operands) {
            if let (Some(parent), Some(of_operand)) = (parent, of_operand) {
                gradients.register::<Flex>(parent.id, of_operand);
            }
        }
    }
}
