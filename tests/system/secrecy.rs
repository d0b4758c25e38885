//! Whoever is rated reads no vote before its period is published (R-77): with a department's token everything that reads is
//! asked, by reflection, and no byte of a vote is in any answer.

use chassis::Identity;
use futures::StreamExt;
use proto::casebook::v1::{Case, Freshness, GetRequest, WatchRequest};
use proto::evaluation::v1::PublishPeriodRequest;
use proto::evaluation::v1::period_service_client::PeriodServiceClient;
use station::access::table::{self, Does};
use story::{Story, read};

use crate::access::{Contracts, holds};
use crate::stories::played;
use crate::support::installation::{Installation, acting, operator};
use crate::support::root;

const DISTRICT: &str = "jiangan";
const TITLE: &str = "路边大树歪斜";
const STREET: &str = "jiangan-yiyuan-command-centre";
const RATED: &str = "jiangan-parks";
/// What the votes say, and nothing else does.
const COMMENT: &str = "来的人态度恶劣像三号台阶";
const REASON: &str = "到场迟了一个半钟头还忘带锯子";
const NOTE: &str = "回访时隔壁在装修听不清";
/// Who rated for the street.
const VOTER: &str = "voter-7741";

/// A tree, to which a department was called; rated by the caller, by the street, and called back about.
fn story() -> String {
    format!(
        r#"
story: R77
title: 谁打的分 (who rated)
source: made for this test
district: {DISTRICT}
begins: "2019-10-15T08:20:00+08:00"
actors:
  guard: {{ role: caller, staff: caller-3311 }}
  street: {{ role: street, party: {STREET}, staff: {VOTER} }}
  parks: {{ role: department, party: {RATED}, staff: yl-0021 }}
  district: {{ role: district, party: jiangan-centre, staff: jq-0004 }}
steps:
  - at: +0m
    actor: guard
    do: submit
    case: tree
    with: {{ channel: grid-patrol, category: dangerous-tree, title: {TITLE}, text: 树枝压向变压器, place: {{ party: jiangan-yiyuan-tongxing-grid-1 }} }}
  - {{ at: +5m, actor: street, do: call, case: tree, with: {{ situation: dangerous-tree, parties: [{{ party: {RATED}, duty: lead }}] }} }}
  - {{ at: +10m, actor: parks, do: respond, case: tree, with: {{ officer: yl-0021, post: 科长 }} }}
  - {{ at: +15m, actor: parks, do: report-in, case: tree, with: {{ officer: yl-0021, post: 科长 }} }}
  - {{ at: +1h, actor: parks, do: done, case: tree, with: {{ outcome: solved, note: 修剪完成 }} }}
  - {{ at: +1h10m, actor: district, do: callback, case: tree, with: {{ outcome: reached, note: {NOTE} }} }}
  - {{ at: +1h20m, actor: street, do: rate-party, case: tree, with: {{ party: {RATED}, rate: "0.4", deduction_reason: {REASON} }} }}
  - {{ at: +1h30m, actor: guard, do: rate, case: tree, with: {{ rating: dissatisfied, comment: {COMMENT} }} }}
expect:
  - case: tree
    events: {{ Rated: 1, PartyRated: 1, CallbackLogged: 1, Reopened: 1 }}
"#
    )
}

/// The story's case.
async fn rated_case(installation: &Installation) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("story.yaml");
    std::fs::write(&file, story()).unwrap();
    let told = played(installation, &read(&file).unwrap()).await;
    assert!(told.differences.is_empty(), "{:?}", told.differences);
    let cases = installation.cases(DISTRICT).await;
    let told = cases.iter().find(|case| case.title == TITLE).unwrap();
    told.case_id.clone()
}

