//! An installation that lives chains what it writes, and an auditor finds all of it as it was written (D18).

use chassis::Identity;
use proto::casebook::v1::GetChainsRequest;
use serde_json::Value;
use story::read;
use tonic::Code;

use crate::stories::played;
use crate::support::installation::{Installation, acting};
use crate::support::program::{huying, huying_ok};
use crate::support::root;

const DISTRICT: &str = "wuchang";

#[tokio::test(flavor = "multi_thread")]
async fn every_commit_of_an_installation_is_chained_and_stays_so_when_it_is_filed() {
    let installation = Installation::start(&[DISTRICT]);
    let story = read(&root().join("tests/stories/s1-tanhualin.yaml")).unwrap();
    let told = played(&installation, &story).await;
    assert!(told.differences.is_empty(), "{:?}", told.differences);
    let data = installation.data().path().display().to_string();
    let audit = |args: &[&str]| -> Value {
        let said = huying_ok(&[&["audit"], args, &["--json", "--data", data.as_str()]].concat());
        serde_json::from_str(&said).unwrap()
    };

    let before = audit(&["verify"]);
    let found = &before[0];
    assert_eq!((found["district"].as_str(), found["broken"].as_u64()), (Some(DISTRICT), Some(0)), "{before}");
    assert_eq!(found["unchained"], 0, "{before}");
    let (commits, chains) = (found["commits"].as_u64().unwrap(), found["chains"].as_u64().unwrap());
    assert!(commits > 15 && chains >= 5, "{before}");
    // The day before it began is over, and was anchored at once.
    assert_eq!((found["anchors"].as_u64(), found["anchored_position"].as_u64()), (Some(1), Some(0)), "{before}");

    let case = installation.cases(DISTRICT).await.remove(0).case_id;
    let alone = audit(&["verify", "--case", &case]);
    assert_eq!((alone[0]["broken"].as_u64(), alone[0]["filed_cases"].as_u64()), (Some(0), Some(0)), "{alone}");
    huying_ok(&["archive", "run", "--closed-before", "2019-06-01", "--json", "--data", data.as_str()]);
    let after = audit(&["verify"]);
    assert_eq!((&after[0]["commits"], &after[0]["chains"]), (&found["commits"], &found["chains"]), "{after}");
    assert_eq!((after[0]["broken"].as_u64(), after[0]["filed_cases"].as_u64()), (Some(0), Some(1)), "{after}");
    assert_eq!(audit(&["verify", "--case", &case])[0]["commits"], alone[0]["commits"]);
    assert_eq!(audit(&["show"])[0]["anchors"], 1);
    assert_eq!(audit(&["anchor"])["made"], serde_json::json!([]), "no day is over");

    // An auditor asks with a token, and a department may not.
    let auditor = Identity { district: DISTRICT.into(), ..acting("auditor", "") };
    let asked = GetChainsRequest { district: DISTRICT.to_owned(), case_id: case.clone() };
    let shown = installation.casebook(&auditor).await.get_chains(asked.clone()).await.unwrap().into_inner();
    assert!(shown.filed && shown.breaks.is_empty() && shown.anchored_day.len() == 10, "{shown:?}");
    assert_eq!((Some(shown.commits), shown.unchained), (alone[0]["commits"].as_u64(), 0));
    let department = acting("department", "wuchang-water");
    let refused = installation.casebook(&department).await.get_chains(asked).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");

    let unknown = huying(&["audit", "verify", "--district", "nowhere", "--data", data.as_str()]);
    assert_eq!(unknown.status.code(), Some(64));
}
