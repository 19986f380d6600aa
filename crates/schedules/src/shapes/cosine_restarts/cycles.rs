//! The updates at which cycles start.

/// Cycles, each `multiplier` times as long as the one before it.
///
/// ```text
/// start(i) = first · (multiplier ^ i - 1) / (multiplier - 1) - taken    and 0 for the first cycle
/// ```
#[derive(Clone, Copy, Debug)]
pub(super) struct Cycles {
    /// The length of the first cycle, with what is taken out of it.
    pub(super) first: u64,
    pub(super) multiplier: f64,
    pub(super) taken: u64,
}

impl Cycles {
    /// The update at which `cycle`, counted from 0, starts; near [`u64::MAX`] where it is beyond that.
    ///
    /// A whole multiplier is computed in whole numbers, any other is rounded to the nearest update.
    pub(super) fn start(&self, cycle: u64) -> u64 {
        match self.whole_multiplier() {
            Some(multiplier) => self.whole_start(multiplier, cycle),
            None => self.rounded_start(cycle, self.growth()),
        }
    }

    /// The cycle, counted from 0, that `update` is in, its start and the next one's.
    pub(super) fn at(&self, update: u64) -> (u64, u64, u64) {
        match self.whole_multiplier() {
            Some(multiplier) => self.at_whole(multiplier, update),
            None => self.at_rounded(update),
        }
    }

    fn whole_multiplier(&self) -> Option<u64> {
        let whole = self.multiplier as u64;
        (whole > 0 && whole as f64 == self.multiplier).then_some(whole)
    }

    fn whole_start(&self, multiplier: u64, cycle: u64) -> u64 {
        let sum = match multiplier {
            1 => u128::from(cycle),
            _ => {
                let multiplier = u128::from(multiplier);
                let cycle = u32::try_from(cycle).unwrap_or(u32::MAX);
                // Where the power does not fit, the sum is beyond any update already.
                let power = multiplier.checked_pow(cycle);
                power.map_or(u128::MAX, |power| (power - 1) / (multiplier - 1))
            }
        };
        let end = sum.saturating_mul(u128::from(self.first));
        let end = u64::try_from(end).unwrap_or(u64::MAX);
        end.saturating_sub(self.taken)
    }

    fn at_whole(&self, multiplier: u64, update: u64) -> (u64, u64, u64) {
        // In first cycles. Unchecked they may have no length.
        let passed = update.saturating_add(self.taken);
        let passed = passed.checked_div(self.first).unwrap_or(0);
        let (cycle, sum) = match multiplier {
            1 => (passed, passed),
            // 1 + 2 + … + 2 ^ (i - 1) = 2 ^ i - 1
            2 => {
                let cycle = passed.saturating_add(1).ilog2();
                (u64::from(cycle), (1 << cycle) - 1)
            }
            // Three times as long every time, forty cycles are beyond any update.
            _ => {
                let (mut cycle, mut sum) = (0, 0_u64);
                while let Some(next) = after(sum, multiplier).filter(|next| *next <= passed) {
                    (cycle, sum) = (cycle + 1, next);
                }
                (cycle, sum)
            }
        };
        let end = |sum: u64| sum.saturating_mul(self.first).saturating_sub(self.taken);
        let next = after(sum, multiplier).unwrap_or(u64::MAX);
        (cycle, end(sum), end(next))
    }

    fn rounded_start(&self, cycle: u64, growth: Growth) -> u64 {
        // Half more and cut off is the nearest, and faster. The quotient need not wait for the power.
        let end = self.first as f64 / (self.multiplier - 1.0) * growth.grown(cycle) + 0.5;
        (end as u64).saturating_sub(self.taken)
    }

    fn growth(&self) -> Growth {
        if self.multiplier < FAST {
            Growth::Slow((self.multiplier - 1.0).ln_1p())
        } else {
            Growth::Fast(self.multiplier)
        }
    }

