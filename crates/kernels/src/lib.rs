//! CPU kernels for Burn's flex backend.
