//! The desks: a street calls, departments come, the district watches; and two people at once.

use super::{signed_in, until_says};
use crate::support::browser::Browser;
use crate::support::installation::{Installation, shared};
use crate::support::until;

const STREET: &str = "Yiyuan Street";
const TREE: &str = "大树倾斜要倒了";

/// A dangerous tree, which is the street's to call departments for; and whoever reported it.
async fn reported(installation: &Installation, person: &str) -> (Browser, String) {
    let mut resident = signed_in(installation, "Resident", "Resident", person).await;
    let said = [("What is it", TREE), ("Which street", "同兴社区"), ("Category", "Dangerous tree")];
    resident.send("", "Send", &said).await;
    let case = resident.page.texts(".number").first().cloned().unwrap_or_else(|| panic!("{}", resident.page.text()));
    (resident, case)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_street_calls_a_department_comes_and_both_are_rated() {
    let installation = shared();
    let (mut resident, case) = reported(&installation, "desks-1").await;
    let mut street = signed_in(&installation, "Street command centre", STREET, "w-11").await;
    let address = format!("/cases/{case}");
    until("it is in the inbox", async || street.open("/inbox?only=ours").await.link_to(&address).then_some(())).await;
    assert!(street.page.texts(".countdown").iter().any(|it| it.contains("left")), "{}", street.page.text());
    street.open(&address).await;
    street.send("Blow the whistle", "Call them", &[("Note", "有倒伏危险")]).await;
    assert!(street.page.says("It has been recorded"), "{}", street.page.text());
    let board = street.page.texts("table tbody th");
    assert!(!board.is_empty(), "{}", street.page.text());

    // Everybody who was called comes and is done.
    for unit in &board {
        let mut department = signed_in(&installation, "Department", unit, "d-1").await;
        until_says(&mut department, "/calls", &case).await;
        assert!(department.page.says(TREE) && department.page.says("有倒伏危险"), "{}", department.page.text());
        department.send(&case, "Respond", &[("Staff number", "d-7"), ("Post", "科长")]).await;
        assert!(department.page.says("It has been recorded"), "{}", department.page.text());
        // Whoever cannot decide has not come: the form says so and keeps what was typed.
        department.send(&case, "Report in", &[("Staff number", "d-7")]).await;
        assert_eq!(department.page.status, 422);
        assert!(department.page.says("The hub did not take it"), "{}", department.page.text());
        assert_eq!(department.page.value(&case, "Report in", "Staff number"), "d-7");
        department.send(&case, "Report in", &[("Staff number", "d-7"), ("This person is in charge", "yes")]).await;
        until_says(&mut street, &address, "there: d-7").await;
        until_says(&mut department, "/calls", "at work").await;
        department.send(&case, "Done", &[("Outcome", "solved"), ("What was done", "已锯除")]).await;
        assert!(department.page.says("It has been recorded"), "{}", department.page.text());
    }
    until_says(&mut street, &address, "answered, to be rated").await;
    until("the street is asked", async || {
        let page = street.open(&address).await;
        page.buttons().contains(&"Rate".to_owned()).then_some(())
    })
    .await;
    // A deduction without its reason is not taken, and says why at the field.
    let first = board.first().unwrap();
    street.send(&format!("Rate {first}"), "Rate", &[("Rate, 0 to 1", "0.8")]).await;
    assert!(street.page.texts(".field .error").iter().any(|it| it.contains("reason")), "{}", street.page.text());
    assert_eq!(street.page.value(&format!("Rate {first}"), "Rate", "Rate, 0 to 1"), "0.8");
    street.send(&format!("Rate {first}"), "Rate", &[("Reason of a deduction", "来得太慢了")]).await;
    assert!(street.page.says("It has been recorded"), "{}", street.page.text());

    until_says(&mut resident, &address, "Say how it ended").await;
    resident.send("Say how it ended", "Send the rating", &[("How satisfied", "Satisfied")]).await;
    until_says(&mut resident, &address, "It is closed").await;
    assert!(!resident.page.says("Say how it ended"), "rated once");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_at_once_the_second_sees_what_happened_and_keeps_the_words() {
    let installation = shared();
    let (_, case) = reported(&installation, "desks-2").await;
    let address = format!("/cases/{case}");
    let mut one = signed_in(&installation, "Street command centre", STREET, "w-21").await;
    until_says(&mut one, &address, "Pass it one level up").await;
    let mut other = signed_in(&installation, "Street command centre", STREET, "w-22").await;
    other.open(&address).await;
    one.send("Pass it one level up", "Pass it up", &[("Why it cannot be solved here", "需要区里牵头")]).await;
    assert!(one.page.says("It has been recorded"), "{}", one.page.text());

    other.send("Answer it", "Answer", &[("Outcome", "solved"), ("What was done", "已经处理好了")]).await;
    assert_eq!(other.page.status, 422);
    assert!(other.page.says("This was not done") && other.page.says("需要区里牵头"), "{}", other.page.text());
    // It is the district's now: the form is gone with the right to it, and nothing pretends otherwise.
    assert!(!other.page.buttons().contains(&"Answer".to_owned()), "{:?}", other.page.buttons());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_rules_are_not_sure_of_is_judged_by_a_person_who_sees_why() {
    let installation = shared();
    let mut resident = signed_in(&installation, "Resident", "Resident", "desks-3").await;
    resident.send("", "Send", &[("What is it", "麻烦来看一看"), ("Which street", "同兴社区")]).await;
    let case = resident.page.texts(".number").first().cloned().unwrap();
    let mut street = signed_in(&installation, "Street command centre", STREET, "w-31").await;
    until("it waits to be judged", async || {
        street.open("/queue").await.link_to(&format!("/cases/{case}")).then_some(())
    })
    .await;
    street.open(&format!("/cases/{case}")).await;
    street.send("Judge it", "Judge", &[("Leading category", "Dangerous tree")]).await;
    assert!(street.page.says("It has been recorded"), "{}", street.page.text());
    assert!(street.page.says("Why it is theirs"), "the grading table's reasons: {}", street.page.text());
    assert!(!street.open("/queue").await.link_to(&format!("/cases/{case}")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_district_sees_what_goes_on_and_a_whistle_as_it_is_blown() {
    let installation = shared();
    let (_, case) = reported(&installation, "desks-4").await;
    let address = format!("/cases/{case}");
    let mut street = signed_in(&installation, "Street command centre", STREET, "w-41").await;
    until_says(&mut street, &address, "Blow the whistle").await;
    let mut district = signed_in(&installation, "District", "Command", "q-1").await;
    district.open("/wall").await;
    assert!(district.page.says("go on") && district.page.says("By level and colour"), "{}", district.page.text());
    let stream = district.page.attributes("[data-live]", "data-live")[0].clone();
    let heard = async {
        // The stream is open before the whistle: it tells of what comes after.
        let mut blown = false;
        let listening = district.listen(&stream, &case);
        tokio::pin!(listening);
        loop {
            tokio::select! {
                line = &mut listening => return line,
                () = blow(&mut street, &address), if !blown => blown = true,
            }
        }
    };
    let line = heard.await;
    assert!(line.contains("The whistle") && line.contains(&address), "{line}");
    // Drilled down to, it is all there to see; what is the street's to do is not offered to the district.
    district.open(&address).await;
    assert!(district.page.says(TREE) && !district.page.says("Blow the whistle"), "{}", district.page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_is_decided_on_with_the_units_own_words_beside_it() {
    let installation = shared();
    let (_, case) = reported(&installation, "desks-5").await;
    let address = format!("/cases/{case}");
    let mut street = signed_in(&installation, "Street command centre", STREET, "w-51").await;
    until_says(&mut street, &address, "Blow the whistle").await;
    blow(&mut street, &address).await;
    let unit = street.page.texts("table tbody th").first().cloned().unwrap();
    let mut department = signed_in(&installation, "Department", &unit, "d-51").await;
    until_says(&mut department, "/calls", &case).await;
    // Without whose it is it is no return, and the reason stays where it was typed.
    department.send(&case, "Send it back", &[("Reason", "树在小区红线内")]).await;
    assert_eq!(department.page.status, 422);
    assert_eq!(department.page.value(&case, "Send it back", "Reason"), "树在小区红线内");
    let whose = department.page.options(&case, "Send it back", "The unit it belongs to");
    let whose = whose.iter().find(|it| !it.is_empty() && **it != unit).cloned().unwrap();
    department.send(&case, "Send it back", &[("The unit it belongs to", &whose)]).await;
    assert!(department.page.says("It has been recorded"), "{}", department.page.text());

    until_says(&mut street, &address, "sent it back, to be decided").await;
    let title = format!("Decide on the return of {unit}");
    assert!(street.page.says(&format!("{unit} says it belongs to {whose}: 树在小区红线内")), "{}", street.page.text());
    street.send(&title, "Decide", &[("It belongs to", "Not upheld"), ("Reason", "属城区道路行道树")]).await;
    assert!(street.page.says("It has been recorded") && street.page.says("属城区道路行道树"), "{}", street.page.text());
    assert!(!street.page.buttons().contains(&"Decide".to_owned()), "decided once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_up_now_and_then_has_forms_of_its_own() {
    let installation = shared();
    let (_, case) = reported(&installation, "desks-6").await;
    let address = format!("/cases/{case}");
    let mut street = signed_in(&installation, "Street command centre", STREET, "w-61").await;
    until_says(&mut street, &address, "Plan a task").await;
    let task = [("Who does it", "Urban Management"), ("What is to be done", "先拉警戒线"), ("Due", "2099-01-01T09:30")];
    street.send("Plan a task", "Plan it", &task).await;
    assert!(street.page.says("先拉警戒线") && street.page.says("1 Jan 2099 09:30"), "{}", street.page.text());
    street.send("Note how it goes", "Note it", &[("What it is", "something found"), ("Note", "树根已腐烂")]).await;
    assert!(street.page.says("树根已腐烂"), "{}", street.page.text());

    let mut district = signed_in(&installation, "District", "Command", "q-61").await;
    district.open(&address).await;
    // Without a day it is no order; what was typed stays.
    district.send("to account for it", "Ask", &[("What is to be accounted for", "为何还未处理")]).await;
    assert_eq!(district.page.status, 422);
    assert!(district.page.texts(".summary a").len() == 1, "{}", district.page.text());
    assert_eq!(district.page.value("to account for it", "Ask", "What is to be accounted for"), "为何还未处理");
    district.send("to account for it", "Ask", &[("Due", "2099-01-02T18:00")]).await;
    assert!(district.page.says("It has been recorded"), "{}", district.page.text());
    street.open(&address).await;
    street.send("Account for it", "Answer", &[("Answer", "今天动工")]).await;
    assert!(street.page.says("今天动工"), "{}", street.page.text());

    // Two people leave a case out of the statistics: who proposed it is not offered to agree.
    district.open(&address).await;
    district.send("Propose to leave it out", "Propose it", &[("Reason", "重复恶意反映")]).await;
    assert!(!district.page.buttons().contains(&"Agree".to_owned()), "{:?}", district.page.buttons());
    let mut second = signed_in(&installation, "District", "Command", "q-62").await;
    second.open(&address).await;
    second.send("Agree to leave it out", "Agree", &[]).await;
    until_says(&mut second, &address, "It is closed").await;
}

async fn blow(street: &mut Browser, address: &str) {
    street.open(address).await;
    street.send("Blow the whistle", "Call them", &[]).await;
}
