//! What a volume is made of, and every hash in it. The layout for those who read one without this program is in
//! `deploy/archive/README.md`.
//!
//! Each case file is compressed by itself, so that one can be read without the others, and carries the hash of the
//! frame before it; the last frame carries that of the last case file, and the next volume that of the whole volume.
//! So nothing can be changed, taken out or put in anywhere without everything after it saying so.

use std::fmt;
use std::io::Read;
use std::ops::Range;
use std::str::FromStr;

use ids::{CaseId, Code, HistoryKey};
use jiff::Timestamp;
use prost::Message;
use proto::ToWireTime;
use proto::archive::v1::{CaseFile, FiledCommit, LeftOpen, VolumeFoot, VolumeHead, Walked};
use record::objects::Sha256Sum;
use record::{AsStored, BrokerError, StoredCommit};
use sha2::{Digest, Sha256};

/// The layout this version writes. A reader refuses any it does not know.
pub const FORMAT: u32 = 1;
/// First bytes of every volume.
const MAGIC: &[u8; 8] = b"HUYINGV1";
/// Bytes before a frame that say how long it is.
const LENGTH_BYTES: usize = 4;
/// Compression level: the one up to which zstd gets smaller faster than it gets slower, on commits.
const LEVEL: i32 = 3;
/// Largest case file when unpacked: the most commits one load returns, each of the largest size.
const CASE_BYTES_MAX: u64 = 1024 * 256 * 1024 + 1024 * 1024;

/// A volume, or something that was taken for one, is not what it should be.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct Damage {
    /// Which volume, and where in it.
    pub place: String,
    pub problem: String,
}

impl Damage {
    pub(crate) fn new(place: impl fmt::Display, problem: impl fmt::Display) -> Self {
        Self { place: place.to_string(), problem: problem.to_string() }
    }
}

/// `volumes/<number>-<first bytes of its SHA-256>`: two volumes are never one object, whoever wrote them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VolumeName {
    pub number: u64,
    /// 16 hexadecimal digits.
    sum: String,
}

impl VolumeName {
    pub(crate) const FOLDER: &'static str = "volumes/";
    const DIGITS: usize = 16;

    fn of(number: u64, sha256: Sha256Sum) -> Self {
        let mut sum = sha256.to_string();
        sum.truncate(Self::DIGITS);
        Self { number, sum }
    }

    /// Whether content of this hash can have this name.
    fn fits(&self, sha256: Sha256Sum) -> bool {
        Self::of(self.number, sha256) == *self
    }
}

impl fmt::Display for VolumeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:010}-{}", Self::FOLDER, self.number, self.sum)
    }
}

impl FromStr for VolumeName {
    type Err = Damage;

    fn from_str(name: &str) -> Result<Self, Damage> {
        let wrong = || Damage::new(name, "this is not the name of a volume");
        let (number, sum) = name.strip_prefix(Self::FOLDER).and_then(|name| name.split_once('-')).ok_or_else(wrong)?;
        if sum.len() != Self::DIGITS || !sum.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        Ok(Self { number: number.parse().map_err(|_| wrong())?, sum: sum.to_owned() })
    }
}

/// Where a case file lies in its volume, and what its bytes hash to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub offset: u64,
    pub length: u64,
    pub sha256: Sha256Sum,
}

/// How far filing had come when a volume was sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// By district, the position of the record from which on closings have not been looked at.
    pub walked: std::collections::BTreeMap<Code, u64>,
    /// Cases passed by, to be looked at again.
    pub left_open: Vec<HistoryKey>,
}

/// A volume being written.
#[derive(Debug)]
pub struct Writer {
    bytes: Vec<u8>,
    number: u64,
    last: Sha256Sum,
    cases: u32,
}