async fn seen_by(installation: &Installation, who: &Identity, case: &str) -> Case {
    let request = GetRequest { district: DISTRICT.to_owned(), case_id: case.to_owned(), freshness: None };
    installation.casebook(who).await.get(request).await.unwrap().into_inner().case.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn before_publication_no_answer_has_a_byte_of_a_vote_for_who_is_rated_and_all_for_who_may_read_it() {
    let installation = Installation::start(&[DISTRICT]);
    let case = rated_case(&installation).await;
    let contracts = Contracts::read();
    let department = acting("department", RATED);
    let (mut asked, mut answered) = (0, 0);
    for method in &contracts.methods {
        let row = table::row(&method.path).unwrap();
        let role = station::Caller::from_identity(&department).unwrap().role;
        if row.does != Does::Look || row.relation(role).is_none() {
            continue;
        }
        asked += 1;
        let found = contracts.try_on(&installation, &department, method, &case).await;
        for answer in found.unwrap_or_default() {
            answered += 1;
            // Of which steps the scale consists stands in the charter, which everybody may read.
            let is_rules = method.path.ends_with("/GetCharters");
            let secrets = [COMMENT, REASON, NOTE, VOTER, "dissatisfied"].into_iter();
            let secrets = secrets.filter(|secret| !(is_rules && *secret == "dissatisfied"));
            let leaked: Vec<_> = secrets.filter(|secret| holds(&answer, secret)).collect();
            assert!(leaked.is_empty(), "{} tells a department {leaked:?}", method.path);
        }
    }
    assert!(asked >= 10 && answered >= 5, "only {answered} answers of {asked} methods");

    // A request that says something everywhere is no good for watching from the start.
    let watch = WatchRequest { district: DISTRICT.to_owned(), case_id: case.clone(), from_start: true, after: 0 };
    let mut watched = installation.casebook(&department).await.watch(watch).await.unwrap().into_inner();
    let mut heard = Vec::new();
    while let Some(told) = watched.next().await {
        let entry = told.unwrap().entry.unwrap();
        let text = format!("{entry:?}");
        assert!(![COMMENT, REASON, NOTE, VOTER].iter().any(|secret| text.contains(secret)), "{text}");
        heard.push(entry.event);
        if heard.last().is_some_and(|event| event == "Reopened") {
            break;
        }
    }
    assert!(
        !heard.iter().any(|event| ["Rated", "PartyRated", "CallbackLogged"].contains(&event.as_str())),
        "{heard:?}"
    );

    let shown = seen_by(&installation, &department, &case).await;
    let events: Vec<&str> = shown.timeline.iter().map(|entry| entry.event.as_str()).collect();
    assert!(events.contains(&"Called") && events.contains(&"Reopened"), "{events:?}");
    assert!(
        !events.iter().any(|event| ["Rated", "PartyRated", "Scored", "RatingRequested"].contains(event)),
        "{events:?}"
    );

    // Whom the table names reads every vote; others of the street do not.
    let auditor = Identity { district: DISTRICT.into(), ..acting("auditor", "") };
    for who in [acting("street", STREET), acting("district", "jiangan-centre"), operator(), auditor] {
        let shown = format!("{:?}", seen_by(&installation, &who, &case).await);
        for said in [COMMENT, REASON, NOTE] {
            assert!(shown.contains(said), "{} does not read {said}", who.role);
        }
    }
    for (role, party) in [("grid", "jiangan-yiyuan-tongxing-grid-1"), ("community", "jiangan-yiyuan-tongxing")] {
        let shown = format!("{:?}", seen_by(&installation, &acting(role, party), &case).await);
        assert!(![COMMENT, REASON, NOTE].iter().any(|said| shown.contains(said)), "{role} reads a vote");
    }
}

/// Nobody does anything until the month is over.
const A_MONTH_LATER: &str = r#"
story: LATER
title: the month is over
district: jiangan
begins: "2019-11-04T09:00:00+08:00"
actors:
  street: { role: street, party: jiangan-yiyuan-command-centre, staff: yy-0001 }
steps:
  - { at: +0m, actor: street, do: wait }
expect:
  - cases: { count: 0 }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn once_the_month_is_published_who_was_rated_reads_what_was_said_of_them() {
    let installation = Installation::start(&[DISTRICT]);
    let told = played(&installation, &read(&root().join("tests/stories/s17-stray-parking.yaml")).unwrap()).await;
    assert!(told.differences.is_empty(), "{:?}", told.differences);
    let case = rated_case(&installation).await;
    let department = acting("department", RATED);
    let said = |shown: &Case| format!("{shown:?}").contains(REASON);
    assert!(!said(&seen_by(&installation, &department, &case).await));

    played(&installation, &Story::parse(A_MONTH_LATER).unwrap()).await;
    let district = installation.channel(&acting("district", "jiangan-centre")).await;
    let publish = |period: &str| PublishPeriodRequest {
        district: DISTRICT.to_owned(),
        period: period.to_owned(),
        ..PublishPeriodRequest::default()
    };
    // The appraisal of that month is no publication of what departments were scored.
    crate::appraisals::a_month_of_grids(&installation, DISTRICT, "2019-10").await;
    assert!(!said(&seen_by(&installation, &department, &case).await), "an appraisal");
    let mut periods = PeriodServiceClient::new(district);
    periods.publish_period(publish("2019-09")).await.unwrap();
    assert!(!said(&seen_by(&installation, &department, &case).await), "another month");
    let published = periods.publish_period(publish("2019-10")).await.unwrap().into_inner();
    let freshness = Some(Freshness { at_least: published.position, ..Freshness::default() });
    let request = GetRequest { district: DISTRICT.to_owned(), case_id: case, freshness };
    let shown = installation.casebook(&department).await.get(request).await.unwrap().into_inner().case.unwrap();
    assert!(said(&shown));
}
