//! What a network consists of: its layers, their shapes, and what they cost.

use std::fmt;

use crate::{ImageShape, ModelConfig, ModelError};

/// One layer of a network, for one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Where it stands, such as `stages.0.conv1`: its parameters' names without their last part.
    pub path: String,
    /// What it is, such as `conv 3x3`.
    pub kind: String,
    /// The shape of its output: channels, height and width, or features.
    pub output: Vec<usize>,
    /// Its weights and biases, without running statistics.
    pub parameters: usize,
    /// Its multiplications that are followed by an addition: `outputs × inputs` of a linear layer, `outputs × input
    /// channels × kernel²` of a convolution. Biases, norms, activations and pooling count as none.
    pub multiply_adds: u64,
}

/// The layers of a network in the order in which they compute. Printed, it is a table.
///
/// ```
/// use models::{ImageShape, ModelConfig};
///
/// # fn main() -> Result<(), models::ModelError> {
/// let shape = ImageShape { channels: 1, height: 8, width: 8 };
/// let summary = ModelConfig::Mlp { hidden: vec![128, 64] }.summary(shape, 10)?;
/// assert_eq!(summary.parameters(), 17_226);
/// assert_eq!(summary.to_string(), "\
/// layer     kind     output  parameters  multiply-adds
/// flatten   flatten      64           0              0
/// layers.0  linear      128       8,320          8,192
/// layers.1  linear       64       8,256          8,192
/// head      linear       10         650            640
/// total                          17,226         17,024
/// ");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The layers.
    pub layers: Vec<Layer>,
}

impl ModelConfig {
    /// The layers of this network for images of `shape` and so many `classes`; nothing is allocated or computed.
    ///
    /// # Errors
    /// As [`init`](Self::init).
    pub fn summary(&self, shape: ImageShape, classes: usize) -> Result<Summary, ModelError> {
        self.check_shape(shape, classes)?;
        let mut tracer = Tracer {
            shape: vec![shape.channels, shape.height, shape.width],
            layers: Vec::new(),
        };
        self.trace(classes, &mut tracer);
        Ok(Summary {
            layers: tracer.layers,
        })
    }
}

impl Summary {
    /// All weights and biases; the largest number that there is, if there are more.
    pub fn parameters(&self) -> usize {
        let parameters = self.layers.iter().map(|layer| layer.parameters);
        parameters.fold(0, usize::saturating_add)
    }

    /// All multiply-adds of one image; the largest number that there is, if there are more.
    pub fn multiply_adds(&self) -> u64 {
        let multiply_adds = self.layers.iter().map(|layer| layer.multiply_adds);
        multiply_adds.fold(0, u64::saturating_add)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = ["layer", "kind", "output", "parameters", "multiply-adds"];
        let mut rows = vec![header.map(str::to_owned)];
        rows.extend(self.layers.iter().map(|layer| {
            let output: Vec<String> = layer.output.iter().map(usize::to_string).collect();
            [
                layer.path.clone(),
                layer.kind.clone(),
                output.join("x"),
                grouped(layer.parameters as u64),
                grouped(layer.multiply_adds),
            ]
        }));
        rows.push([
            "total".to_owned(),
            String::new(),
            String::new(),
            grouped(self.parameters() as u64),
            grouped(self.multiply_adds()),
        ]);
        let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
        let widths: [usize; 5] = std::array::from_fn(width);
        for row in &rows {
            let [path, kind, output, parameters, multiply_adds] = row;
            writeln!(
                formatter,
                "{path:<0$}  {kind:<1$}  {output:>2$}  {parameters:>3$}  {multiply_adds:>4$}",
                widths[0], widths[1], widths[2], widths[3], widths[4],
            )?;
        }
        Ok(())
    }
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Follows one image through a network that is described layer by layer.
pub(crate) struct Tracer {
    shape: Vec<usize>,
    layers: Vec<Layer>,
}

impl Tracer {
    /// The shape here, to return to with [`continue_from`](Self::continue_from).
    pub(crate) fn shape(&self) -> Vec<usize> {
        self.shape.clone()
    }

    /// The next layer's input has this shape, not that of the last layer's output.
    pub(crate) fn continue_from(&mut self, shape: Vec<usize>) {
        self.shape = shape;
    }

    /// A convolution of an odd kernel that pads so that only the stride changes the image's size.
    pub(crate) fn conv(&mut self, path: &str, kernel: usize, outputs: usize, stride: usize) {
        let kind = match stride {
            1 => format!("conv {kernel}x{kernel}"),
            _ => format!("conv {kernel}x{kernel} / {stride}"),
        };
        let output = self.after_window(outputs, kernel, kernel / 2, stride);
        self.push_conv(path, kind, output, kernel, 0);
    }

    /// A convolution of stride 1 with a bias.
    pub(crate) fn conv_with_bias(
        &mut self,
        path: &str,
        kernel: usize,
        outputs: usize,
        padding: usize,
    ) {
        let output = self.after_window(outputs, kernel, padding, 1);
        self.push_conv(
            path,
            format!("conv {kernel}x{kernel}"),
            output,
            kernel,
            outputs,
        );
    }

    pub(crate) fn norm(&mut self, path: &str) {
        let parameters = self.shape[0].saturating_mul(2);
        self.push(path, "batch norm", self.shape.clone(), parameters, 0);
    }

    pub(crate) fn max_pool(&mut self, path: &str) {
        let output = self.after_window(self.shape[0], 2, 0, 2);
        self.push(path, "max pool 2x2", output, 0, 0);
    }

    pub(crate) fn global_average(&mut self, path: &str) {
        self.push(path, "global average", vec![self.shape[0]], 0, 0);
    }

    pub(crate) fn flatten(&mut self, path: &str) {
        self.push(path, "flatten", vec![self.shape.iter().product()], 0, 0);
    }

    pub(crate) fn linear(&mut self, path: &str, outputs: usize) {
        let weights = self.shape[0].saturating_mul(outputs);
        self.push(
            path,
            "linear",
            vec![outputs],
            weights.saturating_add(outputs),
            weights as u64,
        );
    }

    /// The output of a window that moves over the image, as PyTorch floors it.
    fn after_window(
        &self,
        channels: usize,
        kernel: usize,
        padding: usize,
        stride: usize,
    ) -> Vec<usize> {
        let after = |size: usize| (size + 2 * padding - kernel) / stride + 1;
        vec![channels, after(self.shape[1]), after(self.shape[2])]
    }

    fn push_conv(
        &mut self,
        path: &str,
        kind: String,
        output: Vec<usize>,
        kernel: usize,
        biases: usize,
    ) {
        let channels = self.shape[0].saturating_mul(output[0]);
        let weights = channels.saturating_mul(kernel * kernel);
        let multiply_adds = (weights as u64).saturating_mul((output[1] * output[2]) as u64);
        let parameters = weights.saturating_add(biases);
        self.push(path, kind, output, parameters, multiply_adds);
    }

    fn push(
        &mut self,
        path: &str,
        kind: impl Into<String>,
        output: Vec<usize>,
        parameters: usize,
        multiply_adds: u64,
    ) {
        self.shape.clone_from(&output);
        self.layers.push(Layer {
            path: path.to_owned(),
            kind: kind.into(),
            output,
            parameters,
            multiply_adds,
        });
    }
}
