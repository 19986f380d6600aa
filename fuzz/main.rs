//! libFuzzer on everything that the trainer reads: `fuzz/run`.
#![no_main]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a finding is a panic"
)]

mod allocations;
mod fields;
mod targets;

use std::panic::catch_unwind;
use std::slice;
use std::sync::LazyLock;

use targets::Target;
use trainer::random::{Purpose, Random};

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

#[allow(unsafe_code, reason = "this is how libFuzzer is called")]
unsafe extern "C" {
    /// Changes some of the `length` bytes at `bytes`, where there is room for `most`, and says how many there are then.
    fn LLVMFuzzerMutate(bytes: *mut u8, length: usize, most: usize) -> usize;
}

/// What libFuzzer calls for another input: half of them have their fields changed, and half their bytes.
///
/// # Safety
/// There are `length` bytes at `bytes`, and room for `most`.
#[allow(unsafe_code, reason = "this is how libFuzzer calls it")]
#[unsafe(no_mangle)]
unsafe extern "C" fn LLVMFuzzerCustomMutator(
    bytes: *mut u8,
    length: usize,
    most: usize,
    seed: u32,
) -> usize {
    let mut random = Random::new(u64::from(seed), Purpose::Shuffle, 0, 0);
    if length == 0 || random.below(2) == 0 {
        // SAFETY: as the caller says.
        return unsafe { LLVMFuzzerMutate(bytes, length, most) };
    }
    // SAFETY: as the caller says.
    let input = unsafe { slice::from_raw_parts(bytes, length) };
    let mut changed = fields::change(input, &mut random);
    changed.truncate(most);
    // SAFETY: the room is the caller's, and `changed` is none of it.
    unsafe { bytes.copy_from_nonoverlapping(changed.as_ptr(), changed.len()) };
    changed.len()
}
