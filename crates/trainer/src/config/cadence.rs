//! How often something is done.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;
use std::time::Duration;

use schedules::Span;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{number_or_text, time};

/// How often something is done: each time after so many updates, or after so much time.
///
/// In a configuration it is a whole number of updates (`500`), or a text: epochs (`"2ep"`), a share of the run (`"5%"`),
/// seconds, minutes or hours (`"30s"`, `"10min"`, `"1.5h"`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cadence {
    /// After so many updates.
    Span(Span),
    /// After so much time.
    Time(Duration),
}

const ALLOWED: &str = "must be updates (500), epochs (\"2ep\"), a share of the run (\"5%\") or a time (\"30s\", \
     \"10min\", \"1.5h\"), above zero and at most 2^53 updates";

impl FromStr for Cadence {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("{text:?}: {ALLOWED}");
        if let Some(time) = time::parse(text) {
            return Ok(Self::Time(time.ok_or_else(refused)?));
        }
        let span: Span = text.parse().map_err(|_| refused())?;
        Self::of(span).ok_or_else(refused)
    }
}

impl Cadence {
    /// Nothing for a span that is zero, or a rest, which comes once.
    fn of(span: Span) -> Option<Self> {
        let above_zero = match span {
            Span::Updates(updates) => updates > 0,
            Span::Epochs(number) | Span::Percent(number) => number > 0.0,
            _ => false,
        };
        above_zero.then_some(Self::Span(span))
    }
}

impl Display for Cadence {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Span(span) => span.fmt(formatter),
            Self::Time(time) => time::write(*time, formatter),
        }
    }
}

impl Serialize for Cadence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Span(span) => span.serialize(serializer),
            Self::Time(_) => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Cadence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        number_or_text::deserialize(
            deserializer,
            "updates, epochs, a share of the run or a time",
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let time = |seconds| Cadence::Time(Duration::from_secs_f64(seconds));
        for (text, cadence, written) in [
            ("500", Cadence::Span(Span::Updates(500)), "500"),
            ("2ep", Cadence::Span(Span::Epochs(2.0)), "2ep"),
            ("5 %", Cadence::Span(Span::Percent(5.0)), "5%"),
            ("30s", time(30.0), "30s"),
            ("0.5min", time(30.0), "30s"),
            ("90 min", time(5400.0), "90min"),
            ("1.5h", time(5400.0), "90min"),
            ("120min", time(7200.0), "2h"),
            ("0.25s", time(0.25), "0.25s"),
        ] {
            assert_eq!(text.parse(), Ok(cadence), "{text}");
            assert_eq!(cadence.to_string(), written);
            assert_eq!(written.parse(), Ok(cadence));
        }
    }

    #[test]
    fn nothing_comes_after_no_time() {
        for text in [
            "0",
            "-1",
            "0ep",
            "18446744073709551615",
            "0s",
            "-1min",
            "rest",
            "1e400h",
            "NaNs",
            "ten",
            "",
            "5 parsecs",
        ] {
            let refused = text.parse::<Cadence>().unwrap_err();
            assert!(refused.contains("above zero"), "{text}: {refused}");
        }
    }
}
