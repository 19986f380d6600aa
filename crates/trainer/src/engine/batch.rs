//! From rows of bytes to tensors on a device.

use burn::tensor::{DType, Device, Tensor, TensorData};
use models::ImageBatch;

use crate::config::Precision;
use crate::data::{ImageShape, Part};

/// Gathers batches of one part; the buffers are allocated by the tensors that take them over.
#[derive(Debug)]
pub(super) struct Batches<'a> {
    part: &'a Part,
    tables: Tables,
    shape: ImageShape,
    device: Device,
}

/// The normalised value of every byte in every channel, computed in double precision.
#[derive(Debug)]
enum Tables {
    Float32(Vec<[f32; 256]>),
    Float64(Vec<[f64; 256]>),
}

impl<'a> Batches<'a> {
    pub(super) fn new(part: &'a Part, precision: Precision, device: &Device) -> Self {
        let images = part.images();
        let normalization = images.normalization();
        Self {
            part,
            tables: match precision {
                Precision::Float32 => Tables::Float32(normalization.table_f32()),
                Precision::Float64 => Tables::Float64(normalization.table()),
            },
            shape: images.shape(),
            device: device.clone(),
        }
    }

    /// The images at `positions` of the part: pixels `[batch, channels, height, width]`, labels `[batch]`.
    pub(super) fn gather(&self, positions: &[usize]) -> ImageBatch {
        let mut labels = Vec::new();
        let ImageShape {
            channels,
            height,
            width,
        } = self.shape;
        let count = positions.len();
        let shape = [count, channels, height, width];
        let (pixels, dtype) = match &self.tables {
            Tables::Float32(tables) => {
                let mut pixels = Vec::new();
                self.part
                    .gather(positions, tables, &mut pixels, &mut labels);
                (TensorData::new(pixels, shape), DType::F32)
            }
            Tables::Float64(tables) => {
                let mut pixels = Vec::new();
                self.part
                    .gather(positions, tables, &mut pixels, &mut labels);
                (TensorData::new(pixels, shape), DType::F64)
            }
        };
        let labels = TensorData::new(labels, [count]);
        ImageBatch::new(
            Tensor::from_data(pixels, (&self.device, dtype)),
            Tensor::from_data(labels, &self.device),
        )
    }
}
