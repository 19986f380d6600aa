//! A tensor that may be missing.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, ExtensionType};

/// What `Option` would be, if Burn's extensions took one.
#[derive(ExtensionType)]
pub(crate) enum Optional<B: Backend> {
    Present(FloatTensor<B>),
    Absent,
}
