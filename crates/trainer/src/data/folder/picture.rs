//! One picture: from a file of any size to the bytes of a model's shape.

use std::fs;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{
    ColorType, DynamicImage, GenericImageView, GrayImage, ImageDecoder, ImageFormat, ImageReader,
    Limits, Luma, Rgb, RgbImage,
};

use super::jpeg;
use crate::config::Resize;
use crate::data::ImageShape;

/// The largest file that is read.
const MOST_FILE_BYTES: u64 = 256 << 20;
/// The most that a decoded picture may take.
const MOST_BYTES: u64 = 512 << 20;
/// The longest side.
const MOST_SIDE: u32 = 1 << 15;
/// Pictures that take more than this are decoded one at a time, so that a machine of many cores keeps its memory.
const LARGE_BYTES: u64 = 32 << 20;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// What a file's header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    /// Rows, the picture being held as its camera was.
    pub(super) height: u32,
    /// Columns.
    pub(super) width: u32,
    /// Whether it is stored without colours.
    pub(super) grey: bool,
}

/// Reads a file's header. The error completes the sentence "the file …".
pub(super) fn look(path: &Path) -> Result<Facts, String> {
    guarded(|| {
        let bytes = contents(path)?;
        let mut decoder = decoder(&bytes)?;
        let (width, height) = decoder.dimensions();
        let (height, width) = match orientation(&mut decoder) {
            Orientation::NoTransforms
            | Orientation::Rotate180
            | Orientation::FlipHorizontal
            | Orientation::FlipVertical => (height, width),
            _ => (width, height),
        };
        let grey = [
            ColorType::L8,
            ColorType::L16,
            ColorType::La8,
            ColorType::La16,
        ];
        Ok(Facts {
            height,
            width,
            grey: grey.contains(&decoder.color_type()),
        })
    })
}

/// The picture in a file as `[channels, height, width]`, row-major. The error completes the sentence "the file …".
///
/// Held as its camera was (EXIF), what is transparent on white, 16 bits rounded to 8, colours made grey by the luma of
/// ITU-R BT.601 where the shape has one channel, then brought to size with a triangle filter that takes every pixel in.
pub(super) fn read(path: &Path, shape: ImageShape, resize: Resize) -> Result<Vec<u8>, String> {
    guarded(|| {
        let bytes = contents(path)?;
        let mut decoder = decoder(&bytes)?;
        let large = decoder.total_bytes().max(bytes.len() as u64) > LARGE_BYTES;
        let _turn = large.then(|| ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner));
        let orientation = orientation(&mut decoder);
        let mut picture = DynamicImage::from_decoder(decoder).map_err(|error| reason(&error))?;
        picture.apply_orientation(orientation);
        let picture = flatten(picture, shape.channels == 1);
        let picture = fit(picture, shape.height as u32, shape.width as u32, resize);
        Ok(planes(picture.as_bytes(), shape.channels))
    })
}

/// A decoder that panics has met a file that nobody has shown it before; that is a bad file and no reason to stop.
fn guarded<T>(read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let stopped = || "cannot be decoded: the decoder failed".to_owned();
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(stopped()))
}

fn contents(path: &Path) -> Result<Vec<u8>, String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err("is no file".to_owned());
    }
    let length = metadata.len();
    if length == 0 {
        return Err("is empty".to_owned());
    }
    if length > MOST_FILE_BYTES {
        let most = MOST_FILE_BYTES >> 20;
        return Err(format!(
            "is too large: it has {length} bytes, allowed are {most} MiB"
        ));
    }
    fs::read(path).map_err(unreadable)
}

/// By what the file holds: its name may say something else.
fn decoder(bytes: &[u8]) -> Result<impl ImageDecoder + '_, String> {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
    let mut reader = reader.map_err(|error| format!("cannot be read: {error}"))?;
    match reader.format() {
        Some(ImageFormat::Jpeg) if !jpeg::is_complete(bytes) => {
            return Err("is cut off: it ends before its picture does".to_owned());
        }
        Some(ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP) => {}
        Some(other) => return Err(format!("is of the format {other:?}, which is not read")),
        None => return Err("holds no PNG, JPEG or WebP picture".to_owned()),
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_SIDE);
    limits.max_image_height = Some(MOST_SIDE);
    limits.max_alloc = Some(MOST_BYTES);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|error| reason(&error))?;
    if decoder.total_bytes() > MOST_BYTES {
        let (width, height) = decoder.dimensions();
        let most = MOST_BYTES >> 20;
        return Err(format!(
            "is too large: {height}x{width} pixels, which take more than {most} MiB"
        ));
    }
    Ok(decoder)
}

fn orientation(decoder: &mut impl ImageDecoder) -> Orientation {
    // A picture whose EXIF data are damaged is still a picture.
    decoder.orientation().unwrap_or(Orientation::NoTransforms)
}

