//! How many updates fit into a time.

use std::time::Duration;

/// Corrects the length of a run that has so much time, by how fast it is.
///
/// ```text
/// length = updates + max(speed · (time − seconds), min(left, updates / 50), 1)
/// ```
///
/// `speed` is that since the last correction, with measuring and saving; `left` are the updates that are left as planned.
/// The second term keeps what is left from being squeezed into a jump: a run that was slowed down is annealed over a
/// fiftieth of its updates after its time.
///
/// It is corrected twenty times in the length that was planned first, where validation is measured if that is often
/// enough: so seldom that a schedule which was stretched each time is no slower for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    time: f64,
    every: u64,
    /// After how many updates and seconds it was corrected last.
    since: Option<(u64, f64)>,
}

/// How often a length is corrected.
const CORRECTIONS: u64 = 20;
/// What is left is at least this part of what was made, unless it was planned to be less.
const LEAST: u64 = 50;

impl Pace {
    /// For a run of so much `time` that is planned for so many updates, and measured each time after some.
    pub(super) fn new(time: Duration, planned: u64, evaluate_every: u64) -> Self {
        let part = (planned / CORRECTIONS).max(1);
        let every = if evaluate_every < part {
            part.next_multiple_of(evaluate_every)
        } else {
            part
        };
        Self {
            time: time.as_secs_f64(),
            every,
            since: None,
        }
    }

    /// Measures the speed from here on: after so many updates and seconds.
    pub(super) fn begin(&mut self, updates: u64, seconds: f64) {
        self.since = Some((updates, seconds));
    }

    /// Whether the length is corrected after so many updates.
    pub(super) fn is_due(&self, updates: u64) -> bool {
        updates.is_multiple_of(self.every)
    }

    /// The length of a run that has made so many of its `planned` updates in so many seconds.
    pub(super) fn length(&mut self, updates: u64, planned: u64, seconds: f64) -> u64 {
        let Some((before, then)) = self.since else {
            return planned;
        };
        let (made, taken) = (updates.saturating_sub(before), seconds - then);
        // A process that has just begun knows little.
        if made == 0 || 4 * made < self.every || taken <= 0.0 {
            return planned;
        }
        self.since = Some((updates, seconds));
        let fit = made as f64 / taken * (self.time - seconds).max(0.0);
        let left = planned.saturating_sub(updates);
        let least = left.min(updates / LEAST).max(1);
        updates.saturating_add((fit.round() as u64).max(least))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(seconds: u64, planned: u64, evaluate_every: u64) -> Pace {
        Pace::new(Duration::from_secs(seconds), planned, evaluate_every)
    }

    #[test]
    fn it_is_corrected_where_validation_is_measured_and_twenty_times() {
        let places = |planned, evaluate_every| -> Vec<u64> {
            let pace = pace(60, planned, evaluate_every);
            (1..=planned).filter(|at| pace.is_due(*at)).collect()
        };
        assert_eq!(
            places(1_000, 20),
            (60..=1_000).step_by(60).collect::<Vec<_>>()
        );
        assert_eq!(
            places(1_000, 500),
            (50..=1_000).step_by(50).collect::<Vec<_>>()
        );
        assert_eq!(places(5, 100), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_steady_run_ends_when_its_time_is_up() {
        // Planned for 1,000 updates at 10 a second; it makes 8.
        let mut pace = pace(100, 1_000, 100);
        pace.begin(0, 0.0);
        assert_eq!(pace.length(100, 1_000, 12.5), 800);
        assert_eq!(pace.length(200, 800, 25.0), 800);
        // It becomes twice as fast, which counts from here on.
        assert_eq!(pace.length(300, 800, 31.25), 1_400);
    }

    #[test]
    fn a_run_that_was_slowed_down_is_annealed_all_the_same() {
        let mut pace = pace(100, 1_000, 100);
        pace.begin(0, 0.0);
        assert_eq!(pace.length(500, 1_000, 120.0), 510);
        assert_eq!(pace.length(508, 510, 121.0), 510);
        assert_eq!(pace.length(509, 510, 122.0), 510);
    }

    #[test]
    fn without_a_speed_nothing_is_corrected() {
        let mut pace = pace(100, 1_000, 50);
        assert_eq!(pace.length(100, 1_000, 10.0), 1_000);
        pace.begin(200, 20.0);
        assert_eq!(pace.length(100, 1_000, 30.0), 1_000, "it went back");
        assert_eq!(pace.length(210, 1_000, 21.0), 1_000, "it has just begun");
        assert_eq!(pace.length(250, 1_000, 20.0), 1_000, "the clock stands");
        assert_eq!(pace.length(250, 1_000, 30.0), 600);
    }
}
