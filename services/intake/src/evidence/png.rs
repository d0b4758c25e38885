//! PNG: chunks, each with its length, name and check sum. Only those stay that draw the picture.

use super::orientation::{self, Orientation};

pub const BEGINS: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Chunks without which the picture would look otherwise.
const DRAWS: [&[u8; 4]; 12] =
    [b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"bKGD"];

/// The same picture without anything else, and how it is turned.
///
/// # Errors
/// It is not whole.
pub fn stripped(bytes: &[u8]) -> Result<(Vec<u8>, Orientation), &'static str> {
    let mut kept: Vec<(&[u8], &[u8])> = Vec::new();
    let mut turned = Orientation::NoTransforms;
    let mut left = bytes.get(BEGINS.len()..).unwrap_or_default();
    loop {
        let (length, rest) = left.split_first_chunk::<4>().ok_or("it ends in the middle")?;
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let (name, rest) = rest.split_first_chunk::<4>().ok_or("it ends in the middle")?;
        let body = rest.get(..length).ok_or("it ends in the middle")?;
        let whole = left.get(..length.saturating_add(12)).ok_or("it ends in the middle")?;
        if DRAWS.contains(&name) {
            kept.push((name.as_slice(), whole));
        } else if name == b"eXIf" {
            turned = orientation::read(body);
        }
        if name == b"IEND" {
            break;
        }
        left = left.get(whole.len()..).unwrap_or_default();
    }
    let mut written = BEGINS.to_vec();
    for (name, whole) in kept {
        written.extend(whole);
        // Notes stand behind the head and before what is drawn.
        if name == b"IHDR"
            && let Some(notes) = orientation::written(turned)
        {
            written.extend(chunk(b"eXIf", &notes));
        }
    }
    Ok((written, turned))
}

fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let checked = [name.as_slice(), body].concat();
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), checked.as_slice(), &check_sum(&checked).to_be_bytes()].concat()
}

/// CRC-32 as PNG has it; over a few bytes, so nobody needs a table.
fn check_sum(bytes: &[u8]) -> u32 {
    let shift = |sum: u32| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 };
    !bytes.iter().fold(u32::MAX, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), |sum, _| shift(sum)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_check_sum_is_that_of_the_standard() {
        // The empty chunk at the end of every PNG.
        assert_eq!(super::chunk(b"IEND", b""), b"\0\0\0\0IEND\xae\x42\x60\x82");
    }
}
