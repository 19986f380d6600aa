//! The weights that a run has reached.

use models::Model;

use crate::engine::Slot;
use crate::report::{Console, RunDirectory};

use super::Failure;

/// Loads the weights of the run's last checkpoint into `model`, which has the right shape; warns if that is not whole
/// and the one before it is taken.
pub(super) fn load_weights(
    directory: &RunDirectory,
    model: Model,
    console: Console,
) -> Result<Model, Failure> {
    let found = directory
        .shelf()
        .load(Slot::Last, &directory.load_settings()?)?;
    for refused in &found.refused {
        console.warn(format_args!("{refused}; the one before it is used"));
    }
    let checkpoint = &found.newest.checkpoint;
    let loaded = model.load_state_dict(checkpoint.model(), None);
    loaded.map_err(|error| Failure::foreign_weights(&found.newest.path, error))
}
