//! Every optimizer against what PyTorch, timm, schedulefree and prodigyopt recorded: `recorded/make.py`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use burn::module::{Module, Param, ParamGroup, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::{DType, Device, Tensor, TensorData};
use optimizers::{
    Adagrad, Adam, AdamW, Adjust, Decay, Ema, GradientAverage, Lamb, Lion, ModuleUpdate, Muon,
    NAdam, OptimizerError, Prodigy, RAdam, RecordError, RmsProp, ScheduleFreeAdamW,
    ScheduleFreeSgd, Sgd, StateRecord, clip_norm, clip_value,
};
use serde_json::Value;

/// The three parameters of the problem.
#[derive(Module, Debug)]
struct Tiny {
    matrix: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
    kernel: Param<Tensor<4>>,
}

fn parameter<const D: usize>(index: usize, shape: [usize; D], device: &Device) -> Param<Tensor<D>> {
    let count = shape.iter().product();
    let values = (0..count).map(|i| (0.7 * i as f64 + index as f64).cos());
    let data = TensorData::new(values.collect::<Vec<f64>>(), shape);
    let tensor = Tensor::from_data(data, (device, DType::F64));
    Param::initialized(ParamId::new(), tensor.require_grad())
}

impl Tiny {
    fn new() -> Self {
        let device = Device::flex().autodiff();
        Self {
            matrix: parameter(0, [4, 3], &device),
            bias: parameter(1, [3], &device),
            kernel: parameter(2, [2, 3, 3, 3], &device),
        }
    }

    fn gradients(&self, update: usize) -> GradientsParams {
        let mut gradients = GradientsParams::new();
        gradients.register(self.matrix.id, gradient(0, update, &self.matrix));
        gradients.register(self.bias.id, gradient(1, update, &self.bias));
        gradients.register(self.kernel.id, gradient(2, update, &self.kernel));
        gradients
    }

    fn values(&self) -> [Vec<f64>; 3] {
        [
            values(self.matrix.val()),
            values(self.bias.val()),
            values(self.kernel.val()),
        ]
    }
}

fn gradient<const D: usize>(index: usize, update: usize, param: &Param<Tensor<D>>) -> Tensor<D> {
    let tensor = param.val().inner();
    let shape = tensor.dims();
    let values = values(tensor);
    let values = values.iter().enumerate().map(|(i, value)| {
        let wave = (1.3 * i as f64 + 0.9 * update as f64 + 2.0 * index as f64).sin();
        0.5 * value + wave
    });
    let data = TensorData::new(values.collect::<Vec<f64>>(), shape);
    Tensor::from_data(data, (&Device::flex(), DType::F64))
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    let data = tensor.into_data();
    assert_eq!(data.dtype(), DType::F64);
    data.iter::<f64>().collect()
}

fn rate(update: usize) -> f64 {
    0.02 * (1.0 + (0.15 * update as f64).cos())
}

type Built = Result<ModuleUpdate, OptimizerError>;

