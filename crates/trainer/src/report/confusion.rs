//! A confusion matrix and what follows from it, for a person and for a program.

use std::fmt;
use std::io::Write;

use serde_json::{Value, json};

use super::table::{Side, Table, shown};
use crate::engine::Confusion;

/// A confusion matrix with the names of its classes.
#[derive(Debug, Clone, Copy)]
pub struct ConfusionReport<'a> {
    confusion: &'a Confusion,
    classes: &'a [String],
}

/// Up to so many classes the whole matrix is drawn.
const WHOLE: usize = 20;
/// Of more classes, so many of the worst are shown.
const WORST: usize = 10;

impl<'a> ConfusionReport<'a> {
    /// The report of `confusion`, whose classes have these names.
    pub fn new(confusion: &'a Confusion, classes: &'a [String]) -> Self {
        Self { confusion, classes }
    }

    /// One row per class: `class,support,precision,recall,f1`, then how often it was given each answer, a column
    /// `as NAME` each. A score that does not exist is empty.
    ///
    /// # Errors
    /// `out` refuses.
    pub fn write_csv(&self, out: impl Write) -> csv::Result<()> {
        let mut rows = csv::Writer::from_writer(out);
        let head = ["class", "support", "precision", "recall", "f1"].map(str::to_owned);
        let answers = self.classes.iter().map(|name| format!("as {name}"));
        rows.write_record(head.into_iter().chain(answers))?;
        for (class, name) in self.classes.iter().enumerate() {
            let score = self.confusion.score(class);
            let cell =
                |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
            let mut row = vec![name.clone(), score.support.to_string()];
            row.extend([score.precision, score.recall, score.f1].map(cell));
            row.extend(self.confusion.row(class).iter().map(u64::to_string));
            rows.write_record(row)?;
        }
        rows.flush()?;
        Ok(())
    }

    /// `classes`: per class `class`, `support`, `precision`, `recall`, `f1` (null where it does not exist).
    /// `confusion`: a row per class, a column per answer, in the same order.
    pub fn json(&self) -> (Value, Value) {
        let scores = self.classes.iter().enumerate().map(|(class, name)| {
            let score = self.confusion.score(class);
            json!({
                "class": name,
                "support": score.support,
                "precision": score.precision,
                "recall": score.recall,
                "f1": score.f1,
            })
        });
        let rows = (0..self.classes.len()).map(|class| json!(self.confusion.row(class)));
        (scores.collect(), rows.collect())
    }

    /// Precision, recall, F1 and support of `classes`.
    fn scores(&self, classes: impl Iterator<Item = usize>) -> Table {
        let mut table = Table::new([
            ("class", Side::Left),
            ("precision", Side::Right),
            ("recall", Side::Right),
            ("F1", Side::Right),
            ("images", Side::Right),
        ]);
        for class in classes {
            let score = self.confusion.score(class);
            let [precision, recall, f1] = [score.precision, score.recall, score.f1].map(percent);
            let name = shown(&self.classes[class]);
            table.row([name, precision, recall, f1, score.support.to_string()]);
        }
        table
    }

    /// The whole matrix; long names of answers are numbers, explained beside the rows.
    fn matrix(&self) -> Table {
        const LONGEST: usize = 6;

        let short = self
            .classes
            .iter()
            .all(|name| name.chars().count() <= LONGEST);
        let label = |class: usize, name: &str| {
            if short {
                shown(name)
            } else {
                format!("{class} {}", shown(name))
            }
        };
        let mut head = vec![("class \\ answer".to_owned(), Side::Left)];
        head.extend(self.classes.iter().enumerate().map(|(class, name)| {
            let name = if short {
                shown(name)
            } else {
                class.to_string()
            };
            (name, Side::Right)
        }));
        let mut table = Table::new(head);
        for (class, name) in self.classes.iter().enumerate() {
            let counts = self.confusion.row(class).iter();
            // A dot lets the eye see what is not zero.
            let counts = counts.map(|count| match count {
                0 => ".".to_owned(),
                count => count.to_string(),
            });
            table.row([label(class, name)].into_iter().chain(counts));
        }
        table
    }

    /// The most frequent mistakes.
    fn mistakes(&self) -> Table {
        let mut table = Table::new([
            ("class", Side::Left),
            ("taken for", Side::Left),
            ("images", Side::Right),
            ("of the class", Side::Right),
        ]);
        for mistake in self.confusion.mistakes().into_iter().take(WORST) {
            let support = self.confusion.score(mistake.class).support;
            table.row([
                shown(&self.classes[mistake.class]),
                shown(&self.classes[mistake.answer]),
                mistake.count.to_string(),
                percent(Some(mistake.count as f64 / support as f64)),
            ]);
        }
        table
    }
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", 100.0 * share))
}

