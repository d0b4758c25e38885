//! The pages, as people use them: by links and labels, never by ids. Each story signs in as whoever it is about, on a real
//! installation, and says what a person would look for.

mod desks;
mod frame;
mod residents;

use crate::support::browser::Browser;
use crate::support::installation::Installation;
use crate::support::until;

/// The stories are of this district, and count nothing in it.
const DISTRICT: &str = "jiangan";

/// Somebody in front of the pages, signed in as one of a group of the list.
async fn signed_in(installation: &Installation, group: &str, name: &str, person: &str) -> Browser {
    let mut browser = Browser::new(&installation.endpoints.pages);
    enter(&mut browser, group, name, person).await;
    browser
}

/// Signs in by the list: `group` is the role's heading there, `name` a choice below it.
async fn enter(browser: &mut Browser, group: &str, name: &str, person: &str) {
    let value = browser.open(&format!("/sign-in?district={DISTRICT}")).await.choice(group, name);
    browser.send("", "Enter", &[("Who you are", &value), ("Your reference", person)]).await;
    assert_eq!(browser.page.status, 200, "{}", browser.page.text());
}

/// Loads a page until it says something.
async fn until_says(browser: &mut Browser, address: &str, text: &str) {
    until(&format!("{address} says {text:?}"), async || browser.open(address).await.says(text).then_some(())).await;
}
