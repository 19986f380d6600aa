//! Data sets: where they come from, how they are split in three, and how batches are gathered.
//!
//! A set lies in memory as bytes, once. Its parts ([`Part`]) are lists of rows over those bytes, and a batch is
//! gathered straight from them into a buffer of floats, so nothing is copied item by item.
//!
//! To add a set: a file that reads it into [`Images`], a `mod` line, a [`Source`] in the settings and an arm in [`load`].

mod digits;
mod error;
mod idx;
mod images;
mod mnist;
mod order;
mod part;
#[cfg(test)]
mod samples;
mod split;

pub use error::DataError;
pub use images::{Images, Normalization};
pub use models::ImageShape;
pub use order::{batch_order, batches_per_epoch};
pub use part::Part;

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

/// Loads the data set of `settings` and sets a share of its training rows aside for validation.
///
/// `round(validation × rows)` rows are taken, each label's share of them by the method of the largest remainder; 0 takes
/// none. `split_seed` decides which rows these are, and nothing else.
///
/// # Errors
///
/// Any [`DataError`]: a file that is missing, unreadable, damaged or of another form, or a share that leaves no row for
/// training or for validation.
pub fn load(settings: &DataSettings) -> Result<Dataset, DataError> {
    let (train, test) = match &settings.source {
        Source::Digits { split } => digits::load(*split)?,
        Source::Mnist { path } => mnist::load(path)?,
    };
    let share = settings.validation.fraction();
    let (train, validation) = split::take_validation(train, share, settings.split_seed)?;
    Ok(Dataset {
        train,
        validation,
        test,
    })
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
                Source::Mnist { .. } => assert!(data.test.rows().iter().copied().eq(0..50)),
            }
            training.sort_unstable();
            assert!(training.into_iter().eq(0..data.train.images().len()));
        }
    }
}
