//! Runs the built `trainer` as a person would. A topic a module:
//!
//! - `program`: starts the binary, and makes what it prints comparable.
//! - `training`: the main job end to end, its files, and that it repeats itself.
//! - `find_lr`: a learning rate is found, drawn and, when asked for, used.
//! - `verdict`: every run is judged, and what it is judged by is recorded.
//! - `augmentation`: training images changed by chance, and only those.
//! - `backends`: the same learning on every backend, a GPU among them.
//! - `gpu_kernels`: what is computed on a GPU by kernels of our own, against the CPU.
//! - `benchmark`: how long updates take, as far as a test may say.
//! - `compare`: strategies compared, and an experiment that was stopped.
//! - `tradeoff`: accuracy over budgets from one run, held against runs by themselves.
//! - `objective`: what an update descends, from which batches, and which weights count afterwards.
//! - `calibration`: how often verdicts are right; ignored, because it takes long.
//! - `regret`: how good a found rate is; ignored, because it takes long.
//! - `exactness`: a run that goes on from a checkpoint is the uninterrupted one to the last bit.
//! - `resume`: what a person meets who stops a run, goes on with it, or cannot.
//! - `kills`: runs that are killed at any moment end with the same bytes.
//! - `failures`: the README's table of failures, row by row; whole outputs in `snapshots/`.
//! - `faults`: faults at every step on a file, and at the device.
//! - `recovery`: runs that diverge, and runs that get no better.
//! - `fork`: new runs from a state that another run has kept.
//! - `adjust`: runs that are changed on their way, by somebody or by their time.
//! - `replay`: runs that go back, are changed or have a time: killed, they end as their events say.
//! - `mistakes`: what a person sees who typed something wrong; whole outputs in `snapshots/`.
//! - `dashboard`: a run in the whole terminal, stopped by its keys.
//! - `damaged_data`: real files cut short and flipped.
//! - `images`: a person's own pictures, from a folder to predictions.
//! - `learner`: our model, optimizer and schedule in Burn's own training loop.
//! - `fidelity`: the runs that PyTorch recorded, update by update.
//! - `report`: what `trainer report` writes, opened in a browser, which `browser` drives.
//! - `tensorboard`: the event files, read back by TensorBoard.
//! - `untrusted`: bytes of any kind, given to everything that reads them.
//! - `weights`: weights in and out under PyTorch's names, and training from them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod adjust;
mod augmentation;
mod backends;
mod benchmark;
mod browser;
mod calibration;
mod compare;
mod damaged_data;
#[cfg(target_os = "linux")]
mod dashboard;
mod exactness;
#[cfg(target_os = "linux")]
mod failures;
mod faults;
mod fidelity;
mod find_lr;
mod fork;
mod gpu_kernels;
mod images;
mod kills;
mod learner;
mod mistakes;
mod objective;
mod program;
mod recovery;
mod regret;
mod replay;
mod report;
mod resume;
mod schedule;
mod tensorboard;
mod tradeoff;
mod training;
#[cfg(unix)]
mod untrusted;
mod verdict;
mod weights;
