//! From rows of bytes to tensors on a device.

use burn::tensor::{DType, Device, Element, ElementConversion, Tensor, TensorData};
use models::ImageBatch;

use crate::config::Precision;
use crate::data::{Change, ImageShape, Part};

/// Gathers batches of one part; the buffers are allocated by the tensors that take them over.
#[derive(Debug)]
pub(super) struct Batches<'a> {
    part: &'a Part,
    tables: Tables,
    /// What each value of an image is multiplied by.
    factors: Option<Vec<f64>>,
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
            factors: normalization.factors(images.shape().values()),
            shape: images.shape(),
            device: device.clone(),
        }
    }

    /// The images at `positions` of the part: pixels `[batch, channels, height, width]`, labels `[batch]`.
    pub(super) fn gather(&self, positions: &[usize]) -> ImageBatch {
        self.gather_changed(positions, None)
    }

    /// As [`gather`](Self::gather), each image changed as `changes` say, `[batch]`, if they are given.
    pub(super) fn gather_changed(
        &self,
        positions: &[usize],
        changes: Option<&[Change]>,
    ) -> ImageBatch {
        match &self.tables {
            Tables::Float32(tables) => self.batch(positions, changes, tables, DType::F32),
            Tables::Float64(tables) => self.batch(positions, changes, tables, DType::F64),
        }
    }

    fn batch<Value: Element + Default>(
        &self,
        positions: &[usize],
        changes: Option<&[Change]>,
        tables: &[[Value; 256]],
        dtype: DType,
    ) -> ImageBatch {
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        match changes {
            Some(changes) => {
                let (pixels, labels) = (&mut pixels, &mut labels);
                self.part
                    .gather_changed(positions, changes, tables, pixels, labels);
            }
            None => self
                .part
                .gather(positions, tables, &mut pixels, &mut labels),
        }
        self.stretch(&mut pixels);
        let ImageShape {
            channels,
            height,
            width,
        } = self.shape;
        let count = positions.len();
        let pixels = TensorData::new(pixels, [count, channels, height, width]);
        let labels = TensorData::new(labels, [count]);
        ImageBatch::new(
            Tensor::from_data(pixels, (&self.device, dtype)),
            Tensor::from_data(labels, &self.device),
        )
    }

    /// Multiplies the values of every image, if they are to be.
    fn stretch<Value: Element>(&self, pixels: &mut [Value]) {
        let Some(factors) = &self.factors else {
            return;
        };
        for image in pixels.chunks_exact_mut(factors.len()) {
            for (pixel, factor) in image.iter_mut().zip(factors) {
                *pixel = (pixel.elem::<f64>() * factor).elem();
            }
        }
    }
}