fn reason(error: &image::ImageError) -> String {
    format!("cannot be decoded: {error}").replace('\n', " ")
}

/// Grey or RGB in 8 bits, without transparency.
fn flatten(picture: DynamicImage, grey: bool) -> DynamicImage {
    let picture = if picture.color().has_alpha() {
        on_white(picture)
    } else {
        picture
    };
    if !grey {
        return DynamicImage::ImageRgb8(picture.into_rgb8());
    }
    if !picture.color().has_color() {
        return DynamicImage::ImageLuma8(picture.into_luma8());
    }
    let picture = picture.into_rgb8();
    let luma = GrayImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [red, green, blue] = picture.get_pixel(x, y).0.map(u32::from);
        // 0.299, 0.587 and 0.114 in 65,536ths, which sum to 1 exactly.
        Luma([((red * 19_595 + green * 38_470 + blue * 7_471 + 32_768) >> 16) as u8])
    });
    DynamicImage::ImageLuma8(luma)
}

fn on_white(picture: DynamicImage) -> DynamicImage {
    let picture = picture.into_rgba8();
    let flat = RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0.map(u32::from);
        let over = |value: u32| ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        Rgb([red, green, blue].map(over))
    });
    DynamicImage::ImageRgb8(flat)
}

fn fit(picture: DynamicImage, height: u32, width: u32, resize: Resize) -> DynamicImage {
    let size = picture.dimensions();
    if size == (width, height) {
        return picture;
    }
    match resize {
        Resize::Squash => picture.resize_exact(width, height, FilterType::Triangle),
        // Cut out first: a very long picture scaled whole would not fit into memory.
        Resize::Crop => {
            let [left, top, columns, rows] = window(size, (width, height));
            picture.crop_imm(left, top, columns, rows).resize_exact(
                width,
                height,
                FilterType::Triangle,
            )
        }
    }
}

/// The largest window in the middle of `size` with the proportions of `target`, both (width, height):
/// `[left, top, width, height]`.
fn window(size: (u32, u32), target: (u32, u32)) -> [u32; 4] {
    let [(width, height), (target_width, target_height)] =
        [size, target].map(|(width, height)| (u64::from(width), u64::from(height)));
    // Rounded, and never nothing.
    let share = |of: u64, part: u64, whole: u64| ((of * part + whole / 2) / whole).max(1);
    let (columns, rows) = if width * target_height > height * target_width {
        (
            share(height, target_width, target_height).min(width),
            height,
        )
    } else {
        (width, share(width, target_height, target_width).min(height))
    };
    [(width - columns) / 2, (height - rows) / 2, columns, rows].map(|length| length as u32)
}

