//! What happens to a resolved case, as stories.

mod callbacks;

use charter::{ScoreSource, Unrated};
use ids::Code;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::super::*;
use super::*;

mod offered;

const RESOLVED: Timestamp = Timestamp::constant(1_795_000_000, 0);

fn code(text: &str) -> Code {
    text.parse().unwrap()
}

fn due() -> Timestamp {
    RESOLVED + SignedDuration::from_hours(72)
}

/// From here on nobody is in time.
fn over() -> Timestamp {
    late_from(due())
}

fn formula(name: &str, weights: &[(&str, u32, ScoreSource)]) -> Formula {
    let weight = |(code_, weight, source): &(&str, u32, ScoreSource)| Weight {
        code: code(code_),
        weight: (*weight).into(),
        source: *source,
    };
    Formula { name: name.to_owned(), weights: weights.iter().map(weight).collect(), unrated: Unrated::Spread }
}

/// Wuchang's: the caller's word closes the case and does not count.
fn wuchang() -> Formula {
    formula(
        "10 + 40 + 50",
        &[
            ("response", 10, ScoreSource::ResponseOnTime),
            ("completion", 40, ScoreSource::DoneOnTime),
            ("satisfaction", 50, ScoreSource::StreetRating),
        ],
    )
}

/// Heping's: caller and street both count.
fn heping() -> Formula {
    formula(
        "50 + 20 + 30",
        &[
            ("completion", 50, ScoreSource::DoneOnTime),
            ("satisfaction", 20, ScoreSource::CallerRating),
            ("perception", 30, ScoreSource::StreetRating),
        ],
    )
}

/// The same, where nothing is made of what nobody rated.
fn holding_back() -> Formula {
    Formula { unrated: Unrated::HeldBack, ..heping() }
}

fn clocks(responded: bool, reported_in: bool, done: bool) -> Clocks {
    Clocks { responded_in_time: responded, reported_in_in_time: reported_in, done_in_time: done }
}

/// As measured for whoever called last.
fn kept(responded: bool, reported_in: bool, done: bool) -> Performance {
    Performance { calling_party: None, round: None, clocks: clocks(responded, reported_in, done) }
}

/// The street called the construction bureau, which was late to respond, and the traffic police, which kept all.
fn asked(round: u32) -> Asked {
    Asked {
        round,
        due: due(),
        calling_party: Some(code("street-command-centre")),
        solved_by: Some(code("street-command-centre")),
        performance: [(code("jsj"), kept(false, true, true)), (code("traffic"), kept(true, true, true))].into(),
    }
}

fn ask(round: u32) -> Command {
    Command::Ask { asked: asked(round), formula: wuchang() }
}

fn rate(rate: &str, formula: Formula) -> Command {
    let (rating, solved) = if rate == "0" { ("dissatisfied", false) } else { ("satisfied", true) };
    let rate = rate.parse().unwrap();
    Command::Rate { rating: code(rating), rate, solved, comment: String::new(), now: RESOLVED, formula }
}

fn rate_party(party: &str, rate: &str, formula: Formula) -> Command {
    let mark = Mark::new(rate, "派来的人不能拍板").unwrap();
    Command::RateParty { by: code("street-command-centre"), party: code(party), mark, now: RESOLVED, formula }
}

/// Calls back that the charter here has room for.
const CALLBACKS: u32 = 10;

fn called_back(outcome: CallbackOutcome) -> Command {
    called_back_by(Some("hotline"), outcome, None)
}

fn called_back_by(unit: Option<&str>, outcome: CallbackOutcome, again_at: Option<Timestamp>) -> Command {
    let (by, note) = (unit.map(code), String::new());
    Command::LogCallback { by, outcome, note, again_at, most: CALLBACKS, now: RESOLVED }
}

fn check(now: Timestamp, formula: Formula) -> Command {
    Command::CheckDeadlines { now, formula }
}

/// What each command leads to, one after the other.
fn play(commands: &[Command]) -> (State, Vec<Result<Vec<Event>, Refusal>>) {
    let mut state = State::default();
    let mut outcomes = Vec::new();
    for command in commands {
        let outcome = Rules::decide(&state, command);
        for event in outcome.iter().flatten() {
            state = Rules::evolve(state, event);
        }
        outcomes.push(outcome);
    }
    (state, outcomes)
}

