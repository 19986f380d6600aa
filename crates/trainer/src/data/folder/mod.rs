//! A folder of a person's own pictures as a data set.
//!
//! [`list`](listing::list) finds the files, [`Survey`] reads their headers, [`picture`] decodes them, and [`Cache`]
//! keeps both results, so that the second run starts at once. The decoded set lies in memory like every other.

mod cache;
mod error;
mod jpeg;
mod listing;
mod picture;
mod survey;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rayon::prelude::*;

pub use error::{BadFile, FolderError};
pub(crate) use listing::pictures_below;

use cache::Cache;
use listing::{Listing, PictureFile, Role};
use survey::Survey;

use super::images::{Images, Normalization};
use super::part::Part;
use super::{DataError, ImageShape, split};
use crate::config::{Color, ImageFolder, ImageSize, MAX_NATIVE_SIDE, Resize};
use crate::random::{Purpose, Random};

/// The most bytes that the decoded pictures may take.
const MOST_BYTES: u64 = 16 << 30;
/// The side of pictures that share no size of their own.
const SIDE: usize = 32;

/// A picture's bytes in a model's shape, `[channels, height, width]`.
///
/// # Errors
/// What is wrong with the file.
pub(crate) fn read_picture(
    path: &Path,
    shape: ImageShape,
    resize: Resize,
) -> Result<Vec<u8>, BadFile> {
    picture::read(path, shape, resize).map_err(|reason| BadFile {
        path: path.to_owned(),
        reason,
    })
}

/// The pictures of `folder`: `(training, validation, test)`, validation being nothing if the folder has none of its own.
///
/// Without a folder for testing, a stratified share of the others is taken for it, which `split_seed` chooses. `tell`
/// is told what a person should hear. The normalisation is yet to be found.
pub(super) fn load(
    folder: &ImageFolder,
    split_seed: u64,
    tell: &mut dyn FnMut(&str),
) -> Result<(Part, Option<Part>, Part), DataError> {
    let listing = listing::list(&folder.path)?;
    if listing.others > 0 {
        tell(&format!(
            "other files and folders left out: {} (png, jpg, jpeg and webp are read)",
            listing.others
        ));
    }
    let cache = Cache::of_user();
    let files = &listing.files;
    let survey = survey(&cache, folder, files);
    let shape = shape(folder, &survey, tell);
    let decoded = decode(&cache, folder, files, shape, &survey.bad, tell)?;
    if !decoded.bad.is_empty() {
        report_bad(folder, files, &decoded.bad, tell)?;
    }
    let is_good = |position: &usize| {
        decoded
            .bad
            .binary_search_by_key(position, |(bad, _)| *bad)
            .is_err()
    };
    let good: Vec<&PictureFile> = (0..files.len())
        .filter(is_good)
        .map(|position| &files[position])
        .collect();
    refuse_empty_classes(&listing, &good)?;

    let images = Arc::new(Images::new(
        shape,
        decoded.pixels,
        good.iter().map(|file| file.class).collect(),
        listing.classes.clone(),
        Normalization {
            scale: 255.0,
            mean: vec![0.0; shape.channels],
            std: vec![1.0; shape.channels],
            stretch: 1.0,
        },
    ));
    let part = |role: Role| {
        let rows = (0..good.len()).filter(|row| good[*row].role == role);
        Part::new(Arc::clone(&images), rows.collect())
    };
    let validation = Some(part(Role::Validation)).filter(|part| !part.is_empty());
    let (train, test) = match part(Role::Test) {
        test if test.is_empty() => take_test(&part(Role::Train), folder, split_seed, tell)?,
        test => (part(Role::Train), test),
    };
    Ok((train, validation, test))
}

fn take_test(
    pictures: &Part,
    folder: &ImageFolder,
    split_seed: u64,
    tell: &mut dyn FnMut(&str),
) -> Result<(Part, Part), DataError> {
    let share = folder.test.fraction();
    let count = (share * pictures.len() as f64).round() as usize;
    if !(1..pictures.len()).contains(&count) {
        let pictures = pictures.len();
        return Err(FolderError::TestShare { share, pictures }.into());
    }
    tell(&format!(
        "no folder `test`: {} of the pictures are held out for testing",
        folder.test
    ));
    let mut random = Random::new(split_seed, Purpose::TestSplit, 0, 0);
    Ok(split::take(pictures, count, &mut random))
}

