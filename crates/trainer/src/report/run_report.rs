//! What is worth knowing about runs, as a page.

use std::collections::BTreeMap;
use std::time::Duration;

use super::figure::{Figure, Series};
use super::page::Page;
use super::table::{Side, Table};
use super::{Curve, Ending, RecordedRun, Summary, format_duration};

/// What is drawn first, in this order; other columns follow as they are in the file.
const ORDER: [&str; 6] = [
    "loss",
    "accuracy",
    "learning_rate",
    "momentum",
    "gradient_norm",
    "gain",
];
/// What has no place in a table.
const NONE: &str = "–";

/// The report of `runs`: what they reached, their curves, and how their settings differ.
pub fn run_report(runs: &[RecordedRun]) -> Page {
    let mut page = Page::new(match runs {
        [run] => run.name.clone(),
        runs => format!("{} runs", runs.len()),
    });
    page.heading("Results");
    page.table(&results(runs));
    for run in runs {
        if let Some(ending) = &run.ending {
            page.remark(&format!("{}:", run.name), &ending.verdict().to_string());
        }
    }
    page.heading("Curves");
    page.figures(&figures(runs));
    page.heading("Settings");
    let settings = Settings::of(runs);
    if runs.len() > 1 {
        match settings.differ.is_empty() {
            true => page.paragraph("All settings are the same."),
            false => page.table(&settings.table(runs, &settings.differ)),
        }
    }
    let same = &settings.same;
    if let ([first, ..], false) = (runs, same.is_empty()) {
        let line = match runs.len() {
            1 => format!("all {} settings", same.len()),
            _ => format!("{} settings that are the same", same.len()),
        };
        page.folded(&line, &settings.table(std::slice::from_ref(first), same));
    }
    classes(&mut page, runs);
    page
}

/// What the answers mean, for all runs together if they agree.
fn classes(page: &mut Page, runs: &[RecordedRun]) {
    let same = runs
        .windows(2)
        .all(|pair| pair[0].classes == pair[1].classes);
    let apart = if same { 1 } else { runs.len() };
    for run in runs
        .iter()
        .take(apart)
        .filter(|run| !run.classes.is_empty())
    {
        let mut table = Table::new([("answer", Side::Right), ("class", Side::Left)]);
        for (answer, class) in run.classes.iter().enumerate() {
            table.row([answer.to_string(), class.clone()]);
        }
        let of = if same {
            String::new()
        } else {
            format!(" of {}", run.name)
        };
        page.folded(&format!("{} classes{of}", run.classes.len()), &table);
    }
}

/// A picture of some columns of `runs` as an SVG file, one below the other.
pub fn run_picture(runs: &[RecordedRun], columns: &[String]) -> String {
    let figures: Vec<Figure> = columns.iter().map(|column| figure(runs, column)).collect();
    let names: Vec<String> = columns.iter().map(|column| words(column)).collect();
    Figure::svg_file(&names.join(", "), &figures)
}

fn results(runs: &[RecordedRun]) -> Table {
    let mut table = Table::new([
        ("run", Side::Left),
        ("test accuracy", Side::Right),
        ("test loss", Side::Right),
        ("validation accuracy", Side::Right),
        ("validation loss", Side::Right),
        ("train loss", Side::Right),
        ("updates", Side::Right),
        ("time", Side::Right),
        ("on", Side::Left),
    ]);
    for run in runs {
        let numbers = match &run.ending {
            Some(Ending::Reached(summary)) => reached(summary),
            Some(Ending::Diverged(diverged)) => unfinished(diverged.updates, "diverged"),
            None => unfinished(last_update(run) as u64 + 1, "did not end"),
        };
        table.row([run.name.clone()].into_iter().chain(numbers));
    }
    table
}

