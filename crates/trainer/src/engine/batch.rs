//! From rows of bytes to tensors on a device.

use burn::tensor::{Device, Tensor, TensorData};
use models::ImageBatch;

use crate::data::{ImageShape, Part};

/// Gathers batches of one part; the buffers are allocated by the tensors that take them over.
#[derive(Debug)]
pub(super) struct Batches<'a> {
    part: &'a Part,
    tables: Vec<[f32; 256]>,
    shape: ImageShape,
    device: Device,
}

impl<'a> Batches<'a> {
    pub(super) fn new(part: &'a Part, device: &Device) -> Self {
        let images = part.images();
        Self {
            part,
            tables: images.normalization().table_f32(),
            shape: images.shape(),
            device: device.clone(),
        }
    }

    /// The images at `positions` of the part: pixels `[batch, channels, height, width]`, labels `[batch]`.
    pub(super) fn gather(&self, positions: &[usize]) -> ImageBatch {
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        self.part
            .gather(positions, &self.tables, &mut pixels, &mut labels);
        let ImageShape {
            channels,
            height,
            width,
        } = self.shape;
        let count = positions.len();
        let pixels = TensorData::new(pixels, [count, channels, height, width]);
        let labels = TensorData::new(labels, [count]);
        ImageBatch {
            images: Tensor::from_data(pixels, &self.device),
            labels: Tensor::from_data(labels, &self.device),
        }
    }
}
