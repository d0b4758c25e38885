//! What happens to a ballot, as stories.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;

const OPENED: Timestamp = Timestamp::constant(1_795_000_000, 0);

fn code(text: &str) -> Code {
    text.parse().unwrap()
}

fn after(hours: i64) -> Timestamp {
    OPENED + SignedDuration::from_hours(hours)
}

/// Three communities mark two departments, until the 24th hour.
fn open() -> Command {
    Command::Open(Box::new(Opening {
        street: code("street"),
        title: "四月考评".to_owned(),
        units: vec![code("housing"), code("fire")],
        voters: vec![code("one"), code("two"), code("three")],
        parts: [("completion", 50), ("satisfaction", 20), ("perception", 30)]
            .map(|(part, weight)| (code(part), Decimal::from(weight)))
            .to_vec(),
        opened_at: OPENED,
        closes_at: after(24),
    }))
}

fn marks(unit: &str, rates: [&str; 3], comment: &str) -> Marks {
    let parts = ["completion", "satisfaction", "perception"].into_iter().zip(rates);
    Marks {
        unit: code(unit),
        parts: parts.map(|(part, rate)| (code(part), Mark::new(rate, "很少到社区来").unwrap())).collect(),
        comment: comment.to_owned(),
    }
}

fn vote(voter: &str, marks: &[Marks]) -> Command {
    Command::Vote { voter: code(voter), marks: marks.to_vec(), now: after(1) }
}

fn publish(hours: i64) -> Command {
    Command::Publish { street: Some(code("street")), now: after(hours), appeals_until: after(hours + 240) }
}

fn appeal(unit: &str, hours: i64) -> Command {
    Command::Appeal { unit: code(unit), reason: "方案其实按时交了".to_owned(), now: after(hours) }
}

fn answer(appeal: u32) -> Command {
    answered(appeal, false, 0)
}

/// One that is upheld has the unit marked anew until that hour.
fn answered(appeal: u32, upheld: bool, anew_until: i64) -> Command {
    let answer = "送达回证可查".to_owned();
    Command::AnswerAppeal { street: None, appeal, upheld, answer, anew_until: after(anew_until) }
}

fn play(commands: &[Command]) -> (State, Vec<Result<Vec<Event>, Refusal>>) {
    let mut state = State::default();
    let mut outcomes = Vec::new();
    for command in commands {
        let outcome = Rules::decide(&state, command);
        state = outcome.iter().flatten().fold(state, Rules::evolve);
        outcomes.push(outcome);
    }
    (state, outcomes)
}

fn refused(commands: &[Command]) -> Refusal {
    play(commands).1.pop().unwrap().unwrap_err()
}

fn full(unit: &str) -> Marks {
    marks(unit, ["1", "1", "1"], "")
}

#[test]
fn communities_mark_once_and_the_weighted_mean_is_published() {
    let (state, _) = play(&[
        open(),
        vote("one", &[full("housing"), marks("fire", ["1", "0.5", "0.8"], "")]),
        vote("two", &[full("housing"), marks("fire", ["0.9", "1", "1"], "")]),
        vote("three", &[full("housing")]),
        publish(2),
    ]);
    let published = state.published().unwrap().clone();
    assert_eq!((published.votes, published.voters), (3, 3));
    let shown: Vec<String> = published
        .outcomes
        .iter()
        .map(|it| format!("{} {} {}", it.unit, it.votes, it.score.map_or("-".to_owned(), |score| score.to_string())))
        .collect();
    // 50 · 0.95 + 20 · 0.75 + 30 · 0.9, from two of three communities.
    assert_eq!(shown, ["housing 3 100.0000", "fire 2 89.5000"]);
}

#[test]
fn praise_is_kept_and_changes_no_figure() {
    let score = |comment: &str| {
        let cast = vote("one", &[marks("housing", ["1", "0.5", "1"], comment)]);
        let (state, _) = play(&[open(), cast, publish(25)]);
        let comments = state.votes.values().flatten().filter(|marks| !marks.comment.is_empty()).count();
        (state.published().unwrap().clone().outcomes.remove(0).score, comments)
    };
    let (plain, none) = score("");
    let (praised, one) = score("引来物业公司垫资，请给满分");
    assert_eq!((plain, none, one), (praised, 0, 1));
}

