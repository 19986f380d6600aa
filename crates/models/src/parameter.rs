//! What a model learns, tensor by tensor and layer by layer.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;

use crate::Model;
use crate::path::TensorPath;

/// One tensor that a model learns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// PyTorch's name, such as `layers.0.weight`.
    pub name: String,
    /// Burn's path, as `ParamGroup` takes it: the name below the variant of [`Model`], such as `Mlp.layers.0.weight`.
    pub path: String,
    /// How many numbers it holds.
    pub values: usize,
}

impl Model {
    /// Every tensor that is learned, from the input to the head. Batch norm's statistics are not.
    pub fn parameters(&self) -> Vec<Parameter> {
        let mut listing = Listing::default();
        self.visit(&mut listing);
        listing.parameters
    }

    /// The parameters of each layer, from the input to the head: for learning rates that differ by depth.
    ///
    /// A layer is what the definition numbers (`layers.0`, `stages.1`, `blocks.2`), or else a member of the network
    /// (`conv1`, `head`); a norm belongs to the layer before it.
    pub fn layers(&self) -> Vec<Vec<Parameter>> {
        let mut layers: Vec<Vec<Parameter>> = Vec::new();
        let mut current = None;
        for parameter in self.parameters() {
            let layer = Some(layer_of(&parameter.name).to_owned());
            let is_norm = parameter.name.starts_with("norm");
            match layers.last_mut() {
                Some(last) if layer == current || is_norm => last.push(parameter),
                _ => {
                    layers.push(vec![parameter]);
                    current = layer;
                }
            }
        }
        layers
    }
}

/// The part of a parameter's name that all of its layer share.
fn layer_of(name: &str) -> &str {
    let mut ends = name.match_indices('.').map(|(index, _)| index);
    let first = ends.next().unwrap_or(name.len());
    let second = ends.next().unwrap_or(name.len());
    match name.get(first + 1..second) {
        Some(index) if index.parse::<usize>().is_ok() => &name[..second],
        _ => &name[..first],
    }
}

/// Whether `name` is of a statistic that batch norm counts along.
fn is_buffer(name: &str) -> bool {
    let last = name.rsplit('.').next();
    last.is_some_and(|last| ["running_mean", "running_var", "num_batches_tracked"].contains(&last))
}

#[derive(Default)]
struct Listing {
    position: TensorPath,
    parameters: Vec<Parameter>,
}

impl ModuleVisitor for Listing {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.position.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.position.leave();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = self.position.name();
        if !is_buffer(&name) {
            self.parameters.push(Parameter {
                name,
                path: self.position.path(),
                values: param.dims().iter().product(),
            });
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::{ImageShape, ModelConfig};
    use burn::tensor::Device;

    #[test]
    fn layers_go_from_the_input_to_the_head() {
        let shape = ImageShape {
            channels: 1,
            height: 28,
            width: 28,
        };
        let widths = vec![3, 4];
        let cases = [
            (ModelConfig::mlp(), &["layers.0", "layers.1", "head"][..]),
            (
                ModelConfig::LeNet5,
                &["conv1", "conv2", "fc1", "fc2", "head"],
            ),
            (
                ModelConfig::cnn(),
                &["convs.0", "convs.1", "layers.0", "head"],
            ),
            (
                ModelConfig::ConvNet { widths },
                &["stages.0", "stages.1", "head"],
            ),
            (
                ModelConfig::ResNet { depth: 8 },
                &["conv", "blocks.0", "blocks.1", "blocks.2", "head"],
            ),
        ];
        for (config, expected) in cases {
            let model = config.init(shape, 10, || 0.5, &Device::flex()).unwrap();
            let layers = model.layers();
            let names: Vec<&str> = layers
                .iter()
                .map(|layer| layer_of(&layer[0].name))
                .collect();
            assert_eq!(names, expected);
            assert_eq!(layers.concat(), model.parameters());
            let values: usize = model.parameters().iter().map(|each| each.values).sum();
            assert_eq!(values, model.parameter_count());
            let first = &layers[0][0];
            assert!(first.path.ends_with(&format!(".{}", first.name)));
        }
    }

    #[test]
    fn a_layer_is_what_the_definition_numbers() {
        let cases = [
            ("layers.0.weight", "layers.0"),
            ("blocks.12.project.norm.bias", "blocks.12"),
            ("head.bias", "head"),
            ("conv1.weight", "conv1"),
            ("weight", "weight"),
        ];
        for (name, layer) in cases {
            assert_eq!(layer_of(name), layer);
        }
        assert!(is_buffer("stages.0.norm1.running_var") && !is_buffer("stages.0.norm1.bias"));
    }
}