/// The events of the last command, each in a word; scores with party and total.
fn last(commands: &[Command]) -> Vec<String> {
    let (_, outcomes) = play(commands);
    let events = outcomes.last().cloned().unwrap().unwrap();
    let tell = |event: &Event| match event {
        Event::RatingRequested { asked, .. } => format!("requested {}", asked.round),
        Event::Rated { rating, .. } => format!("rated {rating}"),
        Event::PartyRated { party, mark, .. } => format!("{party} rated {}", mark.rate()),
        Event::CallbackLogged { .. } => "called back".to_owned(),
        Event::RatingLapsed { round } => format!("lapsed {round}"),
        Event::RatingPutOff { round } => format!("put off {round}"),
        Event::Scored(score) => {
            let total = score.total.map_or_else(|| "nothing".to_owned(), |total| total.to_string());
            format!("{} scored {total} of round {}", score.party, score.round)
        }
    };
    events.iter().map(tell).collect()
}

fn refused(commands: &[Command]) -> Refusal {
    play(commands).1.pop().unwrap().unwrap_err()
}

#[test]
fn the_streets_mark_completes_a_score_in_wuchang() {
    let commands = [ask(1), rate("1", wuchang()), rate_party("jsj", "0.9", wuchang())];
    assert_eq!(last(&commands[..2]), ["rated satisfied"], "the caller's word does not count there");
    assert_eq!(last(&commands), ["jsj rated 0.9", "jsj scored 85 of round 1"]);
}

#[test]
fn in_heping_the_last_of_caller_and_street_completes_every_score() {
    let by_the_caller =
        [ask(1), rate_party("jsj", "1", heping()), rate_party("traffic", "0.5", heping()), rate("0.6", heping())];
    assert_eq!(last(&by_the_caller[..3]), ["traffic rated 0.5"]);
    assert_eq!(last(&by_the_caller), ["rated satisfied", "jsj scored 92 of round 1", "traffic scored 77 of round 1"]);
    let by_the_street = [ask(1), rate("0.6", heping()), rate_party("jsj", "1", heping())];
    assert_eq!(last(&by_the_street), ["jsj rated 1", "jsj scored 92 of round 1"]);
}

#[test]
fn one_rating_per_principal_and_round() {
    assert_eq!(refused(&[ask(1), rate("1", wuchang()), rate("0", wuchang())]), Refusal::AlreadyRated { round: 1 });
    let twice = [ask(1), rate_party("jsj", "0.9", wuchang()), rate_party("jsj", "1", wuchang())];
    assert_eq!(refused(&twice), Refusal::PartyAlreadyRated { party: code("jsj"), round: 1 });
}

#[test]
fn a_case_resolved_again_is_rated_again_and_an_older_resolution_is_no_news() {
    let commands = [ask(1), rate("0", wuchang()), ask(2), rate("1", wuchang()), rate_party("jsj", "1", wuchang())];
    assert_eq!(last(&commands), ["jsj rated 1", "jsj scored 90 of round 2"]);
    for late in [1, 2] {
        assert!(last(&[ask(1), ask(2), ask(late)]).is_empty(), "resolution {late} again");
    }
}

/// Asked anew after round 1; `again` was called again, the other one was not.
fn ask_again(again: &str) -> Command {
    let mut asked = asked(2);
    for (party, performance) in &mut asked.performance {
        performance.round = Some(if party.as_str() == again { 2 } else { 1 });
    }
    Command::Ask { asked, formula: wuchang() }
}

#[test]
fn a_mark_stands_until_the_party_is_called_again() {
    let first = [ask(1), rate_party("jsj", "0", wuchang()), rate("0", wuchang())];
    let answered = |again| [&first[..], &[ask_again(again)]].concat();
    assert_eq!(last(&answered("traffic")), ["requested 2", "jsj scored 40 of round 2"]);
    let (_, outcomes) = play(&answered("traffic"));
    let requested = outcomes.last().unwrap().as_ref().unwrap().first();
    assert!(matches!(requested, Some(Event::RatingRequested { rated, .. }) if *rated == [code("jsj")]));
    let once_more = [&answered("traffic")[..], &[rate_party("jsj", "1", wuchang())]].concat();
    assert_eq!(refused(&once_more), Refusal::PartyAlreadyRated { party: code("jsj"), round: 1 });
    // Called again it is rated again, and keeps what it had if nobody does.
    let newer = [&answered("jsj")[..], &[rate_party("jsj", "0.9", wuchang())]].concat();
    assert_eq!(last(&newer), ["jsj rated 0.9", "jsj scored 85 of round 2"]);
    let silent = [&answered("jsj")[..], &[check(over(), wuchang())]].concat();
    assert_eq!(last(&silent), ["lapsed 2", "jsj scored 40 of round 2", "traffic scored 100 of round 2"]);
}

