//! Convolutions of 3x3 by fewer products.

mod weight_gradient;
mod write;

use std::ops::Range;

use crate::conv2d::geometry::Geometry;
use crate::conv2d::padded::{Finish, Padded};
use crate::conv2d::passes::groups;
use crate::conv2d::transforms::Steps;
use crate::conv2d::winograd::write::write;
use crate::parts::in_parts;
use crate::real::Real;
use crate::scratch::{LINE, with_scratch};
use crate::tiles::Offsets;

/// A convolution of 3x3 with a stride of 1, by tiles of 2x2 outputs.
///
/// ```text
/// y = Aᵀ ((G g Gᵀ) ⊙ (Bᵀ d B)) A          g: 3x3 weights, d: 4x4 pixels, y: 2x2 outputs
/// ∂g = Gᵀ (Σ (Bᵀ d B) ⊙ (A ∂y Aᵀ)) G       summed over all tiles
///
///      1   0   0
/// G =  ½   ½   ½
///      ½  −½   ½
///      0   0   1
/// ```
///
/// Summed over input channels, that is 16 products a tile where the definition has 36. The matrices are small whole
/// numbers and halves, so that in single precision a few of the last bits differ from those of the definition. The
/// gradient of the input is such a convolution of the output's gradient.
///
/// The tiles are the outputs of a convolution of 4x4 with a stride of 2, and its layout is used: of the pixels at one
/// place of their tiles, those of neighbours lie side by side.
///
/// Winograd 1980, "Arithmetic complexity of computations"; Lavin and Gray 2016, "Fast algorithms for convolutional neural
/// networks".
#[derive(Debug, Clone)]
pub(crate) struct Winograd {
    /// Channels of what is convolved and of the result, of a group.
    inputs: usize,
    outputs: usize,
    /// Rows and columns of the result.
    size: [usize; 2],
    /// The convolution whose outputs are the tiles.
    tiles: Geometry,
    padded: Padded,
    /// Where the pixels of the first tile lie.
    places: Vec<usize>,
}

/// Numbers of a tile.
const PLACES: usize = 16;
/// Channels below which the transforms cost more than the products that they save.
const LEAST_CHANNELS: usize = 8;
/// Tiles that are computed together.
struct Block {
    rows: Range<usize>,
    columns: Range<usize>,
}

impl Block {
    fn tiles(&self) -> usize {
        self.rows.len() * self.columns.len()
    }
}

impl Winograd {
    /// The convolution itself, if it is one of 3x3 that is worth it.
    pub(crate) fn of(geometry: &Geometry) -> Option<Self> {
        let channels = [geometry.inputs_of_group(), geometry.outputs_of_group()];
        let [input, output] = [geometry.input, geometry.output];
        is_worth(geometry).then(|| Self::new(channels, input, output, geometry.padding))
    }

    /// The convolution that makes the gradient of the input of that of the output.
    pub(crate) fn of_input_gradient(geometry: &Geometry) -> Option<Self> {
        let channels = [geometry.outputs_of_group(), geometry.inputs_of_group()];
        let [input, output] = [geometry.output, geometry.input];
        let padding = geometry
            .padding
            .map(|padding| 2_usize.wrapping_sub(padding));
        is_worth(geometry).then(|| Self::new(channels, input, output, padding))
    }

    fn new(
        [inputs, outputs]: [usize; 2],
        input: [usize; 2],
        size: [usize; 2],
        padding: [usize; 2],
    ) -> Self {
        let tiles = Geometry {
            images: 1,
            inputs,
            outputs,
            groups: 1,
            input,
            kernel: [4; 2],
            output: size.map(|size| size.div_ceil(2)),
            stride: [2; 2],
            dilation: [1; 2],
            padding,
        };
        let padded = Padded::new(&tiles);
        let mut places = padded.taps(&tiles);
        places.truncate(PLACES);
        Self {
            inputs,
            outputs,
            size,
            tiles,
            padded,
            places,
        }
    }

