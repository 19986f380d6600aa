//! What identifies a schedule in a record.

use crate::Schedule;

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// Builds the [fingerprint](Schedule::fingerprint) of a schedule: FNV-1a (64 bits) over its kind and its parameters.
///
/// The same calls give the same number on every machine and with every version of this crate.
///
/// ```
/// use schedules::Fingerprint;
///
/// let fingerprint = Fingerprint::of("cosine").count(1_000).number(0.01).finish();
/// assert_eq!(fingerprint, Fingerprint::of("cosine").count(1_000).number(0.01).finish());
/// assert_ne!(fingerprint, Fingerprint::of("cosine").count(1_000).number(0.02).finish());
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// Starts with the kind of the schedule.
    pub fn of(kind: &str) -> Self {
        // The length in front keeps `ab` + `c` apart from `a` + `bc`.
        Self(OFFSET).count(kind.len() as u64).bytes(kind.as_bytes())
    }

    /// Adds a number; 0 and -0 are the same one.
    pub fn number(self, number: f64) -> Self {
        self.bytes(&(number + 0.0).to_bits().to_le_bytes())
    }

    /// Adds a number that may be absent.
    pub fn optional(self, number: Option<f64>) -> Self {
        match number {
            Some(number) => self.count(1).number(number),
            None => self.count(0),
        }
    }

    /// Adds a whole number.
    pub fn count(self, count: u64) -> Self {
        self.bytes(&count.to_le_bytes())
    }

    /// Adds a schedule inside this one.
    pub fn nested(self, schedule: &dyn Schedule) -> Self {
        self.count(schedule.fingerprint())
    }

    /// The fingerprint.
    pub fn finish(self) -> u64 {
        self.0
    }

    fn bytes(self, bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(self.0, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(PRIME)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    /// A record written by an earlier version must still be accepted: these numbers never change.
    #[test]
    fn fingerprints_are_pinned() {
        // Computed apart from this crate, by FNV-1a in Python over the same bytes.
        assert_eq!(Fingerprint::of("a").finish(), 0x529a_4ddc_8ff5_6bbf);
        assert_eq!(Constant::new().fingerprint(), 0x4130_5d00_1227_887d);
        assert_eq!(
            Cosine::new(100).floor(0.5).warmup(5).fingerprint(),
            0xb0a5_870d_8830_7dca
        );
        let shapes: [(&dyn Schedule, u64); 12] = [
            (&Exponential::new(0.5).every(7), 0x7058_0faf_7b38_e28f),
            (
                &Exponential::new(0.5).every(7).staircase(true),
                0xdf4f_5b30_6264_404e,
            ),
            (&InverseSqrt::new(7), 0xc08d_1d75_103e_bdf9),
            (&Noam::new(7), 0xada3_89a2_a98f_88cf),
            (&InverseTime::new(0.5).every(7), 0x0773_1abb_4ce1_e3a3),
            (&Tanh::new(7).floor(0.1), 0xce5e_0d06_d800_7a6e),
            (&Rex::new(7).floor(0.1), 0xdb37_78e8_c3e1_fb03),
            (
                &Piecewise::new(1.0).to(7, 0.1).interpolation(Curve::Cosine),
                0xb625_daf4_cf24_8bc6,
            ),
            (
                &FlatCosine::new(7).flat(0.5).floor(0.1),
                0x8be8_2342_a8f0_79f6,
            ),
            (&SwaAnneal::new(7, 0.1), 0xafb8_73cb_5764_c559),
            (&RangeTest::new(7).start(0.1), 0x5046_1aeb_0dda_1963),
            (&Closure::new("a", |_| 1.0).length(7), 0x77d9_eb77_eb69_98ee),
        ];
        for (schedule, fingerprint) in shapes {
            assert_eq!(schedule.fingerprint(), fingerprint, "{schedule:?}");
        }
    }

    #[test]
    fn every_parameter_counts() {
        let numbers = [
            Linear::new(10).fingerprint(),
            Linear::new(11).fingerprint(),
            Linear::new(10).start(0.5).fingerprint(),
            Linear::new(10).end(0.5).fingerprint(),
            Step::new(10).fingerprint(),
            Step::new(10).gamma(0.5).fingerprint(),
            Exponential::new(0.1).every(10).fingerprint(),
            Exponential::new(0.1)
                .every(10)
                .staircase(true)
                .fingerprint(),
            InverseSqrt::new(10).fingerprint(),
            InverseSqrt::new(11).fingerprint(),
            Noam::new(10).fingerprint(),
            Noam::new(11).fingerprint(),
            InverseTime::new(0.5).fingerprint(),
            InverseTime::new(0.6).fingerprint(),
            InverseTime::new(0.5).every(2).fingerprint(),
            InverseTime::new(0.5).staircase(true).fingerprint(),
            Tanh::new(10).fingerprint(),
            Tanh::new(11).fingerprint(),
            Tanh::new(10).lower(-6.0).fingerprint(),
            Tanh::new(10).upper(2.0).fingerprint(),
            Tanh::new(10).floor(0.5).fingerprint(),
            Rex::new(10).fingerprint(),
            Rex::new(11).fingerprint(),
            Rex::new(10).floor(0.5).fingerprint(),
            Piecewise::new(1.0).fingerprint(),
            Piecewise::new(0.5).fingerprint(),
            Piecewise::new(1.0).to(10, 0.0).fingerprint(),
            Piecewise::new(1.0).to(11, 0.0).fingerprint(),
            Piecewise::new(1.0).to(10, 0.5).fingerprint(),
            Piecewise::new(1.0)
                .to(10, 0.0)
                .interpolation(Curve::Cosine)
                .fingerprint(),
            FlatCosine::new(10).fingerprint(),
            FlatCosine::new(11).fingerprint(),
            FlatCosine::new(10).flat(0.5).fingerprint(),
            FlatCosine::new(10).floor(0.5).fingerprint(),
            SwaAnneal::new(10, 0.5).fingerprint(),
            SwaAnneal::new(11, 0.5).fingerprint(),
            SwaAnneal::new(10, 0.6).fingerprint(),
            SwaAnneal::new(10, 0.5).start(0.9).fingerprint(),
            SwaAnneal::new(10, 0.5)
                .interpolation(Curve::Linear)
                .fingerprint(),
            RangeTest::new(10).fingerprint(),
            RangeTest::new(11).fingerprint(),
            RangeTest::new(10).start(0.5).fingerprint(),
            RangeTest::new(10).sweep(Sweep::Linear).fingerprint(),
            Closure::new("a", |_| 1.0).fingerprint(),
            Closure::new("b", |_| 1.0).fingerprint(),
            Closure::new("a", |_| 1.0).length(10).fingerprint(),
            Closure::new("a", |_| 1.0).length(11).fingerprint(),
            Cosine::new(10).fingerprint(),
            Cosine::new(10).floor(0.5).fingerprint(),
            Cosine::new(10).at_least(0.5).fingerprint(),
            Cosine::new(10).warmup(0).fingerprint(),
            Cosine::new(10).warmup(1).fingerprint(),
            Cosine::new(10).warmup(1).start(0.0).fingerprint(),
            Cosine::new(10).warmup(1).curve(Curve::Cosine).fingerprint(),
            Cosine::new(10).warmup(1).curve(Curve::Sqrt).fingerprint(),
            Cosine::new(10)
                .warmup(1)
                .curve(Curve::Exponential)
                .fingerprint(),
            Cosine::new(10)
                .warmup(1)
                .curve(Curve::Constant)
                .fingerprint(),
            Cosine::new(10).cooldown(2, 10).fingerprint(),
            Cosine::new(10).cooldown(3, 10).fingerprint(),
            Cosine::new(10).cooldown(2, 11).fingerprint(),
            Cosine::new(10).cooldown(2, 10).end(0.5).fingerprint(),
            Cosine::new(10)
                .cooldown(2, 10)
                .curve(Curve::Sqrt)
                .fingerprint(),
            Constant::new().cooldown(2, 10).fingerprint(),
            Cosine::new(10).times(Constant::new()).fingerprint(),
            Constant::new().times(Cosine::new(10)).fingerprint(),
            Product::new(Cosine::new(10)).fingerprint(),
            Cosine::new(10).scale(0.5).fingerprint(),
            Cosine::new(10).scale(0.6).fingerprint(),
            Constant::new().scale(0.5).fingerprint(),
            Cosine::new(10).delay(5).fingerprint(),
            Cosine::new(10).delay(6).fingerprint(),
            Constant::new().delay(5).fingerprint(),
            Cosine::new(10).repeat(10).fingerprint(),
            Cosine::new(10).repeat(11).fingerprint(),
            Cosine::new(10).repeat(10).cycles(2).fingerprint(),
            Constant::new().repeat(10).fingerprint(),
            Cosine::new(10).k_decay(2.0).fingerprint(),
            Cosine::new(10).k_decay(3.0).fingerprint(),
            Linear::new(10).k_decay(2.0).fingerprint(),
            Cosine::new(10).retimed(5, 10, 20).fingerprint(),
            Cosine::new(10).retimed(6, 10, 20).fingerprint(),
            Cosine::new(10).retimed(5, 11, 20).fingerprint(),
            Cosine::new(10).retimed(5, 10, 21).fingerprint(),
            Linear::new(10).retimed(5, 10, 20).fingerprint(),
            Sequence::new(Constant::new())
                .then(5, Cosine::new(10))
                .fingerprint(),
            Sequence::new(Constant::new())
                .then(6, Cosine::new(10))
                .fingerprint(),
            Sequence::new(Cosine::new(10))
                .then(5, Constant::new())
                .fingerprint(),
        ];
        for (index, number) in numbers.iter().enumerate() {
            assert!(
                !numbers[..index].contains(number),
                "number {index} is there twice"
            );
        }
        assert_eq!(
            Linear::new(10).end(-0.0).fingerprint(),
            Linear::new(10).fingerprint()
        );
    }
}
