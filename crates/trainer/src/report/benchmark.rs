//! How long training updates took, for a person and for a program.

use std::fmt;
use std::io::Write;

use serde::Serialize;

use super::table::{Side, Table};
use crate::engine::Timing;

/// One model at one batch size on one backend. Times are seconds an update.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct BenchmarkRow {
    /// The network.
    pub model: String,
    /// `CHANNELSxHEIGHTxWIDTH`.
    pub images: String,
    /// Trained weights and biases.
    pub parameters: usize,
    /// Images an update.
    pub batch_size: usize,
    /// Where it was computed.
    pub backend: String,
    /// The device's own name.
    pub device: String,
    /// The median.
    pub seconds: f64,
    /// A quarter of the blocks took less.
    pub lower_quartile: f64,
    /// A quarter of the blocks took more.
    pub upper_quartile: f64,
    /// Of it, gathering the batch: the median.
    pub batch_seconds: f64,
    /// Of it, metrics and progress: the mean, since losses are told in blocks.
    pub telling_seconds: f64,
    /// Blocks of updates that were timed.
    pub blocks: usize,
}

/// All rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Benchmark {
    /// In the order of measurement.
    pub rows: Vec<BenchmarkRow>,
}

impl BenchmarkRow {
    /// Puts what was measured into the row that says of what.
    pub fn timed(self, timing: &Timing) -> Self {
        let telling = timing.telling.iter().sum::<f64>();
        Self {
            seconds: Timing::quantile(&timing.update, 0.5),
            lower_quartile: Timing::quantile(&timing.update, 0.25),
            upper_quartile: Timing::quantile(&timing.update, 0.75),
            batch_seconds: Timing::quantile(&timing.batch, 0.5),
            telling_seconds: telling / timing.telling.len() as f64,
            blocks: timing.update.len(),
            ..self
        }
    }

    fn images_per_second(&self) -> f64 {
        self.batch_size as f64 / self.seconds
    }
}

impl Benchmark {
    /// A line for each row, under the names of its fields.
    ///
    /// # Errors
    /// `out` refuses.
    pub fn write_csv(&self, out: impl Write) -> csv::Result<()> {
        let mut rows = csv::Writer::from_writer(out);
        for row in &self.rows {
            rows.serialize(row)?;
        }
        rows.flush()?;
        Ok(())
    }
}

/// A line for each row: milliseconds, their quartiles, and the shares of the parts.
impl fmt::Display for Benchmark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new([
            ("model", Side::Left),
            ("images", Side::Left),
            ("parameters", Side::Right),
            ("batch", Side::Right),
            ("backend", Side::Left),
            ("ms/update", Side::Right),
            ("quartiles", Side::Left),
            ("images/s", Side::Right),
            ("data", Side::Right),
            ("logging", Side::Right),
        ]);
        for row in &self.rows {
            let share = |part: f64| format!("{:.1} %", 100.0 * part / row.seconds);
            let milliseconds = |seconds: f64| format!("{:.2}", 1e3 * seconds);
            table.row([
                row.model.clone(),
                row.images.clone(),
                row.parameters.to_string(),
                row.batch_size.to_string(),
                row.backend.clone(),
                milliseconds(row.seconds),
                format!(
                    "{}–{}",
                    milliseconds(row.lower_quartile),
                    milliseconds(row.upper_quartile)
                ),
                format!("{:.0}", row.images_per_second()),
                share(row.batch_seconds),
                share(row.telling_seconds),
            ]);
        }
        table.fmt(formatter)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn benchmark() -> Benchmark {
        let row = BenchmarkRow {
            model: "mlp".to_owned(),
            images: "1x28x28".to_owned(),
            parameters: 109_386,
            batch_size: 64,
            backend: "flex".to_owned(),
            device: "CPU, 2 threads".to_owned(),
            ..BenchmarkRow::default()
        };
        let timing = Timing {
            update: vec![0.003, 0.002, 0.001, 0.004, 0.005],
            batch: vec![0.000_03; 5],
            telling: vec![0.0, 0.0, 0.000_06, 0.0, 0.0],
        };
        Benchmark {
            rows: vec![row.timed(&timing)],
        }
    }

    #[test]
    fn a_person_sees_milliseconds_and_shares() {
        let shown = benchmark().to_string();
        let (head, line) = shown.split_once('\n').unwrap();
        assert!(
            head.starts_with("model  images   parameters  batch"),
            "{head}"
        );
        let cells: Vec<&str> = line.split_whitespace().collect();
        let expected = "mlp 1x28x28 109386 64 flex 3.00 2.00–4.00 21333 1.0 % 0.4 %";
        assert_eq!(cells.join(" "), expected);
    }

    #[test]
    fn csv_has_the_names_of_the_fields() {
        let mut bytes = Vec::new();
        benchmark().write_csv(&mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let mut lines = text.lines();
        let names = "model,images,parameters,batch_size,backend,device,seconds,lower_quartile,upper_quartile,\
                     batch_seconds,telling_seconds,blocks";
        assert_eq!(lines.next(), Some(names));
        assert!(
            lines
                .next()
                .unwrap()
                .starts_with("mlp,1x28x28,109386,64,flex,\"CPU, 2 threads\",0.003,0.002,0.004,")
        );
    }
}
