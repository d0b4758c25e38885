//! The one thing of a camera's notes that a picture needs: which way up it is. Everything else of them says where somebody
//! was, when, and with which device.

pub use image::metadata::Orientation;

/// The entry that says it, in the first directory.
const TAG: u16 = 0x0112;
/// Bytes of an entry: its tag, its kind, how many values there are, and the value where it is that short.
const ENTRY_BYTES: usize = 12;

/// Read from notes in the form of TIFF, as every format carries them; upright where they say nothing.
pub fn read(notes: &[u8]) -> Orientation {
    found(notes).and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms)
}

fn found(notes: &[u8]) -> Option<u8> {
    let is_little = match notes.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let short = |at: usize| {
        let bytes = notes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if is_little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    };
    let first = notes.get(4..8)?.try_into().ok()?;
    let first = if is_little { u32::from_le_bytes(first) } else { u32::from_be_bytes(first) };
    let first = usize::try_from(first).ok()?;
    let entries = (0..usize::from(short(first)?)).map(|number| first + 2 + number * ENTRY_BYTES);
    let entry = entries.into_iter().find(|at| short(*at) == Some(TAG))?;
    u8::try_from(short(entry + 8)?).ok()
}

/// Notes that say this and nothing else; none, where a picture stands upright.
pub fn written(orientation: Orientation) -> Option<Vec<u8>> {
    if orientation == Orientation::NoTransforms {
        return None;
    }
    // Little-endian, the first directory at 8, one entry: orientation (0x0112), one short. No directory follows.
    let mut notes = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    notes.extend([orientation.to_exif(), 0, 0, 0, 0, 0, 0, 0]);
    Some(notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for number in 2..=8 {
            let orientation = Orientation::from_exif(number).unwrap();
            assert_eq!(read(&written(orientation).unwrap()), orientation);
        }
        assert_eq!(written(Orientation::NoTransforms), None);
        // As a camera writes it that begins numbers at their other end.
        let other = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0\0\0\0\0";
        assert_eq!(read(other), Orientation::Rotate270);
        for nothing in [&b"MM"[..], b"", b"II*\0\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff"] {
            assert_eq!(read(nothing), Orientation::NoTransforms);
        }
    }
}
