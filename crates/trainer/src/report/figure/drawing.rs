//! A figure's frame and curves as SVG.

use maud::{Markup, html};

use super::scale::Scale;
use super::style::{look, marker};
use super::{Figure, Point, Series};

/// The picture's size, and the frame that the curves are drawn in, in SVG units.
pub(super) const WIDTH: f64 = 640.0;
pub(super) const HEIGHT: f64 = 320.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = 624.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 276.0;

/// How far the names of vertical lines are apart.
const MARK: f64 = 16.0;

/// A curve with more points than this has a marker at so many of them, so that its line is seen.
const MARKERS: usize = 8;

/// A figure with its axes settled.
#[derive(Debug)]
pub(super) struct Drawing<'a> {
    pub(super) figure: &'a Figure,
    pub(super) x: Scale,
    pub(super) y: Scale,
}

impl Drawing<'_> {
    /// The picture, with what a script needs to find a value in it: the frame and both axes.
    pub(super) fn svg(&self) -> Markup {
        let ends = |scale: &Scale| format!("{} {}", scale.ends().0, scale.ends().1);
        html! {
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(self.described())
                data-frame=(format!("{LEFT} {RIGHT} {TOP} {BOTTOM}"))
                data-x=(ends(&self.x)) data-x-spacing=(self.x.spacing().name())
                data-y=(ends(&self.y)) data-y-spacing=(self.y.spacing().name()) {
                (self.picture())
            }
        }
    }

    /// The same for somebody who does not see it; the numbers are in the legend.
    fn described(&self) -> String {
        let names = self.figure.series.iter().map(|series| series.name.as_str());
        let names = names.collect::<Vec<_>>().join(", ");
        format!("{} over {}: {names}", self.figure.title, self.figure.along)
    }

    /// Frame, marks and curves.
    pub(super) fn picture(&self) -> Markup {
        html! {
            (self.frame())
            @for (index, (name, x)) in self.figure.marks.iter().enumerate() {
                @if let Some(x) = self.across(*x) { (mark(name, x, index)) }
            }
            @for (index, series) in self.figure.series.iter().enumerate() {
                g class=(look(index, self.figure.series.len())) {
                    (self.curve(series, index))
                }
            }
        }
    }

    fn frame(&self) -> Markup {
        html! {
            g.frame {
                @for (tick, name) in self.y.ticks() {
                    @if let Some(y) = self.up(tick) {
                        path.grid d=(format!("M{LEFT},{y:.1}H{RIGHT}")) {}
                        text.y x=(LEFT - 8.0) y=(format!("{:.1}", y + 4.0)) { (name) }
                    }
                }
                @for (tick, name) in self.x.ticks() {
                    @if let Some(x) = self.across(tick) {
                        path.tick d=(format!("M{x:.1},{BOTTOM}v5")) {}
                        text.x x=(format!("{x:.1}")) y=(BOTTOM + 20.0) { (name) }
                    }
                }
                path.axis d=(format!("M{LEFT},{TOP}V{BOTTOM}H{RIGHT}")) {}
                text.along x=(RIGHT) y=(HEIGHT - 6.0) { (self.figure.along) }
            }
        }
    }

    fn curve(&self, series: &Series, index: usize) -> Markup {
        let marked = self.figure.series.len() > 1 || series.points.len() <= 2 * MARKERS;
        let every = series.points.len().div_ceil(MARKERS).max(1);
        // Those of several curves stand beside each other.
        let first = index * every / self.figure.series.len().max(1);
        let markers = series.points.iter().enumerate().filter(|(point, _)| {
            series.points.len() <= 2 * MARKERS || point % every == first % every
        });
        let markers: String = markers
            .filter_map(|(_, point)| self.place(point))
            .map(|(x, y)| marker(index, x, y))
            .collect();
        let lost = series.lost().and_then(|point| self.across(point.x));
        html! {
            @if let Some(band) = self.band(series) { path.band d=(band) {} }
            path.line d=(self.line(series)) {}
            @if marked { path.marker d=(markers) {} }
            @if let Some(x) = lost {
                path.lost d=(format!("M{:.1},{TOP}l10,10m0,-10l-10,10", x - 5.0)) {}
            }
        }
    }

    /// The way through all points that have a place, broken where one has none.
    fn line(&self, series: &Series) -> String {
        let mut line = String::new();
        let mut drawing = false;
        for point in &series.points {
            match self.place(point) {
                // A step of no length shows a point that has no neighbour.
                Some((x, y)) if !drawing => line.push_str(&format!("M{x:.1},{y:.1}h0")),
                Some((x, y)) => line.push_str(&format!("L{x:.1},{y:.1}")),
                None => {}
            }
            drawing = self.place(point).is_some();
        }
        line
    }

    /// Around all intervals: along their upper ends and back along the lower ones.
    fn band(&self, series: &Series) -> Option<String> {
        let ends = series.points.iter().filter_map(|point| {
            let (low, high) = point.interval?;
            // What reaches below a logarithmic axis goes down to its end.
            let low = self.up(low).unwrap_or(BOTTOM);
            Some((self.across(point.x)?, low, self.up(high)?))
        });
        let ends: Vec<(f64, f64, f64)> = ends.collect();
        let upper = ends.iter().map(|(x, _, high)| (x, high));
        let lower = ends.iter().rev().map(|(x, low, _)| (x, low));
        let around: Vec<String> = upper
            .chain(lower)
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        (!around.is_empty()).then(|| format!("M{}Z", around.join("L")))
    }

    fn place(&self, point: &Point) -> Option<(f64, f64)> {
        Some((self.across(point.x)?, self.up(point.y)?))
    }

    fn across(&self, x: f64) -> Option<f64> {
        Some(LEFT + (RIGHT - LEFT) * self.x.share(x)?)
    }

    fn up(&self, y: f64) -> Option<f64> {
        Some(BOTTOM - (BOTTOM - TOP) * self.y.share(y)?)
    }
}

/// A vertical line with its name at its foot, on the side that has room, above the names of those before it.
fn mark(name: &str, x: f64, index: usize) -> Markup {
    let y = BOTTOM - 8.0 - MARK * index as f64;
    let (side, beside) = if x > (LEFT + RIGHT) / 2.0 {
        ("before", x - 6.0)
    } else {
        ("after", x + 6.0)
    };
    html! {
        g.mark {
            path d=(format!("M{x:.1},{TOP}V{BOTTOM}")) {}
            text class=(side) x=(format!("{beside:.1}")) y=(y) { (name) }
        }
    }
}