#[test]
fn nobody_rates_what_is_open_again() {
    let put_off = Command::PutOff { asked: asked(1) };
    let call = called_back(CallbackOutcome::Reached);
    let opened = [ask(1), put_off.clone()];
    assert_eq!(last(&opened), ["put off 1"]);
    for says in [rate("0", wuchang()), rate_party("jsj", "1", wuchang()), call] {
        assert_eq!(refused(&[&opened[..], &[says]].concat()), Refusal::NotResolved);
    }
    for no_news in [check(over(), wuchang()), put_off.clone(), ask(1)] {
        assert!(last(&[&opened[..], &[no_news]].concat()).is_empty());
    }
    assert_eq!(
        last(std::slice::from_ref(&put_off)),
        ["requested 1", "put off 1"],
        "its resolution is still on the way"
    );
    assert!(last(&[ask(1), ask(2), put_off]).is_empty(), "it is answered again");
    let give_up = Command::Abandon { asked: asked(1), formula: Some(wuchang()) };
    let scored = ["lapsed 1", "jsj scored 80 of round 1", "traffic scored 100 of round 1"];
    assert_eq!(last(&[&opened[..], &[give_up]].concat()), scored);
}

#[test]
fn only_the_street_that_called_rates_and_only_whom_it_called() {
    let stranger = Command::RateParty {
        by: code("other-command-centre"),
        party: code("jsj"),
        mark: Mark::new("1", "").unwrap(),
        now: RESOLVED,
        formula: wuchang(),
    };
    let (by, calling) = (code("other-command-centre"), code("street-command-centre"));
    assert_eq!(refused(&[ask(1), stranger]), Refusal::NotTheCallingParty { by, calling });
    let uncalled = rate_party("water", "1", wuchang());
    assert_eq!(refused(&[ask(1), uncalled.clone()]), Refusal::NotCalled { party: code("water") });
    let nobody = Asked { calling_party: None, performance: BTreeMap::new(), ..asked(1) };
    let solved_alone = Command::Ask { asked: nobody, formula: wuchang() };
    assert_eq!(refused(&[solved_alone, uncalled]), Refusal::NobodyCalled);
}

/// The street called the traffic police, and a special group, which called last, the construction bureau.
#[test]
fn each_rates_whom_it_called() {
    let mut called = asked(1);
    called.calling_party = Some(code("group"));
    called.performance.get_mut(&code("traffic")).unwrap().calling_party = Some(code("street-command-centre"));
    let ask = Command::Ask { asked: called, formula: wuchang() };
    let rate = |by: &str, party| {
        let mut rate = rate_party(party, "1", wuchang());
        if let Command::RateParty { by: rating, .. } = &mut rate {
            *rating = code(by);
        }
        rate
    };
    let (street, group) = ("street-command-centre", "group");
    assert_eq!(last(&[ask.clone(), rate(street, "traffic")])[0], "traffic rated 1");
    assert_eq!(last(&[ask.clone(), rate(group, "jsj")])[0], "jsj rated 1");
    for (by, party, calling) in [(group, "traffic", street), (street, "jsj", group)] {
        let (by, calling) = (code(by), code(calling));
        let refusal = refused(&[ask.clone(), rate(by.as_str(), party)]);
        assert_eq!(refusal, Refusal::NotTheCallingParty { by, calling });
    }
}

