//! Weights in and out under PyTorch's names, and training from them: `--init`, `export`, `--freeze`, layer-wise rates.

use std::fs;
use std::path::Path;
use std::process::Command;

use burn::tensor::{DType, Device, Tensor, TensorData};
use models::StateDict;
use serde_json::Value;
use tempfile::tempdir;
use trainer::config::{Layer, resolve};
use trainer::data::load;
use trainer::engine::{read_weights, start_model, weights_to_bytes};

use crate::program::{read, reference_folder, succeed, summary, transcript};

/// The networks whose recorded weights are compared, as the recordings name them.
const KINDS: [&str; 5] = ["mlp", "lenet5", "cnn", "convnet", "resnet"];

/// One update that moves nothing: what a run with it reports and saves is what it started from.
const STILL: [&str; 9] = [
    "train",
    "--optimizer",
    "sgd",
    "--set",
    "optimizer.groups=[{path=\"\",multiplier=0.0}]",
    "--schedule",
    "constant",
    "--set",
    "train.length=1",
];

/// Trains a small MLP for an epoch, exports it, and returns its weights.
fn trained(folder: &Path) -> StateDict {
    let small = ["train", "--set", "model.hidden=[16, 8]", "--epochs", "1"];
    succeed(folder, &[&small[..], &["--name", "a"]].concat());
    export(folder, "a")
}

fn export(folder: &Path, name: &str) -> StateDict {
    let run = format!("runs/{name}");
    succeed(folder, &["export", &run]);
    read_weights(&folder.join(run).join("model.safetensors")).unwrap()
}

/// The arguments that start from the weights of [`trained`], whose sizes they name.
fn from_trained<'a>(name: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let sizes = ["--set", "model.hidden=[16, 8]", "--name", name];
    let init = ["--init", "runs/a/model.safetensors"];
    [&sizes[..], &init[..], more].concat()
}

fn write(folder: &Path, name: &str, weights: &StateDict) {
    let bytes = weights_to_bytes(weights, "by hand".to_owned()).unwrap();
    fs::write(folder.join(name), bytes).unwrap();
}

/// An MNIST of a few images, each a ramp.
fn write_mnist(folder: &Path) {
    for (part, count) in [("train", 64_u32), ("t10k", 16)] {
        let pixels: Vec<u8> = (0..count * 784).map(|index| (index % 251) as u8).collect();
        let labels: Vec<u8> = (0..count).map(|index| (index % 10) as u8).collect();
        let head = |magic: u32, sizes: &[u32]| -> Vec<u8> {
            let numbers = [&[magic], sizes].concat();
            numbers.into_iter().flat_map(u32::to_be_bytes).collect()
        };
        let images = [head(0x803, &[count, 28, 28]), pixels].concat();
        let labels = [head(0x801, &[count]), labels].concat();
        fs::write(folder.join(format!("{part}-images-idx3-ubyte")), images).unwrap();
        fs::write(folder.join(format!("{part}-labels-idx1-ubyte")), labels).unwrap();
    }
}

#[test]
fn a_run_starts_from_what_another_exported() {
    let folder = tempdir().unwrap();
    let first = trained(folder.path());
    let again = [&STILL[..], &from_trained("b", &[])].concat();
    succeed(folder.path(), &again);
    assert_eq!(export(folder.path(), "b"), first);

    // The same bits, so the same loss: not only close to it.
    let test_loss =
        |name: &str| summary(folder.path(), &format!("runs/{name}"))["test_loss"].clone();
    assert_eq!(test_loss("b"), test_loss("a"));

    // From other folders too, since the settings name the file as it is called from anywhere.
    let settings = read(folder.path(), "runs/b/settings.toml");
    fs::create_dir(folder.path().join("elsewhere")).unwrap();
    fs::write(folder.path().join("elsewhere/again.toml"), settings).unwrap();
    let elsewhere = folder.path().join("elsewhere");
    succeed(&elsewhere, &["train", "again.toml", "--name", "c"]);
    assert_eq!(export(&elsewhere, "c"), first);
}

#[test]
fn every_float_type_is_read() {
    let folder = tempdir().unwrap();
    let first = trained(folder.path());
    for (name, dtype) in [
        ("F64", DType::F64),
        ("F16", DType::F16),
        ("BF16", DType::BF16),
    ] {
        let cast = |dtype| {
            move |(name, data): (&str, &TensorData)| {
                (name.to_owned(), data.clone().convert_dtype(dtype))
            }
        };
        let there: StateDict = first.iter().map(cast(dtype)).collect();
        write(folder.path(), "other.safetensors", &there);
        let sizes = ["--set", "model.hidden=[16, 8]", "--name", name];
        let init = ["--init", "other.safetensors"];
        succeed(folder.path(), &[&STILL[..], &sizes, &init].concat());
        let and_back: StateDict = there.iter().map(cast(DType::F32)).collect();
        assert_eq!(export(folder.path(), name), and_back, "{name}");
    }
}

