use ids::Kind;
use proto::powers::v1::powers_event::Event;
use proto::powers::v1::{PersonnelMatter, PowersEvent};
use proto::record::v1::event::Of;

use super::*;
use crate::tests::{commit, connection};

const MARKET: &str = "wuchang-market";
const STREET: &str = "wuchang-jiyuqiao";

fn at(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos: 0 })
}

fn take_all(transaction: &Transaction<'_>, kind: Kind, id: &str, facts: Vec<Event>) {
    for (position, fact) in (1..).zip(facts) {
        let mut stored = commit(position, id, Of::Powers(PowersEvent { event: Some(fact) }));
        stored.subject.key.kind = kind;
        take(transaction, &stored).unwrap();
    }
}

fn wanted(scope: Scope, own: &[&str]) -> Wanted {
    let own = own.iter().map(|code| code.parse().unwrap()).collect();
    let all = String::new;
    Wanted { district: "wuchang".parse().unwrap(), kind: all(), state: all(), party: all(), scope, own, size: 100 }
}

fn everything() -> Wanted {
    wanted(Scope::Districts(vec!["wuchang".parse().unwrap()]), &["wuchang-centre"])
}

fn letter(secrecy: Secrecy) -> Event {
    Event::LetterSent(LetterSent {
        department: MARKET.into(),
        street: STREET.into(),
        matter: PersonnelMatter::Promotion.into(),
        secrecy: secrecy.into(),
        due: at(500),
        ..LetterSent::default()
    })
}

#[test]
fn a_confidential_letter_is_in_the_lists_of_its_parties_alone() {
    let mut connection = connection();
    let transaction = connection.transaction().unwrap();
    take_all(&transaction, Kind::Personnel, "open", vec![letter(Secrecy::Ordinary)]);
    take_all(&transaction, Kind::Personnel, "secret", vec![letter(Secrecy::Confidential)]);
    let seen = |wanted: &Wanted| {
        let mut ids: Vec<String> =
            list(&transaction, wanted).unwrap().entries.into_iter().map(|entry| entry.id).collect();
        ids.sort();
        ids
    };
    assert_eq!(seen(&everything()), ["open"], "the district sees what is not confidential");
    assert_eq!(seen(&wanted(Scope::All, &[])), ["open"], "and so does the operator");
    let only = |code: &str| Scope::Only {
        districts: vec!["wuchang".parse().unwrap()],
        who: vec![Concern::Party(code.parse().unwrap())],
    };
    for party in [MARKET, STREET] {
        assert_eq!(seen(&wanted(only(party), &[party])), ["open", "secret"], "{party}");
    }
    assert_eq!(seen(&wanted(only("wuchang-water"), &["wuchang-water"])), Vec::<String>::new());
}

#[test]
fn a_project_waits_for_its_streets_and_then_for_whoever_asked() {
    let mut connection = connection();
    let transaction = connection.transaction().unwrap();
    let opened = Event::ProjectOpened(ProjectOpened { asker: MARKET.into(), ..ProjectOpened::default() });
    let asked = Event::StreetsAsked(StreetsAsked {
        round: 1,
        streets: vec![STREET.into(), "wuchang-liangdao".into()],
        due: at(900),
        ..StreetsAsked::default()
    });
    let given = Event::OpinionGiven(OpinionGiven { street: STREET.into(), ..OpinionGiven::default() });
    let expired = Event::OpinionsExpired(OpinionsExpired {
        streets: vec!["wuchang-liangdao".into()],
        due: at(900),
        ..OpinionsExpired::default()
    });
    let mut facts = vec![opened, asked, given];
    take_all(&transaction, Kind::Consultation, "a", facts.clone());
    facts.push(expired);
    take_all(&transaction, Kind::Consultation, "b", facts.clone());
    facts.push(Event::OpinionAnswered(OpinionAnswered {
        street: STREET.into(),
        verdict: Verdict::Partly.into(),
        ..OpinionAnswered::default()
    }));
    take_all(&transaction, Kind::Consultation, "c", facts);
    let listed = list(&transaction, &everything()).unwrap();
    let waits: Vec<_> = listed.entries.iter().map(|entry| (entry.id.as_str(), entry.waits_for.clone())).collect();
    assert_eq!(
        waits,
        [("a", vec!["wuchang-liangdao".to_owned()]), ("b", vec![MARKET.to_owned()]), ("c", vec![])],
        "what waits for somebody with a deadline comes first"
    );
    assert_eq!(listed.entries[2].answers, [PowerAnswer { party: STREET.into(), answer: "partly".into() }]);
}

#[test]
fn a_suggestion_that_one_adopts_and_another_does_not_is_adopted_in_part() {
    let mut connection = connection();
    let transaction = connection.transaction().unwrap();
    let made = Event::SuggestionMade(SuggestionMade {
        street: STREET.into(),
        addressees: vec![MARKET.into(), "wuchang-centre".into()],
        occasion: "fair".into(),
        ..SuggestionMade::default()
    });
    let answer = |addressee: &str, verdict: Verdict| {
        Event::SuggestionAnswered(SuggestionAnswered {
            addressee: addressee.into(),
            verdict: verdict.into(),
            ..SuggestionAnswered::default()
        })
    };
    let one = vec![made, answer(MARKET, Verdict::Adopted)];
    let both = [one.clone(), vec![answer("wuchang-centre", Verdict::NotAdopted)]].concat();
    take_all(&transaction, Kind::Suggestion, "one", one);
    take_all(&transaction, Kind::Suggestion, "both", both);
    let state = |id: &str| {
        let listed = list(&transaction, &everything()).unwrap();
        let entry = listed.entries.into_iter().find(|entry| entry.id == id).unwrap();
        (entry.state, entry.waits_for)
    };
    assert_eq!(state("one"), ("open".to_owned(), vec!["wuchang-centre".to_owned()]));
    assert_eq!(state("both"), ("partly".to_owned(), vec![]));
}
