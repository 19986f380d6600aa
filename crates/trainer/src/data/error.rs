//! What can be wrong with data.

use std::io;
use std::path::PathBuf;

use super::{FolderError, ImageShape};

/// Data that cannot be used, in one sentence: which file, what was found, what was expected.
///
/// A message does not repeat the error beneath it ([`source`](std::error::Error::source)), so print the chain. What may
/// help is said by [`hint`](Self::hint). The program exits with code 3.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The operating system would not let a file or folder be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// A gzip file that is cut off, or whose content does not fit its checksum.
    #[error("`{}` is a damaged gzip file", path.display())]
    Gzip {
        /// The file.
        path: PathBuf,
        /// What the decoder stumbled over.
        source: io::Error,
    },
    /// A file where a folder is needed.
    #[error("`{}` is a file; MNIST is read from a folder that holds its four IDX files", path.display())]
    NotAFolder {
        /// The file.
        path: PathBuf,
    },
    /// A folder that lacks some of the files of its data set.
    #[error("the folder `{}` lacks {}", folder.display(), missing.join(", "))]
    MissingFiles {
        /// The folder.
        folder: PathBuf,
        /// The canonical name of each missing file, without `.gz`.
        missing: Vec<&'static str>,
    },
    /// A file that is no IDX file, or one of another kind (labels where images are expected).
    #[error("`{}` begins with {found:#010x}, but an IDX file of {content} begins with {expected:#010x}", path.display())]
    Magic {
        /// The file.
        path: PathBuf,
        /// What it should hold: "images" or "labels".
        content: &'static str,
        /// Its first four bytes, big-endian.
        found: u32,
        /// The first four bytes of a file of that content.
        expected: u32,
    },
    /// A file that ends within the header.
    #[error("`{}` ends after {found} bytes, within the {expected} bytes of an IDX header", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// How many bytes it has, unpacked.
        found: usize,
        /// How many bytes the header has.
        expected: usize,
    },
    /// A header that states no data at all, or more than any data set of this kind has.
    #[error("`{}` states in its header that it holds {dimensions} bytes; allowed is from 1 to {allowed}", path.display())]
    Size {
        /// The file.
        path: PathBuf,
        /// The dimensions that the header states, such as "60000x28x28".
        dimensions: String,
        /// The most bytes that a file may state.
        allowed: u64,
    },
    /// A file that ends before what its header states, or goes on after it.
    #[error(
        "`{}` holds {}{found} bytes after its header, which states {dimensions} = {expected}",
        path.display(),
        if found > expected { "at least " } else { "" }
    )]
    Length {
        /// The file.
        path: PathBuf,
        /// The dimensions that the header states.
        dimensions: String,
        /// How many bytes follow the header, unpacked; a longer file is read one byte further than stated and no more.
        found: u64,
        /// How many bytes the header states.
        expected: u64,
    },
    /// Images and labels that are not equally many.
    #[error(
        "`{}` holds {image_count} images, but `{}` holds {label_count} labels",
        images.display(),
        labels.display()
    )]
    Count {
        /// The file of images.
        images: PathBuf,
        /// How many images it holds.
        image_count: usize,
        /// The file of labels.
        labels: PathBuf,
        /// How many labels it holds.
        label_count: usize,
    },
    /// A label that names no class.
    #[error("label {row} (counted from 0) in `{}` is {label}; allowed is 0 to {}", path.display(), classes - 1)]
    Label {
        /// The file of labels.
        path: PathBuf,
        /// Which label it is, counted from 0.
        row: usize,
        /// The label.
        label: u8,
        /// How many classes there are.
        classes: usize,
    },
    /// Training and test images of different shapes.
    #[error(
        "the images in `{}` are {train_shape} (channels, height, width), those in `{}` are {test_shape}",
        train.display(),
        test.display()
    )]
    Shape {
        /// The file of training images.
        train: PathBuf,
        /// Their shape.
        train_shape: ImageShape,
        /// The file of test images.
        test: PathBuf,
        /// Their shape.
        test_shape: ImageShape,
    },
    /// A row of the digits that is not 64 pixels and a label.
    #[error(
        "row {row} (counted from 0) of {file} is not 64 pixels from 0 to 16 and a label from 0 to 9"
    )]
    Row {
        /// The file.
        file: &'static str,
        /// Which row it is, counted from 0.
        row: usize,
    },
    /// A number of digits other than the set has.
    #[error("{file} holds {found} rows; expected are {expected}")]
    RowCount {
        /// The file.
        file: &'static str,
        /// How many rows it holds.
        found: usize,
        /// How many rows the set has.
        expected: usize,
    },
    /// A folder of pictures that is no set to learn from.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Images that a model was not trained for.
    #[error("these images are {found} (channels, height, width), the model reads {expected}")]
    OtherShape {
        /// The images' shape.
        found: ImageShape,
        /// The model's.
        expected: ImageShape,
    },
    /// Classes that a model was not trained for.
    #[error(
        "the classes are not those that the model knows:{}{}{}",
        missing.as_ref().map_or(String::new(), |name| format!(" `{name}` is missing")),
        if missing.is_some() && foreign.is_some() { "," } else { "" },
        foreign.as_ref().map_or(String::new(), |name| format!(" it does not know `{name}`")),
    )]
    OtherClasses {
        /// One that the model knows and the data lack.
        missing: Option<String>,
        /// One that the data have and the model does not know.
        foreign: Option<String>,
    },
    /// A share for validation that leaves no row on one side.
    #[error(
        "a share of {share} for validation cannot be taken from {rows} training rows; allowed is 0 (none), \
         or a share below 1 that leaves at least one row for validation and one for training"
    )]
    Validation {
        /// The share asked for.
        share: f64,
        /// How many training rows there are.
        rows: usize,
    },
}

const GET_MNIST: &str = "the four files of MNIST can be had from https://ossci-datasets.s3.amazonaws.com/mnist/ \
                         (for example train-images-idx3-ubyte.gz); they need not be unpacked";

impl DataError {
    /// What may help, where there is something to say.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Some("is the path right? a relative one starts at the current folder")
            }
            Self::MissingFiles { .. } => Some(GET_MNIST),
            Self::NotAFolder { .. } => Some("give the folder that the file lies in"),
            Self::Gzip { .. } | Self::Header { .. } | Self::Length { .. } => {
                Some("the file is probably damaged, or was not downloaded in full; fetch it again")
            }
            Self::Magic { .. } => Some(
                "are the files of images and labels swapped, or is it a web page saved under this name?",
            ),
            Self::Folder(error) => error.hint(),
            Self::OtherClasses { .. } => {
                Some("`trainer predict RUN FOLDER` asks the model about pictures of any class")
            }
            _ => None,
        }
    }
}