#[test]
fn silence_lapses_once_and_what_is_known_is_scored() {
    assert!(last(&[ask(1), check(due(), wuchang())]).is_empty(), "never in its last second");
    // 10·0 + 40·1 over 50, and full marks for who kept all.
    let silent = [ask(1), check(over(), wuchang())];
    assert_eq!(last(&silent), ["lapsed 1", "jsj scored 80 of round 1", "traffic scored 100 of round 1"]);
    let again = [ask(1), check(over(), wuchang()), check(over(), wuchang())];
    assert!(last(&again).is_empty(), "and never twice");
    let half = [ask(1), rate_party("jsj", "0.9", wuchang()), check(over(), wuchang())];
    assert_eq!(last(&half), ["lapsed 1", "traffic scored 100 of round 1"]);
}

#[test]
fn when_all_is_rated_there_is_nothing_left_to_lapse() {
    let commands = [
        ask(1),
        rate("1", wuchang()),
        rate_party("jsj", "1", wuchang()),
        rate_party("traffic", "1", wuchang()),
        check(over(), wuchang()),
    ];
    assert!(last(&commands).is_empty());
    assert!(!play(&commands).0.round.unwrap().waits());
}

#[test]
fn nobody_rates_after_the_time_is_over_even_before_the_alarm_has_rung() {
    let rate_at = |now| Command::Rate {
        rating: code("satisfied"),
        rate: Decimal::ONE,
        solved: true,
        comment: String::new(),
        now,
        formula: wuchang(),
    };
    assert_eq!(last(&[ask(1), rate_at(due())]), ["rated satisfied"], "the last second counts");
    assert_eq!(refused(&[ask(1), rate_at(over())]), Refusal::Lapsed { due: due() });
    let lapsed = [ask(1), check(over(), wuchang()), rate_party("jsj", "1", wuchang())];
    assert_eq!(refused(&lapsed), Refusal::Lapsed { due: due() });
    assert_eq!(refused(&[rate("1", wuchang())]), Refusal::NotResolved);
}

#[test]
fn a_case_solved_without_a_call_is_rated_and_scores_nobody() {
    let nobody = Asked { calling_party: None, performance: BTreeMap::new(), ..asked(1) };
    let solved_alone = Command::Ask { asked: nobody, formula: heping() };
    assert_eq!(last(&[solved_alone.clone(), rate("1", heping())]), ["rated satisfied"]);
    assert_eq!(last(&[solved_alone, check(over(), heping())]), ["lapsed 1"]);
}

#[test]
fn a_formula_of_clocks_alone_scores_at_once() {
    let clocks_only = formula("100", &[("completion", 100, ScoreSource::DoneOnTime)]);
    let request = Command::Ask { asked: asked(1), formula: clocks_only };
    assert_eq!(last(&[request]), ["requested 1", "jsj scored 100 of round 1", "traffic scored 100 of round 1"]);
}

#[test]
fn an_excluded_case_is_scored_no_more() {
    let abandon = Command::Abandon { asked: asked(1), formula: None };
    assert_eq!(last(&[ask(1), rate_party("jsj", "1", wuchang()), abandon.clone()]), ["lapsed 1"]);
    assert_eq!(last(std::slice::from_ref(&abandon)), ["requested 1", "lapsed 1"], "its resolution is still on the way");
    for after in [ask(1), abandon.clone(), check(over(), wuchang())] {
        assert!(last(&[abandon.clone(), after]).is_empty());
    }
    assert!(last(&[ask(2), abandon]).is_empty(), "an older resolution is not what counts now");
}

#[test]
fn a_case_given_up_after_it_was_opened_again_is_scored_for_what_was_done() {
    let give_up = Command::Abandon { asked: asked(1), formula: Some(wuchang()) };
    let scored = ["lapsed 1", "jsj scored 80 of round 1", "traffic scored 100 of round 1"];
    assert_eq!(last(&[ask(1), rate("0", wuchang()), give_up.clone()]), scored);
    assert_eq!(last(std::slice::from_ref(&give_up))[1..], scored, "its resolution is still on the way");
    for after in [ask(1), give_up.clone(), check(over(), wuchang())] {
        assert!(last(&[give_up.clone(), after]).is_empty());
    }
}

