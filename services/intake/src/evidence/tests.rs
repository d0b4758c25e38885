//! Files on a real broker: what becomes of a photograph, of two that are the same, of one that nobody names, and of one that
//! nobody could look through.

use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use jiff::SignedDuration;
use record::{BrokerConfig, Credentials};
use station::hash_of;
use testkit::Nats;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tonic::Code as Answer;

use super::content::{BYTES_MAX, Content, read};
use super::orientation::{self, Orientation};
use super::*;

/// Something that must not come out again: as a position, as a device, as what somebody typed.
const SECRETS: [&str; 4] = ["SecretPhone 9", "114.316200E", "typed by hand", "beyond the end"];

/// A picture that is red on the left and blue on the right.
fn drawn(format: ImageFormat) -> Vec<u8> {
    let picture = RgbImage::from_fn(64, 32, |x, _| if x < 32 { Rgb([220, 0, 0]) } else { Rgb([0, 0, 220]) });
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(picture).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// Notes as a telephone makes them: turned to the right, taken with that device at that place.
fn notes() -> Vec<u8> {
    let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value].concat()
    };
    let text = |secret: &str| [secret.as_bytes(), b"\0"].concat();
    let (device, place) = (text(SECRETS[0]), text(SECRETS[1]));
    let directory = 8 + 2 + 3 * 12 + 4;
    let after = u32::try_from(directory).unwrap();
    let gps = after + u32::try_from(device.len()).unwrap();
    let mut notes = b"II*\0\x08\0\0\0\x03\0".to_vec();
    notes.extend(entry(0x0110, 2, u32::try_from(device.len()).unwrap(), after.to_le_bytes()));
    notes.extend(entry(0x0112, 3, 1, [6, 0, 0, 0]));
    notes.extend(entry(0x8825, 4, 1, gps.to_le_bytes()));
    notes.extend([0; 4]);
    notes.extend(device);
    // The directory of the position: one entry, and the text of it.
    notes.extend(1u16.to_le_bytes());
    notes.extend(entry(0x0004, 2, u32::try_from(place.len()).unwrap(), (gps + 18).to_le_bytes()));
    notes.extend([0; 4]);
    notes.extend(place);
    notes
}

/// A photograph with everything that a telephone adds.
fn photograph() -> Vec<u8> {
    let plain = drawn(ImageFormat::Jpeg);
    let segment = |marker: u8, body: &[u8]| {
        [&[0xff, marker][..], &u16::try_from(body.len() + 2).unwrap().to_be_bytes(), body].concat()
    };
    let mut photograph = plain[..2].to_vec();
    photograph.extend(segment(0xe1, &[b"Exif\0\0", notes().as_slice()].concat()));
    photograph.extend(segment(0xfe, SECRETS[2].as_bytes()));
    photograph.extend(&plain[2..]);
    photograph.extend(SECRETS[3].as_bytes());
    photograph
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn rule(sent: Vec<u8>) -> &'static str {
    read(sent).unwrap_err().rule
}

#[test]
fn a_photograph_keeps_its_picture_and_how_it_is_turned_and_tells_nothing_else() {
    let sent = photograph();
    assert!(SECRETS.iter().all(|secret| holds(&sent, secret)), "nothing to be taken out");
    let Content { bytes, media_type, picture } = read(sent).unwrap();
    assert_eq!(media_type, "image/jpeg");
    let picture = picture.unwrap();
    for secret in SECRETS {
        assert!(!holds(&bytes, secret) && !holds(&picture.thumbnail, secret), "{secret}");
    }
    // What is drawn is what was drawn, to the bit.
    let decode = |bytes: &[u8]| image::load_from_memory(bytes).unwrap().into_rgb8();
    assert_eq!(decode(&bytes), decode(&drawn(ImageFormat::Jpeg)));
    assert_eq!((picture.width, picture.height), (64, 32));
    let at = bytes.windows(6).position(|window| window == b"Exif\0\0").unwrap();
    assert_eq!(orientation::read(&bytes[at + 6..]), Orientation::Rotate90);
    // A thumbnail stands as the picture is looked at: what was left is above.
    let small = decode(&picture.thumbnail);
    assert!(small.height() > small.width(), "{:?}", small.dimensions());
    let (above, below) =
        (small.get_pixel(small.width() / 2, 8), small.get_pixel(small.width() / 2, small.height() - 8));
    assert!(above[0] > 150 && below[2] > 150, "{above:?} {below:?}");
    assert_eq!(read(bytes.clone()).unwrap().bytes, bytes, "nothing more can be taken out");
}

