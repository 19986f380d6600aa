//! The training loop and what it stands on: devices, batches, evaluation. It returns data and prints nothing.

mod adjustment;
mod batch;
mod bench;
mod checkpoint;
mod confusion;
mod crew;
mod device;
mod displacement;
mod evaluate;
mod exact;
mod fit;
mod fork;
mod gain;
mod gauges;
mod guard;
mod history;
mod layer_rates;
mod live_units;
mod model;
mod patience;
mod plan;
mod precision;
mod range_test;
mod ranking;
mod standing;
mod start;
mod step;
mod tensors;
mod training_loop;
mod trials;
mod trunk;
mod weights;

pub use adjustment::{Adjusted, Adjustment, Request};
pub use bench::{Timing, time_updates, updates_per_second};
pub use checkpoint::{
    Checkpoint, CheckpointError, Circumstances, Found, Origin, ResumeError, Saved, Shelf, Slot,
};
pub use confusion::{ClassScore, Confusion, Mistake};
pub use crew::Crew;
pub use device::{Adapter, Compute, DeviceError, adapters, cpu_backends, gpu_backends, open};
pub use evaluate::{evaluate, first_largest};
pub use fit::{Diverged, Event, Fit, FitError, fit};
pub use fork::{Forked, fork};
pub use gain::Gain;
pub use guard::{Trouble, class_frequency_loss};
pub use history::{History, Metrics, Probe, Update};
pub use model::build_model;
pub use plan::{Plan, PlanError, SaveEvery};
pub use range_test::{RateSweep, SweptRates, range_test};
pub use ranking::rank;
pub use start::{Start, StartError, start_model};
pub use trials::{Trial, TrialRun, run_trials};
pub use trunk::{Forks, Trunk, run_trunks};
pub use weights::{WeightsError, read_weights, weights_to_bytes};