/// Each recorded case: its name, what the learning rate is multiplied by, and the optimizer with the same parameters.
fn cases() -> Vec<(&'static str, f64, Built)> {
    let adam = || AdamW::new();
    vec![
        ("sgd", 1.0, Sgd::new().build()),
        (
            "sgd_momentum",
            1.0,
            Sgd::new()
                .momentum(0.9)
                .dampening(0.1)
                .weight_decay(0.01)
                .build(),
        ),
        (
            "sgd_nesterov",
            1.0,
            Sgd::new().momentum(0.9).nesterov(true).build(),
        ),
        ("adam", 1.0, Adam::new().build()),
        (
            "adam_l2",
            1.0,
            Adam::new()
                .betas(0.8, 0.95)
                .epsilon(1e-6)
                .weight_decay(0.1)
                .build(),
        ),
        ("adamw", 1.0, adam().build()),
        (
            "adam_amsgrad",
            1.0,
            Adam::new().amsgrad(true).betas(0.9, 0.9).build(),
        ),
        (
            "adamw_amsgrad",
            1.0,
            adam()
                .amsgrad(true)
                .betas(0.9, 0.9)
                .weight_decay(0.1)
                .build(),
        ),
        ("nadam", 1.0, NAdam::new().build()),
        (
            "nadam_l2",
            1.0,
            NAdam::new().momentum_decay(0.02).weight_decay(0.1).build(),
        ),
        (
            "nadam_decoupled",
            1.0,
            NAdam::new()
                .weight_decay(0.1)
                .decoupled_weight_decay(true)
                .build(),
        ),
        ("radam", 1.0, RAdam::new().build()),
        ("radam_l2", 1.0, RAdam::new().weight_decay(0.1).build()),
        (
            "radam_decoupled",
            1.0,
            RAdam::new()
                .weight_decay(0.1)
                .decoupled_weight_decay(true)
                .build(),
        ),
        ("rmsprop", 1.0, RmsProp::new().build()),
        (
            "rmsprop_centered",
            1.0,
            RmsProp::new()
                .alpha(0.9)
                .centered(true)
                .momentum(0.9)
                .weight_decay(0.1)
                .build(),
        ),
        ("adagrad", 1.0, Adagrad::new().build()),
        (
            "adagrad_decay",
            1.0,
            Adagrad::new()
                .lr_decay(0.1)
                .initial_accumulator_value(0.5)
                .weight_decay(0.1)
                .build(),
        ),
        ("lion", 1.0, Lion::new().build()),
        (
            "lion_caution",
            1.0,
            Lion::new().weight_decay(0.1).caution(true).build(),
        ),
        ("lamb", 1.0, Lamb::new().build()),
        (
            "lamb_decoupled",
            1.0,
            Lamb::new()
                .decoupled_decay(true)
                .trust_clip(true)
                .max_grad_norm(f64::INFINITY)
                .build(),
        ),
        (
            "lamb_always",
            1.0,
            Lamb::new()
                .weight_decay(0.0)
                .always_adapt(true)
                .grad_averaging(false)
                .bias_correction(false)
                .build(),
        ),
        ("lamb_caution", 1.0, Lamb::new().caution(true).build()),
        ("muon", 1.0, Muon::new().build()),
        (
            "muon_matched",
            1.0,
            Muon::new()
                .adjust(Adjust::MatchRmsAdamW)
                .nesterov(false)
                .steps(3)
                .momentum(0.9)
                .build(),
        ),
        (
            "muon_spectral_flat",
            1.0,
            Muon::new()
                .adjust(Adjust::SpectralUnclamped)
                .flatten(true)
                .build(),
        ),
        ("schedule_free_sgd", 20.0, ScheduleFreeSgd::new().build()),
        (
            "schedule_free_sgd_warmup",
            20.0,
            ScheduleFreeSgd::new()
                .momentum(0.8)
                .weight_decay(0.01)
                .warmup_steps(5)
                .r(1.0)
                .weight_lr_power(1.0)
                .build(),
        ),
        ("schedule_free_adamw", 1.0, ScheduleFreeAdamW::new().build()),
        (
            "schedule_free_adamw_warmup",
            1.0,
            ScheduleFreeAdamW::new()
                .betas(0.95, 0.98)
                .weight_decay(0.1)
                .warmup_steps(5)
                .r(0.5)
                .build(),
        ),
        ("prodigy", 25.0, Prodigy::new().build()),
        (
            "prodigy_decay",
            25.0,
            Prodigy::new()
                .weight_decay(0.1)
                .use_bias_correction(true)
                .safeguard_warmup(true)
                .d0(1e-4)
                .d_coef(0.5)
                .build(),
        ),
        (
            "prodigy_coupled",
            25.0,
            Prodigy::new()
                .betas(0.0, 0.99)
                .beta3(0.9)
                .weight_decay(0.1)
                .decouple(false)
                .growth_rate(1.5)
                .d0(1e-3)
                .build(),
        ),
        (
            "prodigy_sliced",
            25.0,
            Prodigy::new().slice_p(5).d0(1e-3).build(),
        ),
    ]
}

fn recording(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    let values = value.as_array().unwrap();
    values.iter().map(|value| value.as_f64().unwrap()).collect()
}

fn assert_near(name: &str, ours: &[Vec<f64>; 3], recorded: &Value, tolerance: f64) {
    for (index, ours) in ours.iter().enumerate() {
        let recorded = numbers(&recorded[index]);
        assert_eq!(ours.len(), recorded.len(), "{name}");
        for (ours, recorded) in ours.iter().zip(&recorded) {
            let apart = (ours - recorded).abs() / recorded.abs().max(1.0);
            assert!(
                apart <= tolerance,
                "{name}, parameter {index}: {ours} and {recorded}, {apart:e} apart"
            );
        }
    }
}

