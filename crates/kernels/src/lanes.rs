//! Several numbers that the processor computes at once.
#![allow(unsafe_code, reason = "instructions that not every processor has")]

/// A register of numbers.
///
/// # Safety
/// Every function may be called only where the processor has what the type is named after. Pointers are to
/// [`COUNT`](Self::COUNT) numbers, of any alignment.
pub(crate) trait Lanes: Copy {
    type Number: Copy;
    const COUNT: usize;

    unsafe fn splat(number: Self::Number) -> Self;
    unsafe fn load(from: *const Self::Number) -> Self;
    unsafe fn store(self, to: *mut Self::Number);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn subtract(self, other: Self) -> Self;
    /// `self · factor + summand`
    unsafe fn multiply_add(self, factor: Self, summand: Self) -> Self;
}

/// Numbers that the compiler puts in whatever registers there are.
#[derive(Clone, Copy)]
pub(crate) struct Portable<F>([F; 4]);

macro_rules! portable {
    ($number:ty) => {
        impl Lanes for Portable<$number> {
            type Number = $number;
            const COUNT: usize = 4;

            #[inline(always)]
            unsafe fn splat(number: $number) -> Self {
                Self([number; 4])
            }

            #[inline(always)]
            unsafe fn load(from: *const $number) -> Self {
                // SAFETY: the caller's pointer is to four numbers.
                Self(unsafe { from.cast::<[$number; 4]>().read_unaligned() })
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $number) {
                // SAFETY: the caller's pointer is to four numbers.
                unsafe { to.cast::<[$number; 4]>().write_unaligned(self.0) }
            }

            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                Self(std::array::from_fn(|lane| self.0[lane] + other.0[lane]))
            }

            #[inline(always)]
            unsafe fn subtract(self, other: Self) -> Self {
                Self(std::array::from_fn(|lane| self.0[lane] - other.0[lane]))
            }

            #[inline(always)]
            unsafe fn multiply_add(self, factor: Self, summand: Self) -> Self {
                Self(std::array::from_fn(|lane| {
                    self.0[lane] * factor.0[lane] + summand.0[lane]
                }))
            }
        }
    };
}

portable!(f32);
portable!(f64);

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::Lanes;

    macro_rules! register {
        ($register:ty, $number:ty, $count:literal, $splat:ident, $load:ident, $store:ident, $add:ident, $subtract:ident, $multiply_add:ident) => {
            impl Lanes for $register {
                type Number = $number;
                const COUNT: usize = $count;

                #[inline(always)]
                unsafe fn splat(number: $number) -> Self {
                    // SAFETY: the caller knows that the processor has this instruction, as in what follows.
                    unsafe { $splat(number) }
                }

                #[inline(always)]
                unsafe fn load(from: *const $number) -> Self {
                    // SAFETY: as above, and the caller's pointer is to a register of numbers.
                    unsafe { $load(from) }
                }

                #[inline(always)]
                unsafe fn store(self, to: *mut $number) {
                    // SAFETY: as above, and the caller's pointer is to a register of numbers.
                    unsafe { $store(to, self) }
                }

                #[inline(always)]
                unsafe fn add(self, other: Self) -> Self {
                    // SAFETY: as above.
                    unsafe { $add(self, other) }
                }

                #[inline(always)]
                unsafe fn subtract(self, other: Self) -> Self {
                    // SAFETY: as above.
                    unsafe { $subtract(self, other) }
                }

                #[inline(always)]
                unsafe fn multiply_add(self, factor: Self, summand: Self) -> Self {
                    // SAFETY: as above.
                    unsafe { $multiply_add(self, factor, summand) }
                }
            }
        };
    }

    register!(
        __m512,
        f32,
        16,
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_add_ps,
        _mm512_sub_ps,
        _mm512_fmadd_ps
    );
    register!(
        __m512d,
        f64,
        8,
        _mm512_set1_pd,
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        _mm512_add_pd,
        _mm512_sub_pd,
        _mm512_fmadd_pd
    );
    register!(
        __m256,
        f32,
        8,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_add_ps,
        _mm256_sub_ps,
        _mm256_fmadd_ps
    );
    register!(
        __m256d,
        f64,
        4,
        _mm256_set1_pd,
        _mm256_loadu_pd,
        _mm256_storeu_pd,
        _mm256_add_pd,
        _mm256_sub_pd,
        _mm256_fmadd_pd
    );
}
