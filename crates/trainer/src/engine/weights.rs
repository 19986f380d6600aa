//! Weights in safetensors files, as PyTorch reads and writes them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use burn::tensor::{DType, Element, TensorData, bf16, f16};
use models::{StateDict, StateDictError};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensorError, SafeTensors};

/// A file that a model's weights cannot be read from, in one sentence.
///
/// A message does not repeat the error beneath it ([`source`](std::error::Error::source)), so print the chain.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The operating system would not let it be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// A folder, a pipe, a device.
    #[error("`{}` is no file", path.display())]
    NoFile {
        /// What is no file.
        path: PathBuf,
    },
    /// Damaged, cut short, or of another format.
    #[error("`{}` is no safetensors file, or a damaged one: {reason}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Numbers of a type that no weights here have.
    #[error("`{}`: `{}` is of type {found}; F64, F32, F16, BF16 and I64 can be read", path.display(), name.escape_debug())]
    Type {
        /// The file.
        path: PathBuf,
        /// The tensor's name.
        name: String,
        /// Its type.
        found: String,
    },
    /// The weights of another model.
    #[error("`{}`", path.display())]
    Misfit {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        source: StateDictError,
    },
}

/// Reads every tensor of a safetensors file, sorted by name, each in the type that it has there.
///
/// What a header says is checked against the bytes that are there before anything is made of it.
///
/// # Errors
/// A file that cannot be read, is damaged or of another format, or has tensors of unusual types.
pub fn read_weights(path: &Path) -> Result<StateDict, WeightsError> {
    let read = |source| WeightsError::Read {
        path: path.to_owned(),
        source,
    };
    // A device or a pipe may have no end.
    if !fs::metadata(path).map_err(read)?.is_file() {
        return Err(WeightsError::NoFile {
            path: path.to_owned(),
        });
    }
    let bytes = fs::read(path).map_err(read)?;
    let file = SafeTensors::deserialize(&bytes).map_err(|error| WeightsError::Format {
        path: path.to_owned(),
        reason: reason(&error),
    })?;
    let mut tensors = file.tensors();
    tensors.sort_by(|(one, _), (other, _)| one.cmp(other));
    let tensors = tensors
        .into_iter()
        .map(|(name, tensor)| match tensor_data(&tensor) {
            Some(data) => Ok((name, data)),
            None => Err(WeightsError::Type {
                path: path.to_owned(),
                name,
                found: tensor.dtype().to_string(),
            }),
        });
    tensors.collect()
}

/// A safetensors file with `weights` and, under the key `model`, a text on which model they belong to.
///
/// There is no other metadata: the format does not keep its order, and the same weights should be the same bytes.
///
/// # Errors
/// Names that no header can hold.
pub fn weights_to_bytes(weights: &StateDict, model: String) -> Result<Vec<u8>, SafeTensorError> {
    let stored: Vec<(&str, Dtype, TensorData)> = weights
        .iter()
        .map(|(name, data)| match data.dtype() {
            DType::F64 => (name, Dtype::F64, data.clone()),
            DType::F16 => (name, Dtype::F16, data.clone()),
            DType::BF16 => (name, Dtype::BF16, data.clone()),
            DType::I64 => (name, Dtype::I64, data.clone()),
            _ => (name, Dtype::F32, data.clone().convert_dtype(DType::F32)),
        })
        .collect();
    let mut views = Vec::with_capacity(stored.len());
    for (name, dtype, data) in &stored {
        let view = TensorView::new(*dtype, data.shape().to_vec(), data.as_bytes())?;
        views.push((*name, view));
    }
    let metadata = HashMap::from([("model".to_owned(), model)]);
    safetensors::serialize(views, Some(metadata))
}

