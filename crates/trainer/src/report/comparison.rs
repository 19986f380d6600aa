//! What an experiment shows, for a person.

mod curves;
mod ridge;

use std::fmt;

use super::Page;
use super::table::{Side, Table};
use crate::analysis::{Against, Cause, Comparison, Condition, Row, SIGNIFICANCE, SweepPoint};
use curves::{over_peaks, over_updates};
use ridge::{law, over_batch_sizes};

/// The tables of a comparison.
#[derive(Debug, Clone, Copy)]
pub struct ComparisonReport<'a> {
    comparison: &'a Comparison,
}

/// What does not exist.
const NONE: &str = "-";

impl<'a> ComparisonReport<'a> {
    /// The report of `comparison`.
    pub fn new(comparison: &'a Comparison) -> Self {
        Self { comparison }
    }

    /// The same as a page, with each loss drawn over the peak and over the updates.
    pub fn page(&self) -> Page {
        let mut page = Page::new("Strategies compared");
        for condition in &self.comparison.conditions {
            page.heading(&condition.name);
            page.paragraph(&size(condition));
            page.table(&self.results(condition));
            page.figures(&[over_peaks(condition), over_updates(condition)]);
            if let Some(ridge) = &condition.ridge {
                page.paragraph(&law(ridge).replace('\n', " "));
                page.figures(&[over_batch_sizes(ridge)]);
            }
            if let Some(sweeps) = sweeps(condition) {
                page.folded("The loss of every peak of the grid", &sweeps);
            }
        }
        page.heading("How to read it");
        page.paragraph(&self.notes().replace('\n', " "));
        page.paragraph(curves::NOTE);
        page
    }

    /// How to read the tables.
    fn notes(&self) -> String {
        let mut notes = String::from(
            "The loss is that on the validation images after the last update, mean ± 95 % interval over the runs that \
             trained:\nthose that end below half of the loss of guessing by the frequencies of the classes. The peak, in \
             brackets in its grid,\nhas the lowest mean loss of runs with seeds of their own; all of those trained up to the \
             peak in the next column.\n",
        );
        match self.comparison.comparisons {
            Some(comparisons) => notes.push_str(&format!(
                "Welch's t test, corrected by Holm for {comparisons} comparisons; \"could show\" is the smallest \
                 difference that so many runs\nshow in 80 % of such experiments."
            )),
            None => notes.push_str(
                "It takes five runs that trained on either side to tell a difference from chance: nothing is tested.",
            ),
        }
        notes
    }

    /// What each strategy of `condition` reached.
    fn results(&self, condition: &Condition) -> Table {
        let tested = self.comparison.comparisons.is_some();
        let mut head = vec![
            ("strategy".to_owned(), Side::Left),
            ("peak".to_owned(), Side::Right),
            (String::new(), Side::Left),
            ("trains up to".to_owned(), Side::Right),
            ("validation loss".to_owned(), Side::Left),
            ("test accuracy".to_owned(), Side::Right),
            ("trained".to_owned(), Side::Right),
            ("verdict".to_owned(), Side::Left),
        ];
        if tested {
            head.push((format!("against {}", self.comparison.baseline), Side::Left));
        }
        let mut table = Table::new(head);
        for row in &condition.rows {
            let accuracy = row.test_accuracy.map(|accuracy| 100.0 * accuracy.mean);
            let mut cells = vec![
                row.strategy.clone(),
                row.peak.to_string(),
                origin(row).to_owned(),
                row.trains_up_to
                    .map_or_else(String::new, |peak| peak.to_string()),
                loss(row),
                accuracy.map_or_else(|| NONE.to_owned(), |accuracy| format!("{accuracy:.2} %")),
                format!("{}/{}", row.trained, row.runs),
                verdict(row),
            ];
            if tested {
                cells.push(self.against(row));
            }
            table.row(cells);
        }
        table
    }

    fn against(&self, row: &Row) -> String {
        match &row.against {
            Some(against) => difference(against),
            None if row.strategy == self.comparison.baseline => {
                "is what all are held against".to_owned()
            }
            None => "too few trained to test".to_owned(),
        }
    }
}

/// The loss of each peak of the grid, for every strategy that was tuned.
fn sweeps(condition: &Condition) -> Option<Table> {
    let swept = || condition.rows.iter().filter(|row| row.tuned);
    // The grid is one, but another optimizer has another learning rate to multiply: columns are places in the grid.
    let width = swept().map(|row| row.sweep.len()).max()?;
    let mut head = vec![("loss by peak".to_owned(), Side::Left)];
    head.push(("from".to_owned(), Side::Right));
    head.extend((0..width).map(|_| (String::new(), Side::Right)));
    head.push(("to".to_owned(), Side::Right));
    let mut table = Table::new(head);
    for row in swept() {
        let end = |point: Option<&SweepPoint>| {
            point.map_or_else(String::new, |point| point.peak.to_string())
        };
        let mut cells = vec![row.strategy.clone(), end(row.sweep.first())];
        cells.extend((0..width).map(|place| match row.sweep.get(place) {
            None => String::new(),
            Some(point) => {
                let text = swept_loss(point);
                if point.peak == row.peak {
                    format!("[{text}]")
                } else {
                    text
                }
            }
        }));
        cells.push(end(row.sweep.last()));
        table.row(cells);
    }
    Some(table)
}

/// A loss, or how many of the runs trained where some did not.
fn swept_loss(point: &SweepPoint) -> String {
    match &point.loss {
        Some(loss) if point.trained == point.runs => format!("{:.3}", loss.mean),
        _ => format!("{}/{}", point.trained, point.runs),
    }
}

