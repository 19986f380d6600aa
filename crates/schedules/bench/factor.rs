//! How long the factor of every shape takes, early and at update 10^12, and that of ten parts.
//!
//!     cargo bench --manifest-path crates/schedules/bench/Cargo.toml
//!
//! Where Python and torch are installed, one `scheduler.step()` of PyTorch is timed in the same run.

use std::hint::black_box;
use std::process::Command;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use schedules::prelude::*;

/// As long as training gets.
const LONG: u64 = 1_000_000_000_000;

fn shapes(n: u64) -> Vec<(&'static str, Arc<dyn Schedule>)> {
    vec![
        ("constant", Arc::new(Constant::new())),
        ("linear", Arc::new(Linear::new(n))),
        ("polynomial", Arc::new(Polynomial::new(n).power(1.5))),
        ("exponential", Arc::new(Exponential::new(0.01).every(n))),
        ("step", Arc::new(Step::new(n / 4))),
        (
            "multi_step",
            Arc::new(MultiStep::new(
                (1..9).map(|part| part * n / 9).collect::<Vec<_>>(),
            )),
        ),
        ("cosine", Arc::new(Cosine::new(n))),
        ("cyclic", Arc::new(Cyclic::new(2_000))),
        ("one_cycle", Arc::new(OneCycle::new(n))),
        ("cosine_restarts", Arc::new(CosineRestarts::new(1_000))),
        (
            "cosine_restarts x2",
            Arc::new(CosineRestarts::new(1_000).multiplier(2.0)),
        ),
        (
            "cosine_restarts x1.5",
            Arc::new(CosineRestarts::new(1_000).multiplier(1.5)),
        ),
        (
            "cosine_restarts x1.1",
            Arc::new(CosineRestarts::new(1_000).multiplier(1.1)),
        ),
        ("wsd", Arc::new(Wsd::new(n, n / 5))),
        ("inverse_sqrt", Arc::new(InverseSqrt::new(10_000))),
        ("noam", Arc::new(Noam::new(4_000))),
        ("inverse_time", Arc::new(InverseTime::new(9.0).every(n))),
        ("tanh", Arc::new(Tanh::new(n))),
        ("rex", Arc::new(Rex::new(n))),
        (
            "piecewise",
            Arc::new((1..9).fold(Piecewise::new(1.0), |curve, part| {
                curve.to(part * n / 9, 0.5)
            })),
        ),
        ("flat_cosine", Arc::new(FlatCosine::new(n))),
        ("swa", Arc::new(SwaAnneal::new(n, 0.5))),
        ("range_test", Arc::new(RangeTest::new(n))),
        (
            "closure",
            Arc::new(Closure::new("halves", |update| 0.5 / (1.0 + update as f64))),
        ),
        ("warmup", Arc::new(Constant::new().warmup(n))),
        ("cooldown", Arc::new(Constant::new().cooldown(n / 2, n))),
        ("repeat", Arc::new(Linear::new(1_000).repeat(1_000))),
        ("k_decay", Arc::new(Linear::new(n).k_decay(2.0))),
        (
            "retimed",
            Arc::new(Linear::new(n).retimed(n / 4, n, n / 2 * 3)),
        ),
    ]
}

/// Ten schedules, one after another, under a warm-up and a floor.
fn ten_parts(n: u64) -> Arc<dyn Schedule> {
    let part = n / 10;
    let parts = (1..10).fold(Sequence::new(Cosine::new(part)), |parts, index| {
        parts.then(index * part, Cosine::new(part).floor(0.1))
    });
    Arc::new(parts.at_least(1e-3).warmup_within(part / 2))
}

/// Ten schedules, all asked at once.
fn ten_factors(n: u64) -> Arc<dyn Schedule> {
    Arc::new(
        (1..10).fold(Product::new(Cosine::new(n)), |product, index| {
            product.times(Exponential::new(0.5).every(index * n))
        }),
    )
}

fn factor(criterion: &mut Criterion) {
    for (time, n) in [("1e4", 20_000), ("1e12", 2 * LONG)] {
        let update = n / 2 + 7;
        let mut group = criterion.benchmark_group(format!("factor at {time}"));
        let composed = [
            ("ten parts", ten_parts(n)),
            ("product of ten", ten_factors(n)),
        ];
        for (name, schedule) in shapes(n).into_iter().chain(composed) {
            group.bench_function(name, |bencher| {
                bencher.iter(|| schedule.factor(black_box(update)));
            });
        }
        group.finish();
    }
    criterion.bench_function("Scheduler::step", |bencher| {
        let mut rate = Cosine::new(LONG).peak(0.1).expect("a sound schedule");
        bencher.iter(|| rate.step());
    });
    let pytorch = Command::new("python3")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/pytorch.py"))
        .output();
    match pytorch {
        Ok(output) if output.status.success() => {
            print!("{}", String::from_utf8_lossy(&output.stdout));
        }
        _ => println!("PyTorch: not installed here, not measured"),
    }
}

criterion_group!(benches, factor);
criterion_main!(benches);
