//! Runs that PyTorch recorded, repeated update by update: same weights, batches, optimizer and schedule.
//!
//! In double precision the losses are the same to 1e-9, in single precision to 1e-5 where PyTorch's own single and
//! double precision stay together: they part where there is batch norm, and where Prodigy estimates its step size, so
//! of these only the first updates are compared.

mod arguments;
mod optimizer;
mod recording;
mod schedule;

use std::path::Path;
use std::process::Command;

use recording::Recording;
use trainer::config::Backend;
use trainer::data::Dataset;
use trainer::engine::{Compute, Event, Metrics, Plan, fit, open};

use crate::program::{Gpu, reference_folder, text, tune_little};

/// How far losses may be apart in double precision, and learning rates and momenta, as a share of them.
const DOUBLE: f64 = 1e-9;

/// How far losses in single precision on flex and ndarray may be from PyTorch's in double precision.
const SINGLE: f64 = 1e-5;

/// As [`SINGLE`], on a GPU, whose sums run in another order.
const GPU: f64 = 1e-4;

/// How many updates of a run are compared in single precision where the two precisions part.
const FIRST: u64 = 3;

#[test]
fn flex_learns_as_pytorch_does() {
    let Some(folder) = reference_folder("RUNS_DIR") else {
        return;
    };
    let (flex, mnist) = (open(Backend::Flex).unwrap(), reference_folder("MNIST_DIR"));
    let (mut compared, mut skipped, mut wrong) = (0, 0, Vec::new());
    for recording in Recording::all(&folder) {
        if recording.run.data == "mnist" && mnist.is_none() {
            skipped += 1;
            continue;
        }
        let double = Repeated::new(&recording, "float64", &flex, mnist.as_deref());
        let single = Repeated::new(&recording, "float32", &flex, mnist.as_deref());
        let name = &recording.run.name;
        println!(
            "{name}: float64 {:.1e} apart, float32 {:.1e} in {} updates",
            double.losses_apart(&recording),
            single.losses_apart(&recording),
            single.losses.len(),
        );
        wrong.extend(double.differences(&recording));
        wrong.extend(single.loss_differences(&recording, SINGLE));
        compared += 1;
    }
    println!("{compared} runs compared, {skipped} skipped");
    assert!(compared > 0, "no run was compared");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn ndarray_learns_as_pytorch_does() {
    let Some(folder) = reference_folder("RUNS_DIR") else {
        return;
    };
    let ndarray = open(Backend::NdArray).unwrap();
    let mut wrong = Vec::new();
    for recording in mlps(&folder) {
        let single = Repeated::new(&recording, "float32", &ndarray, None);
        wrong.extend(single.loss_differences(&recording, SINGLE));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A process of its own, since it pays for compiling and tuning kernels, and can be told how long to tune.
#[test]
fn wgpu_learns_as_pytorch_does() {
    const ALONE: &str = "ANNEAL_TEST_ALONE";
    let Some(folder) = reference_folder("RUNS_DIR") else {
        return;
    };
    if std::env::var_os(ALONE).is_none() {
        let Some(_gpu) = Gpu::take() else {
            return;
        };
        let mut alone = Command::new(std::env::current_exe().unwrap());
        alone.args([
            "--exact",
            "--nocapture",
            "fidelity::wgpu_learns_as_pytorch_does",
        ]);
        let output = tune_little(alone.env(ALONE, "1")).output().unwrap();
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{said}"
        );
        return;
    }
    let wgpu = open(Backend::Wgpu).unwrap();
    let recording = mlps(&folder).next().expect("an MLP among the runs");
    let single = Repeated::new(&recording, "float32", &wgpu, None);
    assert_eq!(single.loss_differences(&recording, GPU), None);
}

/// The runs of an MLP on the digits.
fn mlps(folder: &Path) -> impl Iterator<Item = Recording> {
    let all = Recording::all(folder).into_iter();
    all.filter(|recording| recording.run.model == "mlp" && recording.run.data == "digits")
}

/// What our training gave.
struct Repeated {
    losses: Vec<f64>,
    rates: Vec<f64>,
    momenta: Vec<Option<f64>>,
    test: Metrics,
    test_images: usize,
}

impl Repeated {
    /// Trains by the engine's own loop, at the learning rates and momenta of our schedule.
    fn new(
        recording: &Recording,
        precision: &str,
        compute: &Compute,
        mnist: Option<&Path>,
    ) -> Self {
        let run = &recording.run;
        let parts = ["convnet", "resnet"].contains(&run.model.as_str())
            || run.optimizer["kind"] == "prodigy";
        let updates = if precision == "float32" && parts {
            FIRST.min(run.updates)
        } else {
            run.updates
        };
        let settings = recording.settings(precision, updates, mnist);
        assert_eq!(settings.train.precision.name(), precision);
        let dataset: Dataset = recording.dataset(&settings);
        let schedule = schedule::build(&run.schedule, optimizer::learning_rate(&run.optimizer));
        let plan = Plan {
            optimizer: optimizer::build(&run.optimizer, &schedule),
            schedule: schedule.clone(),
            ..Plan::new(&settings, dataset.train.len()).unwrap()
        };
        let (mut losses, mut rates) = (Vec::new(), Vec::new());
        let fitted = fit(&settings, &dataset, &plan, compute, |event| {
            if let Event::Updates(updates) = event {
                losses.extend(updates.iter().map(|update| update.train_loss));
                rates.extend(updates.iter().map(|update| update.learning_rate));
            }
        });
        let (_, history) = fitted.unwrap_or_else(|error| panic!("{}: {error}", run.name));
        Self {
            losses,
            rates,
            momenta: (0..updates)
                .map(|update| schedule.momentum_at(update))
                .collect(),
            test: history.test,
            test_images: dataset.test.len(),
        }
    }

    /// The largest distance between two losses.
    fn losses_apart(&self, recording: &Recording) -> f64 {
        let pairs = self.losses.iter().zip(&recording.float64.loss);
        pairs.fold(0.0, |most, (ours, theirs)| (ours - theirs).abs().max(most))
    }

    /// The first update whose loss is too far away.
    fn loss_differences(&self, recording: &Recording, allowed: f64) -> Option<String> {
        let theirs = &recording.float64.loss;
        assert!(!self.losses.is_empty() && self.losses.len() <= theirs.len());
        first_difference(recording, "loss", &self.losses, theirs, |_| allowed)
    }

    /// Everything that is not as PyTorch saw it in double precision.
    fn differences(&self, recording: &Recording) -> Vec<String> {
        let theirs = &recording.float64;
        assert_eq!(self.losses.len(), theirs.loss.len());
        assert_eq!(self.rates.len(), theirs.lr.len());
        let share = |value: f64| DOUBLE * value.abs();
        let mut wrong = Vec::new();
        wrong.extend(self.loss_differences(recording, DOUBLE));
        wrong.extend(first_difference(
            recording,
            "learning rate",
            &self.rates,
            &theirs.lr,
            share,
        ));
        if let Some(momenta) = &theirs.momentum {
            assert_eq!(self.momenta.len(), momenta.len());
            let ours: Vec<f64> = self
                .momenta
                .iter()
                .map(|momentum| momentum.unwrap_or(f64::NAN))
                .collect();
            wrong.extend(first_difference(
                recording, "momentum", &ours, momenta, share,
            ));
        }
        let ours = [self.test.loss];
        wrong.extend(first_difference(
            recording,
            "test loss",
            &ours,
            &[theirs.test_loss],
            |_| DOUBLE,
        ));
        // Both are a count of images, divided.
        let right = |accuracy: f64| accuracy * self.test_images as f64;
        let [ours, theirs] = [self.test.accuracy, theirs.test_accuracy].map(right);
        wrong.extend(first_difference(
            recording,
            "images right",
            &[ours],
            &[theirs],
            |_| 1e-6,
        ));
        wrong
    }
}

/// The first of `ours` that is further from `theirs` than `allowed`; what is not a number is far from everything.
fn first_difference(
    recording: &Recording,
    what: &str,
    ours: &[f64],
    theirs: &[f64],
    allowed: impl Fn(f64) -> f64,
) -> Option<String> {
    let mut pairs = ours.iter().zip(theirs).enumerate();
    let (index, (ours, theirs)) = pairs.find(|(_, (ours, theirs))| {
        let close = (*ours - *theirs).abs() <= allowed(**theirs);
        !close
    })?;
    let (name, apart) = (&recording.run.name, (ours - theirs).abs());
    Some(format!(
        "{name}: {what} {index} is {ours}, and {theirs} there, {apart:e} apart"
    ))
}
