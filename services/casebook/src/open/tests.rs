//! What is due, as the facts of a case say it.

use jiff::Timestamp;
use proto::ToWireTime;
use proto::casebook::v1::{ListOpenRequest, OpenCase};
use proto::common::v1::Colour;
use proto::dispatch::v1::dispatch_event::Event as Fact;
use proto::dispatch::v1::{
    Assigned, CallEnded, Called, CalledParty, Closed, ColourRaised, DispatchEvent, PartyDone, Reopened, ReportedIn,
    Resolved, Responded, Resumed, ReturnAdjudicated, Returned, Suspended, Unqualified,
};
use proto::intake::v1::intake_event::Event as IntakeFact;
use proto::intake::v1::{IntakeEvent, Received};
use proto::record::v1::event::Of;
use record::{Entry, Keeper};
use rusqlite::Connection;
use station::access::{Concern, Scope};

use super::{Wanted, list};
use crate::copy::{self, Place};
use crate::keep::Keeping;
use crate::tests::commit;

const CASE: &str = "261121-7k3q9xf";
const STREET: &str = "wuchang-zhonghualu-command-centre";
const WATER: &str = "wuchang-water";
const PARKS: &str = "wuchang-parks";

/// A copy that facts are told to, one after the other.
struct World {
    _place: Place,
    reading: Connection,
    keeping: Keeping,
    position: u64,
}

impl World {
    fn new() -> Self {
        let place = Place::new(None).unwrap();
        let writing = copy::create(&place, "a record").unwrap().connection;
        let reading = Connection::open(place.file()).unwrap();
        let keeping = Keeping::new(writing, Box::new(|_| Ok(Vec::new())));
        Self { _place: place, reading, keeping, position: 0 }
    }

    fn received(&mut self, case: &str) -> &mut Self {
        let fact = IntakeFact::Received(Received { title: "积水".to_owned(), ..Received::default() });
        self.tell(case, Of::Intake(IntakeEvent { event: Some(fact) }))
    }

    fn then(&mut self, case: &str, fact: Fact) -> &mut Self {
        self.tell(case, Of::Dispatch(DispatchEvent { event: Some(fact) }))
    }

    fn tell(&mut self, case: &str, of: Of) -> &mut Self {
        self.position += 1;
        let entry = Entry::Commit(commit(self.position, case, of));
        self.keeping.keep(&[entry]).unwrap();
        self
    }

    fn listed(&self, request: ListOpenRequest, scope: Scope) -> proto::casebook::v1::ListOpenResponse {
        list(&self.reading, &Wanted::new(request, scope, at(0)).unwrap()).unwrap()
    }

    fn open(&self) -> Vec<OpenCase> {
        self.listed(ListOpenRequest::default(), Scope::All).cases
    }

    /// When the next clock runs out, whose it is, and what it is.
    fn next(&self) -> Option<(i64, String, String)> {
        let case = self.open().into_iter().next()?;
        let due = seconds(case.due?);
        Some((due, case.waits_for, case.clock))
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + second).unwrap()
}

fn seconds(at: pbjson_types::Timestamp) -> i64 {
    at.seconds - 1_795_000_000
}

fn due(second: i64) -> Option<pbjson_types::Timestamp> {
    Some(at(second).to_wire())
}

fn assigned(until: i64) -> Fact {
    Fact::Assigned(Assigned { party: STREET.to_owned(), level: 3, due: due(until), ..Assigned::default() })
}

fn called(call: u32, colour: Colour, [response, report_in, completion]: [i64; 3]) -> Fact {
    let parties = [WATER, PARKS].map(|party| CalledParty { party: party.to_owned(), duty: 1 }).to_vec();
    Fact::Called(Called {
        call,
        colour: colour.into(),
        parties,
        response_due: due(response),
        report_in_due: due(report_in),
        completion_due: due(completion),
        ..Called::default()
    })
}

fn next(second: i64, party: &str, clock: &str) -> Option<(i64, String, String)> {
    Some((second, party.to_owned(), clock.to_owned()))
}

