//! How long strategies take to a goal, for a person.

mod curves;

use std::fmt;

use super::Page;
use super::table::{Side, Table};
use crate::analysis::{Rung, TargetCondition, TargetRow, TimeToTarget};
use crate::config::Goal;
use curves::{over_budgets, over_updates};

/// The tables of a search.
#[derive(Debug, Clone, Copy)]
pub struct TargetReport<'a> {
    found: &'a TimeToTarget,
}

impl<'a> TargetReport<'a> {
    /// The report of what was `found`.
    pub fn new(found: &'a TimeToTarget) -> Self {
        Self { found }
    }

    /// The same as a page, with what each budget reached.
    pub fn page(&self) -> Page {
        let mut page = Page::new(format!("Time to {}", aim(self.found.goal)));
        for condition in &self.found.conditions {
            page.heading(&condition.name);
            page.table(&self.answers(condition));
            page.figures(&[
                over_budgets(self.found.goal, condition),
                over_updates(self.found.goal, condition),
            ]);
            page.folded("Every budget that was tried", &self.tried(condition));
        }
        page.heading("How to read it");
        page.paragraph(&self.notes().replace('\n', " "));
        page.paragraph(curves::NOTE);
        page
    }

    /// How to read the tables.
    fn notes(&self) -> String {
        let rungs = self.found.conditions.iter().flat_map(|each| &each.rows);
        let runs = rungs.flat_map(|row| &row.rungs).map(|rung| rung.runs).max();
        format!(
            "The updates are the shortest planned budget after whose last update the mean of {} runs is {}, and all of \
             them trained.\nEvery budget has a schedule and a peak of its own, the peak from the grid by the validation loss of \
             runs with other seeds.\nBudgets are 1.25 times apart, so an answer is known to that factor, and to what chance \
             leaves of so few runs.\nWhere a run planned for longer first crosses the goal is another question, which favours \
             rates that fall early or not at all.",
            runs.unwrap_or(0),
            aim(self.found.goal),
        )
    }

    /// The answer for each strategy of `condition`.
    fn answers(&self, condition: &TargetCondition) -> Table {
        let goal = self.found.goal;
        let mut table = Table::new([
            ("strategy".to_owned(), Side::Left),
            ("updates".to_owned(), Side::Right),
            (format!("of {}", self.found.baseline), Side::Right),
            ("peak".to_owned(), Side::Right),
            (String::new(), Side::Left),
            (measure(goal).to_owned(), Side::Left),
            ("there".to_owned(), Side::Right),
            ("one budget shorter".to_owned(), Side::Left),
        ]);
        for row in &condition.rows {
            let share = row.of_baseline.map(|share| format!("{share:.2}"));
            let mut cells = vec![
                row.strategy.clone(),
                updates(row),
                share.unwrap_or_default(),
            ];
            match row.answer().or(row.rungs.last().map(|last| (last, None))) {
                Some((rung, below)) => cells.extend([
                    rung.peak.to_string(),
                    origin(rung).to_owned(),
                    mean(goal, rung),
                    format!("{}/{}", rung.reached, rung.runs),
                    below.map_or_else(String::new, |below| mean(goal, below)),
                ]),
                None => cells.extend(std::iter::repeat_n(String::new(), 5)),
            }
            table.row(cells);
        }
        table
    }

    /// What every budget reached.
    fn tried(&self, condition: &TargetCondition) -> Table {
        let goal = self.found.goal;
        let mut table = Table::new([
            ("strategy", Side::Left),
            ("updates", Side::Right),
            ("peak", Side::Right),
            ("", Side::Left),
            (measure(goal), Side::Left),
            ("trained", Side::Right),
            ("there", Side::Right),
        ]);
        for row in &condition.rows {
            for rung in &row.rungs {
                table.row([
                    row.strategy.clone(),
                    rung.updates.to_string(),
                    rung.peak.to_string(),
                    origin(rung).to_owned(),
                    mean(goal, rung),
                    format!("{}/{}", rung.trained, rung.runs),
                    format!("{}/{}", rung.reached, rung.runs),
                ]);
            }
        }
        table
    }
}

/// What a budget reached, in a line.
pub fn describe_rung(goal: Goal, rung: &Rung) -> String {
    let there = match rung.enough {
        true => "enough",
        false => "not enough",
    };
    format!(
        "{} updates at {}: {}, {}/{} runs are there: {there}",
        rung.updates,
        rung.peak,
        mean(goal, rung),
        rung.reached,
        rung.runs
    )
}

/// The goal in words.
fn aim(goal: Goal) -> String {
    match goal {
        Goal::Accuracy(share) => {
            format!("at least {} validation accuracy", percent(share.fraction()))
        }
        Goal::Loss(loss) => format!("at most {loss} validation loss"),
    }
}

fn measure(goal: Goal) -> &'static str {
    match goal {
        Goal::Accuracy(_) => "validation accuracy",
        Goal::Loss(_) => "validation loss",
    }
}

