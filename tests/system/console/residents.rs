//! Whoever raises a matter: three fields, a number to write down, and every step in plain words.

use proto::intake::v1::CallerClass;

use super::{DISTRICT, signed_in, until_says};
use crate::evidence::photograph;
use crate::support::browser::Browser;
use crate::support::installation::shared;

/// The number that a page of a case shows.
fn number(browser: &Browser) -> String {
    browser.page.texts(".number").first().cloned().unwrap_or_else(|| panic!("no number on\n{}", browser.page.text()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resident_reports_follows_adds_and_takes_back() {
    let installation = shared();
    let mut resident = signed_in(&installation, "Resident", "Resident", "residents-1").await;
    // What is missing or wrong is said beside its field, and nothing that was typed is lost.
    let typed = [
        ("What else should we know", "<b>路灯</b>坏了三天，电话 13812345678"),
        ("Longitude", "not a number"),
        ("Latitude", "30.6"),
    ];
    resident.send("", "Send", &typed).await;
    assert_eq!(resident.page.status, 422);
    let faults = resident.page.texts(".summary a");
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(resident.page.html.contains("aria-invalid=\"true\""));
    assert_eq!(resident.page.value("", "Send", "What else"), typed[0].1);
    assert_eq!(resident.page.value("", "Send", "Latitude"), "30.6");
    // The service's own faults come to their fields in the same way.
    let text = "长".repeat(201);
    resident.send("", "Send", &[("What is it", &text), ("Longitude", ""), ("Latitude", "95")]).await;
    let faults = resident.page.texts(".field .error");
    assert!(faults.len() >= 2, "{faults:?}\n{}", resident.page.text());

    resident.send("", "Suggest a category", &[("What is it", "路灯不亮"), ("Latitude", "")]).await;
    assert!(resident.page.says("By your words it could be"), "{}", resident.page.text());
    resident.send("", "Send", &[]).await;
    assert!(
        resident.page.says("We have it") && resident.page.says("Write this number down"),
        "{}",
        resident.page.text()
    );
    let case = number(&resident);
    assert!(resident.page.html.contains("&lt;b&gt;路灯&lt;/b&gt;"), "what people write is shown as they wrote it");
    assert!(!resident.page.html.contains("13812345678"), "a telephone number is masked");
    until_says(&mut resident, &format!("/cases/{case}"), "In the hands of").await;
    assert!(resident.page.says("To be done by") && resident.page.says("It was received"), "{}", resident.page.text());

    resident.send("Add something", "Add it", &[("What you want to add", "今天更暗了")]).await;
    assert!(resident.page.says("It has been recorded") && resident.page.says("今天更暗了"), "{}", resident.page.text());
    // Found again by number and in the list.
    resident.open("/find").await;
    resident.send("", "Find", &[("Number of the case", &case)]).await;
    assert!(resident.page.address.ends_with(&case));
    assert!(resident.open("/mine").await.link("路灯不亮").is_some());
    resident.open("/find").await;
    resident.send("", "Search", &[("Or find cases by words", "路灯")]).await;
    assert!(resident.page.link_to(&format!("/cases/{case}")), "{}", resident.page.text());

    resident.open(&format!("/cases/{case}")).await;
    resident.send("Take it back", "Take the report back", &[("Why", "修好了")]).await;
    until_says(&mut resident, &format!("/cases/{case}"), "It is closed").await;
    assert!(!resident.page.buttons().contains(&"Take the report back".to_owned()), "no button that does nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photograph_is_chosen_once_and_shown_on_the_page_of_its_case() {
    let installation = shared();
    let mut resident = signed_in(&installation, "Resident", "Resident", "residents-9").await;
    let text = "三盏都不亮";
    let typed = [("What is it", "路灯不亮"), ("What else should we know", text)];
    let no_picture = b"<html><script>alert(1)</script>".as_slice();
    resident.send_file("Send", &typed, ("Photographs", "lamp.jpg", no_picture)).await;
    assert_eq!(resident.page.status, 422, "{}", resident.page.text());
    let faults = resident.page.texts(".field .error");
    assert!(faults.len() == 1 && faults[0].contains("lamp.jpg"), "{faults:?}");
    assert_eq!(resident.page.value("", "Send", "What else"), text, "nothing that was typed is lost");
    // One that is taken stays with the form, whatever else is wrong with it.
    let picture = photograph(17);
    resident.send_file("Send", &[("What is it", "")], ("Photographs", "lamp.jpg", &picture)).await;
    assert_eq!(resident.page.status, 422, "{}", resident.page.text());
    assert!(resident.page.says("Attached") && resident.page.texts("label").contains(&"lamp.jpg".to_owned()));
    assert_eq!(resident.page.unlabelled(), Vec::<String>::new());
    resident.send("", "Send", &[("What is it", "路灯不亮")]).await;
    assert!(resident.page.says("We have it"), "{}", resident.page.text());
    let case = number(&resident);
    resident.open(&format!("/cases/{case}")).await;
    let [small] = &resident.page.attributes(".gallery img", "src")[..] else { panic!("{}", resident.page.text()) };
    let [whole] = &resident.page.attributes(".gallery a", "href")[..] else { panic!("{}", resident.page.text()) };
    let (status, kind, content) = resident.fetch(whole).await;
    assert_eq!((status, kind.as_str()), (200, "image/jpeg"));
    assert!(content == picture, "another picture came back");
    assert_eq!(resident.fetch(small).await.0, 200);
    let other = signed_in(&installation, "Resident", "Resident", "residents-10").await;
    assert_eq!(other.fetch(whole).await.0, 404);
    // And with what is added to it.
    let more = [("What you want to add", "今天的样子")];
    resident.send_file("Add it", &more, ("Photographs", "today.jpg", &photograph(18))).await;
    assert_eq!(resident.page.attributes(".gallery img", "src").len(), 2, "{}", resident.page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_not_there_for_who_has_nothing_to_do_with_it_and_its_link_opens_it_for_who_has() {
    let installation = shared();
    let mut resident = signed_in(&installation, "Resident", "Resident", "residents-2").await;
    resident.send("", "Send", &[("What is it", "楼道堆满杂物"), ("You are", "an enterprise")]).await;
    let case = number(&resident);
    let recorded = installation.case(DISTRICT, &case).await;
    assert_eq!(recorded.caller_class(), CallerClass::Enterprise);
    let whole = resident.page.attributes("main a[href*='/r/']", "href").first().cloned().expect("a link to keep");
    // As whoever reads it reaches the pages.
    let link = whole.strip_prefix(&installation.endpoints.pages).expect("a whole link").to_owned();
    // Not in an address, which histories and logs keep.
    assert!(!resident.page.address.contains("hyr."), "{}", resident.page.address);

    let mut other = signed_in(&installation, "Resident", "Resident", "residents-3").await;
    let strangers = other.open(&format!("/cases/{case}")).await.clone();
    let nobodys = other.open("/cases/261121-7k3q9xf").await.clone();
    assert_eq!((strangers.status, nobodys.status), (404, 404));
    assert_eq!(strangers.text(), nobodys.text(), "what is there and what is not look the same");

    // By the link whoever has it is the caller, of this case alone.
    let mut holder = Browser::new(&installation.endpoints.pages);
    holder.open(&link).await;
    assert!(holder.page.says("楼道堆满杂物"), "{}", holder.page.text());
    holder.send("Add something", "Add it", &[("What you want to add", "已经三个月了")]).await;
    assert!(holder.page.says("已经三个月了"), "{}", holder.page.text());
    assert_eq!(holder.open("/report").await.status, 404, "a receipt is no account");
    let (head, _) = link.rsplit_once('.').unwrap();
    let mut guesser = Browser::new(&installation.endpoints.pages);
    guesser.open(&format!("{head}.aaaaaaaaaaaaaaaaaaaaaaaaaa")).await;
    assert_eq!(guesser.page.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_grass_roots_are_told_of_what_is_there_already() {
    let installation = shared();
    let mut community = signed_in(&installation, "Community", "Yiyuan Street · 同兴社区", "residents-4").await;
    community.open("/report").await;
    let said = [
        ("What is it", "社区花坛里有大量垃圾"),
        ("What else", "花坛里堆了很多建筑垃圾没人管"),
        ("Which street", "同兴社区"),
        ("Address", "同兴里 12 号"),
    ];
    community.send("", "Send", &said).await;
    let first = community.page.texts("h1").first().cloned().unwrap();
    assert!(first.contains("社区花坛里有大量垃圾"), "{}", community.page.text());
    let case = first.split(' ').next().unwrap().to_owned();
    community.open("/report").await;
    community.send("", "Suggest a category", &said).await;
    assert!(community.page.says("Somebody may have reported this already"), "{}", community.page.text());
    assert_eq!(community.page.link("社区花坛里有大量垃圾"), Some(format!("/cases/{case}")));
    assert_eq!(community.page.value("", "Send", "Address"), "同兴里 12 号");
}
