//! A new run from a state that another one has kept.

use super::checkpoint::{Checkpoint, ResumeError};
use super::standing::Standing;
use super::start::resume_model;
use super::training_loop::Loop;
use super::{Compute, FitError, Plan};
use crate::config::{Change, Settings};
use crate::data::Dataset;

/// The state that a new run begins with.
#[derive(Debug)]
pub struct Forked {
    /// The state.
    pub checkpoint: Checkpoint,
    /// What of the other run's state does not fit, and begins anew.
    pub anew: Vec<&'static str>,
}

/// The state of a new run of `settings`, which have `changed`, where another one made `checkpoint`.
///
/// The weights, the number of updates, the time, and what the losses were are the other run's; so is the state of the
/// optimizer, the average and the schedule, as far as it fits. Early stopping and the best state begin anew.
///
/// # Errors
/// Weights of another model, or no update left to make.
pub fn fork(
    settings: &Settings,
    dataset: &Dataset,
    plan: &Plan,
    compute: &Compute,
    checkpoint: &Checkpoint,
    changed: &[Change],
) -> Result<Forked, FitError> {
    let device = compute.device.clone().autodiff();
    let images = dataset.train.images();
    let mut training = Loop::new(settings, dataset, plan, compute);
    let model = resume_model(settings, images, &checkpoint.weights, &device)?;
    let anew = training.graft(checkpoint, &model, changed);
    let (made, planned) = (checkpoint.updates, training.length);
    if made >= planned {
        return Err(ResumeError::Length { made, planned }.into());
    }
    let standing = Standing {
        best: None,
        patience: None,
        ended: false,
        ..checkpoint.standing.clone()
    };
    Ok(Forked {
        checkpoint: training.checkpoint(&model, &standing, checkpoint.seconds),
        anew,
    })
}
