//! transformers' warm-up, stable phase and decay.

use std::f64::consts::PI;

use crate::{Fingerprint, Schedule};

/// The way up, from 0 to 1 over the share `x` of the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum WarmupType {
    /// x
    #[default]
    Linear,
    /// ½ (1 - cos(π x))
    Cosine,
    /// 1 - √(1 - x)
    #[cfg_attr(feature = "serde", serde(rename = "1-sqrt"))]
    OneMinusSqrt,
}

/// The way down, from 1 to 0 over the share `x` of the decay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum DecayType {
    /// 1 - x
    Linear,
    /// ½ (1 + cos(2 π · num_cycles · x))
    #[default]
    Cosine,
    /// 1 - √x
    #[cfg_attr(feature = "serde", serde(rename = "1-sqrt"))]
    OneMinusSqrt,
}

/// A way up from a floor, the peak, and a way down to the floor, which then holds.
///
/// ```text
/// factor(t) = floor + (1 - floor) · up(t / warmup)             while t < warmup
/// factor(t) = 1                                                while t < begin
/// factor(t) = floor + (1 - floor) · down((t - begin) / decay)  while t < begin + decay, then floor
/// ```
///
/// A run too short for its parts is in the middle of the decay when the warm-up ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct WarmupStableDecay {
    pub(super) warmup: u64,
    /// Where the decay begins, which may be before the end of the warm-up, and even below 0.
    pub(super) begin: f64,
    pub(super) decay: u64,
    pub(super) warmup_type: WarmupType,
    pub(super) decay_type: DecayType,
    pub(super) floor: f64,
    pub(super) num_cycles: f64,
}

impl WarmupStableDecay {
    fn up(&self, passed: f64) -> f64 {
        match self.warmup_type {
            WarmupType::Linear => passed,
            WarmupType::Cosine => 0.5 * (1.0 - (PI * passed).cos()),
            WarmupType::OneMinusSqrt => 1.0 - (1.0 - passed).sqrt(),
        }
    }

    fn down(&self, passed: f64) -> f64 {
        match self.decay_type {
            DecayType::Linear => 1.0 - passed,
            DecayType::Cosine => 0.5 * (1.0 + (PI * self.num_cycles * 2.0 * passed).cos()),
            DecayType::OneMinusSqrt => 1.0 - passed.sqrt(),
        }
    }
}

impl Schedule for WarmupStableDecay {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        let (time, warmup, decay) = (time.max(0.0), self.warmup as f64, self.decay as f64);
        let way = if time < warmup {
            self.up(time / warmup)
        } else if time < self.begin {
            return 1.0;
        } else if time < self.begin + decay {
            self.down((time - self.begin) / decay)
        } else {
            return self.floor;
        };
        (way * (1.0 - self.floor) + self.floor).max(0.0)
    }

    fn length(&self) -> Option<u64> {
        let end = (self.begin + self.decay as f64) as u64;
        Some(end.max(self.warmup))
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("transformers_warmup_stable_decay")
            .count(self.warmup)
            .number(self.begin)
            .count(self.decay)
            .count(self.warmup_type as u64)
            .count(self.decay_type as u64)
            .number(self.floor)
            .number(self.num_cycles)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: WarmupStableDecay = WarmupStableDecay {
        warmup: 4,
        begin: 6.0,
        decay: 4,
        warmup_type: WarmupType::Linear,
        decay_type: DecayType::Linear,
        floor: 0.0,
        num_cycles: 0.5,
    };

    fn factors(schedule: WarmupStableDecay) -> [f64; 12] {
        let found = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map(|update| schedule.factor(update));
        found.map(|factor| (factor * 1e9).round() / 1e9)
    }

    #[test]
    fn every_way_is_its_formula() {
        let lines = [
            0.0, 0.25, 0.5, 0.75, 1.0, 1.0, 1.0, 0.75, 0.5, 0.25, 0.0, 0.0,
        ];
        assert_eq!(factors(WHOLE), lines);
        let warmup_type = WarmupType::Cosine;
        let cosine = factors(WarmupStableDecay {
            warmup_type,
            ..WHOLE
        });
        assert_eq!(cosine[..5], [0.0, 0.146_446_609, 0.5, 0.853_553_391, 1.0]);
        let warmup_type = WarmupType::OneMinusSqrt;
        let sqrt = factors(WarmupStableDecay {
            warmup_type,
            ..WHOLE
        });
        assert_eq!(sqrt[..5], [0.0, 0.133_974_596, 0.292_893_219, 0.5, 1.0]);
        let decay_type = DecayType::Cosine;
        let cosine = factors(WarmupStableDecay {
            decay_type,
            ..WHOLE
        });
        assert_eq!(cosine[6..11], [1.0, 0.853_553_391, 0.5, 0.146_446_609, 0.0]);
        let decay_type = DecayType::OneMinusSqrt;
        let floor = 0.2;
        let sqrt = factors(WarmupStableDecay {
            decay_type,
            floor,
            ..WHOLE
        });
        assert_eq!(sqrt[6..9], [1.0, 0.6, 0.434_314_575]);
        assert_eq!((sqrt[0], sqrt[1], sqrt[10], sqrt[11]), (0.2, 0.4, 0.2, 0.2));
        assert_eq!(WHOLE.length(), Some(10));
    }

    #[test]
    fn a_run_too_short_is_in_the_middle_of_its_decay() {
        let begin = 2.0;
        let short = WarmupStableDecay { begin, ..WHOLE };
        assert_eq!(factors(short)[3..7], [0.75, 0.5, 0.25, 0.0]);
        let begin = -3.0;
        let shorter = WarmupStableDecay { begin, ..WHOLE };
        assert_eq!(factors(shorter)[3..6], [0.75, 0.0, 0.0]);
        assert_eq!(shorter.length(), Some(4));
    }

    #[test]
    fn any_time_has_a_factor() {
        let (warmup, decay) = (0, 0);
        for schedule in [
            WHOLE,
            WarmupStableDecay {
                warmup,
                decay,
                ..WHOLE
            },
        ] {
            for time in [f64::NAN, -1.0, 0.0, 5.999, 6.0, 1e300, f64::INFINITY] {
                assert!((0.0..=1.0).contains(&schedule.factor_at(time)), "{time}");
            }
        }
    }
}
