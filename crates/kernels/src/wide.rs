//! Plain loops in wide instructions.

/// Numbers that a loop handles at once where they are many: one over a count that is fixed becomes a few wide
/// instructions, whereas one over a short row is done number by number.
pub(crate) const LANES: usize = 16;
/// Twice as many.
pub(crate) const PAIRS: usize = 2 * LANES;

/// A function that is compiled a second time for registers of 256 bits, and runs in those where the processor has them.
///
/// The compiler makes wide instructions of a plain loop only where it is told that the processor has them, and it is told
/// so for one function. What this one calls must become part of it: it is `inline(always)`. Products and sums stay apart
/// and in their order, so that the bits are the same on every processor. Of registers of 512 bits, the compiler makes
/// loads and stores number by number where every second number is taken, and memory is what these loops wait for.
macro_rules! wide {
    (
        $(#[$attribute:meta])*
        $visibility:vis fn $name:ident<$number:ident: Real>($($argument:ident: $type:ty),* $(,)?) $body:block
    ) => {
        $(#[$attribute])*
        $visibility fn $name<$number: Real>($($argument: $type),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn avx2<$number: Real>($($argument: $type),*) $body

                if is_x86_feature_detected!("avx2") {
                    #[allow(unsafe_code, reason = "instructions that not every processor has")]
                    // SAFETY: the processor has these, as was just asked.
                    return unsafe { avx2($($argument),*) };
                }
            }
            fn portable<$number: Real>($($argument: $type),*) $body
            portable($($argument),*);
        }
    };
}
pub(crate) use wide;
