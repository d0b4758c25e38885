//! Real lifecycles as patterns: played once on the real services, then written as often as wanted with other ids, times,
//! places and words.
//!
//! What varies is told apart by marks that the played cases carry, and each mark is replaced by something of the same
//! length in the encoded commit itself: a case costs microseconds, and what is written is what the services wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use charter::{Charter, PartyKind};
use chassis::CancellationToken;
use huying::accounts::PROVISION_USER;
use huying::client::authorised;
use huying::up::{Ports, Running, UpConfig};
use ids::{CaseId, Owner};
use jiff::Timestamp;
use prost::Message;
use proto::common::v1::{Duty, Place};
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::dispatch::v1::dispatch_service_client::DispatchServiceClient;
use proto::dispatch::v1::{CallRequest, CalledParty};
use proto::evaluation::v1::evaluation_event::Event as EvaluationFact;
use proto::evaluation::v1::evaluation_service_client::EvaluationServiceClient;
use proto::evaluation::v1::{RatePartyRequest, RateRequest};
use proto::intake::v1::intake_event::Event as IntakeFact;
use proto::intake::v1::{SubmitReply, SubmitRequest, submit_reply};
use proto::record::v1::Commit;
use proto::subjects::BridgeSubject;
use rand::RngExt;
use rand::rngs::StdRng;
use record::{Requester, Step, StoredCommit};

use crate::load::Access;

/// What the played cases carry. Every replacement has the same number of bytes.
const TITLE: &str = "样题甲乙丙丁戊己庚辛";
const TEXT: &str = "样文子丑寅卯辰巳午未申酉戌亥天地玄黄宇宙洪荒";
const ADDRESS: &str = "样址甲乙丙路00000号";
const CALLER: &str = "0badcafe-0000-4000-8000-00000badcafe";
const LONGITUDE: f64 = 114.312_345_678_9;
const LATITUDE: f64 = 30.587_654_321_1;
/// The map around it over which places are spread, in degrees.
const SPREAD_DEGREES: f64 = 0.05;

/// Categories played in each district.
const CATEGORIES: usize = 12;
/// Nothing new for this long: whatever is not over stays open.
const QUIET: Duration = Duration::from_secs(4);

const ROADS: [&str; 12] = [
    "和平大道北",
    "楊园南街东",
    "中山路西段",
    "友谊大道南",
    "解放路老街",
    "民主路中段",
    "粮道街后巷",
    "积玉桥正街",
    "徐东大街口",
    "首义路北段",
    "紫阳路东口",
    "张之洞路西",
];
const WORDS: [&str; 24] = [
    "路口", "渍水", "噪声", "占道", "油烟", "井盖", "路灯", "垃圾", "停车", "施工", "扬尘", "漏水", "树枝", "电线",
    "墙面", "楼道", "消防", "门前", "摊贩", "广告", "河道", "下水", "围挡", "破损",
];

/// How a case ended in the playing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Closed,
    Open,
    Queued,
}

/// One played case.
#[derive(Debug)]
pub struct Template {
    pub district: String,
    pub state: State,
    received: i64,
    commits: Vec<Pattern>,
    /// Order to each called department: the party, the number of the order, and what it says.
    called: Vec<(String, String)>,
}

#[derive(Debug)]
struct Pattern {
    owner: Owner,
    revision: u64,
    bytes: Vec<u8>,
    patches: Vec<(usize, Patch)>,
}

/// What stands at a place of the encoded commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Patch {
    Case,
    Title,
    Text,
    Address,
    Caller,
    CommitId,
    /// A hash of 32 bytes.
    Hash,
    Longitude,
    Latitude,
    /// Five bytes of a varint: these seconds, moved.
    Seconds(i64),
}

/// One case as it is to be written.
pub struct Written {
    pub district: String,
    pub case: CaseId,
    pub received: Timestamp,
    /// The keyed hash of what its bridge called it, in hexadecimal.
    pub reference: String,
    /// Subject and payload, in order.
    pub commits: Vec<(String, Vec<u8>)>,
    /// Subjects of the orders it caused.
    pub orders: Vec<String>,
}

