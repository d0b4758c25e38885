//! The powers of the streets on a whole installation: letters are numbered, what is confidential stays so, and a power that
//! is not given refuses everything.

use std::collections::BTreeSet;

use chassis::Identity;
use futures::future::join_all;
use proto::powers::v1::consultation_service_client::ConsultationServiceClient;
use proto::powers::v1::personnel_service_client::PersonnelServiceClient;
use proto::powers::v1::suggestion_service_client::SuggestionServiceClient;
use proto::powers::v1::{
    GetLetterRequest, MakeSuggestionRequest, OpenProjectRequest, PersonnelMatter, Secrecy, SendLetterRequest,
};
use story::Story;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::charters::copy;
use crate::stories::played;
use crate::support::installation::{Installation, acting, operator, shared};
use crate::support::{root, until};

const DISTRICT: &str = "wuchang";
const BUREAU: &str = "wuchang-market";
const STREET: &str = "wuchang-jiyuqiao";
/// Letters sent at the same time.
const LETTERS: usize = 12;

fn letter(district: &str, name: &str, secrecy: Secrecy) -> SendLetterRequest {
    SendLetterRequest {
        district: district.to_owned(),
        letter: name.to_owned(),
        street: format!("{district}-{}", if district == DISTRICT { "jiyuqiao" } else { "yiyuan" }),
        matter: PersonnelMatter::Promotion.into(),
        person: "zf-0017".to_owned(),
        secrecy: secrecy.into(),
        text: "拟提任，请研究".to_owned(),
        ..SendLetterRequest::default()
    }
}

async fn send(installation: &Installation, request: SendLetterRequest) {
    let mut bureau = PersonnelServiceClient::new(installation.channel(&acting("department", BUREAU)).await);
    bureau.send_letter(request).await.unwrap();
}

