//! The table of failures in the trainer's README, row by row: what a person sees; whole outputs in `snapshots/`.

mod changes;
mod data;
mod disk;
mod learning;
mod process;
mod run_files;
mod scene;

use scene::{Row, Scene};

/// Plays the rows of a section of the table, which has just these, with these exit codes.
fn play(section: &str, rows: &[Row]) -> String {
    let table = table(section);
    let names = |names: &mut dyn Iterator<Item = &str>| names.collect::<Vec<_>>().join("\n");
    assert_eq!(
        names(&mut table.iter().map(|(name, _)| name.as_str())),
        names(&mut rows.iter().map(|(name, _)| *name)),
        "the rows of the README, and those that are played"
    );
    let mut seen = String::new();
    for ((name, codes), (_, row)) in table.iter().zip(rows) {
        let mut scene = Scene::new();
        row(&mut scene);
        let shown = scene.shown();
        for code in codes {
            assert!(
                shown.contains(&format!("[{code}]")),
                "{name}: {code}\n{shown}"
            );
        }
        for error in ["panicked", "internal:"] {
            let expected =
                usize::from(error == "internal:" && name.contains("fault in the program"));
            assert_eq!(shown.matches(error).count(), expected, "{name}\n{shown}");
        }
        seen.push_str(&format!("{name}\n{shown}\n"));
    }
    seen
}

/// Each row's name and ways to end, as the README has them.
fn table(section: &str) -> Vec<(String, Vec<String>)> {
    let readme = include_str!("../crates/trainer/README.md");
    let (_, below) = readme.split_once(&format!("### {section}\n")).unwrap();
    let lines = below.lines().skip_while(|line| !line.starts_with("| ---"));
    let rows = lines.skip(1).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let codes = cells[3].split(" or ").map(|code| match code.parse::<u8>() {
            Ok(code) => format!("exit {code}"),
            Err(_) => "killed".to_owned(),
        });
        (cells[1].to_owned(), codes.collect())
    })
    .collect()
}

#[test]
fn the_process() {
    insta::assert_snapshot!(play("The process", process::ROWS));
}

#[test]
fn the_disk() {
    insta::assert_snapshot!(play("The disk", disk::ROWS));
}

#[test]
fn the_files_of_a_run() {
    insta::assert_snapshot!(play("The files of a run", run_files::ROWS));
}

#[test]
fn the_data() {
    insta::assert_snapshot!(play("The data", data::ROWS));
}

#[test]
fn the_learning_and_the_device() {
    insta::assert_snapshot!(play("The learning and the device", learning::ROWS));
}

#[test]
fn forks_and_changes_on_the_way() {
    insta::assert_snapshot!(play("Forks and changes on the way", changes::ROWS));
}
