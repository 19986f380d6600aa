//! Matrix products.

use gemm::Parallelism;

use crate::real::Real;

/// A matrix that lies in a slice, row by row or column by column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Matrix<'a, F> {
    values: &'a [F],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a, F: Real> Matrix<'a, F> {
    /// `values` row by row.
    pub(crate) fn new(values: &'a [F], rows: usize, columns: usize) -> Self {
        assert_eq!(values.len(), rows * columns);
        Self {
            values,
            rows,
            columns,
            row_stride: columns,
            column_stride: 1,
        }
    }

    pub(crate) fn transposed(self) -> Self {
        Self {
            values: self.values,
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }

    /// `count` rows from `start` on.
    pub(crate) fn rows(self, start: usize, count: usize) -> Self {
        assert!(start + count <= self.rows);
        Self {
            values: &self.values[(start * self.row_stride).min(self.values.len())..],
            rows: count,
            ..self
        }
    }

    /// Whether every element lies in `values`.
    fn is_within(&self) -> bool {
        if self.rows == 0 || self.columns == 0 {
            return true;
        }
        let last = (self.rows - 1) * self.row_stride + (self.columns - 1) * self.column_stride;
        last < self.values.len()
    }
}

/// `into ← into + left · right`, `into` row by row, on this thread.
pub(crate) fn add_product<F: Real>(into: &mut [F], left: Matrix<'_, F>, right: Matrix<'_, F>) {
    assert_eq!(left.columns, right.rows);
    assert_eq!(into.len(), left.rows * right.columns);
    assert!(left.is_within() && right.is_within());
    #[allow(unsafe_code, reason = "gemm takes pointers")]
    // SAFETY: `into` is a matrix of `left.rows` rows of `right.columns` values, which only we hold; every element of
    // `left` and `right`, whose inner sizes agree, lies in their slices. All three were asserted. gemm computes in the
    // type that it is called for: f32 and f64 are the only `Real`s, and it has both.
    unsafe {
        gemm::gemm(
            left.rows,
            right.columns,
            left.columns,
            into.as_mut_ptr(),
            1,
            right.columns as isize,
            true,
            left.values.as_ptr(),
            left.column_stride as isize,
            left.row_stride as isize,
            right.values.as_ptr(),
            right.column_stride as isize,
            right.row_stride as isize,
            F::ONE,
            F::ONE,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_added_whatever_the_layout() {
        let left = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let right = [1.0, 0.0, 2.0, 0.0, 1.0, 3.0];
        let mut into = [100.0_f64; 4];
        add_product(
            &mut into,
            Matrix::new(&left, 2, 3),
            Matrix::new(&right, 2, 3).transposed(),
        );
        assert_eq!(into, [107.0, 111.0, 116.0, 123.0]);
        let mut into = [0.0; 4];
        let rows = Matrix::new(&left, 2, 3).transposed().rows(1, 2);
        add_product(&mut into, rows, Matrix::new(&left[..4], 2, 2));
        // (2 5; 3 6) · (1 2; 3 4)
        assert_eq!(into, [17.0, 24.0, 21.0, 30.0]);
    }

    #[test]
    #[should_panic(expected = "assertion")]
    fn sizes_that_do_not_agree_are_refused() {
        let values = [1.0_f32; 6];
        add_product(
            &mut [0.0; 4],
            Matrix::new(&values, 2, 3),
            Matrix::new(&values, 2, 3),
        );
    }
}
