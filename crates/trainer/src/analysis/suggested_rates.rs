//! What range tests suggest, over one seed or several.

use schedules::finder::NoSuggestion;
use serde::{Deserialize, Serialize};

use crate::engine::SweptRates;

/// What the rules make of one range test or of several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SuggestedRates {
    /// What all rules together suggest: the rate to use, where there is one.
    pub combined: SuggestedRate,
    /// The largest answer of a rule over the smallest; 1 where all agree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disagreement: Option<f64>,
    /// What each rule suggests.
    pub rules: Vec<SuggestedRate>,
}

/// What one rule suggests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SuggestedRate {
    /// The rule's name in `schedules::finder`.
    pub rule: String,
    /// The rate, the median over the tests that gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// The lowest and the highest of them, where there were several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spread: Option<[f64; 2]>,
    /// Why a test gave none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl SuggestedRates {
    /// What `tests` suggest together.
    pub fn of(tests: &[SweptRates]) -> Self {
        let answers: Vec<_> = tests.iter().map(|test| test.curve.suggestions()).collect();
        let names = answers.first().map_or_else(Vec::new, |answers| {
            answers.named().map(|(name, _)| name).to_vec()
        });
        let rules: Vec<SuggestedRate> = names
            .into_iter()
            .enumerate()
            .map(|(index, name)| {
                let answers = answers.iter().map(|answers| answers.named()[index].1);
                let rates = answers.map(|answer| answer.map(|found| found.learning_rate));
                SuggestedRate::of(name, rates)
            })
            .collect();
        let combined = answers.iter().map(|answers| answers.combined);
        let combined = combined.map(|answer| answer.map(|found| found.learning_rate));
        let medians: Vec<f64> = rules.iter().filter_map(|rule| rule.learning_rate).collect();
        let lowest = medians.iter().copied().reduce(f64::min);
        let highest = medians.iter().copied().reduce(f64::max);
        Self {
            combined: SuggestedRate::of("combined", combined),
            disagreement: highest
                .zip(lowest)
                .map(|(highest, lowest)| highest / lowest),
            rules,
        }
    }
}

impl SuggestedRate {
    fn of(rule: &str, answers: impl Iterator<Item = Result<f64, NoSuggestion>>) -> Self {
        let (mut rates, mut reason) = (Vec::new(), None);
        for answer in answers {
            match answer {
                Ok(rate) => rates.push(rate),
                Err(none) => reason = Some(none.to_string()),
            }
        }
        rates.sort_by(f64::total_cmp);
        let spread = rates.first().zip(rates.last());
        Self {
            rule: rule.to_owned(),
            learning_rate: middle(&rates),
            spread: spread
                .filter(|_| rates.len() > 1)
                .map(|(lowest, highest)| [*lowest, *highest]),
            reason,
        }
    }
}

/// The median of sorted rates; between two of them, their geometric mean.
fn middle(rates: &[f64]) -> Option<f64> {
    let upper = *rates.get(rates.len() / 2)?;
    if rates.len() % 2 == 1 {
        return Some(upper);
    }
    Some((rates[rates.len() / 2 - 1] * upper).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use schedules::finder::Finder;

    /// A sweep of 40 points, four to a decade from 1e-6, whose loss falls around `place` and explodes after it.
    fn test(place: i32) -> SweptRates {
        let rate = |index: i32| 10_f64.powf(f64::from(index) / 4.0 - 6.0);
        let loss = |index: i32| {
            let after = f64::from(index - place);
            2.0 / (1.0 + after.exp()) + 0.01 * (after - 8.0).exp()
        };
        let pairs = (0..40).map(|index| (rate(index), loss(index)));
        SweptRates {
            curve: Finder::new().beta(0.0).record(pairs),
            gains: Vec::new(),
        }
    }

    #[test]
    fn one_test_is_what_its_curve_says() {
        let test = test(20);
        let found = SuggestedRates::of(std::slice::from_ref(&test));
        let rate = test.curve.combine().map(|found| found.learning_rate).ok();
        let near = |one: Option<f64>, other: Option<f64>| {
            one.zip(other)
                .is_some_and(|(one, other)| (one / other - 1.0).abs() < 1e-12)
        };
        assert!(near(found.combined.learning_rate, rate));
        let disagreement = test.curve.combine().map(|found| found.disagreement).ok();
        assert!(near(found.disagreement, disagreement));
        assert_eq!(found.combined.spread, None);
        assert_eq!(found.rules.len(), 4);
    }

    #[test]
    fn several_tests_give_the_middle_and_the_ends() {
        let tests = [test(22), test(18), test(20)];
        let combined = |test: &SweptRates| test.curve.combine().map(|found| found.learning_rate);
        let mut rates: Vec<f64> = tests.iter().flat_map(combined).collect();
        rates.sort_by(f64::total_cmp);
        assert!(rates.len() == 3 && rates[0] < rates[2], "{rates:?}");
        let found = SuggestedRates::of(&tests).combined;
        assert_eq!(found.learning_rate, Some(rates[1]));
        assert_eq!(found.spread, Some([rates[0], rates[2]]));
    }

    #[test]
    fn a_flat_curve_says_why_it_suggests_nothing() {
        let curve = Finder::new().record((1..40).map(|index| (f64::from(index), 1.0)));
        let flat = SweptRates {
            curve,
            gains: Vec::new(),
        };
        let found = SuggestedRates::of(&[flat]);
        assert_eq!(
            (found.combined.learning_rate, found.disagreement),
            (None, None)
        );
        let reason = found.combined.reason.unwrap_or_default();
        assert!(reason.starts_with("the loss fell by 0"), "{reason}");
    }
}
