//! Whether a JPEG file is all there. The decoder fills what is missing with grey, and says nothing.

/// Whether the file goes on to its end-of-image marker.
///
/// A file is a chain of segments, each behind a marker `ff xx` with its length in two bytes. Coded pixels follow a
/// scan's header and are no segment: in them `ff` is followed by `00`, or by a restart marker.
pub(super) fn is_complete(bytes: &[u8]) -> bool {
    const END_OF_IMAGE: u8 = 0xd9;

    // Behind the start-of-image marker.
    let mut rest = bytes.get(2..).unwrap_or_default();
    loop {
        let is_marker =
            |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0 | 1 | 0xd0..=0xd7 | 0xff);
        let Some(at) = rest.windows(2).position(is_marker) else {
            return false;
        };
        if rest[at + 1] == END_OF_IMAGE {
            return true;
        }
        let Some(&[high, low]) = rest.get(at + 2..at + 4) else {
            return false;
        };
        // Thumbnails have an end-of-image marker too, inside a segment.
        let length = usize::from(u16::from_be_bytes([high, low]));
        let Some(behind) = rest.get(at + 2 + length..) else {
            return false;
        };
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Start, a segment that holds a whole small JPEG, a scan with a stuffed byte and a restart marker, end.
    const WHOLE: [u8; 22] = [
        0xff, 0xd8, 0xff, 0xe1, 0, 6, 0xff, 0xd8, 0xff, 0xd9, 0xff, 0xda, 0, 3, 1, 7, 0xff, 0,
        0xff, 0xd0, 0xff, 0xd9,
    ];

    #[test]
    fn a_file_is_complete_up_to_its_last_byte_only() {
        assert!(is_complete(&WHOLE));
        for length in 0..WHOLE.len() {
            assert!(!is_complete(&WHOLE[..length]), "{length} bytes");
        }
        // Some cameras and programs write behind the end.
        assert!(is_complete(&[&WHOLE[..], &[1, 2, 3]].concat()));
    }
}
