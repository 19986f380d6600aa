//! What was worked out from a folder of pictures, kept for the next run.
//!
//! An entry is a file in the user's cache folder (`anneal/images`), named after a hash of its key: the files' paths,
//! lengths and times, and what was made of them. The key stands in the file as well, and a checksum at its end, so that
//! a file which is damaged, cut off or of another key is never used; it is made anew. A picture that was changed without
//! a change of its length or its time goes unnoticed.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Crc;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The first bytes of an entry; the last is the version of its form.
const MAGIC: [u8; 8] = *b"anneal\x00\x01";
/// Larger entries are not written.
const MOST_ENTRY_BYTES: u64 = 4 << 30;
/// The oldest entries go when all of them take more.
const MOST_BYTES: u64 = 16 << 30;
const EXTENSION: &str = "images";

/// A folder of entries, or nothing where the system has no cache folder.
#[derive(Debug)]
pub(super) struct Cache {
    folder: Option<PathBuf>,
}

impl Cache {
    /// The user's.
    pub(super) fn of_user() -> Self {
        let folder = dirs::cache_dir();
        Self {
            folder: folder.map(|folder| folder.join("anneal").join("images")),
        }
    }

    /// What was kept under `key`: a description and `length(description)` bytes. Nothing if there is no whole entry.
    pub(super) fn get<T: DeserializeOwned>(
        &self,
        key: &[u8],
        length: impl FnOnce(&T) -> Option<usize>,
    ) -> Option<(T, Vec<u8>)> {
        let file = File::open(self.path(key)?).ok()?;
        read(file, key, length).ok().flatten()
    }

    /// Keeps an entry. Says whether it could; a full disk is no reason to stop.
    pub(super) fn put<T: Serialize>(&self, key: &[u8], description: &T, bytes: &[u8]) -> bool {
        let (Some(path), Ok(description)) = (self.path(key), serde_json::to_vec(description))
        else {
            return false;
        };
        if bytes.len() as u64 > MOST_ENTRY_BYTES {
            return false;
        }
        // Another process may be writing the same entry.
        let partial = path.with_extension(format!("{}.partial", std::process::id()));
        let written = path
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| write(&partial, key, &description, bytes))
            .and_then(|()| fs::rename(&partial, &path));
        if written.is_err() {
            let _ = fs::remove_file(&partial);
            return false;
        }
        if let Some(folder) = &self.folder {
            make_room(folder, &path, MOST_BYTES);
        }
        true
    }

    fn path(&self, key: &[u8]) -> Option<PathBuf> {
        let name = format!("{:016x}.{EXTENSION}", hash(key));
        self.folder.as_ref().map(|folder| folder.join(name))
    }
}

/// FNV-1a with 64 bits: a name that is the same under every version of every crate.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// `MAGIC`, the key, the description, the bytes (each behind its length) and a CRC-32 of all that.
fn write(path: &Path, key: &[u8], description: &[u8], bytes: &[u8]) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut checksum = Crc::new();
    let mut put = |part: &[u8]| {
        checksum.update(part);
        file.write_all(part)
    };
    put(&MAGIC)?;
    for part in [key, description, bytes] {
        put(&(part.len() as u64).to_le_bytes())?;
        put(part)?;
    }
    file.write_all(&checksum.sum().to_le_bytes())?;
    file.into_inner()?.sync_all()
}

