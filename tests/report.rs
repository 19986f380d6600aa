//! `trainer report`: one page that tells what runs did, opened in a browser.

use std::fs;
use std::path::Path;

use image::{Rgb, RgbImage};
use serde_json::Value;
use tempfile::tempdir;

use crate::browser::Browser;
use crate::program::{read, succeed, text, trainer, transcript};

/// Names that would do something if they were not text.
const NAMES: [&str; 2] = [
    "<script>document.title=0",
    "<img src=x onerror=document.title=1>",
];

/// Trains on pictures whose classes have these names, with a loss that is measured often.
fn train_pictures(folder: &Path) {
    for (class, name) in NAMES.iter().enumerate() {
        fs::create_dir_all(folder.join("pictures").join(name)).unwrap();
        for number in 0..20 {
            let shade =
                |x: u32, y: u32| (100 * class as u32 + (7 * x + 5 * y + 11 * number) % 60) as u8;
            let picture = RgbImage::from_fn(8, 8, |x, y| Rgb([shade(x, y), shade(y, x), 9]));
            let file = folder
                .join("pictures")
                .join(name)
                .join(format!("{number}.png"));
            picture.save(file).unwrap();
        }
    }
    let arguments = [
        "train",
        "--data",
        "pictures",
        "--model",
        "mlp",
        "--batch-size",
        "4",
        "--epochs",
        "5",
        "--name",
        "pictures",
    ];
    let mut command = trainer(folder, &arguments);
    command.env("XDG_CACHE_HOME", folder.join("cache"));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}

/// The cells of `metrics.csv` as they are written: (header, rows).
fn cells(folder: &Path, run: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let metrics = read(folder, &format!("{run}/metrics.csv"));
    let mut rows = metrics
        .lines()
        .map(|line| line.split(',').map(str::to_owned).collect());
    (rows.next().unwrap(), rows.collect())
}

/// The report is whole, quiet and harmless, and shows the numbers that were recorded.
#[test]
fn a_browser_shows_what_was_recorded() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let folder = tempdir().unwrap();
    let folder = folder.path();
    train_pictures(folder);
    succeed(folder, &["report", "runs/pictures"]);
    let page = folder
        .join("runs/pictures/report.html")
        .canonicalize()
        .unwrap();
    browser.open(&page);

    // The values at the pointer are those of the file, in every figure, on either axis.
    let (header, rows) = cells(folder, "runs/pictures");
    let figures = browser
        .value("document.querySelectorAll('figure').length")
        .as_u64()
        .unwrap();
    assert!(figures >= 3);
    let mut compared = 0;
    for figure in 0..figures {
        for switch in ["", ".click()"] {
            browser.value(&format!(
                "document.querySelectorAll('figure')[{figure}].querySelector('.logarithmic-switch')?{}; 0",
                if switch.is_empty() { ".checked" } else { switch }
            ));
            for share in [0.15, 0.4, 0.77, 0.98] {
                compared += compare(&mut browser, figure, share, &header, &rows);
            }
        }
    }
    assert!(compared >= 24, "{compared}");

    // Nor can the arrow keys leave the curve.
    browser.value("document.querySelector('.plot').focus()");
    let shown = "document.querySelector('.values div').textContent";
    for (key, update) in [
        ("End", rows.len() - 1),
        ("ArrowRight", rows.len() - 1),
        ("ArrowLeft", rows.len() - 2),
        ("Home", 0),
    ] {
        browser.press(key);
        assert_eq!(browser.value(shown), format!("update {update}"), "{key}");
    }

    let url = format!("file://{}", page.display());
    assert!(
        browser.requests().iter().all(|request| *request == url),
        "{:?}",
        browser.requests()
    );
    assert_eq!(browser.complaints(), [""; 0]);
    assert_eq!(browser.value("document.title"), "pictures");
    let classes = browser.value("document.querySelector('details:last-of-type').textContent");
    assert!(
        NAMES
            .iter()
            .all(|name| classes.as_str().unwrap().contains(name)),
        "{classes}"
    );
}

