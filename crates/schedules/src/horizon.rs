//! What the lengths of a config are measured against.

use crate::Span;

/// The length of a run, against which each [`Span`] is turned into updates, once.
///
/// ```text
/// updates(500)    = 500
/// updates("3ep")  = round(3 · updates_per_epoch)
/// updates("5%")   = round(0.05 · updates)          of the whole run, also within a sequence
/// updates("5% of rest") = round(0.05 · segment)    of the part of a sequence, or else of the whole run
/// updates("rest") = segment                        the same, all of it
/// ```
///
/// Halves round up, and a span above 0 is at least one update.
///
/// ```
/// use schedules::{Horizon, Span};
///
/// let horizon = Horizon::new(1_000, 50);
/// assert_eq!(horizon.resolve(Span::Updates(500)), 500);
/// assert_eq!(horizon.resolve(Span::Epochs(2.5)), 125);
/// assert_eq!(horizon.resolve(Span::Percent(5.0)), 50);
/// assert_eq!(horizon.resolve(Span::Rest), 1_000);
///
/// let part = horizon.with_segment(300);
/// assert_eq!(part.resolve(Span::Rest), 300);
/// assert_eq!(part.resolve(Span::Percent(5.0)), 50);
/// assert_eq!(part.resolve(Span::PercentOfRest(5.0)), 15);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Horizon {
    updates: u64,
    updates_per_epoch: u64,
    segment: u64,
    peak: f64,
}

impl Horizon {
    /// A run of `updates` optimizer updates, with `updates_per_epoch` of them in an epoch.
    pub fn new(updates: u64, updates_per_epoch: u64) -> Self {
        Self {
            updates,
            updates_per_epoch,
            segment: updates,
            peak: 1.0,
        }
    }

    /// The same run, seen from a part of it that is `segment` updates long.
    pub fn with_segment(self, segment: u64) -> Self {
        Self { segment, ..self }
    }

    /// The same run at another peak learning rate, which absolute rates (`min_lr`) are divided by; default 1.
    pub fn with_peak(self, peak: f64) -> Self {
        Self { peak, ..self }
    }

    /// The number of updates in the run.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// The number of updates in an epoch.
    pub fn updates_per_epoch(&self) -> u64 {
        self.updates_per_epoch
    }

    /// The number of updates in the part that is looked at.
    pub fn segment(&self) -> u64 {
        self.segment
    }

    /// The peak learning rate.
    pub fn peak(&self) -> f64 {
        self.peak
    }

    /// The number of updates in `span`.
    pub fn resolve(&self, span: Span) -> u64 {
        match span {
            Span::Updates(updates) => updates,
            Span::Epochs(epochs) => rounded(epochs * self.updates_per_epoch as f64),
            // The product comes first: a whole number of percent then meets no rounding before the last one.
            Span::Percent(percent) => rounded(percent * self.updates as f64 / 100.0),
            Span::PercentOfRest(percent) => rounded(percent * self.segment as f64 / 100.0),
            Span::Rest => self.segment,
        }
    }
}

fn rounded(updates: f64) -> u64 {
    let least = if updates > 0.0 { 1.0 } else { 0.0 };
    updates.round().max(least) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rounds_to_the_nearest_update() {
        let horizon = Horizon::new(1_010, 23);
        for (span, updates) in [
            (Span::Percent(5.0), 51), // 50.5
            (Span::Percent(7.0), 71), // 70.7
            (Span::Percent(1.0), 10), // 10.1
            (Span::Percent(0.0), 0),
            (Span::Percent(0.001), 1),
            (Span::Epochs(0.5), 12), // 11.5
            (Span::Epochs(0.0), 0),
            (Span::Epochs(0.001), 1),
            (Span::Epochs(3.0), 69),
            (Span::Percent(100.0), 1_010),
            (Span::PercentOfRest(5.0), 51),
        ] {
            assert_eq!(horizon.resolve(span), updates, "{span}");
        }
    }

    #[test]
    fn every_whole_percent_of_a_round_run_is_exact() {
        let horizon = Horizon::new(100, 10);
        assert!((0..=100).all(|percent| horizon.resolve(Span::Percent(f64::from(percent))) == percent as u64));
    }

    #[test]
    fn nonsense_does_not_panic() {
        let horizon = Horizon::new(u64::MAX, u64::MAX);
        assert_eq!(horizon.resolve(Span::Epochs(f64::NAN)), 0);
        assert_eq!(horizon.resolve(Span::Epochs(f64::INFINITY)), u64::MAX);
        assert_eq!(horizon.resolve(Span::Percent(-5.0)), 0);
    }
}