impl Writer {
    /// Begins the volume after `previous`.
    ///
    /// # Errors
    /// It cannot be compressed.
    pub fn begin(previous: Option<&Volume>, at: Timestamp) -> Result<Self, Damage> {
        let number = previous.map_or(1, |previous| previous.name.number + 1);
        let head = VolumeHead {
            format: FORMAT,
            number,
            previous: previous.map(|previous| previous.name.to_string()).unwrap_or_default(),
            previous_sha256: previous.map(|previous| previous.sha256.0.to_vec()).unwrap_or_default(),
            begun_at: Some(at.to_wire()),
        };
        let mut writer = Self { bytes: MAGIC.to_vec(), number, last: Sha256Sum::default(), cases: 0 };
        writer.frame(&head.encode_to_vec())?;
        Ok(writer)
    }

    /// Adds a case and says where it lies.
    ///
    /// # Errors
    /// It cannot be compressed, or is too large to be a case.
    pub fn add(&mut self, key: &HistoryKey, commits: &[AsStored]) -> Result<Place, Damage> {
        let commits: Vec<FiledCommit> = commits
            .iter()
            .map(|commit| FiledCommit {
                subject: commit.subject.to_string(),
                position: commit.sequence,
                payload: commit.payload.to_vec(),
            })
            .collect();
        let file = CaseFile {
            previous_sha256: self.last.0.to_vec(),
            district: key.district.to_string(),
            case_id: key.id.clone(),
            chain: chain(&commits).0.to_vec(),
            commits,
        };
        let place = self.frame(&file.encode_to_vec())?;
        self.cases += 1;
        Ok(place)
    }

    #[must_use]
    pub fn cases(&self) -> u32 {
        self.cases
    }

    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Ends the volume: its bytes, and the name they give it.
    ///
    /// # Errors
    /// It cannot be compressed.
    pub fn seal(mut self, mark: &Mark) -> Result<(VolumeName, Vec<u8>), Damage> {
        let walked =
            |(district, position): (&Code, &u64)| Walked { district: district.to_string(), position: *position };
        let left = |key: &HistoryKey| LeftOpen { district: key.district.to_string(), case_id: key.id.clone() };
        let foot = VolumeFoot {
            previous_sha256: self.last.0.to_vec(),
            cases: self.cases,
            walked: mark.walked.iter().map(walked).collect(),
            left_open: mark.left_open.iter().map(left).collect(),
        };
        self.frame(&foot.encode_to_vec())?;
        Ok((VolumeName::of(self.number, Sha256Sum::of(&self.bytes)), self.bytes))
    }

    fn frame(&mut self, content: &[u8]) -> Result<Place, Damage> {
        let here = || format!("frame at {} of volume {}", self.bytes.len(), self.number);
        let packed = zstd::bulk::compress(content, LEVEL).map_err(|error| Damage::new(here(), error))?;
        let length = u32::try_from(packed.len()).map_err(|error| Damage::new(here(), error))?;
        let sha256 = Sha256Sum::of(&packed);
        self.bytes.extend(length.to_be_bytes());
        let place = Place { offset: self.bytes.len() as u64, length: u64::from(length), sha256 };
        self.bytes.extend(&packed);
        self.last = sha256;
        Ok(place)
    }
}

/// A volume as it was read, with its frames in order.
#[derive(Clone)]
pub struct Volume {
    pub name: VolumeName,
    pub sha256: Sha256Sum,
    pub head: VolumeHead,
    pub cases: u32,
    pub mark: Mark,
    bytes: Vec<u8>,
    head_frame: Range<usize>,
    /// Of the case files.
    files: Vec<Range<usize>>,
    foot_previous: Vec<u8>,
}

impl fmt::Debug for Volume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Volume").field("name", &self.name).field("cases", &self.cases).finish_non_exhaustive()
    }
}

