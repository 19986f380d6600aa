//! A convolution and its gradients.

use crate::Activation;
use crate::conv2d::geometry::Geometry;
use crate::conv2d::padded::{Finish, Padded, Spread, Target, write};
use crate::conv2d::winograd::Winograd;
use crate::parts::{in_parts, sum_of_parts};
use crate::real::Real;
use crate::scratch::with_scratch;
use crate::sum::sum;
use crate::tiles::{Offsets, Terms, Tiles};
use crate::wide::wide;

/// Images whose share of the weight's gradient is summed before the shares are: a number that does not depend on the
/// threads, so that the sum does not either.
pub(crate) const BLOCK: usize = 8;

/// The output, `[images, outputs, height, width]`.
pub(crate) fn forward<F: Real>(
    geometry: &Geometry,
    input: &[F],
    weight: &[F],
    bias: Option<&[F]>,
    activation: Activation,
) -> Vec<F> {
    let none = vec![F::ZERO; geometry.outputs];
    let bias = bias.unwrap_or(&none);
    if let Some(winograd) = Winograd::of(geometry) {
        return winograd.forward(geometry, input, weight, Finish { bias, activation });
    }
    let (tiles, padded) = (F::tiles(), Padded::new(geometry));
    let offsets = Offsets::new(padded.taps(geometry));
    let target = Target::outputs(geometry, &padded);
    let taps = geometry.taps();
    let channels = geometry.outputs_of_group();
    let weights = pack(geometry, weight, [channels, taps], |weight, output, tap| {
        weight[output * taps + tap]
    });
    let size = geometry.outputs * geometry.output_pixels();
    let image_size = geometry.inputs * geometry.input_pixels();
    in_parts(geometry.images * size, size, |index, output| {
        let image = &input[index * image_size..][..image_size];
        let biases = bias.chunks_exact(channels);
        for ((group, weights), bias) in groups(geometry).zip(&weights).zip(biases) {
            let finish = Finish { bias, activation };
            with_scratch(padded.length(geometry, tiles.pixels), |planes| {
                padded.fill(geometry, &image[group.input], planes);
                convolve(
                    &tiles,
                    weights,
                    planes,
                    &offsets,
                    &target,
                    &mut output[group.output],
                    finish,
                );
            });
        }
    })
}

/// The gradient of the input, of that of the output.
pub(crate) fn input_gradient<F: Real>(geometry: &Geometry, weight: &[F], gradient: &[F]) -> Vec<F> {
    let none = vec![F::ZERO; geometry.inputs];
    let finish = Finish {
        bias: &none,
        activation: Activation::Identity,
    };
    if let Some(winograd) = Winograd::of_input_gradient(geometry) {
        return winograd.input_gradient(geometry, weight, gradient, finish);
    }
    let (tiles, spread) = (F::tiles(), Spread::new(geometry));
    let [_, kernel_width] = geometry.kernel;
    let of_channel = geometry.kernel[0] * kernel_width;
    let parts: Vec<(Offsets, Vec<Vec<F>>, &Target)> = spread
        .parts
        .iter()
        .map(|part| {
            let offsets = Offsets::new(spread.taps(geometry, &part.places));
            let places = &part.places;
            let sizes = [
                geometry.inputs_of_group(),
                geometry.outputs_of_group() * places.len(),
            ];
            let weights = pack(geometry, weight, sizes, |weight, input, tap| {
                let (output, [down, across]) = (tap / places.len(), places[tap % places.len()]);
                let place = input * of_channel + down * kernel_width + across;
                weight[output * geometry.taps() + place]
            });
            (offsets, weights, &part.target)
        })
        .collect();
    let size = geometry.outputs * geometry.output_pixels();
    let image_size = geometry.inputs * geometry.input_pixels();
    in_parts(geometry.images * image_size, image_size, |index, image| {
        let gradient = &gradient[index * size..][..size];
        for (number, group) in groups(geometry).enumerate() {
            with_scratch(spread.length(geometry, tiles.pixels), |values| {
                spread.fill(geometry, &gradient[group.output], values);
                let image = &mut image[group.input];
                for (offsets, weights, target) in &parts {
                    convolve(
                        &tiles,
                        &weights[number],
                        values,
                        offsets,
                        target,
                        image,
                        finish,
                    );
                }
            });
        }
    })
}