/// What is different from case to case.
struct Variation {
    case: CaseId,
    title: String,
    text: String,
    address: String,
    caller: String,
    longitude: f64,
    latitude: f64,
    later_s: i64,
}

impl Template {
    /// Case number `number` of a store, received at `received`. `draw` decides everything else.
    pub fn write(&self, number: u64, received: Timestamp, draw: &mut StdRng) -> anyhow::Result<Written> {
        let case = case_id(received, number)?;
        let later_s = received.as_second() - self.received;
        let pick = |draw: &mut StdRng, words: usize| -> String {
            (0..words).map(|_| WORDS[draw.random_range(0..WORDS.len())]).collect()
        };
        let near = |draw: &mut StdRng| draw.random_range(-SPREAD_DEGREES..SPREAD_DEGREES);
        let variation = Variation {
            case,
            title: pick(draw, TITLE.chars().count() / 2),
            text: pick(draw, TEXT.chars().count() / 2),
            address: format!("{}路{:05}号", ROADS[draw.random_range(0..ROADS.len())], draw.random_range(0..2000_u32)),
            caller: format!("{:08x}-0000-4000-8000-{:012x}", draw.random_range(0..400_000_u32), 0),
            longitude: LONGITUDE + near(draw),
            latitude: LATITUDE + near(draw),
            later_s,
        };
        let reference = draw.random::<[u8; 32]>().iter().map(|byte| format!("{byte:02x}")).collect();
        let commits = self.commits.iter().map(|pattern| {
            let subject = format!("case.{}.{case}.{}.{}", self.district, pattern.owner, pattern.revision);
            Ok((subject, pattern.write(&variation, draw)?))
        });
        let orders = self.called.iter().map(|(party, n)| format!("call.{party}.{case}.{n}")).collect();
        Ok(Written {
            district: self.district.clone(),
            case,
            received,
            reference,
            commits: commits.collect::<anyhow::Result<_>>()?,
            orders,
        })
    }

    fn read(case: &str, commits: &[StoredCommit]) -> anyhow::Result<Self> {
        let first = commits.first().context("a case begins with a commit")?;
        let facts = || commits.iter().flat_map(|stored| stored.commit.facts()).map(proto::record::v1::Event::name);
        let state = if facts().any(|name| name == "Closed") {
            State::Closed
        } else if facts().any(|name| name == "QueuedForJudgement") {
            State::Queued
        } else {
            State::Open
        };
        let called = commits.iter().flat_map(|stored| {
            let called = stored.commit.dispatch_facts().enumerate().filter_map(|(position, fact)| {
                if let DispatchFact::Called(called) = fact { Some((position, called)) } else { None }
            });
            called.flat_map(|(position, called)| {
                let n = format!("{}-{position}", stored.subject.revision);
                called.parties.iter().map(move |party| (party.party.clone(), n.clone()))
            })
        });
        Ok(Self {
            district: first.subject.key.district.to_string(),
            state,
            received: first.commit.at.context("a commit says when")?.seconds,
            commits: commits.iter().map(|stored| Pattern::read(case, stored)).collect::<anyhow::Result<_>>()?,
            called: called.collect(),
        })
    }
}