/// Recorded weights go in and come out, so names, shapes and layout are those of PyTorch.
#[test]
fn recorded_weights_come_out_as_they_went_in() {
    let Some(recordings) = reference_folder("RUNS_DIR") else {
        return;
    };
    let folder = tempdir().unwrap();
    write_mnist(folder.path());
    let mut compared = 0;
    for entry in fs::read_dir(recordings).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap();
        let recorded: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let run = &recorded["run"];
        let kind = run["model"].as_str().unwrap();
        if !KINDS.contains(&kind) {
            continue;
        }
        let file = path.with_extension("safetensors");
        let mut arguments: Vec<String> = STILL.map(str::to_owned).to_vec();
        arguments.extend(["--name", name, "--model", kind, "--init"].map(str::to_owned));
        arguments.push(file.to_str().unwrap().to_owned());
        if run["data"] == "mnist" {
            arguments.extend(["--data", ".", "--batch-size", "16"].map(str::to_owned));
        }
        let sizes = run["model_args"].as_object().into_iter().flatten();
        for (key, size) in sizes {
            arguments.extend(["--set".to_owned(), format!("model.{key}={size}")]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        succeed(folder.path(), &arguments);
        let (ours, theirs) = (export(folder.path(), name), read_weights(&file).unwrap());
        assert!(ours.len() == theirs.len(), "{name}: {ours:?}");
        for (tensor, theirs) in theirs.iter() {
            let ours = ours
                .get(tensor)
                .unwrap_or_else(|| panic!("{name}: {tensor}"));
            assert_eq!(ours.shape(), theirs.shape(), "{name}: {tensor}");
            // The one update has moved batch norm's statistics.
            if tensor.ends_with("num_batches_tracked") {
                let count = |data: &TensorData| data.iter::<i64>().next().unwrap();
                assert_eq!(count(ours), count(theirs) + 1, "{name}: {tensor}");
            } else if !tensor.contains("running_") {
                assert_eq!(ours, theirs, "{name}: {tensor}");
            }
        }
        compared += 1;
    }
    assert!(compared > 0, "no recording");
}

#[test]
fn an_exported_file_is_never_overwritten() {
    let folder = tempdir().unwrap();
    trained(folder.path());
    let mut seen = String::new();
    for arguments in [
        &["export", "runs/a", "--output", "new.safetensors"][..],
        &["export", "runs/a", "--output", "new.safetensors"],
        &["export", "runs/a", "--output", "theirs.txt"],
        &["export", "runs/a", "--output", "absent/new.safetensors"],
        &["export", "runs/absent"],
    ] {
        fs::write(folder.path().join("theirs.txt"), "precious").unwrap();
        seen.push_str(&transcript(folder.path(), arguments));
    }
    insta::assert_snapshot!(seen);
    assert_eq!(read(folder.path(), "theirs.txt"), "precious");
    let mut names: Vec<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["new.safetensors", "runs", "theirs.txt"]);
    let bytes = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert_eq!(bytes("new.safetensors"), bytes("runs/a/model.safetensors"));
}

#[test]
fn weights_that_do_not_fit_are_named() {
    let folder = tempdir().unwrap();
    let first = trained(folder.path());
    let whole = fs::read(folder.path().join("runs/a/model.safetensors")).unwrap();
    let file = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    file("empty.safetensors", b"");
    file("cut_in_header.safetensors", &whole[..100]);
    file("cut.safetensors", &whole[..whole.len() - 1]);
    let mut flipped = whole.clone();
    flipped[9] ^= 4;
    file("flipped.safetensors", &flipped);
    // A header of 2^56 bytes, and a tensor of 2^62.
    let mut long = whole.clone();
    long[7] = 1;
    file("long_header.safetensors", &long);
    let huge = br#"{"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,8]}}"#;
    let length = (huge.len() as u64).to_le_bytes();
    file("huge.safetensors", &[&length[..], huge, &[0; 8]].concat());
    let small = br#"{"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}"#;
    let length = (small.len() as u64).to_le_bytes();
    file(
        "eighth.safetensors",
        &[&length[..], small, &[0; 8]].concat(),
    );
    file(
        "torch.safetensors",
        b"PK\x03\x04 a file of torch.save begins like this one",
    );
    fs::create_dir(folder.path().join("folder.safetensors")).unwrap();

    let mut other = first.clone();
    other.remove("layers.0.bias").unwrap();
    other.insert("head.weight", TensorData::zeros::<f32, _>([10, 9]));
    other.insert("layers.1.bias", TensorData::zeros::<i64, _>([8]));
    other.insert("layers.2.bias", TensorData::zeros::<f32, _>([8]));
    write(folder.path(), "other.safetensors", &other);
    write(folder.path(), "seven.safetensors", &with_classes(&first, 7));

    let mut seen = String::new();
    for name in [
        "absent",
        "folder",
        "empty",
        "cut_in_header",
        "cut",
        "flipped",
        "long_header",
        "huge",
        "eighth",
        "torch",
        "other",
        "seven",
    ] {
        let name = format!("{name}.safetensors");
        let sizes = ["--set", "model.hidden=[16, 8]", "--name", "b"];
        let arguments = [&["train"][..], &sizes, &["--init", &name]].concat();
        let shown = transcript(folder.path(), &arguments);
        assert!(shown.contains("[exit 6]"), "{shown}");
        assert_eq!(shown.matches("error:").count(), 1, "{shown}");
        assert!(!folder.path().join("runs/b").exists(), "{name} left a run");
        seen.push_str(&shown);
    }
    insta::assert_snapshot!(seen);
}

