//! Weights and images that need no file: `record.py` says what they are.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, FloatDType, Int, Tensor, TensorData};
use models::{ImageShape, Model, ModelConfig};

/// sin((offset + k)²) for k = 1 … count.
fn waves(count: usize, offset: usize) -> impl Iterator<Item = f64> {
    (offset + 1..=offset + count).map(|k| {
        let k = k as f64;
        (k * k).sin()
    })
}

/// The recorded network.
pub(crate) fn model(
    config: &ModelConfig,
    shape: ImageShape,
    classes: usize,
    dtype: FloatDType,
    device: &Device,
) -> Model {
    let model = config.init(shape, classes, || 0.5, device).unwrap();
    // In double precision first, so that no weight is rounded twice.
    let model = model.to_dtype(FloatDType::F64);
    let mut weights = Weights {
        used: 0,
        path: Vec::new(),
    };
    let model = model.map(&mut weights);
    assert_eq!(weights.used, model.parameter_count());
    model.to_dtype(dtype)
}

/// The recorded images of a batch, `[count, channels, height, width]`.
pub(crate) fn images(
    shape: ImageShape,
    count: usize,
    offset: usize,
    dtype: FloatDType,
    device: &Device,
) -> Tensor<4> {
    let values: Vec<f64> = waves(count * shape.values(), offset).collect();
    let shape = [count, shape.channels, shape.height, shape.width];
    Tensor::from_data(TensorData::new(values, shape), (device, dtype.into()))
}

/// The recorded labels of a batch.
pub(crate) fn labels(count: usize, classes: usize, device: &Device) -> Tensor<1, Int> {
    let labels: Vec<i32> = (0..count)
        .map(|index| (3 * index % classes) as i32)
        .collect();
    Tensor::from_data(TensorData::new(labels, [count]), device)
}

struct Weights {
    used: usize,
    path: Vec<String>,
}

impl ModuleMapper for Weights {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.last().unwrap().clone();
        if name.starts_with("running_") {
            return param;
        }
        let dims = param.dims();
        let count: usize = dims.iter().product();
        let waves = waves(count, self.used);
        self.used += count;
        param.map(|tensor| {
            // A linear layer's weight lies the other way round in Burn.
            let pytorch = if D == 2 {
                [dims[1], dims[0]].to_vec()
            } else {
                dims.to_vec()
            };
            let inputs: usize = pytorch[1..].iter().product();
            let values: Vec<f64> = match (D, &*name) {
                (1, "weight") => waves.map(|x| 1.0 + x / 4.0).collect(),
                (1, _) => waves.map(|x| x / 10.0).collect(),
                _ => waves.map(|x| 2.0 * x / (inputs as f64).sqrt()).collect(),
            };
            let options = (&tensor.device(), tensor.dtype());
            let values = Tensor::<D>::from_data(TensorData::new(values, pytorch), options);
            let values = if D == 2 {
                values.swap_dims(0, 1)
            } else {
                values
            };
            values.set_require_grad(tensor.is_require_grad())
        })
    }
}
