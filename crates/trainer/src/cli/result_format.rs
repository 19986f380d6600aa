//! How a result is printed.

use clap::ValueEnum;

/// How a result is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ResultFormat {
    /// For a person.
    #[default]
    Text,
    /// In rows.
    Csv,
    /// Everything.
    Json,
}

impl ResultFormat {
    /// `--json` is `--format json`.
    pub(crate) fn of(format: Self, json: bool) -> Self {
        if json { Self::Json } else { format }
    }
}