#[test]
fn other_pictures_tell_nothing_either() {
    let mut png = drawn(ImageFormat::Png);
    // Behind the head, which every PNG has at this length.
    let text = b"\0\0\0\x16tEXtComment\0typed by hand\0\0\0\0\0";
    png.splice(33..33, text.iter().copied());
    let mut webp = drawn(ImageFormat::WebP);
    webp.extend(b"XMP \x0e\0\0\0typed by hand ");
    let length = u32::try_from(webp.len() - 8).unwrap();
    webp[4..8].copy_from_slice(&length.to_le_bytes());
    for (sent, media_type) in [(png, "image/png"), (webp, "image/webp")] {
        assert!(holds(&sent, SECRETS[2]), "{media_type}");
        let kept = read(sent).unwrap();
        assert_eq!(kept.media_type, media_type);
        assert!(!holds(&kept.bytes, SECRETS[2]), "{media_type}");
    }
}

#[test]
fn what_is_no_picture_and_no_paper_is_refused_whatever_it_is_called() {
    assert_eq!(rule(vec![]), "required");
    assert_eq!(rule(vec![0xff; BYTES_MAX + 1]), "size");
    for other in ["<script>alert(1)</script>", "GIF89a", "MZ\u{1}", "%!PS", "RIFF....WAVE"] {
        assert_eq!(rule(other.into()), "media-type", "{other}");
    }
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let whole = drawn(format);
        for length in [whole.len() / 2, whole.len() - 1] {
            assert_eq!(rule(whole[..length].to_vec()), "media-content", "{format:?} cut at {length}");
        }
    }
    let mut head = drawn(ImageFormat::Png);
    // A head that promises more than there can be.
    head[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    assert!(["picture-size", "media-content"].contains(&rule(head)));
    assert_eq!(read(b"%PDF-1.7 and so on".to_vec()).unwrap().media_type, "application/pdf");
}

struct World {
    files: Files,
    broker: Broker,
    district: Code,
    _nats: Nats,
}

impl World {
    async fn new(scanner: Option<Scanner>) -> Self {
        let nats = Nats::start().unwrap();
        let config = BrokerConfig {
            url: nats.url(),
            credentials: Credentials::None,
            name: "intake".into(),
            inbox: "intake".into(),
        };
        let broker = Broker::connect(&config).await.unwrap();
        broker.provision(1, &[]).await.unwrap();
        let files = Files::open(&broker, scanner, Clock::real()).await.unwrap();
        Self { files, broker, district: "wuchang".parse().unwrap(), _nats: nats }
    }

    async fn take(&self, sent: Vec<u8>) -> Result<wire::Evidence, Status> {
        self.files.take(&self.district, "IMG_0001.jpg", sent).await
    }

    async fn name(&self, id: &str) -> Result<(), Status> {
        let known = Evidence::open(&self.broker).await.unwrap();
        station::name_evidence(&known, &self.district, &[id.to_owned()]).await
    }

    async fn content(&self, id: &str) -> Result<Option<Vec<u8>>, Status> {
        let read = self.files.read(&self.district, hash_of(id).unwrap(), false).await?;
        Ok(read.map(|(_, content)| content))
    }

