//! Data sets: where they come from, how they are split in three, and how batches are gathered.
//!
//! A set lies in memory as bytes, once, or in its file where it is too large. Its parts ([`Part`]) are lists of rows over those bytes, and a batch is
//! gathered straight from them into a buffer of floats, so nothing is copied item by item.
//!
//! To add a set: a file that reads it into [`Images`], a `mod` line, a [`Source`] in the settings and an arm in [`load`].

mod augment;
mod digits;
mod error;
mod folder;
mod idx;
mod images;
mod inputs;
mod label_noise;
mod mnist;
mod order;
mod part;
mod pixels;
#[cfg(test)]
mod samples;
mod split;
mod statistics;
mod synthetic;

pub use augment::{Augment, Change};
pub use error::DataError;
pub use folder::{BadFile, FolderError};
pub(crate) use folder::{pictures_below, read_picture};
pub use images::{Images, Normalization};
pub use inputs::Inputs;
use label_noise::with_label_noise;
pub(crate) use mnist::is_mnist;
pub use models::ImageShape;
pub use order::{batch_order, batches_per_epoch};
pub use part::Part;
pub use pixels::{Pixels, Stored};
pub use synthetic::synthetic;

use crate::config::{DataSettings, Source};

/// A data set in three parts, which share no row.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// What the model learns from.
    pub train: Part,
    /// What every decision during a run is made on, taken from the training rows. Empty if the share is 0.
    pub validation: Part,
    /// What is read once, after the last update.
    pub test: Part,
}

impl Dataset {
    /// The same rows, read with another normalisation.
    ///
    /// # Panics
    ///
    /// If it has another number of channels than the images.
    pub fn normalized(&self, normalization: &Normalization) -> Self {
        Self {
            train: self.train.normalized(normalization),
            validation: self.validation.normalized(normalization),
            test: self.test.normalized(normalization),
        }
    }
}

/// [`load_telling`], told to nobody.
///
/// # Errors
///
/// As there.
pub fn load(settings: &DataSettings) -> Result<Dataset, DataError> {
    load_telling(settings, &mut |_| {})
}

/// Loads the data set of `settings` and sets a share of its training rows aside for validation.
///
/// `tell` hears what a person should know: what was found in a folder of pictures, and how far decoding it has come.
///
/// `round(validation × rows)` rows are taken, each label's share of them by the method of the largest remainder; 0 takes
/// none. `split_seed` decides which rows these are, and nothing else. A folder of pictures that has its own for
/// validation gives those instead, unless the share is 0; its normalisation is that of the training rows that are left.
///
/// # Errors
///
/// Any [`DataError`]: a file that is missing, unreadable, damaged or of another form, or a share that leaves no row for
/// training or for validation.
pub fn load_telling(
    settings: &DataSettings,
    tell: &mut dyn FnMut(&str),
) -> Result<Dataset, DataError> {
    let seed = settings.split_seed;
    let (train, own_validation, test) = match &settings.source {
        Source::Digits { split } => {
            let (train, test) = digits::load(*split)?;
            (train, None, test)
        }
        Source::Mnist { path } => {
            let (train, test) = mnist::load(path)?;
            (train, None, test)
        }
        Source::Images(folder) => folder::load(folder, seed, tell)?,
    };
    let share = settings.validation.fraction();
    let (train, validation) = match own_validation {
        Some(validation) if share > 0.0 => (train, validation),
        _ => split::take_validation(train, share, seed)?,
    };
    let dataset = Dataset {
        train: with_label_noise(train, settings.label_noise.fraction(), seed),
        validation,
        test,
    };
    let mut normalization = match &settings.source {
        Source::Images(_) => statistics::normalization(&dataset.train),
        Source::Digits { .. } | Source::Mnist { .. } => {
            dataset.train.images().normalization().clone()
        }
    };
    normalization.stretch = settings.stretch;
    Ok(dataset.normalized(&normalization))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::config::{Layer, resolve};

    #[test]
    fn every_source_and_split_gives_parts_that_share_no_row_and_leave_none_out() {
        let folder = tempfile::tempdir().unwrap();
        samples::write_mnist(folder.path(), 200, 50);
        let path = format!("data.path={}", folder.path().display());
        let mnist = ["data.name=mnist", &path];
        let file = ["data.split=file"];
        let cases = [
            (&[][..], "20%", [1150, 287, 360]),
            (&file[..], "20%", [1150, 287, 360]),
            (&file[..], "0%", [1437, 0, 360]),
            (&mnist[..], "10%", [180, 20, 50]),
            (&mnist[..], "0%", [200, 0, 50]),
        ];
        for (source, share, sizes) in cases {
            let share = format!("data.validation={share}");
            let assignments = source.iter().copied().chain([share.as_str()]);
            let layers = assignments.map(|assignment| Layer::from_set(assignment).unwrap());
            let settings = resolve(layers).unwrap().settings.data;
            let data = load(&settings).unwrap();
            let parts = [&data.train, &data.validation, &data.test];
            assert_eq!(parts.map(Part::len), sizes, "{settings:?}");

            let mut training = [data.train.rows(), data.validation.rows()].concat();
            match settings.source {
                Source::Digits { .. } => training.extend(data.test.rows()),
                _ => assert!(data.test.rows().iter().copied().eq(0..50)),
            }
            training.sort_unstable();
            assert!(training.into_iter().eq(0..data.train.images().len()));
        }
    }
}
