//! libFuzzer on everything that the trainer reads: `fuzz/run`.
#![no_main]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a finding is a panic"
)]

mod allocations;
mod targets;

use std::panic::catch_unwind;
use std::slice;
use std::sync::LazyLock;

use targets::Target;

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    targets::named(&name).unwrap_or_else(|| panic!("FUZZ_TARGET={name}: there is no such target"))
});

/// What libFuzzer calls with every input.
///
/// # Safety
/// There are `length` bytes at `bytes`.
#[allow(unsafe_code, reason = "this is how libFuzzer calls it")]
#[unsafe(no_mangle)]
unsafe extern "C" fn LLVMFuzzerTestOneInput(bytes: *const u8, length: usize) -> i32 {
    let bytes: &[u8] = match length {
        0 => &[],
        // SAFETY: as the caller says.
        _ => unsafe { slice::from_raw_parts(bytes, length) },
    };
    if catch_unwind(|| TARGET.check(bytes)).is_err() {
        std::process::abort();
    }
    0
}