    fn at_rounded(&self, update: u64) -> (u64, u64, u64) {
        let growth = self.growth();
        let bounds = |cycle: u64| {
            let next = self.rounded_start(cycle.saturating_add(1), growth);
            (cycle, self.rounded_start(cycle, growth), next)
        };
        // A logarithm is off by one at some restarts, and by more where updates are beyond what an f64 holds.
        let passed = update.saturating_add(self.taken);
        let grown = (self.multiplier - 1.0) / self.first as f64 * passed as f64;
        let near = bounds(growth.nearly(grown));
        let (cycle, start, next) = near;
        if (start..next).contains(&update) {
            return near;
        }
        let beside = if update < start {
            cycle.saturating_sub(1)
        } else {
            cycle.saturating_add(1)
        };
        let beside = bounds(beside);
        if (beside.1..beside.2).contains(&update) {
            return beside;
        }
        bounds(self.search(update))
    }

    /// The cycle by a search among whole numbers: the last one to start at or before `update`.
    fn search(&self, update: u64) -> u64 {
        // No cycle is shorter than the first, and doubled 64 times it is beyond any update. Unchecked it may be 0.
        let most = update
            .saturating_add(self.taken)
            .checked_div(self.first)
            .unwrap_or(0);
        let limit = if self.multiplier < 2.0 { u64::MAX } else { 64 };
        let (mut least, mut most) = (0, most.min(limit));
        while least < most {
            let middle = most - (most - least) / 2;
            if self.start(middle) <= update {
                least = middle;
            } else {
                most = middle - 1;
            }
        }
        least
    }
}

/// How far cycles have grown: multiplier ^ cycle - 1.
#[derive(Clone, Copy)]
enum Growth {
    /// By this logarithm of a multiplier so close to 1 that its powers would cancel.
    Slow(f64),
    /// By this multiplier.
    Fast(f64),
}

/// From here on the powers of a multiplier lose less than seven bits of 53 when 1 is taken from them.
const FAST: f64 = 1.01;

impl Growth {
    fn grown(self, cycle: u64) -> f64 {
        match self {
            Self::Slow(logarithm) => {
                let exponent = logarithm * cycle as f64;
                // Above it the plain function loses no more than three bits, and takes half of the time.
                if exponent < 0.125 {
                    exponent.exp_m1()
                } else {
                    exponent.exp() - 1.0
                }
            }
            Self::Fast(multiplier) => whole_power(multiplier, cycle) - 1.0,
        }
    }

    /// The cycle that has grown so far, or one beside it.
    fn nearly(self, grown: f64) -> u64 {
        let cycle = match self {
            Self::Slow(logarithm) if grown < 1.0 => grown.ln_1p() * logarithm.recip(),
            Self::Slow(logarithm) => (1.0 + grown).ln() * logarithm.recip(),
            // Few cycles grow beyond any update: seven digits are enough to count them.
            Self::Fast(multiplier) => {
                f64::from((1.0 + grown as f32).ln()) * multiplier.ln().recip()
            }
        };
        cycle as u64
    }
}

/// `base` to the power of `times`, by squaring: a few multiplications, which take a third of an exponential's time.
fn whole_power(base: f64, mut times: u64) -> f64 {
    let (mut power, mut square) = (1.0, base);
    while times > 0 {
        if times % 2 == 1 {
            power *= square;
        }
        square *= square;
        times /= 2;
    }
    power
}

