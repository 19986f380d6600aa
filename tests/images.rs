//! A person's own pictures: found, decoded, cached, learned, measured and asked about.

use std::fs;
use std::path::Path;
use std::process::Output;

use image::{DynamicImage, GrayImage, ImageBuffer, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use serde_json::Value;
use tempfile::tempdir;

use crate::program::{read, summary, text, trainer};

/// Runs `trainer` with a cache of its own.
fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = trainer(folder, arguments);
    command.env("XDG_CACHE_HOME", folder.join("cache"));
    command.output().unwrap()
}

/// Runs `trainer`, which must succeed: (stdout, stderr).
fn succeed(folder: &Path, arguments: &[&str]) -> (String, String) {
    let output = run(folder, arguments);
    let said = text(&output.stderr);
    assert!(output.status.success(), "trainer {arguments:?}: {said}");
    (text(&output.stdout), said)
}

fn json(folder: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&succeed(folder, arguments).0).unwrap()
}

/// Runs `trainer`, which must end with code 3, one error and a hint: stderr.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert_eq!(said.matches("error:").count(), 1, "{said}");
    assert_eq!(said.matches("hint:").count(), 1, "{said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}

fn save(folder: &Path, name: &str, picture: impl Into<DynamicImage>) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    picture.into().save(path).unwrap();
}

/// A number from 0 to 255 that looks random and is the same every time.
fn noise(seed: u32) -> u8 {
    (seed.wrapping_mul(2_654_435_761) >> 24) as u8
}

/// A picture whose channel `class` is bright.
fn coloured(class: usize, seed: u32, side: u32) -> RgbImage {
    RgbImage::from_fn(side, side, |x, y| {
        let mut pixel = [noise(seed * 1000 + y * side + x) / 4; 3];
        pixel[class] += 150;
        Rgb(pixel)
    })
}

const COLOURS: [&str; 3] = ["red", "green", "blue"];
const ENDINGS: [&str; 4] = ["png", "jpg", "webp", "JPEG"];

/// Writes `count` pictures of each colour below `folder`; every `wrong`th lies in the next colour's folder.
fn write_colours(folder: &Path, count: u32, wrong: u32) {
    for class in 0..3 {
        for number in 0..count {
            let lies = usize::from(wrong > 0 && number % wrong == 0);
            let name = COLOURS[(class + lies) % 3];
            let ending = ENDINGS[number as usize % 4];
            let picture = coloured(class, class as u32 * 100 + number, 8);
            save(
                folder,
                &format!("{name}/{class}-{number}.{ending}"),
                picture,
            );
        }
    }
}

const TRAIN: [&str; 7] = [
    "train",
    "--data",
    "pictures",
    "--batch-size",
    "16",
    "--name",
    "a",
];

