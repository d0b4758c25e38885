//! Service requests: cases, as the standard shows them.

use axum::http::{HeaderMap, StatusCode};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use proto::casebook::v1::{Case, GetRequest, ListRequest};
use proto::common::v1::Place;
use proto::intake::v1::{Attribute, SubmitRequest};
use proto::{FromWireTime, ToWireTime};

use super::Asked;
use super::answer::{Answer, Node};
use super::services::{Catalogue, address_of, catalogue, category, code};
use crate::cases::IDEMPOTENCY_KEY;
use crate::hub::{Asker, Hub};
use crate::problem::Problem;
use crate::query::Query;

/// Requests of one answer, by the standard and where nothing is said.
const PAGE_MAX: usize = 1000;
const PAGE_DEFAULT: usize = 200;
/// Lines looked at for one answer; beyond them the question is too wide.
const LINES_MAX: usize = 20_000;
/// Lines fetched at a time.
const LINES_PAGE: u32 = 1000;
/// Cases asked for at the same time.
const CASES_AT_ONCE: usize = 16;
/// From `start_date` to `end_date`, by the standard.
const SPAN_MAX: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Characters of a title that is made of what was said.
const TITLE_MAX: usize = 60;
/// Names and numbers of people, which are not taken in (D8), and what a telephone says of itself.
const NOT_TAKEN: [&str; 6] = ["email", "first_name", "last_name", "phone", "device_id", "extensions"];

/// Brings a matter in.
pub async fn post(hub: &Hub, mut asked: Asked) -> Result<Answer, Problem> {
    let said = &mut asked.said;
    for name in NOT_TAKEN {
        said.all(name);
    }
    let service = said.take("service_code")?;
    let service = service.ok_or_else(|| Problem::of_field("service_code", "required", "is missing"))?;
    let description = said.take("description")?.unwrap_or_default();
    let title = match (said.take("title")?, first_words(&description)) {
        (Some(title), _) => title,
        (None, Some(words)) => words,
        (None, None) => {
            let catalogue = catalogue(hub, &asked.asker, &asked.district).await?;
            catalogue.name(&service).to_owned()
        }
    };
    let (longitude, latitude) = (degrees(said, "long")?, degrees(said, "lat")?);
    let address = said.take("address_string")?.or(said.take("address")?).unwrap_or_default();
    let party = said.take("address_id")?.unwrap_or_default();
    let occurred_at = instant(said, "requested_datetime")?;
    let caller_ref = said.take("account_id")?.unwrap_or_default();
    let mut text = vec![description];
    text.extend(
        said.all("media_url").into_iter().filter(|url| !url.trim().is_empty()).map(|url| format!("附件：{url}")),
    );
    let mut external_ref = named(&asked.headers)?;
    let mut answers: Vec<(String, String)> = Vec::new();
    for (name, value) in said.beginning("attribute[") {
        let code = name.trim_start_matches("attribute[").split(']').next().unwrap_or_default().to_owned();
        match code.as_str() {
            "external_ref" | "fixmystreet_id" if external_ref.is_empty() => external_ref = value,
            _ if value.trim().is_empty() => {}
            _ => answers.push((code, value)),
        }
    }
    let is_asked = if answers.is_empty() {
        false
    } else {
        !catalogue(hub, &asked.asker, &asked.district).await?.attributes(&service).is_empty()
    };
    let mut attributes: Vec<Attribute> = Vec::new();
    for (code, value) in answers {
        match attributes.iter_mut().find(|known| known.code == code) {
            // A service that asks for nothing loses nothing that was answered.
            _ if !is_asked => text.push(format!("{code}：{value}")),
            Some(known) => known.values.push(value),
            None => attributes.push(Attribute { code, values: vec![value] }),
        }
    }
    said.nothing_else()?;
    let evidence = asked.bring_in(hub, "").await?;
    if external_ref.is_empty() {
        external_ref = uuid::Uuid::new_v4().to_string();
    }
    let submission = SubmitRequest {
        district: asked.district,
        external_ref,
        title,
        text: text.join("\n"),
        category: category(&service).to_owned(),
        caller_ref,
        place: Some(Place { party, address, longitude, latitude }),
        occurred_at: occurred_at.map(ToWireTime::to_wire),
        evidence,
        attributes,
        ..SubmitRequest::default()
    };
    let recorded = hub.intake(asked.asker).submit(submission).await?.into_inner();
    let request = Node::Object(vec![
        ("service_request_id", Node::text(recorded.case_id)),
        ("service_notice", Node::Nothing),
        ("account_id", Node::Nothing),
    ]);
    Ok(Answer { root: "service_requests", node: Node::List("request", vec![request]) })
}

