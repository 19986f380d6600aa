//! What the networks compute, from the same weights.

use burn::tensor::{Device, FloatDType, Tensor};
use models::{ImageBatch, Pass};
use serde_json::Value;

use crate::{closed_form, network, numbers, recorded};

/// Images a batch.
const COUNT: usize = 3;

fn assert_near(what: &str, ours: Tensor<2>, recorded: &Value, apart: f64) {
    let ours: Vec<f64> = ours.into_data().iter::<f64>().collect();
    let recorded = numbers(recorded);
    assert_eq!(ours.len(), recorded.len(), "{what}");
    for (index, (ours, recorded)) in ours.iter().zip(&recorded).enumerate() {
        let far = (ours - recorded).abs() / recorded.abs().max(1.0);
        assert!(
            far <= apart,
            "{what}, logit {index}: {ours} and {recorded}, {far:e} apart"
        );
    }
}

/// Two training passes, then an evaluation, which sees what they left in the running statistics.
fn compare(case: &Value, dtype: FloatDType, apart: f64) {
    let (config, shape, classes) = network(case);
    let device = Device::flex();
    let model = closed_form::model(&config, shape, classes, dtype, &device);
    let images = |offset| closed_form::images(shape, COUNT, offset, dtype, &device);
    let what = format!("{config:?} on {shape} in {dtype:?}");

    for (pass, offset) in [0, 1_000_000].into_iter().enumerate() {
        let logits = model.forward_as(images(offset), Pass::Training, None);
        assert_near(
            &format!("{what}, training {pass}"),
            logits,
            &case["trained"][pass],
            apart,
        );
    }
    let logits = model.forward(images(0));
    assert_near(
        &format!("{what}, evaluation"),
        logits,
        &case["evaluated"],
        apart,
    );

    for (key, label_smoothing) in [("loss", 0.0), ("smoothed_loss", 0.1)] {
        let labels = closed_form::labels(COUNT, classes, &device);
        let batch = ImageBatch::new(images(0), labels).label_smoothing(label_smoothing);
        let output = model.forward_classification(batch, Pass::Measurement);
        let loss = output.loss.into_scalar::<f64>();
        let recorded = case[key].as_f64().unwrap();
        let far = (loss - recorded).abs() / recorded.abs().max(1.0);
        assert!(
            far <= apart,
            "{what}, {key}: {loss} and {recorded}, {far:e} apart"
        );
    }
}

#[test]
fn logits_and_losses_are_pytorchs_in_float32() {
    for case in recorded("logits") {
        compare(&case, FloatDType::F32, 1e-5);
    }
}

#[test]
fn logits_and_losses_are_pytorchs_in_float64() {
    for case in recorded("logits") {
        compare(&case, FloatDType::F64, 1e-12);
    }
}
