//! Any of the networks, and how it learns.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{FloatDType, Int, Tensor};
use burn::train::{ClassificationOutput, InferenceStep, TrainOutput, TrainStep};

use crate::pass::Forward;
use crate::precision::cast;
use crate::{BatchNorm, Cnn, ConvNet, LeNet5, Mlp, ModelError, Pass, ResNet, cross_entropy};

/// One of the networks of this crate, chosen at run time.
#[derive(Module, Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "a program holds a handful of models"
)]
pub enum Model {
    /// A multi-layer perceptron.
    Mlp(Mlp),
    /// LeNet-5.
    LeNet5(LeNet5),
    /// A plain convolutional network without norms.
    Cnn(Cnn),
    /// A plain convolutional network with batch norm.
    ConvNet(ConvNet),
    /// A residual network.
    ResNet(ResNet),
}

impl Model {
    /// Images `[batch, channels, height, width]` to logits `[batch, classes]`, in evaluation: the same as
    /// [`forward_as`](Self::forward_as) with [`Pass::Evaluation`].
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.forward_through(images, Forward::EVALUATION)
    }

    /// Images to logits, in any pass. `draw` is what dropout and stochastic depth draw their masks from; without it
    /// nothing is dropped.
    pub fn forward_as(&self, images: Tensor<4>, pass: Pass, draw: Option<u64>) -> Tensor<2> {
        self.forward_through(images, Forward { pass, draw })
    }

    fn forward_through(&self, images: Tensor<4>, forward: Forward) -> Tensor<2> {
        match self {
            Self::Mlp(mlp) => mlp.forward_as(images, forward),
            Self::LeNet5(lenet5) => lenet5.forward_as(images, forward),
            Self::Cnn(cnn) => cnn.forward_as(images, forward),
            Self::ConvNet(convnet) => convnet.forward_as(images, forward),
            Self::ResNet(resnet) => resnet.forward_as(images, forward),
        }
    }

    /// The logits of a batch, and their mean [`cross_entropy`] against its labels, smoothed as the batch says.
    pub fn forward_classification(&self, batch: ImageBatch, pass: Pass) -> ClassificationOutput {
        let logits = self.forward_as(batch.images, pass, batch.draw);
        let loss = cross_entropy(logits.clone(), batch.labels.clone(), batch.label_smoothing);
        ClassificationOutput::new(loss, logits, batch.labels)
    }

    /// Drops the features that the head sees at this `rate`, in passes that are not evaluation.
    ///
    /// The features are the last hidden layer's of an MLP, of LeNet-5 and of a CNN, after their ReLU, and the channels'
    /// means of the other networks. What is kept is divided by 1 − rate. Off (0) by default; not part of a record.
    ///
    /// # Errors
    /// A rate that is not at least 0 and below 1, or an MLP without hidden layers.
    pub fn dropout(mut self, rate: f64) -> Result<Self, ModelError> {
        let field = "dropout";
        check_rate(field, rate)?;
        if let Self::Mlp(mlp) = &self
            && rate > 0.0
            && !mlp.has_hidden_features()
        {
            return Err(ModelError::NothingToDrop {
                field,
                rate,
                model: self.name(),
                what: "hidden layer",
            });
        }
        *match &mut self {
            Self::Mlp(mlp) => &mut mlp.dropout,
            Self::LeNet5(lenet5) => &mut lenet5.dropout,
            Self::Cnn(cnn) => &mut cnn.dropout,
            Self::ConvNet(convnet) => &mut convnet.dropout,
            Self::ResNet(resnet) => &mut resnet.dropout,
        } = rate;
        Ok(self)
    }

    /// Skips residual blocks in passes that are not evaluation, the last one at this `rate`, earlier ones less often.
    ///
    /// ```text
    /// rate(l) = rate · l / L,   l = 1 … L, the blocks from first to last
    /// ```
    ///
    /// A block is skipped for the whole batch, of which it then computes only the shortcut; otherwise its branch is
    /// divided by 1 − rate(l). A skipped block gets no gradient, and its running statistics stay. Off (0) by default;
    /// not part of a record. Huang et al. 2016, "Deep networks with stochastic depth", with `p_L` = 1 − rate.
    ///
    /// # Errors
    /// A rate that is not at least 0 and below 1, or a network without residual blocks.
    pub fn stochastic_depth(mut self, rate: f64) -> Result<Self, ModelError> {
        let field = "stochastic_depth";
        check_rate(field, rate)?;
        match &mut self {
            Self::ResNet(resnet) => resnet.stochastic_depth = rate,
            _ if rate > 0.0 => {
                return Err(ModelError::NothingToDrop {
                    field,
                    rate,
                    model: self.name(),
                    what: "residual block",
                });
            }
            _ => {}
        }
        Ok(self)
    }

    /// Weights and biases. Burn's `num_params` counts the running statistics of batch norm too.
    pub fn parameter_count(&self) -> usize {
        let mut count = Count::default();
        self.visit(&mut count);
        count.parameters
    }

    /// The same model with every floating-point tensor in `dtype`, to compute in it; images must be of the same type.
    pub fn to_dtype(self, dtype: FloatDType) -> Self {
        cast(self, dtype)
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Mlp(_) => "mlp",
            Self::LeNet5(_) => "lenet5",
            Self::Cnn(_) => "cnn",
            Self::ConvNet(_) => "convnet",
            Self::ResNet(_) => "resnet",
        }
    }
}

