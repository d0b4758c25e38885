//! Which call or order a step is about that does not say it.

use anyhow::Context;
use proto::intake::v1 as intake;
use proto::intake::v1::intake_service_client::IntakeServiceClient;
use serde_json::Value;

use super::super::doors::operator;
use super::Act;

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
        let mut reader = IntakeServiceClient::new(self.stage.enter("intake", &operator()).await?);
        let request = intake::GetRequest { district: self.story.district.clone(), case_id: case_id.to_owned() };
        let answer = reader.get(request).await.map_err(|status| crate::client::explain(&status))?.into_inner();
        let timeline = answer.case.context("the answer holds no case")?.timeline;
        let details = timeline.iter().rev().filter(|entry| entry.event == event);
        let mut numbers = details.filter_map(|entry| number(&serde_json::from_str(&entry.detail_json).ok()?));
        Ok(numbers.next().unwrap_or(1))
    }
}

fn is(detail: &Value, party: &str) -> bool {
    detail.get("party").and_then(Value::as_str) == Some(party)
}

fn number(detail: &Value, field: &str) -> Option<u32> {
    u32::try_from(detail.get(field)?.as_u64()?).ok()
}
