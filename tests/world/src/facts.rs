//! Each fact × each state of who follows it → what follows, found by doing it. `HUYING_BLESS=1` writes the page anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

use charter::Charter;
use dispatch::domain::Command;
use dispatch::{reaction, terms};
use enforcement_center::dispatched;
use ids::Owner;
use prost::Message;
use prost_types::{DescriptorProto, FileDescriptorSet};
use proto::common::v1::Role;
use proto::dispatch::v1::CloseReason;
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::evaluation::v1::evaluation_event::Event as EvaluationFact;
use proto::record::v1::Event;
use proto::streams::follows;
use record::StoredCommit;
use triage::domain as judging;

use crate::after_the_end::{Over, STREET, over, to_the_street};
use crate::helped::{answered_meanwhile, asked_at_last};
use crate::pages::compare;
use crate::walk::walked;
use crate::world::{By, Dice, World, code};

/// Walks after which every fact has been there that can be met on one.
const WALKS: u64 = 80;

/// Owners with the names of all their facts, from the contracts; and how the envelope and they call it.
fn contracts() -> BTreeMap<Owner, Vec<(String, String)>> {
    let files = FileDescriptorSet::decode(proto::DESCRIPTORS).unwrap();
    let message = |full: &str| -> DescriptorProto {
        let of_file = |file: &prost_types::FileDescriptorProto| {
            let name = full.strip_prefix(&format!(".{}.", file.package()))?.to_owned();
            file.message_type.iter().find(|message| message.name() == name).cloned()
        };
        files.file.iter().find_map(of_file).unwrap()
    };
    let owners = message(".huying.record.v1.Event").field.into_iter().map(|field| {
        let owner = field.name().replace('_', "-").parse().unwrap();
        let facts = message(field.type_name()).field.into_iter().map(|fact| {
            let name = fact.type_name().rsplit('.').next().unwrap().to_owned();
            (name, fact.name().to_owned())
        });
        (owner, facts.collect())
    });
    owners.collect()
}

/// One of each fact, as it was met on a walk; one with nothing in it, where it is not met there.
fn examples() -> BTreeMap<(Owner, String), Event> {
    let mut met: BTreeMap<(Owner, String), Event> = BTreeMap::new();
    let helped = answered_meanwhile().record.into_iter().chain(asked_at_last().record);
    for stored in (0..WALKS).flat_map(|seed| walked(seed).record).chain(helped) {
        for fact in stored.commit.facts() {
            met.entry((stored.subject.owner, named(fact))).or_insert_with(|| fact.clone());
        }
    }
    for (owner, facts) in contracts() {
        for (name, field) in facts {
            let envelope = serde_json::json!({ owner.as_str().replace('-', "_"): { field: {} } });
            met.entry((owner, name)).or_insert_with(|| serde_json::from_value(envelope).unwrap());
        }
    }
    met
}

/// Its name, and what it says where that makes a difference.
fn named(fact: &Event) -> String {
    let says = match (fact.dispatch(), fact.evaluation()) {
        (Some(DispatchFact::Assigned(assigned)), _) if assigned.comprehensive => " (to an enforcement centre)",
        (Some(DispatchFact::Resolved(resolved)), _) if resolved.waits_for_help_until.is_some() => " (help goes on)",
        (Some(DispatchFact::Closed(closed)), _) => match closed.reason() {
            CloseReason::Withdrawn | CloseReason::Excluded | CloseReason::Merged => " (given up)",
            CloseReason::Rated | CloseReason::Unrated | CloseReason::Unspecified => "",
        },
        (_, Some(EvaluationFact::Rated(rated))) if !rated.solved => " (not solved)",
        _ => "",
    };
    format!("{}{says}", fact.name())
}

fn is_asked_for(follower: Owner, stored: &StoredCommit) -> bool {
    match follower {
        Owner::Triage => triage::reaction::asks(stored),
        Owner::Dispatch => reaction::asks(stored).is_some(),
        Owner::EnforcementCenter => dispatched::concerns(stored),
        Owner::Evaluation => evaluation::reaction::asks(stored).is_some(),
        // Its own merges alone, see `tests/system/merging.rs`; it tells people; it is about no case.
        Owner::Intake | Owner::Notification | Owner::Powers => false,
    }
}

type Scene = fn() -> (World, usize);

fn received() -> (World, usize) {
    let charter = Arc::new(Charter::shipped("wuchang").unwrap());
    let mut world = World::new(&charter, None);
    let case = world.submit(None);
    world.settle(&mut Dice(1));
    (world, case)
}

fn unheard_of() -> (World, usize) {
    let charter = Arc::new(Charter::shipped("wuchang").unwrap());
    let mut world = World::new(&charter, None);
    let case = world.open_case();
    (world, case)
}

fn judge(world: &mut World, case: usize, judgement: judging::Judgement) {
    let (by, reason) = (By::Desk(Role::Street, STREET.to_owned()), "街道".to_owned());
    let command = match world.cases[case].triage {
        judging::State::Judged { .. } => {
            let (by, standing) = (judging::Seat::Street { own: true }, world.standing(case));
            judging::Command::Regrade { by, judgement, reason, standing }
        }
        judging::State::Waiting { .. } | judging::State::Unknown | judging::State::Dismissed => {
            judging::Command::Judge { judgement, reason }
        }
    };
    world.triage(case, &by, &command).unwrap();
    world.settle(&mut Dice(2));
}

fn open() -> (World, usize) {
    let (mut world, case) = received();
    let judgement = to_the_street(&world);
    judge(&mut world, case, judgement);
    (world, case)
}

