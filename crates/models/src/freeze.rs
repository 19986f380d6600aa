//! Parameters that stay as they are.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::Tensor;

use crate::Model;
use crate::path::TensorPath;

/// A choice of parameters that cannot be frozen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FreezeError {
    /// A pattern that no parameter's name contains.
    #[error("no parameter's name contains {pattern:?}")]
    NoMatch {
        /// The pattern.
        pattern: String,
        /// The names of all parameters.
        names: Vec<String>,
    },
    /// Nothing is left to learn.
    #[error("{patterns:?} freeze every parameter, and nothing is left to learn")]
    Everything {
        /// The patterns.
        patterns: Vec<String>,
    },
}

impl Model {
    /// Stops the learning of every parameter whose name contains one of `patterns`, such as `layers.0`.
    ///
    /// A frozen parameter gets no gradient, and so no update, weight decay included. Batch norm's statistics are no
    /// parameters, and follow the batches of a training pass all the same, as in PyTorch.
    ///
    /// # Errors
    /// A pattern that matches nothing, or patterns that together match everything.
    pub fn freeze_parameters(self, patterns: &[String]) -> Result<Self, FreezeError> {
        if patterns.is_empty() {
            return Ok(self);
        }
        let parameters = self.parameters();
        let names = parameters.into_iter().map(|parameter| parameter.name);
        let names: Vec<String> = names.collect();
        for pattern in patterns {
            if !names.iter().any(|name| name.contains(pattern.as_str())) {
                return Err(FreezeError::NoMatch {
                    pattern: pattern.clone(),
                    names,
                });
            }
        }
        if names.iter().all(|name| contains_any(name, patterns)) {
            return Err(FreezeError::Everything {
                patterns: patterns.to_vec(),
            });
        }
        Ok(self.map(&mut Freeze {
            patterns,
            position: TensorPath::default(),
        }))
    }
}

fn contains_any(name: &str, patterns: &[String]) -> bool {
    let mut patterns = patterns.iter();
    patterns.any(|pattern| name.contains(pattern.as_str()))
}

struct Freeze<'a> {
    patterns: &'a [String],
    position: TensorPath,
}

impl ModuleMapper for Freeze<'_> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.position.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.position.leave();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if contains_any(&self.position.name(), self.patterns) {
            param.set_require_grad(false)
        } else {
            param
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::{ImageBatch, ImageShape, ModelConfig};
    use burn::tensor::{Device, Tensor};
    use burn::train::TrainStep;

    fn model() -> Model {
        let shape = ImageShape {
            channels: 1,
            height: 2,
            width: 2,
        };
        let device = Device::flex().autodiff();
        let mut number = 0.0;
        let uniform = || {
            number = (number + 0.37) % 1.0;
            number
        };
        let hidden = vec![3, 4];
        let config = ModelConfig::Mlp { hidden };
        config.init(shape, 5, uniform, &device).unwrap()
    }

    fn gradients(model: &Model) -> usize {
        let device = Device::flex().autodiff();
        let images = Tensor::ones([1, 1, 2, 2], &device);
        let batch = ImageBatch::new(images, Tensor::from_data([1], &device));
        TrainStep::step(model, batch).grads.len()
    }

    fn patterns(patterns: &[&str]) -> Vec<String> {
        patterns.iter().map(|&pattern| pattern.to_owned()).collect()
    }

    #[test]
    fn a_frozen_parameter_gets_no_gradient() {
        let cases = [
            (&[][..], 6),
            (&["layers.0"][..], 4),
            (&["bias"][..], 3),
            (&["layers.0", "head.weight"][..], 3),
        ];
        for (frozen, left) in cases {
            let model = model().freeze_parameters(&patterns(frozen)).unwrap();
            assert_eq!(gradients(&model), left, "{frozen:?}");
            // An evaluation in between changes nothing.
            assert_eq!(gradients(&model.valid().train()), left, "{frozen:?}");
        }
    }

    #[test]
    fn a_pattern_without_a_parameter_is_named() {
        let wrong = model().freeze_parameters(&patterns(&["bias", "layer.0"]));
        let FreezeError::NoMatch { pattern, names } = wrong.unwrap_err() else {
            panic!("a pattern that matches nothing");
        };
        assert_eq!((pattern.as_str(), names.len()), ("layer.0", 6));
        // The variant's name is ours, not the network's.
        assert!(model().freeze_parameters(&patterns(&["Mlp"])).is_err());

        let all = model().freeze_parameters(&patterns(&["layers", "head"]));
        assert!(matches!(all, Err(FreezeError::Everything { .. })));
    }
}
