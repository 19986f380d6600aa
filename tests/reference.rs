//! The losses that PyTorch recorded, update by update.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Tensor, TensorData};
use burn::train::{TrainOutput, TrainStep};
use models::{ImageBatch, Model, ModelConfig};
use optimizers::{AdamW, ModuleUpdate, Sgd};
use serde_json::Value;
use trainer::config::{Layer, resolve};
use trainer::data::{Part, load};

use crate::program::reference_folder;

/// How far a loss in `f32` may be from PyTorch's in `f64`.
const APART: f64 = 1e-5;

#[test]
fn losses_are_pytorchs_on_the_digits() {
    let Some(folder) = reference_folder("RUNS_DIR") else {
        return;
    };
    let file_order = ["data.split=file", "data.validation=0"];
    let train = rows(&file_order);
    compare(
        &folder,
        "digits-mlp-sgd-warmup-cosine",
        &train,
        ModelConfig::mlp(),
    );
    compare(
        &folder,
        "digits-mlp-adamw-onecycle",
        &train,
        ModelConfig::mlp(),
    );
}

#[test]
fn losses_are_pytorchs_on_mnist() {
    let (Some(folder), Some(mnist)) = (reference_folder("RUNS_DIR"), reference_folder("MNIST_DIR"))
    else {
        return;
    };
    let path = format!("data.path={}", mnist.display());
    let train = rows(&["data.name=mnist", &path, "data.validation=0"]);
    compare(
        &folder,
        "mnist-lenet5-sgd-polynomial",
        &train,
        ModelConfig::LeNet5,
    );
}

fn rows(assignments: &[&str]) -> Part {
    let layers = assignments
        .iter()
        .map(|assignment| Layer::from_set(assignment).unwrap());
    load(&resolve(layers).unwrap().settings.data).unwrap().train
}

/// Trains from the recorded weights at the recorded learning rates, batches in file order.
fn compare(folder: &Path, name: &str, train: &Part, config: ModelConfig) {
    let recorded = fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
    let recorded: Value = serde_json::from_str(&recorded).unwrap();
    let run = &recorded["run"];
    let batch_size = run["batch_size"].as_u64().unwrap() as usize;
    let limit = run["limit"]
        .as_u64()
        .map_or(train.len(), |limit| limit as usize);
    let batches = limit / batch_size;
    let numbers = |key: &str| -> Vec<f64> {
        let numbers = recorded["float64"][key].as_array().unwrap();
        numbers
            .iter()
            .map(|number| number.as_f64().unwrap())
            .collect()
    };
    let (rates, losses) = (numbers("lr"), numbers("loss"));

    let device = Device::flex().autodiff();
    let mut model = load_weights(
        &folder.join(format!("{name}.safetensors")),
        train,
        config,
        &device,
    );
    let mut update = optimizer(&run["optimizer"]);
    for (index, (rate, loss)) in rates.iter().zip(&losses).enumerate() {
        let from = index % batches * batch_size;
        let batch = gather(train, from..from + batch_size, &device);
        let TrainOutput { grads, item } = TrainStep::step(&model, batch);
        let ours: f64 = item.loss.into_scalar::<f64>();
        let apart = (ours - loss).abs();
        assert!(
            apart <= APART,
            "{name}, update {index}: {ours} and {loss}, {apart:e} apart"
        );
        model = update.step(*rate, model, grads);
    }
}

fn optimizer(spec: &Value) -> ModuleUpdate {
    let number = |key: &str, default: f64| spec[key].as_f64().unwrap_or(default);
    match spec["kind"].as_str().unwrap() {
        "sgd" => Sgd::new()
            .momentum(number("momentum", 0.0))
            .weight_decay(number("weight_decay", 0.0))
            .build()
            .unwrap(),
        "adamw" => AdamW::new()
            .weight_decay(number("weight_decay", 0.01))
            .build()
            .unwrap(),
        kind => panic!("{kind}"),
    }
}

fn gather(train: &Part, positions: std::ops::Range<usize>, device: &Device) -> ImageBatch {
    let table = train.images().normalization().table_f32();
    let shape = train.images().shape();
    let positions: Vec<usize> = positions.collect();
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    train.gather(&positions, &table, &mut pixels, &mut labels);
    let count = positions.len();
    let shape = [count, shape.channels, shape.height, shape.width];
    ImageBatch::new(
        Tensor::from_data(TensorData::new(pixels, shape), device),
        Tensor::from_data(TensorData::new(labels, [count]), device),
    )
}

fn load_weights(path: &Path, train: &Part, config: ModelConfig, device: &Device) -> Model {
    let images = train.images();
    let model = config
        .init(images.shape(), images.classes(), || 0.5, device)
        .unwrap();
    let mut weights = Weights {
        tensors: safetensors(&fs::read(path).unwrap()),
        path: Vec::new(),
        device,
    };
    let model = model.map(&mut weights);
    assert!(
        weights.tensors.is_empty(),
        "left over: {:?}",
        weights.tensors.keys()
    );
    model
}

/// Puts each recorded tensor where its name says; linear weights lie the other way round in Burn.
struct Weights<'a> {
    tensors: HashMap<String, (Vec<usize>, Vec<f32>)>,
    path: Vec<String>,
    device: &'a Device,
}

impl ModuleMapper for Weights<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let path = self.path.join(".");
        let (name, (shape, values)) = self
            .tensors
            .iter()
            .find(|(name, _)| path.ends_with(name.as_str()))
            .map(|(name, tensor)| (name.clone(), tensor.clone()))
            .unwrap_or_else(|| panic!("{path} is not recorded"));
        self.tensors.remove(&name);
        let device = self.device;
        param.map(|tensor| {
            let recorded = Tensor::<D>::from_data(TensorData::new(values, shape), device);
            let recorded = if D == 2 {
                recorded.swap_dims(0, 1)
            } else {
                recorded
            };
            assert_eq!(tensor.dims(), recorded.dims(), "{path}");
            recorded.require_grad()
        })
    }
}

/// The float32 tensors of a safetensors file: a length, a JSON header, the bytes.
fn safetensors(bytes: &[u8]) -> HashMap<String, (Vec<usize>, Vec<f32>)> {
    let (length, rest) = bytes.split_at(8);
    let length = u64::from_le_bytes(length.try_into().unwrap()) as usize;
    let (header, data) = rest.split_at(length);
    let header: HashMap<String, Value> = serde_json::from_slice(header).unwrap();
    let integers = |value: &Value| -> Vec<usize> {
        let integers = value.as_array().unwrap();
        integers
            .iter()
            .map(|integer| integer.as_u64().unwrap() as usize)
            .collect()
    };
    header
        .iter()
        .filter(|(name, _)| *name != "__metadata__")
        .map(|(name, tensor)| {
            assert_eq!(tensor["dtype"], "F32");
            let span = integers(&tensor["data_offsets"]);
            let values = data[span[0]..span[1]]
                .chunks_exact(4)
                .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
                .collect();
            (name.clone(), (integers(&tensor["shape"]), values))
        })
        .collect()
}
