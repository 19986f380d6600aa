//! The networks against PyTorch. A topic a module:
//!
//! - `closed_form`: the weights and images that the recordings were made with, which `record.py` defines.
//! - `logits`: what PyTorch computed with them, in training and in evaluation.
//! - `summary`: the layers, shapes and costs that PyTorch's hooks saw.
//! - `gradients`: every gradient against finite differences.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod closed_form;
mod gradients;
mod logits;
mod summary;

use models::{ImageShape, ModelConfig};
use serde_json::Value;

/// The cases of one part of the recording, of which there is at least one.
fn recorded(part: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("recorded.json")).unwrap();
    let cases = all[part].as_array().unwrap().clone();
    assert!(!cases.is_empty());
    cases
}

/// The network of a recorded case, its images' shape and its number of classes.
fn network(case: &Value) -> (ModelConfig, ImageShape, usize) {
    let sizes = |key: &str| {
        let sizes = case[key].as_array().unwrap().iter();
        sizes.map(integer).collect::<Vec<usize>>()
    };
    let config = match case["model"].as_str().unwrap() {
        "mlp" => ModelConfig::Mlp {
            hidden: sizes("hidden"),
        },
        "lenet5" => ModelConfig::LeNet5,
        "cnn" => ModelConfig::Cnn {
            widths: sizes("widths"),
            hidden: sizes("hidden"),
        },
        "convnet" => ModelConfig::ConvNet {
            widths: sizes("widths"),
        },
        "resnet" => ModelConfig::ResNet {
            depth: integer(&case["depth"]),
        },
        other => panic!("{other}"),
    };
    let shape = sizes("shape");
    let shape = ImageShape {
        channels: shape[0],
        height: shape[1],
        width: shape[2],
    };
    (config, shape, integer(&case["classes"]))
}

fn integer(value: &Value) -> usize {
    value.as_u64().unwrap() as usize
}

fn numbers(value: &Value) -> Vec<f64> {
    let numbers = value.as_array().unwrap().iter();
    numbers.map(|number| number.as_f64().unwrap()).collect()
}