/// What all keys of the cache begin with: where the files lie, how long they are, and when they were written.
fn key(what: &str, folder: &ImageFolder, files: &[PictureFile]) -> Vec<u8> {
    let mut key = what.as_bytes().to_vec();
    key.push(0);
    key.extend(folder.path.as_os_str().as_encoded_bytes());
    for file in files {
        let path = file.path.strip_prefix(&folder.path).unwrap_or(&file.path);
        key.push(0);
        key.extend(path.as_os_str().as_encoded_bytes());
        key.push(0);
        key.extend(file.length.to_le_bytes());
        key.extend(file.written.to_le_bytes());
    }
    key
}

fn survey(cache: &Cache, folder: &ImageFolder, files: &[PictureFile]) -> Survey {
    let key = key("survey", folder, files);
    let kept = cache.get(&key, |_: &Survey| Some(0));
    let is_bad = |file: &PictureFile| picture::look(&file.path).is_err();
    if let Some((survey, _)) = kept
        && survey
            .bad
            .iter()
            .all(|(bad, _)| files.get(*bad).is_some_and(is_bad))
    {
        return survey;
    }
    let survey = Survey::of(files);
    cache.put(&key, &survey, &[]);
    survey
}

/// The shape that all pictures are brought to.
fn shape(folder: &ImageFolder, survey: &Survey, tell: &mut dyn FnMut(&str)) -> ImageShape {
    let channels = match folder.color {
        Color::Grey => 1,
        Color::Rgb => 3,
        Color::Auto => 3 - 2 * usize::from(survey.grey),
    };
    let (height, width) = match (folder.size, survey.shared) {
        (ImageSize::Fixed { height, width }, _) => (height as usize, width as usize),
        (ImageSize::Auto, Some((height, width))) if height.max(width) <= MAX_NATIVE_SIDE => {
            (height as usize, width as usize)
        }
        (ImageSize::Auto, shared) => {
            let found = match shared {
                Some((height, width)) => format!("all are {height}x{width}"),
                None => "they differ in size".to_owned(),
            };
            tell(&format!(
                "pictures brought to {SIDE}x{SIDE}, since {found}; --set data.size=64 says otherwise"
            ));
            (SIDE, SIDE)
        }
    };
    ImageShape {
        channels,
        height,
        width,
    }
}

/// The pixels of all pictures that can be read, and the positions of the others, in order.
struct Decoded {
    pixels: Vec<u8>,
    bad: Vec<(usize, String)>,
}

fn decode(
    cache: &Cache,
    folder: &ImageFolder,
    files: &[PictureFile],
    shape: ImageShape,
    known_bad: &[(usize, String)],
    tell: &mut dyn FnMut(&str),
) -> Result<Decoded, DataError> {
    let values = shape.values();
    let too_large = || FolderError::TooLarge {
        pictures: files.len(),
        shape: shape.to_string(),
        bytes: files.len() as u128 * values as u128,
        most: MOST_BYTES,
    };
    if files.len() as u128 * values as u128 > u128::from(MOST_BYTES) {
        return Err(too_large().into());
    }
    let key = key(
        &format!("pixels {shape} {:?}", folder.resize),
        folder,
        files,
    );
    let expected = |bad: &Vec<(usize, String)>| Some(files.len().checked_sub(bad.len())? * values);
    // What made a file bad may be gone without a trace in its length and time: a lack of permission, of memory.
    let is_bad = |file: &PictureFile| picture::read(&file.path, shape, folder.resize).is_err();
    if let Some((bad, pixels)) = cache.get(&key, expected)
        && bad
            .iter()
            .all(|(bad, _)| files.get(*bad).is_some_and(is_bad))
    {
        return Ok(Decoded { pixels, bad });
    }
    let mut pixels = Vec::new();
    pixels
        .try_reserve_exact(files.len() * values)
        .map_err(|_| too_large())?;
    pixels.resize(files.len() * values, 0);
    tell(&format!("decoding {} pictures (once)", files.len()));
    let bad = decode_into(&mut pixels, folder.resize, files, shape, known_bad, tell);
    remove_rows(&mut pixels, values, &bad);
    if !cache.put(&key, &bad, &pixels) {
        tell("the decoded pictures could not be kept for the next run");
    }
    Ok(Decoded { pixels, bad })
}