/// Points at a share of a figure's width, and compares each value that is shown with its cell; how many were.
fn compare(
    browser: &mut Browser,
    figure: u64,
    share: f64,
    header: &[String],
    rows: &[Vec<String>],
) -> usize {
    let place = format!(
        "(() => {{
            const plot = document.querySelectorAll('figure')[{figure}].querySelector('.plot');
            plot.scrollIntoView();
            const box = plot.getBoundingClientRect();
            return [box.left + {share} * box.width, box.top + box.height / 2];
        }})()"
    );
    let place = browser.value(&place);
    browser.point_at(place[0].as_f64().unwrap(), place[1].as_f64().unwrap());
    let shown = browser.value(&format!(
        "[...document.querySelectorAll('figure')[{figure}].querySelectorAll('.values:not([hidden]) div')].map((line) => line.textContent)"
    ));
    let shown: Vec<&str> = shown
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line.as_str().unwrap())
        .collect();
    let update = shown[0].strip_prefix("update ").unwrap();
    for line in &shown[1..] {
        // ` train loss 0.123` or ` validation loss 0.123 at 39`
        let words: Vec<&str> = line.split_whitespace().collect();
        let (words, update) = match words.as_slice() {
            [words @ .., "at", update] => (words, *update),
            words => (words, update),
        };
        let (value, name) = words.split_last().unwrap();
        let column = header
            .iter()
            .position(|head| *head == name.join("_"))
            .unwrap();
        let row: usize = update.parse().unwrap();
        assert_eq!(*value, rows[row][column], "{line}");
    }
    shown.len() - 1
}

/// Light, dark and narrow: nothing hangs over the edge. The pictures are for a person to look at.
#[test]
fn a_page_fits_where_it_is_shown() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let folder = tempdir().unwrap();
    let folder = folder.path();
    for (name, rate) in [("low", "0.0001"), ("right", "0.05"), ("high", "3")] {
        let arguments = [
            "train",
            "--optimizer",
            "sgd",
            "--epochs",
            "8",
            "--lr",
            rate,
            "--name",
            name,
        ];
        let _ = trainer(folder, &arguments).output().unwrap();
    }
    succeed(folder, &["report", "runs/low", "runs/right", "runs/high"]);
    browser.open(&folder.join("report.html").canonicalize().unwrap());
    let ground = "getComputedStyle(document.body).backgroundColor";
    let mut grounds = Vec::new();
    for (name, width, scheme) in [
        ("light", 1280, "light"),
        ("dark", 1280, "dark"),
        ("narrow", 360, "light"),
    ] {
        browser.look(width, scheme);
        let wide = browser.value("document.documentElement.scrollWidth");
        assert!(wide.as_u64().unwrap() <= width, "{name}: {wide}");
        browser
            .photograph(&Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("report-{name}.png")));
        grounds.push(browser.value(ground));
    }
    assert_eq!(
        grounds,
        [
            "rgb(255, 255, 255)",
            "rgb(20, 24, 27)",
            "rgb(255, 255, 255)"
        ]
    );
    browser.print(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("report.pdf"));
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn only_a_report_is_replaced() {
    let folder = tempdir().unwrap();
    let folder = folder.path();
    succeed(folder, &["train", "--epochs", "1", "--name", "a"]);
    succeed(folder, &["report", "runs/a"]);
    let printed = succeed(folder, &["report", "runs/a", "--json"]);
    let printed: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(printed["file"], "runs/a/report.html");

    fs::write(folder.join("mine.html"), "<title>mine</title>").unwrap();
    let refused = transcript(folder, &["report", "runs/a", "--output", "mine.html"]);
    insta::assert_snapshot!(refused);
    assert_eq!(read(folder, "mine.html"), "<title>mine</title>");
}

#[test]
fn a_picture_of_columns_is_a_file_of_its_own() {
    let folder = tempdir().unwrap();
    let folder = folder.path();
    succeed(folder, &["train", "--epochs", "2", "--name", "a"]);
    succeed(folder, &["train", "--epochs", "2", "--name", "b"]);
    succeed(
        folder,
        &["report", "runs/a", "runs/b", "--svg", "picture.svg"],
    );
    let picture = read(folder, "picture.svg");
    assert!(picture.starts_with("<svg xmlns=") && picture.ends_with("</svg>\n"));
    assert_eq!(
        picture.matches("class=\"line\"").count(),
        2 + 2 * 2,
        "a legend, and two figures of two curves"
    );
    let refused = transcript(
        folder,
        &["report", "runs/a", "--svg", "new.svg", "--columns", "loss"],
    );
    insta::assert_snapshot!(refused);
}

/// A loss that was lost is told, and the page is still there.
#[test]
fn a_run_that_diverged_has_a_report() {
    let folder = tempdir().unwrap();
    let folder = folder.path();
    let arguments = [
        "train",
        "--optimizer",
        "sgd",
        "--lr",
        "1e6",
        "--name",
        "lost",
    ];
    assert_eq!(
        trainer(folder, &arguments).output().unwrap().status.code(),
        Some(5)
    );
    succeed(folder, &["report", "runs/lost"]);
    let page = read(folder, "runs/lost/report.html");
    assert!(
        page.contains("train loss is not finite at update"),
        "{page}"
    );
}
