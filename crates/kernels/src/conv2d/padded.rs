//! Images laid out so that a convolution reads them as they lie.

use std::ops::Range;

use crate::Activation;
use crate::conv2d::geometry::Geometry;
use crate::real::Real;
use crate::wide::{LANES, PAIRS, wide};

/// The layout of an image for its convolution: zeros around it, and pixels that lie a stride apart side by side.
///
/// With a stride of s along an axis, a padded image is taken apart into s planes, of the pixels whose position divided
/// by s leaves the same remainder; in a plane, a convolution of stride s has stride 1. Where no place of the kernel sees a
/// remainder there is no plane. Then, wherever in the kernel and for whichever output, the pixels that consecutive outputs
/// of a row see lie one after the other: the offset from the output's number to the pixel depends on the kernel's place
/// alone.
#[derive(Debug, Clone)]
pub(crate) struct Padded {
    /// The remainders that have a plane, for each axis.
    remainders: [Vec<usize>; 2],
    /// Rows and columns of a plane.
    size: [usize; 2],
    /// How many pixels the last place of the kernel is after the first.
    reach: usize,
}

impl Padded {
    pub(crate) fn new(geometry: &Geometry) -> Self {
        let axes = [0, 1];
        let remainders = axes.map(|axis| {
            let mut remainders: Vec<usize> = (0..geometry.kernel[axis])
                .map(|place| geometry.remainder(axis, place))
                .collect();
            remainders.sort_unstable();
            remainders.dedup();
            remainders
        });
        let [rows, columns] = axes.map(|axis| geometry.reach(axis));
        Self {
            remainders,
            size: [geometry.output[0] + rows, geometry.output[1] + columns],
            reach: columns,
        }
    }

    /// Columns of a plane: from an output to the one below it.
    pub(crate) fn width(&self) -> usize {
        self.size[1]
    }

    fn plane(&self) -> usize {
        self.size[0] * self.size[1]
    }

    /// The numbers of one channel of an image.
    pub(crate) fn numbers_of_channel(&self) -> usize {
        self.remainders[0].len() * self.remainders[1].len() * self.plane()
    }

    /// The numbers of one group of an image, where a tile of `pixels` outputs may go beyond the last.
    pub(crate) fn length(&self, geometry: &Geometry, pixels: usize) -> usize {
        geometry.inputs_of_group() * self.numbers_of_channel() + self.reach + pixels
    }

    /// For each channel and place of the kernel, row by row as in a weight, the pixel that the first output sees.
    pub(crate) fn taps(&self, geometry: &Geometry) -> Vec<usize> {
        let [rows, columns] = &self.remainders;
        let number = |remainders: &[usize], axis, place| {
            let remainder = geometry.remainder(axis, place);
            remainders
                .iter()
                .take_while(|other| **other < remainder)
                .count()
        };
        let mut taps = Vec::with_capacity(geometry.taps());
        for channel in 0..geometry.inputs_of_group() {
            for down in 0..geometry.kernel[0] {
                for across in 0..geometry.kernel[1] {
                    let row = channel * rows.len() + number(rows, 0, down);
                    let plane = row * columns.len() + number(columns, 1, across);
                    let line = plane * self.size[0] + geometry.shift(0, down);
                    taps.push(line * self.size[1] + geometry.shift(1, across));
                }
            }
        }
        taps
    }

    /// Lays out one group of an image, `[channels, height, width]`.
    pub(crate) fn fill<F: Real>(&self, geometry: &Geometry, image: &[F], planes: &mut [F]) {
        fill_planes(self, geometry, image, planes);
    }
}

wide! {
    fn fill_planes<F: Real>(padded: &Padded, geometry: &Geometry, image: &[F], planes: &mut [F]) {
        let [rows, columns] = &padded.remainders;
        let [_, width] = geometry.input;
        let stride = geometry.stride;
        let mut at = 0;
        for channel in 0..geometry.inputs_of_group() {
            let channel = &image[channel * geometry.input_pixels()..];
            for row in rows {
                let lines = inside(geometry, 0, *row, padded.size[0]);
                for column in columns {
                    let inside = inside(geometry, 1, *column, padded.size[1]);
                    for line in 0..padded.size[0] {
                        // What `gather` writes beyond the line is written over by what comes after it.
                        let to = &mut planes[at..];
                        at += padded.size[1];
                        if !lines.contains(&line) || inside.is_empty() {
                            to[..padded.size[1]].fill(F::ZERO);
                            continue;
                        }
                        let from = (line * stride[0] + row - geometry.padding[0]) * width
                            + (inside.start * stride[1] + column - geometry.padding[1]);
                        clear(&mut to[..inside.start]);
                        let to_inside = &mut to[inside.start..];
                        gather(&channel[from..], stride[1], inside.len(), to_inside);
                        clear(&mut to[inside.end..padded.size[1]]);
                    }
                }
            }
        }
    }
}

