//! Figures as a picture in a file of its own.

use maud::{Markup, PreEscaped, html};

use super::drawing::{HEIGHT, WIDTH};
use super::legend::sample;
use super::style::STYLE;
use super::{Figure, Spacing};

/// What a figure's title takes above it, a line of the legend, and the space around everything.
const TITLE: f64 = 34.0;
const LINE: f64 = 22.0;
const MARGIN: f64 = 16.0;
/// A sample of a curve, and a letter, wide enough for most fonts.
const SAMPLE: f64 = 48.0;
const LETTER: f64 = 7.5;

impl Figure {
    /// `figures`, one below the other, as an SVG file: it stands alone, in light and dark.
    ///
    /// Where the figures have the same curves, the legend is there once, above them.
    pub fn svg_file(title: &str, figures: &[Self]) -> String {
        let mut top = MARGIN;
        let mut parts = Vec::new();
        let mut explained = None;
        for figure in figures {
            let names: Vec<&str> = figure
                .series
                .iter()
                .map(|each| each.name.as_str())
                .collect();
            if names.len() > 1 && explained.as_ref() != Some(&names) {
                let (legend, height) = legend(&names);
                parts.push(lowered(top, &legend));
                top += height;
                explained = Some(names);
            }
            parts.push(lowered(top, &figure.titled()));
            top += TITLE + HEIGHT;
        }
        let (width, height) = (WIDTH + 2.0 * MARGIN, top + MARGIN);
        let svg = html! {
            svg xmlns="http://www.w3.org/2000/svg" viewBox=(format!("0 0 {width} {height}"))
                width=(width) height=(height) role="img" {
                title { (title) }
                style { (PreEscaped(STYLE)) (PreEscaped(ALONE)) }
                rect.ground width=(width) height=(height) rx="8" {}
                @for part in &parts { (part) }
            }
        };
        svg.into_string() + "\n"
    }

    fn titled(&self) -> Markup {
        html! {
            text.title x="8" y="20" { (self.title) }
            @match self.drawing(self.y).or_else(|| self.drawing(Spacing::Linear)) {
                Some(drawing) => g transform=(format!("translate(0,{TITLE})")) { (drawing.picture()) },
                None => text x="8" y="60" { "Nothing was measured." },
            }
        }
    }
}

/// What only a file of its own needs.
const ALONE: &str = "
.ground { fill: var(--ground) }
text { fill: var(--ink); font: 14px system-ui, sans-serif }
.title { font-weight: 600 }
";

fn lowered(top: f64, content: &Markup) -> Markup {
    html! { g transform=(format!("translate({MARGIN},{top})")) { (content) } }
}

/// Samples and names in as many lines as they need, and how high that is.
fn legend(names: &[&str]) -> (Markup, f64) {
    let (mut x, mut y) = (8.0, 0.0);
    let mut places = Vec::new();
    for name in names {
        let width = SAMPLE + LETTER * name.chars().count() as f64 + MARGIN;
        if x + width > WIDTH && x > 8.0 {
            (x, y) = (8.0, y + LINE);
        }
        places.push((x, y));
        x += width;
    }
    let legend = html! {
        @for (index, (name, (x, y))) in names.iter().zip(places).enumerate() {
            g transform=(format!("translate({x},{y})")) {
                (sample(index, names.len()))
                text x=(SAMPLE) y="12" { (name) }
            }
        }
    };
    (legend, y + LINE + 6.0)
}