const OPTIMIZERS: &str = include_str!("recorded/optimizers.json");

#[test]
fn every_optimizer_moves_as_recorded() {
    let recorded = recording(OPTIMIZERS);
    let mut compared = 0;
    for (name, base, update) in cases() {
        let case = &recorded[name];
        let (mut module, mut update) = (Tiny::new(), update.unwrap());
        for step in 0..20 {
            let gradients = module.gradients(step);
            module = update.step(base * rate(step), module, gradients);
            let at = &case["parameters"][(step + 1).to_string()];
            if !at.is_null() {
                let name = format!("{name}, update {}", step + 1);
                assert_near(&name, &module.values(), at, 1e-12);
                compared += 1;
            }
        }
        assert_eq!(
            update.evaluates_other_weights(),
            !case["evaluation"].is_null(),
            "{name}"
        );
        if update.evaluates_other_weights() {
            let evaluated = update.evaluation(module.valid());
            assert_near(name, &evaluated.values(), &case["evaluation"], 1e-12);
            // A module that is trained can be evaluated as well.
            let cloned = update.evaluation(module.clone());
            assert_eq!(cloned.values(), evaluated.values(), "{name}");
        }
        if let Some(d) = case["d"].as_f64() {
            let record = update.to_record();
            let ours = record.entries()["@d"].iter::<f64>().next().unwrap();
            assert!((ours - d).abs() <= 1e-12 * d, "{name}: d = {ours} and {d}");
        }
    }
    // All but the one that PyTorch rounds.
    let all = recorded.as_object().unwrap().len() - 2;
    assert_eq!(compared, 4 * all, "every recording is compared");
}

/// PyTorch iterates in bfloat16, which keeps 8 bits: the steps differ by 5 %.
#[test]
fn muon_is_pytorchs_but_for_its_rounding() {
    let recorded = recording(OPTIMIZERS);
    let (mut module, mut update) = (Tiny::new(), Muon::new().build().unwrap());
    let before = module.values();
    let gradients = module.gradients(0);
    module = update.step(rate(0), module, gradients);
    let theirs = numbers(&recorded["muon_bfloat16"]["parameters"]["1"][0]);
    let after = module.values();
    let (mut apart, mut moved) = (0.0, 0.0);
    for ((before, ours), theirs) in before[0].iter().zip(&after[0]).zip(&theirs) {
        apart += (ours - theirs).powi(2);
        moved += (ours - before).powi(2);
    }
    let share = (apart / moved).sqrt();
    assert!((0.001..0.08).contains(&share), "{share} of the step apart");
}

#[test]
fn a_run_goes_on_from_its_record_to_the_same_bits() {
    for (name, base, update) in cases() {
        let fresh = update
            .unwrap()
            .group(ParamGroup::from_predicate("bias"), 0.5);
        let (mut module, mut update) = (Tiny::new(), fresh.clone());
        for step in 0..5 {
            let gradients = module.gradients(step);
            module = update.step(base * rate(step), module, gradients);
        }
        let record = update.to_record();
        let record = StateRecord::new(record.kind(), record.entries().clone());
        let mut resumed = fresh;
        resumed.load_record(&record, &module).unwrap();
        assert_eq!(resumed.to_record(), record, "{name}");
        let mut other = module.clone();
        for step in 5..10 {
            let gradients = module.gradients(step);
            module = update.step(base * rate(step), module, gradients);
            let gradients = other.gradients(step);
            other = resumed.step(base * rate(step), other, gradients);
        }
        assert_eq!(module.values(), other.values(), "{name}");
        assert_eq!(
            update.evaluation(module.valid()).values(),
            resumed.evaluation(other.valid()).values(),
            "{name}"
        );
        assert_eq!(resumed.updates(), 10);
    }
}

