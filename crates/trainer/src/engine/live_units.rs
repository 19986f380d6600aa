//! How many hidden units still learn.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use models::Model;

/// The share of hidden units that `gradients` have something for; nothing if there is no hidden unit that learns.
///
/// A unit is an element of a bias (or of batch norm's weight and bias) below the head. A ReLU that is off for every image
/// of the batch hands nothing down, so its unit's gradient is exactly 0; so is that of units whose only way to the loss
/// leads through such.
pub(super) fn live_units(model: &Model, gradients: &GradientsParams) -> Option<f64> {
    let mut count = Count {
        gradients,
        path: Vec::new(),
        live: 0,
        units: 0,
    };
    model.visit(&mut count);
    (count.units > 0).then(|| count.live as f64 / count.units as f64)
}

struct Count<'a> {
    gradients: &'a GradientsParams,
    path: Vec<String>,
    live: usize,
    units: usize,
}

impl ModuleVisitor for Count<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if D != 1 || self.path.iter().any(|name| name == "head") {
            return;
        }
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            let gradient = gradient.into_data();
            self.units += gradient.num_elements();
            self.live += gradient.iter::<f64>().filter(|value| *value != 0.0).count();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use burn::module::ModuleMapper;
    use burn::tensor::{Device, TensorData};
    use burn::train::TrainStep;
    use models::{ImageBatch, ImageShape, ModelConfig};

    /// Sets the biases of the first layer.
    struct Bias(Vec<f32>, Vec<String>);

    impl ModuleMapper for Bias {
        fn enter_module(&mut self, name: &str, _container_type: &str) {
            self.1.push(name.to_owned());
        }

        fn exit_module(&mut self, _name: &str, _container_type: &str) {
            self.1.pop();
        }

        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            if !self.1.join(".").ends_with("layers.0.bias") {
                return param;
            }
            let values = TensorData::new(self.0.clone(), [self.0.len()]);
            param.map(|bias| Tensor::from_data(values, &bias.device()).require_grad())
        }
    }

    #[test]
    fn a_unit_that_is_off_for_every_image_is_dead() {
        let device = Device::flex().autodiff();
        let shape = ImageShape {
            channels: 1,
            height: 2,
            width: 2,
        };
        let config = ModelConfig::Mlp { hidden: vec![4] };
        let mut numbers = (1..).map(|count| f64::from(count) * 0.618 % 1.0);
        let model = config
            .init(shape, 3, || numbers.next().unwrap(), &device)
            .unwrap();
        // Far above and far below what four pixels of 1 can make up for.
        let model = model.map(&mut Bias(vec![50.0, -50.0, 50.0, 50.0], Vec::new()));
        let images = Tensor::ones([5, 1, 2, 2], &device);
        let labels = Tensor::from_data([0, 1, 2, 0, 1], &device);
        let output = TrainStep::step(&model, ImageBatch::new(images, labels));
        assert_eq!(live_units(&model, &output.grads), Some(0.75));
    }

    #[test]
    fn without_hidden_units_there_is_no_share() {
        let device = Device::flex().autodiff();
        let shape = ImageShape {
            channels: 1,
            height: 2,
            width: 2,
        };
        let config = ModelConfig::Mlp { hidden: vec![] };
        let model = config.init(shape, 3, || 0.5, &device).unwrap();
        let images = Tensor::ones([1, 1, 2, 2], &device);
        let batch = ImageBatch::new(images, Tensor::from_data([0], &device));
        let output = TrainStep::step(&model, batch);
        assert_eq!(live_units(&model, &output.grads), None);
    }
}
