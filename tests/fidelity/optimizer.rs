//! PyTorch's optimizers, and those of `schedulefree` and `prodigyopt`, from their own arguments.

use optimizers::{
    Adagrad, Adam, AdamW, Follow, ModuleUpdate, Momentum, NAdam, OptimizerError, Prodigy, RAdam,
    RmsProp, ScheduleFreeAdamW, ScheduleFreeSgd, Sgd,
};
use schedules::Scheduler;
use serde_json::Value;

use super::arguments::Arguments;

/// Arguments that change how PyTorch computes, not what.
const HOW: [&str; 5] = [
    "foreach",
    "fused",
    "capturable",
    "differentiable",
    "fsdp_in_use",
];

/// The learning rate that schedules start from; left out, each optimizer's own.
pub(super) fn learning_rate(spec: &Value) -> f64 {
    let mut arguments = Arguments::new(spec);
    let default = match arguments.kind() {
        "sgd" | "adam" | "adamw" | "radam" => 1e-3,
        "nadam" => 2e-3,
        "schedulefree_adamw" => 2.5e-3,
        "schedulefree_sgd" | "prodigy" => 1.0,
        _ => 1e-2,
    };
    arguments.number("lr", default)
}

/// The optimizer of `spec`, whose momentum is that of `schedule` where it has one.
pub(super) fn build(spec: &Value, schedule: &Scheduler) -> ModuleUpdate {
    let mut arguments = Arguments::new(spec);
    let kind = arguments.kind().to_owned();
    arguments.take("lr");
    for name in HOW {
        arguments.take(name);
    }
    arguments.never(&["maximize"]);
    let built = of_kind(&kind, &mut arguments, schedule);
    arguments.finish();
    built.unwrap_or_else(|error| panic!("{spec}: {error}"))
}

fn of_kind(
    kind: &str,
    given: &mut Arguments,
    schedule: &Scheduler,
) -> Result<ModuleUpdate, OptimizerError> {
    const BETAS: (f64, f64) = (0.9, 0.999);
    match kind {
        "sgd" => {
            let sgd = Sgd::new()
                .momentum(given.number("momentum", 0.0))
                .dampening(given.number("dampening", 0.0))
                .weight_decay(given.number("weight_decay", 0.0))
                .nesterov(given.flag("nesterov", false));
            follow(sgd, schedule)
        }
        "adam" | "adamw" => {
            let (beta1, beta2) = given.pair("betas", BETAS);
            let epsilon = given.number("eps", 1e-8);
            // AdamW is Adam with this argument, and another default.
            let decoupled = kind == "adamw" || given.flag("decoupled_weight_decay", false);
            let default = if kind == "adamw" { 1e-2 } else { 0.0 };
            let weight_decay = given.number("weight_decay", default);
            let amsgrad = given.flag("amsgrad", false);
            if decoupled {
                let adamw = AdamW::new().betas(beta1, beta2).epsilon(epsilon);
                follow(adamw.weight_decay(weight_decay).amsgrad(amsgrad), schedule)
            } else {
                let adam = Adam::new().betas(beta1, beta2).epsilon(epsilon);
                follow(adam.weight_decay(weight_decay).amsgrad(amsgrad), schedule)
            }
        }
        "nadam" => {
            let (beta1, beta2) = given.pair("betas", BETAS);
            let nadam = NAdam::new()
                .betas(beta1, beta2)
                .epsilon(given.number("eps", 1e-8))
                .weight_decay(given.number("weight_decay", 0.0))
                .momentum_decay(given.number("momentum_decay", 4e-3))
                .decoupled_weight_decay(given.flag("decoupled_weight_decay", false));
            follow(nadam, schedule)
        }
        "radam" => {
            let (beta1, beta2) = given.pair("betas", BETAS);
            let radam = RAdam::new()
                .betas(beta1, beta2)
                .epsilon(given.number("eps", 1e-8))
                .weight_decay(given.number("weight_decay", 0.0))
                .decoupled_weight_decay(given.flag("decoupled_weight_decay", false));
            follow(radam, schedule)
        }
        "rmsprop" => {
            let rmsprop = RmsProp::new()
                .alpha(given.number("alpha", 0.99))
                .epsilon(given.number("eps", 1e-8))
                .weight_decay(given.number("weight_decay", 0.0))
                .momentum(given.number("momentum", 0.0))
                .centered(given.flag("centered", false));
            follow(rmsprop, schedule)
        }
        "adagrad" => {
            keeps(kind, schedule);
            Adagrad::new()
                .lr_decay(given.number("lr_decay", 0.0))
                .weight_decay(given.number("weight_decay", 0.0))
                .initial_accumulator_value(given.number("initial_accumulator_value", 0.0))
                .epsilon(given.number("eps", 1e-10))
                .build()
        }
        "schedulefree_sgd" => {
            keeps(kind, schedule);
            ScheduleFreeSgd::new()
                .momentum(given.number("momentum", 0.9))
                .weight_decay(given.number("weight_decay", 0.0))
                .warmup_steps(given.count("warmup_steps", 0))
                .r(given.number("r", 0.0))
                .weight_lr_power(given.number("weight_lr_power", 2.0))
                .build()
        }
        "schedulefree_adamw" => {
            let (beta1, beta2) = given.pair("betas", BETAS);
            keeps(kind, schedule);
            ScheduleFreeAdamW::new()
                .betas(beta1, beta2)
                .epsilon(given.number("eps", 1e-8))
                .weight_decay(given.number("weight_decay", 0.0))
                .warmup_steps(given.count("warmup_steps", 0))
                .r(given.number("r", 0.0))
                .weight_lr_power(given.number("weight_lr_power", 2.0))
                .build()
        }
        "prodigy" => prodigy(given, schedule),
        _ => panic!("no optimizer {kind}"),
    }
}

fn prodigy(given: &mut Arguments, schedule: &Scheduler) -> Result<ModuleUpdate, OptimizerError> {
    keeps("prodigy", schedule);
    // It picks values in the order of PyTorch's layout, which Burn's linear weights have not.
    assert_eq!(given.count("slice_p", 1), 1, "slice_p");
    let (beta1, beta2) = given.pair("betas", (0.9, 0.999));
    let mut prodigy = Prodigy::new()
        .betas(beta1, beta2)
        .epsilon(given.number("eps", 1e-8))
        .weight_decay(given.number("weight_decay", 0.0))
        .decouple(given.flag("decouple", true))
        .use_bias_correction(given.flag("use_bias_correction", false))
        .safeguard_warmup(given.flag("safeguard_warmup", false))
        .d0(given.number("d0", 1e-6))
        .d_coef(given.number("d_coef", 1.0))
        .growth_rate(given.number("growth_rate", f64::INFINITY));
    if let Some(beta3) = given.take("beta3") {
        prodigy = prodigy.beta3(beta3.as_f64().expect("a number"));
    }
    prodigy.build()
}

fn follow(optimizer: impl Momentum, schedule: &Scheduler) -> Result<ModuleUpdate, OptimizerError> {
    Follow::new(optimizer, schedule.handle()).build()
}

/// The schedule moves no momentum, which this optimizer could not follow.
fn keeps(kind: &str, schedule: &Scheduler) {
    let moves = schedule.momentum_at(0);
    assert!(moves.is_none(), "{kind} follows no momentum of a schedule");
}
