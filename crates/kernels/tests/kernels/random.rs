//! Numbers for shapes and values: the same in every run.

/// xorshift64* (Vigna 2016).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// From `least` to `most`, both included.
    pub(crate) fn whole(&mut self, least: usize, most: usize) -> usize {
        least + (self.next() >> 33) as usize % (most - least + 1)
    }

    /// From −1 to 1.
    pub(crate) fn values(&mut self, count: usize) -> Vec<f64> {
        let value = |_| (self.next() >> 11) as f64 / (1_u64 << 52) as f64 - 1.0;
        (0..count).map(value).collect()
    }
}
