//! transformers' schedulers.

mod greedy;

pub use greedy::GreedyLR;