#[test]
fn colours_are_told_apart_and_nothing_is_lost_on_the_way() {
    let folder = tempdir().unwrap();
    write_colours(&folder.path().join("pictures"), 40, 0);
    let (printed, said) = succeed(folder.path(), &TRAIN);
    assert!(printed.starts_with("test accuracy 100.00 %"), "{printed}");
    // A fifth of 120 for testing, a tenth of the rest for validation.
    assert!(
        said.contains("images: 86 training, 10 validation and 24 test images of 3x8x8, 3 classes"),
        "{said}"
    );
    let settings = read(folder.path(), "runs/a/settings.toml");
    for line in [
        "name = \"images\"",
        "size = \"8x8\"",
        "color = \"rgb\"",
        "resize = \"crop\"",
    ] {
        assert!(settings.contains(line), "{line}: {settings}");
    }

    let measured = json(folder.path(), &["eval", "runs/a", "--json"]);
    let summary = summary(folder.path(), "runs/a");
    assert_eq!(measured["test_accuracy"], summary["test_accuracy"]);
    assert_eq!(measured["test_loss"], summary["test_loss"]);
    assert_eq!(
        measured["confusion"],
        serde_json::json!([[8, 0, 0], [0, 8, 0], [0, 0, 8]])
    );
    let names: Vec<&str> = (0..3)
        .map(|class| measured["classes"][class]["class"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["blue", "green", "red"]);

    // The settings that were saved are those that were meant.
    let again = ["train", "runs/a/settings.toml", "--name", "b"];
    let (_, said) = succeed(folder.path(), &again);
    assert!(!said.contains("decoding"), "{said}");
    for file in ["settings.toml", "data.toml", "metrics.csv"] {
        let of = |run: &str| read(folder.path(), &format!("runs/{run}/{file}"));
        assert_eq!(of("a"), of("b"));
    }
}

#[test]
fn predictions_agree_with_the_measurement() {
    let folder = tempdir().unwrap();
    for (part, count) in [("train", 40), ("val", 8), ("test", 16)] {
        write_colours(&folder.path().join("pictures").join(part), count, 4);
    }
    let (_, said) = succeed(folder.path(), &[&TRAIN[..], &["--epochs", "2"]].concat());
    let parts = "120 training, 24 validation and 48 test images";
    assert!(said.contains(parts), "{said}");
    let measured = json(folder.path(), &["eval", "runs/a", "--json"]);
    let accuracy = measured["test_accuracy"].as_f64().unwrap();
    assert!(
        accuracy < 1.0,
        "the folders lie about a quarter of the pictures: {accuracy}"
    );

    let predicted = json(
        folder.path(),
        &["predict", "runs/a", "pictures/test", "--json"],
    );
    let mut counts = [[0; 3]; 3];
    let sorted = ["blue", "green", "red"];
    let index = |name: &str| sorted.iter().position(|sorted| *sorted == name).unwrap();
    for prediction in predicted["predictions"].as_array().unwrap() {
        let file = Path::new(prediction["file"].as_str().unwrap());
        let class = file
            .parent()
            .unwrap()
            .file_name()
            .unwrap()
            .to_str()
            .unwrap();
        counts[index(class)][index(prediction["class"].as_str().unwrap())] += 1;
    }
    assert_eq!(measured["confusion"], serde_json::json!(counts));

    let (csv, _) = succeed(folder.path(), &["eval", "runs/a", "--format", "csv"]);
    assert!(
        csv.starts_with("class,support,precision,recall,f1,as blue,as green,as red\nblue,16,"),
        "{csv}"
    );
    let (drawn, _) = succeed(folder.path(), &["eval", "runs/a", "--part", "validation"]);
    assert!(drawn.starts_with("validation accuracy "), "{drawn}");
    assert!(
        drawn.contains("class \\ answer") && drawn.contains("precision"),
        "{drawn}"
    );

    let file = "pictures/test/red/0-1.jpg";
    let (csv, _) = succeed(
        folder.path(),
        &["predict", "runs/a", file, "--top", "3", "--format", "csv"],
    );
    let probabilities: Vec<f64> = csv
        .lines()
        .skip(1)
        .map(|line| line.rsplit(',').next().unwrap().parse().unwrap())
        .collect();
    assert!(
        (probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-12,
        "{csv}"
    );
    assert!(
        probabilities.len() == 3 && probabilities.is_sorted_by(|a, b| a >= b),
        "{csv}"
    );
}

#[test]
fn the_cache_changes_nothing_but_the_time() {
    let folder = tempdir().unwrap();
    let pictures = folder.path().join("pictures");
    write_colours(&pictures, 20, 0);
    let train = |name: &str| {
        let arguments = [
            "train",
            "--data",
            "pictures",
            "--batch-size",
            "8",
            "--epochs",
            "2",
            "--name",
            name,
        ];
        let (_, said) = succeed(folder.path(), &arguments);
        (
            read(folder.path(), &format!("runs/{name}/metrics.csv")),
            said.contains("decoding"),
        )
    };
    let (first, decoded) = train("a");
    assert!(decoded, "nothing is known the first time");
    assert_eq!(train("b"), (first.clone(), false));

    // The test's own cache, where the system lets one be chosen.
    let cache = folder.path().join("cache/anneal/images");
    if cfg!(target_os = "linux") {
        let entries: Vec<_> = fs::read_dir(&cache)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert_eq!(entries.len(), 2, "{entries:?}");
        for entry in entries {
            let mut bytes = fs::read(&entry).unwrap();
            let middle = bytes.len() - 40;
            bytes[middle] ^= 1;
            fs::write(&entry, bytes).unwrap();
        }
        assert_eq!(
            train("c"),
            (first.clone(), true),
            "a damaged cache is made anew"
        );
        assert_eq!(train("d"), (first.clone(), false));
    }
    save(&pictures, "red/0-0.png", coloured(1, 7, 8));
    let (other, decoded) = train("e");
    assert!(decoded && other != first, "a picture that changed is seen");
}

#[test]
fn bad_files_are_named_or_left_out() {
    let folder = tempdir().unwrap();
    let pictures = folder.path().join("pictures");
    write_colours(&pictures, 20, 0);
    // Large enough that what is lost are pixels, which the decoder would make up.
    save(folder.path(), "large.jpg", coloured(0, 1, 64));
    let jpeg = fs::read(folder.path().join("large.jpg")).unwrap();
    fs::write(pictures.join("red/cut.jpg"), &jpeg[..jpeg.len() * 9 / 10]).unwrap();
    let png = fs::read(pictures.join("red/0-0.png")).unwrap();
    fs::write(pictures.join("red/cut.png"), &png[..png.len() * 2 / 3]).unwrap();
    let webp = fs::read(pictures.join("red/0-2.webp")).unwrap();
    fs::write(pictures.join("red/cut.webp"), &webp[..webp.len() * 2 / 3]).unwrap();
    fs::write(pictures.join("green/text.png"), "not a picture").unwrap();
    fs::write(pictures.join("blue/empty.jpeg"), "").unwrap();
    fs::write(pictures.join("blue/notes.txt"), "left alone").unwrap();

    let said = refused(folder.path(), &TRAIN);
    assert!(said.contains("5 of 65 pictures cannot be used"), "{said}");
    for (name, reason) in [
        ("cut.jpg", "is cut off"),
        ("cut.png", "cannot be decoded"),
        ("cut.webp", "cannot be decoded"),
        ("text.png", "holds no PNG, JPEG or WebP picture"),
        ("empty.jpeg", "is empty"),
    ] {
        let line = said.lines().find(|line| line.contains(name));
        assert!(
            line.is_some_and(|line| line.contains(reason)),
            "{name}: {said}"
        );
    }
    assert!(said.contains("data.skip_bad=true"), "{said}");
    assert!(!folder.path().join("runs").exists());

    let skip = ["--set", "data.skip_bad=true"];
    let (printed, said) = succeed(folder.path(), &[&TRAIN[..], &skip].concat());
    assert!(printed.starts_with("test accuracy 100.00 %"), "{printed}");
    assert_eq!(said.matches("left out: `").count(), 5, "{said}");
    assert!(
        said.contains("other files and folders left out: 1 "),
        "{said}"
    );
    // From the cache, the bad files are still known.
    let said = refused(folder.path(), &TRAIN);
    assert!(said.contains("5 of 65 pictures"), "{said}");
}

#[test]
fn pictures_of_every_kind_become_one_shape() {
    let folder = tempdir().unwrap();
    for number in 0..6 {
        for (class, value) in [("dark", 20), ("light", 200)] {
            let save = |kind: &str, picture: DynamicImage| {
                save(
                    &folder.path().join("all"),
                    &format!("{class}/{kind}-{number}.png"),
                    picture,
                );
            };
            let side = 20 + number;
            let grey = GrayImage::from_pixel(side, 30, Luma([value]));
            let deep = ImageBuffer::from_pixel(30, side, Luma([u16::from(value) * 257]));
            let deep_colours = ImageBuffer::from_pixel(9, 9, Rgb([u16::from(value) * 257; 3]));
            let opaque = RgbaImage::from_pixel(side, side, Rgba([value, value, value, 255]));
            save("grey", grey.clone().into());
            save("deep", deep.into());
            save("deepcolours", DynamicImage::ImageRgb16(deep_colours));
            save("rgba", opaque.into());
            save(
                "greyalpha",
                DynamicImage::ImageLuma8(grey.clone())
                    .into_luma_alpha8()
                    .into(),
            );
            self::save(
                &folder.path().join("grey"),
                &format!("{class}/{number}.png"),
                grey,
            );
        }
    }
    let train = |data: &str, name: &str| {
        let arguments = ["train", "--data", data, "--batch-size", "4", "--name", name];
        succeed(folder.path(), &arguments)
    };
    let (printed, said) = train("all", "all");
    assert!(printed.starts_with("test accuracy 100.00 %"), "{printed}");
    assert!(said.contains("images of 3x32x32"), "{said}");
    assert!(
        said.contains("brought to 32x32, since they differ in size"),
        "{said}"
    );
    let kept = read(folder.path(), "runs/all/data.toml");
    assert!(kept.contains("channels = 3"), "{kept}");
    // Every pixel of an image has its value: 20 and 200, equally often but for what the split leaves.
    let of = |key: &str| -> f64 {
        let line = kept.lines().find(|line| line.starts_with(key)).unwrap();
        line.split(['[', ',']).nth(1).unwrap().parse().unwrap()
    };
    assert!((of("mean") - 110.0 / 255.0).abs() < 0.03, "{kept}");
    assert!((of("std") - 90.0 / 255.0).abs() < 0.01, "{kept}");

    let (_, said) = train("grey", "grey");
    assert!(said.contains("images of 1x32x32"), "{said}");
    // A colour picture, asked of a model that sees grey.
    let colours = RgbImage::from_pixel(50, 40, Rgb([210, 200, 190]));
    save(folder.path(), "one.png", colours);
    let said = json(
        folder.path(),
        &["predict", "runs/grey", "one.png", "--json"],
    );
    assert_eq!(said["predictions"][0]["class"], "light");
}

#[test]
fn what_cannot_be_predicted_is_named_and_the_rest_is_predicted() {
    let folder = tempdir().unwrap();
    write_colours(&folder.path().join("pictures"), 20, 0);
    succeed(folder.path(), &TRAIN);
    fs::write(folder.path().join("text.png"), "not a picture").unwrap();
    let output = run(
        folder.path(),
        &[
            "predict",
            "runs/a",
            "text.png",
            "pictures/red/0-0.png",
            "absent.png",
        ],
    );
    let (printed, said) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(
        printed.contains("pictures/red/0-0.png") && printed.contains("red"),
        "{printed}"
    );
    assert!(said.contains("`text.png` holds no PNG"), "{said}");
    assert!(said.contains("`absent.png` cannot be read"), "{said}");
    assert!(
        said.contains("error: 2 of 3 pictures cannot be read"),
        "{said}"
    );

    fs::create_dir(folder.path().join("nothing")).unwrap();
    let said = refused(folder.path(), &["predict", "runs/a", "nothing"]);
    assert!(said.contains("holds no picture"), "{said}");

    // A class that the model does not know can be predicted, but not measured.
    fs::rename(
        folder.path().join("pictures/red"),
        folder.path().join("pictures/rose"),
    )
    .unwrap();
    let said = refused(folder.path(), &["eval", "runs/a"]);
    assert!(
        said.contains("`red` is missing") && said.contains("`rose`"),
        "{said}"
    );
}

#[test]
fn digits_as_pictures_are_predicted_as_they_were_measured() {
    let folder = tempdir().unwrap();
    succeed(folder.path(), &["train", "--epochs", "3", "--name", "a"]);
    let settings = trainer::config::resolve([]).unwrap().settings.data;
    let test = trainer::data::load(&settings).unwrap().test;
    for (position, &row) in test.rows().iter().enumerate() {
        let pixels = test.images().pixels(row);
        let bytes = pixels
            .iter()
            .map(|&byte| (u16::from(byte) * 255 / 16) as u8)
            .collect();
        let picture = GrayImage::from_raw(8, 8, bytes).unwrap();
        let name = format!("digits/{}-{position}.png", test.label(position));
        save(folder.path(), &name, picture);
    }
    let said = json(folder.path(), &["predict", "runs/a", "digits", "--json"]);
    let predictions = said["predictions"].as_array().unwrap();
    assert_eq!(predictions.len(), 360);
    let right = predictions.iter().filter(|prediction| {
        let label = format!("digits/{}-", prediction["class"].as_str().unwrap());
        prediction["file"].as_str().unwrap().starts_with(&label)
    });
    let accuracy = right.count() as f64 / 360.0;
    let measured = summary(folder.path(), "runs/a")["test_accuracy"].as_f64();
    assert!((measured.unwrap() - accuracy).abs() < 1e-12, "{accuracy}");
}

#[test]
fn folders_that_are_no_set_are_told_in_a_sentence() {
    let folder = tempdir().unwrap();
    let one = coloured(0, 1, 8);
    save(folder.path(), "flat/a.png", one.clone());
    save(folder.path(), "single/a/b/1.png", one.clone());
    save(folder.path(), "hollow/a/1.png", one.clone());
    save(folder.path(), "small/a/1.png", one.clone());
    save(folder.path(), "small/b/1.png", one.clone());
    save(folder.path(), "untrained/test/a/1.png", one);
    for empty in ["bare", "hollow/b"] {
        fs::create_dir(folder.path().join(empty)).unwrap();
    }
    for (data, expected) in [
        ("bare", "holds no folder of a class"),
        ("flat", "pictures that lie in it directly: 1"),
        ("single", "holds a single class, `a`"),
        ("hollow", "no picture to train on in the folder of `b`"),
        ("untrained", "holds `test` and no `train`"),
    ] {
        let said = refused(folder.path(), &["train", "--data", data]);
        assert!(said.contains(expected), "{said}");
    }
    let share = "data.test=0";
    let said = refused(folder.path(), &["train", "--data", "small", "--set", share]);
    assert!(said.contains("data.test = 0"), "{said}");

    // A mistake in what was typed, not in the data.
    let output = run(folder.path(), &["train", "--data", "flat/a.png"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("is a file"),
        "{}",
        text(&output.stderr)
    );
    let set = |assignment| {
        let output = run(
            folder.path(),
            &["train", "--set", assignment, "--data", "small"],
        );
        assert_eq!(output.status.code(), Some(2), "{assignment}");
        text(&output.stderr)
    };
    assert!(set("data.size=3x0").contains("each side 1 to 1024"));
    assert!(set("data.resize=stretch").contains("crop"));
    let output = run(folder.path(), &["train", "--set", "data.size=8"]);
    assert!(text(&output.stderr).contains("does not apply to digits"));
    assert!(!folder.path().join("runs").exists());
}
