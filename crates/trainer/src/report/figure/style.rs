//! How curves differ from each other: by colour, dashes and markers, so that no colour has to be told apart.

/// The style sheet of a figure, in a page and in a file of its own.
pub(in crate::report) const STYLE: &str = include_str!("figure.css");

/// How many colours and dashes `figure.css` has.
const COLORS: usize = 7;
const DASHES: usize = 5;
const MARKERS: usize = 6;

/// The classes of curve `index` of `count`. Colours and dashes have no common divisor, so 35 curves differ.
pub(super) fn look(index: usize, count: usize) -> String {
    let many = if count > 1 { "" } else { " only" };
    format!("curve c{} d{}{many}", index % COLORS, index % DASHES)
}

/// The outline of a marker of curve `index` at `x`, `y`.
pub(super) fn marker(index: usize, x: f64, y: f64) -> String {
    match index % MARKERS {
        0 => format!("M{:.1},{y:.1}a4,4 0 1 0 8,0a4,4 0 1 0 -8,0", x - 4.0),
        1 => format!("M{:.1},{:.1}h7v7h-7Z", x - 3.5, y - 3.5),
        2 => format!("M{x:.1},{:.1}l4.5,8h-9Z", y - 5.0),
        3 => format!("M{x:.1},{:.1}l5,5l-5,5l-5,-5Z", y - 5.0),
        4 => format!("M{x:.1},{:.1}l-4.5,-8h9Z", y + 5.0),
        _ => format!("M{:.1},{:.1}h3v3h3v3h-3v3h-3v-3h-3v-3h3Z", x - 1.5, y - 4.5),
    }
}