/// The sender's own name for a request, by its header.
pub fn named(headers: &HeaderMap) -> Result<String, Problem> {
    let Some(said) = headers.get(IDEMPOTENCY_KEY) else { return Ok(String::new()) };
    let said = std::str::from_utf8(said.as_bytes())
        .map_err(|error| Problem::of_field("Idempotency-Key", "utf-8", error.to_string()))?;
    Ok(said.trim().trim_matches('"').to_owned())
}

/// The first line, cut where it becomes long.
fn first_words(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().take(TITLE_MAX).collect())
}

fn degrees(said: &mut Query, name: &'static str) -> Result<Option<f64>, Problem> {
    let Some(text) = said.take(name)? else { return Ok(None) };
    let field = if name == "long" { "place.longitude" } else { "place.latitude" };
    let read = text.trim().parse::<f64>();
    read.map(Some).map_err(|error| Problem::of_field(field, "json", format!("{name} {text:?}: {error}")))
}

pub fn instant(said: &mut Query, name: &'static str) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = said.take(name)? else { return Ok(None) };
    text.trim().parse().map(Some).map_err(|error: jiff::Error| {
        let said = format!("{text:?} is no time: {error}; write it with its offset, as in 2026-11-29T08:00:00+08:00");
        Problem::of_field(name, "instant", said)
    })
}

/// One, which is there.
pub async fn one(hub: &Hub, mut asked: Asked, id: &str) -> Result<Answer, Problem> {
    asked.said.all("extensions");
    asked.said.nothing_else()?;
    let (case, catalogue) =
        tokio::try_join!(case(hub, &asked.asker, &asked.district, id), catalogue(hub, &asked.asker, &asked.district))?;
    Ok(requests([case], &catalogue, &asked.headers))
}

/// A number is known at once, so it is its own token.
pub async fn token(hub: &Hub, asked: Asked, token: &str) -> Result<Answer, Problem> {
    asked.said.nothing_else()?;
    let case = case(hub, &asked.asker, &asked.district, token).await?;
    let id = case.summary.unwrap_or_default().case_id;
    let request = Node::Object(vec![("service_request_id", Node::text(id)), ("token", Node::text(token))]);
    Ok(Answer { root: "service_requests", node: Node::List("request", vec![request]) })
}

/// Those that are named, and else those of a time, newest first.
pub async fn list(hub: &Hub, mut asked: Asked) -> Result<Answer, Problem> {
    let said = &mut asked.said;
    said.all("extensions");
    let ids = list_of(said, "service_request_id")?;
    let codes = list_of(said, "service_code")?;
    let wanted = Wanted::read(said)?;
    let (start, end) = (instant(said, "start_date")?, instant(said, "end_date")?);
    let size = whole(said, "page_size")?.unwrap_or(PAGE_DEFAULT).clamp(1, PAGE_MAX);
    let skip = (whole(said, "page")?.unwrap_or(1).max(1) - 1).saturating_mul(size);
    said.nothing_else()?;
    let catalogue = catalogue(hub, &asked.asker, &asked.district).await?;
    let ids = if ids.is_empty() {
        let (start, end) = span(start, end, hub.now())?;
        let listed = Listed { codes, wanted, start, end, skip, size };
        listed.ids(hub, &asked.asker, catalogue.district()).await?
    } else {
        ids
    };
    let found = cases(hub, &asked.asker, catalogue.district(), ids).await?;
    Ok(requests(found, &catalogue, &asked.headers))
}

/// Which of the two a case may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wanted {
    open: bool,
    closed: bool,
}

impl Wanted {
    fn read(said: &mut Query) -> Result<Self, Problem> {
        let named = list_of(said, "status")?;
        let wanted = Self {
            open: named.is_empty() || named.iter().any(|status| status == "open"),
            closed: named.is_empty() || named.iter().any(|status| status == "closed"),
        };
        match named.iter().find(|status| !["open", "closed"].contains(&status.as_str())) {
            None => Ok(wanted),
            Some(other) => {
                Err(Problem::of_field("status", "known-status", format!("{other:?} is neither open nor closed")))
            }
        }
    }

    fn has(self, state: &str) -> bool {
        if is_over(state) { self.closed } else { self.open }
    }
}

/// Somebody has answered for it. A case that is reopened is open again.
fn is_over(state: &str) -> bool {
    ["resolved", "closed"].contains(&state)
}

/// What of a time is asked for.
struct Listed {
    codes: Vec<String>,
    wanted: Wanted,
    start: Timestamp,
    end: Timestamp,
    skip: usize,
    size: usize,
}

