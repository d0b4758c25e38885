//! Coming in and going out, what the browser is told, and what is done when something is not as it should be.

use std::time::Duration;

use chassis::{Clock, Identity, Issuer, Service, ServiceParts, Verifier};
use tokio::net::TcpListener;

use super::{DISTRICT, enter, signed_in};
use crate::support::browser::Browser;
use crate::support::installation::{acting, shared};
use crate::support::until;

#[tokio::test(flavor = "multi_thread")]
async fn each_role_comes_in_where_it_was_going_and_sees_its_own_rooms() {
    let installation = shared();
    let mut browser = Browser::new(&installation.endpoints.pages);
    browser.open("/queue").await;
    assert!(browser.page.says("Sign in first"), "{}", browser.page.text());
    assert!(browser.page.html.contains("For play"), "it says that this is for play");
    let value =
        browser.open("/sign-in?district=jiangan&back=/queue").await.choice("Street command centre", "Yiyuan Street");
    browser.send("", "Enter", &[("Who you are", &value), ("Your reference", "w-1")]).await;
    assert_eq!((browser.page.status, browser.page.address.as_str()), (200, "/queue"), "{}", browser.page.text());
    let rooms = browser.page.texts("nav a");
    assert_eq!(
        rooms,
        ["Inbox", "To be judged", "District at a glance", "Figures", "Report", "Find by number", "Rules"]
    );
    // What is another role's room is not there.
    assert_eq!(browser.open("/calls").await.status, 404);
    assert_eq!(browser.open("/mine").await.status, 404);
    browser.send("", "Sign out", &[]).await;
    assert!(browser.cookie("huying-session").is_none());
    assert!(browser.open("/inbox").await.says("Sign in first"));

    let mut resident = signed_in(&installation, "Resident", "Resident", "frame-1").await;
    assert_eq!(resident.page.texts("nav a"), ["Report", "My reports", "Find by number"]);
    assert_eq!(resident.open("/inbox").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_is_told_to_take_nothing_from_elsewhere_and_a_first_load_is_small() {
    let installation = shared();
    let mut browser = signed_in(&installation, "Resident", "Resident", "frame-2").await;
    let page = browser.open("/report").await.clone();
    let policy = &page.headers["content-security-policy"];
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(page.headers["cache-control"], "no-store");
    assert_eq!(page.headers["x-content-type-options"], "nosniff");
    assert!(!page.html.contains("style=") && !page.html.contains("<script>"), "nothing is written into a page");
    let mut bytes = page.html.len();
    for (element, attribute) in [("link[rel=stylesheet]", "href"), ("script[src]", "src")] {
        for address in page.attributes(element, attribute) {
            assert!(address.starts_with("/assets/"), "{address}");
            let asset = browser.open(&address).await;
            assert_eq!(asset.status, 200);
            assert!(asset.headers["cache-control"].contains("immutable"));
            bytes += asset.html.len();
        }
    }
    assert!(bytes < 100_000, "{bytes} bytes at first");
    // Every field has a label, and every page a language and one heading.
    assert_eq!(page.unlabelled(), Vec::<String>::new());
    assert_eq!(page.texts("h1").len(), 1);
    assert_eq!(page.attributes("html", "lang"), ["en"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_speaks_the_language_that_was_chosen() {
    let installation = shared();
    let mut browser = Browser::new(&installation.endpoints.pages).speaking("fr");
    assert_eq!(browser.open("/sign-in").await.attributes("html", "lang"), ["zh-Hans"]);
    browser.send("", "English", &[]).await;
    assert!(
        browser.page.address.starts_with("/sign-in") && browser.page.says("Who you are"),
        "{}",
        browser.page.text()
    );
    browser.send("", "繁體中文", &[]).await;
    assert!(browser.page.says("登入") && browser.page.says("身份"), "{}", browser.page.text());
    // And stays so in the next room.
    assert!(browser.open("/nowhere").await.says("沒有找到"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_when_a_session_ends_is_sent_after_signing_in_again() {
    let installation = shared();
    let mut browser = signed_in(&installation, "Resident", "Resident", "frame-3").await;
    let soon = Identity { district: DISTRICT.into(), staff_ref: "frame-3".into(), ..acting("caller", "") };
    let (now, life) = (Clock::real().real_now(), Duration::from_secs(3));
    let token = installation.data().issuer().unwrap().issue(&soon, now, life);
    browser.put_cookie("huying-session", &token);
    let form = browser.open("/report").await.clone();
    assert_eq!(form.status, 200, "{}", form.text());
    until("the session ends", async || browser.open("/mine").await.says("expired").then_some(())).await;
    assert!(browser.page.address.contains("back=%2Fmine"), "{}", browser.page.address);

    browser.send_from(&form, "", "Send", &[("What is it", "井盖不见了"), ("What else", "在菜场门口")]).await;
    assert!(browser.page.says("expired"), "{}", browser.page.text());
    let value = browser.page.choice("Resident", "Resident");
    browser.send("", "Enter", &[("Who you are", &value), ("Your reference", "frame-3")]).await;
    assert!(
        browser.page.says("What you wrote is still here") && browser.page.says("井盖不见了"),
        "{}",
        browser.page.text()
    );
    browser.send("", "Send it now", &[]).await;
    assert!(browser.page.says("We have it") && browser.page.says("在菜场门口"), "{}", browser.page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_not_of_this_session_changes_nothing() {
    let installation = shared();
    let mut browser = signed_in(&installation, "Resident", "Resident", "frame-4").await;
    let fields = [("title", "假的"), ("external_ref", "forged"), ("form-word", "0123")];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    browser.post("/report", &fields).await;
    assert_eq!(browser.page.status, 403);
    assert!(browser.page.says("It was not sent"), "{}", browser.page.text());
    // One of before somebody else signed in is of nobody now.
    let form = browser.open("/report").await.clone();
    enter(&mut browser, "Resident", "Resident", "frame-5").await;
    browser.send_from(&form, "", "Send", &[("What is it", "假的")]).await;
    assert_eq!(browser.page.status, 403);
    assert!(!browser.open("/mine").await.says("假的"));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_is_not_for_play_nobody_comes_in_without_a_token() {
    let issuer = Issuer::generate();
    let verifier = Some(Verifier::from_public_pem(&issuer.public_pem()).unwrap());
    let clock = Clock::real();
    let mut service = Service::new("console", ServiceParts { clock: clock.clone(), verifier });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    // No service listens there: signing in needs none.
    console::open(console::Config::beside("http://127.0.0.1:1".to_owned()), listener, &mut service).unwrap();
    let mut browser = Browser::new(&base);
    let page = browser.open("/").await.clone();
    assert!(page.says("Token") && !page.says("Who you are") && !page.html.contains("For play"), "{}", page.text());
    let who = [("who", "district/jiangan-centre"), ("person", "x"), ("district", DISTRICT)];
    let mut fields: Vec<(String, String)> = who.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    fields.push(("form-word".to_owned(), page.attributes("main input[name=form-word]", "value")[0].clone()));
    browser.post("/sign-in", &fields).await;
    assert_eq!(browser.page.status, 400);
    assert!(browser.cookie("huying-session").is_none(), "nobody becomes anybody by asking");

    browser.send("", "Enter", &[("Token", "not a token")]).await;
    assert!(browser.page.says("This token is no good"), "{}", browser.page.text());
    assert_eq!(browser.page.value("", "Enter", "Token"), "not a token");
    // With a good one they are in; that the services do not answer is said as what it is.
    let token = issuer.issue(&acting("district", "jiangan-centre"), clock.real_now(), Duration::from_secs(60));
    browser.send("", "Enter", &[("Token", &token)]).await;
    assert_eq!(browser.page.status, 503);
    assert!(browser.page.says("Not available right now") && browser.page.link("Try again").is_some());
}
