//! The one thing of a camera's notes that a picture needs: which way up it is. Everything else of them says where somebody
//! was, when, and with which device.

pub use image::metadata::Orientation;

/// Read from notes in the form of TIFF, as every format carries them; upright where they say nothing.
pub fn read(notes: &[u8]) -> Orientation {
    Orientation::from_exif_chunk(notes).unwrap_or(Orientation::NoTransforms)
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
        assert_eq!(read(b"MM"), Orientation::NoTransforms);
    }
}
