//! The process that trains comes to an end.

use super::scene::{LATE, RESUME, RUN, Row};

/// A run that is long enough to be stopped.
const LONG: &[&str] = &["train", "--set=train.length=1000000", "--name=a"];

pub(super) const ROWS: &[Row] = &[
    ("killed, or out of power", |scene| {
        scene.with(LATE, RUN);
        scene.run(RESUME);
    }),
    ("killed before the first checkpoint", |scene| {
        scene.with("save:1:kill", RUN);
        scene.run(RESUME);
    }),
    ("killed before it was a run", |scene| {
        scene.with("file:3:kill", RUN);
        scene.run(RESUME);
        scene.run(RUN);
    }),
    ("Ctrl-C, SIGTERM, a closed terminal", |scene| {
        scene.signalled("", LONG, 20, &["-INT"]);
    }),
    ("a second one, also when the disk hangs", |scene| {
        scene.signalled("save:1:hang", RUN, 10, &["-INT", "-TERM"]);
        scene.run(RESUME);
    }),
    ("resumed when it is finished", |scene| {
        scene.run(RUN);
        scene.run(RESUME);
    }),
    ("resumed with another setting", |scene| {
        scene.with(LATE, RUN);
        scene.run(&[RESUME, &["--lr=0.5"]].concat());
    }),
    ("a setting that is unknown, or not allowed", |scene| {
        scene.run(&["train", "--set=optimizer.rate=0.1"]);
        scene.run(&["train", "--batch-size=0"]);
    }),
    ("a fault in the program", |scene| {
        scene.with("read:15:bug", RUN);
        scene.run(RESUME);
    }),
];