/// Scores and matrix; of more than 20 classes the ten with the lowest F1 and the ten most frequent mistakes.
impl fmt::Display for ConfusionReport<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.classes.len();
        if count <= WHOLE {
            writeln!(formatter, "{}\n", self.scores(0..count))?;
            return write!(formatter, "{}", self.matrix());
        }
        let score = |class: &usize| self.confusion.score(*class).f1.unwrap_or(f64::INFINITY);
        let mut classes: Vec<usize> = (0..count).collect();
        classes.sort_by(|left, right| score(left).total_cmp(&score(right)));
        classes.truncate(WORST);
        writeln!(
            formatter,
            "the {WORST} of {count} classes with the lowest F1 (--json and --format csv have all)"
        )?;
        write!(formatter, "{}", self.scores(classes.into_iter()))?;
        if !self.confusion.mistakes().is_empty() {
            writeln!(formatter, "\n\nthe most frequent mistakes")?;
            write!(formatter, "{}", self.mistakes())?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn counted(rows: &[&[u64]]) -> Confusion {
        let mut confusion = Confusion::new(rows.len());
        for (class, row) in rows.iter().enumerate() {
            for (answer, &count) in row.iter().enumerate() {
                (0..count).for_each(|_| confusion.count(class, answer));
            }
        }
        confusion
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn few_classes_are_drawn_whole() {
        let confusion = counted(&[&[12, 0, 0], &[3, 9, 0], &[0, 4, 0]]);
        let classes = names(&["cat", "dog", "cow"]);
        let expected = "\
class  precision   recall      F1  images
cat       80.0 %  100.0 %  88.9 %      12
dog       69.2 %   75.0 %  72.0 %      12
cow            -    0.0 %   0.0 %       4

class \\ answer  cat  dog  cow
cat              12    .    .
dog               3    9    .
cow               .    4    .";
        assert_eq!(
            ConfusionReport::new(&confusion, &classes).to_string(),
            expected
        );
    }

    #[test]
    fn long_names_are_numbers_in_the_head() {
        let confusion = counted(&[&[1, 0], &[2, 0]]);
        let classes = names(&["a very long name indeed, too long", "b"]);
        let drawn = ConfusionReport::new(&confusion, &classes).to_string();
        let expected = "\
class \\ answer          0  1
0 a very long name in…  1  .
1 b                     2  .";
        assert!(drawn.ends_with(expected), "{drawn}");
    }

    #[test]
    fn of_many_classes_the_worst_are_shown() {
        let mut confusion = Confusion::new(21);
        for class in 0..21 {
            (0..10).for_each(|_| confusion.count(class, class));
        }
        (0..30).for_each(|_| confusion.count(7, 8));
        let classes: Vec<String> = (0..21).map(|class| format!("n{class:02}")).collect();
        let drawn = ConfusionReport::new(&confusion, &classes).to_string();
        let lines: Vec<&str> = drawn.lines().collect();
        assert!(lines[0].contains("10 of 21 classes"), "{drawn}");
        assert!(
            lines[2].starts_with("n07") && lines[3].starts_with("n08"),
            "{drawn}"
        );
        assert_eq!(
            lines.last().unwrap(),
            &"n07    n08            30        75.0 %"
        );
        assert_eq!(lines.len(), 16, "{drawn}");
    }

    #[test]
    fn programs_get_everything() {
        let confusion = counted(&[&[1, 1], &[0, 0]]);
        let classes = names(&["a", "b,c"]);
        let report = ConfusionReport::new(&confusion, &classes);
        let mut csv = Vec::new();
        report.write_csv(&mut csv).unwrap();
        let expected = "class,support,precision,recall,f1,as a,\"as b,c\"\n\
                        a,2,1,0.5,0.6666666666666666,1,1\n\"b,c\",0,0,,0,0,0\n";
        assert_eq!(String::from_utf8(csv).unwrap(), expected);
        let (scores, rows) = report.json();
        assert_eq!(rows, json!([[1, 1], [0, 0]]));
        assert_eq!(scores[1]["recall"], Value::Null);
        assert_eq!(scores[0]["recall"], json!(0.5));
    }
}