/// Counts what is trained, also in a model that is not being trained.
#[derive(Default)]
struct Count {
    name: String,
    parameters: usize,
}

impl ModuleVisitor for Count {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        name.clone_into(&mut self.name);
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if !BatchNorm::BUFFERS.contains(&&*self.name) {
            self.parameters += param.shape().num_elements();
        }
    }
}

fn check_rate(field: &'static str, rate: f64) -> Result<(), ModelError> {
    if (0.0..1.0).contains(&rate) {
        Ok(())
    } else {
        Err(ModelError::Rate { field, rate })
    }
}

/// Images with their labels, on the model's device.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ImageBatch {
    /// Normalised pixels, `[batch, channels, height, width]`.
    pub images: Tensor<4>,
    /// Class indices, `[batch]`.
    pub labels: Tensor<1, Int>,
    /// What [`cross_entropy`] takes from the label and gives to all classes, from 0 (the default) to 1.
    pub label_smoothing: f64,
    /// What dropout and stochastic depth draw this batch's masks from: a number that is another one in every update.
    /// Without it (the default) nothing is dropped.
    pub draw: Option<u64>,
}

impl ImageBatch {
    /// A batch with plain labels, from which nothing is dropped.
    pub fn new(images: Tensor<4>, labels: Tensor<1, Int>) -> Self {
        Self {
            images,
            labels,
            label_smoothing: 0.0,
            draw: None,
        }
    }

    /// Takes `label_smoothing`, from 0 to 1, from the label and gives it to all classes.
    pub fn label_smoothing(mut self, label_smoothing: f64) -> Self {
        self.label_smoothing = label_smoothing;
        self
    }

    /// Draws masks from `draw`, a number that is another one in every update.
    pub fn draw(mut self, draw: u64) -> Self {
        self.draw = Some(draw);
        self
    }
}

/// A training pass: running statistics have moved when it returns.
impl TrainStep for Model {
    type Input = ImageBatch;
    type Output = ClassificationOutput;

    fn step(&self, batch: ImageBatch) -> TrainOutput<ClassificationOutput> {
        let output = self.forward_classification(batch, Pass::Training);
        TrainOutput::new(self, output.loss.backward(), output)
    }
}

/// An evaluation pass.
impl InferenceStep for Model {
    type Input = ImageBatch;
    type Output = ClassificationOutput;

    fn step(&self, batch: ImageBatch) -> ClassificationOutput {
        self.forward_classification(batch, Pass::Evaluation)
    }
}
