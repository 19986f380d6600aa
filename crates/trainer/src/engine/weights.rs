//! Weights in safetensors files, as PyTorch reads and writes them.

use std::path::{Path, PathBuf};
use std::{fs, io};

use models::{StateDict, StateDictError};
use safetensors::SafeTensorError;

use super::tensors::{TensorsError, tensors_from_bytes, tensors_to_bytes};

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
    let tensors = tensors_from_bytes(&bytes).map_err(|error| match error {
        TensorsError::Format(reason) => WeightsError::Format {
            path: path.to_owned(),
            reason,
        },
        TensorsError::Type { name, found } => WeightsError::Type {
            path: path.to_owned(),
            name,
            found,
        },
    })?;
    Ok(tensors.into_iter().collect())
}

/// A safetensors file with `weights` and, under the key `model`, a text on which model they belong to.
///
/// # Errors
/// Names that no header can hold.
pub fn weights_to_bytes(weights: &StateDict, model: String) -> Result<Vec<u8>, SafeTensorError> {
    tensors_to_bytes(weights.iter(), Some(("model", model)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::collections::HashMap;

    use burn::tensor::{TensorData, bf16, f16};
    use safetensors::SafeTensors;

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