impl Volume {
    /// Reads the frames of a volume, and checks that it is the one of this name. What lies in the case files is looked
    /// at when they are asked for, or by [`check`](Self::check).
    ///
    /// # Errors
    /// It is not that volume, or not whole.
    pub fn read(name: VolumeName, bytes: Vec<u8>) -> Result<Self, Damage> {
        let sha256 = Sha256Sum::of(&bytes);
        if !name.fits(sha256) {
            return Err(Damage::new(&name, format!("its content hashes to {sha256}")));
        }
        let frames = frames(&name, &bytes)?;
        let [first, files @ .., last] = frames.as_slice() else {
            return Err(Damage::new(&name, "it has no head, or no foot"));
        };
        let at = |range: &Range<usize>| bytes.get(range.clone()).unwrap_or_default();
        let head =
            VolumeHead::decode(unpack(&name, at(first))?.as_slice()).map_err(|error| Damage::new(&name, error))?;
        if head.format != FORMAT {
            let problem = format!("its format is {}, and this version reads {FORMAT}", head.format);
            return Err(Damage::new(&name, problem));
        }
        if head.number != name.number {
            return Err(Damage::new(&name, format!("it says that it is number {}", head.number)));
        }
        let foot =
            VolumeFoot::decode(unpack(&name, at(last))?.as_slice()).map_err(|error| Damage::new(&name, error))?;
        if foot.cases as usize != files.len() {
            return Err(Damage::new(&name, format!("it has {} cases and says {}", files.len(), foot.cases)));
        }
        let mark = mark(&name, &foot)?;
        let (head_frame, files) = (first.clone(), files.to_vec());
        let (cases, foot_previous) = (foot.cases, foot.previous_sha256);
        Ok(Self { name, sha256, head, cases, mark, head_frame, files, foot_previous, bytes })
    }

    /// Size in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Looks at every hash of every file and commit.
    ///
    /// # Errors
    /// The first that does not hold.
    pub fn check(&self) -> Result<(), Damage> {
        let mut last = Sha256Sum::of(self.bytes.get(self.head_frame.clone()).unwrap_or_default());
        for (place, file) in self.files() {
            let file = file?;
            if file.previous_sha256 != last.0 {
                let problem = format!("the file before it hashes to {last}, and it says otherwise");
                return Err(Damage::new(format!("{} at {}", self.name, place.offset), problem));
            }
            last = place.sha256;
        }
        if self.foot_previous != last.0 {
            return Err(Damage::new(
                &self.name,
                format!("the last file hashes to {last}, and the foot says otherwise"),
            ));
        }
        Ok(())
    }

    /// Every case file, with its place, each checked as by [`file`](Self::file).
    pub fn files(&self) -> impl Iterator<Item = (Place, Result<CaseFile, Damage>)> {
        self.files.iter().map(|range| {
            let packed = self.bytes.get(range.clone()).unwrap_or_default();
            let place = Place {
                offset: range.start as u64,
                length: (range.end - range.start) as u64,
                sha256: Sha256Sum::of(packed),
            };
            let file = open(&format!("{} at {}", self.name, range.start), packed);
            (place, file)
        })
    }

    /// The case file at `place`.
    ///
    /// # Errors
    /// No file of that hash lies there, or its commits do not hash to what it says.
    pub fn file(&self, place: &Place) -> Result<CaseFile, Damage> {
        let here = format!("{} at {}", self.name, place.offset);
        let range = usize::try_from(place.offset).ok().zip(usize::try_from(place.offset + place.length).ok());
        let packed = range.and_then(|(start, end)| self.bytes.get(start..end));
        let packed = packed.ok_or_else(|| Damage::new(&here, "it ends before that"))?;
        let sha256 = Sha256Sum::of(packed);
        if sha256 != place.sha256 {
            return Err(Damage::new(here, format!("what lies there hashes to {sha256}, not {}", place.sha256)));
        }
        open(&here, packed)
    }
}

/// The commits of a case file, as the record had them.
///
/// # Errors
/// One is not a commit of that case.
pub fn commits_of(file: &CaseFile) -> Result<Vec<AsStored>, Damage> {
    let key = key_of(&file.district, &file.case_id)?;
    file.commits
        .iter()
        .map(|commit| {
            let subject = commit.subject.parse().map_err(|error| Damage::new(&commit.subject, error))?;
            let stored = AsStored { subject, sequence: commit.position, payload: commit.payload.clone().into() };
            if stored.subject.key != key {
                return Err(Damage::new(&commit.subject, format!("it lies in the file of {key}")));
            }
            Ok(stored)
        })
        .collect()
}

