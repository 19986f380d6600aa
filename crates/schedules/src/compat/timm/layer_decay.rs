//! timm's `param_groups_layer_decay`.

use crate::layer_decay;

/// `timm.optim.param_groups_layer_decay` of timm 1.0.31, as far as it concerns the learning rate.
///
/// ```text
/// lr_scale(i) = max(min_scale, layer_decay ^ (num_layers - 1 - i))    for layer i, from the stem to the head
/// ```
///
/// In timm's vision transformers the stem is layer 0, block k is layer k + 1, the last norm belongs to the last block,
/// and the head and all else is the last layer.
///
/// ```
/// use schedules::compat::timm::{CosineLRScheduler, ParamGroup, ParamGroupsLayerDecay};
///
/// let peer = ParamGroupsLayerDecay { layer_decay: 0.5, ..Default::default() };
/// assert_eq!(peer.lr_scales(3), [0.25, 0.5, 1.0]);
///
/// let groups = peer.lr_scales(3).into_iter().map(|lr_scale| ParamGroup { lr: 0.1, lr_scale });
/// let rates = CosineLRScheduler::new(100).build_groups(&groups.collect::<Vec<_>>())?;
/// assert_eq!(rates[1].rate_at(50), 0.025);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct ParamGroupsLayerDecay {
    /// What the scale is multiplied by from one layer to the one below it; default 0.75.
    pub layer_decay: f64,
    /// The lowest scale; default 0.
    pub min_scale: f64,
    /// The scale below which a layer is not trained at all; by default all are.
    pub no_opt_scale: Option<f64>,
}

impl Default for ParamGroupsLayerDecay {
    fn default() -> Self {
        Self {
            layer_decay: 0.75,
            min_scale: 0.0,
            no_opt_scale: None,
        }
    }
}

impl ParamGroupsLayerDecay {
    /// The `lr_scale` of each layer, from the stem to the head; 0 for one that is not trained.
    pub fn lr_scales(&self, num_layers: usize) -> Vec<f64> {
        let least = self.no_opt_scale.unwrap_or(0.0);
        layer_decay(num_layers, self.layer_decay, self.min_scale)
            .into_iter()
            .map(|scale| if scale < least { 0.0 } else { scale })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_layers_keep_the_lowest_scale_or_are_not_trained() {
        let peer = ParamGroupsLayerDecay {
            layer_decay: 0.5,
            min_scale: 0.2,
            no_opt_scale: None,
        };
        assert_eq!(peer.lr_scales(4), [0.2, 0.25, 0.5, 1.0]);
        let no_opt_scale = Some(0.25);
        let frozen = ParamGroupsLayerDecay {
            no_opt_scale,
            ..peer
        };
        assert_eq!(frozen.lr_scales(4), [0.0, 0.25, 0.5, 1.0]);
        assert_eq!(ParamGroupsLayerDecay::default().lr_scales(2), [0.75, 1.0]);
    }
}