/// The positions of a plane, of those at `0..size`, that are in the image and not in its padding.
#[inline(always)]
fn inside(geometry: &Geometry, axis: usize, remainder: usize, size: usize) -> Range<usize> {
    let (stride, padding) = (geometry.stride[axis], geometry.padding[axis]);
    let start = padding.saturating_sub(remainder).div_ceil(stride);
    let end = (padding + geometry.input[axis])
        .saturating_sub(remainder)
        .div_ceil(stride);
    start.min(size)..end.min(size)
}

/// Sets a few values to 0, without the call that a longer fill is worth.
#[inline(always)]
fn clear<F: Real>(values: &mut [F]) {
    match values {
        [] => {}
        [value] => *value = F::ZERO,
        values => values.fill(F::ZERO),
    }
}

/// `count` values, every `stride`th one. May write beyond them.
#[inline(always)]
fn gather<F: Real>(from: &[F], stride: usize, count: usize, to: &mut [F]) {
    if stride == 1 {
        to[..count].copy_from_slice(&from[..count]);
        return;
    }
    let mut done = 0;
    while stride == 2 && done < count {
        let (from, to) = (&from[done * 2..], &mut to[done..]);
        let (Some(from), Some(to)) = (from.first_chunk::<PAIRS>(), to.first_chunk_mut::<LANES>())
        else {
            break;
        };
        *to = std::array::from_fn(|number| from[number * 2]);
        done += LANES;
    }
    if done >= count {
        return;
    }
    let from = from.iter().step_by(stride).take(count).skip(done);
    for (to, from) in to.iter_mut().skip(done).zip(from) {
        *to = *from;
    }
}

/// The layout of the output's gradient for the gradient of the input, and where that one's parts come from.
///
/// The pixels of the padded input whose positions leave the same remainders see the same places of the kernel, at a
/// stride of 1, in the opposite direction: each such part is a convolution of the gradient with these places.
#[derive(Debug, Clone)]
pub(crate) struct Spread {
    /// Rows and columns of a channel of the gradient with its zeros.
    size: [usize; 2],
    /// Zeros above and to the left.
    zeros: [usize; 2],
    pub(crate) parts: Vec<Part>,
}

/// The pixels of the input whose positions leave the same remainders.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// The places of the kernel that they see, down and across.
    pub(crate) places: Vec<[usize; 2]>,
    pub(crate) target: Target,
}

/// Where the outputs of a convolution are written.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// From an output to the one below it.
    pub(crate) width: usize,
    /// The rows and columns that are written.
    pub(crate) rows: Range<usize>,
    pub(crate) columns: Range<usize>,
    /// From an output to the next, in what is written.
    pub(crate) stride: [usize; 2],
    /// The padding, less the remainder, where what is written has any.
    pub(crate) before: [isize; 2],
    /// Rows and columns of a channel of what is written.
    pub(crate) size: [usize; 2],
}

/// What is done to the sums of products before they are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Finish<'a, F> {
    /// What is added, for each channel.
    pub(crate) bias: &'a [F],
    pub(crate) activation: Activation,
}

impl Spread {
    pub(crate) fn new(geometry: &Geometry) -> Self {
        let zeros = [geometry.reach(0), geometry.reach(1)];
        let ranges = [0, 1].map(|axis| {
            let ranges = (0..geometry.stride[axis])
                .map(|remainder| inside(geometry, axis, remainder, usize::MAX));
            ranges.collect::<Vec<Range<usize>>>()
        });
        let most = |axis: usize| {
            ranges[axis]
                .iter()
                .fold(0, |most, range| most.max(range.end))
        };
        let size = [most(0) + zeros[0], most(1) + zeros[1]];
        let mut parts = Vec::new();
        for (row, rows) in ranges[0].iter().enumerate() {
            for (column, columns) in ranges[1].iter().enumerate() {
                let [height, width] = geometry.kernel;
                let places =
                    (0..height).flat_map(|down| (0..width).map(move |across| [down, across]));
                let places: Vec<[usize; 2]> = places
                    .filter(|[down, across]| {
                        geometry.remainder(0, *down) == row
                            && geometry.remainder(1, *across) == column
                    })
                    .collect();
                if places.is_empty() || rows.is_empty() || columns.is_empty() {
                    continue;
                }
                parts.push(Part {
                    places,
                    target: Target {
                        width: size[1],
                        rows: rows.clone(),
                        columns: columns.clone(),
                        stride: geometry.stride,
                        before: [
                            geometry.padding[0] as isize - row as isize,
                            geometry.padding[1] as isize - column as isize,
                        ],
                        size: geometry.input,
                    },
                });
            }
        }
        Self { size, zeros, parts }
    }

