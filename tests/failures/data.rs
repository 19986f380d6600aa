//! The data are damaged, missing, or no set to learn from.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use image::RgbImage;

use super::scene::{Row, Scene};
use crate::program::HELD_TO_RIGHTS;

const FILES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];
const IMAGES: &str = FILES[0];
const LABELS: &str = FILES[1];
const TRAIN: &[&str] = &[
    "train",
    "--data=data",
    "--batch-size=10",
    "--epochs=3",
    "--schedule=constant",
    "--name=a",
];

/// An IDX file: its magic number and dimensions, then bytes.
fn idx(header: &[u32], bytes: &[u8]) -> Vec<u8> {
    let header = header.iter().flat_map(|number| number.to_be_bytes());
    header.chain(bytes.iter().copied()).collect()
}

/// A small set in the form of MNIST, one of whose files is replaced.
fn mnist(scene: &Scene, file: &str, bytes: &[u8]) {
    fs::create_dir_all(scene.at("data")).unwrap();
    let labels: Vec<u8> = (0..40).map(|row| row % 10).collect();
    for name in FILES {
        let whole = match name.contains("images") {
            true => idx(&[0x803, 40, 4, 4], &[7; 640]),
            false => idx(&[0x801, 40], &labels),
        };
        fs::write(scene.at("data").join(name), whole).unwrap();
    }
    fs::write(scene.at("data").join(file), bytes).unwrap();
}

/// A folder of pictures, ten of each of two classes.
fn pictures(scene: &Scene) {
    for class in 0..2 {
        let folder = scene.at(["data/dark", "data/light"][class]);
        fs::create_dir_all(&folder).unwrap();
        for number in 0..10 {
            let grey = [class as u8 * 200 + number; 3];
            let picture = RgbImage::from_pixel(4, 4, image::Rgb(grey));
            picture.save(folder.join(format!("{number}.png"))).unwrap();
        }
    }
}

/// A PNG file that says that it has ten billion pixels, and has none.
fn boast() -> Vec<u8> {
    let mut chunk = b"IHDR".to_vec();
    chunk.extend(
        [100_000_u32, 100_000]
            .iter()
            .flat_map(|side| side.to_be_bytes()),
    );
    chunk.extend([8, 2, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    file.extend(13_u32.to_be_bytes());
    file.extend(&chunk);
    file.extend(crc32fast::hash(&chunk).to_be_bytes());
    file
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Forbids everybody to read a file.
fn forbid(path: &Path) {
    fs::set_permissions(path, Permissions::from_mode(0o000)).unwrap();
}

pub(super) const ROWS: &[Row] = &[
    ("there are none at the path, or some are missing", |scene| {
        scene.run(TRAIN);
        mnist(scene, IMAGES, b"");
        fs::remove_file(scene.at("data").join(LABELS)).unwrap();
        scene.run(TRAIN);
    }),
    ("a file may not be read", |scene| {
        mnist(scene, IMAGES, b"");
        forbid(&scene.at("data").join(IMAGES));
        scene.under(HELD_TO_RIGHTS, TRAIN);
    }),
    ("a file is empty, or was cut", |scene| {
        mnist(scene, IMAGES, b"");
        scene.run(TRAIN);
        mnist(scene, IMAGES, &idx(&[0x803, 40, 4, 4], &[7; 600]));
        scene.run(TRAIN);
        let packed = gzip(&idx(&[0x803, 40, 4, 4], &[7; 640]));
        mnist(scene, IMAGES, &packed[..packed.len() - 9]);
        scene.run(TRAIN);
    }),
    ("a file is damaged, or something else", |scene| {
        let mut packed = gzip(&idx(&[0x803, 40, 4, 4], &[7; 640]));
        let checksum = packed.len() - 8;
        packed[checksum] ^= 1;
        mnist(scene, IMAGES, &packed);
        scene.run(TRAIN);
        mnist(scene, IMAGES, b"<!DOCTYPE html><title>404");
        scene.run(TRAIN);
    }),
    ("a file says that it is huge", |scene| {
        mnist(
            scene,
            IMAGES,
            &idx(&[0x803, u32::MAX, 0xffff, 0xffff], &[0; 640]),
        );
        scene.run(TRAIN);
    }),
    ("images and labels do not fit together", |scene| {
        mnist(scene, LABELS, &idx(&[0x801, 39], &[0; 39]));
        scene.run(TRAIN);
        mnist(scene, FILES[2], &idx(&[0x803, 40, 4, 5], &[7; 800]));
        scene.run(TRAIN);
    }),
    ("a label is out of range", |scene| {
        mnist(scene, LABELS, &idx(&[0x801, 40], &[10; 40]));
        scene.run(TRAIN);
    }),
    (
        "a picture is empty, cut, too large, none, or may not be read",
        |scene| {
            pictures(scene);
            let dark = scene.at("data/dark");
            let whole = fs::read(dark.join("0.png")).unwrap();
            fs::write(dark.join("cut.png"), &whole[..whole.len() / 2]).unwrap();
            fs::write(dark.join("empty.png"), b"").unwrap();
            fs::write(dark.join("huge.png"), boast()).unwrap();
            fs::write(dark.join("text.png"), b"a text").unwrap();
            fs::write(dark.join("secret.png"), &whole).unwrap();
            forbid(&dark.join("secret.png"));
            scene.under(HELD_TO_RIGHTS, TRAIN);
            scene.under(
                HELD_TO_RIGHTS,
                &[TRAIN, &["--set=data.skip_bad=true"]].concat(),
            );
        },
    ),
    ("a class has no picture", |scene| {
        pictures(scene);
        fs::create_dir(scene.at("data/dim")).unwrap();
        scene.run(TRAIN);
    }),
    ("a folder is no set of pictures", |scene| {
        fs::create_dir(scene.at("data")).unwrap();
        scene.run(TRAIN);
        fs::create_dir(scene.at("data/dark")).unwrap();
        scene.run(TRAIN);
    }),
    ("a class's name is not UTF-8", |scene| {
        pictures(scene);
        fs::create_dir(scene.at("data").join(OsStr::from_bytes(b"\xff"))).unwrap();
        scene.run(TRAIN);
    }),
    ("a link leads back to where it lies", |scene| {
        pictures(scene);
        symlink(scene.at("data/dark"), scene.at("data/dark/again")).unwrap();
        symlink(scene.at("data/light/loop"), scene.at("data/light/loop")).unwrap();
        scene.run(TRAIN);
    }),
    (
        "the training images are others than at the beginning",
        |scene| {
            pictures(scene);
            scene.with("save:1:kill", TRAIN);
            fs::remove_file(scene.at("data/dark/0.png")).unwrap();
            scene.run(&["train", "--resume", "runs/a"]);
        },
    ),
];
