//! The IDX format, in which MNIST is distributed: a magic number, the size of each dimension, then bytes.
//!
//! A file is read as its content arrives and never further than its header states, and the header is believed only once
//! that content was seen. So neither a wrong header nor a gzip bomb decides how much memory is taken. Images in a plain
//! file that is larger than what is kept in memory stay there, and each is read when it is needed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::error::DataError;
use super::pixels::Pixels;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The most bytes that are kept in memory: 1 GiB, 23 times MNIST and twice EMNIST, the largest set of its kind.
const MOST_BYTES: u64 = 1 << 30;

/// Reads an IDX file of images: its dimensions `[count, height, width]` and its pixels, row-major.
///
/// Whether it is gzipped is seen from its content, not from its name. The pixels of a plain file of more than 1 GiB are
/// left in it.
///
/// # Errors
///
/// A [`DataError`] that names the file, if it cannot be read, is damaged, is not such a file, or is shorter or longer
/// than its header states.
pub(super) fn read_images(path: &Path) -> Result<([usize; 3], Pixels), DataError> {
    const CONTENT: &str = "images";
    const HEADER: usize = 16;

    let unreadable = |source| DataError::Read {
        path: path.to_owned(),
        source,
    };
    let mut file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    if length > HEADER as u64 + MOST_BYTES {
        let mut header = [0; HEADER];
        file.read_exact(&mut header).map_err(unreadable)?;
        if !header.starts_with(&GZIP_MAGIC) {
            let header = Header::parse(path, CONTENT, &header)?;
            let stated = header.stated(path, length)?;
            header.check_length(path, length - HEADER as u64, stated)?;
            let pixels = Pixels::stored(path, file, HEADER as u64, stated as usize);
            return Ok((header.sizes(), pixels));
        }
    }
    let (sizes, bytes) = read(path, CONTENT)?;
    Ok((sizes, bytes.into()))
}

/// Reads an IDX file of labels, as [`read_images`] does.
pub(super) fn read_labels(path: &Path) -> Result<Vec<u8>, DataError> {
    let ([_], labels) = read(path, "labels")?;
    Ok(labels)
}

fn read<const DIMENSIONS: usize>(
    path: &Path,
    content: &'static str,
) -> Result<([usize; DIMENSIONS], Vec<u8>), DataError> {
    let unreadable = |source| DataError::Read {
        path: path.to_owned(),
        source,
    };
    let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
    let start = file.fill_buf().map_err(unreadable)?;
    if start.starts_with(&GZIP_MAGIC) {
        // Several gzip members in a row are one file; anything else after the first is an error, not skipped.
        decode(path, content, MultiGzDecoder::new(file))
    } else {
        decode(path, content, file)
    }
}

/// Reads unpacked IDX content from `reader`, to its end.
fn decode<const DIMENSIONS: usize>(
    path: &Path,
    content: &'static str,
    mut reader: impl Read,
) -> Result<([usize; DIMENSIONS], Vec<u8>), DataError> {
    let mut read_up_to = |limit: u64| {
        let mut bytes = Vec::new();
        let read = reader.by_ref().take(limit).read_to_end(&mut bytes);
        read.map(|_| bytes)
            .map_err(|source| read_error(path, source))
    };

    let header = read_up_to(4 + 4 * DIMENSIONS as u64)?;
    let header = Header::<DIMENSIONS>::parse(path, content, &header)?;
    let stated = header.stated(path, MOST_BYTES)?;
    // One byte more than stated: it tells whether the file goes on, and has a gzip decoder verify its checksum.
    let mut bytes = read_up_to(stated + 1)?;
    header.check_length(path, bytes.len() as u64, stated)?;
    // They stay for the whole run, and growing left up to as many again unused.
    bytes.shrink_to_fit();
    Ok((header.sizes(), bytes))
}

/// The size of each dimension.
struct Header<const DIMENSIONS: usize>([u32; DIMENSIONS]);

impl<const DIMENSIONS: usize> Header<DIMENSIONS> {
    fn parse(path: &Path, content: &'static str, bytes: &[u8]) -> Result<Self, DataError> {
        let expected_bytes = 4 + 4 * DIMENSIONS;
        let (words, _) = bytes.as_chunks::<4>();
        let mut words = words.iter().map(|&word| u32::from_be_bytes(word));
        // The third byte says that values are unsigned bytes, the fourth how many dimensions there are.
        let expected = 0x0800 | DIMENSIONS as u32;
        if let Some(found) = words.next()
            && found != expected
        {
            return Err(DataError::Magic {
                path: path.to_owned(),
                content,
                found,
                expected,
            });
        }
        let sizes: Vec<u32> = words.collect();
        match sizes.try_into() {
            Ok(sizes) => Ok(Self(sizes)),
            Err(_) => Err(DataError::Header {
                path: path.to_owned(),
                found: bytes.len(),
                expected: expected_bytes,
            }),
        }
    }

