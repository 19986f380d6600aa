//! A run that goes on from a checkpoint is the uninterrupted run to the last bit: every optimizer, schedule and model.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use schedules::ScheduleConfig;
use tempfile::tempdir;
use trainer::config::{Backend, Layer, Rule, Settings, resolve};
use trainer::data::{Dataset, ImageShape, Images, Normalization, Part, load};
use trainer::engine::{
    Checkpoint, Circumstances, Compute, Event, Fit, Origin, Plan, Shelf, Slot, Update, open,
};

/// How long the runs are, when they are evaluated, and after which updates another process goes on: not at an
/// evaluation, at one, and before the first one. Epochs have 17 updates.
const UPDATES: u64 = 21;
const EVALUATED: &str = "train.evaluate_every=5";
const BREAKS: [u64; 3] = [3, 10, 18];

fn settings(assignments: &[&str]) -> Settings {
    let length = format!("train.length={UPDATES}");
    let all = [&length, EVALUATED, "checkpoint.every=1"];
    let layers = all.into_iter().chain(assignments.iter().copied());
    let layers = layers.map(|assignment| Layer::from_set(assignment).unwrap());
    let resolved = resolve([Layer::of(layers)]);
    resolved
        .unwrap_or_else(|error| panic!("{assignments:?}: {error}"))
        .settings
}

/// What a run leaves behind: every update, and the bytes of every checkpoint by its update.
struct Run {
    rows: Vec<Update>,
    checkpoints: Vec<Checkpoint>,
    test: String,
}

fn run(
    settings: &Settings,
    dataset: &Dataset,
    compute: &Compute,
    from: Option<&Checkpoint>,
) -> Run {
    let plan = Plan::new(settings, dataset.train.len()).unwrap();
    let (mut rows, mut checkpoints) = (Vec::new(), Vec::new());
    let fitted = Fit::new(settings, dataset, &plan, compute)
        .from(from)
        .keep_checkpoints()
        .run(|event| {
            match event {
                Event::Updates(updates) => rows.extend_from_slice(updates),
                Event::Checkpoint {
                    slot: Slot::Last,
                    checkpoint,
                } => checkpoints.push(checkpoint.clone()),
                _ => {}
            }
            ControlFlow::Continue(())
        });
    let (_, history) = fitted.unwrap();
    let numbers = (history.train_loss, history.validation, history.test);
    Run {
        rows,
        checkpoints,
        test: format!("{numbers:?}"),
    }
}

/// The bytes of everything that the next numbers are computed from.
fn saved(folder: &Path, checkpoint: &Checkpoint, origin: &Origin) -> [Vec<u8>; 2] {
    Shelf::new(folder.to_owned())
        .save(Slot::Last, checkpoint, origin)
        .unwrap();
    ["model.safetensors", "state.safetensors"]
        .map(|name| fs::read(folder.join("last").join(name)).unwrap())
}

/// Runs `assignments` whole, and from some of its checkpoints, read from disk into fresh objects.
fn check(assignments: &[&str], dataset: &Dataset, compute: &Compute) {
    let settings = settings(assignments);
    let origin = Origin {
        settings: settings.table().unwrap(),
        circumstances: Circumstances::here(compute),
    };
    let whole = run(&settings, dataset, compute, None);
    assert_eq!(whole.rows.len() as u64, UPDATES);
    assert_eq!(whole.checkpoints.len() as u64, UPDATES);
    let folder = tempdir().unwrap();
    let end = saved(folder.path(), whole.checkpoints.last().unwrap(), &origin);
    for made in BREAKS {
        let folder = tempdir().unwrap();
        let path = folder.path();
        saved(path, &whole.checkpoints[made as usize - 1], &origin);
        let shelf = Shelf::new(path.to_owned());
        let found = shelf.load(Slot::Last, &origin.settings).unwrap();
        let read = found.newest.checkpoint;
        assert_eq!(read.updates, made);
        let rest = run(&settings, dataset, compute, Some(&read));
        let name = format!("{assignments:?} on {}, from {made}", compute.backend.name());
        assert_eq!(rest.rows, whole.rows[made as usize..], "{name}");
        assert_eq!(rest.test, whole.test, "{name}");
        let again = saved(path, rest.checkpoints.last().unwrap(), &origin);
        assert!(end == again, "{name}: the last checkpoints differ");
    }
}

