//! The gradient of the weight.

use crate::conv2d::geometry::Geometry;
use crate::conv2d::passes::{BLOCK, groups, transpose};
use crate::conv2d::transforms::Steps;
use crate::conv2d::winograd::{Block, PLACES, Winograd};
use crate::parts::sum_of_parts;
use crate::real::Real;
use crate::scratch::{LINE, with_scratch};
use crate::tiles::Terms;

/// Tiles whose products are summed at a time, so that they stay in the cache.
const TILES: usize = 128;
/// The most rows of a tile of a product.
const MOST_ROWS: usize = 16;

impl Winograd {
    /// As [`passes::weight_gradient`](crate::conv2d::passes::weight_gradient).
    pub(crate) fn weight_gradient<F: Real>(
        &self,
        geometry: &Geometry,
        input: &[F],
        gradient: &[F],
    ) -> Vec<F> {
        let [rows, columns] = self.sums::<F>();
        let pixels = geometry.output_pixels();
        let (size, image_size) = (
            geometry.outputs * pixels,
            geometry.inputs * geometry.input_pixels(),
        );
        let lanes = F::tiles().transforms.of_image.lanes;
        let planes = self.length_of_planes(lanes);
        let transposed = ((pixels + 1) * columns).next_multiple_of(LINE);
        let most = self.blocks(TILES).map(|block| block.tiles()).max();
        let most = most.unwrap_or(0);
        let step = most.next_multiple_of(LINE) + lanes;
        let spread = PLACES * (self.place(step) + most * columns + LINE);
        let of_group = PLACES * rows * columns;
        let blocks = geometry.images.div_ceil(BLOCK);
        let sums = sum_of_parts(blocks, geometry.groups * of_group, |block, sums| {
            let images = input
                .chunks_exact(image_size)
                .zip(gradient.chunks_exact(size));
            for (image, gradient) in images.skip(block * BLOCK).take(BLOCK) {
                for (group, sums) in groups(geometry).zip(sums.chunks_exact_mut(of_group)) {
                    with_scratch(planes + transposed + spread, |memory| {
                        let (planes, memory) = memory.split_at_mut(planes);
                        let (rows, memory) = memory.split_at_mut(transposed);
                        self.padded.fill(&self.tiles, &image[group.input], planes);
                        transpose(&gradient[group.output], pixels, columns, rows);
                        rows[pixels * columns..].fill(F::ZERO);
                        self.correlate(planes, rows, memory, sums);
                    });
                }
            }
        });
        let mut of_weight = vec![F::ZERO; geometry.outputs * geometry.taps()];
        for (group, sums) in groups(geometry).zip(sums.chunks_exact(of_group)) {
            self.collect(sums, &mut of_weight[group.weight]);
        }
        of_weight
    }

    /// Rows and columns of a place in the sums of the weight's gradient, with those that fill the last tiles.
    fn sums<F: Real>(&self) -> [usize; 2] {
        let [wide, narrow] = F::tiles().products;
        let rows = wide.rows.max(narrow.rows);
        [
            self.inputs.next_multiple_of(rows),
            self.outputs.next_multiple_of(narrow.columns),
        ]
    }

    /// Adds to `sums` the products of one group of an image with the gradient of its outputs, which `gradient` holds as
    /// rows of channels, with a row of zeros after the last.
    fn correlate<F: Real>(&self, planes: &[F], gradient: &[F], memory: &mut [F], sums: &mut [F]) {
        let tiles = F::tiles();
        let [wide, narrow] = tiles.products;
        let lanes = tiles.transforms.of_image.lanes;
        let [rows, columns] = self.sums::<F>();
        for block in self.blocks(TILES) {
            let count = block.tiles();
            let step = count.next_multiple_of(LINE) + lanes;
            let (spread, memory) = memory.split_at_mut(PLACES * self.place(step));
            self.spread(planes, &block, [block.columns.len(), step], spread);
            let place = count * columns + LINE;
            let spread_gradient = &mut memory[..PLACES * place];
            self.spread_gradient(gradient, &block, place, spread_gradient);
            let places = spread
                .chunks_exact(self.place(step))
                .zip(spread_gradient.chunks_exact(place));
            for ((spread, gradient), sums) in places.zip(sums.chunks_exact_mut(rows * columns)) {
                let mut first = 0;
                while first < columns {
                    let is_wide = columns - first >= wide.columns;
                    let tile = if is_wide { wide } else { narrow };
                    let terms = Terms {
                        left: spread,
                        left_step: 0,
                        right: &gradient[first..],
                        right_step: columns,
                        length: count,
                        lines: 1,
                    };
                    for row in (0..rows).step_by(tile.rows) {
                        let mut starts = [0; MOST_ROWS];
                        for (start, row) in starts.iter_mut().zip(row..self.inputs) {
                            *start = row * step;
                        }
                        let sums = &mut sums[row * columns + first..];
                        tile.add(terms, &starts[..tile.rows], sums, columns);
                    }
                    first += tile.columns;
                }
            }
        }
    }

    /// `A ∂y Aᵀ` of the tiles of `block`: for each place, so many numbers apart, a row of channels for each tile.
    fn spread_gradient<F: Real>(
        &self,
        gradient: &[F],
        block: &Block,
        place: usize,
        spread: &mut [F],
    ) {
        let transform = F::tiles().transforms.of_gradient;
        let [_, columns] = self.sums::<F>();
        let [height, width] = self.size;
        let steps = Steps {
            from: transform.lanes,
            to: transform.lanes,
            place,
        };
        let mut at = 0;
        for row in block.rows.clone() {
            for column in block.columns.clone() {
                let pixels = [[0, 0], [0, 1], [1, 0], [1, 1]].map(|[down, across]| {
                    let (row, column) = (row * 2 + down, column * 2 + across);
                    let is_inside = row < height && column < width;
                    let pixel = if is_inside {
                        row * width + column
                    } else {
                        height * width
                    };
                    pixel * columns
                });
                let to = &mut spread[at..];
                transform.run(gradient, &pixels, to, steps, columns / transform.lanes);
                at += columns;
            }
        }
    }

    /// `Gᵀ s G` of the sums of each input and output channel.
    fn collect<F: Real>(&self, sums: &[F], of_weight: &mut [F]) {
        let [rows, columns] = self.sums::<F>();
        let half = F::of(0.5);
        let map = |[a, b, c, d]: [F; 4]| {
            let (sum, difference) = ((b + c) * half, (b - c) * half);
            [a + sum, difference, sum + d]
        };
        for (number, kernel) in of_weight.chunks_exact_mut(9).enumerate() {
            let (output, input) = (number / self.inputs, number % self.inputs);
            let at = |row: usize, column: usize| {
                sums[((row * 4 + column) * rows + input) * columns + output]
            };
            let all = [0, 1, 2, 3];
            let lines = all.map(|column| map(all.map(|row| at(row, column))));
            for (row, kernel) in kernel.chunks_exact_mut(3).enumerate() {
                kernel.copy_from_slice(&map(lines.map(|line| line[row])));
            }
        }
    }
}
