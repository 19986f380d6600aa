//! Which files a checkpoint has, and what is in them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::durable;

/// The name of the file that is written last: with it a checkpoint is complete.
const NAME: &str = "manifest.json";
/// The version of the form of a checkpoint.
const FORMAT: u64 = 2;
/// No manifest is longer: what is, is something else.
const MOST: u64 = 1 << 16;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    format: u64,
    files: BTreeMap<String, Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    bytes: u64,
    crc32: u32,
}

impl Entry {
    fn of(bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.len() as u64,
            crc32: crc32fast::hash(bytes),
        }
    }
}

/// Writes `files` by name into `folder`, and a manifest of them; all are on the disk when it returns.
///
/// # Errors
/// The system's; the folder then has no manifest, or a part of one.
pub(super) fn write(folder: &Path, files: &[(&str, Vec<u8>)]) -> io::Result<()> {
    for (name, bytes) in files {
        durable::write(&folder.join(name), bytes)?;
    }
    let entries = files
        .iter()
        .map(|(name, bytes)| ((*name).to_owned(), Entry::of(bytes)));
    let manifest = Manifest {
        format: FORMAT,
        files: entries.collect(),
    };
    let mut text = serde_json::to_vec_pretty(&manifest)?;
    text.push(b'\n');
    durable::write(&folder.join(NAME), &text)?;
    durable::sync_folder(folder)
}

/// Reads the files of `folder`, all of which are as its manifest says.
///
/// # Errors
/// What is not as it should be, in one sentence.
pub(super) fn read(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let text = read_file(&folder.join(NAME), NAME, None)?;
    let manifest: Manifest =
        serde_json::from_slice(&text).map_err(|error| format!("{NAME} is damaged: {error}"))?;
    if manifest.format != FORMAT {
        let found = manifest.format;
        return Err(format!(
            "it is of format {found}, and this program reads format {FORMAT}"
        ));
    }
    let files = manifest.files.into_iter();
    let files = files.map(|(name, entry)| {
        if name.contains(['/', '\\']) || name.starts_with('.') {
            return Err(format!(
                "{NAME} names `{}`, which is no file of a checkpoint",
                name.escape_debug()
            ));
        }
        let bytes = read_file(&folder.join(&name), &name, Some(entry.bytes))?;
        if crc32fast::hash(&bytes) != entry.crc32 {
            return Err(format!(
                "{name} is damaged: its checksum is another than {NAME} says"
            ));
        }
        Ok((name, bytes))
    });
    files.collect()
}

/// A file's bytes, if it has as many as it should.
fn read_file(path: &Path, name: &str, bytes: Option<u64>) -> Result<Vec<u8>, String> {
    let cannot = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => format!("it has no {name}"),
        _ => format!("{name} cannot be read: {error}"),
    };
    let metadata = fs::metadata(path).map_err(cannot)?;
    if !metadata.is_file() {
        return Err(format!("{name} is no file"));
    }
    // Looked at before it is read, so that no file is read that is too large.
    let length = metadata.len();
    match bytes {
        Some(bytes) if length != bytes => {
            Err(format!("{name} has {length} bytes instead of {bytes}"))
        }
        None if length > MOST => Err(format!("{name} has {length} bytes, which no manifest has")),
        _ => fs::read(path).map_err(cannot),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn written() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let files = [("a.json", b"{}".to_vec()), ("b.bin", vec![0, 1, 2, 3])];
        write(folder.path(), &files).unwrap();
        folder
    }

    #[test]
    fn what_is_written_is_read() {
        let files = read(written().path()).unwrap();
        assert_eq!(files["a.json"], b"{}");
        assert_eq!(files["b.bin"], [0, 1, 2, 3]);
    }

    #[test]
    fn every_byte_that_is_cut_or_flipped_is_noticed() {
        for name in ["a.json", "b.bin", NAME] {
            let folder = written();
            let path = folder.path().join(name);
            let whole = fs::read(&path).unwrap();
            let files = read(folder.path()).unwrap();
            for length in 0..whole.len() {
                fs::write(&path, &whole[..length]).unwrap();
                // Without its last line break a manifest still says the same.
                if let Ok(read) = read(folder.path()) {
                    assert!(name == NAME && length + 1 == whole.len() && read == files);
                }
            }
            for index in 0..whole.len() {
                let mut flipped = whole.clone();
                flipped[index] ^= 1;
                fs::write(&path, &flipped).unwrap();
                // Likewise with another blank in its place.
                if let Ok(read) = read(folder.path()) {
                    assert!(name == NAME && read == files, "{name}, byte {index}");
                }
            }
        }
    }

    #[test]
    fn nothing_outside_the_folder_is_read() {
        let folder = written();
        let manifest = r#"{"format":2,"files":{"../a.json":{"bytes":2,"crc32":0}}}"#;
        fs::write(folder.path().join(NAME), manifest).unwrap();
        let refused = read(folder.path()).unwrap_err();
        assert!(refused.contains("no file of a checkpoint"), "{refused}");
    }

    #[test]
    fn a_later_format_is_named() {
        let folder = written();
        fs::write(folder.path().join(NAME), r#"{"format":3,"files":{}}"#).unwrap();
        let refused = read(folder.path()).unwrap_err();
        assert_eq!(
            refused,
            "it is of format 3, and this program reads format 2"
        );
    }
}