fn cpus() -> [Compute; 2] {
    [Backend::Flex, Backend::NdArray].map(|backend| open(backend).unwrap())
}

fn digits() -> Dataset {
    load(&settings(&[]).data).unwrap()
}

#[test]
fn every_optimizer_goes_on_exactly() {
    let digits = digits();
    for compute in cpus() {
        for optimizer in Rule::NAMES {
            let kind = format!("optimizer.kind={optimizer}");
            let own: &[&str] = match *optimizer {
                "sgd" => &["optimizer.momentum=0.9", "optimizer.nesterov=true"],
                "rmsprop" => &["optimizer.momentum=0.9", "optimizer.centered=true"],
                _ => &[],
            };
            check(&[&[kind.as_str()], own].concat(), &digits, &compute);
        }
    }
}

#[test]
fn every_schedule_goes_on_exactly() {
    let digits = digits();
    let [flex, _] = cpus();
    for kind in ScheduleConfig::kinds() {
        let Ok(schedule) = ScheduleConfig::default_of(kind) else {
            continue;
        };
        let schedule = serde_json::to_value(&schedule).unwrap();
        let schedule = toml::Value::try_from(schedule).unwrap();
        let schedule = format!("schedule={schedule}");
        check(&[&schedule, "optimizer.kind=sgd"], &digits, &flex);
    }
}

#[test]
fn feedback_and_momentum_go_on_exactly() {
    let digits = digits();
    for compute in cpus() {
        for schedule in [
            "schedule={kind=\"constant\",plateau={patience=1,factor=0.5,threshold=0.5}}",
            "schedule={kind=\"cosine\",greedy={patience=1}}",
            "schedule={kind=\"one_cycle\"}",
            "schedule={kind=\"cyclic\",up=3}",
        ] {
            check(&[schedule, "optimizer.kind=sgd"], &digits, &compute);
        }
    }
}

#[test]
fn every_model_goes_on_exactly() {
    // Large enough for LeNet-5: noise with a bright corner for the class.
    let shape = ImageShape {
        channels: 3,
        height: 12,
        width: 13,
    };
    let count = 112;
    let noise = |index: usize| (index as u32).wrapping_mul(2_654_435_761) >> 25;
    let pixels = (0..count * shape.values()).map(|index| {
        let (row, place) = (index / shape.values(), index % shape.values());
        (noise(index) + if place < 40 { (row % 4) as u32 * 40 } else { 0 }) as u8
    });
    let images = Images::new(
        shape,
        pixels.collect::<Vec<u8>>(),
        (0..count).map(|row| (row % 4) as u16).collect(),
        (0..4).map(|class| class.to_string()).collect(),
        Normalization {
            scale: 1.0 / 255.0,
            mean: vec![0.3; 3],
            std: vec![0.2; 3],
            stretch: 1.0,
        },
    );
    let all = Part::all(images);
    let part = |rows: std::ops::Range<usize>| Part::new(all.images().clone(), rows.collect());
    let dataset = Dataset {
        train: part(0..64),
        validation: part(64..80),
        test: part(80..112),
    };
    for compute in cpus() {
        for model in [
            &["model.kind=mlp", "model.dropout=0.3"][..],
            &["model.kind=lenet5"],
            &["model.kind=cnn", "model.widths=[4,6]", "model.dropout=0.3"],
            &["model.kind=convnet", "model.widths=[4,6]"],
            &["model.kind=resnet", "model.stochastic_depth=0.4"],
        ] {
            check(
                &[model, &["data.batch_size=4"]].concat(),
                &dataset,
                &compute,
            );
        }
    }
}

#[test]
fn what_else_an_update_does_goes_on_exactly() {
    let digits = digits();
    for compute in cpus() {
        for assignments in [
            &[
                "train.accumulate=3",
                "data.batch_size=32",
                "optimizer.kind=sgd",
            ][..],
            &["train.ema=0.9"],
            &["train.clip_norm=0.5", "train.label_smoothing=0.1"],
            &["train.precision=float64", "optimizer.kind=prodigy"],
            &["model.freeze=[\"layers.0\"]", "optimizer.layer_decay=0.5"],
            &["data.shuffle=false", "data.drop_last=false"],
            &["data.validation=0", "checkpoint.best=train_loss"],
            &["data.augment.shift=1", "data.augment.flip=0.5"],
            &["train.gain_every=2"],
        ] {
            check(assignments, &digits, &compute);
        }
    }
}