async fn number(installation: &Installation, who: &Identity, name: &str) -> Result<String, Status> {
    let mut client = PersonnelServiceClient::new(installation.channel(who).await);
    let request = GetLetterRequest { district: DISTRICT.to_owned(), letter: name.to_owned() };
    Ok(client.get_letter(request).await?.into_inner().number)
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_sent_at_once_are_numbered_without_a_gap_and_none_twice() {
    let installation = shared();
    let run = uuid::Uuid::new_v4().simple().to_string();
    let names: Vec<String> = (0..LETTERS).map(|at| format!("numbered-{at}-{run}")).collect();
    let sent = names.iter().map(|name| send(&installation, letter(DISTRICT, name, Secrecy::Ordinary)));
    join_all(sent).await;
    let bureau = acting("department", BUREAU);
    let mut numbers = BTreeSet::new();
    for name in &names {
        let printed = until("the letter has its number", async || {
            let number = number(&installation, &bureau, name).await.unwrap();
            (!number.is_empty()).then_some(number)
        })
        .await;
        // As the charter has it: 武昌区人函〔2026〕12号.
        let (_, after) = printed.split_once('〕').unwrap();
        let number: usize = after.trim_end_matches('号').parse().unwrap();
        assert!(numbers.insert(number), "{printed} is there twice");
    }
    // Other letters of the district may stand between or before them; nothing is left out.
    let (first, last) = (*numbers.first().unwrap(), *numbers.last().unwrap());
    assert!(last - first <= LETTERS, "{numbers:?} of {LETTERS} letters and the confidential one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confidential_letter_is_there_for_its_parties_alone() {
    let installation = shared();
    let name = format!("confidential-{}", uuid::Uuid::new_v4().simple());
    send(&installation, letter(DISTRICT, &name, Secrecy::Confidential)).await;
    let command_centre = acting("street", "wuchang-jiyuqiao-command-centre");
    for party in [acting("department", BUREAU), command_centre, acting("street", STREET)] {
        number(&installation, &party, &name).await.unwrap();
    }
    let strangers = [
        acting("district", "wuchang-centre"),
        operator(),
        acting("street", "wuchang-liangdao-command-centre"),
        acting("department", "wuchang-water"),
        // Posted to the street, and not the street.
        acting("department", "wuchang-jiyuqiao-squad-market"),
    ];
    for stranger in strangers {
        let refused = number(&installation, &stranger, &name).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound, "{} {}: {refused}", stranger.role, stranger.party);
    }
}

/// 江岸区 has given its streets the power to call and to rate whom they called, and none of these (R-97).
#[tokio::test(flavor = "multi_thread")]
async fn a_power_that_a_district_has_not_given_refuses_everything_by_its_own_rule() {
    let installation = shared();
    let named = |refused: Status, power: &str| {
        let rule = refused.get_error_details().error_info().map(|info| info.reason.clone());
        assert_eq!(
            (refused.code(), rule.as_deref()),
            (Code::FailedPrecondition, Some("power-not-granted")),
            "{refused}"
        );
        assert!(refused.message().contains(power), "{refused}");
    };
    let department = acting("department", "jiangan-parks");
    let mut letters = PersonnelServiceClient::new(installation.channel(&department).await);
    let due = proto::ToWireTime::to_wire(chassis::Clock::real().real_now() + jiff::SignedDuration::from_hours(240));
    let request = SendLetterRequest { due: Some(due), ..letter("jiangan", "withheld", Secrecy::Ordinary) };
    named(letters.send_letter(request).await.unwrap_err(), "personnel");
    let request = GetLetterRequest { district: "jiangan".to_owned(), letter: "withheld".to_owned() };
    named(letters.get_letter(request).await.unwrap_err(), "personnel");

    let mut projects = ConsultationServiceClient::new(installation.channel(&department).await);
    let request = OpenProjectRequest {
        district: "jiangan".to_owned(),
        project: "withheld".to_owned(),
        item: "anything".to_owned(),
        title: "停车楼".to_owned(),
        ..OpenProjectRequest::default()
    };
    named(projects.open_project(request).await.unwrap_err(), "decisions");

    let street = acting("street", "jiangan-yiyuan-command-centre");
    let mut suggestions = SuggestionServiceClient::new(installation.channel(&street).await);
    let request = MakeSuggestionRequest {
        district: "jiangan".to_owned(),
        suggestion: "withheld".to_owned(),
        title: "路灯".to_owned(),
        text: "增设路灯".to_owned(),
        addressees: vec!["jiangan-parks".to_owned()],
        ..MakeSuggestionRequest::default()
    };
    named(suggestions.make_suggestion(request).await.unwrap_err(), "decisions");
}

/// A district that keeps the whistle to itself: no street calls and none rates, and its special groups, which are no street's
/// power, do both (R-35, R-97).
#[tokio::test(flavor = "multi_thread")]
async fn where_the_whistle_is_not_given_only_the_districts_own_groups_call() {
    const STREETS_ARE_REFUSED: &str = r#"
  - { at: +30m, actor: street, do: call, case: wall, refused: power-not-granted, with: { parties: [{ party: qiaokou-police, duty: lead }] } }
  - { at: +30m, actor: street, do: rate-party, case: wall, refused: power-not-granted, with: { party: qiaokou-labour, rate: "1" } }"#;
    let folder = tempfile::tempdir().unwrap();
    let town = folder.path().join("qiaokou");
    copy(&root().join("deploy/charters/jiangan"), &town, |text| {
        let given = "instruments: [calling, assessing] }";
        text.replace("jiangan", "qiaokou").replace(given, "instruments: [] }\nnot-given: [calling, assessing]")
    });
    let installation = Installation::start(&[town.to_str().unwrap()]);
    let story = std::fs::read_to_string(root().join("tests/stories/r35-special-group.yaml")).unwrap();
    let (before, after) = story.split_once("\n  - at: +1h\n").unwrap();
    let story = [before, STREETS_ARE_REFUSED, "\n  - at: +1h\n", after].concat().replace("jiangan", "qiaokou");
    let played = played(&installation, &Story::parse(&story).unwrap()).await;
    assert!(played.differences.is_empty(), "{:#?}", played.differences);
}
