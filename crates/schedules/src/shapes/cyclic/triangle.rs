//! A triangle again and again, as high as 1.

/// Up from 0 to 1 in `up` updates and back in `down`, without end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Triangle {
    pub(super) up: u64,
    pub(super) down: u64,
}

impl Triangle {
    /// The cycle at `time`, counted from 0, and the height there.
    pub(super) fn at(self, time: f64) -> (f64, f64) {
        let (whole, cycle) = (time as u64, self.up.saturating_add(self.down));
        // Whole numbers, so that every cycle is the same. An unchecked one may have no length, and an infinite time
        // has no fraction.
        let (cycles, rest, fraction) = match whole.checked_div(cycle) {
            Some(cycles) => (cycles as f64, whole % cycle, time.fract().max(0.0)),
            None => (0.0, 0, 0.0),
        };
        let height = if rest < self.up {
            (rest as f64 + fraction) / self.up as f64
        } else {
            ((cycle - rest) as f64 - fraction) / self.down as f64
        };
        (cycles, height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MAX_UPDATE;

    fn heights<const N: usize>(up: u64, down: u64, updates: [u64; N]) -> [f64; N] {
        updates.map(|update| Triangle { up, down }.at(update as f64).1)
    }

    #[test]
    fn up_and_down_may_differ() {
        assert_eq!(
            heights(2, 4, [0, 1, 2, 3, 4, 5, 6, 7]),
            [0.0, 0.5, 1.0, 0.75, 0.5, 0.25, 0.0, 0.5]
        );
        assert_eq!(Triangle { up: 2, down: 4 }.at(8.5), (1.0, 0.875));
        // A saw: the peak is the next cycle's start.
        assert_eq!(heights(2, 0, [0, 1, 2, 3]), [0.0, 0.5, 0.0, 0.5]);
    }

    #[test]
    fn the_last_cycles_are_exact_too() {
        let start = MAX_UPDATE - MAX_UPDATE % 7 - 7;
        for offset in 0..=7 {
            assert_eq!(
                heights(3, 4, [start + offset]),
                heights(3, 4, [offset]),
                "{offset}"
            );
        }
        let quarter = Triangle {
            up: MAX_UPDATE / 4,
            down: MAX_UPDATE / 4,
        };
        assert_eq!(quarter.at((MAX_UPDATE / 4) as f64), (0.0, 1.0));
        assert_eq!(quarter.at((MAX_UPDATE / 4 * 3) as f64), (1.0, 1.0));
        // A sum of lengths that an f64 does not hold is not rounded.
        assert_eq!(heights(MAX_UPDATE, 447, [MAX_UPDATE]), [1.0]);
    }

    #[test]
    fn unchecked_it_does_not_panic() {
        let _ = heights(0, 0, [0, 5]);
        let _ = heights(u64::MAX, u64::MAX, [u64::MAX]);
        let sound = Triangle { up: 7, down: 7 };
        for time in [f64::INFINITY, f64::NAN, -1.0, 1e300] {
            assert!((0.0..=1.0).contains(&sound.at(time).1), "{time}");
        }
    }
}
