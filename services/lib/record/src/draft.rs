//! What one turn of a mailbox would record, and what it would answer: decided on one state, written nowhere yet.

use std::sync::Arc;

use ids::Revision;
use jiff::Timestamp;
use prost::Message;
use proto::ToWireTime;
use proto::record::v1::{Commit, Decision, Event};

use crate::book::{Answered, Outcome, Pending, Refused, Request};
use crate::history::{Aggregate, History, Sent, Taken, evolved};
use crate::objects::Sha256Sum;
use crate::readers::Newest;

pub(crate) struct Draft<A: Aggregate> {
    pub commit_id: String,
    pub at: Timestamp,
    /// What is left behind.
    pub state: Arc<A::State>,
    /// Each with what it asked for.
    pub commands: Vec<(Sent, Vec<u8>)>,
    /// Of the commit this becomes, if it becomes one.
    revision: Revision,
    /// One for each request, in their order.
    answers: Vec<Outcome<A>>,
    /// Some answer counts only if the state it was decided on is what the record has now (D3).
    pub needs_fresh_state: bool,
    /// Of what would be recorded.
    pub newest: Newest,
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
            revision: base.revision.next(),
            answers: Vec::new(),
            needs_fresh_state: false,
            newest: Newest::default(),
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

    /// What everybody is told. What is part of this commit stands where that was stored.
    pub fn into_answers(self, stored_at: u64) -> Vec<Outcome<A>> {
        let mut answers = self.answers;
        for answered in answers.iter_mut().flatten().filter(|answered| answered.revision == self.revision) {
            answered.position = stored_at;
        }
        answers
    }

    /// The bytes to be stored, and the decisions with them: once. `previous` is what they follow.
    pub fn take_commit(&mut self, previous: Option<Sha256Sum>) -> Vec<u8> {
        Commit {
            commit_id: self.commit_id.clone(),
            at: Some(self.at.to_wire()),
            charter_version: std::mem::take(&mut self.charter_version),
            decisions: std::mem::take(&mut self.decisions),
            previous_sha256: previous.map(|sum| sum.0.to_vec()).unwrap_or_default(),
        }
        .encode_to_vec()
    }

    fn decide_one(&mut self, base: &History<A>, request: &Request<A::Command>) -> Outcome<A> {
        let next = self.revision;
        let sent = request.command_id.clone().map(|id| Sent::by(&request.actor, id));
        if let Some(taken) = sent.as_ref().and_then(|sent| self.taken(base, sent)) {
            let Taken { revision, position, at, digest } = taken;
            // What was recorded before the content was written down is taken for the same.
            if !digest.is_empty() && !request.content_digest.is_empty() && digest != request.content_digest {
                return Err(Refused::OtherContent);
            }
            return Ok(Answered { revision, position, at, repeated: true, events: Vec::new() });
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
            let revision = if self.is_empty() { base.revision } else { next };
            return Ok(Answered { revision, position: base.position, at: self.at, repeated: false, events });
        }
        let recorded: Vec<Event> = events.iter().map(A::to_wire).collect();
        self.newest = recorded.iter().fold(self.newest, Newest::or);
        self.decisions.push(Decision {
            cause: Some(request.cause.clone()),
            actor: Some(request.actor.clone()),
            command_id: request.command_id.as_ref().map(ToString::to_string).unwrap_or_default(),
            content_digest: request.content_digest.clone(),
            events: recorded,
        });
        self.commands.extend(sent.map(|sent| (sent, request.content_digest.clone())));
        Ok(Answered { revision: next, position: base.position, at: self.at, repeated: false, events })
    }

    /// Where the same sender's request of this name was answered: before, or in this very turn.
    fn taken(&self, base: &History<A>, sent: &Sent) -> Option<Taken> {
        let before = base.commands.get(sent).cloned();
        before.or_else(|| {
            let (_, digest) = self.commands.iter().find(|(known, _)| known == sent)?;
            let (revision, position) = (self.revision, base.position);
            Some(Taken { revision, position, at: self.at, digest: digest.clone() })
        })
    }
}