fn tensor_data(tensor: &TensorView<'_>) -> Option<TensorData> {
    let bytes = tensor.data();
    let shape = tensor.shape();
    Some(match tensor.dtype() {
        Dtype::F64 => numbers(bytes, shape, f64::from_le_bytes),
        Dtype::F32 => numbers(bytes, shape, f32::from_le_bytes),
        Dtype::F16 => numbers(bytes, shape, f16::from_le_bytes),
        Dtype::BF16 => numbers(bytes, shape, bf16::from_le_bytes),
        Dtype::I64 => numbers(bytes, shape, i64::from_le_bytes),
        _ => return None,
    })
}

fn numbers<const N: usize, E: Element>(
    bytes: &[u8],
    shape: &[usize],
    number: impl Fn([u8; N]) -> E,
) -> TensorData {
    let (numbers, _) = bytes.as_chunks::<N>();
    let numbers = numbers.iter().map(|bytes| number(*bytes)).collect();
    TensorData::new(numbers, shape.to_vec())
}

/// What a person can make something of.
fn reason(error: &SafeTensorError) -> String {
    match error {
        SafeTensorError::HeaderTooSmall => "it has less than 8 bytes".to_owned(),
        SafeTensorError::HeaderTooLarge | SafeTensorError::InvalidHeaderLength => {
            "the header that it announces is longer than the file".to_owned()
        }
        SafeTensorError::MetadataIncompleteBuffer => {
            "its tensors do not end where the file does".to_owned()
        }
        error => error.to_string().escape_debug().to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<StateDict, WeightsError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        fs::write(&path, bytes).unwrap();
        read_weights(&path)
    }

    fn sample() -> StateDict {
        let half = [0.5, -2.0, 65504.0].map(f16::from_f32).to_vec();
        let brain = [0.5, -2.0, 1e38].map(bf16::from_f32).to_vec();
        StateDict::from_iter([
            (
                "a",
                TensorData::new(vec![1.5_f32, -0.0, f32::MIN_POSITIVE], [3, 1]),
            ),
            ("b", TensorData::new(vec![0.1_f64; 4], [2, 2])),
            ("c", TensorData::new(half, [3])),
            ("d", TensorData::new(brain, [1, 3])),
            ("e", TensorData::new(vec![7_i64], Vec::<usize>::new())),
            ("f", TensorData::new(Vec::<f32>::new(), [0, 5])),
        ])
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = weights_to_bytes(&sample(), "a model".to_owned()).unwrap();
        assert_eq!(read(&bytes).unwrap(), sample());
        let again = weights_to_bytes(&sample(), "a model".to_owned()).unwrap();
        assert_eq!(bytes, again);
        let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
        let metadata = metadata.metadata().clone().unwrap();
        assert_eq!(
            metadata,
            HashMap::from([("model".into(), "a model".into())])
        );
    }

    /// The format by hand: a length, a header, numbers from the lowest byte up.
    #[test]
    fn a_file_written_by_hand_is_read() {
        let header = br#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  "#;
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header);
        bytes.extend([0x00, 0x00, 0x80, 0x3f, 0x00, 0x00, 0x20, 0xc0]);
        let data = TensorData::new(vec![1.0_f32, -2.5], [2]);
        assert_eq!(read(&bytes).unwrap(), StateDict::from_iter([("a", data)]));
    }

    #[test]
    fn no_byte_that_is_cut_or_flipped_in_the_header_panics() {
        let whole = weights_to_bytes(&sample(), "a model".to_owned()).unwrap();
        for length in 0..whole.len() {
            assert!(read(&whole[..length]).is_err(), "{length} bytes");
        }
        let header = 8 + u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
        let mut refused = 0;
        for byte in 0..header {
            for bit in 0..8 {
                let mut flipped = whole.clone();
                flipped[byte] ^= 1 << bit;
                // Another name or text is no damage that a reader could see; all else is.
                if let Err(error) = read(&flipped) {
                    assert!(error.to_string().contains("a.safetensors"), "{error}");
                    refused += 1;
                }
            }
        }
        assert!(refused > 4 * header, "{refused} of {}", 8 * header);
    }
}