/// From the channels of each pixel side by side to one plane after the other.
fn planes(interleaved: &[u8], channels: usize) -> Vec<u8> {
    let plane = |channel| interleaved.iter().skip(channel).step_by(channels).copied();
    (0..channels).flat_map(plane).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use image::{LumaA, Rgba, RgbaImage};

    use super::*;

    fn shape(channels: usize, height: usize, width: usize) -> ImageShape {
        ImageShape {
            channels,
            height,
            width,
        }
    }

    /// `picture` through a file.
    fn through_file(picture: &DynamicImage, shape: ImageShape, resize: Resize) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        picture.save(&path).unwrap();
        read(&path, shape, resize).unwrap()
    }

    #[test]
    fn colours_become_planes_and_grey_becomes_three_equal_ones() {
        let mut colours = RgbImage::new(2, 1);
        colours.put_pixel(0, 0, Rgb([10, 20, 30]));
        colours.put_pixel(1, 0, Rgb([40, 50, 60]));
        let colours = DynamicImage::ImageRgb8(colours);
        let bytes = through_file(&colours, shape(3, 1, 2), Resize::Crop);
        assert_eq!(bytes, [10, 40, 20, 50, 30, 60]);
        // 0.299 × 10 + 0.587 × 20 + 0.114 × 30 = 18.15, and 48.15.
        let bytes = through_file(&colours, shape(1, 1, 2), Resize::Crop);
        assert_eq!(bytes, [18, 48]);

        let grey = DynamicImage::ImageLuma8(GrayImage::from_pixel(2, 1, Luma([7])));
        let bytes = through_file(&grey, shape(3, 1, 2), Resize::Crop);
        assert_eq!(bytes, [7; 6]);
        let white = DynamicImage::ImageRgb8(RgbImage::from_pixel(1, 1, Rgb([255; 3])));
        assert_eq!(through_file(&white, shape(1, 1, 1), Resize::Crop), [255]);
    }

    #[test]
    fn what_is_transparent_lies_on_white() {
        let picture = |alpha| {
            let pixel = Rgba([0, 100, 255, alpha]);
            DynamicImage::ImageRgba8(RgbaImage::from_pixel(1, 1, pixel))
        };
        let flat = |alpha| through_file(&picture(alpha), shape(3, 1, 1), Resize::Crop);
        assert_eq!(flat(255), [0, 100, 255]);
        assert_eq!(flat(0), [255; 3]);
        // 51 of 255 are a fifth: 0.2 × 0 + 0.8 × 255 = 204, 0.2 × 100 + 0.8 × 255 = 224.
        assert_eq!(flat(51), [204, 224, 255]);
        let grey = image::GrayAlphaImage::from_pixel(1, 1, LumaA([0, 51]));
        let grey = DynamicImage::ImageLumaA8(grey);
        assert_eq!(through_file(&grey, shape(1, 1, 1), Resize::Crop), [204]);
    }

    #[test]
    fn sixteen_bits_are_rounded_to_eight() {
        let values = [0_u16, 257, 257 * 128, 65_535, 300];
        let deep = image::ImageBuffer::from_fn(5, 1, |x, _| Luma([values[x as usize]]));
        let deep = DynamicImage::ImageLuma16(deep);
        let bytes = through_file(&deep, shape(1, 1, 5), Resize::Crop);
        assert_eq!(bytes, [0, 1, 128, 255, 1]);
    }

    #[test]
    fn a_crop_is_the_middle_and_a_squash_is_all() {
        // Three columns of 2x2 blocks: black, grey, white.
        let wide = GrayImage::from_fn(6, 2, |x, _| Luma([[0, 100, 255][x as usize / 2]]));
        let wide = DynamicImage::ImageLuma8(wide);
        let size = shape(1, 2, 2);
        assert_eq!(through_file(&wide, size, Resize::Crop), [100; 4]);
        let squashed = through_file(&wide, size, Resize::Squash);
        assert!(squashed[0] < 60 && squashed[1] > 180, "{squashed:?}");
        assert_eq!(squashed[..2], squashed[2..]);
    }

    #[test]
    fn windows_are_as_large_as_they_can_be_and_in_the_middle() {
        // ((width, height) of the picture, of the target, left, top, width, height)
        let cases = [
            ((100, 75), (32, 32), [12, 0, 75, 75]),
            ((75, 100), (32, 32), [0, 12, 75, 75]),
            ((64, 64), (32, 32), [0, 0, 64, 64]),
            ((100, 100), (20, 10), [0, 25, 100, 50]),
            ((100, 100), (10, 20), [25, 0, 50, 100]),
            ((1, 16_384), (32, 32), [0, 8_191, 1, 1]),
            ((1, 1), (1024, 1), [0, 0, 1, 1]),
        ];
        for (size, target, expected) in cases {
            assert_eq!(window(size, target), expected, "{size:?} to {target:?}");
        }
    }

    #[test]
    fn files_that_are_no_picture_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let mut huge = Vec::new();
        DynamicImage::new_luma8(1, 1)
            .write_to(&mut Cursor::new(&mut huge), ImageFormat::Png)
            .unwrap();
        // A header that claims 30,000 by 30,000 pixels, with its own checksum.
        huge[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
        let mut checksum = flate2::Crc::new();
        checksum.update(&huge[12..29]);
        huge[29..33].copy_from_slice(&checksum.sum().to_be_bytes());
        let cases = [
            (&b""[..], "is empty"),
            (b"only text", "holds no PNG, JPEG or WebP picture"),
            (
                b"GIF89a..........",
                "is of the format Gif, which is not read",
            ),
            (b"\x89PNG\r\n\x1a\n and no more", "cannot be decoded"),
            (&huge, "too large"),
        ];
        for (bytes, expected) in cases {
            fs::write(&path, bytes).unwrap();
            for reason in [
                look(&path).unwrap_err(),
                read(&path, shape(1, 1, 1), Resize::Crop).unwrap_err(),
            ] {
                assert!(reason.contains(expected), "{reason}");
            }
        }
        let missing = look(&folder.path().join("absent.png")).unwrap_err();
        assert!(missing.starts_with("cannot be read"), "{missing}");
    }

    #[test]
    fn a_picture_is_held_as_its_camera_was() {
        // Two pixels side by side, and EXIF's orientation 6: turned to the right, so one above the other.
        let exif: [u8; 26] = [
            b'M', b'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0,
            0,
        ];
        let mut bytes = Vec::new();
        let mut encoder = image::codecs::png::PngEncoder::new(&mut bytes);
        image::ImageEncoder::set_exif_metadata(&mut encoder, exif.to_vec()).unwrap();
        image::ImageEncoder::write_image(encoder, &[10, 200], 2, 1, image::ExtendedColorType::L8)
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        fs::write(&path, bytes).unwrap();
        let facts = look(&path).unwrap();
        assert_eq!((facts.height, facts.width), (2, 1));
        let turned = read(&path, shape(1, 2, 1), Resize::Crop).unwrap();
        assert_eq!(turned, [10, 200]);
    }
}