/// The same weights with a head for another number of classes.
fn with_classes(weights: &StateDict, classes: usize) -> StateDict {
    let mut weights = weights.clone();
    let inputs = weights.get("head.weight").unwrap().shape().to_vec()[1];
    weights.insert(
        "head.weight",
        TensorData::zeros::<f32, _>([classes, inputs]),
    );
    weights.insert("head.bias", TensorData::zeros::<f32, _>([classes]));
    weights
}

#[test]
fn a_new_head_takes_the_place_of_one_for_other_classes() {
    let folder = tempdir().unwrap();
    let first = trained(folder.path());
    write(folder.path(), "seven.safetensors", &with_classes(&first, 7));
    let sizes = ["--set", "model.hidden=[16, 8]", "--seed", "3"];
    let drawn = [&STILL[..], &sizes, &["--name", "drawn"]].concat();
    succeed(folder.path(), &drawn);
    let new_head = ["--init", "seven.safetensors", "--set", "model.head=new"];
    let tuned = [&STILL[..], &sizes, &new_head, &["--name", "tuned"]].concat();
    let shown = transcript(folder.path(), &tuned);
    let said = "seven.safetensors; the head is new, for 10 classes instead of 7";
    assert!(
        shown.contains(said) && shown.contains("[exit 0]"),
        "{shown}"
    );

    let (drawn, tuned) = (
        export(folder.path(), "drawn"),
        export(folder.path(), "tuned"),
    );
    for (name, data) in tuned.iter() {
        let source = if name.starts_with("head.") {
            &drawn
        } else {
            &first
        };
        assert_eq!(Some(data), source.get(name), "{name}");
    }
}

#[test]
fn frozen_parameters_stay_bit_for_bit() {
    let folder = tempdir().unwrap();
    let first = trained(folder.path());
    // AdamW decays weights by itself, and must leave frozen ones alone; so must a run from the saved settings.
    let freeze = ["--freeze", "layers.0", "--freeze", "head.bias"];
    let tuned = [&["train", "--epochs", "1"][..], &from_trained("b", &freeze)].concat();
    let shown = transcript(folder.path(), &tuned);
    let said = "1050 of 1266 parameters: layers.0, head.bias";
    assert!(
        shown.contains(said) && shown.contains("[exit 0]"),
        "{shown}"
    );
    succeed(
        folder.path(),
        &["train", "runs/b/settings.toml", "--name", "c"],
    );
    for run in ["b", "c"] {
        for (name, data) in export(folder.path(), run).iter() {
            let frozen = name.starts_with("layers.0") || name == "head.bias";
            assert_eq!(Some(data) == first.get(name), frozen, "{run}: {name}");
        }
    }
    let metrics = |run: &str| read(folder.path(), &format!("runs/{run}/metrics.csv"));
    assert_eq!(metrics("b"), metrics("c"));
}

