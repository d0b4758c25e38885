//! JPEG: segments, each behind a marker. What draws the picture stays bit for bit; notes, comments, small pictures of the
//! picture and whatever lies behind its end go.

use super::orientation::{self, Orientation};

const START: u8 = 0xd8;
const END: u8 = 0xd9;
const SCAN: u8 = 0xda;
const APP0: u8 = 0xe0;
const APP1: u8 = 0xe1;
const APP2: u8 = 0xe2;
const APP14: u8 = 0xee;
const APP15: u8 = 0xef;
const COMMENT: u8 = 0xfe;
/// The part of a JFIF header that is no small picture: its name, version, density, and the size of one, which is none then.
const JFIF_BYTES: usize = 14;

/// The same picture without anything else, and how it is turned.
///
/// # Errors
/// It is not whole.
pub fn stripped(bytes: &[u8]) -> Result<(Vec<u8>, Orientation), &'static str> {
    let mut head = Vec::new();
    let mut picture = Vec::with_capacity(bytes.len());
    let mut turned = Orientation::NoTransforms;
    let mut at = 2;
    loop {
        let marker = marker(bytes, &mut at)?;
        match marker {
            END => break,
            // Stand alone.
            0x01 | 0xd0..=0xd7 => picture.extend([0xff, marker]),
            START | 0x00 => return Err("it is damaged"),
            _ => {
                let body = segment(bytes, &mut at)?;
                match marker {
                    APP0 if body.starts_with(b"JFIF\0") && body.len() >= JFIF_BYTES => {
                        let mut plain = body.get(..JFIF_BYTES - 2).unwrap_or_default().to_vec();
                        plain.extend([0, 0]);
                        push(&mut head, APP0, &plain);
                    }
                    APP1 if body.starts_with(b"Exif\0\0") => {
                        turned = orientation::read(body.get(6..).unwrap_or_default())
                    }
                    // Colours would be others without these two.
                    APP2 if body.starts_with(b"ICC_PROFILE\0") => push(&mut picture, marker, body),
                    APP14 if body.starts_with(b"Adobe") => push(&mut picture, marker, body),
                    APP0..=APP15 | COMMENT => {}
                    _ => push(&mut picture, marker, body),
                }
                if marker == SCAN {
                    let drawn = drawn(bytes.get(at..).unwrap_or_default());
                    picture.extend(drawn);
                    at += drawn.len();
                }
            }
        }
    }
    let mut whole = vec![0xff, START];
    whole.extend(head);
    if let Some(notes) = orientation::written(turned) {
        push(&mut whole, APP1, &[b"Exif\0\0", notes.as_slice()].concat());
    }
    whole.extend(picture);
    whole.extend([0xff, END]);
    Ok((whole, turned))
}

/// The next marker; any number of fill bytes may stand before it.
fn marker(bytes: &[u8], at: &mut usize) -> Result<u8, &'static str> {
    if bytes.get(*at) != Some(&0xff) {
        return Err(if *at >= bytes.len() { "it ends in the middle" } else { "it is damaged" });
    }
    while bytes.get(*at) == Some(&0xff) {
        *at += 1;
    }
    let marker = bytes.get(*at).copied().ok_or("it ends in the middle")?;
    *at += 1;
    Ok(marker)
}

/// What a segment holds, behind its length.
fn segment<'b>(bytes: &'b [u8], at: &mut usize) -> Result<&'b [u8], &'static str> {
    let length = bytes.get(*at..*at + 2).ok_or("it ends in the middle")?;
    let length = length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    let body = bytes.get(*at + 2..*at + length.max(2)).ok_or("it ends in the middle")?;
    *at += length.max(2);
    Ok(body)
}

/// Picture data up to the next marker that is none of its own.
fn drawn(bytes: &[u8]) -> &[u8] {
    let is_end = |pair: &[u8]| matches!(pair, [0xff, next] if !matches!(next, 0x00 | 0xff | 0xd0..=0xd7));
    let end = bytes.windows(2).position(is_end).unwrap_or(bytes.len());
    bytes.get(..end).unwrap_or_default()
}

fn push(to: &mut Vec<u8>, marker: u8, body: &[u8]) {
    // It came from a segment, which is never longer.
    let length = u16::try_from(body.len() + 2).unwrap_or(u16::MAX);
    to.extend([0xff, marker]);
    to.extend(length.to_be_bytes());
    to.extend(body);
}
