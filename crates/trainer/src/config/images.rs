//! A folder of a person's own pictures, and what is made of them.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Share;

/// A folder of pictures: `path/CLASS/*.png`, or `path/{train,val,test}/CLASS/*.png`; also jpg, jpeg and webp.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImageFolder {
    /// The folder.
    pub path: PathBuf,
    /// The size that all pictures are brought to.
    pub size: ImageSize,
    /// Whether a model sees colours.
    pub color: Color,
    /// How a picture of another size is brought to it.
    pub resize: Resize,
    /// The share of the pictures that is held out for testing, where the folder has no `test`.
    pub test: Share,
    /// Whether pictures that cannot be read are left out; otherwise they are an error.
    pub skip_bad: bool,
}

/// The size of every image: `32` (a square), `"24x32"` (height, width) or `"auto"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageSize {
    /// The size that all pictures share, if it is at most [`MAX_NATIVE_SIDE`] pixels a side; otherwise 32x32.
    Auto,
    /// This one.
    Fixed {
        /// Rows of pixels.
        height: u32,
        /// Columns of pixels.
        width: u32,
    },
}

/// The largest side of pictures that are left at their own size without being asked to.
pub const MAX_NATIVE_SIDE: u32 = 64;

/// The largest side that can be asked for.
const MAX_SIDE: u32 = 1024;

/// Whether a model sees colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Color {
    /// Only if a picture has any: one channel if every file is stored as grey, otherwise three.
    Auto,
    /// One channel, the luma of ITU-R BT.601.
    #[serde(alias = "gray")]
    Grey,
    /// Three channels.
    Rgb,
}

/// How a picture of another shape is brought to the size of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Resize {
    /// The largest piece of the right proportions, from the middle.
    Crop,
    /// All of it, out of proportion where it must be.
    Squash,
}

impl ImageFolder {
    /// The folder with what `auto` turned out to be, for settings that mean the same again.
    pub fn settle(&mut self, channels: usize, height: usize, width: usize) {
        self.color = if channels == 1 {
            Color::Grey
        } else {
            Color::Rgb
        };
        self.size = ImageSize::Fixed {
            height: height as u32,
            width: width as u32,
        };
    }
}

impl ImageSize {
    fn parse(text: &str) -> Option<Self> {
        if text == "auto" {
            return Some(Self::Auto);
        }
        let (height, width) = text.split_once('x').unwrap_or((text, text));
        Self::checked(height.trim().parse().ok()?, width.trim().parse().ok()?)
    }

    fn checked(height: u32, width: u32) -> Option<Self> {
        let allowed = 1..=MAX_SIDE;
        (allowed.contains(&height) && allowed.contains(&width))
            .then_some(Self::Fixed { height, width })
    }
}

impl fmt::Display for ImageSize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => formatter.write_str("auto"),
            Self::Fixed { height, width } => write!(formatter, "{height}x{width}"),
        }
    }
}

impl Serialize for ImageSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ImageSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        fn allowed<E: de::Error>(size: Option<ImageSize>) -> Result<ImageSize, E> {
            let reason = format!(
                "must be a side in pixels (32), \"HEIGHTxWIDTH\" (\"24x32\") or \"auto\", each side 1 to {MAX_SIDE}"
            );
            size.ok_or_else(|| E::custom(reason))
        }

        impl de::Visitor<'_> for Visitor {
            type Value = ImageSize;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a size such as 32, \"24x32\" or \"auto\"")
            }

            fn visit_i64<E: de::Error>(self, side: i64) -> Result<ImageSize, E> {
                let side = u32::try_from(side).unwrap_or(0);
                allowed(ImageSize::checked(side, side))
            }

            fn visit_u64<E: de::Error>(self, side: u64) -> Result<ImageSize, E> {
                let side = u32::try_from(side).unwrap_or(0);
                allowed(ImageSize::checked(side, side))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ImageSize, E> {
                allowed(ImageSize::parse(text))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<ImageSize> {
        serde_json::from_str(text).ok()
    }

    fn fixed(height: u32, width: u32) -> Option<ImageSize> {
        Some(ImageSize::Fixed { height, width })
    }

    #[test]
    fn a_size_is_a_side_or_two_and_is_written_as_it_is_read() {
        let cases = [
            ("32", fixed(32, 32)),
            ("\"32\"", fixed(32, 32)),
            ("\"24x32\"", fixed(24, 32)),
            ("1024", fixed(1024, 1024)),
            ("\"auto\"", Some(ImageSize::Auto)),
        ];
        for (text, size) in cases {
            assert_eq!(parse(text), size, "{text}");
            let written = serde_json::to_string(&size.unwrap()).unwrap();
            assert_eq!(parse(&written), size, "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_refused() {
        let wrong = [
            "0",
            "-3",
            "1025",
            "1.5",
            "\"\"",
            "\"3x\"",
            "\"0x3\"",
            "\"3x4x5\"",
            "\"big\"",
        ];
        for text in wrong {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn settled_settings_say_what_was_found() {
        let mut folder = ImageFolder {
            path: PathBuf::new(),
            size: ImageSize::Auto,
            color: Color::Auto,
            resize: Resize::Crop,
            test: Share::percent(20),
            skip_bad: false,
        };
        folder.settle(3, 24, 32);
        assert_eq!(
            (Some(folder.size), folder.color),
            (fixed(24, 32), Color::Rgb)
        );
    }
}
