//! A model's tensors under PyTorch's names and in PyTorch's layout.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{DType, Device, FloatDType, Int, Tensor, TensorData};

use crate::misfit::misfits;
use crate::path::TensorPath;
use crate::{Model, StateDictError};

/// Tensors by name, in the order of the model: what PyTorch's `state_dict()` returns.
///
/// Weights of linear layers are `[outputs, inputs]`, as PyTorch keeps them, and batch norm's `num_batches_tracked` is a
/// scalar of type `I64`.
///
/// ```
/// use burn::tensor::{Device, FloatDType};
/// use models::{ImageShape, ModelConfig};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let shape = ImageShape { channels: 1, height: 8, width: 8 };
/// let ours = ModelConfig::mlp().init(shape, 10, || 0.5, &Device::flex())?;
/// let weights = ours.state_dict();
/// assert_eq!(weights.names().next(), Some("layers.0.weight"));
/// assert_eq!(weights.get("layers.0.weight").map(|data| data.shape().dims()), Some([128, 64]));
///
/// let other = ModelConfig::mlp().init(shape, 10, || 0.1, &Device::flex())?;
/// let same = other.load_state_dict(&weights, Some(FloatDType::F64))?;
/// assert_eq!(same.state_dict().get("head.bias").map(|data| data.iter::<f64>().sum::<f64>()), Some(0.0));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StateDict {
    tensors: Vec<(String, TensorData)>,
}

impl StateDict {
    /// No tensor yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tensor, or replaces the one of that name, which is returned.
    pub fn insert(&mut self, name: impl Into<String>, data: TensorData) -> Option<TensorData> {
        let name = name.into();
        match self.tensors.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => Some(std::mem::replace(known, data)),
            None => {
                self.tensors.push((name, data));
                None
            }
        }
    }

    /// Takes a tensor out.
    pub fn remove(&mut self, name: &str) -> Option<TensorData> {
        let index = self.tensors.iter().position(|(known, _)| known == name)?;
        Some(self.tensors.remove(index).1)
    }

    /// The tensor of that name.
    pub fn get(&self, name: &str) -> Option<&TensorData> {
        let mut tensors = self.iter();
        tensors.find_map(|(known, data)| (known == name).then_some(data))
    }

    /// Every tensor with its name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &TensorData)> {
        self.tensors
            .iter()
            .map(|(name, data)| (name.as_str(), data))
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(name, _)| name)
    }

    /// How many tensors there are.
    pub fn len(&self) -> usize {
        self.tensors.len()
    }

    /// Whether there is no tensor.
    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }
}

impl<Name: Into<String>> FromIterator<(Name, TensorData)> for StateDict {
    fn from_iter<I: IntoIterator<Item = (Name, TensorData)>>(tensors: I) -> Self {
        let mut dict = Self::new();
        for (name, data) in tensors {
            dict.insert(name, data);
        }
        dict
    }
}

impl Model {
    /// Its weights and statistics, read back from the device.
    pub fn state_dict(&self) -> StateDict {
        let mut reading = Reading::default();
        // Statistics that a training pass has left pending are in the copy for evaluation.
        self.valid().visit(&mut reading);
        reading.dict
    }

    /// The model with the weights and statistics of `dict`, which must be all of its own and no other.
    ///
    /// - `float_type`: what its floats are converted to; `None` keeps the type of the tensor that each replaces.
    ///
    /// The model stays on its device, keeps the ids of its parameters and which of them learn, and forgets statistics
    /// that were still pending.
    ///
    /// # Errors
    /// Tensors that are missing, too many, of another shape or no floats, all of them at once.
    pub fn load_state_dict(
        self,
        dict: &StateDict,
        float_type: Option<FloatDType>,
    ) -> Result<Self, StateDictError> {
        let misfits = misfits(&self.state_dict(), dict);
        if !misfits.is_empty() {
            return Err(StateDictError { misfits });
        }
        let learns = self.devices().iter().any(Device::is_autodiff);
        let mut writing = Writing {
            position: TensorPath::default(),
            dict,
            float_type,
        };
        // Pending statistics do not survive the copy for evaluation, and would overwrite those that are loaded.
        let loaded = self.valid().map(&mut writing);
        Ok(if learns { loaded.train() } else { loaded })
    }
}