    /// The numbers of one group of a gradient, where a tile of `pixels` may go beyond the last.
    pub(crate) fn length(&self, geometry: &Geometry, pixels: usize) -> usize {
        geometry.outputs_of_group() * self.size[0] * self.size[1] + self.zeros[1] + pixels
    }

    /// For each output channel and each of `places`, the value that the first pixel of the part sees.
    pub(crate) fn taps(&self, geometry: &Geometry, places: &[[usize; 2]]) -> Vec<usize> {
        let taps = (0..geometry.outputs_of_group()).flat_map(|channel| {
            places.iter().map(move |[down, across]| {
                let line = channel * self.size[0] + self.zeros[0] - geometry.shift(0, *down);
                line * self.size[1] + self.zeros[1] - geometry.shift(1, *across)
            })
        });
        taps.collect()
    }

    /// Lays out one group of a gradient, `[channels, height, width]`.
    pub(crate) fn fill<F: Real>(&self, geometry: &Geometry, gradient: &[F], spread: &mut [F]) {
        fill_spread(self, geometry, gradient, spread);
    }
}

wide! {
    fn fill_spread<F: Real>(layout: &Spread, geometry: &Geometry, gradient: &[F], spread: &mut [F]) {
        let [rows, columns] = layout.size;
        let kept = geometry.output[1].min(columns - layout.zeros[1]);
        let channels = gradient.chunks_exact(geometry.output_pixels());
        for (channel, spread) in channels.zip(spread.chunks_exact_mut(rows * columns)) {
            let mut lines = channel.chunks_exact(geometry.output[1]);
            for (row, to) in spread.chunks_exact_mut(columns).enumerate() {
                let line = if row < layout.zeros[0] {
                    None
                } else {
                    lines.next()
                };
                let Some(line) = line else {
                    to.fill(F::ZERO);
                    continue;
                };
                let (zeros, to) = to.split_at_mut(layout.zeros[1]);
                zeros.fill(F::ZERO);
                to[..kept].copy_from_slice(&line[..kept]);
                to[kept..].fill(F::ZERO);
            }
        }
    }
}

impl Target {
    /// All outputs, as they are.
    pub(crate) fn outputs(geometry: &Geometry, padded: &Padded) -> Self {
        let [rows, columns] = geometry.output;
        Self {
            width: padded.width(),
            rows: 0..rows,
            columns: 0..columns,
            stride: [1, 1],
            before: [0, 0],
            size: geometry.output,
        }
    }

    /// The numbers of the outputs, with those between that are not written.
    #[inline(always)]
    pub(crate) fn range(&self) -> Range<usize> {
        self.rows.start * self.width..(self.rows.end - 1) * self.width + self.columns.end
    }

    /// Where in what is written an output's row or column lies.
    #[inline(always)]
    fn place(&self, axis: usize, position: usize) -> usize {
        (position * self.stride[axis]).wrapping_add_signed(-self.before[axis])
    }
}

wide! {
    /// Writes a tile, rows of `pixels` outputs from `start` on, to as many channels as `channels` and the tile have.
    pub(crate) fn write<F: Real>(
        target: &Target,
        tile: &[F],
        pixels: usize,
        start: usize,
        channels: &mut [F],
        finish: Finish<'_, F>,
    ) {
        let end = (start + pixels).min(target.range().end);
        let mut at = start;
        while at < end {
            let (row, column) = (at / target.width, at % target.width);
            let next = (at - column + target.width).min(end);
            let columns =
                column.max(target.columns.start)..(column + next - at).min(target.columns.end);
            if !columns.is_empty() {
                let from = at - start + columns.start - column;
                let to = target.place(0, row) * target.size[1] + target.place(1, columns.start);
                let channels = channels.chunks_exact_mut(target.size[0] * target.size[1]);
                for ((channel, tile), bias) in channels.zip(tile.chunks_exact(pixels)).zip(finish.bias) {
                    let tile = &tile[from..from + columns.len()];
                    let channel = &mut channel[to..];
                    if target.stride[1] == 1 {
                        for (to, value) in channel.iter_mut().zip(tile) {
                            *to = finish.activation.of(*value + *bias);
                        }
                    } else {
                        let channel = channel.iter_mut().step_by(target.stride[1]);
                        for (to, value) in channel.zip(tile) {
                            *to = finish.activation.of(*value + *bias);
                        }
                    }
                }
            }
            at = next;
        }
    }
}
