//! What a person sees who typed something wrong: one message that names it, its place and what is valid.

use std::fs;

use tempfile::tempdir;

use crate::program::transcript;

/// Each a mistake: its name, a configuration file (empty: none), and the arguments.
const MISTAKES: &[(&str, &str, &[&str])] = &[
    (
        "key",
        "seed = 1\n\n[optimizer]\nlearning_rate = 0.1\n",
        &["train", "a.toml"],
    ),
    ("key_near", "[data]\nbatchsize = 32\n", &["train", "a.toml"]),
    ("section", "[optimiser]\nlr = 0.1\n", &["train", "a.toml"]),
    (
        "section_as_value",
        "model = \"mlp\"\n",
        &["train", "a.toml"],
    ),
    (
        "schedule_key",
        "[schedule]\nkind = \"cosine\"\nflor = 0.1\n",
        &["train", "a.toml"],
    ),
    (
        "schedule_value",
        "[schedule]\nkind = \"cosine\"\nfloor = 1.5\n",
        &["train", "a.toml"],
    ),
    (
        "schedule_peer",
        "",
        &["train", "--schedule", "CosineAnnealingLR"],
    ),
    (
        "schedule_nested",
        "[schedule]\nkind = \"sequence\"\nmilestones = [\"50%\"]\nschedules = [\n  { kind = \"constant\" },\n  { kind = \"step\", evry = 3 },\n]\n",
        &["train", "a.toml"],
    ),
    ("schedule_colon", "", &["train", "--schedule", "cosine: 5%"]),
    (
        "long_value",
        "[compare]\nstrategies = [\n  { name = \"a\", schedule = { kind = \"cosine\" } },\n  { name = \"b\", schedule = { kind = \"wsd\", decay = \"20%\" } },\n  { name = \"a\", schedule = { kind = \"rex\" } },\n]\n",
        &["compare", "a.toml"],
    ),
    ("kind_optimizer", "", &["train", "--optimizer", "adamm"]),
    ("kind_model", "", &["train", "--model", "lenet"]),
    ("kind_schedule", "", &["train", "--schedule", "cosin"]),
    ("backend", "", &["train", "--backend", "gpu"]),
    ("flag", "", &["train", "--epoch", "3"]),
    ("flag_value", "", &["train", "--lr", "fast"]),
    ("command", "", &["trian"]),
    (
        "unit",
        "[train]\nlength = \"20epochs\"\n",
        &["train", "a.toml"],
    ),
    (
        "unit_in_schedule",
        "",
        &["train", "--set", "schedule.warmup=5pc"],
    ),
    ("type", "[optimizer]\nlr = \"fast\"\n", &["train", "a.toml"]),
    ("syntax", "[optimizer\nlr = 0.1\n", &["train", "a.toml"]),
    (
        "range_depth",
        "",
        &["train", "--model", "resnet", "--set", "model.depth=9"],
    ),
    (
        "range_widths",
        "[model]\nkind = \"convnet\"\nwidths = [8, 0]\n",
        &["train", "a.toml"],
    ),
    ("range_dropout", "", &["train", "--set", "model.dropout=1"]),
    ("range_lr", "", &["train", "--lr", "0"]),
    ("range_batch", "", &["train", "--batch-size", "0"]),
    (
        "range_momentum",
        "",
        &[
            "train",
            "--optimizer",
            "sgd",
            "--set",
            "optimizer.momentum=1.5",
        ],
    ),
    (
        "range_max_grad_norm",
        "",
        &[
            "train",
            "--optimizer",
            "lamb",
            "--set",
            "optimizer.max_grad_norm=0",
        ],
    ),
    (
        "choice_adjust",
        "",
        &[
            "train",
            "--optimizer",
            "muon",
            "--set",
            "optimizer.adjust=spectral",
        ],
    ),
    (
        "choice_decay",
        "",
        &["train", "--set", "optimizer.decay=biases"],
    ),
    (
        "range_share",
        "",
        &["train", "--set", "data.validation=120%"],
    ),
    (
        "foreign_key",
        "[optimizer]\nmomentum = 0.9\n",
        &["train", "a.toml"],
    ),
    (
        "foreign_key_of_a_model",
        "[model]\nkind = \"convnet\"\ndropout = 0.1\nstochastic_depth = 0.5\n",
        &["train", "a.toml"],
    ),
    (
        "nothing_to_drop",
        "[model]\nhidden = []\ndropout = 0.1\n",
        &["train", "a.toml"],
    ),
    (
        "twice",
        "[train]\nepochs = 3\nlength = 100\n",
        &["train", "a.toml"],
    ),
    (
        "range_accumulate",
        "",
        &["train", "--set", "train.accumulate=0"],
    ),
    (
        "range_clip",
        "[train]\nclip_norm = 0\n",
        &["train", "a.toml"],
    ),
    (
        "clip_twice",
        "[train]\nclip_norm = 1\nclip_value = 1\n",
        &["train", "a.toml"],
    ),
    (
        "range_smoothing",
        "",
        &["train", "--set", "train.label_smoothing=1"],
    ),
    ("range_ema", "", &["train", "--set", "train.ema=1.5"]),
    (
        "kind_precision",
        "",
        &["train", "--set", "train.precision=float16"],
    ),
    (
        "key_of_augment",
        "[data.augment]\nflop = 0.5\n",
        &["train", "a.toml"],
    ),
    (
        "section_augment",
        "",
        &["train", "--set", "data.augment=true"],
    ),
    (
        "range_flip",
        "",
        &["train", "--set", "data.augment.flip=1.5"],
    ),
    (
        "shift_and_crop",
        "[data.augment]\nshift = 1\ncrop = 1\n",
        &["train", "a.toml"],
    ),
    (
        "range_cutout",
        "",
        &["train", "--set", "data.augment.cutout=8"],
    ),
    ("set_without_value", "", &["train", "--set", "seed"]),
    ("path_config", "", &["train", "absent.toml"]),
    ("path_data", "", &["train", "--data", "mnits"]),
    ("path_missing", "", &["train", "--data", "mnist"]),
    ("path_run", "", &["eval", "runs/absent"]),
    ("too_few_rows", "", &["train", "--batch-size", "5000"]),
    ("too_small_images", "", &["train", "--model", "lenet5"]),
    ("not_built_in", "", &["train", "--backend", "rocm"]),
];

#[test]
fn every_mistake_is_named() {
    let mut seen = String::new();
    for (name, file, arguments) in MISTAKES {
        let folder = tempdir().unwrap();
        if !file.is_empty() {
            fs::write(folder.path().join("a.toml"), file).unwrap();
        }
        let shown = transcript(folder.path(), arguments);
        assert!(shown.contains("[exit "), "{name}");
        assert!(!shown.contains("[exit 0]"), "{name} was accepted:\n{shown}");
        assert_eq!(
            shown.matches("error:").count(),
            1,
            "{name}: one message\n{shown}"
        );
        assert!(
            !folder.path().join("runs").exists(),
            "{name} left a run behind"
        );
        seen.push_str(&format!("{name}\n{file}{shown}\n"));
    }
    insta::assert_snapshot!(seen);
}

#[test]
fn help_names_every_flag() {
    let folder = tempdir().unwrap();
    insta::assert_snapshot!(transcript(folder.path(), &["train", "--help"]));
}
