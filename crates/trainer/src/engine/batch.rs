//! From rows of bytes to tensors on a device.

use std::cell::OnceCell;

use burn::tensor::{DType, Device, Element, ElementConversion, Tensor, TensorData};
use models::ImageBatch;

use super::{Compute, precision};
use crate::config::Precision;
use crate::data::{Change, ImageShape, Part};

/// Gathers batches of one part.
///
/// On the CPU, from bytes into buffers that the tensors take over. On a GPU that has room for them, all images are moved
/// there with the first batch, and batches are gathered there: a batch then is a list of positions.
#[derive(Debug)]
pub(super) struct Batches<'a> {
    part: &'a Part,
    tables: Tables,
    /// What each value of an image is multiplied by.
    factors: Option<Vec<f64>>,
    shape: ImageShape,
    device: Device,
    /// Whether the device has room for all images, and those images.
    fits: bool,
    resident: OnceCell<ImageBatch>,
}

/// The normalised value of every byte in every channel, computed in double precision.
#[derive(Debug)]
enum Tables {
    Float32(Vec<[f32; 256]>),
    Float64(Vec<[f64; 256]>),
}

impl<'a> Batches<'a> {
    /// Batches on `device`, which is that of `compute`, with autodiff or without.
    pub(super) fn new(
        part: &'a Part,
        precision: Precision,
        compute: &Compute,
        device: &Device,
    ) -> Self {
        let images = part.images();
        let size = DType::from(precision::dtype(precision)).size();
        let bytes = part.len() * images.shape().values() * size;
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
            fits: bytes as u64 <= compute.image_memory,
            resident: OnceCell::new(),
        }
    }

    /// What they are batches of.
    pub(super) fn part(&self) -> &Part {
        self.part
    }

    /// The images at `positions` of the part: pixels `[batch, channels, height, width]`, labels `[batch]`.
    pub(super) fn gather(&self, positions: &[usize]) -> ImageBatch {
        if !self.fits {
            return self.moved(positions, None);
        }
        let all = self.resident.get_or_init(|| {
            let all: Vec<usize> = (0..self.part.len()).collect();
            self.moved(&all, None)
        });
        let positions: Vec<i32> = positions.iter().map(|&position| position as i32).collect();
        let count = positions.len();
        let positions = Tensor::from_data(TensorData::new(positions, [count]), &self.device);
        ImageBatch::new(
            all.images.clone().select(0, positions.clone()),
            all.labels.clone().select(0, positions),
        )
    }

    /// As [`gather`](Self::gather), each image changed on the host as `changes` say, `[batch]`.
    pub(super) fn gather_changed(&self, positions: &[usize], changes: &[Change]) -> ImageBatch {
        self.moved(positions, Some(changes))
    }

    /// Gathers on the host, and moves the batch to the device.
    fn moved(&self, positions: &[usize], changes: Option<&[Change]>) -> ImageBatch {
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
        let (mut pixels, labels) = self.part.gather(positions, changes, tables);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Backend;
    use crate::data::synthetic;

    const SHAPE: ImageShape = ImageShape {
        channels: 3,
        height: 2,
        width: 4,
    };

    type Gathered = (Vec<f64>, Vec<i64>);

    /// Two batches of 20 images, and whether all of these were moved.
    fn gathered(precision: Precision, image_memory: u64) -> (Vec<Gathered>, bool) {
        let part = synthetic(SHAPE, 20, 5).train;
        let compute = Compute {
            device: Device::flex(),
            backend: Backend::Flex,
            name: "a card".to_owned(),
            software: false,
            image_memory,
        };
        let batches = Batches::new(&part, precision, &compute, &compute.device);
        let gathered = [[3, 0, 3, 19], [1, 2, 6, 5]].map(|positions| {
            let ImageBatch { images, labels, .. } = batches.gather(&positions);
            assert_eq!(images.dims(), [4, 3, 2, 4]);
            let (images, labels) = (images.into_data(), labels.into_data());
            (
                images.iter::<f64>().collect(),
                labels.iter::<i64>().collect(),
            )
        });
        (gathered.to_vec(), batches.resident.get().is_some())
    }

    #[test]
    fn batches_are_the_same_wherever_the_images_lie() {
        for (precision, size) in [(Precision::Float32, 4), (Precision::Float64, 8)] {
            let all = 20 * SHAPE.values() as u64 * size;
            let (on_host, moved) = gathered(precision, all - 1);
            assert!(!moved);
            assert_eq!(on_host[0].1, [3, 0, 3, 4]);
            assert_eq!(gathered(precision, all), (on_host, true));
        }
    }
}