/// Copies a module's tensors into a [`StateDict`].
#[derive(Default)]
struct Reading {
    position: TensorPath,
    dict: StateDict,
}

impl ModuleVisitor for Reading {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.position.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.position.leave();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        let tensor = if self.position.is_linear_weight() {
            tensor.swap_dims(0, 1)
        } else {
            tensor
        };
        self.dict.insert(self.position.name(), tensor.into_data());
    }

    fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
        let values = param.val().into_data().iter::<i64>().collect();
        // The only integers of a network are batch norm's counters, which are scalars in PyTorch.
        let counter = TensorData::new(values, Vec::<usize>::new());
        self.dict.insert(self.position.name(), counter);
    }
}

/// Puts the tensors of a [`StateDict`] that fits into a module.
struct Writing<'a> {
    position: TensorPath,
    dict: &'a StateDict,
    float_type: Option<FloatDType>,
}

impl ModuleMapper for Writing<'_> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.position.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.position.leave();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(data) = self.dict.get(&self.position.name()) else {
            return param;
        };
        let is_linear_weight = self.position.is_linear_weight();
        param.map(|own| {
            let options = (
                &own.device(),
                self.float_type.map_or(own.dtype(), DType::from),
            );
            let tensor = Tensor::from_data(data.clone(), options);
            if is_linear_weight {
                // Through the host, so that it lies in memory as a drawn one does, and gives the same bits.
                Tensor::from_data(tensor.swap_dims(0, 1).into_data(), options)
            } else {
                tensor
            }
        })
    }

    fn map_int<const D: usize>(&mut self, param: Param<Tensor<D, Int>>) -> Param<Tensor<D, Int>> {
        let Some(data) = self.dict.get(&self.position.name()) else {
            return param;
        };
        param.map(|own| {
            let counter = TensorData::new(data.iter::<i64>().collect(), own.dims());
            Tensor::from_data(counter, (&own.device(), own.dtype()))
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::{ImageShape, ModelConfig, Pass};

    const SHAPE: ImageShape = ImageShape {
        channels: 1,
        height: 12,
        width: 13,
    };

    fn model(config: &ModelConfig, seed: f64, device: &Device) -> Model {
        let mut number = seed;
        let uniform = || {
            number = (number * 997.0 + 0.123) % 1.0;
            number
        };
        config.init(SHAPE, 5, uniform, device).unwrap()
    }

    fn images() -> Tensor<4> {
        let values: Vec<f32> = (0..3 * SHAPE.values())
            .map(|index| (index as f32).sin())
            .collect();
        let shape = [3, SHAPE.channels, SHAPE.height, SHAPE.width];
        Tensor::from_data(TensorData::new(values, shape), &Device::flex())
    }

    #[derive(Default)]
    struct Ids(Vec<(u64, bool)>);

    impl ModuleVisitor for Ids {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.push((param.id.val(), param.is_require_grad()));
        }
    }

    fn ids(model: &Model) -> Vec<(u64, bool)> {
        let mut ids = Ids::default();
        model.visit(&mut ids);
        ids.0
    }

    #[test]
    fn a_loaded_model_computes_what_the_first_one_did() {
        let configs = [
            ModelConfig::mlp(),
            ModelConfig::LeNet5,
            ModelConfig::Cnn {
                widths: vec![3, 4],
                hidden: vec![5],
            },
            ModelConfig::ConvNet { widths: vec![3, 4] },
            ModelConfig::ResNet { depth: 8 },
        ];
        for config in configs {
            let first = model(&config, 0.1, &Device::flex());
            // So that running statistics are others than those that every model begins with.
            first.forward_as(images(), Pass::Training, None);
            let other = model(&config, 0.2, &Device::flex().autodiff());
            let other = other.freeze_parameters(&["head".to_owned()]).unwrap();
            let images = images();
            other.forward_as(images.clone().autodiff(), Pass::Training, None);
            let before = ids(&other);
            let loaded = other.load_state_dict(&first.state_dict(), None).unwrap();
            assert_eq!(loaded.state_dict(), first.state_dict());
            assert_eq!(ids(&loaded), before);
            let logits = |model: &Model| model.forward(images.clone()).into_data();
            assert_eq!(logits(&loaded.valid()), logits(&first));
        }
    }

    #[test]
    fn names_and_shapes_of_statistics_are_those_of_pytorch() {
        let config = ModelConfig::ResNet { depth: 8 };
        let model = model(&config, 0.1, &Device::flex());
        let before = model.state_dict();
        model.forward_as(images(), Pass::Training, None);
        let after = model.state_dict();
        let norm = |dict: &StateDict, last: &str| {
            let data = dict.get(&format!("blocks.1.project.norm.{last}")).unwrap();
            (data.shape().to_vec(), data.iter::<f64>().next().unwrap())
        };
        assert_eq!(norm(&before, "running_mean"), (vec![32], 0.0));
        assert_eq!(norm(&before, "running_var"), (vec![32], 1.0));
        assert_eq!(norm(&before, "num_batches_tracked"), (vec![], 0.0));
        assert_eq!(norm(&after, "num_batches_tracked"), (vec![], 1.0));
        assert_ne!(norm(&after, "running_mean"), norm(&before, "running_mean"));
        let tracked = after.get("norm.num_batches_tracked").unwrap();
        assert_eq!(tracked.dtype(), DType::I64);
        // 7 convolutions and 2 shortcuts, with a norm of 5 tensors each, and the head.
        assert_eq!(after.len(), 9 * 6 + 2);
    }

    #[test]
    fn a_linear_weight_lies_the_other_way_round() {
        let hidden = Vec::new();
        let shape = ImageShape {
            channels: 1,
            height: 1,
            width: 3,
        };
        let config = ModelConfig::Mlp { hidden };
        let model = config.init(shape, 2, || 0.5, &Device::flex()).unwrap();
        let weight = TensorData::new(vec![1.0_f64, 2.0, 3.0, 10.0, 20.0, 30.0], [2, 3]);
        let bias = TensorData::new(vec![0.5_f64, -0.5], [2]);
        let dict = StateDict::from_iter([("head.weight", weight), ("head.bias", bias)]);
        let model = model.load_state_dict(&dict, Some(FloatDType::F64)).unwrap();
        assert_eq!(model.state_dict(), dict);

        let pixels = TensorData::new(vec![1.0_f64, 10.0, 100.0], [1, 1, 1, 3]);
        let pixels = Tensor::from_data(pixels, (&Device::flex(), DType::F64));
        let logits = model.forward(pixels).into_data();
        // 1·1 + 2·10 + 3·100 + 0.5 and 10·1 + 20·10 + 30·100 − 0.5
        assert_eq!(logits.as_slice::<f64>().unwrap(), [321.5, 3209.5]);
    }

    #[test]
    fn every_tensor_that_does_not_fit_is_listed() {
        let model = model(&ModelConfig::LeNet5, 0.1, &Device::flex());
        let mut dict = model.state_dict();
        dict.remove("conv2.bias").unwrap();
        dict.insert("head.weight", TensorData::zeros::<f32, _>([7, 84]));
        dict.insert("head.bias", TensorData::zeros::<i64, _>([5]));
        dict.insert("fc3.bias", TensorData::zeros::<f32, _>([84]));
        let error = model.load_state_dict(&dict, None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "4 tensors do not fit the model:\n  conv2.bias: missing, must be [16]\n  \
             head.weight: [7, 84], must be [5, 84]\n  head.bias: of type I64, must be floats\n  \
             fc3.bias: [84], and the model has no such tensor"
        );
    }
}