impl Listed {
    async fn ids(&self, hub: &Hub, asker: &Asker, district: &str) -> Result<Vec<String>, Problem> {
        let mut request = ListRequest {
            district: district.to_owned(),
            page_size: LINES_PAGE,
            received_from: Some(self.start.to_wire()),
            received_until: Some(self.end.to_wire()),
            // The list is asked for one category; several are looked for among all.
            category: if let [one] = self.codes.as_slice() { category(one).to_owned() } else { String::new() },
            ..ListRequest::default()
        };
        let fits = |line: &proto::casebook::v1::CaseSummary| {
            let of_service = self.codes.is_empty() || self.codes.iter().any(|known| known == code(&line.category));
            of_service && self.wanted.has(&line.state)
        };
        let (mut ids, mut looked_at) = (Vec::new(), 0);
        let enough = self.skip.saturating_add(self.size);
        let mut casebook = hub.casebook(asker.clone());
        loop {
            let page = casebook.list(request.clone()).await?.into_inner();
            looked_at += page.cases.len();
            ids.extend(page.cases.into_iter().filter(&fits).map(|line| line.case_id));
            if ids.len() >= enough || page.next_page_token.is_empty() {
                return Ok(ids.into_iter().skip(self.skip).take(self.size).collect());
            }
            if looked_at >= LINES_MAX {
                let said = format!("more than {LINES_MAX} cases lie between these days; ask for fewer days");
                return Err(Problem::of_field("start_date", "too-wide", said));
            }
            request.page_token = page.next_page_token;
        }
    }
}

/// Between which instants: what is not said is 90 days from the other, and the last 90 days if neither is.
fn span(start: Option<Timestamp>, end: Option<Timestamp>, now: Timestamp) -> Result<(Timestamp, Timestamp), Problem> {
    let before = |at: Timestamp| at.saturating_sub(SPAN_MAX).unwrap_or(Timestamp::MIN);
    let after = |at: Timestamp| at.saturating_add(SPAN_MAX).unwrap_or(Timestamp::MAX);
    let (start, end) = match (start, end) {
        (Some(start), Some(end)) => (start, end),
        (Some(start), None) => (start, after(start)),
        (None, Some(end)) => (before(end), end),
        (None, None) => (before(now), Timestamp::MAX),
    };
    if end < start {
        return Err(Problem::of_field("end_date", "after-start", format!("{end} is before {start}")));
    }
    if end != Timestamp::MAX && end.duration_since(start) > SPAN_MAX {
        return Err(Problem::of_field("end_date", "span", "from start_date to end_date are more than 90 days"));
    }
    Ok((start, end))
}

fn list_of(said: &mut Query, name: &'static str) -> Result<Vec<String>, Problem> {
    let said = said.take(name)?.unwrap_or_default();
    Ok(said.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect())
}

fn whole(said: &mut Query, name: &'static str) -> Result<Option<usize>, Problem> {
    let Some(text) = said.take(name)? else { return Ok(None) };
    let read = text.trim().parse();
    read.map(Some).map_err(|error| Problem::of_field(name, "number", format!("{text:?}: {error}")))
}

async fn case(hub: &Hub, asker: &Asker, district: &str, id: &str) -> Result<Case, Problem> {
    let request = GetRequest { district: district.to_owned(), case_id: id.to_owned(), freshness: None };
    match hub.casebook(asker.clone()).get(request).await {
        Ok(answer) => Ok(answer.into_inner().case.unwrap_or_default()),
        Err(status) => {
            let mut problem = Problem::of(&status);
            // What cannot be the number of a case is none that is there; the words say which letter was misread.
            if problem.refusal.violations.iter().any(|it| it.field == "case_id") {
                problem.status = StatusCode::NOT_FOUND;
            }
            Err(problem)
        }
    }
}

/// Every one of these, or none: a client takes an answer without one of them for something else.
pub async fn cases(hub: &Hub, asker: &Asker, district: &str, ids: Vec<String>) -> Result<Vec<Case>, Problem> {
    let asked = ids.into_iter().take(PAGE_MAX).map(|id| async move { case(hub, asker, district, &id).await });
    stream::iter(asked).buffered(CASES_AT_ONCE).try_collect().await
}

fn requests(cases: impl IntoIterator<Item = Case>, catalogue: &Catalogue, headers: &HeaderMap) -> Answer {
    let door = address_of(headers);
    let requests = cases.into_iter().map(|case| request(case, catalogue, &door)).collect();
    Answer { root: "service_requests", node: Node::List("request", requests) }
}