#[test]
fn who_marks_is_a_community_of_the_ballot_in_time_and_once() {
    let housing = [full("housing")];
    assert_eq!(refused(&[vote("one", &housing)]), Refusal::NoSuchBallot);
    assert_eq!(refused(&[open(), open()]), Refusal::BallotExists);
    assert_eq!(refused(&[open(), vote("four", &housing)]), Refusal::NotAVoter(code("four")));
    assert_eq!(refused(&[open(), vote("one", &housing), vote("one", &housing)]), Refusal::VotedAlready(code("one")));
    let at = |now| Command::Vote { voter: code("one"), marks: housing.to_vec(), now };
    assert_eq!(refused(&[open(), at(late_from(after(24)))]), Refusal::BallotClosed);
    assert!(play(&[open(), at(after(24))]).1[1].is_ok(), "within the second in which it closes");
    let published = [open(), vote("one", &housing), publish(25), vote("two", &housing)];
    assert_eq!(refused(&published), Refusal::BallotClosed);
}

#[test]
fn a_unit_is_marked_for_every_part_of_the_ballot_and_for_nothing_else() {
    let part = |part: &str| (code(part), Mark::new("1", "").unwrap());
    let of = |parts: Vec<(Code, Mark)>| {
        let marks = Marks { unit: code("fire"), parts, comment: String::new() };
        refused(&[open(), vote("one", &[marks])])
    };
    let missing = |part| Refusal::PartMissing { unit: code("fire"), part: code(part) };
    assert_eq!(of(vec![]), missing("completion"));
    assert_eq!(of(vec![part("completion"), part("satisfaction")]), missing("perception"));
    assert_eq!(of(vec![part("completion"), part("completion")]), missing("completion"));
    assert_eq!(of(vec![part("style")]), Refusal::PartUnknown(code("style")));
    assert_eq!(refused(&[open(), vote("one", &[full("water")])]), Refusal::NotOnTheBallot(code("water")));
}

#[test]
fn a_ballot_is_published_when_all_have_marked_or_its_time_is_over() {
    let one = vote("one", &[full("housing")]);
    assert_eq!(refused(&[open(), one.clone(), publish(24)]), Refusal::BallotOpen { left: 2, closes_at: after(24) });
    assert_eq!(refused(&[open(), publish(25)]), Refusal::NobodyVoted);
    let other = Command::Publish { street: Some(code("other")), now: after(25), appeals_until: after(240) };
    assert_eq!(refused(&[open(), one.clone(), other]), Refusal::AnothersBallot(code("street")));
    let (state, outcomes) = play(&[open(), one, publish(25), publish(26)]);
    assert_eq!(outcomes.last().unwrap().as_deref(), Ok(&[][..]), "said again, it changes nothing");
    let unmarked: Vec<&Outcome> = state.published().iter().flat_map(|it| &it.outcomes).skip(1).collect();
    assert_eq!((unmarked[0].unit.as_str(), unmarked[0].score), ("fire", None), "nobody marked it");
}

#[test]
fn a_marked_unit_appeals_in_time_and_once() {
    let published = [open(), vote("one", &[full("housing")]), publish(25)];
    let of = |commands: &[Command]| refused(&[&published[..], commands].concat());
    assert_eq!(refused(&[open(), appeal("fire", 1)]), Refusal::BallotUnpublished);
    assert_eq!(of(&[appeal("water", 26)]), Refusal::NotOnTheBallot(code("water")));
    assert_eq!(of(&[appeal("fire", 266)]), Refusal::BallotAppealTooLate { until: after(265) });
    assert_eq!(of(&[appeal("fire", 26), appeal("fire", 27)]), Refusal::BallotAppealedAlready(code("fire")));
    assert_eq!(of(&[answer(1)]), Refusal::NoSuchBallotAppeal(1));
    assert_eq!(of(&[appeal("fire", 26), answer(1), answer(1)]), Refusal::BallotAppealAnswered(1));
}