/// The gradient of the weight, of that of the output.
pub(crate) fn weight_gradient<F: Real>(geometry: &Geometry, input: &[F], gradient: &[F]) -> Vec<F> {
    if let Some(winograd) = Winograd::of(geometry) {
        return winograd.weight_gradient(geometry, input, gradient);
    }
    let (tiles, padded) = (F::tiles(), Padded::new(geometry));
    let [wide, narrow] = tiles.products;
    let (taps, outputs) = (geometry.taps(), geometry.outputs_of_group());
    // Rows of taps and of channels, with those that fill the last tiles.
    let rows = taps.next_multiple_of(narrow.rows);
    let columns = outputs.next_multiple_of(narrow.columns);
    let mut places = padded.taps(geometry);
    places.resize(rows, 0);
    let (pixels, size) = (
        geometry.output_pixels(),
        geometry.outputs * geometry.output_pixels(),
    );
    let image_size = geometry.inputs * geometry.input_pixels();
    let blocks = geometry.images.div_ceil(BLOCK);
    let length = padded.length(geometry, 0);
    let sums = sum_of_parts(blocks, geometry.groups * rows * columns, |block, sums| {
        let images = input
            .chunks_exact(image_size)
            .zip(gradient.chunks_exact(size));
        for (image, gradient) in images.skip(block * BLOCK).take(BLOCK) {
            for (group, sums) in groups(geometry).zip(sums.chunks_exact_mut(rows * columns)) {
                with_scratch(length + pixels * columns, |memory| {
                    let (planes, rest) = memory.split_at_mut(length);
                    padded.fill(geometry, &image[group.input], planes);
                    transpose(&gradient[group.output], pixels, columns, rest);
                    let mut first = 0;
                    while first < columns {
                        let is_wide = columns - first >= wide.columns;
                        let tile = if is_wide { wide } else { narrow };
                        let terms = Terms {
                            left: planes,
                            left_step: padded.width(),
                            right: &rest[first..],
                            right_step: columns,
                            length: geometry.output[1],
                            lines: geometry.output[0],
                        };
                        for (taps, sums) in places
                            .chunks_exact(tile.rows)
                            .zip(sums.chunks_exact_mut(tile.rows * columns))
                        {
                            tile.add(terms, taps, &mut sums[first..], columns);
                        }
                        first += tile.columns;
                    }
                });
            }
        }
    });
    let mut of_weight = vec![F::ZERO; geometry.outputs * taps];
    for (group, sums) in groups(geometry).zip(sums.chunks_exact(rows * columns)) {
        for (output, of_output) in of_weight[group.weight].chunks_exact_mut(taps).enumerate() {
            for (of_weight, sums) in of_output.iter_mut().zip(sums.chunks_exact(columns)) {
                *of_weight = sums[output];
            }
        }
    }
    of_weight
}

/// The gradient of the bias, of that of the output.
pub(crate) fn bias_gradient<F: Real>(geometry: &Geometry, gradient: &[F]) -> Vec<F> {
    let (pixels, size) = (
        geometry.output_pixels(),
        geometry.outputs * geometry.output_pixels(),
    );
    let blocks = geometry.images.div_ceil(BLOCK);
    sum_of_parts(blocks, geometry.outputs, |block, sums| {
        for gradient in gradient.chunks_exact(size).skip(block * BLOCK).take(BLOCK) {
            add_sums(gradient, pixels, sums);
        }
    })
}

wide! {
    /// Adds to each of `sums` the sum of a channel.
    fn add_sums<F: Real>(channels: &[F], pixels: usize, sums: &mut [F]) {
        for (total, channel) in sums.iter_mut().zip(channels.chunks_exact(pixels)) {
            *total += sum(channel);
        }
    }
}

/// Where in an image, its output and the weight a group lies.
pub(crate) struct Group {
    pub(crate) input: std::ops::Range<usize>,
    pub(crate) output: std::ops::Range<usize>,
    pub(crate) weight: std::ops::Range<usize>,
}

pub(crate) fn groups(geometry: &Geometry) -> impl Iterator<Item = Group> {
    let input = geometry.inputs_of_group() * geometry.input_pixels();
    let output = geometry.outputs_of_group() * geometry.output_pixels();
    let weight = geometry.outputs_of_group() * geometry.taps();
    (0..geometry.groups).map(move |group| Group {
        input: group * input..(group + 1) * input,
        output: group * output..(group + 1) * output,
        weight: group * weight..(group + 1) * weight,
    })
}

