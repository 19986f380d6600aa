//! The bytes of images: in memory, or left in a file that is too large for it.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes that many may read at once. Clones share them.
#[derive(Clone, Debug)]
pub enum Pixels {
    /// In memory.
    Resident(Arc<Vec<u8>>),
    /// In a file, from which every image is read when it is needed.
    Stored(Arc<Stored>),
}

/// A stretch of a file.
#[derive(Debug)]
pub struct Stored {
    path: PathBuf,
    file: File,
    start: u64,
    length: usize,
}

impl Pixels {
    /// `length` bytes of `file`, which lies at `path`, from `start` on.
    pub(super) fn stored(path: &Path, file: File, start: u64, length: usize) -> Self {
        Self::Stored(Arc::new(Stored {
            path: path.to_owned(),
            file,
            start,
            length,
        }))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Resident(bytes) => bytes.len(),
            Self::Stored(stored) => stored.length,
        }
    }

    /// `length` bytes from `start` on.
    ///
    /// # Panics
    ///
    /// If there are not so many, or the file can no longer be read: it lay there whole when the data were loaded.
    pub(super) fn range(&self, start: usize, length: usize) -> Cow<'_, [u8]> {
        match self {
            Self::Resident(bytes) => Cow::Borrowed(&bytes[start..][..length]),
            Self::Stored(stored) => {
                assert!(start + length <= stored.length, "no such bytes");
                let mut bytes = vec![0; length];
                let read = read_exact_at(&stored.file, &mut bytes, stored.start + start as u64);
                if let Err(error) = read {
                    let path = stored.path.display();
                    panic!("`{path}` can no longer be read: {error}");
                }
                Cow::Owned(bytes)
            }
        }
    }
}

impl From<Vec<u8>> for Pixels {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Resident(Arc::new(bytes))
    }
}

/// Whether they are the same bytes in memory, or the same stretch of the same file.
impl PartialEq for Pixels {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Resident(one), Self::Resident(other)) => one == other,
            (Self::Stored(one), Self::Stored(other)) => {
                (&one.path, one.start, one.length) == (&other.path, other.start, other.length)
            }
            _ => false,
        }
    }
}

/// Reads where it is told to, whatever others read of the file meanwhile.
#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

/// Reads where it is told to, whatever others read of the file meanwhile.
#[cfg(windows)]
fn read_exact_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                bytes = &mut bytes[read..];
                offset += read as u64;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::fs;

    use super::*;

    fn stored(folder: &Path) -> Pixels {
        let path = folder.join("file");
        fs::write(&path, (0..100).collect::<Vec<u8>>()).unwrap();
        Pixels::stored(&path, File::open(&path).unwrap(), 16, 80)
    }

    #[test]
    fn what_is_stored_reads_as_what_is_resident() {
        let folder = tempfile::tempdir().unwrap();
        let stored = stored(folder.path());
        let resident = Pixels::from((16..96).collect::<Vec<u8>>());
        assert_eq!((stored.len(), resident.len()), (80, 80));
        for (start, length) in [(0, 80), (5, 7), (79, 1), (80, 0)] {
            assert_eq!(stored.range(start, length), resident.range(start, length));
        }
        assert!(stored == stored.clone() && stored != resident);
    }

    #[test]
    #[should_panic(expected = "no such bytes")]
    fn nothing_beyond_the_images_is_read() {
        let folder = tempfile::tempdir().unwrap();
        stored(folder.path()).range(75, 6);
    }

    #[test]
    #[should_panic(expected = "can no longer be read")]
    fn a_file_cut_short_meanwhile_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let stored = stored(folder.path());
        let path = folder.path().join("file");
        fs::OpenOptions::new()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(50)
            .unwrap();
        stored.range(40, 10);
    }
}
