//! What tiles of outputs become in an image.

use crate::Activation;
use crate::conv2d::padded::Finish;
use crate::conv2d::winograd::{Block, Winograd};
use crate::real::Real;
use crate::tiles::Tiles;
use crate::wide::{LANES, PAIRS, wide};

wide! {
    /// Writes the outputs of a block of tiles: for each of the four places, for each channel, `tiles.pixels` numbers.
    pub(super) fn write<F: Real>(
        winograd: &Winograd,
        tiles: &Tiles<F>,
        block: &Block,
        outputs: &[F],
        finish: Finish<'_, F>,
        channels: &mut [F],
    ) {
        let [height, width] = winograd.size;
        let (across, start) = (block.columns.len(), block.columns.start * 2);
        let line_step = winograd.line_step(tiles.pixels);
        let place = tiles.channels * tiles.pixels;
        let channels = channels.chunks_exact_mut(height * width).zip(finish.bias);
        for (number, (channel, bias)) in channels.enumerate() {
            for (line, row) in block.rows.clone().enumerate() {
                for (down, row) in [row * 2, row * 2 + 1].into_iter().enumerate() {
                    let from = down * 2 * place + number * tiles.pixels + line * line_step;
                    if row == height {
                        continue;
                    }
                    // What is written beyond a row is written over by the next one, if that comes after it.
                    let end = (start + across * 2).min(width);
                    let is_last = row + 1 == height || across < winograd.tiles.output[1];
                    let room = if is_last { end } else { 2 * width };
                    let to = &mut channel[row * width + start..row * width + room];
                    let (left, right) = (&outputs[from..], &outputs[from + place..]);
                    interleave([left, right], *bias, finish.activation, end - start, to);
                }
            }
        }
    }
}

/// Writes `count` values, in turn from the left and from the right. May write beyond them.
#[inline(always)]
fn interleave<F: Real>(
    [left, right]: [&[F]; 2],
    bias: F,
    activation: Activation,
    count: usize,
    to: &mut [F],
) {
    for first in (0..count.div_ceil(2)).step_by(LANES) {
        let (left, right, to) = (&left[first..], &right[first..], &mut to[first * 2..]);
        let lanes = (left.first_chunk::<LANES>(), right.first_chunk::<LANES>());
        if let ((Some(left), Some(right)), Some(to)) = (lanes, to.first_chunk_mut::<PAIRS>()) {
            for number in 0..LANES {
                to[number * 2] = activation.of(left[number] + bias);
                to[number * 2 + 1] = activation.of(right[number] + bias);
            }
            continue;
        }
        for number in 0..count - first * 2 {
            let from = if number % 2 == 0 { left } else { right };
            to[number] = activation.of(from[number / 2] + bias);
        }
        return;
    }
}
