//! Real files cut short and flipped: exit code 3 and a sentence, never a panic, never a wrong result.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use tempfile::tempdir;

use crate::program::{reference_folder, transcript};

const TRAIN_IMAGES: &str = "train-images-idx3-ubyte.gz";

/// The MNIST files, the training images replaced by `damaged`.
fn folder_with(source: &Path, folder: &Path, damaged: &[u8]) {
    for entry in fs::read_dir(source).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != TRAIN_IMAGES {
            fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
        }
    }
    let mut file = File::create(folder.join(TRAIN_IMAGES)).unwrap();
    file.write_all(damaged).unwrap();
}

#[test]
fn damaged_mnist_files_exit_with_3_and_a_sentence() {
    let Some(source) = reference_folder("MNIST_DIR") else {
        return;
    };
    let whole = fs::read(source.join(TRAIN_IMAGES)).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 0x10;
    let cases = [
        ("empty", &[][..]),
        ("cut in its header", &whole[..9]),
        ("cut in the middle", &whole[..whole.len() / 2]),
        ("cut before its checksum", &whole[..whole.len() - 8]),
        ("one bit flipped", &flipped),
        (
            "not gzip, not IDX",
            b"PK\x03\x04 this is something else entirely",
        ),
    ];
    for (damage, bytes) in cases {
        let folder = tempdir().unwrap();
        folder_with(&source, folder.path(), bytes);
        let shown = transcript(folder.path(), &["train", "--data", "."]);
        assert!(shown.contains("[exit 3]"), "{damage}: {shown}");
        assert_eq!(shown.matches("error:").count(), 1, "{damage}: {shown}");
        assert!(
            shown.contains(TRAIN_IMAGES),
            "{damage}: the file is not named: {shown}"
        );
        assert!(!shown.contains("panicked"), "{damage}: {shown}");
    }
}

#[test]
fn a_header_cannot_ask_for_memory() {
    let folder = tempdir().unwrap();
    // Four billion images of 65,535 by 65,535 pixels, in 24 bytes.
    let mut images = vec![0, 0, 8, 3];
    for size in [u32::MAX, 0xffff, 0xffff] {
        images.extend(size.to_be_bytes());
    }
    images.extend([0; 8]);
    for name in [
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    ] {
        fs::write(folder.path().join(name), &images).unwrap();
    }
    let shown = transcript(folder.path(), &["train", "--data", "."]);
    assert!(shown.contains("[exit 3]"), "{shown}");
}
