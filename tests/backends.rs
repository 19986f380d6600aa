//! The same learning on every backend, a GPU among them.

use std::path::Path;

use tempfile::tempdir;

use crate::program::{column, succeed, summary, text, trainer};

/// How far the training loss of two backends may be apart over the first 20 updates of the digits MLP.
const APART: f64 = 1e-4;

/// A network whose evaluation depends on running statistics, and whose training draws masks.
const CONVNET: &[&str] = &[
    "--model",
    "convnet",
    "--set",
    "model.widths=[4,8]",
    "--set",
    "model.dropout=0.25",
];

/// The default run, shortened to 20 updates and one measurement, with `more` arguments.
fn twenty_updates(folder: &Path, backend: &str, more: &[&str]) -> Vec<f64> {
    let length = ["train", "--set", "train.length=20"];
    let place = ["--backend", backend, "--name", backend];
    let output = trainer(folder, &[&length[..], &place[..], more].concat())
        .env("CUBECL_AUTOTUNE_LEVEL", "minimal")
        .env("XDG_CACHE_HOME", folder)
        .output()
        .unwrap();
    let said = text(&output.stderr);
    assert!(
        output.status.success(),
        "{backend}: {}\n{said}",
        output.status
    );
    if backend == "wgpu" {
        assert!(
            said.contains("compiling and tuning kernels (once)"),
            "{said}"
        );
    }
    let losses = column(folder, &format!("runs/{backend}"), "train_loss");
    assert_eq!(losses.len(), 20);
    losses
}

fn assert_agree(ours: &[f64], theirs: &[f64], backend: &str) {
    for (update, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        let apart = (ours - theirs).abs();
        assert!(
            apart <= APART,
            "{backend}, update {update}: {ours} and {theirs}, {apart:e} apart"
        );
    }
}

#[test]
fn cpu_backends_agree() {
    let folder = tempdir().unwrap();
    let flex = twenty_updates(folder.path(), "flex", &[]);
    let ndarray = twenty_updates(folder.path(), "ndarray", &[]);
    assert_agree(&flex, &ndarray, "ndarray");
}

#[test]
fn cpu_backends_agree_on_batch_norm_and_dropout() {
    assert_agree_on_a_convnet("ndarray");
}

fn assert_agree_on_a_convnet(backend: &str) {
    let folder = tempdir().unwrap();
    let flex = twenty_updates(folder.path(), "flex", CONVNET);
    let theirs = twenty_updates(folder.path(), backend, CONVNET);
    assert_agree(&flex, &theirs, backend);
    let test_loss = |run: &str| {
        let summary = summary(folder.path(), run);
        summary["test_loss"].as_f64().unwrap()
    };
    let losses = [
        test_loss("runs/flex"),
        test_loss(&format!("runs/{backend}")),
    ];
    assert_agree(&losses[..1], &losses[1..], backend);
}

#[test]
fn auto_measures_and_records_what_it_chose() {
    let folder = tempdir().unwrap();
    let arguments = ["train", "--epochs", "1", "--backend", "auto", "--name", "a"];
    let output = trainer(folder.path(), &arguments).output().unwrap();
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    let rate = |backend: &str| -> f64 {
        let line = said
            .lines()
            .find(|line| line.contains(backend) && line.contains("updates/s"));
        let words = line.unwrap_or_else(|| panic!("{backend} was not measured: {said}"));
        words.split_whitespace().nth(2).unwrap().parse().unwrap()
    };
    let faster = if rate(" flex ") >= rate(" ndarray ") {
        "flex"
    } else {
        "ndarray"
    };
    assert_eq!(
        summary(folder.path(), "runs/a")["backend"],
        faster,
        "{said}"
    );
    let settings = crate::program::read(folder.path(), "runs/a/settings.toml");
    assert!(
        settings.contains(&format!("backend = \"{faster}\"")),
        "{settings}"
    );
}

/// The one test that starts a GPU: each process pays for compiling and tuning its kernels.
#[test]
fn the_gpu_agrees_with_the_cpu() {
    let folder = tempdir().unwrap();
    let listed = succeed(folder.path(), &["devices", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    if listed["adapters"].as_array().unwrap().is_empty() {
        let required = std::env::var_os("ANNEAL_REQUIRE_GPU").is_some();
        assert!(
            !required,
            "no GPU, not even a software one, and there must be one here"
        );
        eprintln!("skipped: no GPU");
        return;
    }
    let flex = twenty_updates(folder.path(), "flex", &[]);
    let wgpu = twenty_updates(folder.path(), "wgpu", &[]);
    assert_agree(&flex, &wgpu, "wgpu");
    let gpu = summary(folder.path(), "runs/wgpu");
    let cpu = summary(folder.path(), "runs/flex");
    assert_eq!(gpu["backend"], "wgpu");
    assert!(gpu["seconds_to_first_update"].as_f64().unwrap() > 0.0);
    assert_agree_on_a_convnet("wgpu");
    let accuracy = |summary: &serde_json::Value| summary["test_accuracy"].as_f64().unwrap();
    assert!(
        (accuracy(&gpu) - accuracy(&cpu)).abs() <= 0.01,
        "{gpu}\n{cpu}"
    );
}

/// A loader that finds no Vulkan and no OpenGL driver is what a machine without a GPU looks like.
#[cfg(target_os = "linux")]
const NO_DRIVER: [(&str, &str); 4] = [
    ("VK_DRIVER_FILES", "/nonexistent.json"),
    ("VK_ICD_FILENAMES", "/nonexistent.json"),
    ("VK_LOADER_DRIVERS_DISABLE", "*"),
    ("__EGL_VENDOR_LIBRARY_FILENAMES", "/nonexistent.json"),
];

#[cfg(target_os = "linux")]
#[test]
fn without_a_gpu_wgpu_says_so_and_the_cpu_does_not_mind() {
    let folder = tempdir().unwrap();
    let run = |backend: &str| {
        let arguments = ["train", "--epochs", "1", "--backend", backend];
        trainer(folder.path(), &arguments)
            .envs(NO_DRIVER)
            .output()
            .unwrap()
    };
    let gpu = run("wgpu");
    let said = text(&gpu.stderr);
    assert_eq!(gpu.status.code(), Some(4), "{said}");
    let errors: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("error:"))
        .collect();
    assert_eq!(errors.len(), 1, "{said}");
    assert!(errors[0].contains("no GPU found"), "{said}");
    assert!(
        said.contains("hint: ") && said.contains("--backend flex"),
        "{said}"
    );

    for backend in ["flex", "ndarray"] {
        let cpu = run(backend);
        assert!(cpu.status.success(), "{}", text(&cpu.stderr));
    }
}

/// A CPU run must not as much as load a graphics driver.
#[cfg(target_os = "linux")]
#[test]
fn a_cpu_run_never_touches_a_gpu() {
    let folder = tempdir().unwrap();
    for backend in ["flex", "ndarray"] {
        let output = trainer(
            folder.path(),
            &["train", "--epochs", "1", "--backend", backend],
        )
        .env("LD_DEBUG", "files")
        .output()
        .unwrap();
        let loaded = text(&output.stderr);
        assert!(loaded.contains("libc.so"), "the loader says nothing here");
        for library in ["libvulkan", "libEGL", "libGL", "libcuda"] {
            assert!(!loaded.contains(library), "{backend} loaded {library}");
        }
    }
}
