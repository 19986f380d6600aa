//! Stochastic depth.

use crate::draw::Draw;
use crate::pass::Forward;

/// How often residual blocks are skipped in training.
///
/// ```text
/// rate(l) = last · l / L,   l = 1 … L, the blocks from first to last
/// ```
///
/// A skipped block is its shortcut alone, for the whole batch: it costs nothing, and its weights and statistics stay.
/// The branch of a block that is not skipped is divided by 1 − rate(l), so that its expectation stays and evaluation
/// needs no correction. Huang et al. 2016, "Deep networks with stochastic depth", whose `p_L` is 1 − `last`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StochasticDepth {
    pub(crate) last: f64,
    pub(crate) blocks: usize,
}

impl StochasticDepth {
    /// What the branch of block `index`, counted from 0, is multiplied by; `None` if the block is skipped.
    pub(crate) fn scale(self, index: usize, forward: Forward) -> Option<f64> {
        let Some(draw) = forward.draw().filter(|_| self.last > 0.0) else {
            return Some(1.0);
        };
        let number = index + 1;
        let rate = self.last * number as f64 / self.blocks as f64;
        // Place 0 is dropout's.
        let skipped = Draw::new(draw, number as u64).happens(rate);
        (!skipped).then(|| 1.0 / (1.0 - rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pass;

    const HALF: StochasticDepth = StochasticDepth {
        last: 0.5,
        blocks: 3,
    };

    fn scale(index: usize, draw: u64) -> Option<f64> {
        let pass = Pass::Training;
        let draw = Some(draw);
        HALF.scale(index, Forward { pass, draw })
    }

    #[test]
    fn the_rate_rises_linearly_and_the_expectation_stays() {
        for (index, rate) in [(0, 1.0 / 6.0), (1, 1.0 / 3.0), (2, 0.5)] {
            let scales: Vec<Option<f64>> = (0..10_000).map(|draw| scale(index, draw)).collect();
            let skipped = scales.iter().filter(|scale| scale.is_none()).count() as f64;
            // Five standard deviations of 10,000 draws.
            assert!(
                (skipped - 10_000.0 * rate).abs() < 250.0,
                "{index}: {skipped}"
            );
            let kept = scales
                .iter()
                .flatten()
                .all(|scale| *scale == 1.0 / (1.0 - rate));
            assert!(kept, "block {index}");
        }
    }

    #[test]
    fn blocks_are_skipped_independently() {
        let both = (0..10_000).filter(|draw| scale(1, *draw).or(scale(2, *draw)).is_none());
        let both = both.count() as f64;
        assert!((both - 10_000.0 / 6.0).abs() < 187.0, "{both}");
    }

    #[test]
    fn every_block_counts_in_evaluation_and_without_a_draw() {
        for draw in 0..100 {
            let evaluation = Forward {
                pass: Pass::Evaluation,
                draw: Some(draw),
            };
            assert_eq!(HALF.scale(2, evaluation), Some(1.0));
        }
        let without = Forward {
            pass: Pass::Training,
            draw: None,
        };
        assert_eq!(HALF.scale(2, without), Some(1.0));
    }
}
