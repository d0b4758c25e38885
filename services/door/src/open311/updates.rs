//! Updates of service requests, as FixMyStreet and those it talks to exchange them beside the standard: what became of a case for
//! its caller, one by one, and what its caller adds.

use proto::casebook::v1::{ChangedCase, ListChangesRequest};
use proto::intake::v1::SupplementRequest;
use proto::{FromWireTime, ToWireTime};

use super::Asked;
use super::answer::{Answer, Node};
use super::requests::{cases, instant, named, time};
use crate::hub::Hub;
use crate::problem::Problem;

/// Cases fetched at a time, and updates of one answer.
const PAGE: u32 = 200;
const UPDATES_MAX: usize = 1000;

/// What happened to the asker's cases from `start_date` until `end_date`.
pub async fn list(hub: &Hub, mut asked: Asked) -> Result<Answer, Problem> {
    let (start, end) = (instant(&mut asked.said, "start_date")?, instant(&mut asked.said, "end_date")?);
    let of = asked.said.take("service_request_id")?.unwrap_or_default();
    asked.said.nothing_else()?;
    let of: Vec<&str> = of.split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
    // One that is not there is said to be not there, and not left out.
    cases(hub, &asked.asker, &asked.district, of.iter().map(|id| (*id).to_owned()).collect()).await?;
    let mut request =
        ListChangesRequest { page_size: PAGE, from: start.map(ToWireTime::to_wire), ..ListChangesRequest::default() };
    let mut updates = Vec::new();
    let mut casebook = hub.casebook(asked.asker);
    loop {
        let page = casebook.list_changes(request.clone()).await?.into_inner();
        for case in &page.cases {
            let id = case.summary.as_ref().map(|line| line.case_id.as_str()).unwrap_or_default();
            if of.is_empty() || of.contains(&id) {
                updates.extend(told(case, start, end));
            }
        }
        if !page.more {
            break;
        }
        if updates.len() > UPDATES_MAX {
            let said = format!("more than {UPDATES_MAX} updates lie between these days; ask for fewer days");
            return Err(Problem::of_field("start_date", "too-wide", said));
        }
        request = ListChangesRequest { page_size: PAGE, cursor: page.next_cursor, ..ListChangesRequest::default() };
    }
    Ok(Answer { root: "service_requests_updates", node: Node::List("request_update", updates) })
}

fn told(case: &ChangedCase, start: Option<jiff::Timestamp>, end: Option<jiff::Timestamp>) -> Vec<Node> {
    let id = case.summary.as_ref().map(|line| line.case_id.clone()).unwrap_or_default();
    let mut status = "open";
    let mut updates = Vec::new();
    for passage in &case.passages {
        status = match passage.event.as_str() {
            "Resolved" | "Closed" => "closed",
            "Reopened" => "open",
            _ => status,
        };
        let Ok(at) = passage.at.time() else { continue };
        if start.is_some_and(|start| at < start) || end.is_some_and(|end| at > end) {
            continue;
        }
        let words = [passage.words.as_str(), passage.answer.as_str()];
        let words: Vec<&str> = words.into_iter().filter(|words| !words.is_empty()).collect();
        updates.push(Node::Object(vec![
            // Where it stands on the record: the same, however often it is asked for.
            ("update_id", Node::text(format!("{}-{}", passage.position, passage.event))),
            ("service_request_id", Node::text(id.as_str())),
            ("status", Node::text(status)),
            ("updated_datetime", time(&passage.at)),
            ("description", Node::text(words.join("\n"))),
            ("media_url", Node::Nothing),
        ]));
    }
    updates
}

/// What a caller adds. The sender's `update_id` names it, so that it is added once.
pub async fn post(hub: &Hub, mut asked: Asked) -> Result<Answer, Problem> {
    let said = &mut asked.said;
    for name in ["email", "first_name", "last_name", "title", "status", "updated_datetime", "account_id", "phone"] {
        said.all(name);
    }
    let case_id = said.take("service_request_id")?;
    let case_id = case_id.ok_or_else(|| Problem::of_field("service_request_id", "required", "is missing"))?;
    let update_id = said.take("update_id")?.unwrap_or(named(&asked.headers)?);
    let mut text = said.take("description")?.unwrap_or_default();
    if let Some(url) = said.take("media_url")? {
        text = format!("{text}\n附件：{url}");
    }
    said.nothing_else()?;
    if text.trim().is_empty() && !asked.files.is_empty() {
        text = "附件".to_owned();
    }
    let seen = cases(hub, &asked.asker, &asked.district, vec![case_id.clone()]).await?;
    let district = seen.into_iter().next().and_then(|case| case.summary).unwrap_or_default().district;
    asked.district = district.clone();
    let evidence = asked.bring_in(hub, &case_id).await?;
    let supplement = SupplementRequest { district, case_id, command_id: update_id.clone(), text, evidence };
    let recorded = hub.intake(asked.asker).supplement(supplement).await?.into_inner();
    let update_id = if update_id.is_empty() { recorded.position.to_string() } else { update_id };
    let update = Node::Object(vec![("update_id", Node::text(update_id))]);
    Ok(Answer { root: "service_request_updates", node: Node::List("request_update", vec![update]) })
}
