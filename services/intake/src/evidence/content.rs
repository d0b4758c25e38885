//! What a file is, by its bytes alone, and what of it is kept. A picture is kept without notes (place, time, device), which
//! every format carries beside what is drawn: they are left out, and what is drawn stays as it was, to the bit. So a photograph
//! loses nothing as evidence, and the way it is to be turned stays with it.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use station::Violation;

use super::orientation::Orientation;
use super::{jpeg, png, webp};

/// Largest file, in bytes: a photograph of a good telephone has 3 to 8 MB.
pub const BYTES_MAX: usize = 10 * 1024 * 1024;
/// Largest picture, in pixels: what a telephone takes.
const PIXELS_MAX: u64 = 50_000_000;
/// Bytes that drawing one may take: that many pixels with colour and transparency, and room.
pub const MEMORY_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Width and height of a thumbnail, at most, in pixels.
const THUMBNAIL_MAX: u32 = 320;
/// Of 100: small and good enough to be recognised.
const THUMBNAIL_QUALITY: u8 = 75;
/// The field by which every door names what is wrong with a file.
pub const FIELD: &str = "file";

/// A file as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    pub bytes: Vec<u8>,
    pub media_type: &'static str,
    pub picture: Option<Picture>,
}

/// What else is known of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub width: u32,
    pub height: u32,
    pub thumbnail: Vec<u8>,
}

/// Reads a file. It takes a second of a processor at worst.
///
/// # Errors
/// It is empty, too large, none of the kinds that are taken, or not what it begins like.
pub fn read(bytes: Vec<u8>) -> Result<Content, Violation> {
    if bytes.is_empty() {
        return Err(Violation::new(FIELD, "required", "it is empty"));
    }
    if bytes.len() > BYTES_MAX {
        return Err(too_large(bytes.len()));
    }
    let (stripped, format) = if bytes.starts_with(b"\xff\xd8\xff") {
        (jpeg::stripped(&bytes), ImageFormat::Jpeg)
    } else if bytes.starts_with(png::BEGINS) {
        (png::stripped(&bytes), ImageFormat::Png)
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        (webp::stripped(&bytes), ImageFormat::WebP)
    } else if bytes.starts_with(b"%PDF-") {
        return Ok(Content { bytes, media_type: "application/pdf", picture: None });
    } else {
        let said = "by its content it is neither a JPEG, PNG or WebP picture nor a PDF paper, whatever it is called";
        return Err(Violation::new(FIELD, "media-type", said));
    };
    let unreadable = |why: &str| {
        let said = format!("it begins like {} and cannot be read: {why}", format.to_mime_type());
        Violation::new(FIELD, "media-content", said)
    };
    let (bytes, turned) = stripped.map_err(unreadable)?;
    let picture = look_at(&bytes, format, turned).map_err(|wrong| match wrong {
        Wrong::Unreadable(error) => unreadable(&error.to_string()),
        Wrong::TooLarge => {
            let said = format!("at most {PIXELS_MAX} pixels fit, and {MEMORY_BYTES_MAX} bytes to draw it");
            Violation::new(FIELD, "picture-size", said)
        }
    })?;
    Ok(Content { bytes, media_type: format.to_mime_type(), picture: Some(picture) })
}

pub fn too_large(bytes: usize) -> Violation {
    Violation::new(FIELD, "size", format!("it has {bytes} bytes or more; at most {BYTES_MAX} fit"))
}

enum Wrong {
    Unreadable(image::ImageError),
    TooLarge,
}

impl From<image::ImageError> for Wrong {
    fn from(error: image::ImageError) -> Self {
        if matches!(error, image::ImageError::Limits(_)) { Self::TooLarge } else { Self::Unreadable(error) }
    }
}

fn look_at(bytes: &[u8], format: ImageFormat, turned: Orientation) -> Result<Picture, Wrong> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MEMORY_BYTES_MAX);
    reader.limits(limits);
    let decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > PIXELS_MAX {
        return Err(Wrong::TooLarge);
    }
    let drawn = DynamicImage::from_decoder(decoder)?;
    // Nothing is made larger.
    let small = if width.max(height) > THUMBNAIL_MAX { drawn.thumbnail(THUMBNAIL_MAX, THUMBNAIL_MAX) } else { drawn };
    let mut small = DynamicImage::ImageRgb8(small.into_rgb8());
    small.apply_orientation(turned);
    let mut thumbnail = Vec::new();
    small.write_with_encoder(JpegEncoder::new_with_quality(&mut thumbnail, THUMBNAIL_QUALITY))?;
    Ok(Picture { width, height, thumbnail })
}