#[test]
fn an_upheld_appeal_has_its_unit_marked_anew_and_a_correction_names_what_it_corrects() {
    let fire = |rate: &str| [marks("fire", [rate, "1", "1"], "")];
    let vote_at = |voter: &str, marks: &[Marks], hours| Command::Vote {
        voter: code(voter),
        marks: marks.to_vec(),
        now: after(hours),
    };
    let published = [
        open(),
        vote("one", &[full("housing"), marks("fire", ["0", "1", "1"], "")]),
        vote("two", &[full("housing"), marks("fire", ["0.5", "1", "1"], "")]),
        vote("three", &fire("0.4")),
        publish(25),
        appeal("fire", 26),
    ];
    let of = |commands: &[Command]| [&published[..], commands].concat();
    // What is not upheld opens nothing.
    assert_eq!(refused(&of(&[answer(1), vote_at("one", &fire("1"), 27)])), Refusal::BallotClosed);
    assert_eq!(play(&of(&[answer(1), publish(28)])).1.pop().unwrap(), Ok(vec![]));

    let upheld = of(&[answered(1, true, 50), vote_at("one", &fire("1"), 27)]);
    let then = |commands: &[Command]| [&upheld[..], commands].concat();
    assert_eq!(refused(&then(&[vote_at("one", &fire("1"), 28)])), Refusal::VotedAlready(code("one")));
    assert_eq!(refused(&then(&[vote_at("two", &[full("housing")], 28)])), Refusal::BallotClosed, "not that unit");
    assert_eq!(refused(&then(&[vote_at("four", &fire("1"), 28)])), Refusal::NotAVoter(code("four")));
    assert_eq!(refused(&then(&[publish(50)])), Refusal::BallotOpen { left: 2, closes_at: after(50) });
    assert_eq!(refused(&then(&[vote_at("two", &fire("1"), 51)])), Refusal::BallotClosed, "its time is over");

    // Two marked anew, and the mark of the third stands; of the other unit nothing has changed.
    let corrected = then(&[vote_at("two", &fire("0.9"), 28), publish(51)]);
    let (state, outcomes) = play(&corrected);
    let [first, second] = &state.publications[..] else { panic!("{:?}", state.publications) };
    let score = |of: &Published, unit: &str| {
        of.outcomes.iter().find(|it| it.unit == code(unit)).unwrap().score.unwrap().to_string()
    };
    assert_eq!((first.number, &first.follows[..], score(first, "fire")), (1, &[][..], "65.0000".to_owned()));
    assert_eq!((second.number, &second.follows[..], score(second, "fire")), (2, &[1][..], "88.3333".to_owned()));
    assert_eq!(score(first, "housing"), score(second, "housing"));
    assert!(matches!(outcomes.last(), Some(Ok(events)) if events.len() == 1));
    // It is over again, until somebody appeals against the correction.
    let again = |commands: &[Command]| [&corrected[..], commands].concat();
    assert_eq!(play(&again(&[publish(52)])).1.pop().unwrap(), Ok(vec![]));
    assert_eq!(refused(&again(&[vote_at("three", &fire("1"), 52)])), Refusal::BallotClosed);
    let (state, _) = play(&again(&[appeal("fire", 53)]));
    assert_eq!((state.appeals[1].publication, state.appeals.len()), (2, 2));
}

proptest! {
    /// Full marks are 100, a better mark never lowers a score, and no score leaves 0 to 100.
    #[test]
    fn a_better_mark_never_lowers_a_score(
        rates in prop::collection::vec(prop::array::uniform3(0i64..=100), 1..=3), which in 0usize..9, by in 0i64..=100,
    ) {
        let score = |rates: &[[i64; 3]]| {
            let votes = rates.iter().zip(["one", "two", "three"]).map(|(rates, voter)| {
                let rates = rates.map(|rate| Decimal::new(rate, 2).to_string());
                vote(voter, &[marks("fire", [&rates[0], &rates[1], &rates[2]], "")])
            });
            let commands: Vec<Command> = std::iter::once(open()).chain(votes).chain([publish(25)]).collect();
            let published = play(&commands).0.published().unwrap().clone();
            published.outcomes.into_iter().find(|it| it.unit == code("fire")).unwrap().score.unwrap()
        };
        let mut better = rates.clone();
        let voter = which % rates.len();
        better[voter][which / 3] = (better[voter][which / 3] + by).min(100);
        let (before, now) = (score(&rates), score(&better));
        prop_assert!(Decimal::ZERO <= before && before <= now && now <= Decimal::ONE_HUNDRED);
        prop_assert_eq!(score(&[[100; 3]]), Decimal::ONE_HUNDRED);
    }
}
