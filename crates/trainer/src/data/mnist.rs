//! MNIST (Y. LeCun, C. Cortes, C. Burges), or a set in its form, from a folder of its four IDX files.

use std::path::{Path, PathBuf};

use super::ImageShape;
use super::error::DataError;
use super::idx;
use super::images::{Images, Normalization};
use super::part::Part;

const CLASSES: usize = 10;
/// The mean and standard deviation of MNIST's training pixels, which is what everybody normalises by.
const MEAN: f64 = 0.1307;
const STD: f64 = 0.3081;
const FILES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

/// Reads the set in `folder`: `(training, test)`, each in the order of its file.
///
/// Each file may be gzipped (`.gz`), and may be named with a dot before `idx`, as some archives unpack it.
pub(super) fn load(folder: &Path) -> Result<(Part, Part), DataError> {
    let [train_images, train_labels, test_images, test_labels] = find(folder)?;
    let train = read(&train_images, &train_labels)?;
    let test = read(&test_images, &test_labels)?;
    if train.shape() != test.shape() {
        return Err(DataError::Shape {
            train: train_images,
            train_shape: train.shape(),
            test: test_images,
            test_shape: test.shape(),
        });
    }
    Ok((Part::all(train), Part::all(test)))
}

/// Whether a folder holds one of the four files, so that the others are missed if they are not there.
pub(crate) fn is_mnist(folder: &Path) -> bool {
    paths(folder).iter().any(Option::is_some)
}

fn find(folder: &Path) -> Result<[PathBuf; 4], DataError> {
    let metadata = folder.metadata().map_err(|source| DataError::Read {
        path: folder.to_owned(),
        source,
    })?;
    if !metadata.is_dir() {
        return Err(DataError::NotAFolder {
            path: folder.to_owned(),
        });
    }
    let found = paths(folder);
    match found {
        [Some(a), Some(b), Some(c), Some(d)] => Ok([a, b, c, d]),
        _ => Err(DataError::MissingFiles {
            folder: folder.to_owned(),
            missing: FILES
                .into_iter()
                .zip(&found)
                .filter_map(|(name, path)| path.is_none().then_some(name))
                .collect(),
        }),
    }
}

/// Where each of [`FILES`] is, if it is there.
fn paths(folder: &Path) -> [Option<PathBuf>; 4] {
    FILES.map(|name| {
        let dotted = name.replace("-idx", ".idx");
        let paths =
            [name, &dotted].map(|name| [folder.join(name), folder.join(format!("{name}.gz"))]);
        // Some archives unpack each file into a folder of the same name.
        paths.into_iter().flatten().find(|path| path.is_file())
    })
}

