//! Our model, optimizer and schedule in Burn's own training loop: the example checks its own result.

#[path = "../examples/02_stock_learner.rs"]
mod example;

use std::sync::{Arc, Mutex};

use burn::module::Module;
use burn::tensor::Device;
use burn::train::metric::LossMetric;
use burn::train::{
    ClassificationOutput, InferenceStep, Learner, SupervisedTraining, TrainOutput, TrainStep,
};
use models::{ImageBatch, Model, ModelConfig, Pass};
use optimizers::{Follow, Sgd};
use schedules::compat::torch::OneCycleLR;
use trainer::config::{Layer, resolve};
use trainer::data::{Part, load};
use trainer::engine::read_weights;

use crate::program::reference_folder;

#[test]
fn the_stock_learner_trains_our_model_on_our_schedule() {
    example::main().unwrap();
}

/// A model that writes down the loss of every update.
#[derive(Module, Debug)]
struct Watched {
    model: Model,
    #[module(skip)]
    losses: Arc<Mutex<Vec<f64>>>,
}

impl TrainStep for Watched {
    type Input = ImageBatch;
    type Output = ClassificationOutput;

    fn step(&self, batch: ImageBatch) -> TrainOutput<ClassificationOutput> {
        let output = self.model.forward_classification(batch, Pass::Training);
        let loss = output.loss.clone().into_scalar::<f64>();
        self.losses.lock().unwrap().push(loss);
        TrainOutput::new(self, output.loss.backward(), output)
    }
}

impl InferenceStep for Watched {
    type Input = ImageBatch;
    type Output = ClassificationOutput;

    fn step(&self, batch: ImageBatch) -> ClassificationOutput {
        self.model.forward_classification(batch, Pass::Evaluation)
    }
}

/// Momentum that cycles against the learning rate, over the rows that make whole batches: Burn's loader keeps a partial
/// one, which the recorded run left out.
#[test]
fn the_stock_learner_follows_pytorchs_one_cycle() {
    let Some(folder) = reference_folder("RUNS_DIR") else {
        return;
    };
    let recorded = folder.join("digits-mlp-sgd-onecycle-momentum");
    let text = std::fs::read_to_string(recorded.with_extension("json")).unwrap();
    let text: serde_json::Value = serde_json::from_str(&text).unwrap();
    let expected: Vec<f64> = serde_json::from_value(text["float64"]["loss"].clone()).unwrap();

    let order = ["data.split=file", "data.validation=0"];
    let settings = resolve(order.map(|order| Layer::from_set(order).unwrap())).unwrap();
    let train = load(&settings.settings.data).unwrap().train;
    let rows = Part::new(train.images().clone(), train.rows()[..22 * 64].to_vec());

    let device = Device::flex();
    let training = device.clone().autodiff();
    let model = ModelConfig::mlp().init(train.images().shape(), 10, || 0.5, &training);
    let weights = read_weights(&recorded.with_extension("safetensors")).unwrap();
    let losses = Arc::new(Mutex::new(Vec::new()));
    let watched = Watched {
        model: model.unwrap().load_state_dict(&weights, None).unwrap(),
        losses: losses.clone(),
    };
    let one_cycle = OneCycleLR {
        total_steps: Some(111),
        ..OneCycleLR::new(0.2)
    };
    let rate = one_cycle.build().unwrap();
    let sgd = Follow::new(Sgd::new().momentum(0.95), rate.handle()).init();

    let directory = tempfile::tempdir().unwrap();
    let loaders = (
        example::loader(&rows, None, &training),
        example::loader(&rows, None, &device),
    );
    SupervisedTraining::new(directory.path(), loaders.0, loaders.1)
        .metrics((LossMetric::new(),))
        .num_epochs(5)
        .with_application_logger(None)
        .launch(Learner::new(watched, sgd, rate));

    let losses = losses.lock().unwrap();
    assert_eq!(losses.len(), expected.len());
    for (update, (ours, theirs)) in losses.iter().zip(&expected).enumerate() {
        let apart = (ours - theirs).abs();
        assert!(
            apart <= 1e-5,
            "update {update}: {ours} and {theirs}, {apart:e} apart"
        );
    }
}