/// The first cycles up to the next start, 1 + multiplier · (1 + multiplier + … + multiplier ^ (i - 1)).
fn after(sum: u64, multiplier: u64) -> Option<u64> {
    sum.checked_mul(multiplier)?.checked_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MAX_UPDATE;

    fn cycles(first: u64, multiplier: f64) -> Cycles {
        Cycles {
            first,
            multiplier,
            taken: 0,
        }
    }

    /// The updates at which cycles start, added up one by one.
    fn sums(first: u64, multiplier: u64) -> Vec<u64> {
        let (mut starts, mut start, mut length) = (Vec::new(), 0, first);
        while start <= MAX_UPDATE && starts.len() < 1_000 {
            starts.push(start);
            start += length;
            length = length.saturating_mul(multiplier).min(2 * MAX_UPDATE);
        }
        starts
    }

    #[test]
    fn whole_multipliers_are_exact_up_to_the_largest_update() {
        for multiplier in [1, 2, 3, 4, 5, 7, 10, 1_000_003] {
            for first in [1, 2, 3, 10, 97, 12_345] {
                let cycles = cycles(first, multiplier as f64);
                let starts = sums(first, multiplier);
                for (cycle, start) in starts.iter().enumerate() {
                    let (cycle, name) = (cycle as u64, format!("{first} {multiplier} {cycle}"));
                    assert_eq!(cycles.start(cycle), *start, "{name}");
                    assert_eq!(cycles.at(*start).0, cycle, "{name}");
                    assert_eq!(
                        cycles.at(start.saturating_sub(1)).0,
                        cycle.saturating_sub(1),
                        "{name}"
                    );
                }
            }
        }
        assert_eq!(cycles(1, 1.0).at(MAX_UPDATE).0, MAX_UPDATE);
        assert_eq!(
            cycles(7, 1.0).start(MAX_UPDATE / 7),
            MAX_UPDATE - MAX_UPDATE % 7
        );
    }

    #[test]
    fn any_other_multiplier_starts_at_the_nearest_update() {
        // 2 · (0, 1, 2.5, 4.75, 8.125, 13.1875)
        let cycles = cycles(2, 1.5);
        let starts = [0, 1, 2, 3, 4, 5].map(|cycle| cycles.start(cycle));
        assert_eq!(starts, [0, 2, 5, 10, 16, 26]);
        let found = [0, 1, 2, 4, 5, 9, 10, 15, 16, 25, 26].map(|update| cycles.at(update).0);
        assert_eq!(found, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5]);
    }

    #[test]
    fn a_multiplier_close_to_one_loses_nothing() {
        // (1.001 ^ 1_000 - 1) / 0.001 = 1716.92…
        let slow = cycles(1, 1.001);
        assert_eq!(slow.start(1_000), 1_717);
        assert_eq!((slow.at(1_716).0, slow.at(1_717).0), (999, 1_000));
        // 3 · (1 + growth · i / 2) · i with a growth of 2 ^ -52
        let equal = cycles(3, 1.0 + f64::EPSILON);
        assert_eq!(
            (equal.start(1_000_000), equal.at(3_000_000).0),
            (3_000_000, 1_000_000)
        );
        assert_eq!(equal.at(2_999_999).0, 999_999);
    }

    #[test]
    fn powers_and_logarithms_agree_with_exact_fractions() {
        // By Python's fractions: round(first * (m ** i - 1) / (m - 1)), with m = 101/100 and 11/10.
        let slow = [
            (1, 100),
            (50, 6_446),
            (100, 17_048),
            (300, 187_885),
            (500, 1_437_728),
        ];
        let slower = [
            (1, 7),
            (10, 112),
            (20, 401),
            (60, 21_244),
            (100, 964_573),
            (200, 13_293_369_282),
        ];
        for (cycles, starts) in [
            (cycles(100, 1.01), &slow[..]),
            (cycles(7, 1.1), &slower[..]),
        ] {
            for (cycle, start) in starts {
                assert_eq!(cycles.start(*cycle), *start, "{cycles:?} {cycle}");
                assert_eq!(cycles.at(*start).0, *cycle, "{cycles:?} {cycle}");
                assert_eq!(cycles.at(start - 1).0, cycle - 1, "{cycles:?} {cycle}");
            }
        }
    }

    #[test]
    fn what_is_taken_shortens_the_first_cycle_only() {
        let cycles = Cycles {
            taken: 3,
            ..cycles(10, 2.0)
        };
        assert_eq!(
            [0, 1, 2, 3].map(|cycle| cycles.start(cycle)),
            [0, 7, 27, 67]
        );
        assert_eq!(
            [6, 7, 26, 27, 66, 67].map(|update| cycles.at(update).0),
            [0, 1, 1, 2, 2, 3]
        );
    }

    #[test]
    fn beyond_any_update_it_saturates() {
        for multiplier in [1.5, 2.0, 10.0, 1e18] {
            let cycles = cycles(5, multiplier);
            assert_eq!(cycles.start(u64::MAX), u64::MAX, "{multiplier}");
            assert_eq!(cycles.start(0), 0, "{multiplier}");
            assert!(cycles.at(u64::MAX).0 > 0, "{multiplier}");
        }
        assert_eq!(
            (cycles(5, 1e18).start(1), cycles(5, 1e18).start(2)),
            (5, 5_000_000_000_000_000_005)
        );
        assert_eq!(cycles(5, 1e18).start(3), u64::MAX);
    }
}
