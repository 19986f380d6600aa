//! Gradients against central finite differences, in float64.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use models::{ImageBatch, ImageShape, Model, ModelConfig, Pass, cross_entropy};

use crate::closed_form;

/// Half the distance of the two losses whose difference is taken: small, since a ReLU or a maximum may turn over
/// between them, and so large that the losses' last bits do not count.
const STEP: f64 = 1e-6;
/// How far a gradient may be from the difference quotient.
const APART: f64 = 1e-7;
const COUNT: usize = 3;
const CLASSES: usize = 4;

/// A network whose gradients are looked at, its images, and what it drops.
struct Case {
    model: Model,
    shape: ImageShape,
    pass: Pass,
    label_smoothing: f64,
    draw: Option<u64>,
}

impl Case {
    fn loss(&self, model: &Model, images: Tensor<4>) -> Tensor<1> {
        let labels = closed_form::labels(COUNT, CLASSES, &images.device());
        let batch = ImageBatch::new(images, labels).label_smoothing(self.label_smoothing);
        let batch = match self.draw {
            Some(draw) => batch.draw(draw),
            None => batch,
        };
        model.forward_classification(batch, self.pass).loss
    }

    fn images(&self, device: &Device) -> Tensor<4> {
        closed_form::images(self.shape, COUNT, 0, FloatDType::F64, device)
    }

    /// The loss with one value of one parameter moved by `by`.
    fn loss_moved(&self, path: &str, index: usize, by: f64) -> f64 {
        let mut mover = Move {
            path: Vec::new(),
            target: path,
            index,
            by,
        };
        let model = self.model.valid().map(&mut mover);
        let images = self.images(&Device::flex());
        self.loss(&model, images).into_scalar::<f64>()
    }

    fn check(&self, what: &str) {
        let device = Device::flex().autodiff();
        let images = self.images(&device).require_grad();
        let mut gradients = self.loss(&self.model, images.clone()).backward();
        let of_images = images.grad_remove(&mut gradients).unwrap();
        let mut collected = Collect {
            path: Vec::new(),
            gradients: GradientsParams::from_grads(gradients, &self.model),
            values: Vec::new(),
        };
        self.model.visit(&mut collected);
        assert!(!collected.values.is_empty());
        let (mut seen, mut zeros) = (0, 0);
        let mut compare = |path: &str, gradient: f64, index: usize, loss: &dyn Fn(f64) -> f64| {
            let quotient = (loss(STEP) - loss(-STEP)) / (2.0 * STEP);
            let far = (gradient - quotient).abs();
            assert!(
                far <= APART * gradient.abs().max(1.0),
                "{what}, {path}[{index}]: gradient {gradient}, difference quotient {quotient}"
            );
            seen += 1;
            zeros += usize::from(gradient.abs() < 1e-4);
        };
        for (path, values) in &collected.values {
            for index in somewhere(values.len()) {
                let loss = |by| self.loss_moved(path, index, by);
                compare(path, values[index], index, &loss);
            }
        }
        let of_images: Vec<f64> = of_images.into_data().iter::<f64>().collect();
        for index in somewhere(of_images.len()) {
            let loss = |by| {
                let images = moved(self.images(&Device::flex()), index, by);
                self.loss(&self.model.valid(), images).into_scalar::<f64>()
            };
            compare("images", of_images[index], index, &loss);
        }
        assert!(
            2 * zeros < seen,
            "{what}: {zeros} of {seen} gradients are zero"
        );
    }
}

/// A few positions, first and last among them.
fn somewhere(count: usize) -> [usize; 4] {
    [0, count / 3, count * 7 / 11, count - 1]
}

/// `tensor` with the value at `index` of its row-major order moved by `by`.
fn moved<const D: usize>(tensor: Tensor<D>, index: usize, by: f64) -> Tensor<D> {
    let mut step = vec![0.0; tensor.shape().num_elements()];
    step[index] = by;
    let options = (&tensor.device(), DType::F64);
    let step = Tensor::from_data(TensorData::new(step, tensor.shape()), options);
    tensor + step
}

struct Collect {
    path: Vec<String>,
    gradients: GradientsParams,
    values: Vec<(String, Vec<f64>)>,
}

