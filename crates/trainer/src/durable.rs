//! Files and folders that are there whole or not at all, also when the process or the power fails.
//!
//! Every step that changes a disk goes through here, so that a test can let each one fail.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::fault;

/// Writes a file so that it is there whole or not at all: beside, synced, renamed over the one that was there.
///
/// # Errors
/// The system's; the file is then as it was.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".partial");
    let beside: &Path = beside.as_ref();
    let renamed = write(beside, bytes).and_then(|()| rename(beside, path));
    if renamed.is_err() {
        // On a full disk this is what others need; and it is of no use to anybody.
        let _ = fs::remove_file(beside);
    }
    renamed?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Writes a file, and waits until it is on the disk. A file of that name is overwritten.
///
/// # Errors
/// The system's; there may be a part of the file.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    append(&mut file, bytes)?;
    sync(&file)
}

/// Adds bytes at the end of `file`.
///
/// # Errors
/// The system's; there may be a part of the bytes.
pub(crate) fn append(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    fault::on_file(|| {
        let _ = file.write_all(&bytes[..bytes.len() / 2]);
    })?;
    file.write_all(bytes)
}

/// Cuts a file off after so many bytes.
///
/// # Errors
/// The system's; nothing has changed then.
pub(crate) fn cut(file: &File, bytes: u64) -> io::Result<()> {
    fault::on_file(|| {})?;
    file.set_len(bytes)
}

/// Waits until what was written to `file` is on the disk.
///
/// # Errors
/// The system's.
pub(crate) fn sync(file: &File) -> io::Result<()> {
    fault::on_file(|| {})?;
    file.sync_all()
}

/// Gives a file or a folder another name.
///
/// # Errors
/// The system's; nothing has changed then.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fault::on_file(|| {})?;
    fs::rename(from, to)
}

/// Removes a file, if it is there.
///
/// # Errors
/// The system's; it is still there then.
pub(crate) fn remove_file(path: &Path) -> io::Result<()> {
    fault::on_file(|| {})?;
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Removes a folder with all that is in it, if it is there.
///
/// # Errors
/// The system's; a part of it may be gone.
pub(crate) fn remove_folder(path: &Path) -> io::Result<()> {
    fault::on_file(|| {
        // The first file that a folder lists goes first.
        let first = fs::read_dir(path).ok().and_then(|mut files| files.next());
        if let Some(Ok(first)) = first {
            let _ = fs::remove_file(first.path());
        }
    })?;
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Waits until the names in a folder are on the disk, where the system has such a thing.
///
/// # Errors
/// The system's.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    fault::on_file(|| {})?;
    if cfg!(unix) {
        // The parent of a bare name is the empty path.
        let path = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        File::open(path)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_is_not_there_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        remove_folder(&folder.path().join("absent")).unwrap();
    }
}
