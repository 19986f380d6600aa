//! Curves over an axis, as inline SVG that needs no script.

mod drawing;
mod file;
mod legend;
mod scale;
mod series;
mod style;
mod thin;

use maud::{Markup, html};

pub use series::{Point, Series};

use drawing::Drawing;
use scale::{Scale, Spacing};

pub(super) use scale::brief;
pub(super) use style::STYLE;

/// Curves over one axis: learning rates over updates, losses over learning rates.
///
/// The vertical axis can be switched between linear and logarithmic on a page; both are drawn beforehand.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    pub(super) title: String,
    along: String,
    series: Vec<Series>,
    marks: Vec<(String, f64)>,
    reach: Option<(f64, f64)>,
    x: Spacing,
    y: Spacing,
}

impl Figure {
    /// A figure without curves; `along` says what the horizontal axis is, such as `update`.
    pub fn new(title: impl Into<String>, along: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            along: along.into(),
            series: Vec::new(),
            marks: Vec::new(),
            reach: None,
            x: Spacing::Linear,
            y: Spacing::Linear,
        }
    }

    /// Adds a curve.
    pub fn series(mut self, series: Series) -> Self {
        self.series.push(series);
        self
    }

    /// Adds a vertical line at a place that has a name.
    pub fn mark(mut self, name: impl Into<String>, x: f64) -> Self {
        self.marks.push((name.into(), x));
        self
    }

    /// Makes the horizontal axis reach from `first` to `last` even where there is no curve.
    pub fn reach(mut self, first: f64, last: f64) -> Self {
        self.reach = Some((first, last));
        self
    }

    /// Makes the horizontal axis logarithmic.
    pub fn logarithmic_along(mut self) -> Self {
        self.x = Spacing::Logarithmic;
        self
    }

    /// Makes the vertical axis logarithmic, if nobody switches it.
    pub fn logarithmic(mut self) -> Self {
        self.y = Spacing::Logarithmic;
        self
    }

    /// The same where the values span more than a factor of 100.
    pub fn logarithmic_if_wide(self) -> Self {
        let wide = ratio(self.values()) > 100.0;
        if wide { self.logarithmic() } else { self }
    }

    /// The same where one curve's highest value is more than ten times another's.
    pub fn logarithmic_if_apart(self) -> Self {
        let highest = self.series.iter().map(|series| {
            let values = series.finite().map(|point| point.y);
            values.fold(f64::NAN, f64::max)
        });
        let apart = ratio(highest) > 10.0;
        if apart { self.logarithmic() } else { self }
    }

    fn points(&self) -> impl Iterator<Item = &Point> {
        self.series.iter().flat_map(|series| &series.points)
    }

    /// Everything that the vertical axis has to show.
    fn values(&self) -> impl Iterator<Item = f64> {
        self.points().flat_map(|point| {
            let interval = point.interval.map(<[f64; 2]>::from);
            [point.y].into_iter().chain(interval.into_iter().flatten())
        })
    }

    /// The drawing with this vertical axis; `None` where there is nothing to draw on it.
    fn drawing(&self, y: Spacing) -> Option<Drawing<'_>> {
        let marks = self.marks.iter().map(|(_, x)| *x);
        let reach = self.reach.map(<[f64; 2]>::from).into_iter().flatten();
        let x = self.points().map(|point| point.x).chain(marks).chain(reach);
        Some(Drawing {
            figure: self,
            x: Scale::over(self.x, x)?,
            y: Scale::around(y, self.values())?,
        })
    }

    /// The figure as a part of a page, on which it is the only one with this `number`.
    pub(super) fn markup(&self, number: usize) -> Markup {
        let linear = self.drawing(Spacing::Linear);
        let logarithmic = self.drawing(Spacing::Logarithmic);
        let switch = format!("logarithmic-{number}");
        let id = format!("figure-{number}");
        html! {
            figure id=(id) {
                figcaption { (self.title) }
                @if linear.is_some() && logarithmic.is_some() {
                    // Restored states would not be the figure's own.
                    input.logarithmic-switch type="checkbox" autocomplete="off" id=(switch)
                        checked[self.y == Spacing::Logarithmic];
                    label for=(switch) { "logarithmic" }
                }
                @if linear.is_none() {
                    p { "Nothing was measured." }
                }
                div.plot tabindex="0" role="group" aria-label=(self.title) {
                    @if let Some(drawing) = &linear { div.linear { (drawing.svg()) } }
                    @if let Some(drawing) = &logarithmic { div.logarithmic { (drawing.svg()) } }
                    div.values hidden role="status" {}
                }
                (self.legend())
                @for note in self.notes() { p.note { (note) } }
            }
        }
    }

    /// What a reader of the picture must know.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for series in &self.series {
            if let Some(point) = series.lost() {
                let (along, at) = (&self.along, brief(point.x));
                notes.push(format!(
                    "{} is not finite at {along} {at} (×).",
                    series.name
                ));
            }
        }
        let below = self.points().filter(|point| point.y <= 0.0).count();
        if below > 0 && self.values().any(|value| value > 0.0) {
            notes.push("Zero and what lies below has no place on a logarithmic axis.".to_owned());
        }
        let thinned = self
            .series
            .iter()
            .filter(|series| series.given > series.points.len());
        if let Some(series) = thinned.max_by_key(|series| series.given) {
            notes.push(format!(
                "Of {} values {} are drawn: the first, the lowest, the highest and the last of each stretch.",
                brief(series.given as f64),
                brief(series.points.len() as f64),
            ));
        }
        notes
    }
}

/// The highest of the values that are positive over the lowest of them.
fn ratio(values: impl Iterator<Item = f64>) -> f64 {
    let positive = values.filter(|value| *value > 0.0 && value.is_finite());
    let (low, high) = positive.fold((f64::INFINITY, 0.0_f64), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    high / low
}