/// The weights of each group in the order in which tiles read them: a block of channels after another, in it a tap after
/// another. Channels that fill up the last block are 0. `at` finds the weight of a channel and a tap in those of the group.
fn pack<F: Real>(
    geometry: &Geometry,
    weight: &[F],
    [channels, taps]: [usize; 2],
    at: impl Fn(&[F], usize, usize) -> F,
) -> Vec<Vec<F>> {
    let width = F::tiles().channels;
    let groups = groups(geometry).map(|group| {
        let weight = &weight[group.weight];
        let mut packed = vec![F::ZERO; channels.next_multiple_of(width) * taps];
        for (number, block) in packed.chunks_exact_mut(width * taps).enumerate() {
            for (tap, block) in block.chunks_exact_mut(width).enumerate() {
                for (channel, packed) in (number * width..channels).zip(block) {
                    *packed = at(weight, channel, tap);
                }
            }
        }
        packed
    });
    groups.collect()
}

/// Computes the outputs of `target` tile by tile and writes them.
fn convolve<F: Real>(
    tiles: &Tiles<F>,
    weights: &[F],
    planes: &[F],
    offsets: &Offsets,
    target: &Target,
    outputs: &mut [F],
    finish: Finish<'_, F>,
) {
    let block = tiles.channels * offsets.count();
    let channels_size = tiles.channels * target.size[0] * target.size[1];
    let mut tile = [F::ZERO; MOST_OF_TILE];
    let tile = &mut tile[..tiles.channels * tiles.pixels];
    for start in target.range().step_by(tiles.pixels) {
        let channels = outputs
            .chunks_mut(channels_size)
            .zip(finish.bias.chunks(tiles.channels));
        for (weights, (channels, bias)) in weights.chunks_exact(block).zip(channels) {
            tiles.convolve(weights, planes, offsets, start, tile);
            let finish = Finish { bias, ..finish };
            write(target, tile, tiles.pixels, start, channels, finish);
        }
    }
}

/// The largest tile: 8 channels of 32 pixels.
const MOST_OF_TILE: usize = 8 * 32;

wide! {
    /// Writes `[channels, pixels]` as rows of `columns` channels, those beyond the last left as they are.
    pub(crate) fn transpose<F: Real>(gradient: &[F], pixels: usize, columns: usize, to: &mut [F]) {
        /// Pixels whose rows stay in the cache while they are filled.
        const ROWS: usize = 32;
        /// Channels and pixels that the compiler turns around in registers.
        const SIDE: usize = 4;
        let blocks = to[..pixels * columns].chunks_mut(ROWS * columns);
        for (rows, first) in blocks.zip((0..).step_by(ROWS)) {
            for (channels, start) in gradient.chunks(SIDE * pixels).zip((0..).step_by(SIDE)) {
                let mut done = 0;
                if channels.len() == SIDE * pixels {
                    let (first_two, last_two) = channels.split_at(2 * pixels);
                    let (a, b) = first_two.split_at(pixels);
                    let (c, d) = last_two.split_at(pixels);
                    for rows in rows.chunks_exact_mut(SIDE * columns) {
                        let at = first + done;
                        let block = (
                            a[at..].first_chunk::<SIDE>(),
                            b[at..].first_chunk::<SIDE>(),
                            c[at..].first_chunk::<SIDE>(),
                            d[at..].first_chunk::<SIDE>(),
                        );
                        let (Some(a), Some(b), Some(c), Some(d)) = block else {
                            break;
                        };
                        let (a, b, c, d) = (*a, *b, *c, *d);
                        for (pixel, row) in rows.chunks_exact_mut(columns).enumerate() {
                            if let Some(row) = row[start..].first_chunk_mut::<SIDE>() {
                                *row = [a[pixel], b[pixel], c[pixel], d[pixel]];
                            }
                        }
                        done += SIDE;
                    }
                }
                for (channel, line) in channels.chunks_exact(pixels).enumerate() {
                    let rows = rows.chunks_exact_mut(columns).zip(&line[first..]);
                    for (row, pixel) in rows.skip(done) {
                        row[start + channel] = *pixel;
                    }
                }
            }
        }
    }
}
