//! Every kernel against Burn's own operations, against difference quotients, and against itself on other threads.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod check;
mod conv2d;
mod layers;
mod random;
