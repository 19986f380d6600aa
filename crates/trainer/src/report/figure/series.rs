//! The curves of a figure.

use super::thin::thin;

/// One value of a curve, and the interval that it is known to lie in, if there is one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Along the figure: an update, a learning rate.
    pub x: f64,
    /// The value there. What is not finite is marked and not drawn.
    pub y: f64,
    /// The ends of an interval around the value.
    pub interval: Option<(f64, f64)>,
}

/// A curve and its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    pub(super) name: String,
    /// How many points there were.
    pub(super) given: usize,
    /// Those that are drawn.
    pub(super) points: Vec<Point>,
}

impl Point {
    /// A value without an interval.
    pub fn new(x: f64, y: f64) -> Self {
        Self {
            x,
            y,
            interval: None,
        }
    }
}

impl Series {
    /// The curve through `points`, which are in the order of their `x`.
    pub fn new(name: impl Into<String>, points: &[Point]) -> Self {
        Self {
            name: name.into(),
            given: points.len(),
            points: thin(points),
        }
    }

    /// The points whose values are numbers.
    pub(super) fn finite(&self) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(|point| point.y.is_finite())
    }

    /// The first value that is not a number, or infinite.
    pub(super) fn lost(&self) -> Option<&Point> {
        self.points.iter().find(|point| !point.y.is_finite())
    }
}