    /// Whole rows of tiles, or parts of one, of at most so many tiles.
    fn blocks(&self, most: usize) -> impl Iterator<Item = Block> {
        let [rows, columns] = self.tiles.output;
        let across = columns.min(most);
        let down = most / across;
        let starts = (0..rows).step_by(down);
        starts.flat_map(move |row| {
            (0..columns).step_by(across).map(move |column| Block {
                rows: row..(row + down).min(rows),
                columns: column..(column + across).min(columns),
            })
        })
    }

    /// Whole lines of the cache that hold a padded image, of which registers of so many numbers are read.
    fn length_of_planes(&self, lanes: usize) -> usize {
        let length = self.padded.length(&self.tiles, lanes);
        length.next_multiple_of(LINE)
    }

    /// From one row of tiles to the next where a block of so many tiles is spread evenly.
    fn line_step(&self, most: usize) -> usize {
        let across = self.tiles.output[1].min(most);
        most / (most / across)
    }

    /// `Bᵀ d B` of the tiles of `block`, of all channels: for each place and channel, `step` numbers.
    fn spread<F: Real>(
        &self,
        planes: &[F],
        block: &Block,
        [line_step, step]: [usize; 2],
        spread: &mut [F],
    ) {
        let transform = F::tiles().transforms.of_image;
        let steps = Steps {
            from: self.padded.numbers_of_channel(),
            to: step,
            place: self.place(step),
        };
        let across = block.columns.len();
        for (line, row) in block.rows.clone().enumerate() {
            for first in (0..across).step_by(transform.lanes) {
                let from = row * self.padded.width() + block.columns.start + first;
                let to = &mut spread[line * line_step + first..];
                transform.run(&planes[from..], &self.places, to, steps, self.inputs);
            }
        }
    }

    /// From one place to the next in what [`spread`](Self::spread) makes. Places that lie a power of two apart would share
    /// the lines of the cache that they are written through.
    fn place(&self, step: usize) -> usize {
        self.inputs * step + LINE
    }

    /// `G g Gᵀ` for each output and input channel, in the order in which tiles of output channels read it:
    /// `kernel` tells the weight at a place of a kernel.
    fn pack<F: Real>(&self, kernel: impl Fn(usize, usize, usize) -> F) -> Vec<F> {
        let width = F::tiles().channels;
        let blocks = self.outputs.div_ceil(width);
        let mut packed = vec![F::ZERO; blocks * PLACES * self.inputs * width];
        let half = F::of(0.5);
        let map = |[a, b, c]: [F; 3]| [a, (a + b + c) * half, (a - b + c) * half, c];
        for output in 0..self.outputs {
            for input in 0..self.inputs {
                let at = |row: usize, column: usize| kernel(output, input, row * 3 + column);
                let columns =
                    [0, 1, 2].map(|column| map([at(0, column), at(1, column), at(2, column)]));
                for row in 0..4 {
                    let numbers = map(columns.map(|column| column[row]));
                    for (column, number) in numbers.into_iter().enumerate() {
                        let place = output / width * PLACES + row * 4 + column;
                        packed[(place * self.inputs + input) * width + output % width] = number;
                    }
                }
            }
        }
        packed
    }