#[test]
fn a_record_of_something_else_is_refused() {
    let mut module = Tiny::new();
    let mut update = Adam::new().build().unwrap();
    let gradients = module.gradients(0);
    module = update.step(0.1, module, gradients);
    let record = update.to_record();
    let refused = |record: &StateRecord| {
        let mut fresh = Adam::new().build().unwrap();
        let error = fresh.load_record(record, &module).unwrap_err();
        assert_eq!(fresh.updates(), 0, "nothing is taken over");
        error
    };

    assert_eq!(refused(&StateRecord::default()), RecordError::Empty);
    let mut nadam = NAdam::new().build().unwrap();
    let error = nadam.load_record(&record, &module).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the record is of Adam, and must be of NAdam"
    );
    let changed = |change: &dyn Fn(&mut std::collections::BTreeMap<String, TensorData>)| {
        let mut entries = record.entries().clone();
        change(&mut entries);
        refused(&StateRecord::new(record.kind(), entries))
    };
    let error = changed(&|entries| {
        entries.remove("bias.square");
    });
    assert_eq!(error.to_string(), "the record has no usable `bias.`");
    let error = changed(&|entries| {
        entries.retain(|name, _| !name.starts_with("bias."));
    });
    assert_eq!(
        error,
        RecordError::Count {
            recorded: 3,
            found: 2
        }
    );
    let error = changed(&|entries| {
        let data = entries["bias.square"].clone();
        entries.insert("head.square".to_owned(), data);
    });
    assert_eq!(
        error,
        RecordError::Foreign {
            name: "head.square".to_owned()
        }
    );
    let error = changed(&|entries| {
        let data = TensorData::new(vec![0.0_f64; 12], [3, 4]);
        entries.insert("matrix.square".to_owned(), data);
    });
    assert_eq!(
        error.to_string(),
        "the record's `matrix.square` has the shape [3, 4], and must have [4, 3]"
    );
}

#[test]
fn biases_keep_their_weight_when_asked() {
    let after = |update: Built, decay: Decay| {
        let (mut module, mut update) = (Tiny::new(), update.unwrap().decay(decay));
        for step in 0..3 {
            let gradients = module.gradients(step);
            module = update.step(0.1, module, gradients);
        }
        module.values()
    };
    type Make = fn(f64) -> Built;
    let makers: [Make; 5] = [
        |decay| Sgd::new().weight_decay(decay).build(),
        |decay| AdamW::new().weight_decay(decay).build(),
        |decay| RmsProp::new().weight_decay(decay).build(),
        |decay| ScheduleFreeAdamW::new().weight_decay(decay).build(),
        |decay| Lion::new().weight_decay(decay).build(),
    ];
    for make in makers {
        let all = after(make(0.5), Decay::All);
        let none = after(make(0.0), Decay::All);
        let matrices = after(make(0.5), Decay::Matrices);
        assert_eq!(matrices, [all[0].clone(), none[1].clone(), all[2].clone()]);
        assert!(all.iter().zip(&none).all(|(all, none)| all != none));
    }
}

#[test]
fn muon_leaves_what_it_is_told_to_adamw() {
    let mut module = Tiny::new();
    let mut update = Muon::new()
        .adamw_for(["matrix"])
        .adamw_rate(0.5)
        .build()
        .unwrap();
    let (mut other, mut adamw) = (Tiny::new(), AdamW::new().build().unwrap());
    for step in 0..3 {
        let gradients = module.gradients(step);
        module = update.step(0.1, module, gradients);
        let gradients = other.gradients(step);
        other = adamw.step(0.05, other, gradients);
    }
    assert_eq!(module.values(), other.values());
}

#[test]
fn clipping_is_pytorchs() {
    let recorded = recording(include_str!("recorded/clip.json"));
    let module = Tiny::new();
    let cut = |gradients: &GradientsParams| {
        [
            values(gradients.get::<2>(module.matrix.id).unwrap()),
            values(gradients.get::<1>(module.bias.id).unwrap()),
            values(gradients.get::<4>(module.kernel.id).unwrap()),
        ]
    };
    for (name, limit) in [("norm_1", 1.0), ("norm_100", 100.0)] {
        let mut gradients = module.gradients(0);
        let norm = clip_norm(&module, &mut gradients, limit).unwrap();
        let apart = values(norm)[0] - recorded[name]["norm"].as_f64().unwrap();
        assert!(apart.abs() < 1e-13, "{name}: {apart:e}");
        let theirs = &recorded[name]["gradients"];
        assert_near(name, &cut(&gradients), theirs, 1e-14);
    }
    let mut gradients = module.gradients(0);
    clip_value(&module, &mut gradients, 0.25);
    let theirs = &recorded["value_0.25"]["gradients"];
    // The last bit is the sine's.
    assert_near("value", &cut(&gradients), theirs, 1e-15);
    // Nothing to clip is no error.
    let mut none = GradientsParams::new();
    assert!(clip_norm(&module, &mut none, 1.0).is_none());
}

