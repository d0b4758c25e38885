//! What a text asks somebody to do, the rules let them do: every row of the table of messages that asks for something is
//! played on the rule books themselves, and in the state right after the fact whoever is told finds one of the actions
//! that it asks for possible.

#![allow(clippy::unwrap_used, reason = "a test that cannot play its own story has failed")]

mod at_the_centre;
mod before_and_after;
mod in_dispatch;

use std::collections::BTreeSet;

use ids::Code;
use jiff::Timestamp;
use notification::domain::tellings::{Invited, Recipient, Telling, Text, Whom};
use notification::standing::Standing;
use notification::table::row;
use notification::told::told;
use prost::Message;
use prost_types::FileDescriptorSet;
use proto::record::v1::{Actor, Commit, Decision, Event};
use record::Aggregate;

const STREET: &str = "wuchang-liangdao-command-centre";
const DISTRICT: &str = "wuchang-centre";
const COMMUNITY: &str = "wuchang-liangdao-tanhualin";
const POLICE: &str = "wuchang-traffic-police";
const BUILD: &str = "wuchang-construction";

/// A row that asks for something, by event, text and whom.
type Asking = (String, Text, Whom);

fn code(text: &str) -> Code {
    text.parse().unwrap()
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_555_462_800 + minute * 60).unwrap()
}

/// One history of one owner, as it is decided and followed.
struct History<R: Aggregate> {
    state: R::State,
    commits: Vec<Commit>,
    /// What was told with the last commit: of which event, and what.
    told: Vec<(String, Telling)>,
}

impl<R: Aggregate<Event: std::fmt::Debug>> History<R> {
    fn new() -> Self {
        Self { state: R::State::default(), commits: Vec::new(), told: Vec::new() }
    }

    /// Something that comes about.
    fn take(&mut self, actor: &str, command: &R::Command) -> &mut Self {
        let before = Standing::after(&self.commits).unwrap();
        self.take_before(actor, command, before)
    }

    /// The same, where who is told depends on another owner's history.
    fn take_before(&mut self, actor: &str, command: &R::Command, before: Standing) -> &mut Self {
        let events = R::decide(&self.state, command).unwrap_or_else(|refusal| panic!("{refusal}"));
        assert!(!events.is_empty(), "nothing came of it");
        let wire: Vec<Event> = events.iter().map(R::to_wire).collect();
        let names: Vec<String> = wire.iter().map(|event| event.name().to_owned()).collect();
        let actor = Some(Actor { party: actor.to_owned(), ..Actor::default() });
        let decision = Decision { actor, events: wire, ..Decision::default() };
        let commit = Commit { decisions: vec![decision], ..Commit::default() };
        let told = told(&commit, before).unwrap();
        self.told = told.into_iter().map(|(position, telling)| (names[position - 1].clone(), telling)).collect();
        let state = std::mem::take(&mut self.state);
        self.state = events.iter().fold(state, R::evolve);
        self.commits.push(commit);
        self
    }

    /// Looks at everybody who was asked something with the last commit.
    fn see(&mut self, seen: &mut Seen, can: impl Fn(&R::State, &Telling, Invited) -> bool) -> &mut Self {
        let commit = self.commits.last().unwrap();
        for (event, telling) in &self.told {
            let facts = commit.facts().filter(|fact| fact.name() == event);
            let invites = facts.filter_map(row).find_map(|row| row.invites(telling.text, telling.whom)).unwrap();
            if invites.is_empty() {
                continue;
            }
            let possible = invites.iter().any(|invited| can(&self.state, telling, *invited));
            assert!(possible, "{event}: {telling:?} asks for one of {invites:?}, and none is possible");
            seen.0.insert((event.clone(), telling.text, telling.whom));
        }
        self
    }
}

/// Which rows were played.
#[derive(Default)]
struct Seen(BTreeSet<Asking>);

/// Whom a message reaches, in this district.
fn reader(telling: &Telling) -> Code {
    match &telling.to {
        Recipient::Party(party) | Recipient::Officer { unit: party, .. } => party.clone(),
        Recipient::CommandCentreAt(Some(_)) => code(STREET),
        Recipient::CommandCentreAt(None) | Recipient::District => code(DISTRICT),
        Recipient::Callers | Recipient::Caller(_) | Recipient::Pages { .. } => panic!("no unit: {telling:?}"),
    }
}

/// Every row that asks for something, read off the contracts.
fn everything_asked() -> BTreeSet<Asking> {
    let files = FileDescriptorSet::decode(proto::DESCRIPTORS).unwrap();
    let messages: Vec<_> = files.file.iter().flat_map(|file| &file.message_type).collect();
    let message = |name: &str| *messages.iter().find(|it| name.ends_with(&format!(".{}", it.name()))).unwrap();
    let mut asked = BTreeSet::new();
    for owner in &message(".record.v1.Event").field {
        for event in &message(owner.type_name()).field {
            let fact = tagged(event.number(), &[]);
            let event = Event::decode(&*tagged(owner.number(), &fact)).unwrap();
            let asking = row(&event).unwrap().messages().iter().filter(|message| !message.invites.is_empty());
            asked.extend(asking.map(|message| (event.name().to_owned(), message.text, message.whom)));
        }
    }
    asked
}

fn tagged(field: i32, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    prost::encoding::encode_varint(u64::try_from(field).unwrap() << 3 | 2, &mut bytes);
    prost::encoding::encode_varint(u64::try_from(content.len()).unwrap(), &mut bytes);
    bytes.extend(content);
    bytes
}

#[test]
fn what_a_text_asks_for_is_possible_right_after() {
    let mut seen = Seen::default();
    in_dispatch::play(&mut seen);
    at_the_centre::play(&mut seen);
    before_and_after::play(&mut seen);
    let asked = everything_asked();
    assert!(asked.len() > 25, "{asked:?}");
    let unplayed: Vec<_> = asked.difference(&seen.0).collect();
    assert!(unplayed.is_empty(), "nobody has played: {unplayed:?}");
}