impl Pattern {
    fn read(case: &str, stored: &StoredCommit) -> anyhow::Result<Self> {
        let bytes = stored.commit.encode_to_vec();
        let mut patches = Vec::new();
        let mut mark = |needle: &[u8], patch: Patch, skip: usize| {
            let found = bytes.windows(needle.len()).enumerate().filter(|(_, window)| *window == needle);
            patches.extend(found.map(|(at, _)| (at + skip, patch)));
        };
        mark(case.as_bytes(), Patch::Case, 0);
        mark(TITLE.as_bytes(), Patch::Title, 0);
        mark(TEXT.as_bytes(), Patch::Text, 0);
        mark(ADDRESS.as_bytes(), Patch::Address, 0);
        mark(CALLER.as_bytes(), Patch::Caller, 0);
        mark(stored.commit.commit_id.as_bytes(), Patch::CommitId, 0);
        mark(&LONGITUDE.to_le_bytes(), Patch::Longitude, 0);
        mark(&LATITUDE.to_le_bytes(), Patch::Latitude, 0);
        for fact in stored.commit.intake_facts() {
            if let IntakeFact::Received(received) = fact {
                for hash in [&received.external_ref_hash, &received.content_hash] {
                    ensure!(hash.len() == 32, "a hash of {} bytes", hash.len());
                    mark(hash, Patch::Hash, 0);
                }
            }
        }
        for seconds in seconds_of(&stored.commit)? {
            // Field 1 of a timestamp.
            let needle = [&[0x08][..], &varint(seconds)?].concat();
            mark(&needle, Patch::Seconds(seconds), 1);
        }
        let pattern = Self { owner: stored.subject.owner, revision: stored.subject.revision.0, bytes, patches };
        pattern.prove(&stored.commit)?;
        Ok(pattern)
    }

    fn write(&self, variation: &Variation, draw: &mut StdRng) -> anyhow::Result<Vec<u8>> {
        let mut bytes = self.bytes.clone();
        let mut put = |at: usize, with: &[u8]| bytes[at..at + with.len()].copy_from_slice(with);
        for (at, patch) in &self.patches {
            match patch {
                Patch::Case => put(*at, variation.case.as_str().as_bytes()),
                Patch::Title => put(*at, variation.title.as_bytes()),
                Patch::Text => put(*at, variation.text.as_bytes()),
                Patch::Address => put(*at, variation.address.as_bytes()),
                Patch::Caller => put(*at, variation.caller.as_bytes()),
                Patch::CommitId => {
                    put(*at, uuid::Builder::from_random_bytes(draw.random()).into_uuid().to_string().as_bytes());
                }
                Patch::Hash => put(*at, &draw.random::<[u8; 32]>()),
                Patch::Longitude => put(*at, &variation.longitude.to_le_bytes()),
                Patch::Latitude => put(*at, &variation.latitude.to_le_bytes()),
                Patch::Seconds(seconds) => put(*at, &varint(seconds + variation.later_s)?),
            }
        }
        Ok(bytes)
    }

    /// Nothing of the played case is left, and every instant has moved by the same: otherwise the store would lie.
    fn prove(&self, played: &Commit) -> anyhow::Result<()> {
        let later_s = -86_400 * 30;
        let variation = Variation {
            case: "200101-0000000".parse().or_else(|_| case_id(Timestamp::UNIX_EPOCH, 1))?,
            title: "路".repeat(TITLE.chars().count()),
            text: "路".repeat(TEXT.chars().count()),
            address: ADDRESS.replace("样址", "路口"),
            caller: CALLER.replace("0badcafe", "00000000"),
            longitude: LONGITUDE + 0.01,
            latitude: LATITUDE + 0.01,
            later_s,
        };
        let mut draw = rand::SeedableRng::seed_from_u64(1);
        let written = self.write(&variation, &mut draw)?;
        let commit = Commit::decode(&written[..])?;
        let expected: BTreeSet<i64> = seconds_of(played)?.into_iter().map(|seconds| seconds + later_s).collect();
        ensure!(seconds_of(&commit)? == expected, "instants of {} {} were not found", self.owner, self.revision);
        let text = serde_json::to_string(&commit)?;
        for mark in ["样题", "样文", "样址", "0badcafe", &played.commit_id] {
            ensure!(!text.contains(mark), "{mark} is left in {} {}", self.owner, self.revision);
        }
        Ok(())
    }
}

