//! A length of training in the unit that a person thinks in.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use crate::{ScheduleError, check};

const ALLOWED: &str = "must be updates (500), epochs (\"3ep\"), a share of the run (\"5%\") or of the rest \
     (\"5% of rest\"), or \"rest\"";

/// A length of training: updates, epochs, a share of the run or of what is left, or all that is left.
///
/// In a config it is a whole number (`500`) or a text (`"500"`, `"3ep"`, `"5%"`, `"5% of rest"`, `"rest"`). A
/// [`Horizon`](crate::Horizon) turns it into updates.
///
/// ```
/// use schedules::Span;
///
/// assert_eq!("500".parse(), Ok(Span::Updates(500)));
/// assert_eq!("2.5ep".parse(), Ok(Span::Epochs(2.5)));
/// assert_eq!("5%".parse(), Ok(Span::Percent(5.0)));
/// assert_eq!("5 %".parse::<Span>()?.to_string(), "5%");
///
/// let error = "5 minutes".parse::<Span>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     r#""5 minutes": must be updates (500), epochs ("3ep"), a share of the run ("5%") or of the rest ("5% of rest"), or "rest""#
/// );
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Span {
    /// A number of optimizer updates; in a config or as text, at most 2^53.
    Updates(u64),
    /// A number of epochs, finite and not negative.
    Epochs(f64),
    /// A share of the whole run in percent, finite and not negative.
    Percent(f64),
    /// A share of what is left of the run, or of the part of a sequence, in percent, finite and not negative.
    PercentOfRest(f64),
    /// What is left of the run, or of the part of a sequence.
    #[default]
    Rest,
}

impl FromStr for Span {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let number = |number: &str| {
            let number = number.trim_end().parse::<f64>().ok();
            number.filter(|number| number.is_finite() && number.is_sign_positive())
        };
        let trimmed = text.trim();
        let span = if trimmed == "rest" {
            Some(Self::Rest)
        } else if let Some(epochs) = trimmed.strip_suffix("ep") {
            number(epochs).map(Self::Epochs)
        } else if let Some(share) = trimmed.strip_suffix("of rest") {
            let percent = share.trim_end().strip_suffix('%');
            percent.and_then(number).map(Self::PercentOfRest)
        } else if let Some(percent) = trimmed.strip_suffix('%') {
            number(percent).map(Self::Percent)
        } else if let Ok(updates) = trimmed.parse() {
            check::updates("", updates)?;
            Some(Self::Updates(updates))
        } else {
            None
        };
        span.ok_or_else(|| ScheduleError::new("", text, ALLOWED))
    }
}

impl Display for Span {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Updates(updates) => write!(formatter, "{updates}"),
            Self::Epochs(epochs) => write!(formatter, "{epochs}ep"),
            Self::Percent(percent) => write!(formatter, "{percent}%"),
            Self::PercentOfRest(percent) => write!(formatter, "{percent}% of rest"),
            Self::Rest => write!(formatter, "rest"),
        }
    }
}

#[cfg(feature = "serde")]
mod serde_form {
    use serde::de::{Error, Visitor};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{ALLOWED, Display, Formatter, ScheduleError, Span, check, fmt};

    impl Serialize for Span {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match self {
                Self::Updates(updates) => serializer.serialize_u64(*updates),
                span => serializer.collect_str(span),
            }
        }
    }

    impl<'de> Deserialize<'de> for Span {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_any(SpanVisitor)
        }
    }

    struct SpanVisitor;

    fn refuse<E: Error>(value: impl fmt::Debug) -> E {
        E::custom(ScheduleError::new("", value, ALLOWED))
    }

    impl Visitor<'_> for SpanVisitor {
        type Value = Span;

        fn expecting(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
            ALLOWED.trim_start_matches("must be ").fmt(formatter)
        }

        fn visit_u64<E: Error>(self, updates: u64) -> Result<Span, E> {
            check::updates("", updates).map_err(E::custom)?;
            Ok(Span::Updates(updates))
        }

        fn visit_i64<E: Error>(self, updates: i64) -> Result<Span, E> {
            let whole = u64::try_from(updates).map_err(|_| refuse(updates))?;
            self.visit_u64(whole)
        }

        fn visit_f64<E: Error>(self, number: f64) -> Result<Span, E> {
            Err(refuse(number))
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Span, E> {
            text.parse().map_err(E::custom)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MAX_UPDATE;

    #[test]
    fn text_and_span_are_one_to_one() {
        for text in [
            "0",
            "500",
            "3ep",
            "0.5ep",
            "5%",
            "2.5%",
            "7%",
            "100%",
            "5% of rest",
            "12.5% of rest",
            "rest",
        ] {
            assert_eq!(
                text.parse::<Span>().map(|span| span.to_string()),
                Ok(text.to_owned())
            );
        }
        assert_eq!(Span::default(), Span::Rest);
    }

    #[test]
    fn anything_else_is_named() {
        for text in [
            "",
            "ep",
            "%",
            "of rest",
            "5 of rest",
            "-5% of rest",
            "-3",
            "-3ep",
            "-0ep",
            "1.5",
            "infep",
            "nan%",
            "3 epochs",
            "5 updates",
            "1e400%",
        ] {
            let error = text.parse::<Span>().err().map(|error| error.to_string());
            assert_eq!(error, Some(format!("{text:?}: {ALLOWED}")));
        }
    }

    #[test]
    fn no_more_updates_than_a_file_can_say() {
        let most = MAX_UPDATE.to_string();
        assert_eq!(most.parse(), Ok(Span::Updates(MAX_UPDATE)));
        for text in ["9007199254740993", "18446744073709551615"] {
            let allowed = format!("{text}: must be at most 9007199254740992 (2^53)");
            let error = text.parse::<Span>().map_err(|error| error.to_string());
            assert_eq!(error, Err(allowed.clone()));
            #[cfg(feature = "serde")]
            for json in [text.to_owned(), format!("{text:?}")] {
                let error = serde_json::from_str::<Span>(&json).map_err(|error| error.to_string());
                assert!(
                    error.is_err_and(|error| error.starts_with(&allowed)),
                    "{json}"
                );
            }
        }
    }

    #[cfg(feature = "serde")]
    #[test]
    fn a_config_may_hold_a_number_or_a_text() {
        for (json, span) in [
            ("500", Span::Updates(500)),
            ("\"500\"", Span::Updates(500)),
            ("\"3ep\"", Span::Epochs(3.0)),
            ("\"5%\"", Span::Percent(5.0)),
            ("\"5 %  of rest\"", Span::PercentOfRest(5.0)),
            ("\"rest\"", Span::Rest),
        ] {
            assert_eq!(serde_json::from_str::<Span>(json).ok(), Some(span));
            let written = serde_json::to_string(&span).unwrap_or_default();
            assert_eq!(serde_json::from_str::<Span>(&written).ok(), Some(span));
        }
        for json in ["-5", "0.05", "\"5x\"", "null", "[5]", "true"] {
            let error = serde_json::from_str::<Span>(json)
                .err()
                .map(|error| error.to_string())
                .unwrap_or_default();
            assert!(
                error.contains("updates (500), epochs (\"3ep\")"),
                "{json}: {error}"
            );
        }
    }
}
