//! What a peer's finder recorded.

/// The record of a peer's range test, as its own plots show it.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Sweep {
    /// The learning rate of every update.
    pub lr: Vec<f64>,
    /// The loss of every update, smoothed in the peer's way.
    pub smoothed_losses: Vec<f64>,
    /// The update whose loss ended the test, which is recorded too.
    pub stopped_at: Option<usize>,
}

impl Sweep {
    /// Smooths one loss after another with `next`, which also says whether it was the last.
    pub(super) fn of(
        lr: impl Iterator<Item = f64>,
        raw_losses: &[f64],
        mut next: impl FnMut(f64) -> (f64, bool),
    ) -> Self {
        let mut sweep = Self::default();
        for (index, (lr, loss)) in lr.zip(raw_losses).enumerate() {
            let (smoothed, stop) = next(*loss);
            sweep.lr.push(lr);
            sweep.smoothed_losses.push(smoothed);
            if stop {
                sweep.stopped_at = Some(index);
                break;
            }
        }
        sweep
    }

    /// The points in `[begin : -end]`; both lists are as long as the shorter one.
    pub(super) fn trimmed(&self, begin: usize, end: usize) -> (&[f64], &[f64]) {
        let length = self.lr.len().min(self.smoothed_losses.len());
        let last = length.saturating_sub(end);
        let range = begin.min(last)..last;
        (&self.lr[range.clone()], &self.smoothed_losses[range])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_with_the_loss_that_stops_it() {
        let lr = || [0.1, 0.2, 0.3, 0.4].into_iter();
        let above = |limit: f64| move |loss: f64| (2.0 * loss, loss > limit);
        let sweep = Sweep::of(lr(), &[1.0, 2.0, 3.0], above(1.5));
        assert_eq!(sweep.lr, [0.1, 0.2]);
        assert_eq!(sweep.smoothed_losses, [2.0, 4.0]);
        assert_eq!(sweep.stopped_at, Some(1));
        assert_eq!(Sweep::of(lr(), &[1.0; 3], above(1.5)).lr.len(), 3);
        assert_eq!(Sweep::of(lr(), &[1.0; 9], above(1.5)).stopped_at, None);
    }

    #[test]
    fn trimming_too_much_leaves_nothing() {
        let sweep = Sweep::of([1.0, 2.0, 3.0].into_iter(), &[4.0, 5.0, 6.0], |loss| {
            (loss, false)
        });
        assert_eq!(sweep.trimmed(1, 1), (&[2.0][..], &[5.0][..]));
        assert_eq!(sweep.trimmed(0, 0).0, [1.0, 2.0, 3.0]);
        let shorter = Sweep {
            lr: vec![1.0],
            ..sweep.clone()
        };
        assert_eq!(shorter.trimmed(0, 0), (&[1.0][..], &[4.0][..]));
        for (begin, end) in [(3, 0), (0, 3), (2, 2), (usize::MAX, usize::MAX)] {
            assert_eq!(sweep.trimmed(begin, end), (&[][..], &[][..]));
        }
    }
}