fn percent(share: f64) -> String {
    // Ten digits hide what binary makes of 0.985.
    format!("{} %", (share * 1e12).round() / 1e10)
}

fn origin(rung: &Rung) -> &'static str {
    match (rung.tuned, rung.at_edge) {
        (false, _) => "not tuned",
        (true, true) => "end of the grid",
        (true, false) => "",
    }
}

/// How many updates it takes, or that more than were tried.
fn updates(row: &TargetRow) -> String {
    match (row.answer(), row.rungs.last()) {
        (Some((rung, Some(_))), _) => rung.updates.to_string(),
        (Some((rung, None)), _) => format!("≤ {}", rung.updates),
        (None, Some(longest)) => format!("> {}", longest.updates),
        (None, None) => String::new(),
    }
}

/// The mean of those that trained with its interval, and how many they are if not all.
fn mean(goal: Goal, rung: &Rung) -> String {
    let Some(measured) = rung.measured else {
        return format!("0/{} trained", rung.runs);
    };
    let (factor, digits, unit) = match goal {
        Goal::Accuracy(_) => (100.0, 2, " %"),
        Goal::Loss(_) => (1.0, 4, ""),
    };
    let mean = factor * measured.mean;
    let text = match measured.half_width {
        Some(half_width) => format!("{mean:.digits$} ± {:.digits$}{unit}", factor * half_width),
        None => format!("{mean:.digits$}{unit}"),
    };
    match rung.trained {
        all if all == rung.runs => text,
        some => format!("{text} ({some}/{} trained)", rung.runs),
    }
}

/// For each condition the answers; then how to read them.
impl fmt::Display for TargetReport<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let goal = aim(self.found.goal);
        for condition in &self.found.conditions {
            writeln!(formatter, "{}: time to {goal}\n", condition.name)?;
            writeln!(formatter, "{}\n", self.answers(condition))?;
        }
        formatter.write_str(&self.notes())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::analysis::statistics::Estimate;
    use crate::analysis::{Ladder, MeanCurve, Search};

    fn rung(updates: u64, accuracies: &[f64], enough: bool) -> Rung {
        let end = Estimate::of(accuracies).map(|mean| (updates, mean.mean));
        Rung {
            updates,
            peak: 0.1,
            tuned: true,
            at_edge: updates < 200,
            runs: 3,
            trained: accuracies.len(),
            reached: accuracies.iter().filter(|each| **each >= 0.985).count(),
            measured: Estimate::of(accuracies),
            enough,
            curve: MeanCurve {
                runs: accuracies.len(),
                points: [(updates / 2, 0.97)].into_iter().chain(end).collect(),
                lost: None,
            },
        }
    }

    fn search(strategy: &str, needed: u64) -> Search {
        let mut search = Search::new("SGD", strategy, Ladder::new(200, 400));
        while let Some(updates) = search.next() {
            search.tell(match updates >= needed {
                true => rung(updates, &[0.986, 0.988, 0.984], true),
                false => rung(updates, &[0.98, 0.982], false),
            });
        }
        search
    }

    /// Three strategies, of which the last never gets there.
    pub(super) fn found() -> TimeToTarget {
        let searches = [
            search("fixed", 240),
            search("cosine", 120),
            search("never", 999),
        ];
        let goal = Goal::Accuracy(serde_json::from_value(0.985.into()).unwrap());
        TimeToTarget::of(goal, "fixed", &searches)
    }

    #[test]
    fn a_reader_sees_how_long_it_takes_and_what_was_too_short() {
        let found = found();
        let shown = TargetReport::new(&found).to_string();
        let expected = "\
SGD: time to at least 98.5 % validation accuracy

strategy  updates  of fixed  peak                   validation accuracy           there  one budget shorter
cosine        128      0.51   0.1  end of the grid  98.60 ± 0.50 %                  2/3  98.10 ± 1.27 % (2/3 trained)
fixed         250      1.00   0.1                   98.60 ± 0.50 %                  2/3  98.10 ± 1.27 % (2/3 trained)
never       > 391             0.1                   98.10 ± 1.27 % (2/3 trained)    0/3

The updates are the shortest planned budget after whose last update the mean of 3 runs is at least 98.5 % validation accuracy";
        assert!(shown.starts_with(expected), "{shown}");
        let page = TargetReport::new(&found).page().html();
        for text in [
            "Time to at least 98.5 %",
            "Every budget that was tried",
            ">goal<",
            "fixed, 313 planned",
            "why that is no answer",
        ] {
            assert!(page.contains(text), "{text}: {page}");
        }
        // The error of the budget that was enough: 1 - 0.986.
        assert!(page.contains("0.014"), "{page}");
    }

    #[test]
    fn what_was_tried_is_said_in_a_line() {
        let line = describe_rung(Goal::Loss(0.1), &rung(128, &[], false));
        assert_eq!(
            line,
            "128 updates at 0.1: 0/3 trained, 0/3 runs are there: not enough"
        );
    }
}
