//! Learning rates that fall from the head of a network to its input.

use burn::module::ParamGroup;
use models::Model;
use schedules::layer_decay;

use super::Plan;
use crate::config::OptimizerSettings;

impl Plan {
    /// The same plan with a learning rate per layer of `model`, as `optimizer.layer_decay` says.
    ///
    /// ```text
    /// rate = rate of the schedule · layer_decay ^ (layers above)
    /// ```
    ///
    /// A layer is what [`Model::layers`] calls one. A parameter in one of `optimizer.groups` keeps that group's multiplier.
    pub fn layer_rates(mut self, settings: &OptimizerSettings, model: &Model) -> Self {
        let layers = model.layers();
        let multipliers = layer_decay(layers.len(), settings.layer_decay, 0.0);
        for (layer, multiplier) in layers.into_iter().zip(multipliers) {
            let paths = layer.into_iter().map(|parameter| parameter.path);
            let grouped = |path: &String| {
                let mut groups = settings.groups.iter();
                groups.any(|group| path.contains(&group.path))
            };
            let paths: Vec<String> = paths.filter(|path| !grouped(path)).collect();
            self.optimizer = self
                .optimizer
                .group(ParamGroup::from_paths(paths), multiplier);
        }
        self
    }
}
