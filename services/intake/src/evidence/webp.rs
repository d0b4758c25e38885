//! WebP: chunks in a RIFF file. Only those stay that draw one picture.

use super::orientation::{self, Orientation};

/// What the head of an extended file says of itself, in its first byte.
const HAS_NOTES: u8 = 0x08;
const HAS_XMP: u8 = 0x04;
const MOVES: u8 = 0x02;
/// `RIFF`, a length, `WEBP`.
const HEAD: usize = 12;

/// The same picture without anything else, and how it is turned.
///
/// # Errors
/// It is not whole, or moves.
pub fn stripped(bytes: &[u8]) -> Result<(Vec<u8>, Orientation), &'static str> {
    let length = bytes.get(4..8).and_then(|length| length.try_into().ok()).map(u32::from_le_bytes).unwrap_or_default();
    let end = usize::try_from(length).unwrap_or(usize::MAX).saturating_add(8);
    let mut left = bytes.get(HEAD..end).ok_or("it ends in the middle")?;
    let mut kept: Vec<([u8; 4], Vec<u8>)> = Vec::new();
    let mut turned = Orientation::NoTransforms;
    while let Some((name, rest)) = left.split_first_chunk::<4>() {
        let (length, rest) = rest.split_first_chunk::<4>().ok_or("it ends in the middle")?;
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let body = rest.get(..length).ok_or("it ends in the middle")?;
        match name {
            b"VP8 " | b"VP8L" | b"VP8X" | b"ALPH" | b"ICCP" => kept.push((*name, body.to_vec())),
            b"EXIF" => turned = orientation::read(body.strip_prefix(b"Exif\0\0").unwrap_or(body)),
            _ => {}
        }
        // An odd length is filled up.
        left = rest.get(length + length % 2..).unwrap_or_default();
    }
    let notes = orientation::written(turned);
    if let Some((b"VP8X", flags)) = kept.first_mut().map(|(name, body)| (&*name, body)) {
        let flags = flags.first_mut().ok_or("it is damaged")?;
        if *flags & MOVES != 0 {
            return Err("it is an animation, and no photograph");
        }
        *flags &= !(HAS_NOTES | HAS_XMP);
        if notes.is_some() {
            *flags |= HAS_NOTES;
        }
        kept.extend(notes.map(|notes| (*b"EXIF", notes)));
    }
    let mut chunks = b"WEBP".to_vec();
    for (name, body) in kept {
        chunks.extend(name);
        chunks.extend(u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
        chunks.extend(&body);
        chunks.extend(std::iter::repeat_n(0, body.len() % 2));
    }
    let length = u32::try_from(chunks.len()).unwrap_or(u32::MAX);
    Ok(([b"RIFF", length.to_le_bytes().as_slice(), &chunks].concat(), turned))
}
