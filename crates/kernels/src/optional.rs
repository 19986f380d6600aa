//! A tensor that may be missing.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, ExtensionType, Flex};

use crate::primitive::Primitive;

/// What `Option` would be, if Burn's extensions took one.
#[derive(ExtensionType)]
pub(crate) enum Optional<B: Backend> {
    Present(FloatTensor<B>),
    Absent,
}

impl Optional<Flex> {
    pub(crate) fn into_option(self) -> Option<Primitive> {
        match self {
            Self::Present(tensor) => Some(tensor),
            Self::Absent => None,
        }
    }
}
