//! Holds nothing: the benchmarks are in `factor.rs`, the comparison with PyTorch in `pytorch.py`.
