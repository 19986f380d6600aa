//! State of a module that is saved with it and not trained.

use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::module::{
    Content, Devices, Module, ModuleDisplay, ModuleDisplayDefault, ModuleMapper, ModuleVisitor,
    Param, Parameter,
};
use burn::tensor::{Device, Tensor, kind};

/// A tensor that a forward pass may replace, such as batch norm's running mean.
///
/// It is there at once for whoever looks: a record, a clone or a validation model taken after the pass holds the new
/// value, and a load replaces it whole, since nothing waits to be merged. A clone has a value of its own, where
/// Burn's `RunningState` would share one. So does a module forked to another device: what it sees there stays there.
///
/// Visitors and mappers meet it as a parameter that asks for no gradient.
pub(crate) struct Buffer<T: Parameter> {
    value: Mutex<Param<T>>,
}

/// A tensor that can be kept without a gradient.
pub(crate) trait Untrained: Parameter {
    /// The same parameter, asking for no gradient now or later.
    fn untrained(param: Param<Self>) -> Param<Self>;
}

impl<const D: usize> Untrained for Tensor<D> {
    fn untrained(param: Param<Self>) -> Param<Self> {
        param.set_require_grad(false)
    }
}

impl<const D: usize> Untrained for Tensor<D, kind::Int> {
    fn untrained(param: Param<Self>) -> Param<Self> {
        param
    }
}

impl<T: Untrained> Buffer<T> {
    pub(crate) fn new(value: Param<T>) -> Self {
        Self {
            value: Mutex::new(T::untrained(value)),
        }
    }

    /// The current value.
    pub(crate) fn value(&self) -> T {
        self.lock().val()
    }

    /// Puts what `next` makes of the current value in its place.
    pub(crate) fn replace(&self, next: impl FnOnce(T) -> T) {
        let mut value = self.lock();
        *value = value.clone().map(next);
    }
}

impl<T: Parameter> Buffer<T> {
    /// A thread that panicked while it held the lock left the old value or the new one.
    fn lock(&self) -> MutexGuard<'_, Param<T>> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn into_param(self) -> Param<T> {
        let value = self.value.into_inner();
        value.unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Parameter> Clone for Buffer<T> {
    fn clone(&self) -> Self {
        Self {
            value: Mutex::new(self.lock().clone()),
        }
    }
}

impl<T: Parameter> std::fmt::Debug for Buffer<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_tuple("Buffer")
            .field(&*self.lock())
            .finish()
    }
}

impl<T: Untrained> Module for Buffer<T>
where
    Param<T>: Module,
{
    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        self.lock().visit(visitor);
    }

    fn map<M: ModuleMapper>(self, mapper: &mut M) -> Self {
        Self::new(Module::map(self.into_param(), mapper))
    }

    fn collect_devices(&self, devices: Devices) -> Devices {
        self.lock().collect_devices(devices)
    }

    fn to_device(self, device: &Device) -> Self {
        Self::new(self.into_param().to_device(device))
    }

    fn fork(self, device: &Device) -> Self {
        Self::new(self.into_param().fork(device))
    }

    fn valid(&self) -> Self {
        Self::new(self.lock().valid())
    }

    fn train(self) -> Self {
        Self::new(self.into_param().train())
    }

    fn materialize(self) -> Self {
        self
    }
}

impl<T: Parameter> ModuleDisplayDefault for Buffer<T> {
    fn content(&self, content: Content) -> Option<Content> {
        let shape = self.lock().lazy_shape();
        content
            .add_formatted(&format!("Buffer {{shape: {:?}}}", shape.as_slice()))
            .optional()
    }
}

impl<T: Parameter> ModuleDisplay for Buffer<T> {}
