//! `[fork]`

use super::{Resolver, absolute, refuse};
use crate::config::run_file::ForkKeys;
use crate::config::{ConfigError, ForkSettings};

impl Resolver<'_> {
    pub(super) fn fork(&self, typed: &ForkKeys) -> Result<Option<ForkSettings>, ConfigError> {
        match (&typed.run, typed.update) {
            (Some(run), update) => Ok(Some(ForkSettings {
                run: absolute(run),
                update,
            })),
            (None, None) => Ok(None),
            (None, Some(_)) => {
                let reason = "belongs to fork.run, the directory of a run, which is missing";
                Err(refuse(self.layers, "fork.update", reason))
            }
        }
    }
}
