//! A new run is to begin where another one was, or a run is to be changed on its way, and that cannot be.

use super::scene::{RUN, Row, signal};

/// A run that is long enough to be changed, and says little.
const LONG: &[&str] = &[
    "train",
    "--set=train.length=1000000",
    "--set=train.evaluate_every=1000",
    "--name=a",
];
const HALVE: &[&str] = &["adjust", "runs/a", "--scale-lr=0.5"];

pub(super) const ROWS: &[Row] = &[
    ("forked from a state that is not kept", |scene| {
        scene.run(RUN);
        scene.run(&["train", "--fork=runs/a@17", "--name=b"]);
    }),
    ("forked, and nothing is left to train", |scene| {
        scene.run(RUN);
        scene.run(&["train", "--fork=runs/a", "--name=b"]);
    }),
    ("forked with a model that the state is not of", |scene| {
        scene.run(RUN);
        let other = "--set=model.hidden=[8]";
        scene.run(&["train", "--fork=runs/a@30", "--name=b", other]);
    }),
    (
        "adjusted while it is not running, or in a way that it cannot be",
        |scene| {
            let mut run = scene.begin(LONG);
            scene.wait_for(&mut run, 20);
            scene.run(&["adjust", "runs/a", "--length=1"]);
            signal(&run, "-INT");
            scene.end(LONG, run);
            scene.run(HALVE);
        },
    ),
    (
        "adjusted while an earlier change waits, or just before it ends",
        |scene| {
            let mut run = scene.begin(LONG);
            scene.wait_for(&mut run, 20);
            signal(&run, "-STOP");
            let mut first = scene.begin(HALVE);
            scene.wait_for_file(&mut first, "runs/a/adjust.toml");
            scene.run(&["adjust", "runs/a", "--length=2000"]);
            signal(&run, "-KILL");
            scene.end(LONG, run);
            scene.end(HALVE, first);
        },
    ),
];
