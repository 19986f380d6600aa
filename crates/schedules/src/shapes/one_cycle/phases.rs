//! The phases of a one-cycle.

use crate::Curve;

/// A rise and a fall; with a third phase the first fall leads back to the start, as fast as the rise.
#[derive(Clone, Copy, Debug)]
pub(super) struct Phases {
    /// The share of the length up to the peak.
    pub(super) rise: f64,
    pub(super) length: f64,
    pub(super) three: bool,
    pub(super) curve: Curve,
}

impl Phases {
    /// The value at `time` on the curve from `start` to `peak` and on to `end`.
    pub(super) fn at(self, time: f64, start: f64, peak: f64, end: f64) -> f64 {
        let (top, last) = (self.rise * self.length - 1.0, self.length - 1.0);
        // With two phases the fall is the whole rest, and the third phase takes no time.
        let fallen = if self.three {
            (2.0 * top, start)
        } else {
            (last, end)
        };
        let knots = [(0.0, start), (top, peak), fallen, (last, end)];
        // A phase that does not fit goes on beyond the last update.
        let time = time.min(last);
        let covers = |pair: &&[(f64, f64)]| pair[0].0 < pair[1].0 && time <= pair[1].0;
        let Some([(from, value), (to, next)]) = knots.windows(2).find(covers) else {
            return end;
        };
        let remaining = self.curve.remaining((time - from) / (to - from));
        // Each term by itself, so that every knot is exact.
        value * remaining + next * (1.0 - remaining)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From 0.5 to 1 and down to 0, over ten updates.
    fn values<const N: usize>(rise: f64, three: bool, times: [f64; N]) -> [f64; N] {
        let phases = Phases {
            rise,
            length: 10.0,
            three,
            curve: Curve::Linear,
        };
        times.map(|time| phases.at(time, 0.5, 1.0, 0.0))
    }

    #[test]
    fn every_knot_is_exact() {
        assert_eq!(
            values(0.5, false, [0.0, 2.0, 4.0, 9.0, 10.0]),
            [0.5, 0.75, 1.0, 0.0, 0.0]
        );
        assert_eq!(
            values(0.5, true, [0.0, 4.0, 6.0, 8.0, 8.5, 9.0, 10.0]),
            [0.5, 1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
        );
    }

    #[test]
    fn a_peak_at_the_first_update_or_before_it_is_on_the_way_down() {
        assert_eq!(values(0.1, false, [0.0, 4.5]), [1.0, 0.5]);
        assert_eq!(values(0.0, false, [0.0, 4.0]), [0.9, 0.5]);
    }

    #[test]
    fn phases_that_do_not_fit_go_on_beyond_the_last_update() {
        // The peak at 7, the second phase until 14.
        assert_eq!(values(0.8, true, [7.0, 9.0, 11.0])[0], 1.0);
        let [_, last, after] = values(0.8, true, [7.0, 9.0, 11.0]);
        assert!((last - (1.0 - 0.5 * 2.0 / 7.0)).abs() < 1e-15);
        assert_eq!(after, last);
        // Both knots in between lie before the first update.
        assert_eq!(values(0.05, true, [0.0, 9.0])[1], 0.0);
    }
}