#[test]
fn the_average_of_weights_is_timms() {
    let recorded = recording(include_str!("recorded/ema.json"));
    let averages = [
        ("ema", Ema::new(0.9)),
        (
            "ema_warmup",
            Ema::new(0.9)
                .warmup(1.0, 2.0 / 3.0)
                .min_decay(0.2)
                .update_after(2),
        ),
    ];
    for (name, ema) in averages {
        let (mut module, mut update) = (Tiny::new(), Sgd::new().build().unwrap());
        let mut average = ema.clone().build().unwrap();
        assert_eq!(average.evaluation(module.valid()).values(), module.values());
        for step in 0..20 {
            let gradients = module.gradients(step);
            module = update.step(0.1, module, gradients);
            average.update(&module);
            // Midway it is put away and taken up again.
            if step == 7 {
                let record = average.to_record();
                average = ema.clone().build().unwrap();
                average.load_record(&record, &module).unwrap();
            }
            let at = &recorded[name][(step + 1).to_string()];
            if !at.is_null() {
                let name = format!("{name}, update {}", step + 1);
                let evaluated = average.evaluation(module.valid());
                assert_near(&name, &evaluated.values(), at, 1e-13);
            }
        }
        let mut fresh = ema.build().unwrap();
        let foreign = update.to_record();
        assert!(fresh.load_record(&foreign, &module).is_err());
        assert_eq!(fresh.updates(), 0);
    }
}

#[test]
fn what_is_not_trained_is_copied_and_not_averaged() {
    let mut module = Tiny::new();
    let (mut update, mut average) = (Sgd::new().build().unwrap(), Ema::new(0.9).build().unwrap());
    for step in 0..3 {
        // As batch norm does with its running statistics, which no gradient moves.
        module.bias = module
            .bias
            .map(|bias| (bias.inner() + 1.0).autodiff())
            .set_require_grad(false);
        let gradients = module.gradients(step);
        module = update.step(0.1, module, gradients);
        average.update(&module);
    }
    let (evaluated, trained) = (average.evaluation(module.valid()).values(), module.values());
    assert_eq!(evaluated[1], trained[1]);
    assert_ne!(evaluated[0], trained[0]);
}

#[test]
fn a_rate_of_zero_moves_nothing() {
    for (name, base, update) in cases() {
        let mut fresh = update.unwrap();
        let (mut module, mut update) = (Tiny::new(), fresh.clone());
        for step in 0..2 {
            let gradients = module.gradients(step);
            module = update.step(0.0, module, gradients);
        }
        assert_eq!(module.values(), Tiny::new().values(), "{name}");
        let evaluated = update.evaluation(module.valid()).values();
        for (evaluated, started) in evaluated
            .iter()
            .flatten()
            .zip(module.values().iter().flatten())
        {
            assert!((evaluated - started).abs() < 1e-15, "{name}");
        }
        let gradients = module.gradients(2);
        module = update.step(base * rate(2), module, gradients);
        assert!(
            module
                .values()
                .iter()
                .flatten()
                .all(|value| value.is_finite()),
            "{name}"
        );
        assert_ne!(module.values(), Tiny::new().values(), "{name}");
        if name.starts_with("prodigy") {
            // The package does not even count such an update.
            let mut other = Tiny::new();
            let gradients = other.gradients(2);
            other = fresh.step(base * rate(2), other, gradients);
            assert_eq!(module.values(), other.values(), "{name}");
        }
    }
}

#[test]
fn a_mean_of_batches_is_the_gradient_of_all() {
    let module = Tiny::new();
    let mut average = GradientAverage::new();
    for step in 0..3 {
        average.add(&module, module.gradients(step));
    }
    assert_eq!(average.count(), 3);
    let mean = values(average.take(&module).get::<4>(module.kernel.id).unwrap());
    let each = [0, 1, 2].map(|step| values(gradient(2, step, &module.kernel)));
    for (index, mean) in mean.iter().enumerate() {
        let sum: f64 = each.iter().map(|each| each[index]).sum();
        assert!((mean - sum / 3.0).abs() < 1e-15);
    }
    // The next update begins anew, and one batch is its own mean.
    average.add(&module, module.gradients(5));
    let one = values(average.take(&module).get::<1>(module.bias.id).unwrap());
    assert_eq!(one, values(gradient(1, 5, &module.bias)));
    assert!(average.take(&module).is_empty());
}
