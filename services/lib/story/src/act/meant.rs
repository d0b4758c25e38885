//! Which call or order a step is about that does not say it.

use anyhow::Context;
use proto::casebook::v1::GetRequest;
use proto::casebook::v1::casebook_service_client::CasebookServiceClient;
use serde_json::Value;
use station::explain;

use super::{Act, Completing};
use crate::doors::operator;

impl Act<'_> {
    /// The call a step names; else the last one that `party` was called by: after a return was upheld, somebody else
    /// is called by a call of its own.
    pub(super) async fn call_of(&self, named: u32, case_id: &str, party: &str) -> anyhow::Result<u32> {
        let calls = |detail: &Value| {
            let parties = detail.get("parties").and_then(Value::as_array)?;
            parties.iter().any(|called| is(called, party)).then(|| number(detail, "call"))?
        };
        self.last(named, case_id, "Called", calls).await
    }

    /// The order of supervision a step names; else the last one that `party` was given.
    pub(super) async fn order_of(&self, named: u32, case_id: &str, party: &str) -> anyhow::Result<u32> {
        let orders = |detail: &Value| is(detail, party).then(|| number(detail, "order"))?;
        self.last(named, case_id, "Supervised", orders).await
    }

    /// Whether a task stands outside of every call, as what a joint meeting decided does.
    pub(super) async fn is_of_no_call(&self, done: &Completing, case_id: &str) -> anyhow::Result<bool> {
        if done.call > 0 {
            return Ok(false);
        }
        let planned = self.facts(case_id, "TaskPlanned").await?;
        let planned = planned.iter().find(|detail| number(detail, "task") == Some(done.task));
        Ok(planned.is_some_and(|detail| number(detail, "call").unwrap_or(0) == 0))
    }

    /// Whether the actor's unit was ever called on the case.
    pub(super) async fn is_called(&self, case_id: &str) -> anyhow::Result<bool> {
        let party = &self.actor().party;
        let calls = self.facts(case_id, "Called").await?;
        let parties = calls.iter().filter_map(|detail| detail.get("parties").and_then(Value::as_array)).flatten();
        Ok(parties.into_iter().any(|called| is(called, party)))
    }

    /// The last number that an event of that name gives; the first there can be, if none does, for the refusal to say so.
    async fn last(
        &self,
        named: u32,
        case_id: &str,
        event: &str,
        number: impl Fn(&Value) -> Option<u32>,
    ) -> anyhow::Result<u32> {
        if named > 0 {
            return Ok(named);
        }
        let facts = self.facts(case_id, event).await?;
        Ok(facts.iter().rev().find_map(number).unwrap_or(1))
    }

    /// What the events of that name say, in their order.
    async fn facts(&self, case_id: &str, event: &str) -> anyhow::Result<Vec<Value>> {
        let mut reader = CasebookServiceClient::new(self.stage.enter("casebook", &operator()).await?);
        let (district, case_id) = (self.story.district.clone(), case_id.to_owned());
        let request = GetRequest { district, case_id, freshness: None };
        let answer = reader.get(request).await.map_err(|status| explain(&status))?.into_inner();
        let timeline = answer.case.context("the answer holds no case")?.timeline;
        let entries = timeline.iter().filter(|entry| entry.event == event);
        Ok(entries.map(|entry| serde_json::from_str(&entry.detail_json)).collect::<Result<_, _>>()?)
    }
}

fn is(detail: &Value, party: &str) -> bool {
    detail.get("party").and_then(Value::as_str) == Some(party)
}

fn number(detail: &Value, field: &str) -> Option<u32> {
    u32::try_from(detail.get(field)?.as_u64()?).ok()
}
