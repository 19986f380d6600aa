//! A share of something: `"20%"`, or a number from 0 to 1.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A share from 0 to below 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share(f64);

impl Share {
    /// The share as a number.
    pub fn fraction(self) -> f64 {
        self.0
    }

    /// Whether it is nothing.
    pub(super) fn is_zero(&self) -> bool {
        self.0 == 0.0
    }

    /// A share of `percent` hundredths.
    pub(super) const fn percent(percent: u32) -> Self {
        Self(percent as f64 / 100.0)
    }

    fn checked<E: de::Error>(fraction: f64, typed: &dyn fmt::Display) -> Result<Self, E> {
        if (0.0..1.0).contains(&fraction) {
            Ok(Self(fraction))
        } else {
            Err(E::custom(format!(
                "{typed}: must be a share, \"0%\" to below \"100%\" or 0 to below 1"
            )))
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Ten digits tell any two shares of a data set apart and hide 0.1 + 0.2's last ones.
        let percent = (self.0 * 1e12).round() / 1e10;
        write!(formatter, "{percent}%")
    }
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Share;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a share such as \"20%\" or 0.2")
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Share, E> {
                Share::checked(value, &value)
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Share, E> {
                Share::checked(value as f64, &value)
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Share, E> {
                Share::checked(value as f64, &value)
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Share, E> {
                let percent = value
                    .strip_suffix('%')
                    .and_then(|number| number.trim().parse::<f64>().ok())
                    .unwrap_or(f64::NAN);
                Share::checked(percent / 100.0, &format_args!("\"{value}\""))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Share, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn both_forms_mean_the_same() {
        assert_eq!(parse("\"20%\"").ok(), parse("0.2").ok());
        assert_eq!(parse("0").ok().map(Share::fraction), Some(0.0));
        assert_eq!(Share(0.07).to_string(), "7%");
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for text in ["\"20\"", "\"20ep\"", "\"100%\"", "1", "-0.1", "\"nan%\""] {
            let error = parse(text).map(Share::fraction);
            assert!(error.is_err(), "{text} was accepted as {error:?}");
        }
    }
}