#[test]
fn the_next_clock_is_that_of_whoever_has_to_act_first() {
    let mut world = World::new();
    let (water, parks) = (|| WATER.to_owned(), || PARKS.to_owned());
    world.received(CASE);
    assert_eq!((world.open().len(), world.next()), (1, None), "nothing runs before anybody has it");
    assert_eq!(world.then(CASE, assigned(9_000)).next(), next(9_000, STREET, "case"));
    assert_eq!(world.then(CASE, called(1, Colour::Blue, [100, 200, 5_000])).next(), next(100, WATER, "response"));
    world.then(CASE, Fact::Responded(Responded { call: 1, party: water(), ..Responded::default() }));
    assert_eq!(world.next(), next(100, PARKS, "response"), "the other has not responded yet");
    world.then(CASE, Fact::Responded(Responded { call: 1, party: parks(), ..Responded::default() }));
    world.then(CASE, Fact::ReportedIn(ReportedIn { call: 1, party: water(), ..ReportedIn::default() }));
    assert_eq!(world.next(), next(200, PARKS, "report-in"));
    let unqualified = Unqualified {
        call: 1,
        party: water(),
        response_due: due(150),
        report_in_due: due(250),
        ..Unqualified::default()
    };
    assert_eq!(world.then(CASE, Fact::Unqualified(unqualified)).next(), next(150, WATER, "response"), "it comes again");
    let returned =
        Returned { call: 1, party: parks(), adjudicator: STREET.to_owned(), due: due(120), ..Returned::default() };
    assert_eq!(world.then(CASE, Fact::Returned(returned)).next(), next(120, STREET, "adjudication"));
    let upheld = ReturnAdjudicated { call: 1, party: parks(), upheld: true, ..ReturnAdjudicated::default() };
    assert_eq!(world.then(CASE, Fact::ReturnAdjudicated(upheld)).next(), next(150, WATER, "response"));
    world.then(CASE, Fact::PartyDone(PartyDone { call: 1, party: water(), ..PartyDone::default() }));
    world.then(CASE, Fact::CallEnded(CallEnded { call: 1, ..CallEnded::default() }));
    assert_eq!(world.next(), next(9_000, STREET, "case"));
    assert!(world.then(CASE, Fact::Resolved(Resolved::default())).open().is_empty(), "answered, it does not go on");
    let reopened = Reopened { due: due(20_000), ..Reopened::default() };
    assert_eq!(world.then(CASE, Fact::Reopened(reopened)).next(), next(20_000, STREET, "case"), "by whoever had it");
    assert!(world.then(CASE, Fact::Closed(Closed::default())).open().is_empty());
}

#[test]
fn what_rests_is_not_due_and_goes_on_later_by_as_long() {
    let mut world = World::new();
    world.received(CASE).then(CASE, assigned(9_000)).then(CASE, called(1, Colour::Blue, [100, 200, 5_000]));
    for party in [WATER, PARKS] {
        let party = party.to_owned();
        world.then(CASE, Fact::ReportedIn(ReportedIn { call: 1, party, ..ReportedIn::default() }));
    }
    assert_eq!(world.next(), next(5_000, WATER, "completion"));
    world.then(CASE, Fact::Suspended(Suspended::default()));
    assert_eq!(world.next(), None);
    assert!(world.open()[0].suspended);
    let resumed = Resumed { held_ms: 1_000_000, due: due(10_000), ..Resumed::default() };
    assert_eq!(world.then(CASE, Fact::Resumed(resumed)).next(), next(6_000, WATER, "completion"));
}

#[test]
fn the_list_is_by_what_is_due_page_by_page_and_counts_all_of_it() {
    let mut world = World::new();
    // The third is late already; the last has no clock.
    for (number, until) in [(0, 500), (1, 300), (2, -10), (3, 400)] {
        let case = format!("case-{number}");
        world.received(&case).then(&case, assigned(until));
    }
    world.received("case-4");
    world.then("case-0", called(1, Colour::Yellow, [450, 460, 470]));
    let raised = ColourRaised { call: 1, to: Colour::Red.into(), response_due: due(350), ..ColourRaised::default() };
    world.then("case-0", Fact::ColourRaised(raised));
    let mut seen = Vec::new();
    let mut request = ListOpenRequest { page_size: 2, ..ListOpenRequest::default() };
    loop {
        let page = world.listed(request.clone(), Scope::All);
        let counted =
            (page.counts.iter().map(|count| count.cases).sum(), page.counts.iter().map(|count| count.late).sum());
        let expected: (u64, u64) = if request.page_token.is_empty() { (5, 1) } else { (0, 0) };
        assert_eq!(counted, expected, "the first page counts all");
        seen.extend(page.cases.into_iter().map(|open| open.case.unwrap().case_id));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(seen, ["case-2", "case-1", "case-0", "case-3", "case-4"]);

    let only = |request: ListOpenRequest| world.listed(request, Scope::All).cases.len();
    assert_eq!(only(ListOpenRequest { late: true, ..ListOpenRequest::default() }), 1);
    assert_eq!(only(ListOpenRequest { colour: Colour::Red.into(), ..ListOpenRequest::default() }), 1);
    let ours =
        ListOpenRequest { district: "wuchang".to_owned(), owner: STREET.to_owned(), ..ListOpenRequest::default() };
    assert_eq!(only(ours), 4);
    // Whom it does not concern sees and counts nothing of it.
    let of = |party: &str| Scope::Only {
        districts: vec!["wuchang".parse().unwrap()],
        who: vec![Concern::Party(party.parse().unwrap())],
    };
    let water = world.listed(ListOpenRequest::default(), of(WATER));
    assert_eq!((water.cases.len(), water.counts.len()), (1, 1));
    let nobody = world.listed(ListOpenRequest::default(), of("wuchang-tax"));
    assert_eq!((nobody.cases.len(), nobody.counts.len()), (0, 0));
}