/// How many pictures are decoded between two looks at the clock.
const BLOCK: usize = 1024;
/// How long nothing is told.
const SILENCE: Duration = Duration::from_secs(10);

fn decode_into(
    pixels: &mut [u8],
    resize: Resize,
    files: &[PictureFile],
    shape: ImageShape,
    known_bad: &[(usize, String)],
    tell: &mut dyn FnMut(&str),
) -> Vec<(usize, String)> {
    let values = shape.values();
    let mut bad = Vec::new();
    let mut told = Instant::now();
    let blocks = pixels.chunks_mut(BLOCK * values).zip(files.chunks(BLOCK));
    for (block, (pixels, block_files)) in blocks.enumerate() {
        let rows = pixels.par_chunks_mut(values).zip(block_files).enumerate();
        let failed = rows.filter_map(|(row, (pixels, file))| {
            let position = block * BLOCK + row;
            if let Ok(known) = known_bad.binary_search_by_key(&position, |(bad, _)| *bad) {
                return Some(known_bad[known].clone());
            }
            match picture::read(&file.path, shape, resize) {
                Ok(bytes) => {
                    pixels.copy_from_slice(&bytes);
                    None
                }
                Err(reason) => Some((position, reason)),
            }
        });
        bad.extend(failed.collect::<Vec<_>>());
        if told.elapsed() > SILENCE {
            told = Instant::now();
            let done = block * BLOCK + block_files.len();
            tell(&format!("decoded {done} of {} pictures", files.len()));
        }
    }
    bad
}

/// Closes the gaps that pictures which cannot be read have left.
fn remove_rows(pixels: &mut Vec<u8>, values: usize, bad: &[(usize, String)]) {
    let rows = pixels.len() / values;
    let mut gone = bad.iter().map(|(row, _)| *row).peekable();
    let mut kept = 0;
    for row in 0..rows {
        if gone.next_if_eq(&row).is_some() {
            continue;
        }
        if kept != row {
            pixels.copy_within(row * values..(row + 1) * values, kept * values);
        }
        kept += 1;
    }
    pixels.truncate(kept * values);
}

fn report_bad(
    folder: &ImageFolder,
    files: &[PictureFile],
    bad: &[(usize, String)],
    tell: &mut dyn FnMut(&str),
) -> Result<(), DataError> {
    let bad: Vec<BadFile> = bad
        .iter()
        .map(|(position, reason)| BadFile {
            path: files[*position].path.clone(),
            reason: reason.clone(),
        })
        .collect();
    if !folder.skip_bad {
        let total = files.len();
        return Err(FolderError::BadFiles { bad, total }.into());
    }
    for file in bad.iter().take(10) {
        tell(&format!("left out: {file}"));
    }
    if bad.len() > 10 {
        tell(&format!("left out: {} more", bad.len() - 10));
    }
    Ok(())
}

fn refuse_empty_classes(listing: &Listing, good: &[&PictureFile]) -> Result<(), DataError> {
    let mut empty = vec![true; listing.classes.len()];
    for file in good.iter().filter(|file| file.role == Role::Train) {
        empty[usize::from(file.class)] = false;
    }
    let names = listing.classes.iter().zip(empty);
    let classes: Vec<String> = names
        .filter(|(_, empty)| *empty)
        .map(|(name, _)| name.clone())
        .collect();
    if classes.is_empty() {
        return Ok(());
    }
    let folder: PathBuf = listing.train.clone();
    Err(FolderError::EmptyClass { folder, classes }.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_bad_pictures_leave_no_gap() {
        let bad = |rows: &[usize]| -> Vec<(usize, String)> {
            rows.iter().map(|row| (*row, String::new())).collect()
        };
        let cases: [(&[usize], &[u8]); 5] = [
            (&[], &[0, 1, 2, 3, 4, 5, 6, 7]),
            (&[0], &[2, 3, 4, 5, 6, 7]),
            (&[3], &[0, 1, 2, 3, 4, 5]),
            (&[1, 2], &[0, 1, 6, 7]),
            (&[0, 1, 2, 3], &[]),
        ];
        for (rows, left) in cases {
            let mut pixels: Vec<u8> = (0..8).collect();
            remove_rows(&mut pixels, 2, &bad(rows));
            assert_eq!(pixels, left, "{rows:?}");
        }
    }
}