#[test]
fn where_the_charter_holds_it_back_there_is_no_total_of_what_nobody_rated() {
    let spread = last(&[ask(1), check(over(), heping())]);
    assert_eq!(spread, ["lapsed 1", "jsj scored 100 of round 1", "traffic scored 100 of round 1"]);
    let held_back = last(&[ask(1), check(over(), holding_back())]);
    assert_eq!(held_back, ["lapsed 1", "jsj scored nothing of round 1", "traffic scored nothing of round 1"]);
    let whole = last(&[ask(1), rate("1", holding_back()), rate_party("jsj", "0.5", holding_back())]);
    assert_eq!(whole, ["jsj rated 0.5", "jsj scored 85 of round 1"]);
}

fn any_formula() -> impl Strategy<Value = Formula> {
    prop_oneof![
        Just(wuchang()),
        Just(heping()),
        Just(formula("100", &[("satisfaction", 100, ScoreSource::CallerRating)])),
        Just(holding_back()),
    ]
}

fn any_command() -> impl Strategy<Value = Command> {
    let hours = || (0i64..100).prop_map(|hours| RESOLVED + SignedDuration::from_hours(hours));
    let party = prop_oneof![Just("jsj"), Just("traffic"), Just("water")];
    let street = prop_oneof![9 => Just("street-command-centre"), 1 => Just("other-command-centre")];
    prop_oneof![
        3 => (1u32..4, any_formula()).prop_map(|(round, formula)| Command::Ask { asked: asked(round), formula }),
        1 => (1u32..4).prop_map(|round| Command::PutOff { asked: asked(round) }),
        1 => (1u32..4).prop_map(|round| Command::Abandon { asked: asked(round), formula: None }),
        1 => (1u32..4).prop_map(|round| Command::Abandon { asked: asked(round), formula: Some(wuchang()) }),
        3 => (0u32..=10, hours(), any_formula()).prop_map(|(tenths, now, formula)| Command::Rate {
            rating: code("satisfied"),
            rate: Decimal::new(tenths.into(), 1),
            solved: tenths > 5,
            comment: String::new(),
            now,
            formula,
        }),
        6 => (street, party, 0u32..=100, hours(), any_formula()).prop_map(|(by, party, hundredths, now, formula)| {
            let mark = Mark::new(&Decimal::new(hundredths.into(), 2).to_string(), "派来的人不能拍板").unwrap();
            Command::RateParty { by: code(by), party: code(party), mark, now, formula }
        }),
        1 => Just(called_back(CallbackOutcome::Reached)),
        2 => (hours(), any_formula()).prop_map(|(now, formula)| Command::CheckDeadlines { now, formula }),
    ]
}

proptest! {
    /// Whatever comes in whatever order: what was decided is remembered, and the same again leads to nothing.
    #[test]
    fn the_same_again_changes_nothing(commands in prop::collection::vec(any_command(), 1..40)) {
        let mut state = State::default();
        for command in &commands {
            let Ok(events) = Rules::decide(&state, command) else { continue };
            state = events.iter().fold(state, Rules::evolve);
            // A second call back is a second call; only its command id tells a repeat.
            if !matches!(command, Command::LogCallback { .. }) {
                let again = Rules::decide(&state, command);
                prop_assert!(again.as_ref().map_or(true, Vec::is_empty), "{command:?} again: {again:?}");
            }
        }
    }

    /// Every resolution that stands until its time is over leaves each called party with exactly one score, as long
    /// as there is anything to score it by.
    #[test]
    fn every_called_party_gets_one_score_a_round(commands in prop::collection::vec(any_command(), 1..40)) {
        let mut commands = commands;
        commands.retain(|command| !matches!(command, Command::Abandon { .. }));
        commands.extend([ask(9), check(over(), wuchang())]);
        let (state, outcomes) = play(&commands);
        let mut scores: Vec<(u32, Code)> = outcomes.iter().flatten().flatten().filter_map(|event| match event {
            Event::Scored(score) => Some((score.round, score.party.clone())),
            Event::RatingRequested { .. } | Event::Rated { .. } | Event::PartyRated { .. }
            | Event::CallbackLogged { .. } | Event::RatingLapsed { .. } | Event::RatingPutOff { .. } => None,
        }).collect();
        let all = scores.len();
        scores.sort();
        scores.dedup();
        prop_assert_eq!(scores.len(), all, "somebody was scored twice for one resolution");
        prop_assert!(scores.contains(&(9, code("jsj"))) && scores.contains(&(9, code("traffic"))));
        prop_assert!(!state.round.unwrap().waits());
    }
}
