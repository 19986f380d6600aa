//! The disk, its folders and its rights.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::scene::{LATE, RESUME, RUN, Row};
use crate::program::{HELD_TO_RIGHTS, read};

/// Files may have 8 KiB.
const SMALL_FILES: &[&str] = &["sh", "-c", "ulimit -f 16; exec \"$0\" \"$@\""];

/// Lets nobody, or only the owner, change what is in `folder`.
fn allow_changes(folder: &Path, allowed: bool) {
    let mode = if allowed { 0o755 } else { 0o555 };
    fs::set_permissions(folder, Permissions::from_mode(mode)).unwrap();
}

pub(super) const ROWS: &[Row] = &[
    ("no directory can be made", |scene| {
        fs::write(scene.at("runs"), "a file").unwrap();
        scene.run(RUN);
    }),
    ("the directory is read-only", |scene| {
        fs::create_dir(scene.at("runs")).unwrap();
        allow_changes(&scene.at("runs"), false);
        scene.under(HELD_TO_RIGHTS, RUN);
        allow_changes(&scene.at("runs"), true);
        scene.with(LATE, RUN);
        allow_changes(&scene.at("runs/a"), false);
        scene.under(HELD_TO_RIGHTS, RESUME);
        allow_changes(&scene.at("runs/a"), true);
        scene.under(HELD_TO_RIGHTS, RESUME);
    }),
    (
        "the disk is full, or fails, while a checkpoint is written",
        |scene| {
            scene.with("save:3:full", RUN);
            scene.run(RESUME);
        },
    ),
    (
        "the disk is full, or fails, while another file is written",
        |scene| {
            scene.with("file:12:full", RUN);
            scene.run(RESUME);
        },
    ),
    ("files may not be so large (`ulimit -f`)", |scene| {
        scene.under(SMALL_FILES, RUN);
        scene.run(RESUME);
    }),
    ("another process trains it", |scene| {
        scene.with(LATE, RUN);
        let lock = File::open(scene.at("runs/a/.lock")).unwrap();
        lock.try_lock().unwrap();
        scene.run(RESUME);
    }),
    ("the path has spaces, or letters of any kind", |scene| {
        scene.with(
            LATE,
            &[&RUN[..3], &["--runs=meine Läufe/日本", "--name=ein Lauf"]].concat(),
        );
        scene.run(&["train", "--resume", "meine Läufe/日本/ein Lauf"]);
    }),
    ("the clock jumps", |scene| {
        scene.with("clock:3:back", RUN);
        let events = read(&scene.at("runs/a"), "events.jsonl");
        let event = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
        let events: Vec<_> = events.lines().map(event).collect();
        let jump =
            |name: &str| events[2][name].as_f64().unwrap() - events[1][name].as_f64().unwrap();
        assert!(
            jump("time") < -80_000.0 && jump("seconds") >= 0.0,
            "{events:?}"
        );
    }),
];