impl ModuleVisitor for Collect {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let path = self.path.join(".");
        let gradient = match self.gradients.remove::<D>(param.id) {
            Some(gradient) => gradient.into_data().iter::<f64>().collect(),
            // A block that was skipped; the difference quotients say whether that is right.
            None if param.is_require_grad() => vec![0.0; param.shape().num_elements()],
            None => return,
        };
        self.values.push((path, gradient));
    }
}

struct Move<'a> {
    path: Vec<String>,
    target: &'a str,
    index: usize,
    by: f64,
}

impl ModuleMapper for Move<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.path.join(".") == self.target {
            param.map(|tensor| moved(tensor, self.index, self.by))
        } else {
            param
        }
    }
}

fn case(config: &ModelConfig, channels: usize, height: usize, width: usize) -> Case {
    let shape = ImageShape {
        channels,
        height,
        width,
    };
    let device = Device::flex().autodiff();
    Case {
        model: closed_form::model(config, shape, CLASSES, FloatDType::F64, &device),
        shape,
        pass: Pass::Measurement,
        label_smoothing: 0.0,
        draw: None,
    }
}

#[test]
fn mlp() {
    let hidden = vec![7, 5];
    case(&ModelConfig::Mlp { hidden }, 2, 4, 3).check("mlp");
}

#[test]
fn lenet5() {
    case(&ModelConfig::LeNet5, 1, 12, 13).check("lenet5");
}

#[test]
fn cnn() {
    let (widths, hidden) = (vec![3, 4], vec![6]);
    // Odd sizes, so that pooling leaves out a row.
    case(&ModelConfig::Cnn { widths, hidden }, 2, 7, 6).check("cnn");
}

#[test]
fn convnet_in_training_and_in_evaluation() {
    let widths = vec![4, 5];
    let mut case = case(&ModelConfig::ConvNet { widths }, 2, 7, 6);
    case.check("convnet");
    // Running statistics that are not those of a fresh network.
    let images = case.images(&Device::flex().autodiff());
    case.model.forward_as(images, Pass::Training, None);
    case.pass = Pass::Evaluation;
    case.check("convnet in evaluation");
}

#[test]
fn resnet() {
    // Odd sizes, so that strides cut unevenly.
    case(&ModelConfig::resnet(), 1, 5, 6).check("resnet");
}

#[test]
fn what_is_dropped_and_smoothed() {
    let hidden = vec![24];
    let mut dropped = case(&ModelConfig::Mlp { hidden }, 2, 4, 3);
    dropped.model = dropped.model.dropout(0.4).unwrap();
    dropped.draw = Some(2);
    dropped.label_smoothing = 0.1;
    dropped.check("mlp with dropout and smoothed labels");

    let mut shallow = case(&ModelConfig::ResNet { depth: 14 }, 1, 5, 6);
    shallow.model = shallow.model.stochastic_depth(0.3).unwrap();
    shallow.draw = Some(4);
    shallow.check("resnet with stochastic depth");
}

#[test]
fn cross_entropy_with_smoothed_labels() {
    let device = Device::flex().autodiff();
    let logits = [[0.3, -1.2, 2.0], [0.0, 0.5, -0.25]];
    let labels = || Tensor::from_data([2, 0], &device);
    for label_smoothing in [0.0, 0.1, 0.7] {
        let tensor = |logits: [[f64; 3]; 2]| {
            Tensor::<2>::from_data(logits, (&device, DType::F64)).require_grad()
        };
        let at = tensor(logits);
        let gradients = cross_entropy(at.clone(), labels(), label_smoothing).backward();
        let gradient = at.grad(&gradients).unwrap().into_data();
        let gradient: Vec<f64> = gradient.iter::<f64>().collect();
        for index in 0..6 {
            let loss = |by: f64| {
                let mut logits = logits;
                logits[index / 3][index % 3] += by;
                cross_entropy(tensor(logits), labels(), label_smoothing).into_scalar::<f64>()
            };
            let quotient = (loss(STEP) - loss(-STEP)) / (2.0 * STEP);
            assert!(
                (gradient[index] - quotient).abs() <= 1e-9,
                "{label_smoothing}, {index}"
            );
        }
    }
}
