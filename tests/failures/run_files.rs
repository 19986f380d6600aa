//! What a run has written is damaged, lost, or another's.

use std::fs;

use super::scene::{LATE, RESUME, RUN, Row, Scene};

/// Writes the manifest of every state anew.
fn change_manifests(scene: &Scene, change: fn(&str) -> String) {
    for name in ["last", "previous", "best"] {
        let manifest = scene
            .at("runs/a/checkpoints")
            .join(name)
            .join("manifest.json");
        let text = fs::read_to_string(&manifest).unwrap();
        fs::write(&manifest, change(&text)).unwrap();
    }
}

/// Writes a file of the run anew.
fn change(scene: &Scene, file: &str, change: impl FnOnce(&str) -> String) {
    let path = scene.at("runs/a").join(file);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, change(&text)).unwrap();
}

pub(super) const ROWS: &[Row] = &[
    ("the last checkpoint is torn", |scene| {
        scene.with(LATE, RUN);
        let state = scene.at("runs/a/checkpoints/last/state.safetensors");
        let mut bytes = fs::read(&state).unwrap();
        bytes[100] ^= 1;
        fs::write(&state, bytes).unwrap();
        scene.run(RESUME);
    }),
    ("the last checkpoint is of another run", |scene| {
        scene.run(&["train", "--set=train.length=34", "--name=b", "--seed=2"]);
        scene.with(LATE, RUN);
        let last = |run: &str| scene.at("runs").join(run).join("checkpoints/last");
        fs::remove_dir_all(last("a")).unwrap();
        fs::rename(last("b"), last("a")).unwrap();
        scene.run(RESUME);
    }),
    ("every checkpoint is torn", |scene| {
        scene.with(LATE, RUN);
        change_manifests(scene, |_| String::new());
        scene.run(RESUME);
        scene.run(&["eval", "runs/a"]);
    }),
    ("every checkpoint is of a later version", |scene| {
        scene.with(LATE, RUN);
        change_manifests(scene, |text| text.replace("\"format\": ", "\"format\": 9"));
        scene.run(RESUME);
    }),
    ("there is no checkpoint to measure", |scene| {
        scene.with("save:1:kill", RUN);
        scene.run(&["eval", "runs/a"]);
    }),
    ("there is no run", |scene| {
        scene.run(RESUME);
        scene.run(&["eval", "runs/a"]);
    }),
    ("`settings.toml` was damaged", |scene| {
        scene.with(LATE, RUN);
        change(scene, "settings.toml", |text| {
            text.replace("[data]", "[data")
        });
        scene.run(RESUME);
    }),
    ("`metrics.csv` was cut", |scene| {
        scene.with(LATE, RUN);
        change(scene, "metrics.csv", |_| "update\n0\n".to_owned());
        scene.run(RESUME);
    }),
    ("`data.toml` or `summary.json` was damaged", |scene| {
        scene.run(RUN);
        change(scene, "summary.json", |_| "{".to_owned());
        scene.run(RESUME);
        change(scene, "data.toml", |text| text.replace("mean", "median"));
        scene.run(&["eval", "runs/a"]);
    }),
    (
        "weights to begin with are damaged, or another model's",
        |scene| {
            scene.run(RUN);
            scene.run(&["export", "runs/a", "--output", "a.safetensors"]);
            scene.run(&[
                "train",
                "--set=model.init=a.safetensors",
                "--set=model.hidden=[5]",
            ]);
            let bytes = fs::read(scene.at("a.safetensors")).unwrap();
            fs::write(scene.at("a.safetensors"), &bytes[..bytes.len() - 1]).unwrap();
            scene.run(&["train", "--set=model.init=a.safetensors"]);
        },
    ),
];
