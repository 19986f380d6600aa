//! How long a run is.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;
use std::time::Duration;

use schedules::{Horizon, Span};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{number_or_text, time};

/// How long a run is: so many updates, or so much time, in which it makes as many as it can.
///
/// In a configuration it is a whole number of updates (`4000`), or a text: epochs (`"20ep"`), seconds, minutes or hours
/// (`"30s"`, `"20min"`, `"1.5h"`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Length {
    /// Updates of the weights.
    Updates(u64),
    /// Passes over the training images.
    Epochs(f64),
    /// Time of training, with measuring and saving.
    Time(Duration),
}

const ALLOWED: &str = "must be updates (4000), epochs (\"20ep\") or a time (\"30s\", \"20min\", \"1.5h\"), above zero and at most 2^53 updates";

impl Length {
    /// How many updates it is where an epoch has so many; nothing for a time.
    pub fn updates(self, updates_per_epoch: u64) -> Option<u64> {
        match self {
            Self::Updates(updates) => Some(updates),
            Self::Epochs(epochs) => {
                Some(Horizon::new(0, updates_per_epoch).resolve(Span::Epochs(epochs)))
            }
            Self::Time(_) => None,
        }
    }

    /// The time, if it is one.
    pub fn time(self) -> Option<Duration> {
        match self {
            Self::Time(time) => Some(time),
            Self::Updates(_) | Self::Epochs(_) => None,
        }
    }
}

impl FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("{text:?}: {ALLOWED}");
        if let Some(time) = time::parse(text) {
            return Ok(Self::Time(time.ok_or_else(refused)?));
        }
        match text.parse() {
            Ok(Span::Updates(updates)) if updates > 0 => Ok(Self::Updates(updates)),
            Ok(Span::Epochs(epochs)) if epochs > 0.0 => Ok(Self::Epochs(epochs)),
            _ => Err(refused()),
        }
    }
}

impl Display for Length {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Updates(updates) => Span::Updates(*updates).fmt(formatter),
            Self::Epochs(epochs) => Span::Epochs(*epochs).fmt(formatter),
            Self::Time(time) => time::write(*time, formatter),
        }
    }
}

impl Serialize for Length {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Updates(updates) => serializer.serialize_u64(*updates),
            Self::Epochs(_) | Self::Time(_) => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        number_or_text::deserialize(deserializer, "updates, epochs or a time")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for (text, length, written) in [
            ("4000", Length::Updates(4000), "4000"),
            ("2.5ep", Length::Epochs(2.5), "2.5ep"),
            ("20min", Length::Time(Duration::from_secs(1200)), "20min"),
            ("1.5 h", Length::Time(Duration::from_secs(5400)), "90min"),
            ("90s", Length::Time(Duration::from_secs(90)), "90s"),
        ] {
            assert_eq!(text.parse(), Ok(length), "{text}");
            assert_eq!(length.to_string(), written);
            assert_eq!(written.parse(), Ok(length));
        }
    }

    #[test]
    fn no_run_is_nothing_long_and_none_is_a_share_of_itself() {
        for text in [
            "0",
            "18446744073709551615",
            "-4",
            "0ep",
            "0min",
            "5%",
            "rest",
            "ten",
            "",
        ] {
            let refused = text.parse::<Length>().unwrap_err();
            assert!(refused.contains("above zero"), "{text}: {refused}");
        }
    }

    #[test]
    fn a_time_is_no_number_of_updates() {
        assert_eq!(Length::Updates(7).updates(10), Some(7));
        assert_eq!(Length::Epochs(2.5).updates(10), Some(25));
        assert_eq!(Length::Time(Duration::from_secs(1)).updates(10), None);
    }
}
