//! Draws every shape for the crate's page: `docs/gallery.svg`.
//!
//!     cargo run -p schedules --no-default-features --example gallery

use std::fmt::Write;
use std::sync::Arc;

use schedules::prelude::*;

const UPDATES: u64 = 240;
const COLUMNS: usize = 4;
/// Of a panel and the curve in it, in SVG units.
const PANEL: (f64, f64) = (160.0, 96.0);
const CURVE: (f64, f64) = (136.0, 60.0);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let n = UPDATES;
    let curves: Vec<(&str, Arc<dyn Schedule>)> = vec![
        ("Constant", Arc::new(Constant::new())),
        ("Linear", Arc::new(Linear::new(n))),
        ("Polynomial", Arc::new(Polynomial::new(n).power(2.0))),
        ("Cosine", Arc::new(Cosine::new(n).floor(0.05))),
        ("Step", Arc::new(Step::new(n / 4).gamma(0.4))),
        (
            "MultiStep",
            Arc::new(MultiStep::new([n / 2, 3 * n / 4]).gamma(0.3)),
        ),
        ("Exponential", Arc::new(Exponential::new(0.05).every(n))),
        (
            "… in stairs",
            Arc::new(Exponential::new(0.5).every(n / 4).staircase(true)),
        ),
        ("InverseTime", Arc::new(InverseTime::new(9.0).every(n))),
        ("InverseSqrt", Arc::new(InverseSqrt::new(n / 20))),
        ("Noam", Arc::new(Noam::new(n / 8))),
        ("Tanh", Arc::new(Tanh::new(n))),
        ("Rex", Arc::new(Rex::new(n))),
        ("FlatCosine", Arc::new(FlatCosine::new(n))),
        ("Wsd", Arc::new(Wsd::new(n, n / 4))),
        (
            "Piecewise",
            Arc::new(Piecewise::new(0.1).to(n / 6, 1.0).to(n / 2, 0.4).to(n, 0.0)),
        ),
        ("OneCycle", Arc::new(OneCycle::new(n))),
        ("Cyclic", Arc::new(Cyclic::new(n / 6))),
        (
            "… triangular2",
            Arc::new(Cyclic::new(n / 6).mode(CyclicMode::Triangular2)),
        ),
        (
            "CosineRestarts",
            Arc::new(CosineRestarts::new(n / 7).multiplier(2.0)),
        ),
        ("RangeTest", Arc::new(RangeTest::new(n).start(1e-3))),
        (
            "SwaAnneal",
            Arc::new(
                Sequence::new(Cosine::new(n).floor(0.1))
                    .then(3 * n / 4, SwaAnneal::new(n / 8, 0.5).start(0.23)),
            ),
        ),
        (
            ".warmup_within(…)",
            Arc::new(Cosine::new(n).warmup_within(n / 8)),
        ),
        (
            ".cooldown(…)",
            Arc::new(InverseSqrt::new(n / 20).cooldown(n / 5, n)),
        ),
        (
            ".times(…)",
            Arc::new(Cosine::new(n).times(Step::new(n / 3).gamma(0.6))),
        ),
        (
            ".repeat(…)",
            Arc::new(Linear::new(n / 4).end(0.3).repeat(n / 4)),
        ),
        (".k_decay(…)", Arc::new(Cosine::new(n).k_decay(3.0))),
        (
            ".retimed(…)",
            Arc::new(Linear::new(n / 2).retimed(n / 4, n / 2, n)),
        ),
    ];
    let rows = curves.len().div_ceil(COLUMNS);
    let (width, height) = (PANEL.0 * COLUMNS as f64, PANEL.1 * rows as f64);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
         font-size=\"11\" fill=\"currentColor\" role=\"img\">\n<title>the shapes</title>\n"
    );
    for (index, (name, schedule)) in curves.iter().enumerate() {
        schedule.check()?;
        let left = PANEL.0 * (index % COLUMNS) as f64 + 12.0;
        let top = PANEL.1 * (index / COLUMNS) as f64 + 22.0;
        let bottom = top + CURVE.1;
        let right = left + CURVE.0;
        writeln!(
            svg,
            "<text x=\"{left}\" y=\"{:.0}\">{name}</text>",
            top - 8.0
        )?;
        writeln!(
            svg,
            "<path d=\"M{left},{top}V{bottom}H{right}\" fill=\"none\" stroke=\"currentColor\" stroke-opacity=\"0.3\"/>"
        )?;
        let points: Vec<String> = (0..=UPDATES)
            .map(|update| {
                let x = left + CURVE.0 * update as f64 / UPDATES as f64;
                let y = bottom - CURVE.1 * schedule.factor(update).min(1.0);
                format!("{x:.1},{y:.1}")
            })
            .collect();
        writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.5\"/>",
            points.join(" ")
        )?;
    }
    svg.push_str("</svg>\n");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/gallery.svg");
    std::fs::write(path, svg)?;
    println!("{path}");
    Ok(())
}