fn read(images: &Path, labels: &Path) -> Result<Images, DataError> {
    let ([count, height, width], pixels) = idx::read_images(images)?;
    let classes = idx::read_labels(labels)?;
    if count != classes.len() {
        return Err(DataError::Count {
            images: images.to_owned(),
            image_count: count,
            labels: labels.to_owned(),
            label_count: classes.len(),
        });
    }
    let too_large = |&(_, &label): &(usize, &u8)| usize::from(label) >= CLASSES;
    if let Some((row, &label)) = classes.iter().enumerate().find(too_large) {
        return Err(DataError::Label {
            path: labels.to_owned(),
            row,
            label,
            classes: CLASSES,
        });
    }
    let shape = ImageShape {
        channels: 1,
        height,
        width,
    };
    Ok(Images::new(
        shape,
        pixels,
        classes.into_iter().map(u16::from).collect(),
        (0..CLASSES).map(|class| class.to_string()).collect(),
        Normalization::grey(255.0, MEAN, STD),
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::{env, fs};

    use tempfile::TempDir;

    use super::super::samples::{idx, write_mnist};
    use super::*;

    fn folder() -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        write_mnist(folder.path(), 30, 20);
        folder
    }

    #[test]
    fn a_folder_is_read_in_whatever_form_its_files_are() {
        let folder = folder();
        let (train, test) = load(folder.path()).unwrap();
        assert_eq!((train.len(), test.len()), (30, 20));
        assert_eq!(train.images().shape().to_string(), "1x2x3");
        assert_eq!(*train.images().pixels(29), [29, 30, 31, 32, 33, 34]);
        assert_eq!(*test.images().pixels(1), [1, 2, 3, 4, 5, 6]);
        assert_eq!((train.label(29), test.label(12)), (9, 2));
        assert_eq!(train.images().class_names()[9], "9");
    }

    #[test]
    fn missing_files_are_named_and_a_folder_of_that_name_is_not_one() {
        let folder = folder();
        fs::remove_file(folder.path().join("t10k-images.idx3-ubyte.gz")).unwrap();
        fs::remove_file(folder.path().join("train-labels-idx1-ubyte")).unwrap();
        fs::create_dir(folder.path().join("train-labels-idx1-ubyte")).unwrap();
        let error = load(folder.path()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "the folder `{}` lacks train-labels-idx1-ubyte, t10k-images-idx3-ubyte",
                folder.path().display()
            )
        );
        assert!(error.hint().unwrap().contains("https://"));
    }

    #[test]
    fn a_path_that_is_no_folder_says_so() {
        let folder = folder();
        let file = folder.path().join("train-images-idx3-ubyte");
        let error = load(&file).unwrap_err();
        assert!(matches!(error, DataError::NotAFolder { path } if path == file));
        let error = load(&folder.path().join("absent")).unwrap_err();
        assert!(matches!(&error, DataError::Read { .. }));
        assert!(error.hint().is_some());
    }

    #[test]
    fn files_that_do_not_fit_together_are_errors() {
        let labels = |count: u32, label: u8| {
            let mut content = vec![0; count as usize];
            content[3] = label;
            idx(0x801, &[count], &content)
        };
        let wide = idx(0x803, &[20, 3, 2], &[0; 120]);
        let cases = [
            (
                "train-labels-idx1-ubyte",
                labels(29, 0),
                "holds 30 images, but `{}` holds 29 labels",
            ),
            (
                "train-labels-idx1-ubyte",
                labels(30, 10),
                "label 3 (counted from 0) in `{}` is 10; allowed is 0 to 9",
            ),
            (
                "t10k-images-idx3-ubyte",
                wide,
                "are 1x2x3 (channels, height, width), those in `{}` are 1x3x2",
            ),
        ];
        for (name, bytes, expected) in cases {
            let folder = folder();
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            let message = load(folder.path()).unwrap_err().to_string();
            let expected = expected.replace("{}", &path.display().to_string());
            assert!(message.contains(&expected), "{message}");
        }
    }

    /// The real files, whose folder the environment names; a machine without them skips what needs them, unless it was
    /// told not to.
    #[test]
    fn the_real_files_are_the_known_set() {
        let Some(folder) = env::var_os("MNIST_DIR") else {
            let required = env::var("ANNEAL_REQUIRE_REFERENCE").is_ok_and(|value| value == "1");
            assert!(
                !required,
                "MNIST_DIR is not set, and ANNEAL_REQUIRE_REFERENCE is 1"
            );
            eprintln!("skipped: MNIST_DIR does not name a folder with MNIST");
            return;
        };
        let (train, test) = load(Path::new(&folder)).unwrap();
        // Images of each label and the sum of all pixels, by Python from the files whose MD5 sums are the published.
        let expected = [
            (
                &train,
                [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
                1_567_298_545_u64,
                [5, 0, 4, 1, 9, 2, 1, 3, 1, 4],
            ),
            (
                &test,
                [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
                264_923_200,
                [7, 2, 1, 0, 4, 1, 4, 9, 5, 9],
            ),
        ];
        for (part, label_counts, pixel_sum, first_labels) in expected {
            let images = part.images();
            assert_eq!(images.shape().to_string(), "1x28x28");
            assert_eq!(images.labels()[..10], first_labels);
            let count = |label| images.labels().iter().filter(|&&l| l == label).count();
            assert_eq!(
                std::array::from_fn(|label| count(label as u16)),
                label_counts
            );
            let bytes = (0..images.len()).flat_map(|row| images.pixels(row).into_owned());
            assert_eq!(bytes.map(u64::from).sum::<u64>(), pixel_sum);
        }
        // What the normalisation is for: mean 0 and standard deviation 1 over the training pixels.
        let table = train.images().normalization().table()[0];
        let count = (60_000 * 784) as f64;
        let values = (0..60_000).flat_map(|row| train.images().pixels(row).into_owned());
        let (sum, squares) = values.fold((0.0, 0.0), |(sum, squares), byte| {
            let value = table[usize::from(byte)];
            (sum + value, squares + value * value)
        });
        assert!((sum / count).abs() < 1e-3);
        assert!((squares / count - 1.0).abs() < 1e-3);
    }
}
