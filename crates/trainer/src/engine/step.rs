//! The loss and the gradient of one update.

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use burn::train::{TrainOutput, TrainStep};
use models::{ImageBatch, Model, Pass};
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

    /// The mean loss of `batches`, in nats, and its gradient. Both stay on the device.
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
        (mean(losses), average.take(model))
    }

    /// The mean loss of `batches` and its gradient, as an update would see them. The model is left as it is.
    pub(super) fn measure(
        self,
        model: &Model,
        batches: &[ImageBatch],
    ) -> (Tensor<1>, GradientsParams) {
        let mut average = GradientAverage::new();
        let losses = batches.iter().map(|batch| {
            let batch = batch.clone().label_smoothing(self.label_smoothing);
            let loss = model.forward_classification(batch, Pass::Measurement).loss;
            let gradients = GradientsParams::from_grads(loss.backward(), model);
            average.add(model, gradients);
            loss.inner()
        });
        let loss = mean(losses.collect());
        (loss, average.take(model))
    }

    /// The same loss without its gradient.
    pub(super) fn loss(self, model: &Model, batches: &[ImageBatch]) -> Tensor<1> {
        let model = model.valid();
        let losses = batches.iter().map(|batch| {
            let mut batch = batch.clone().label_smoothing(self.label_smoothing);
            batch.images = batch.images.inner();
            model.forward_classification(batch, Pass::Measurement).loss
        });
        mean(losses.collect())
    }

    /// Cuts the gradients down.
    pub(super) fn clip(self, model: &Model, gradients: &mut GradientsParams) {
        if self.clip_norm.is_finite() {
            clip_norm(model, gradients, self.clip_norm);
        }
        if self.clip_value.is_finite() {
            clip_value(model, gradients, self.clip_value);
        }
    }
}

fn mean(mut losses: Vec<Tensor<1>>) -> Tensor<1> {
    match losses.len() {
        1 => losses.swap_remove(0),
        _ => Tensor::cat(losses, 0).mean(),
    }
}
