//! What range tests found: a picture with the suggestions, rows, or everything.

use std::fmt;
use std::io::Write;

use schedules::finder::StopReason;
use serde_json::{Value, json};

use super::Figure;
use super::rate_picture::RatePicture;
use super::table::{Side, Table};
use crate::analysis::{SuggestedRate, SuggestedRates};
use crate::engine::SweptRates;

/// Range tests, one for each seed from the first on, and what they suggest.
#[derive(Debug)]
pub struct FoundRates<'a> {
    first_seed: u64,
    tests: &'a [SweptRates],
    suggested: &'a SuggestedRates,
}

/// Rules that are farther apart than this do not mean the same place of the curve.
const APART: f64 = 30.0;
/// Seeds whose suggestions are farther apart than this say that one test is not enough.
const UNSTEADY: f64 = 4.0;

impl<'a> FoundRates<'a> {
    /// The `tests` of `first_seed` and those after it, and what was `suggested` by them.
    pub fn new(first_seed: u64, tests: &'a [SweptRates], suggested: &'a SuggestedRates) -> Self {
        Self {
            first_seed,
            tests,
            suggested,
        }
    }

    /// The smoothed losses over the rate as SVG, with the suggestions.
    pub fn svg(&self) -> String {
        let picture = RatePicture::new(self.tests, self.suggested);
        Figure::svg_file("Range test", &[picture.figure(self.first_seed)])
    }

    /// One row per update: `seed,update,learning_rate,loss,smoothed_loss,gain`; the gain is empty where it was not
    /// measured.
    ///
    /// # Errors
    /// `out` refuses.
    pub fn write_csv(&self, out: impl Write) -> csv::Result<()> {
        let mut rows = csv::Writer::from_writer(out);
        let head = [
            "seed",
            "update",
            "learning_rate",
            "loss",
            "smoothed_loss",
            "gain",
        ];
        rows.write_record(head)?;
        for (seed, test) in (self.first_seed..).zip(self.tests) {
            let (curve, gains) = (&test.curve, &test.gains);
            let points = curve.learning_rates().iter().zip(curve.losses());
            for (update, ((rate, loss), smoothed)) in points.zip(curve.smoothed()).enumerate() {
                let gain = gains.iter().find(|(place, _)| *place == update);
                rows.write_record([
                    seed.to_string(),
                    update.to_string(),
                    rate.to_string(),
                    loss.to_string(),
                    smoothed.to_string(),
                    gain.map_or_else(String::new, |(_, gain)| gain.to_string()),
                ])?;
            }
        }
        rows.flush()?;
        Ok(())
    }

    /// The suggestions and every test as JSON. A loss that is no number is null.
    pub fn json(&self) -> Value {
        let tests = (self.first_seed..).zip(self.tests).map(|(seed, test)| {
            let stop = test.curve.stop();
            json!({
                "seed": seed,
                "learning_rates": test.curve.learning_rates(),
                "losses": test.curve.losses(),
                "smoothed_losses": test.curve.smoothed(),
                "gains": test.gains.iter().map(|(update, gain)| json!({ "update": update, "gain": gain })).collect::<Vec<_>>(),
                "stopped_at": stop.map(|stop| stop.index),
                "suggested": SuggestedRates::of(std::slice::from_ref(test)),
            })
        });
        json!({ "suggested": self.suggested, "tests": tests.collect::<Vec<_>>() })
    }

    /// What a person should know before they trust the suggestion.
    fn caveats(&self) -> Vec<String> {
        let mut caveats = Vec::new();
        if let Some(apart) = self.suggested.disagreement.filter(|apart| *apart > APART) {
            caveats.push(format!(
                "the rules are a factor of {apart:.0} apart, so the combined rate is a guess: look at the curve"
            ));
        }
        if let Some([lowest, highest]) = self.suggested.combined.spread
            && highest > UNSTEADY * lowest
        {
            let apart = highest / lowest;
            caveats.push(format!(
                "the seeds are a factor of {apart:.0} apart: more --updates would be steadier"
            ));
        }
        let falling = |test: &&SweptRates| still_falls(test);
        let falling = self.tests.iter().filter(falling).count();
        if falling > 0 {
            caveats.push(format!(
                "in {falling} of {} tests the loss still fell at the last rate: a higher --to would show more",
                self.tests.len()
            ));
        }
        caveats
    }

    /// How far the tests went.
    fn course(&self) -> String {
        let stops = self.tests.iter().filter_map(|test| {
            let stop = test.curve.stop()?;
            let rate = test.curve.learning_rates().get(stop.index)?;
            let what = match stop.reason {
                StopReason::NotFinite => "was no number",
                _ => "diverged",
            };
            Some(format!(
                "the loss {what} at {rate:.2e}, update {}",
                stop.index
            ))
        });
        let stops: Vec<String> = stops.collect();
        match (stops.first(), stops.len()) {
            (None, _) => "the loss did not diverge".to_owned(),
            (Some(one), 1) => one.clone(),
            (Some(one), count) => {
                format!("{one}; so it was in {count} of {} tests", self.tests.len())
            }
        }
    }
}

impl fmt::Display for FoundRates<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let picture = RatePicture::new(self.tests, self.suggested);
        writeln!(formatter, "{picture}{}\n", self.course())?;
        let several = self.tests.len() > 1;
        let mut columns = vec![
            ("", Side::Left),
            ("rule", Side::Left),
            ("rate", Side::Right),
        ];
        if several {
            columns.extend([("lowest", Side::Right), ("highest", Side::Right)]);
        }
        columns.push(("", Side::Left));
        let mut table = Table::new(columns);
        for (mark, rule) in picture.marks() {
            table.row(row(mark, rule, several));
        }
        write!(formatter, "{table}")?;
        for caveat in self.caveats() {
            write!(formatter, "\nnote: {caveat}")?;
        }
        match self.suggested.combined.learning_rate {
            Some(rate) => write!(
                formatter,
                "\nnothing was changed; to use it: --lr {rate:.2e}"
            ),
            None => write!(formatter, "\nno rate is suggested"),
        }
    }
}

/// Whether the lowest smoothed loss is among the last twentieth, and nothing stopped the test before.
fn still_falls(test: &SweptRates) -> bool {
    let smoothed = test.curve.smoothed();
    let lowest = smoothed.iter().copied().fold(f64::INFINITY, f64::min);
    let last = smoothed.len() - smoothed.len().div_ceil(20);
    test.curve.stop().is_none() && smoothed[last..].contains(&lowest)
}

fn row(mark: char, rule: &SuggestedRate, several: bool) -> Vec<String> {
    let rate = |rate: f64| format!("{rate:.2e}");
    let mut cells = vec![
        mark.to_string(),
        rule.rule.clone(),
        rule.learning_rate.map_or_else(|| "-".to_owned(), rate),
    ];
    if several {
        cells.extend(match rule.spread {
            Some(ends) => ends.map(rate),
            None => ["-", "-"].map(str::to_owned),
        });
    }
    cells.push(rule.reason.clone().unwrap_or_default());
    cells
}
