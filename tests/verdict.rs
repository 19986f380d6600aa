//! Every run is judged, and what it is judged by is recorded.

use tempfile::tempdir;

use crate::program::{column, succeed, summary, transcript};

const CONSTANT: [&str; 3] = [
    "train",
    "--set=schedule={kind=\"constant\",warmup=0}",
    "--optimizer=sgd",
];

fn train(folder: &std::path::Path, name: &str, more: &[&str]) -> String {
    transcript(folder, &[&CONSTANT, &["--name", name][..], more].concat())
}

#[test]
fn a_rate_far_too_low_and_one_far_too_high_are_named() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    for (name, rate, outcomes) in [
        ("low", "1e-5", &["slow"][..]),
        ("high", "3", &["diverged", "collapsed", "oscillating"]),
        ("hopeless", "1e18", &["diverged"]),
    ] {
        let said = train(path, name, &["--lr", rate]);
        let verdict = &summary(path, &format!("runs/{name}"))["verdict"];
        let outcome = verdict["outcome"].as_str().unwrap();
        assert!(outcomes.contains(&outcome), "{name}: {verdict}");
        let cause = if name == "low" {
            "rate_too_low"
        } else {
            "rate_too_high"
        };
        assert_eq!(verdict["cause"], cause, "{name}");
        let lines = said.lines().filter(|line| line.starts_with("verdict"));
        assert_eq!(lines.count(), 1, "{said}");
    }
}

#[test]
fn the_evidence_is_recorded_where_it_was_measured() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    train(path, "plain", &["--epochs=2"]);
    train(path, "gauged", &["--epochs=2", "--set=train.gain_every=5"]);
    let [plain, gauged] =
        ["runs/plain", "runs/gauged"].map(|run| move |name| column(path, run, name));
    // The first update and the last of both epochs.
    for name in ["gradient_norm", "update_ratio", "live_units"] {
        let values = plain(name);
        assert_eq!(values.len(), 3, "{name}");
        assert!(
            values.iter().all(|value| *value > 0.0),
            "{name}: {values:?}"
        );
    }
    assert_eq!((plain("gain").len(), gauged("gain").len()), (0, 34 / 5));
    // Looking on changes nothing.
    for name in ["train_loss", "validation_loss", "gradient_norm"] {
        assert_eq!(plain(name), gauged(name), "{name}");
    }
}

/// Batch norm's statistics and the masks of dropout are the run's, whether its gain is measured or not.
#[test]
fn the_gauge_leaves_statistics_and_masks_alone() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    let run = |name: &str, every: &str| {
        let every = format!("--set=train.gain_every={every}");
        succeed(
            path,
            &[
                "train",
                "--model=resnet",
                "--set=model.dropout=0.3",
                "--set=train.length=6",
                "--set=train.evaluate_every=2",
                "--name",
                name,
                &every,
            ],
        );
        let run = format!("runs/{name}");
        ["train_loss", "validation_loss"].map(|name| column(path, &run, name))
    };
    assert_eq!(run("plain", "0"), run("gauged", "1"));
    assert_eq!(column(path, "runs/gauged", "gain").len(), 6);
}

/// What the first update promises at a tiny rate it keeps, and in double precision nearly to the digit: the batch that
/// the gain is measured on is here the update's own, since all rows make one batch.
#[test]
fn a_tiny_step_keeps_what_the_gradient_promised() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    let whole = ["--batch-size=1150", "--set=train.length=3"];
    let exact = ["--set=train.precision=float64", "--set=train.gain_every=1"];
    train(path, "tiny", &[&whole[..], &exact, &["--lr=1e-4"]].concat());
    for gain in column(path, "runs/tiny", "gain") {
        assert!((gain - 1.0).abs() < 1e-3, "{gain}");
    }
    train(path, "large", &[&whole[..], &exact, &["--lr=10"]].concat());
    let first = column(path, "runs/large", "gain")[0];
    assert!(first < 0.5, "{first}");
}
