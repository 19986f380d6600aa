//! Which curve is which, and its numbers: what the picture shows to somebody who cannot point at it.

use maud::{Markup, html};

use super::scale::brief;
use super::style::{look, marker};
use super::{Figure, Point, Series};

impl Figure {
    /// A row per curve: how it is drawn, its name, its lowest, highest and last value; and, for a script, all of them.
    pub(super) fn legend(&self) -> Markup {
        html! {
            div.wide {
                table.legend {
                    thead { tr {
                        th {}
                        th { span.hidden { "curve" } }
                        @for head in ["lowest", "highest", "last"] { th.number scope="col" { (head) } }
                    } }
                    tbody {
                        @for (index, series) in self.series.iter().enumerate() {
                            (self.row(index, series))
                        }
                    }
                }
            }
        }
    }

    fn row(&self, index: usize, series: &Series) -> Markup {
        let joined = |value: fn(&Point) -> f64| {
            let texts = series.points.iter().map(|point| value(point).to_string());
            texts.collect::<Vec<_>>().join(" ")
        };
        let by_value = |left: &&Point, right: &&Point| left.y.total_cmp(&right.y);
        let extremes = [
            series.finite().min_by(by_value),
            series.finite().max_by(by_value),
            series.points.last(),
        ];
        html! {
            tr data-x=(joined(|point| point.x)) data-y=(joined(|point| point.y)) {
                td { svg.sample viewBox="0 0 40 14" aria-hidden="true" { (sample(index, self.series.len())) } }
                th scope="row" { (series.name) }
                @for point in extremes {
                    td.number {
                        @if let Some(point) = point {
                            (brief(point.y)) span.at { " at " (brief(point.x)) }
                        }
                    }
                }
            }
        }
    }
}

/// A piece of the curve as it is drawn, 40 wide and 14 high.
pub(super) fn sample(index: usize, count: usize) -> Markup {
    html! {
        g class=(look(index, count)) {
            path.line d="M1,7H39" {}
            @if count > 1 { path.marker d=(marker(index, 20.0, 7.0)) {} }
        }
    }
}