    async fn objects(&self) -> usize {
        self.files.objects.list().await.unwrap().len()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_names_goes_and_what_somebody_names_stays() {
    let world = World::new(None).await;
    let (kept, left) = (photograph(), drawn(ImageFormat::Png));
    let (one, again) = (world.take(kept.clone()).await.unwrap(), world.take(kept).await.unwrap());
    assert_eq!(one, again, "the same content is the same file");
    let other = world.take(left.clone()).await.unwrap();
    assert_eq!(world.objects().await, 4, "each with a small picture, and nothing twice");
    world.name(&one.evidence_id).await.unwrap();

    let now = world.files.clock.now();
    let days = |days: i64| now + SignedDuration::from_hours(24 * days);
    assert_eq!(world.files.collect(now).await.unwrap(), 0);
    assert_eq!(world.files.collect(days(2)).await.unwrap(), 1);
    assert_eq!(world.files.collect(days(3)).await.unwrap(), 0);
    assert_eq!(world.objects().await, 2);
    assert!(world.content(&one.evidence_id).await.unwrap().is_some());
    assert_eq!(world.content(&other.evidence_id).await.unwrap(), None);
    let refused = world.name(&other.evidence_id).await.unwrap_err();
    assert!(refused.code() == Answer::InvalidArgument && refused.message().contains("known-evidence"), "{refused}");
    // Sent once more it is there again.
    assert_eq!(world.take(left).await.unwrap().evidence_id, other.evidence_id);
    world.name(&other.evidence_id).await.unwrap();
    assert_eq!(world.files.collect(days(9)).await.unwrap(), 0);
    assert!(world.content(&other.evidence_id).await.unwrap().is_some());
    // In another district nobody has heard of it.
    let elsewhere: Code = "heping".parse().unwrap();
    assert_eq!(world.files.describe(&elsewhere, hash_of(&one.evidence_id).unwrap()).await.unwrap(), None);
}

/// A scanner that finds what is called so, while it is there.
struct Clamd {
    address: String,
    is_there: Arc<AtomicBool>,
}

impl Clamd {
    const FINDS: &'static str = "a virus of ours";

    #[expect(clippy::disallowed_methods, reason = "it ends with the runtime of the test")]
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("tcp://{}", listener.local_addr().unwrap());
        let is_there = Arc::new(AtomicBool::new(true));
        let there = Arc::clone(&is_there);
        tokio::spawn(async move {
            loop {
                let (mut asked, _) = listener.accept().await.unwrap();
                if !there.load(Ordering::SeqCst) {
                    continue;
                }
                let mut command = [0; 10];
                asked.read_exact(&mut command).await.unwrap();
                assert_eq!(&command, b"zINSTREAM\0");
                let mut content = Vec::new();
                loop {
                    let length = asked.read_u32().await.unwrap();
                    if length == 0 {
                        break;
                    }
                    let mut chunk = vec![0; usize::try_from(length).unwrap()];
                    asked.read_exact(&mut chunk).await.unwrap();
                    content.extend(chunk);
                }
                let found = if holds(&content, Self::FINDS) { "Ours-1 FOUND" } else { "OK" };
                asked.write_all(format!("stream: {found}\0").as_bytes()).await.unwrap();
            }
        });
        Self { address, is_there }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_scanner_finds_is_refused_and_while_it_is_away_files_are_held() {
    let clamd = Clamd::start().await;
    let world = World::new(Some(clamd.address.parse().unwrap())).await;
    let paper = |said: &str| format!("%PDF-1.7 {said}").into_bytes();
    let refused = world.take(paper(Clamd::FINDS)).await.unwrap_err();
    assert!(refused.code() == Answer::InvalidArgument && refused.message().contains("Ours-1"), "{refused}");
    let clean = world.take(photograph()).await.unwrap();
    assert_eq!(clean.check(), EvidenceCheck::Clean);

    clamd.is_there.store(false, Ordering::SeqCst);
    let good = world.take(paper("good")).await.unwrap();
    let bad = world.take(paper(&format!("bad: {}", Clamd::FINDS))).await.unwrap();
    for held in [&good, &bad] {
        assert_eq!(held.check(), EvidenceCheck::Pending);
        world.name(&held.evidence_id).await.unwrap();
        let withheld = world.content(&held.evidence_id).await.unwrap_err();
        assert!(withheld.message().contains("evidence-unchecked"), "{withheld}");
    }
    world.files.look_through_what_waits().await.unwrap();
    assert!(world.content(&good.evidence_id).await.is_err(), "it is still away");

    clamd.is_there.store(true, Ordering::SeqCst);
    world.files.look_through_what_waits().await.unwrap();
    assert_eq!(world.content(&good.evidence_id).await.unwrap(), Some(paper("good")));
    let withheld = world.content(&bad.evidence_id).await.unwrap_err();
    assert!(withheld.message().contains("evidence-refused"), "{withheld}");
    let about = world.files.describe(&world.district, hash_of(&bad.evidence_id).unwrap()).await.unwrap().unwrap();
    assert_eq!(about.check(), EvidenceCheck::Refused, "a case that names it says what became of it");
    assert_eq!(world.objects().await, 3, "the photograph, its small picture and the good paper");
}
