//! How fast a backend is.

use std::time::{Duration, Instant};

use models::ModelError;

use super::fit::{Loop, Plan};
use super::{Compute, build_model};
use crate::config::Settings;
use crate::data::Dataset;

/// Whole training updates a second of the model of `settings` on `compute`.
///
/// Warms up, on a GPU until its kernels are tuned, then measures for `duration`, or three updates if those take longer.
///
/// # Errors
/// Images that do not fit the model.
pub fn updates_per_second(
    settings: &Settings,
    dataset: &Dataset,
    plan: &Plan,
    compute: &Compute,
    duration: Duration,
) -> Result<f64, ModelError> {
    let device = compute.device.clone().autodiff();
    let mut model = build_model(settings, dataset.train.images(), &device)?;
    let mut training = Loop::new(settings, dataset, plan, &device);
    for _ in 0..3 {
        model = training.update(model);
    }
    training.read_losses();
    let start = Instant::now();
    let mut updates = 0_u32;
    while updates < 3 || start.elapsed() < duration {
        model = training.update(model);
        updates += 1;
        // A device works behind the host's back; reading back now and then keeps the two together.
        if updates.is_multiple_of(16) || updates <= 3 {
            training.read_losses();
        }
    }
    training.read_losses();
    Ok(f64::from(updates) / start.elapsed().as_secs_f64())
}
