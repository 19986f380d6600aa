//! Matrix products.

use crate::real::Real;
use crate::scratch::with_scratch;
use crate::tiles::Terms;

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

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// `count` rows from `start` on.
    pub(crate) fn part(self, start: usize, count: usize) -> Self {
        assert!(start + count <= self.rows);
        Self {
            values: &self.values[(start * self.row_stride).min(self.values.len())..],
            rows: count,
            ..self
        }
    }

    /// Copies a block, row by row; rows of `to` are `width` numbers, and what the block has no columns for becomes 0.
    fn copy(&self, first_row: usize, first_column: usize, width: usize, to: &mut [F]) {
        let columns = width.min(self.columns - first_column);
        let from = &self.values[first_column * self.column_stride..];
        for (row, to) in to.chunks_exact_mut(width).enumerate() {
            let from = &from[(first_row + row) * self.row_stride..];
            let (to, none) = to.split_at_mut(columns);
            if self.column_stride == 1 {
                to.copy_from_slice(&from[..columns]);
            } else {
                for (to, from) in to.iter_mut().zip(from.iter().step_by(self.column_stride)) {
                    *to = *from;
                }
            }
            none.fill(F::ZERO);
        }
    }
}

/// Terms that are added to a tile at a time, so that what tiles share of the right matrix stays in the cache.
const TERMS: usize = 128;

/// `into ← into + left · right`, `into` row by row, on this thread.
///
/// Each number is the sum of its products in the order of the inner size, [`TERMS`] of them at a time, whichever rows of
/// the product are computed together: a product may be split by rows without another bit.
///
/// Goto and van de Geijn 2008, "Anatomy of high-performance matrix multiplication", without their copy of the left matrix,
/// of which a tile takes number by number.
pub(crate) fn add_product<F: Real>(into: &mut [F], left: Matrix<'_, F>, right: Matrix<'_, F>) {
    let [rows, columns, depth] = [left.rows, right.columns, left.columns];
    assert_eq!(depth, right.rows);
    assert_eq!(into.len(), rows * columns);
    if into.is_empty() {
        return;
    }
    let [wide, narrow] = F::tiles().products;
    let most = wide.columns.max(narrow.columns);
    let (panel, edge) = (TERMS * most, wide.rows.max(narrow.rows) * most);
    with_scratch(panel + edge, |memory| {
        let (panel, edge) = memory.split_at_mut(panel);
        for term in (0..depth).step_by(TERMS) {
            let terms = TERMS.min(depth - term);
            let mut first = 0;
            while first < columns {
                let is_wide = columns - first > narrow.columns;
                let tile = if is_wide { wide } else { narrow };
                let width = tile.columns.min(columns - first);
                let panel = &mut panel[..terms * tile.columns];
                right.copy(term, first, tile.columns, panel);
                let (length, lines) = match left.column_stride {
                    1 => (terms, 1),
                    _ => (1, terms),
                };
                let terms = Terms {
                    left: &left.values[term * left.column_stride..],
                    left_step: left.column_stride,
                    right: panel,
                    right_step: tile.columns,
                    length,
                    lines,
                };
                for row in (0..rows).step_by(tile.rows) {
                    let count = tile.rows.min(rows - row);
                    let mut starts = [(rows - 1) * left.row_stride; MOST_ROWS];
                    for (row, start) in (row..rows).zip(&mut starts) {
                        *start = row * left.row_stride;
                    }
                    let starts = &starts[..tile.rows];
                    let into = &mut into[row * columns + first..];
                    if [count, width] == [tile.rows, tile.columns] {
                        tile.add(terms, starts, into, columns);
                        continue;
                    }
                    let edge = &mut edge[..tile.rows * tile.columns];
                    edge.fill(F::ZERO);
                    tile.add(terms, starts, edge, tile.columns);
                    let sums = edge.chunks_exact(tile.columns).take(count);
                    for (into, sums) in into.chunks_mut(columns).zip(sums) {
                        for (into, sum) in into[..width].iter_mut().zip(sums) {
                            *into += *sum;
                        }
                    }
                }
                first += tile.columns;
            }
        }
    });
}

/// The most rows of a tile.
const MOST_ROWS: usize = 16;

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
        let rows = Matrix::new(&left, 2, 3).transposed().part(1, 2);
        add_product(&mut into, rows, Matrix::new(&left[..4], 2, 2));
        // (2 5; 3 6) · (1 2; 3 4)
        assert_eq!(into, [17.0, 24.0, 21.0, 30.0]);
    }

    /// Small whole numbers, whose sums are exact.
    fn numbers(count: usize) -> Vec<f64> {
        (0..count)
            .map(|number| (number * 7 % 11) as f64 - 5.0)
            .collect()
    }

    #[test]
    fn products_of_every_size_are_sums_of_products() {
        for [rows, columns, depth] in [
            [1, 1, 1],
            [16, 32, 128],
            [17, 33, 129],
            [7, 47, 300],
            [40, 5, 2],
            [3, 20, 0],
        ] {
            let (left, right) = (numbers(rows * depth), numbers(depth * columns));
            let plain = (
                Matrix::new(&left, rows, depth),
                Matrix::new(&right, depth, columns),
            );
            let transposed = (
                Matrix::new(&left, depth, rows).transposed(),
                Matrix::new(&right, columns, depth).transposed(),
            );
            for (left, right) in [plain, transposed, (plain.0, transposed.1)] {
                let mut into = vec![3.0; rows * columns];
                add_product(&mut into, left, right);
                let at = |matrix: &Matrix<'_, f64>, row, column| {
                    matrix.values[row * matrix.row_stride + column * matrix.column_stride]
                };
                for (number, value) in into.iter().enumerate() {
                    let (row, column) = (number / columns, number % columns);
                    let product = |term| at(&left, row, term) * at(&right, term, column);
                    let expected = 3.0 + (0..depth).map(product).sum::<f64>();
                    assert_eq!(
                        *value, expected,
                        "{rows}x{columns}x{depth}, {row}, {column}"
                    );
                }
            }
        }
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
