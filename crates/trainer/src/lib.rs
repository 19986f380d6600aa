//! Trains small networks on a CPU or a GPU, and shows why a learning-rate strategy converges.
//!
//! The binary `trainer` is this library behind a command line. Inside, each module uses only what stands to its left:
//! [`config`] → [`data`] → [`engine`] → [`analysis`] → [`report`]; [`commands`] joins them.

pub mod analysis;
pub mod cli;
mod clock;
pub mod commands;
pub mod config;
pub mod data;
mod durable;
pub mod engine;
mod fault;
pub mod full_files;
pub mod panics;
pub mod random;
pub mod report;