fn reached(summary: &Summary) -> [String; 8] {
    let percent = |share: f64| format!("{:.2} %", 100.0 * share);
    let loss = |loss: f64| format!("{loss:.4}");
    let measured =
        |value: Option<f64>, text: fn(f64) -> String| value.map_or_else(|| NONE.to_owned(), text);
    [
        percent(summary.test_accuracy),
        loss(summary.test_loss),
        measured(summary.validation_accuracy, percent),
        measured(summary.validation_loss, loss),
        loss(summary.train_loss),
        summary.updates.to_string(),
        format_duration(Duration::from_secs_f64(summary.seconds)),
        format!("{} ({})", summary.backend, summary.device),
    ]
}

fn unfinished(updates: u64, how: &str) -> [String; 8] {
    let mut cells = [NONE; 8].map(str::to_owned);
    cells[5] = updates.to_string();
    cells[6] = how.to_owned();
    cells
}

/// A figure for each quantity; the training and the validation curve of one run are in one.
fn figures(runs: &[RecordedRun]) -> Vec<Figure> {
    let mut columns: Vec<&str> = Vec::new();
    for curve in runs.iter().flat_map(|run| &run.curves) {
        if !columns.contains(&curve.column.as_str()) {
            columns.push(&curve.column);
        }
    }
    let place = |column: &&str| {
        let known = ORDER.iter().position(|name| *name == quantity(column));
        known.unwrap_or(ORDER.len())
    };
    columns.sort_by_key(place);
    match runs {
        [run] => columns
            .chunk_by(|left, right| quantity(left) == quantity(right))
            .map(|columns| together(run, columns))
            .collect(),
        runs => columns
            .into_iter()
            .map(|column| figure(runs, column))
            .collect(),
    }
}

/// `loss` of `train_loss` and `validation_loss`.
fn quantity(column: &str) -> &str {
    let parts = ["train_", "validation_"];
    let found = parts.iter().find_map(|part| column.strip_prefix(part));
    found.unwrap_or(column)
}

/// Some columns of one run.
fn together(run: &RecordedRun, columns: &[&str]) -> Figure {
    let title = match columns {
        [column] => column,
        columns => quantity(columns[0]),
    };
    let curves = columns.iter().filter_map(|column| run.curve(column));
    let series = curves.map(|curve| Series::new(words(&curve.column), &curve.points));
    over_updates(std::slice::from_ref(run), title, series.collect())
}

/// One column of several runs.
fn figure(runs: &[RecordedRun], column: &str) -> Figure {
    let curves = runs.iter().map(|run| (run, run.curve(column)));
    // A run without it keeps its place, so that its colour is the same in every figure.
    let points = |curve: Option<&Curve>| curve.map_or(Vec::new(), |curve| curve.points.clone());
    let series = curves.map(|(run, curve)| Series::new(run.name.clone(), &points(curve)));
    over_updates(runs, column, series.collect())
}

/// All figures reach over the same updates. Losses and norms span powers of ten; the shape of a learning rate is known
/// from linear pictures.
fn over_updates(runs: &[RecordedRun], name: &str, series: Vec<Series>) -> Figure {
    let figure = Figure::new(capital(&words(name)), "update");
    let figure = series.into_iter().fold(figure, Figure::series);
    let figure = match name {
        "learning_rate" | "momentum" => figure.logarithmic_if_apart(),
        _ => figure.logarithmic_if_wide(),
    };
    figure.reach(0.0, runs.iter().map(last_update).fold(0.0, f64::max))
}

fn last_update(run: &RecordedRun) -> f64 {
    let last = run.curves.iter().filter_map(|curve| curve.points.last());
    last.map(|point| point.x).fold(0.0, f64::max)
}

fn words(column: &str) -> String {
    column.replace('_', " ")
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(characters).collect()
}

/// The keys of all settings, by whether all runs agree on them.
struct Settings {
    differ: Vec<String>,
    same: Vec<String>,
}

