//! What a model says of pictures, for a person and for a program.

use std::fmt;
use std::io::Write;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::table::{Side, Table, printable};

/// What a model says of one picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// The file.
    pub file: PathBuf,
    /// Classes and their probabilities, the likeliest first; at least one.
    pub ranked: Vec<(usize, f64)>,
}

/// Predictions with the names of their classes.
#[derive(Debug, Clone, Copy)]
pub struct Predictions<'a> {
    predictions: &'a [Prediction],
    classes: &'a [String],
}

impl<'a> Predictions<'a> {
    /// `predictions` of classes that have these names.
    pub fn new(predictions: &'a [Prediction], classes: &'a [String]) -> Self {
        Self {
            predictions,
            classes,
        }
    }

    /// One row per picture and class: `file,rank,class,probability`, the likeliest of rank 1.
    ///
    /// # Errors
    /// `out` refuses.
    pub fn write_csv(&self, out: impl Write) -> csv::Result<()> {
        let mut rows = csv::Writer::from_writer(out);
        rows.write_record(["file", "rank", "class", "probability"])?;
        for prediction in self.predictions {
            let file = prediction.file.display().to_string();
            for (rank, (class, probability)) in prediction.ranked.iter().enumerate() {
                let (rank, probability) = ((rank + 1).to_string(), probability.to_string());
                rows.write_record([&file, &rank, &self.classes[*class], &probability])?;
            }
        }
        rows.flush()?;
        Ok(())
    }

    /// One object per picture: `file`, `class`, `probability`, and `top`, all classes that were asked for.
    pub fn json(&self) -> Value {
        let entry = |(class, probability): &(usize, f64)| json!({ "class": self.classes[*class], "probability": probability });
        let pictures = self.predictions.iter().map(|prediction| {
            let top: Vec<Value> = prediction.ranked.iter().map(entry).collect();
            json!({
                "file": prediction.file.display().to_string(),
                "class": top[0]["class"],
                "probability": top[0]["probability"],
                "top": top,
            })
        });
        pictures.collect()
    }
}

/// A row per picture, and below it those of its less likely classes.
impl fmt::Display for Predictions<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new([
            ("file", Side::Left),
            ("class", Side::Left),
            ("probability", Side::Right),
        ]);
        for prediction in self.predictions {
            for (rank, (class, probability)) in prediction.ranked.iter().enumerate() {
                let file = if rank == 0 {
                    printable(&prediction.file.display().to_string())
                } else {
                    String::new()
                };
                let class = printable(&self.classes[*class]);
                table.row([file, class, format!("{:.2} %", 100.0 * probability)]);
            }
        }
        table.fmt(formatter)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn every_form_says_the_same() {
        let classes = ["cat", "dog"].map(str::to_owned);
        let predictions = [
            Prediction {
                file: "a/1.png".into(),
                ranked: vec![(1, 0.75), (0, 0.25)],
            },
            Prediction {
                file: "b.png".into(),
                ranked: vec![(0, 1.0)],
            },
        ];
        let predictions = Predictions::new(&predictions, &classes);
        let expected = "\
file     class  probability
a/1.png  dog        75.00 %
         cat        25.00 %
b.png    cat       100.00 %";
        assert_eq!(predictions.to_string(), expected);

        let mut csv = Vec::new();
        predictions.write_csv(&mut csv).unwrap();
        let expected = "file,rank,class,probability\n\
                        a/1.png,1,dog,0.75\na/1.png,2,cat,0.25\nb.png,1,cat,1\n";
        assert_eq!(String::from_utf8(csv).unwrap(), expected);

        let json = predictions.json();
        assert_eq!(json[0]["class"], "dog");
        assert_eq!(
            json[0]["top"][1],
            json!({ "class": "cat", "probability": 0.25 })
        );
        assert_eq!(json[1]["probability"], 1.0);
    }
}
