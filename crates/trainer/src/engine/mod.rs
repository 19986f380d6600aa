//! The training loop and what it stands on: devices, batches, evaluation. It returns data and prints nothing.

mod batch;
mod bench;
mod confusion;
mod device;
mod displacement;
mod evaluate;
mod fit;
mod gain;
mod gauges;
mod history;
mod layer_rates;
mod live_units;
mod model;
mod precision;
mod range_test;
mod ranking;
mod start;
mod step;
mod weights;

pub use bench::{Timing, time_updates, updates_per_second};
pub use confusion::{ClassScore, Confusion, Mistake};
pub use device::{Adapter, Compute, DeviceError, adapters, cpu_backends, gpu_backends, open};
pub use evaluate::{evaluate, evaluate_each, first_largest};
pub use fit::{Diverged, Event, FitError, Plan, fit};
pub use gain::Gain;
pub use history::{History, Metrics, Probe, Update};
pub use model::build_model;
pub use range_test::{RateSweep, SweptRates, range_test};
pub use ranking::rank;
pub use start::{Start, StartError, start_model};
pub use weights::{WeightsError, read_weights, weights_to_bytes};
