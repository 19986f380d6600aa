//! A decade below the lowest loss.

use super::descent::{DECADE, Descent};
use super::{NoSuggestion, Suggestion};

/// The recorded rate nearest to a tenth of the one with the lowest loss.
pub(crate) fn minimum(descent: &Descent) -> Result<Suggestion, NoSuggestion> {
    let settled = descent.settled();
    descent.nearest(settled[settled.len() - 1].ln_rate - DECADE)
}

#[cfg(test)]
mod tests {
    use super::super::{NoSuggestion, sample};

    #[test]
    fn it_is_a_tenth_of_the_lowest_rate() {
        let curve = sample::curve();
        assert_eq!(curve.minimum().map(|found| found.index), Ok(33 - 4));
        let ratio = curve.learning_rates()[29] / curve.learning_rates()[33];
        assert!((ratio - 0.1).abs() < 1e-12);
    }

    #[test]
    fn the_first_of_equally_low_points_counts() {
        let losses = [9.0, 9.0, 9.0, 9.0, 9.0, 1.0, 1.0, 1.0, 1.0];
        let found = sample::record(&losses).minimum();
        assert_eq!(found.map(|found| found.index), Ok(5 - 4));
    }

    #[test]
    fn a_sweep_that_starts_within_the_decade_has_none() {
        let low = |at: usize| {
            let mut losses = [9.0; 12];
            losses[at] = 1.0;
            sample::record(&losses).minimum().map(|found| found.index)
        };
        assert_eq!(low(3), Err(NoSuggestion::BelowSweep));
        assert_eq!(low(4), Ok(0));
    }
}
