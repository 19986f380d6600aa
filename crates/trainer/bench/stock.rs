//! How long an update takes in Burn's own `SupervisedTraining`, data and metrics included.
//!
//!     cargo build --release --workspace --example stock
//!     target/release/examples/stock resnet 8 3x32x32 64 2     # network, sizes, images, batch, seconds
//!
//! `compare.py` runs it.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use burn::data::dataloader::DataLoaderBuilder;
use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::InMemDataset;
use burn::module::Module;
use burn::optim::SgdConfig;
use burn::optim::momentum::MomentumConfig;
use burn::tensor::{Device, Tensor, TensorData};
use burn::train::metric::LossMetric;
use burn::train::{
    ClassificationOutput, InferenceStep, Interrupter, Learner, SupervisedTraining, TrainOutput,
    TrainStep,
};
use models::{ImageBatch, ImageShape, Model, ModelConfig};
use trainer::data::synthetic;
use trainer::engine::Timing;
use trainer::random::{Purpose, Random};

/// The pixels of one image, and its label.
type Item = (Vec<f32>, i32);

struct ImageBatcher([usize; 3]);

impl Batcher<Item, ImageBatch> for ImageBatcher {
    fn batch(&self, items: Vec<Item>, device: &Device) -> ImageBatch {
        let [channels, height, width] = self.0;
        let count = items.len();
        let (pixels, labels): (Vec<_>, Vec<_>) = items.into_iter().unzip();
        let pixels = TensorData::new(pixels.concat(), [count, channels, height, width]);
        let pixels = Tensor::from_data(pixels, device);
        let labels = Tensor::from_data(TensorData::new(labels, [count]), device);
        ImageBatch::new(pixels, labels)
    }
}

/// A model that notes when each of its updates begins, and stops the training after the last.
#[derive(Module, Debug)]
struct Clocked {
    model: Model,
    #[module(skip)]
    begun: Arc<Mutex<Vec<Instant>>>,
    #[module(skip)]
    seconds: f64,
    #[module(skip)]
    stop: Stop,
}

#[derive(Clone)]
struct Stop(Interrupter);

impl fmt::Debug for Stop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Stop")
    }
}

impl TrainStep for Clocked {
    type Input = ImageBatch;
    type Output = ClassificationOutput;

    fn step(&self, batch: ImageBatch) -> TrainOutput<ClassificationOutput> {
        if let Ok(mut begun) = self.begun.lock() {
            begun.push(Instant::now());
            if begun.len() > 10 && begun[0].elapsed().as_secs_f64() > self.seconds {
                self.stop.0.stop(None);
            }
        }
        TrainStep::step(&self.model, batch)
    }
}

impl InferenceStep for Clocked {
    type Input = ImageBatch;
    type Output = ClassificationOutput;

    fn step(&self, batch: ImageBatch) -> ClassificationOutput {
        InferenceStep::step(&self.model, batch)
    }
}

/// `resnet 8`, `mlp 256,128`, `lenet5 ""`, `cnn 32,64,128`, of which the last one is the hidden layer.
fn network(kind: &str, sizes: &str) -> Result<ModelConfig, Box<dyn Error>> {
    let sizes = sizes.split(',').filter(|size| !size.is_empty());
    let sizes: Vec<usize> = sizes.map(str::parse).collect::<Result<_, _>>()?;
    Ok(match kind {
        "mlp" => ModelConfig::Mlp { hidden: sizes },
        "lenet5" => ModelConfig::LeNet5,
        "cnn" => {
            let (hidden, widths) = sizes.split_last().ok_or("cnn WIDTHS,HIDDEN")?;
            let (widths, hidden) = (widths.to_vec(), vec![*hidden]);
            ModelConfig::Cnn { widths, hidden }
        }
        "convnet" => ModelConfig::ConvNet { widths: sizes },
        _ => ModelConfig::ResNet { depth: sizes[0] },
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let or = |place: usize, default: &'static str| given.get(place).map_or(default, String::as_str);
    let sizes: Vec<usize> = or(2, "1x28x28")
        .split('x')
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let [channels, height, width] = sizes[..] else {
        return Err("images are CHANNELSxHEIGHTxWIDTH".into());
    };
    let shape = ImageShape {
        channels,
        height,
        width,
    };
    let (batch_size, seconds) = (or(3, "64").parse()?, or(4, "0.5").parse()?);

    let part = synthetic(shape, 16_384, 10).train;
    let table = part.images().normalization().table_f32();
    let item = |position| {
        let (pixels, labels) = part.gather(&[position], None, &table);
        (pixels, labels[0])
    };
    let device = Device::flex();
    let loader = |rows: usize, device: &Device| {
        let builder =
            DataLoaderBuilder::new(ImageBatcher([channels, height, width])).batch_size(batch_size);
        builder
            .shuffle(1)
            .set_device(device.clone())
            .build(InMemDataset::new((0..rows).map(item).collect()))
    };
    let training = device.clone().autodiff();
    let (train, valid) = (loader(part.len(), &training), loader(1, &device));

    let mut random = Random::new(1, Purpose::Weights, 0, 0);
    let network = network(or(0, "mlp"), or(1, "256,128"))?;
    let stop = Interrupter::new();
    let begun = Arc::new(Mutex::new(Vec::new()));
    let clocked = Clocked {
        model: network.init(shape, 10, || random.unit_f64(), &training)?,
        begun: begun.clone(),
        seconds,
        stop: Stop(stop.clone()),
    };
    let sgd = SgdConfig::new().with_momentum(Some(
        MomentumConfig::new().with_momentum(0.9).with_dampening(0.0),
    ));
    let folder = tempfile::tempdir()?;
    SupervisedTraining::new(folder.path(), train, valid)
        .metrics((LossMetric::new(),))
        .num_epochs(100_000)
        .with_interrupter(stop)
        .with_application_logger(None)
        .launch(Learner::new(clocked, sgd.init(), 0.01));

    let begun = begun.lock().map_err(|_| "the clock stopped")?;
    let updates: Vec<f64> = begun[3..]
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).as_secs_f64())
        .collect();
    assert!(updates.len() > 5, "nothing was trained");
    println!(
        "{} seconds an update, the median of {}",
        Timing::quantile(&updates, 0.5),
        updates.len()
    );
    Ok(())
}
