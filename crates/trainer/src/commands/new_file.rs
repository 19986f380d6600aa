//! Files that a person named for a command to write.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use crate::config::ConfigError;

/// Writes the picture that `--svg` named, a file that was not there.
pub(super) fn write_svg(path: &Path, text: &str) -> Result<(), ConfigError> {
    let refused = |error: std::io::Error| {
        ConfigError::new(format!("--svg {}: {error}", path.display()))
            .hint("name a new file in a folder that is there; nothing is overwritten")
    };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(refused)?;
    file.write_all(text.as_bytes()).map_err(refused)
}