/// The same, read.
///
/// # Errors
/// As [`commits_of`].
pub fn history_of(file: &CaseFile) -> Result<Vec<StoredCommit>, Damage> {
    let read = |commit: &AsStored| commit.read().map_err(|error: BrokerError| Damage::new(&commit.subject, error));
    commits_of(file)?.iter().map(read).collect()
}

/// The case a file is about.
///
/// # Errors
/// It is about none.
pub fn key_of(district: &str, case: &str) -> Result<HistoryKey, Damage> {
    let wrong = |error: &dyn fmt::Display| Damage::new(format!("case {case:?} of {district:?}"), error);
    let case: CaseId = case.parse().map_err(|error| wrong(&error))?;
    Ok(HistoryKey::case(district.parse().map_err(|error| wrong(&error))?, &case))
}

fn mark(name: &VolumeName, foot: &VolumeFoot) -> Result<Mark, Damage> {
    let walked = foot
        .walked
        .iter()
        .map(|walked| Ok((walked.district.parse().map_err(|error| Damage::new(name, error))?, walked.position)));
    let left_open = foot.left_open.iter().map(|left| key_of(&left.district, &left.case_id));
    Ok(Mark { walked: walked.collect::<Result<_, _>>()?, left_open: left_open.collect::<Result<_, _>>()? })
}

/// What the commits of a case hash to, each with the one before it.
fn chain(commits: &[FiledCommit]) -> Sha256Sum {
    commits.iter().fold(Sha256Sum::default(), |before, commit| {
        let mut hash = Sha256::new();
        hash.update(before.0);
        hash.update(commit.position.to_be_bytes());
        hash.update(u32::try_from(commit.subject.len()).unwrap_or(u32::MAX).to_be_bytes());
        hash.update(commit.subject.as_bytes());
        hash.update(&commit.payload);
        Sha256Sum(hash.finalize().into())
    })
}

fn open(here: &str, packed: &[u8]) -> Result<CaseFile, Damage> {
    let file = CaseFile::decode(unpack(here, packed)?.as_slice()).map_err(|error| Damage::new(here, error))?;
    let chain = chain(&file.commits);
    if file.chain != chain.0 {
        return Err(Damage::new(here, format!("its commits hash to {chain}, and it says otherwise")));
    }
    Ok(file)
}

fn unpack(here: impl fmt::Display, packed: &[u8]) -> Result<Vec<u8>, Damage> {
    let wrong = |error: std::io::Error| Damage::new(&here, format!("it does not unpack: {error}"));
    let mut content = Vec::new();
    let decoder = zstd::stream::read::Decoder::new(packed).map_err(wrong)?;
    decoder.take(CASE_BYTES_MAX + 1).read_to_end(&mut content).map_err(wrong)?;
    if content.len() as u64 > CASE_BYTES_MAX {
        return Err(Damage::new(&here, "it unpacks to more than a case can be"));
    }
    Ok(content)
}

fn frames(name: &VolumeName, bytes: &[u8]) -> Result<Vec<Range<usize>>, Damage> {
    if !bytes.starts_with(MAGIC) {
        return Err(Damage::new(name, "it does not begin as a volume does"));
    }
    let mut frames = Vec::new();
    let mut at = MAGIC.len();
    while at < bytes.len() {
        let start = at + LENGTH_BYTES;
        let end = length_at(bytes, at).map(|length| start + length).filter(|end| *end <= bytes.len());
        let end = end.ok_or_else(|| Damage::new(format!("{name} at {at}"), "it breaks off in a frame"))?;
        frames.push(start..end);
        at = end;
    }
    Ok(frames)
}

fn length_at(bytes: &[u8], at: usize) -> Option<usize> {
    let length = bytes.get(at..at + LENGTH_BYTES)?.try_into().ok()?;
    usize::try_from(u32::from_be_bytes(length)).ok()
}

#[cfg(test)]
mod tests;
