//! A table for a person: columns as wide as they must be, two spaces between them.

use std::fmt;

use maud::{Markup, html};

/// On which side of its column a cell stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// Rows of cells under a head.
#[derive(Debug, Clone)]
pub(super) struct Table {
    sides: Vec<Side>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new<Name: Into<String>>(columns: impl IntoIterator<Item = (Name, Side)>) -> Self {
        let (head, sides) = columns
            .into_iter()
            .map(|(name, side)| (name.into(), side))
            .unzip();
        Self {
            sides,
            rows: vec![head],
        }
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The same for a page; a row's first cell is its head.
    pub(super) fn markup(&self) -> Markup {
        let class = |side: &Side| (*side == Side::Right).then_some("number");
        html! {
            div.wide {
                table {
                    @if let Some((head, rows)) = self.rows.split_first() {
                        thead {
                            tr {
                                @for (cell, side) in head.iter().zip(&self.sides) {
                                    th scope="col" class=[class(side)] { (cell) }
                                }
                            }
                        }
                        tbody {
                            @for row in rows {
                                tr {
                                    @for (index, (cell, side)) in row.iter().zip(&self.sides).enumerate() {
                                        @if index == 0 {
                                            th scope="row" class=[class(side)] { (cell) }
                                        } @else {
                                            td class=[class(side)] { (cell) }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Without a line break at its end.
impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.sides.len()).map(width).collect();
        for (index, row) in self.rows.iter().enumerate() {
            let cells = row.iter().zip(&widths).zip(&self.sides);
            let cells = cells.map(|((cell, &width), side)| match side {
                Side::Left => format!("{cell:<width$}"),
                Side::Right => format!("{cell:>width$}"),
            });
            let line = cells.collect::<Vec<_>>().join("  ");
            let line = line.trim_end();
            if index > 0 {
                formatter.write_str("\n")?;
            }
            formatter.write_str(line)?;
        }
        Ok(())
    }
}

/// A name from a file system as it may be printed: nothing that moves a cursor, and no more than 20 characters.
pub(super) fn shown(name: &str) -> String {
    const LONGEST: usize = 20;

    let clean = printable(name);
    if clean.chars().count() <= LONGEST {
        return clean;
    }
    clean.chars().take(LONGEST - 1).chain(['…']).collect()
}

/// A name from a file system without what moves a cursor or changes a colour.
pub(super) fn printable(name: &str) -> String {
    let clean = |character: char| {
        if character.is_control() {
            '?'
        } else {
            character
        }
    };
    name.chars().map(clean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new([("a", Side::Left), ("long", Side::Right), ("b", Side::Left)]);
        table.row(["ä".to_owned(), "1".to_owned(), "end".to_owned()]);
        table.row(["wide".to_owned(), "10000".to_owned(), String::new()]);
        assert_eq!(
            table.to_string(),
            "a      long  b\nä         1  end\nwide  10000"
        );
    }

    #[test]
    fn names_cannot_command_the_terminal() {
        assert_eq!(shown("a\u{1b}[31m\n"), "a?[31m?");
        assert_eq!(shown("12345678901234567890"), "12345678901234567890");
        assert_eq!(shown("123456789012345678901"), "1234567890123456789…");
    }
}