    fn sizes(&self) -> [usize; DIMENSIONS] {
        self.0.map(|size| size as usize)
    }

    /// `60000x28x28`
    fn dimensions(&self) -> String {
        self.0.map(|size| size.to_string()).join("x")
    }

    /// How many bytes it says that there are, from 1 to `allowed`.
    fn stated(&self, path: &Path, allowed: u64) -> Result<u64, DataError> {
        let mut sizes = self.0.iter();
        let stated = sizes.try_fold(1_u64, |product, &size| product.checked_mul(size.into()));
        let stated = stated.filter(|stated| (1..=allowed).contains(stated));
        stated.ok_or_else(|| DataError::Size {
            path: path.to_owned(),
            dimensions: self.dimensions(),
            allowed,
        })
    }

    fn check_length(&self, path: &Path, found: u64, expected: u64) -> Result<(), DataError> {
        if found == expected {
            return Ok(());
        }
        Err(DataError::Length {
            path: path.to_owned(),
            dimensions: self.dimensions(),
            found,
            expected,
        })
    }
}

/// Tells a file that the system cannot read from one that the gzip decoder cannot.
fn read_error(path: &Path, source: io::Error) -> DataError {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    let path = path.to_owned();
    match source.kind() {
        InvalidData | InvalidInput | UnexpectedEof => DataError::Gzip { path, source },
        _ => DataError::Read { path, source },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::fs;

    use super::super::samples::{gzip, idx};
    use super::*;

    /// Writes `bytes` to a file and reads it back as images; an error becomes its message after the file's name.
    fn read_back(bytes: &[u8]) -> Result<([usize; 3], Vec<u8>), String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, bytes).unwrap();
        let read = read_images(&path).map_err(|error| {
            let name = format!("`{}` ", path.display());
            error.to_string().strip_prefix(&name).unwrap().to_owned()
        });
        read.map(|(sizes, pixels)| (sizes, pixels.range(0, pixels.len()).into_owned()))
    }

    fn refused(bytes: &[u8]) -> String {
        read_back(bytes).unwrap_err()
    }

    /// Two images of 3×2 pixels, in a file of 28 bytes.
    fn sample() -> Vec<u8> {
        idx(0x803, &[2, 3, 2], &(10..22).collect::<Vec<u8>>())
    }

    const DAMAGED: &str = "is a damaged gzip file";

    #[test]
    fn content_is_read_whether_gzipped_or_not() {
        let expected = ([2, 3, 2], (10..22).collect::<Vec<u8>>());
        let sample = sample();
        assert_eq!(read_back(&sample).unwrap(), expected);
        assert_eq!(read_back(&gzip(&sample)).unwrap(), expected);
        // gzip files may be concatenated (RFC 1952, section 2.2).
        let (first, second) = sample.split_at(19);
        let members = [gzip(first), gzip(second)].concat();
        assert_eq!(read_back(&members).unwrap(), expected);
    }

    #[test]
    fn labels_are_read_and_are_not_taken_for_images() {
        let labels = idx(0x801, &[3], &[7, 0, 255]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("labels");
        fs::write(&path, &labels).unwrap();
        assert_eq!(read_labels(&path).unwrap(), [7, 0, 255]);
        assert_eq!(
            refused(&labels),
            "begins with 0x00000801, but an IDX file of images begins with 0x00000803"
        );
    }

    #[test]
    fn a_file_cut_off_anywhere_is_an_error() {
        let in_header =
            |length| format!("ends after {length} bytes, within the 16 bytes of an IDX header");
        let plain = sample();
        for length in 0..plain.len() {
            let expected = match length {
                0..16 => in_header(length),
                _ => format!(
                    "holds {} bytes after its header, which states 2x3x2 = 12",
                    length - 16
                ),
            };
            assert_eq!(refused(&plain[..length]), expected);
        }
        let zipped = gzip(&plain);
        assert_eq!(refused(&zipped[..1]), in_header(1));
        for length in 2..zipped.len() {
            assert_eq!(refused(&zipped[..length]), DAMAGED);
        }
    }

    #[test]
    fn a_file_that_goes_on_is_an_error() {
        let longer = [sample(), vec![0]].concat();
        let expected = "holds at least 13 bytes after its header, which states 2x3x2 = 12";
        assert_eq!(refused(&longer), expected);
        assert_eq!(refused(&gzip(&longer)), expected);
        let garbage = [gzip(&sample()), b"garbage".to_vec()].concat();
        assert_eq!(refused(&garbage), DAMAGED);
    }

    #[test]
    fn no_flipped_bit_of_a_gzipped_file_changes_the_data_unnoticed() {
        // The second is large enough to be packed with Huffman codes of its own, which are then flipped too.
        let pixels: Vec<u8> = (0..1280).map(|i| (i * i % 13 * (i % 7)) as u8).collect();
        for plain in [sample(), idx(0x803, &[20, 8, 8], &pixels)] {
            let expected = read_back(&plain).unwrap();
            let zipped = gzip(&plain);
            let mut harmless = Vec::new();
            for bit in 0..zipped.len() * 8 {
                let mut flipped = zipped.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                if let Ok(read) = read_back(&flipped) {
                    assert_eq!(read, expected, "bit {bit}");
                    harmless.push(bit);
                }
            }
            // Only what says nothing of the content: the flag for text, the time, the level and the system, and what
            // fills the last byte before the trailer of eight.
            let padding = (zipped.len() - 9) * 8 + 1..(zipped.len() - 8) * 8;
            harmless.retain(|bit| *bit != 24 && !(32..80).contains(bit) && !padding.contains(bit));
            assert!(harmless.is_empty(), "{harmless:?}");
        }
    }

    #[test]
    fn every_flipped_bit_of_a_plain_header_is_an_error() {
        let plain = sample();
        for bit in 0..16 * 8 {
            let mut flipped = plain.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let message = refused(&flipped);
            let expected = match bit / 8 {
                0..4 => &["begins with"][..],
                _ => &["states in its header", "holds 12 bytes", "holds at least"],
            };
            let fits = expected.iter().any(|start| message.starts_with(start));
            assert!(fits, "bit {bit}: {message}");
        }
    }

    #[test]
    fn a_header_that_states_nothing_or_too_much_is_an_error() {
        let sizes = [
            [0, 28, 28],
            [60_000, 0, 28],
            [1 << 30, 2, 1],
            // 2^64 + 2^16, which must not be taken for 2^16.
            [1 << 16, (1 << 16) + 1, u32::MAX - (1 << 16) + 2],
        ];
        for sizes in sizes {
            let plain = idx(0x803, &sizes, &[]);
            let [count, height, width] = sizes;
            let expected = format!(
                "states in its header that it holds {count}x{height}x{width} bytes; allowed is from 1 to 1073741824"
            );
            assert_eq!(refused(&plain), expected);
            assert_eq!(refused(&gzip(&plain)), expected);
        }
        let most = idx(0x803, &[1 << 30, 1, 1], &[1, 2]);
        assert!(refused(&most).starts_with("holds 2 bytes after its header"));
    }

    /// Sparse files, which take no room on the disk.
    #[test]
    fn images_beyond_what_is_kept_in_memory_stay_in_their_file() {
        use std::io::{Seek, SeekFrom, Write};

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let sizes = [(1 << 20) + 1, 32, 32];
        let values = (u64::from(sizes[0])) << 10;
        let mut file = File::create(&path).unwrap();
        file.write_all(&idx(0x803, &sizes, &[5; 3])).unwrap();
        file.seek(SeekFrom::Start(16 + values - 2)).unwrap();
        file.write_all(&[7, 8]).unwrap();

        let ([count, 32, 32], pixels) = read_images(&path).unwrap() else {
            panic!("other sizes");
        };
        assert!(matches!(pixels, Pixels::Stored(_)));
        assert_eq!((count << 10, pixels.len() as u64), (pixels.len(), values));
        assert_eq!(*pixels.range(0, 4), [5, 5, 5, 0]);
        assert_eq!(*pixels.range(pixels.len() - 3, 3), [0, 7, 8]);

        for (length, expected) in [(values - 1, "holds"), (values + 1, "holds at least")] {
            file.set_len(16 + length).unwrap();
            let error = read_images(&path).unwrap_err().to_string();
            let expected = format!("{expected} {length} bytes after its header");
            assert!(error.contains(&expected), "{error}");
        }
    }

    #[test]
    fn content_without_end_is_left_after_what_the_header_states() {
        let header = idx(0x803, &[1000, 28, 28], &[]);
        let endless = header.chain(io::repeat(0));
        let error = decode::<3>(Path::new("endless"), "images", endless).unwrap_err();
        assert!(error.to_string().contains("holds at least 784001 bytes"));
        // 64 MiB of zeros in 64 KiB, behind a header that states 6 bytes.
        let bomb = gzip(&idx(0x803, &[1, 2, 3], &vec![0; 1 << 26]));
        assert!(bomb.len() < 1 << 17);
        assert!(refused(&bomb).starts_with("holds at least 7 bytes"));
    }

    #[test]
    fn what_cannot_be_read_is_named_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().join("absent"), folder.path().to_owned()] {
            let error = read_labels(&path).unwrap_err();
            assert!(matches!(error, DataError::Read { .. }), "{error}");
            assert!(std::error::Error::source(&error).is_some());
        }
    }
}