impl Settings {
    fn of(runs: &[RecordedRun]) -> Self {
        // By the run that names it first, in its order.
        let mut places = BTreeMap::new();
        for (key, _) in runs.iter().flat_map(|run| &run.settings) {
            let next = places.len();
            places.entry(key.as_str()).or_insert(next);
        }
        let mut keys: Vec<&str> = places.keys().copied().collect();
        keys.sort_by_key(|key| places[key]);
        let value = |run: &RecordedRun, key: &str| run.setting(key).map(str::to_owned);
        let (same, differ) = keys.into_iter().map(str::to_owned).partition(|key| {
            let mut values = runs.iter().map(|run| value(run, key));
            let first = values.next();
            values.all(|value| Some(value) == first)
        });
        Self { differ, same }
    }

    fn table(&self, runs: &[RecordedRun], keys: &[String]) -> Table {
        let head = if runs.len() == 1 {
            vec!["value"]
        } else {
            runs.iter().map(|run| run.name.as_str()).collect()
        };
        let mut table = Table::new(
            [("setting", Side::Left)]
                .into_iter()
                .chain(head.into_iter().map(|name| (name, Side::Left))),
        );
        for key in keys {
            let values = runs
                .iter()
                .map(|run| run.setting(key).unwrap_or(NONE).to_owned());
            table.row([key.clone()].into_iter().chain(values));
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::super::figure::Point;
    use super::*;

    fn run(name: &str, settings: &[(&str, &str)], columns: &[&str]) -> RecordedRun {
        RecordedRun {
            name: name.to_owned(),
            settings: settings
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
            classes: Vec::new(),
            ending: None,
            curves: columns
                .iter()
                .map(|column| Curve {
                    column: (*column).to_owned(),
                    points: vec![Point::new(0.0, 1.0), Point::new(1.0, 0.5)],
                })
                .collect(),
        }
    }

    fn titles(figures: &[Figure]) -> Vec<&str> {
        figures.iter().map(|figure| figure.title.as_str()).collect()
    }

    #[test]
    fn one_run_has_a_figure_for_each_quantity() {
        let columns = [
            "learning_rate",
            "train_loss",
            "validation_loss",
            "other_thing",
            "gain",
        ];
        let one = run("one", &[], &columns);
        let expected = ["Loss", "Learning rate", "Gain", "Other thing"];
        assert_eq!(titles(&figures(std::slice::from_ref(&one))), expected);
        let two = run("two", &[], &["train_loss"]);
        let expected = [
            "Train loss",
            "Validation loss",
            "Learning rate",
            "Gain",
            "Other thing",
        ];
        assert_eq!(titles(&figures(&[two, one])), expected);
    }

    #[test]
    fn only_what_differs_is_compared() {
        let runs = [
            run("a", &[("seed", "1"), ("optimizer.lr", "0.1")], &[]),
            run(
                "b",
                &[
                    ("seed", "1"),
                    ("optimizer.lr", "0.2"),
                    ("schedule.floor", "0.01"),
                ],
                &[],
            ),
        ];
        let settings = Settings::of(&runs);
        assert_eq!(settings.same, ["seed"]);
        let expected = "\
setting         a    b
optimizer.lr    0.1  0.2
schedule.floor  –    0.01";
        assert_eq!(
            settings.table(&runs, &settings.differ).to_string(),
            expected
        );
    }

    #[test]
    fn what_comes_from_a_file_stays_text() {
        let bad = "<script>alert(1)</script>\" onload=\"x";
        let mut wrong = run(bad, &[(bad, bad)], &[bad]);
        wrong.classes = vec![bad.to_owned(), "&amp;".to_owned()];
        let other = run(bad, &[], &[]);
        for runs in [vec![wrong.clone()], vec![wrong, other]] {
            let html = run_report(&runs).html();
            assert!(
                !html.contains("<script>alert") && !html.contains("\" onload"),
                "{html}"
            );
            assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&quot;x"));
            assert!(html.contains("<td>&amp;amp;</td>"), "{html}");
        }
    }

    #[test]
    fn a_report_says_that_it_is_one() {
        assert!(Page::is_ours(&run_report(&[run("a", &[], &[])]).html()));
        assert!(!Page::is_ours(
            "<html><head></head><body>Anneal trainer</body></html>"
        ));
    }
}
