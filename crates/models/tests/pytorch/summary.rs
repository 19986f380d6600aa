//! Layers, shapes, parameters and multiply-adds.

use burn::tensor::Device;
use models::{Layer, ModelConfig, Summary};

use crate::{integer, network, recorded};

#[test]
fn every_layer_is_the_one_that_pytorch_has() {
    for case in recorded("summaries") {
        let (config, shape, classes) = network(&case);
        let Summary { layers } = config.summary(shape, classes).unwrap();
        let expected = case["layers"].as_array().unwrap();
        assert_eq!(layers.len(), expected.len(), "{config:?}");
        for (layer, expected) in layers.iter().zip(expected) {
            let Layer {
                path,
                output,
                parameters,
                multiply_adds,
                ..
            } = layer;
            let ours = serde_json::json!([path, output, parameters, multiply_adds]);
            assert_eq!(&ours, expected, "{config:?} on {shape}");
        }
    }
}

#[test]
fn counts_are_exact() {
    let mlp = |hidden: &[usize]| ModelConfig::Mlp {
        hidden: hidden.to_vec(),
    };
    let table = [
        (mlp(&[128, 64]), [1, 8, 8], 17_226, 17_024),
        (mlp(&[256, 128]), [1, 28, 28], 235_146, 234_752),
        (ModelConfig::LeNet5, [1, 28, 28], 61_706, 416_520),
        (ModelConfig::cnn(), [1, 28, 28], 421_642, 4_241_152),
        (ModelConfig::convnet(), [1, 28, 28], 65_834, 18_289_792),
        (ModelConfig::resnet(), [3, 32, 32], 78_042, 12_501_632),
        (
            ModelConfig::ResNet { depth: 20 },
            [3, 32, 32],
            272_474,
            40_813_184,
        ),
    ];
    for (config, [channels, height, width], parameters, multiply_adds) in table {
        let shape = models::ImageShape {
            channels,
            height,
            width,
        };
        let summary = config.summary(shape, 10).unwrap();
        assert_eq!(summary.parameters(), parameters, "{config:?}");
        assert_eq!(summary.multiply_adds(), multiply_adds, "{config:?}");
        let model = config.init(shape, 10, || 0.5, &Device::flex()).unwrap();
        assert_eq!(model.parameter_count(), parameters, "{config:?}");
    }
}

#[test]
fn a_network_is_described_as_it_is_built() {
    for case in recorded("summaries") {
        let (config, shape, classes) = network(&case);
        let model = config
            .init(shape, classes, || 0.5, &Device::flex())
            .unwrap();
        let summary = config.summary(shape, classes).unwrap();
        assert_eq!(model.parameter_count(), summary.parameters(), "{config:?}");
        let total: usize = case["layers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| integer(&row[2]))
            .sum();
        assert_eq!(total, summary.parameters());
    }
}

#[test]
fn a_summary_reads_as_a_table() {
    let shape = models::ImageShape {
        channels: 3,
        height: 9,
        width: 8,
    };
    let summary = ModelConfig::resnet()
        .summary(shape, 10)
        .unwrap()
        .to_string();
    let lines: Vec<&str> = summary.lines().collect();
    assert_eq!(
        lines[0],
        "layer                  kind            output  parameters  multiply-adds"
    );
    assert_eq!(
        lines[1],
        "conv                   conv 3x3        16x9x8         432         31,104"
    );
    assert_eq!(
        lines[11],
        "blocks.1.project.conv  conv 1x1 / 2    32x5x4         512         10,240"
    );
    assert!(
        lines.iter().all(|line| line.len() == lines[0].len()),
        "{summary}"
    );
}