    /// Convolves one group of an image.
    fn convolve<F: Real>(
        &self,
        weights: &[F],
        image: &[F],
        finish: Finish<'_, F>,
        result: &mut [F],
    ) {
        let tiles = F::tiles();
        let transform = tiles.transforms.of_products;
        let (line_step, step) = (self.line_step(tiles.pixels), tiles.pixels + transform.lanes);
        let rows = Offsets::new((0..self.inputs).map(|input| input * step).collect());
        let tile = tiles.channels * tiles.pixels;
        let products_at: [usize; PLACES] = std::array::from_fn(|place| place * tile);
        let of_block = PLACES * self.inputs * tiles.channels;
        let planes = self.length_of_planes(transform.lanes);
        let spread = PLACES * self.place(step);
        with_scratch(planes + spread + (PLACES + 4) * tile, |memory| {
            let (planes, memory) = memory.split_at_mut(planes);
            let (spread, memory) = memory.split_at_mut(spread);
            let (products, outputs) = memory.split_at_mut(PLACES * tile);
            self.padded.fill(&self.tiles, image, planes);
            for block in self.blocks(tiles.pixels) {
                self.spread(planes, &block, [line_step, step], spread);
                let channels = result
                    .chunks_mut(tiles.channels * self.size[0] * self.size[1])
                    .zip(finish.bias.chunks(tiles.channels));
                for (weights, (channels, bias)) in weights.chunks_exact(of_block).zip(channels) {
                    let places = weights
                        .chunks_exact(self.inputs * tiles.channels)
                        .zip(spread.chunks_exact(self.place(step)));
                    for ((weights, spread), products) in places.zip(products.chunks_mut(tile)) {
                        tiles.convolve(weights, spread, &rows, 0, products);
                    }
                    let steps = Steps {
                        from: transform.lanes,
                        to: transform.lanes,
                        place: tile,
                    };
                    let count = tile / transform.lanes;
                    transform.run(products, &products_at, outputs, steps, count);
                    let finish = Finish { bias, ..finish };
                    write(self, &tiles, &block, outputs, finish, channels);
                }
            }
        });
    }
}

fn is_worth(geometry: &Geometry) -> bool {
    let is_plain = geometry.kernel == [3; 2]
        && geometry.stride == [1; 2]
        && geometry.dilation == [1; 2]
        && geometry.padding.iter().all(|padding| *padding <= 2);
    let channels = geometry.inputs_of_group().min(geometry.outputs_of_group());
    is_plain && channels >= LEAST_CHANNELS
}

impl Winograd {
    /// As [`passes::forward`](super::passes::forward).
    pub(crate) fn forward<F: Real>(
        &self,
        geometry: &Geometry,
        input: &[F],
        weight: &[F],
        finish: Finish<'_, F>,
    ) -> Vec<F> {
        let (mut ranges, mut weights) = (Vec::new(), Vec::new());
        for group in groups(geometry) {
            let weight = &weight[group.weight];
            weights.push(
                self.pack(|output, input, place| {
                    weight[(output * self.inputs + input) * 9 + place]
                }),
            );
            ranges.push([group.input, group.output]);
        }
        self.convolve_batch(geometry.images, &ranges, &weights, input, finish)
    }

    /// As [`passes::input_gradient`](super::passes::input_gradient), for [`of_input_gradient`](Self::of_input_gradient).
    pub(crate) fn input_gradient<F: Real>(
        &self,
        geometry: &Geometry,
        weight: &[F],
        gradient: &[F],
        finish: Finish<'_, F>,
    ) -> Vec<F> {
        let (mut ranges, mut weights) = (Vec::new(), Vec::new());
        for group in groups(geometry) {
            let weight = &weight[group.weight];
            // What is an output here is an input there, and the kernel is turned around.
            weights.push(self.pack(|output, input, place| {
                weight[(input * self.outputs + output) * 9 + 8 - place]
            }));
            ranges.push([group.output, group.input]);
        }
        self.convolve_batch(geometry.images, &ranges, &weights, gradient, finish)
    }

    /// Convolves every image: of each group, what lies at the first of its ranges to the second.
    fn convolve_batch<F: Real>(
        &self,
        images: usize,
        groups: &[[Range<usize>; 2]],
        weights: &[Vec<F>],
        given: &[F],
        finish: Finish<'_, F>,
    ) -> Vec<F> {
        let size = |side: usize| groups.last().map_or(0, |ranges| ranges[side].end);
        let [before, after] = [size(0), size(1)];
        in_parts(images * after, after, |index, result| {
            let image = &given[index * before..][..before];
            let groups = groups.iter().zip(weights);
            let biases = finish.bias.chunks_exact(self.outputs);
            for (([from, to], weights), bias) in groups.zip(biases) {
                let (from, to) = (&image[from.clone()], &mut result[to.clone()]);
                self.convolve(weights, from, Finish { bias, ..finish }, to);
            }
        })
    }
}
