//! What one turn of a mailbox would record, and what it would answer: decided on one state, written nowhere yet.

use std::sync::Arc;

use ids::{CommandId, Revision};
use jiff::Timestamp;
use prost::Message;
use proto::ToWireTime;
use proto::record::v1::{Commit, Decision};

use crate::book::{Answered, Outcome, Pending, Refused, Request};
use crate::history::{Aggregate, History, evolved};

pub(crate) struct Draft<A: Aggregate> {
    pub commit_id: String,
    pub at: Timestamp,
    /// What is left behind.
    pub state: Arc<A::State>,
    pub commands: Vec<CommandId>,
    /// One for each request, in their order.
    pub answers: Vec<Outcome<A>>,
    /// Some answer counts only if the state it was decided on is what the record has now (D3).
    pub needs_fresh_state: bool,
    charter_version: String,
    decisions: Vec<Decision>,
}

impl<A: Aggregate> Draft<A> {
    /// Decides all of `together` on `base`, each on what the ones before it leave behind.
    pub fn decide(base: &History<A>, together: &[Pending<A>]) -> Self {
        let asked_at = together.iter().map(|pending| pending.request.at).max().unwrap_or_default();
        let mut draft = Self {
            commit_id: uuid::Uuid::now_v7().to_string(),
            // Time never runs backwards within a history, whatever the clocks of two processes say.
            at: base.at.map_or(asked_at, |last| last.max(asked_at)),
            state: Arc::clone(&base.state),
            commands: Vec::new(),
            answers: Vec::new(),
            needs_fresh_state: false,
            charter_version: together.first().map(|first| first.request.charter_version.clone()).unwrap_or_default(),
            decisions: Vec::new(),
        };
        for Pending { request, .. } in together {
            let answer = draft.decide_one(base, request);
            if let Ok(answered) = &answer {
                draft.state = evolved::<A>(draft.state, &answered.events);
            }
            draft.answers.push(answer);
        }
        draft
    }

    /// Whether there is nothing to record.
    pub fn is_empty(&self) -> bool {
        self.decisions.is_empty()
    }

    /// The bytes to be stored, and the decisions with them: once.
    pub fn take_commit(&mut self) -> Vec<u8> {
        Commit {
            commit_id: self.commit_id.clone(),
            at: Some(self.at.to_wire()),
            charter_version: std::mem::take(&mut self.charter_version),
            decisions: std::mem::take(&mut self.decisions),
        }
        .encode_to_vec()
    }

    fn decide_one(&mut self, base: &History<A>, request: &Request<A::Command>) -> Outcome<A> {
        let next = base.revision.next();
        if let Some(command) = &request.command_id {
            let before = base.commands.get(command).copied();
            let now = self.commands.contains(command).then_some((next, self.at));
            if let Some((revision, at)) = before.or(now) {
                return Ok(Answered { revision, at, repeated: true, events: Vec::new() });
            }
        }
        if base.revision.0 >= A::REVISIONS_MAX && !A::is_ending(&request.command) {
            self.needs_fresh_state = true;
            return Err(Refused::Full(base.revision.0));
        }
        let events = A::decide(&self.state, &request.command).map_err(|refusal| {
            self.needs_fresh_state = true;
            Refused::Rule(refusal)
        })?;
        if events.is_empty() {
            self.needs_fresh_state = true;
            // What made it needless may be decided in this very turn.
            let revision: Revision = if self.is_empty() { base.revision } else { next };
            return Ok(Answered { revision, at: self.at, repeated: false, events });
        }
        self.decisions.push(Decision {
            cause: Some(request.cause.clone()),
            actor: Some(request.actor.clone()),
            command_id: request.command_id.as_ref().map(ToString::to_string).unwrap_or_default(),
            events: events.iter().map(A::to_wire).collect(),
        });
        self.commands.extend(request.command_id.clone());
        Ok(Answered { revision: next, at: self.at, repeated: false, events })
    }
}