/// Plays cases of every shipped district and takes their commits.
///
/// # Errors
/// The installation does not start, or a request is refused.
pub async fn play() -> anyhow::Result<Vec<Template>> {
    let folder = tempfile::tempdir()?;
    let config = UpConfig { ports: Ports::Auto, auto: true, ..UpConfig::new(folder.path().join("data")) };
    let running = Box::pin(Running::start(config)).await?;
    running.departments_open().await;
    let access = Access::of(&running);
    let broker = access.connect(PROVISION_USER).await?;
    for district in Charter::shipped_names() {
        submit_all(&access, &Charter::shipped(district).context("it ships")?).await?;
    }
    let stop = CancellationToken::new();
    let mut record = broker.replay(vec!["case.>".to_owned()], 1, stop.clone());
    let mut cases: BTreeMap<String, Vec<StoredCommit>> = BTreeMap::new();
    let mut bridges: BTreeMap<String, String> = BTreeMap::new();
    while let Ok(step) = tokio::time::timeout(QUIET, record.next()).await {
        let Some(Step::Commit(stored)) = step? else { continue };
        for fact in stored.commit.intake_facts() {
            if let IntakeFact::Received(received) = fact {
                bridges.insert(stored.subject.key.id.clone(), received.bridge.clone());
            }
        }
        react(&access, &bridges, &stored).await?;
        cases.entry(stored.subject.key.id.clone()).or_default().push(*stored);
    }
    stop.cancel();
    drop(broker);
    running.stop().await?;
    let templates: Vec<Template> =
        cases.iter().map(|(case, commits)| Template::read(case, commits)).collect::<anyhow::Result<_>>()?;
    for state in [State::Closed, State::Open, State::Queued] {
        ensure!(templates.iter().any(|template| template.state == state), "no played case is {state:?}");
    }
    Ok(templates)
}

/// Some of each category through each bridge, at streets in turn; and one that nobody can judge by its words.
async fn submit_all(access: &Access, charter: &Charter) -> anyhow::Result<()> {
    let mut bridges: Vec<(Requester, &charter::Bridge)> = Vec::new();
    for bridge in charter.bridges() {
        bridges.push((access.connect(bridge.code.as_str()).await?.requester(), bridge));
    }
    let streets: Vec<_> = charter.find_parties(PartyKind::Street).collect();
    let categories = charter.categories().iter().step_by((charter.categories().len() / CATEGORIES).max(1));
    let named = categories.take(CATEGORIES).map(|category| category.code.to_string());
    for (number, category) in named.chain([String::new()]).enumerate() {
        let (requester, bridge) = &bridges[number % bridges.len()];
        let request = SubmitRequest {
            external_ref: format!("played-{number}"),
            caller_ref: CALLER.to_owned(),
            title: TITLE.to_owned(),
            text: TEXT.to_owned(),
            channel: bridge.channels[number % bridge.channels.len()].to_string(),
            place: Some(Place {
                party: streets[number % streets.len()].code.to_string(),
                address: ADDRESS.to_owned(),
                longitude: Some(LONGITUDE),
                latitude: Some(LATITUDE),
            }),
            category,
            ..SubmitRequest::default()
        };
        let subject = BridgeSubject::submit(&bridge.code);
        let reply = requester.request(subject, request.encode_to_vec(), Duration::from_secs(30)).await?;
        match SubmitReply::decode(reply)?.result {
            Some(submit_reply::Result::Ok(_)) => {}
            other => bail!("{} refused: {other:?}", request.category),
        }
    }
    Ok(())
}

