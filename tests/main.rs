//! Runs the built `trainer` as a person would. A topic a module:
//!
//! - `program`: starts the binary, and makes what it prints comparable.
//! - `training`: the main job end to end, its files, and that it repeats itself.
//! - `backends`: the same learning on every backend, a GPU among them.
//! - `mistakes`: what a person sees who typed something wrong; whole outputs in `snapshots/`.
//! - `damaged_data`: real files cut short and flipped.
//! - `images`: a person's own pictures, from a folder to predictions.
//! - `learner`: our model, optimizer and schedule in Burn's own training loop.
//! - `reference`: the losses that PyTorch recorded, update by update.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod backends;
mod damaged_data;
mod images;
mod learner;
mod mistakes;
mod program;
mod reference;
mod schedule;
mod training;
