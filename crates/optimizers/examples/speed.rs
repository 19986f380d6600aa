//! How long an update of an MLP's 235,146 weights takes, without the passes through the network.
//!
//! `cargo run --release --workspace --example speed`

use std::time::Instant;

use burn::module::{Module, ModuleVisitor, Param};
use burn::nn::{Linear, LinearConfig};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use optimizers::{
    Adam, AdamW, ModuleUpdate, NAdam, OptimizerError, Prodigy, ScheduleFreeAdamW, Sgd,
};

/// As many updates as make a measurement long enough.
const UPDATES: u32 = 300;

/// Gives every parameter a gradient of its own.
struct Gradients(GradientsParams);

impl ModuleVisitor for Gradients {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient = param.val().inner().mul_scalar(0.01);
        self.0.register(param.id, gradient);
    }
}

fn milliseconds(mut update: ModuleUpdate) -> f64 {
    let device = Device::flex().autodiff();
    let layer = |inputs, outputs| LinearConfig::new(inputs, outputs).init(&device);
    let mut model: Vec<Linear> = vec![layer(784, 256), layer(256, 128), layer(128, 10)];
    let mut taken = 0.0;
    for number in 0..UPDATES + 10 {
        let mut gradients = Gradients(GradientsParams::new());
        model.visit(&mut gradients);
        let start = Instant::now();
        model = update.step(1e-3, model, gradients.0);
        // The first updates make their state, and the memory that they take.
        if number >= 10 {
            taken += start.elapsed().as_secs_f64();
        }
    }
    1e3 * taken / f64::from(UPDATES)
}

fn main() -> Result<(), OptimizerError> {
    let updates = [
        ("SGD", Sgd::new().build()?),
        ("SGD, momentum", Sgd::new().momentum(0.9).build()?),
        (
            "SGD, momentum and decay",
            Sgd::new().momentum(0.9).weight_decay(1e-4).build()?,
        ),
        ("Adam", Adam::new().build()?),
        ("AdamW", AdamW::new().build()?),
        ("NAdam", NAdam::new().build()?),
        ("Schedule-Free AdamW", ScheduleFreeAdamW::new().build()?),
        ("Prodigy", Prodigy::new().build()?),
    ];
    for (name, update) in updates {
        println!("{name}: {:.3} ms an update", milliseconds(update));
    }
    Ok(())
}
