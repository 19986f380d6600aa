//! The model does not learn, or what it is computed on fails.

use super::scene::{RESUME, RUN, Row};

/// The process may have 3 GB.
const LITTLE_MEMORY: &[&str] = &["sh", "-c", "ulimit -v 3000000; exec \"$0\" \"$@\""];

/// A learning rate at which nothing stays finite.
const HOPELESS: &[&str] = &["--optimizer=sgd", "--lr=1e18"];

pub(super) const ROWS: &[Row] = &[
    (
        "the loss is not finite, has run away, or the model has collapsed",
        |scene| {
            scene.run(&[RUN, HOPELESS].concat());
        },
    ),
    (
        "the same with `train.on_divergence = \"recover\"`",
        |scene| {
            let recover = [
                "--set=train.on_divergence=recover",
                "--set=train.recover_most=2",
            ];
            scene.run(&[RUN, HOPELESS, &recover].concat());
            let halves = [
                "--set=train.on_divergence=recover",
                "--set=train.recover_factor=1e-20",
                "--name=b",
            ];
            scene.run(&[&RUN[..3], HOPELESS, &halves].concat());
        },
    ),
    ("the device is lost", |scene| {
        scene.with("read:15:lost", RUN);
        scene.run(RESUME);
    }),
    ("the device is out of memory", |scene| {
        scene.with("read:15:memory", RUN);
        scene.run(RESUME);
    }),
    ("the model is larger than the machine's memory", |scene| {
        let wide = [RUN, &["--set=model.hidden=[60000,60000]"]].concat();
        scene.under(LITTLE_MEMORY, &wide);
    }),
    ("the machine is out of memory", |scene| {
        // Its weights are there twice, and not five times, with their gradient and what AdamW keeps.
        let wide = [RUN, &["--set=model.hidden=[12000,12000]"]].concat();
        scene.under(LITTLE_MEMORY, &wide);
    }),
    ("there is no such device", |scene| {
        scene.run(&["train", "--backend=rocm"]);
    }),
];
