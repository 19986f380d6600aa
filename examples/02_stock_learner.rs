//! Burn's own `SupervisedTraining` with our model, optimizer and schedule.
//!
//!     cargo run --release --example 02_stock_learner

use std::error::Error;

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataloader::{DataLoader, DataLoaderBuilder};
use burn::data::dataset::InMemDataset;
use burn::tensor::{Device, Tensor, TensorData};
use burn::train::metric::{AccuracyMetric, LossMetric};
use burn::train::{Learner, SupervisedTraining};
use models::{ImageBatch, ModelConfig};
use optimizers::Sgd;
use schedules::prelude::*;
use trainer::config::{Backend, Layer, resolve};
use trainer::data::{Part, load};
use trainer::engine::{evaluate, open};
use trainer::random::{Purpose, Random};

/// The pixels of one image, and its label.
type Item = (Vec<f32>, i32);

struct DigitsBatcher;

impl Batcher<Item, ImageBatch> for DigitsBatcher {
    fn batch(&self, items: Vec<Item>, device: &Device) -> ImageBatch {
        let count = items.len();
        let (pixels, labels): (Vec<_>, Vec<_>) = items.into_iter().unzip();
        ImageBatch::new(
            Tensor::from_data(TensorData::new(pixels.concat(), [count, 1, 8, 8]), device),
            Tensor::from_data(TensorData::new(labels, [count]), device),
        )
    }
}

/// Batches of `part`, in an order drawn from the seed `shuffle`, or in that of the part.
pub(crate) fn loader(
    part: &Part,
    shuffle: Option<u64>,
    device: &Device,
) -> std::sync::Arc<dyn DataLoader<ImageBatch>> {
    let table = part.images().normalization().table_f32();
    let item = |position| {
        let (pixels, labels) = part.gather(&[position], None, &table);
        (pixels, labels[0])
    };
    let builder = DataLoaderBuilder::new(DigitsBatcher)
        .batch_size(64)
        .set_device(device.clone());
    let builder = match shuffle {
        Some(seed) => builder.shuffle(seed),
        None => builder,
    };
    builder.build(InMemDataset::new((0..part.len()).map(item).collect()))
}

/// Trains for sixteen epochs, and fails unless the model learned.
pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let digits = load(&resolve(std::iter::empty::<Layer>())?.settings.data)?;
    let compute = open(Backend::Flex)?;
    let device = compute.device.clone();
    let training = device.clone().autodiff();

    let mut random = Random::new(1, Purpose::Weights, 0, 0);
    let shape = digits.train.images().shape();
    let model = ModelConfig::mlp().init(shape, 10, || random.unit_f64(), &training)?;

    let epochs = 16;
    let updates = epochs * digits.train.len().div_ceil(64) as u64;
    let lr = Cosine::new(updates)
        .floor(0.01)
        .warmup_within(updates / 20)
        .peak(0.1)?;

    let folder = tempfile::tempdir()?;
    let (train, valid) = (
        loader(&digits.train, Some(1), &training),
        loader(&digits.validation, None, &device),
    );
    let result = SupervisedTraining::new(folder.path(), train, valid)
        .metrics((AccuracyMetric::new(), LossMetric::new()))
        .num_epochs(epochs as usize)
        .with_application_logger(None)
        .launch(Learner::new(model, Sgd::new().momentum(0.9).into(), lr));

    let test = evaluate(&result.model, &digits.test, 64, &compute, |_, _| {});
    println!("test accuracy {:.2} %", 100.0 * test.accuracy);
    assert!(test.accuracy > 0.95, "the model did not learn: {test:?}");
    Ok(())
}