#[test]
fn each_layer_moves_at_its_own_rate() {
    let folder = tempdir().unwrap();
    let first = trained(folder.path());
    let once = [
        "train",
        "--optimizer",
        "sgd",
        "--set",
        "optimizer.momentum=0",
        "--schedule",
        "constant",
        "--set",
        "train.length=1",
        "--lr",
        "0.5",
    ];
    let moved = |run: &str, more: &[&str]| -> Vec<(String, f64)> {
        succeed(
            folder.path(),
            &[&once[..], &from_trained(run, more)].concat(),
        );
        let after = export(folder.path(), run);
        let distance = |name: &str| -> f64 {
            let (before, after) = (first.get(name).unwrap(), after.get(name).unwrap());
            let pairs = before.iter::<f64>().zip(after.iter::<f64>());
            pairs.map(|(before, after)| (after - before).powi(2)).sum()
        };
        let names = first.names();
        names
            .map(|name| (name.to_owned(), distance(name).sqrt()))
            .collect()
    };
    let plain = moved("plain", &[]);
    let decay = ["--set", "optimizer.layer_decay=0.25"];
    let decayed = moved("decayed", &decay);
    let group = [
        "--set",
        "optimizer.groups=[{ path = \"layers.1.bias\", multiplier = 3 }]",
    ];
    let grouped = moved("grouped", &[&decay[..], &group[..]].concat());
    for (((name, plain), (_, decayed)), (_, grouped)) in plain.iter().zip(&decayed).zip(&grouped) {
        let multiplier = match &name[..] {
            "head.weight" | "head.bias" => 1.0,
            "layers.1.weight" | "layers.1.bias" => 0.25,
            _ => 0.0625,
        };
        let ratio = decayed / plain;
        assert!(
            (ratio - multiplier).abs() <= 1e-3 * multiplier,
            "{name}: {ratio}"
        );
        // A group says what its own multiplier is.
        let multiplier = if name == "layers.1.bias" {
            3.0
        } else {
            multiplier
        };
        let ratio = grouped / plain;
        assert!(
            (ratio - multiplier).abs() <= 1e-3 * multiplier,
            "{name}: {ratio}"
        );
    }
}

#[test]
fn mistakes_of_fine_tuning_are_named() {
    let folder = tempdir().unwrap();
    let mut seen = String::new();
    for arguments in [
        &["train", "--freeze", "layer.0"][..],
        &["train", "--freeze", "layers", "--freeze", "head"],
        &["train", "--set", "model.freeze=[\"\"]"],
        &["train", "--set", "model.freeze=head"],
        &["train", "--set", "model.head=new"],
        &["train", "--set", "model.head=fresh"],
        &["train", "--set", "optimizer.layer_decay=0"],
        &["train", "--set", "optimizer.layer_decay=1.5"],
    ] {
        let shown = transcript(folder.path(), arguments);
        assert!(shown.contains("[exit 2]"), "{shown}");
        seen.push_str(&shown);
    }
    assert!(!folder.path().join("runs").exists());
    insta::assert_snapshot!(seen);
}

/// With torch at hand, what was exported is loaded there with `strict=True`, and says the same of the same images.
#[test]
fn pytorch_loads_what_is_exported() {
    let Some(python) = std::env::var_os("PYTHON") else {
        eprintln!("skipped: PYTHON is not set to an interpreter with torch");
        return;
    };
    let torch = Command::new(&python).args(["-c", "import torch"]).output();
    if !torch.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: {} has no torch", python.display());
        return;
    }
    let folder = tempdir().unwrap();
    write_mnist(folder.path());
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/python/load_strict.py"
    );
    for kind in KINDS {
        let run = format!("runs/{kind}");
        let train = ["train", "--data", ".", "--model", kind, "--name", kind];
        let short = ["--batch-size", "16", "--epochs", "1"];
        succeed(folder.path(), &[&train[..], &short].concat());
        let exported = folder.path().join(&run).join("model.safetensors");
        export(folder.path(), kind);

        let layers = [
            Layer::from_file(&folder.path().join(&run).join("settings.toml")).unwrap(),
            Layer::from_set(&format!("model.init={}", exported.display())).unwrap(),
        ];
        let settings = resolve(layers).unwrap().settings;
        let data = load(&settings.data).unwrap();
        let images = data.train.images();
        let model = start_model(&settings, images, &Device::flex())
            .unwrap()
            .model;
        let count = 5;
        let values = images.shape().values();
        let pixels: Vec<f32> = (0..count * values)
            .map(|index| (index as f32 * 0.7).sin())
            .collect();
        let rows: Vec<&[f32]> = pixels.chunks(values).collect();
        fs::write(
            folder.path().join("images.json"),
            serde_json::to_string(&rows).unwrap(),
        )
        .unwrap();
        let shape = images.shape();
        let shape = [count, shape.channels, shape.height, shape.width];
        let batch = Tensor::from_data(TensorData::new(pixels, shape), &Device::flex());
        let ours = model.forward(batch).into_data();

        let output = Command::new(&python)
            .arg(script)
            .arg(&exported)
            .arg(folder.path().join("images.json"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{kind}: {said}");
        let theirs: Vec<Vec<f64>> = serde_json::from_slice(&output.stdout).unwrap();
        let theirs = theirs.concat();
        assert_eq!(theirs.len(), ours.num_elements(), "{kind}");
        for (ours, theirs) in ours.iter::<f64>().zip(theirs) {
            assert!((ours - theirs).abs() <= 1e-5, "{kind}: {ours}, {theirs}");
        }
    }
}
