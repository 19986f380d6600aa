//! Working memory that a thread keeps from one piece of work to the next.

use crate::real::Real;

/// Numbers after which a line of the cache begins again, in single and in double precision.
pub(crate) const LINE: usize = 16;

/// Lends `work` so many numbers, which hold whatever was left in them.
///
/// They begin at a line of the cache: wide instructions that touch two lines take longer.
///
/// Memory that is given back to the system after each update costs a page fault for every 4 KiB of it in the next one.
/// Where `work` itself asks for working memory on this thread, it gets other memory.
pub(crate) fn with_scratch<F: Real, R>(length: usize, work: impl FnOnce(&mut [F]) -> R) -> R {
    let mut memory = F::scratch().take();
    if memory.len() < length + LINE {
        memory.resize(length + LINE, F::ZERO);
    }
    let start = memory
        .as_ptr()
        .align_offset(LINE * size_of::<F>())
        .min(LINE);
    let result = work(&mut memory[start..start + length]);
    F::scratch().set(memory);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_kept_and_never_lent_twice() {
        let first = with_scratch(8, |memory: &mut [f32]| {
            memory.fill(1.0);
            with_scratch(4, |inner: &mut [f32]| inner.fill(2.0));
            assert_eq!(memory, [1.0; 8]);
            memory.as_ptr()
        });
        let second = with_scratch(4, |memory: &mut [f32]| memory.as_ptr());
        let third = with_scratch(4, |memory: &mut [f32]| memory.as_ptr());
        assert_eq!(second, third);
        assert_ne!(first, std::ptr::null());
    }
}
