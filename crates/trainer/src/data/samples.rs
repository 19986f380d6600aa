//! Small data for the tests of this folder: known answers, written out by hand rather than by the code under test.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::ImageShape;
use super::images::{Images, Normalization};

/// Images of one black pixel with the given labels.
pub(super) fn images(labels: Vec<u16>, classes: usize) -> Images {
    let shape = ImageShape {
        channels: 1,
        height: 1,
        width: 1,
    };
    let normalization = Normalization::grey(1.0, 0.0, 1.0);
    let names = (0..classes).map(|class| class.to_string()).collect();
    Images::new(shape, vec![0; labels.len()], labels, names, normalization)
}

/// An IDX file: the magic number, the dimensions, the content.
pub(super) fn idx(magic: u32, dimensions: &[u32], content: &[u8]) -> Vec<u8> {
    let mut bytes = magic.to_be_bytes().to_vec();
    for dimension in dimensions {
        bytes.extend(dimension.to_be_bytes());
    }
    bytes.extend(content);
    bytes
}

/// `bytes`, gzipped.
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Writes an MNIST of images of 2×3 pixels: image `i` has the pixels `i, i+1, … i+5` (modulo 256) and the label
/// `i` modulo 10. The training files are plain, the test files gzipped and named with a dot.
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
pub(super) fn write_mnist(folder: &Path, train: u32, test: u32) {
    let images = |count| {
        let pixels: Vec<u8> = (0..count)
            .flat_map(|i| (i..i + 6).map(|p| p as u8))
            .collect();
        idx(0x803, &[count, 2, 3], &pixels)
    };
    let labels = |count| {
        let labels: Vec<u8> = (0..count).map(|i| (i % 10) as u8).collect();
        idx(0x801, &[count], &labels)
    };
    let write = |name, bytes: Vec<u8>| fs::write(folder.join(name), bytes).unwrap();
    write("train-images-idx3-ubyte", images(train));
    write("train-labels-idx1-ubyte", labels(train));
    write("t10k-images.idx3-ubyte.gz", gzip(&images(test)));
    write("t10k-labels.idx1-ubyte.gz", gzip(&labels(test)));
}