/// What people do: a street calls a department, and everybody rates. Whatever is somebody else's stays open.
async fn react(access: &Access, bridges: &BTreeMap<String, String>, stored: &StoredCommit) -> anyhow::Result<()> {
    let (district, case_id) = (stored.subject.key.district.to_string(), stored.subject.key.id.clone());
    let charter = Charter::shipped(&district).context("it ships")?;
    let command_id = || uuid::Uuid::new_v4().to_string();
    for fact in stored.commit.dispatch_facts() {
        let DispatchFact::Assigned(assigned) = fact else { continue };
        if !assigned.party.ends_with("-command-centre") {
            continue;
        }
        let department = charter.departments().find(|party| party.kind == PartyKind::Department && party.responder);
        let party = department.context("a department answers")?.code.to_string();
        let token = access.token("street", &assigned.party, &district)?;
        let mut dispatch = DispatchServiceClient::new(authorised(&access.dispatch, &token).await?);
        let call = CallRequest {
            district: district.clone(),
            case_id: case_id.clone(),
            command_id: command_id(),
            parties: vec![CalledParty { party, duty: Duty::Lead.into() }],
            ..CallRequest::default()
        };
        // Some matters are not for calling; they stay with the street.
        let _stays_open = dispatch.call(call).await;
    }
    for fact in stored.commit.evaluation_facts() {
        let EvaluationFact::RatingRequested(asked) = fact else { continue };
        let party = asked.performance.first().map(|kept| kept.party.clone()).unwrap_or_default();
        let token = access.token("street", &asked.calling_party, &district)?;
        let mut evaluation = EvaluationServiceClient::new(authorised(&access.evaluation, &token).await?);
        let rate = RatePartyRequest {
            district: district.clone(),
            case_id: case_id.clone(),
            command_id: command_id(),
            party,
            rate: "1".to_owned(),
            deduction_reason: String::new(),
            grounds: vec![],
        };
        evaluation.rate_party(rate).await?;
        let bridge = bridges.get(&case_id).context("it was received")?;
        let token = access.token("bridge", bridge, &district)?;
        let mut evaluation = EvaluationServiceClient::new(authorised(&access.evaluation, &token).await?);
        let rating = charter.ratings().first().context("a scale has steps")?.code.to_string();
        let rate = RateRequest {
            district: district.clone(),
            case_id: case_id.clone(),
            command_id: command_id(),
            rating,
            comment: String::new(),
        };
        evaluation.rate(rate).await?;
    }
    Ok(())
}

/// Unique in a store: the digits are the number itself, shuffled, and not drawn.
fn case_id(received: Timestamp, number: u64) -> anyhow::Result<CaseId> {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    // An odd factor maps 30 bits onto themselves.
    let mut left = number.wrapping_mul(0x2545_f491) & 0x3fff_ffff;
    let mut random = String::new();
    for _ in 0..6 {
        random.push(char::from(DIGITS[usize::try_from(left % 32)?]));
        left /= 32;
    }
    let day = received.strftime("%y%m%d");
    let ids = DIGITS.iter().map(|check| format!("{day}-{random}{}", char::from(*check)));
    ids.filter_map(|id| id.parse().ok()).next().context("one of the check characters fits")
}

fn seconds_of(commit: &Commit) -> anyhow::Result<BTreeSet<i64>> {
    fn collect(value: &serde_json::Value, seconds: &mut BTreeSet<i64>) {
        match value {
            serde_json::Value::String(text) => {
                seconds.extend(text.parse::<Timestamp>().ok().map(Timestamp::as_second));
            }
            serde_json::Value::Array(values) => values.iter().for_each(|value| collect(value, seconds)),
            serde_json::Value::Object(fields) => fields.values().for_each(|value| collect(value, seconds)),
            serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
        }
    }
    let mut seconds = BTreeSet::new();
    collect(&serde_json::to_value(commit)?, &mut seconds);
    Ok(seconds)
}

/// The five bytes of seconds between 1978 and 3058.
fn varint(seconds: i64) -> anyhow::Result<[u8; 5]> {
    let value = u64::try_from(seconds)?;
    ensure!((1 << 28..1 << 35).contains(&value), "{seconds} s do not take five bytes");
    let digit = |place: u32| ((value >> (7 * place)) & 0x7f) as u8;
    Ok([digit(0) | 0x80, digit(1) | 0x80, digit(2) | 0x80, digit(3) | 0x80, digit(4)])
}
