//! How long updates take: every row that was asked for, in every form; never how long.

use tempfile::tempdir;

use crate::program::{succeed, transcript};

#[test]
fn every_row_that_was_asked_for_is_there_in_every_form() {
    let folder = tempdir().unwrap();
    let small = [
        "bench",
        "--model=mlp,lenet5",
        "--batch-sizes=2,3",
        "--backend=flex,ndarray",
        "--seconds=0",
    ];
    let json = succeed(folder.path(), &[&small[..], &["--json"]].concat());
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let rows = json["rows"].as_array().unwrap();
    let named = |row: &serde_json::Value| {
        ["model", "images", "batch_size", "backend"]
            .map(|key| row[key].to_string().replace('"', ""))
    };
    let mut expected = Vec::new();
    for model in ["mlp", "lenet5"] {
        for batch_size in ["2", "3"] {
            expected
                .extend(["flex", "ndarray"].map(|backend| [model, "1x28x28", batch_size, backend]));
        }
    }
    assert_eq!(rows.iter().map(named).collect::<Vec<_>>(), expected);
    for row in rows {
        let seconds = |key: &str| row[key].as_f64().unwrap();
        assert!(0.0 < seconds("lower_quartile"), "{row}");
        assert!(seconds("lower_quartile") <= seconds("seconds"), "{row}");
        assert!(seconds("seconds") <= seconds("upper_quartile"), "{row}");
        assert!(
            seconds("batch_seconds") > 0.0 && seconds("telling_seconds") > 0.0,
            "{row}"
        );
    }
    // An MLP of 128 and 64, and LeNet-5's well-known number.
    assert_eq!(
        (&rows[0]["parameters"], &rows[4]["parameters"]),
        (&109_386.into(), &61_706.into())
    );

    let few = ["bench", "--model=mlp", "--batch-sizes=2,3", "--seconds=0"];
    let csv = succeed(folder.path(), &[&few[..], &["--format=csv"]].concat());
    assert_eq!(csv.lines().count(), 1 + 2);
    assert!(csv.starts_with("model,images,parameters,batch_size,backend,"));
    let table = succeed(folder.path(), &few);
    assert_eq!(table.lines().count(), 1 + 2);
    assert!(table.contains("ms/update"));
    assert!(
        std::fs::read_dir(folder.path()).unwrap().next().is_none(),
        "it leaves nothing behind"
    );
}

/// The configuration's own model, with its sizes, and none of its data.
#[test]
fn a_configuration_gives_the_model_and_not_the_data() {
    let folder = tempdir().unwrap();
    let config = "[data]\nname = \"mnist\"\n\n[model]\nkind = \"mlp\"\nhidden = [7]\n";
    std::fs::write(folder.path().join("a.toml"), config).unwrap();
    let arguments = [
        "bench",
        "a.toml",
        "--batch-sizes=2",
        "--seconds=0",
        "--json",
    ];
    let json: serde_json::Value =
        serde_json::from_str(&succeed(folder.path(), &arguments)).unwrap();
    // 784 x 7 + 7, and 7 x 10 + 10.
    assert_eq!(json["rows"][0]["parameters"], 5_575);
    assert_eq!(json["rows"].as_array().unwrap().len(), 1);
}

#[test]
fn what_cannot_be_measured_is_named() {
    let folder = tempdir().unwrap();
    let mistakes: [(&[&str], &str); 5] = [
        (&["--backend=auto"], "--backend auto"),
        (&["--shape=3x32"], "3x32x32"),
        (&["--batch-sizes=0"], "--batch-sizes"),
        (&["--seconds=-1"], "--seconds"),
        (
            &["--model=lenet5", "--shape=1x8x8"],
            "lenet5 needs images of at least 12x12",
        ),
    ];
    for (arguments, named) in mistakes {
        let shown = transcript(folder.path(), &[&["bench"], arguments].concat());
        assert!(
            shown.contains(named) && shown.contains("[exit 2]"),
            "{shown}"
        );
    }
}
