//! The gradient of one update.

use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use burn::train::{TrainOutput, TrainStep};
use models::{ImageBatch, Model};
use optimizers::{GradientAverage, clip_norm, clip_value};

use crate::config::TrainSettings;

/// What is descended, and how its gradient is cut down.
#[derive(Debug, Clone, Copy)]
pub(super) struct Objective {
    label_smoothing: f64,
    clip_norm: f64,
    clip_value: f64,
}

impl Objective {
    pub(super) fn new(settings: &TrainSettings) -> Self {
        Self {
            label_smoothing: settings.label_smoothing,
            clip_norm: settings.clip_norm,
            clip_value: settings.clip_value,
        }
    }

    /// The mean loss of `batches`, in nats, and its gradient, clipped. Both stay on the device.
    pub(super) fn gradient(
        self,
        model: &Model,
        batches: impl IntoIterator<Item = ImageBatch>,
    ) -> (Tensor<1>, GradientsParams) {
        let mut average = GradientAverage::new();
        let mut losses = Vec::new();
        for batch in batches {
            let batch = batch.label_smoothing(self.label_smoothing);
            let TrainOutput { grads, item } = TrainStep::step(model, batch);
            average.add(model, grads);
            losses.push(item.loss.inner());
        }
        let loss = match losses.len() {
            1 => losses.swap_remove(0),
            _ => Tensor::cat(losses, 0).mean(),
        };
        let mut gradients = average.take(model);
        if self.clip_norm.is_finite() {
            clip_norm(model, &mut gradients, self.clip_norm);
        }
        if self.clip_value.is_finite() {
            clip_value(model, &mut gradients, self.clip_value);
        }
        (loss, gradients)
    }
}
