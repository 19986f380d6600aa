//! The two types of number that the kernels compute in.

use std::cell::Cell;
use std::ops::{Add, AddAssign, Div, Mul, Sub};
use std::thread::LocalKey;

use burn::tensor::Element;

use crate::primitive::Primitive;
use crate::tiles::{Tiles, double, single};

/// `f32` or `f64`.
pub(crate) trait Real:
    Element
    + Add<Output = Self>
    + AddAssign
    + Div<Output = Self>
    + Mul<Output = Self>
    + Sub<Output = Self>
    + PartialOrd
{
    const ZERO: Self;
    const ONE: Self;
    /// Less than every number.
    const LEAST: Self;

    /// The nearest number of this type.
    fn of(number: f64) -> Self;

    fn as_f64(self) -> f64;

    fn is_nan(self) -> bool;

    fn exponential(self) -> Self;

    fn logarithm(self) -> Self;

    /// The values of a tensor of this type that lie one after the other.
    fn values(tensor: &Primitive) -> Option<&[Self]>;

    /// As [`values`](Self::values), to be changed, if nobody else holds them.
    fn values_mut(tensor: &mut Primitive) -> Option<&mut [Self]>;

    /// This processor's innermost loops.
    fn tiles() -> Tiles<Self>;

    /// This thread's working memory.
    fn scratch() -> &'static LocalKey<Cell<Vec<Self>>>;
}

macro_rules! real {
    ($number:ty, $tiles:path) => {
        impl Real for $number {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const LEAST: Self = Self::NEG_INFINITY;

            fn of(number: f64) -> Self {
                number as Self
            }

            fn as_f64(self) -> f64 {
                f64::from(self)
            }

            fn is_nan(self) -> bool {
                <$number>::is_nan(self)
            }

            fn exponential(self) -> Self {
                self.exp()
            }

            fn logarithm(self) -> Self {
                self.ln()
            }

            fn values(tensor: &Primitive) -> Option<&[Self]> {
                tensor.as_slice()
            }

            fn values_mut(tensor: &mut Primitive) -> Option<&mut [Self]> {
                let (start, end) = tensor.layout().contiguous_offsets()?;
                tensor.try_storage_mut()?.get_mut(start..end)
            }

            fn tiles() -> Tiles<Self> {
                $tiles()
            }

            fn scratch() -> &'static LocalKey<Cell<Vec<Self>>> {
                thread_local! {
                    static SCRATCH: Cell<Vec<$number>> = const { Cell::new(Vec::new()) };
                }
                &SCRATCH
            }
        }
    };
}

real!(f32, single);
real!(f64, double);