fn called() -> (World, usize) {
    let (mut world, case) = open();
    let whistle = world.whistle(&code(STREET), &mut Dice(3));
    let by = By::Desk(Role::Street, STREET.to_owned());
    world.dispatch(case, &by, &Command::Call { whistle: Box::new(whistle) }).unwrap();
    world.settle(&mut Dice(4));
    (world, case)
}

/// The call is over, and nobody has looked what was said meanwhile.
fn judged_while_called() -> (World, usize) {
    let (mut world, case) = called();
    let judgement = judging::Judgement { category: code("noise"), ..to_the_street(&world) };
    judge(&mut world, case, judgement);
    let rating_due = terms::rating_due(&world.charter, world.now);
    for called in world.cases[case].dispatch.calls[0].parties.clone() {
        let (by, party, reason) = (code(STREET), called.party, "不用来了".to_owned());
        let release = Command::Release { by, party, reason, rating_due };
        world.dispatch(case, &By::Desk(Role::Street, STREET.to_owned()), &release).unwrap();
    }
    (world, case)
}

pub fn joint() -> (World, usize) {
    let (mut world, case) = received();
    let party = code("wuchang-jiyuqiao-enforcement-centre");
    let judgement = judging::Judgement { comprehensive: true, party, ..to_the_street(&world) };
    judge(&mut world, case, judgement);
    (world, case)
}

fn joint_is_over() -> (World, usize) {
    let (mut world, case) = joint();
    let judgement = to_the_street(&world);
    judge(&mut world, case, judgement);
    (world, case)
}

fn scenes(follower: Owner) -> Vec<(&'static str, Scene)> {
    let answered: Scene = || over(Over::Answered);
    let closed: Scene = || over(Over::Unrated);
    let helped: Scene = || (answered_meanwhile(), 1);
    match follower {
        Owner::Triage => {
            vec![
                ("unheard of", unheard_of),
                ("waits", received),
                ("judged", open),
                ("dismissed", || over(Over::Withdrawn)),
            ]
        }
        Owner::Dispatch => vec![
            ("unheard of", received),
            ("open", open),
            ("departments called", called),
            ("open, judged anew during the call", judged_while_called),
            ("with an enforcement centre", joint),
            ("answered", answered),
            ("closed", closed),
        ],
        Owner::EnforcementCenter => {
            vec![("no operation", open), ("under way", joint), ("over", joint_is_over)]
        }
        Owner::Evaluation => {
            vec![
                ("not asked", open),
                ("not asked, help goes on", helped),
                ("asked", answered),
                ("rated", || over(Over::Rated)),
                ("lapsed", closed),
            ]
        }
        Owner::Intake | Owner::Notification | Owner::Powers => vec![],
    }
}

fn what_follows(scene: Scene, follower: Owner, owner: Owner, fact: &Event) -> String {
    let (mut world, case) = scene();
    let position = world.put(case, owner, fact.clone());
    let before = world.record.len();
    world.follow(follower, position);
    let followed = world.record[before..].iter().flat_map(|stored| stored.commit.facts());
    let names: Vec<&str> = followed.map(Event::name).collect();
    if names.is_empty() { "–".to_owned() } else { names.join(", ") }
}

#[test]
fn the_page_of_facts_is_what_follows_from_them() {
    let mut page = String::from(
        "# What follows from a fact\n\nEach fact of a case that somebody decides on, and what that is, by how far the one who \
         decides is with the case when the fact is followed, which may be late. Written by a test of `tests/world` by doing it \
         (`HUYING_BLESS=1 cargo test -p world the_page`); the reactions are in `reaction.rs` of each service and in \
         `enforcement-center/src/dispatched.rs`; who hears that help is over, in `dispatch/src/help.rs`. Nothing (–) is a decision, too. Whom people are told of is in \
         `notification/src/occasions.rs`; intake follows itself alone, and finishes merges (`intake/src/effects.rs`).\n",
    );
    let examples = examples();
    let mut asked_for = BTreeSet::new();
    for follower in [Owner::Triage, Owner::Dispatch, Owner::EnforcementCenter, Owner::Evaluation] {
        let scenes = scenes(follower);
        let labels: Vec<&str> = scenes.iter().map(|(label, _)| *label).collect();
        writeln!(page, "\n## {follower}\n\n| fact | {} |\n|{}", labels.join(" | "), "---|".repeat(labels.len() + 1))
            .unwrap();
        for ((owner, name), fact) in &examples {
            let (mut world, case) = open();
            world.put(case, *owner, fact.clone());
            let is_asked = is_asked_for(follower, world.record.last().unwrap());
            if !follows(follower).contains(owner) {
                continue;
            }
            if !is_asked {
                continue;
            }
            asked_for.insert((*owner, name.clone()));
            let cells: Vec<String> =
                scenes.iter().map(|(_, scene)| what_follows(*scene, follower, *owner, fact)).collect();
            writeln!(page, "| {owner} {name} | {} |", cells.join(" | ")).unwrap();
        }
    }
    page.push_str("\n## Nobody decides on\n\n");
    for owner in Owner::ALL {
        let of_owner = examples.keys().filter(|fact| fact.0 == owner && !asked_for.contains(*fact));
        let names: Vec<&str> = of_owner.map(|(_, name)| name.as_str()).collect();
        writeln!(page, "- {owner}: {}", names.join(", ")).unwrap();
    }
    compare(&page, "facts.md");
}
