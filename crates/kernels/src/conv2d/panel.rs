//! An image as the matrix that a convolution multiplies by its weight.

use crate::conv2d::geometry::Geometry;
use crate::real::Real;

/// Writes one group of an image, `[channels, height, width]`, as a matrix with a column for each output pixel and a row
/// for each place of the kernel in each channel (im2col): `channels · kernel height · kernel width` rows, which a
/// weight's row has as columns. Pixels of the padding are 0.
pub(crate) fn unfold<F: Real>(geometry: &Geometry, image: &[F], panel: &mut [F]) {
    let width = geometry.input[1];
    let rows = panel.chunks_exact_mut(geometry.output_pixels());
    for ((channel, [down, across]), row) in places(geometry).zip(rows) {
        let channel = &image[channel * geometry.input_pixels()..][..geometry.input_pixels()];
        let (lines, columns) = (geometry.seen(0, down), geometry.seen(1, across));
        for (line, row) in row.chunks_exact_mut(geometry.output[1]).enumerate() {
            if !lines.contains(&line) || columns.is_empty() {
                row.fill(F::ZERO);
                continue;
            }
            let start = geometry.position(0, down, line) * width
                + geometry.position(1, across, columns.start);
            row[..columns.start].fill(F::ZERO);
            row[columns.end..].fill(F::ZERO);
            let row = &mut row[columns.clone()];
            let channel = &channel[start..];
            if geometry.stride[1] == 1 {
                row.copy_from_slice(&channel[..row.len()]);
            } else {
                let channel = channel.iter().step_by(geometry.stride[1]);
                for (row, channel) in row.iter_mut().zip(channel) {
                    *row = *channel;
                }
            }
        }
    }
}

/// Adds each value of a panel to the pixel of the image that [`unfold`] took it from (col2im).
pub(crate) fn fold<F: Real>(geometry: &Geometry, panel: &[F], image: &mut [F]) {
    let width = geometry.input[1];
    let rows = panel.chunks_exact(geometry.output_pixels());
    for ((channel, [down, across]), row) in places(geometry).zip(rows) {
        let channel = &mut image[channel * geometry.input_pixels()..][..geometry.input_pixels()];
        let columns = geometry.seen(1, across);
        if columns.is_empty() {
            continue;
        }
        for line in geometry.seen(0, down) {
            let start = geometry.position(0, down, line) * width
                + geometry.position(1, across, columns.start);
            let row = &row[line * geometry.output[1]..][columns.clone()];
            let channel = &mut channel[start..];
            if geometry.stride[1] == 1 {
                for (channel, row) in channel.iter_mut().zip(row) {
                    *channel += *row;
                }
            } else {
                let channel = channel.iter_mut().step_by(geometry.stride[1]);
                for (channel, row) in channel.zip(row) {
                    *channel += *row;
                }
            }
        }
    }
}

/// The rows of a panel: a channel of the group, and a place of the kernel, down and across.
fn places(geometry: &Geometry) -> impl Iterator<Item = (usize, [usize; 2])> {
    let [height, width] = geometry.kernel;
    (0..geometry.inputs_of_group()).flat_map(move |channel| {
        (0..height).flat_map(move |down| (0..width).map(move |across| (channel, [down, across])))
    })
}