fn read<T: DeserializeOwned>(
    file: File,
    key: &[u8],
    length: impl FnOnce(&T) -> Option<usize>,
) -> io::Result<Option<(T, Vec<u8>)>> {
    // No part is longer than the file, whatever it says of itself.
    let most = file.metadata()?.len();
    let mut file = BufReader::new(file);
    let mut checksum = Crc::new();
    let mut take = |count: u64| -> io::Result<Vec<u8>> {
        if count > most {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut part = vec![0; count as usize];
        file.read_exact(&mut part)?;
        checksum.update(&part);
        Ok(part)
    };
    let number = |bytes: Vec<u8>| {
        bytes
            .iter()
            .rev()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    };

    if take(8)? != MAGIC || number(take(8)?) != key.len() as u64 || take(key.len() as u64)? != key {
        return Ok(None);
    }
    let count = number(take(8)?);
    let Ok(description) = serde_json::from_slice(&take(count)?) else {
        return Ok(None);
    };
    let count = number(take(8)?);
    if length(&description).map(|length| length as u64) != Some(count) {
        return Ok(None);
    }
    let bytes = take(count)?;
    let expected = u64::from(checksum.sum());
    let mut end = Vec::new();
    file.read_to_end(&mut end)?;
    Ok((end.len() == 4 && number(end) == expected).then_some((description, bytes)))
}

/// Removes the oldest entries until all take at most `most` bytes; `newest` stays.
fn make_room(folder: &Path, newest: &Path, most: u64) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let mut entries: Vec<_> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let path = entry.path();
            let ours = [EXTENSION, "partial"].map(Some);
            let metadata = entry.metadata().ok()?;
            let extension = path.extension().and_then(|extension| extension.to_str());
            (ours.contains(&extension) && path != newest)
                .then(|| Some((metadata.modified().ok()?, metadata.len(), path.clone())))?
        })
        .collect();
    entries.sort_unstable();
    let newest = fs::metadata(newest).map_or(0, |metadata| metadata.len());
    let mut total = newest + entries.iter().map(|(_, length, _)| length).sum::<u64>();
    for (_, length, path) in entries {
        if total <= most {
            return;
        }
        if fs::remove_file(path).is_ok() {
            total -= length;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use tempfile::{TempDir, tempdir};

    use super::*;

    fn cache() -> (TempDir, Cache) {
        let folder = tempdir().unwrap();
        let cache = Cache {
            folder: Some(folder.path().join("anneal")),
        };
        (folder, cache)
    }

    fn get(cache: &Cache, key: &[u8]) -> Option<(String, Vec<u8>)> {
        cache.get(key, |description: &String| Some(description.len()))
    }

    #[test]
    fn an_entry_is_found_by_its_key_alone() {
        let (_folder, cache) = cache();
        assert_eq!(get(&cache, b"key"), None);
        assert!(cache.put(b"key", &"abc".to_owned(), &[1, 2, 3]));
        assert_eq!(get(&cache, b"key"), Some(("abc".to_owned(), vec![1, 2, 3])));
        assert_eq!(get(&cache, b"kez"), None);
        // A file of another key under this one's name, as two keys of one hash would make it.
        fs::rename(cache.path(b"key").unwrap(), cache.path(b"kez").unwrap()).unwrap();
        assert_eq!(get(&cache, b"kez"), None);
    }

    #[test]
    fn a_damaged_entry_is_never_used() {
        let (_folder, cache) = cache();
        cache.put(b"key", &"abc".to_owned(), &[1, 2, 3]);
        let path = cache.path(b"key").unwrap();
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            fs::write(&path, &whole[..at]).unwrap();
            assert_eq!(get(&cache, b"key"), None, "cut to {at} bytes");
            let mut flipped = whole.clone();
            flipped[at] ^= 0x40;
            fs::write(&path, flipped).unwrap();
            assert_eq!(get(&cache, b"key"), None, "byte {at} flipped");
        }
        fs::write(&path, [&whole[..], &[0]].concat()).unwrap();
        assert_eq!(get(&cache, b"key"), None, "a byte too many");
        fs::write(&path, whole).unwrap();
        assert!(get(&cache, b"key").is_some());
    }

    #[test]
    fn bytes_that_do_not_fit_their_description_are_refused() {
        let (_folder, cache) = cache();
        cache.put(b"key", &"abcd".to_owned(), &[1, 2, 3]);
        assert_eq!(get(&cache, b"key"), None);
    }

    #[test]
    fn without_a_folder_nothing_is_kept() {
        let cache = Cache { folder: None };
        assert!(!cache.put(b"key", &"abc".to_owned(), &[1, 2, 3]));
        assert_eq!(get(&cache, b"key"), None);
    }

    #[test]
    fn the_oldest_entries_make_room() {
        let folder = tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (seconds, name) in ["a.images", "b.images", "c.images", "d.txt"]
            .into_iter()
            .enumerate()
        {
            fs::write(at(name), [0; 10]).unwrap();
            let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds as u64);
            File::options()
                .write(true)
                .open(at(name))
                .unwrap()
                .set_modified(time)
                .unwrap();
        }
        make_room(folder.path(), &at("c.images"), 20);
        let left = ["a.images", "b.images", "c.images", "d.txt"].map(|name| at(name).exists());
        assert_eq!(left, [false, true, true, true]);
    }

    #[test]
    fn the_hash_is_the_published_one() {
        // From the test vectors of the FNV reference code.
        assert_eq!(hash(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
