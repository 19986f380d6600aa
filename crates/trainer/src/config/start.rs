//! What a run starts from, and which of it stays.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where the first weights come from, and which of them stay as they are: further keys of `[model]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct StartSettings {
    /// The safetensors file that training starts from; without one, weights are drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<PathBuf>,
    /// Where the last layer's weights come from.
    #[serde(skip_serializing_if = "Head::is_init")]
    pub head: Head,
    /// Parameters whose name contains one of these do not learn.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub freeze: Vec<String>,
}

/// Where the last layer's weights come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Head {
    /// From where all others come from.
    #[default]
    Init,
    /// They are drawn, whatever `init` has: for other classes than those of the file.
    New,
}

impl Head {
    fn is_init(&self) -> bool {
        *self == Self::Init
    }
}