fn origin(row: &Row) -> &'static str {
    match (row.tuned, row.at_edge) {
        (false, _) => "not tuned",
        (true, true) => "end of the grid",
        (true, false) => "",
    }
}

fn loss(row: &Row) -> String {
    match &row.loss {
        None => NONE.to_owned(),
        Some(loss) => match loss.half_width {
            Some(half_width) => format!("{:.4} ± {half_width:.4}", loss.mean),
            None => format!("{:.4}", loss.mean),
        },
    }
}

/// What most runs' curves say, and how many that are if not all.
fn verdict(row: &Row) -> String {
    let Some(most) = row.verdicts.first() else {
        return NONE.to_owned();
    };
    let words = match most.cause {
        Cause::NoEvidence => most.outcome.to_string(),
        cause => format!("{}, {cause}", most.outcome),
    };
    match most.runs {
        all if all == row.runs => words,
        some => format!("{words} ({some}/{})", row.runs),
    }
}

fn difference(against: &Against) -> String {
    let Against {
        difference,
        p,
        could_show,
        ..
    } = against;
    if *p < SIGNIFICANCE {
        let sign = if *difference < 0.0 { "better" } else { "worse" };
        let p = if *p < 1e-4 {
            "p < 0.0001".to_owned()
        } else {
            format!("p = {p:.4}")
        };
        return format!("{sign} by {:.4} ({p})", difference.abs());
    }
    format!("no difference shown (could show {could_show:.4})")
}

/// For each condition what the strategies reached, and how that depends on the peak; then how to read it.
impl fmt::Display for ComparisonReport<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for condition in &self.comparison.conditions {
            writeln!(formatter, "{}: {}\n", condition.name, size(condition))?;
            writeln!(formatter, "{}\n", self.results(condition))?;
            if let Some(sweeps) = sweeps(condition) {
                writeln!(formatter, "{sweeps}\n")?;
            }
            if let Some(ridge) = &condition.ridge {
                writeln!(formatter, "{}\n", law(ridge))?;
            }
        }
        formatter.write_str(&self.notes())
    }
}

/// How many updates and runs there are.
fn size(condition: &Condition) -> String {
    let rows = || condition.rows.iter();
    let updates = rows().map(|row| row.updates).max().unwrap_or(0);
    let runs = rows().map(|row| row.runs).max().unwrap_or(0);
    format!("{updates} updates a run, {runs} runs a strategy")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Records, TrialRecord};

    pub(super) fn runs(losses: &[f64]) -> Vec<TrialRecord> {
        let run = |loss: &f64| {
            let mut run = TrialRecord::made(*loss, 1.0 - loss / 10.0);
            run.updates = 340;
            run.verdict.cause = Cause::Annealed;
            run
        };
        losses.iter().map(run).collect()
    }

    pub(super) fn records(
        strategy: &str,
        peaks: &[(f64, &[f64])],
        peak: f64,
        losses: &[f64],
    ) -> Records {
        Records {
            condition: "SGD".to_owned(),
            strategy: strategy.to_owned(),
            batch_size: 64,
            tuning: peaks
                .iter()
                .map(|(peak, losses)| (*peak, runs(losses)))
                .collect(),
            peak,
            reporting: runs(losses),
        }
    }

    #[test]
    fn a_reader_sees_what_is_better_by_how_much_and_what_nobody_can_tell() {
        let peaks: &[(f64, &[f64])] = &[(0.1, &[0.4]), (0.2, &[0.3]), (0.5, &[1.9])];
        let all = [
            records("fixed", peaks, 0.2, &[0.30, 0.32, 0.31, 0.29, 0.33]),
            records("cosine", &peaks[..2], 0.2, &[0.20, 0.22, 0.21, 0.19, 0.23]),
            records("step", peaks, 0.2, &[0.301, 0.322, 0.309, 0.288, 0.335]),
            records("hot", &[], 100.0, &[1.9, 1.9, 1.9, 1.9, 0.5]),
        ];
        let comparison = Comparison::of("fixed", &all);
        let shown = ComparisonReport::new(&comparison).to_string();
        let tables = "\
SGD: 340 updates a run, 5 runs a strategy

strategy  peak                   trains up to  validation loss  test accuracy  trained  verdict                       against fixed
cosine     0.2  end of the grid           0.2  0.2100 ± 0.0196        97.90 %      5/5  settled, annealed to its end  better by 0.1000 (p < 0.0001)
fixed      0.2                            0.2  0.3100 ± 0.0196        96.90 %      5/5  settled, annealed to its end  is what all are held against
step       0.2                            0.2  0.3110 ± 0.0226        96.89 %      5/5  settled, annealed to its end  no difference shown (could show 0.0399)
hot        100  not tuned                      0.5000                 95.00 %      1/5  settled, annealed to its end  too few trained to test

loss by peak  from                        to
cosine         0.1  0.400  [0.300]       0.2
fixed          0.1  0.400  [0.300]  0/1  0.5
step           0.1  0.400  [0.300]  0/1  0.5
";
        assert!(shown.starts_with(tables), "{shown}");
        assert!(shown.contains("Holm for 2 comparisons"), "{shown}");

        let page = ComparisonReport::new(&comparison).page().html();
        for text in [
            "better by 0.1000",
            "Validation loss by peak",
            "Holm for 2 comparisons",
            "hot, 1 of 5 runs",
        ] {
            assert!(page.contains(text), "{text}: {page}");
        }
    }
}
