//! Named tensors as bytes, in the format safetensors.

use std::collections::HashMap;

use burn::tensor::{BoolStore, DType, Element, TensorData, bf16, f16};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensorError, SafeTensors};

/// Why bytes are no named tensors.
#[derive(Debug)]
pub(super) enum TensorsError {
    /// Damaged, cut short, or of another format.
    Format(String),
    /// Numbers of a type that nothing here has.
    Type {
        /// The tensor's name.
        name: String,
        /// Its type.
        found: String,
    },
}

/// The bytes of a safetensors file with `tensors` and, under the key of `text`, its value.
///
/// There is no other metadata: the format does not keep its order, and the same tensors should be the same bytes.
///
/// # Errors
/// Names that no header can hold.
pub(super) fn tensors_to_bytes<'a>(
    tensors: impl Iterator<Item = (&'a str, &'a TensorData)>,
    text: Option<(&str, String)>,
) -> Result<Vec<u8>, SafeTensorError> {
    let stored: Vec<(&str, Dtype, TensorData)> = tensors
        .map(|(name, data)| match data.dtype() {
            DType::F64 => (name, Dtype::F64, data.clone()),
            DType::F16 => (name, Dtype::F16, data.clone()),
            DType::BF16 => (name, Dtype::BF16, data.clone()),
            DType::I64 => (name, Dtype::I64, data.clone()),
            DType::U64 => (name, Dtype::U64, data.clone()),
            DType::Bool(BoolStore::Native) => (name, Dtype::BOOL, data.clone()),
            _ => (name, Dtype::F32, data.clone().convert_dtype(DType::F32)),
        })
        .collect();
    let mut views = Vec::with_capacity(stored.len());
    for (name, dtype, data) in &stored {
        let view = TensorView::new(*dtype, data.shape().to_vec(), data.as_bytes())?;
        views.push((*name, view));
    }
    let metadata = text.map(|(key, text)| HashMap::from([(key.to_owned(), text)]));
    safetensors::serialize(views, metadata)
}

/// Every tensor in the bytes of a safetensors file, sorted by name, each in the type that it has there.
///
/// What a header says is checked against the bytes that are there before anything is made of it.
///
/// # Errors
/// Bytes that are damaged or of another format, or tensors of unusual types.
pub(super) fn tensors_from_bytes(bytes: &[u8]) -> Result<Vec<(String, TensorData)>, TensorsError> {
    let file =
        SafeTensors::deserialize(bytes).map_err(|error| TensorsError::Format(reason(&error)))?;
    let mut tensors = file.tensors();
    tensors.sort_by(|(one, _), (other, _)| one.cmp(other));
    let tensors = tensors
        .into_iter()
        .map(|(name, tensor)| match tensor_data(&tensor) {
            Some(data) => Ok((name, data)),
            None => Err(TensorsError::Type {
                name,
                found: tensor.dtype().to_string(),
            }),
        });
    tensors.collect()
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
        Dtype::U64 => numbers(bytes, shape, u64::from_le_bytes),
        Dtype::BOOL => numbers(bytes, shape, |[byte]| byte != 0),
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

    #[test]
    fn every_type_of_a_record_comes_back_as_it_was() {
        let scalar = Vec::<usize>::new;
        let tensors = [
            ("a", TensorData::new(vec![u64::MAX], scalar())),
            ("b", TensorData::new(vec![true, false], [2])),
            ("c", TensorData::new(vec![i64::MIN], scalar())),
            ("d", TensorData::new(vec![f64::NAN, -0.0, 0.1], [3])),
            ("e", TensorData::new(vec![f32::MIN_POSITIVE], [1, 1])),
        ];
        let borrowed = || tensors.iter().map(|(name, data)| (*name, data));
        let bytes = tensors_to_bytes(borrowed(), None).unwrap();
        let read = tensors_from_bytes(&bytes).unwrap();
        for ((name, data), (read_name, read)) in tensors.iter().zip(&read) {
            assert_eq!((*name, data.dtype()), (read_name.as_str(), read.dtype()));
            assert_eq!(data.as_bytes(), read.as_bytes(), "{name}");
            assert_eq!(data.shape(), read.shape());
        }
        assert_eq!(bytes, tensors_to_bytes(borrowed(), None).unwrap());
    }
}