/// A case as a service request.
fn request(case: Case, catalogue: &Catalogue, door: &str) -> Node {
    let media = media_url(&case, door);
    let line = case.summary.clone().unwrap_or_default();
    let place = case.place.clone().unwrap_or_default();
    let service = if line.category.is_empty() {
        case.callers.first().map(|reporter| reporter.category.clone()).unwrap_or_default()
    } else {
        line.category.clone()
    };
    let service = code(&service).to_owned();
    let at = |at: Option<proto::WireTimestamp>| at.map_or(Node::Nothing, |at| time(&at));
    let due = case
        .timeline
        .iter()
        .rev()
        .find_map(|entry| entry.limit.as_ref().filter(|limit| limit.name == "completion")?.due);
    let number = |number: Option<f64>| number.map_or(Node::Nothing, Node::Number);
    let status = if is_over(&line.state) { "closed" } else { "open" };
    Node::Object(vec![
        ("service_request_id", Node::text(line.case_id)),
        ("status", Node::text(status)),
        ("status_notes", Node::text(notes(&line.state, &line.outcome, &line.merged_into))),
        ("service_name", Node::text(catalogue.name(&service))),
        ("service_code", Node::text(service.as_str())),
        ("description", Node::text(if case.text.is_empty() { line.title } else { case.text })),
        ("agency_responsible", Node::text(case.owner_name)),
        ("service_notice", Node::Nothing),
        ("requested_datetime", at(line.received_at)),
        ("updated_datetime", at(case.timeline.last().and_then(|entry| entry.at))),
        ("expected_datetime", at(due)),
        ("address", Node::text(place.address)),
        ("address_id", Node::text(place.party)),
        ("zipcode", Node::Nothing),
        ("lat", number(place.latitude)),
        ("long", number(place.longitude)),
        ("media_url", Node::text(media)),
    ])
}

/// Where the first file is that is shown on a case, for whoever has a key; empty, where there is none.
fn media_url(case: &Case, door: &str) -> String {
    let line = case.summary.clone().unwrap_or_default();
    let first = case.timeline.iter().flat_map(|entry| &entry.evidence).find(|id| station::hash_of(id).is_some());
    let address = |id| format!("{door}/v1/cases/{}/evidence/{id}?district={}", line.case_id, line.district);
    first.map(address).unwrap_or_default()
}

/// To the second, in UTC, as the standard writes it.
pub fn time(at: &impl FromWireTime) -> Node {
    let Ok(at) = at.time() else { return Node::Nothing };
    Node::text(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// How far it is, in a word for whoever reported it.
fn notes(state: &str, outcome: &str, merged_into: &str) -> String {
    if !merged_into.is_empty() {
        return format!("已并入 {merged_into}");
    }
    let outcome = match outcome {
        "solved" => "：已解决",
        "explained" => "：已解释说明",
        "not-accepted" => "：不予受理",
        "not-solved" => "：未解决",
        _ => "",
    };
    let state = match state {
        "received" | "queued" => "已受理",
        "assigned" | "called" | "joint-enforcement" => "办理中",
        "reopened" => "重新办理",
        "resolved" => "办理完毕",
        "closed" => "已结案",
        other => other,
    };
    format!("{state}{outcome}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_not_said_of_a_time_is_ninety_days_from_the_other() {
        let now = at("2026-11-30T00:00:00Z");
        let (start, end) = (at("2026-01-01T00:00:00Z"), at("2026-04-01T00:00:00Z"));
        assert_eq!(span(Some(start), Some(end), now).unwrap(), (start, end), "January to March are 90 days");
        assert_eq!(span(Some(start), None, now).unwrap(), (start, end));
        assert_eq!(span(None, Some(end), now).unwrap(), (start, end));
        assert_eq!(span(None, None, now).unwrap().0, at("2026-09-01T00:00:00Z"));
        let longer = at("2026-04-01T00:00:01Z");
        assert_eq!(span(Some(start), Some(longer), now).unwrap_err().rule, "span");
        assert_eq!(span(Some(end), Some(start), now).unwrap_err().rule, "after-start");
    }

    #[test]
    fn a_title_is_the_first_line_that_says_something() {
        assert_eq!(first_words("\n 路灯不亮 \n门口三盏").as_deref(), Some("路灯不亮"));
        assert_eq!(first_words(" \n"), None);
        assert_eq!(first_words(&"长".repeat(100)).unwrap().chars().count(), TITLE_MAX);
    }

    #[test]
    fn a_status_is_open_or_closed_or_both() {
        let read = |text: &str| Wanted::read(&mut Query::read(text));
        assert_eq!(read("").unwrap(), Wanted { open: true, closed: true });
        assert_eq!(read("status=closed").unwrap(), Wanted { open: false, closed: true });
        assert_eq!(read("status=open,closed").unwrap(), Wanted { open: true, closed: true });
        assert_eq!(read("status=done").unwrap_err().rule, "known-status");
        assert!(read("status=open").unwrap().has("reopened") && !read("status=open").unwrap().has("resolved"));
    }
}
