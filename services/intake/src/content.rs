//! What makes two submissions the same matter told the same way (D10): the one form they are brought into, and the parts of
//! it that are hashed.

use charter::{Channel, Charter};
use hmac::{Hmac, KeyInit, Mac};
use ids::{CaseId, Code};
use pbjson_types::Timestamp;
use proto::common::v1::Place;
use proto::intake::v1::SubmitRequest;
use sha2::Sha256;
use vocabulary::text::{is_placeholder, tidy};

use crate::domain::submission::known;
use crate::wire;

/// The same submission with texts in their one form, and without what is typed where nothing is known.
pub fn tidied(request: &SubmitRequest) -> SubmitRequest {
    let said = |text: &str| if is_placeholder(text) { String::new() } else { tidy(text) };
    let place = request.place.as_ref().map(|place| Place {
        party: said(&place.party),
        address: said(&place.address),
        longitude: place.longitude,
        latitude: place.latitude,
    });
    SubmitRequest {
        district: said(&request.district),
        external_ref: said(&request.external_ref),
        channel: said(&request.channel),
        caller_ref: said(&request.caller_ref),
        title: said(&request.title),
        text: said(&request.text),
        place,
        category: said(&request.category),
        related_case: said(&request.related_case),
        campaign: said(&request.campaign),
        ..request.clone()
    }
}

/// The same submission without what the charter would have supplied, had nobody said it, and with codes for names. So it
/// makes no difference whether a sender says its own district. What was left out stays left out: a charter that supplies
/// something else later makes no other matter of what was acknowledged before.
pub fn without_what_goes_without_saying(
    tidy: &SubmitRequest,
    charter: &Charter,
    bridge: &Code,
    own: Option<&Code>,
) -> SubmitRequest {
    let mut plain = tidy.clone();
    if own == Some(&charter.district) {
        plain.district.clear();
    }
    let first = charter.bridges().iter().find(|known| known.code == *bridge).and_then(|bridge| bridge.channels.first());
    let channel = match tidy.channel.as_str() {
        "" => first.and_then(|first| charter.channel(first.as_str())),
        said => channel(charter, said),
    };
    if let Some(channel) = channel {
        plain.channel = if first == Some(&channel.code) { String::new() } else { channel.code.to_string() };
        let usual = |value: &mut i32, usual: i32| *value = if *value == usual { 0 } else { *value };
        usual(&mut plain.kind, wire::to_kind(channel.kind).into());
        usual(&mut plain.caller_class, wire::to_caller_class(channel.class).into());
        usual(&mut plain.way, wire::to_way(channel.way).into());
    }
    if plain.occurred_at == plain.recorded_at {
        plain.occurred_at = None;
    }
    if let Some(category) = category(charter, &tidy.category) {
        plain.category = category.to_string();
    }
    if let Ok(case) = tidy.related_case.parse::<CaseId>() {
        plain.related_case = case.to_string();
    }
    plain.place = plain.place.map(|place| somewhere(place, charter));
    plain
}

/// The forms in which earlier versions hashed it: tidied and as it was sent, with its district said or not.
pub fn earlier_forms(sent: &SubmitRequest, tidy: &SubmitRequest, district: &Code) -> [SubmitRequest; 3] {
    let named = SubmitRequest { district: district.to_string(), ..tidy.clone() };
    [tidy.clone(), sent.clone(), named]
}

/// HMAC-SHA-256 over the parts, each with its length before it.
pub fn keyed_hash(key: &[u8], parts: &[impl AsRef<str>]) -> Vec<u8> {
    #[allow(clippy::unwrap_used, reason = "HMAC takes a key of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    for part in parts.iter().map(AsRef::as_ref) {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part.as_bytes());
    }
    mac.finalize().into_bytes().to_vec()
}

/// Everything of a submission that is compared. How to reach the caller is not among it: it is kept elsewhere, and may change.
pub fn parts(request: &SubmitRequest) -> Vec<String> {
    let place = request.place.clone().unwrap_or_default();
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let instant = |at: &Option<Timestamp>| at.map(|at| format!("{}.{}", at.seconds, at.nanos)).unwrap_or_default();
    let mut parts = vec![
        request.district.clone(),
        request.channel.clone(),
        request.kind.to_string(),
        request.caller_class.to_string(),
        request.caller_ref.clone(),
        request.title.clone(),
        request.text.clone(),
        place.party,
        place.address,
        number(place.longitude),
        number(place.latitude),
        instant(&request.occurred_at),
        request.category.clone(),
        request.related_case.clone(),
    ];
    // Only where said, each under its name: what was recorded before these fields existed keeps its hash.
    for (name, value, said) in [
        ("campaign", request.campaign.clone(), !request.campaign.is_empty()),
        ("recorded_at", instant(&request.recorded_at), request.recorded_at.is_some()),
        ("way", request.way.to_string(), request.way != 0),
    ] {
        if said {
            parts.extend([name.to_owned(), value]);
        }
    }
    parts
}

fn channel<'c>(charter: &'c Charter, said: &str) -> Option<&'c Channel> {
    let find = |code: &str| charter.channel(code).map(|channel| &channel.code);
    let names = charter.channels().iter().map(|channel| (&channel.name, &channel.code));
    charter.channel(known(said, find, names, |_| ())?.as_str())
}

fn category(charter: &Charter, said: &str) -> Option<Code> {
    let find = |code: &str| charter.category(code).map(|category| &category.code);
    known(said, find, charter.categories().iter().map(|category| (&category.name, &category.code)), |_| ())
}

/// A place without the position of devices that know none, and without a party that its position tells.
fn somewhere(mut place: Place, charter: &Charter) -> Place {
    if (place.longitude, place.latitude) == (Some(0.0), Some(0.0)) {
        (place.longitude, place.latitude) = (None, None);
    }
    let find = |code: &str| charter.party(code).map(|party| &party.code);
    let names = charter.places().map(|party| (&party.name, &party.code));
    // Earlier versions took any unit for a place, and hashed its code.
    let others = charter.parties().iter().map(|party| (&party.name, &party.code));
    let said = known(&place.party, find, names, |_| ());
    if let Some(party) = said.or_else(|| known(&place.party, find, others, |_| ())) {
        let there = place.longitude.zip(place.latitude).and_then(|(east, north)| charter.party_at(east, north));
        let told = there.is_some_and(|there| there.code == party);
        place.party = if told { String::new() } else { party.to_string() };
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(request: &SubmitRequest) -> Vec<String> {
        let charter = Charter::shipped("wuchang").unwrap();
        let (bridge, own): (Code, Code) = ("wuchang-weilinli".parse().unwrap(), "wuchang".parse().unwrap());
        parts(&without_what_goes_without_saying(&tidied(request), &charter, &bridge, Some(&own)))
    }

    fn lamp() -> SubmitRequest {
        SubmitRequest { external_ref: "wl-1".to_owned(), title: "路灯不亮".to_owned(), ..Default::default() }
    }

    #[test]
    fn what_goes_without_saying_may_be_said() {
        let charter = Charter::shipped("wuchang").unwrap();
        let bridge = charter.bridges().iter().find(|bridge| bridge.code.as_str() == "wuchang-weilinli").unwrap();
        let channel = charter.channel(bridge.channels[0].as_str()).unwrap();
        let at = |longitude, latitude| Some(Place { longitude, latitude, ..Default::default() });
        for said in [
            SubmitRequest { district: "wuchang".to_owned(), ..lamp() },
            SubmitRequest { channel: channel.code.to_string(), ..lamp() },
            SubmitRequest { channel: channel.name.zh.clone(), ..lamp() },
            SubmitRequest { kind: wire::to_kind(channel.kind).into(), ..lamp() },
            SubmitRequest { caller_class: wire::to_caller_class(channel.class).into(), ..lamp() },
            SubmitRequest { way: wire::to_way(channel.way).into(), ..lamp() },
            SubmitRequest { place: at(Some(0.0), Some(0.0)), ..lamp() },
            SubmitRequest { place: at(None, None), category: "不详".to_owned(), ..lamp() },
            SubmitRequest { title: " 路灯不亮\r\n".to_owned(), ..lamp() },
        ] {
            assert_eq!(compared(&said), compared(&lamp()), "{said:?}");
        }
    }

    #[test]
    fn what_says_something_else_is_something_else() {
        let other = Charter::shipped("wuchang").unwrap().channels().last().map(|channel| channel.code.to_string());
        for said in [
            SubmitRequest { title: "路灯又不亮".to_owned(), ..lamp() },
            SubmitRequest { channel: other.unwrap_or_default(), ..lamp() },
            SubmitRequest { kind: 4, ..lamp() },
            SubmitRequest { caller_ref: "c-1".to_owned(), ..lamp() },
            SubmitRequest {
                place: Some(Place { longitude: Some(114.3), latitude: Some(30.5), ..Default::default() }),
                ..lamp()
            },
        ] {
            assert_ne!(compared(&said), compared(&lamp()), "{said:?}");
        }
    }

    #[test]
    fn what_was_hashed_before_is_known() {
        let named = SubmitRequest { district: "wuchang".to_owned(), ..lamp() };
        let forms = |sent: &SubmitRequest| {
            earlier_forms(sent, &tidied(sent), &"wuchang".parse().unwrap()).map(|form| parts(&form))
        };
        assert!(forms(&lamp()).contains(&parts(&named)) && forms(&lamp()).contains(&parts(&lamp())));
        assert_eq!(compared(&named), parts(&lamp()), "nor is it new when nothing was said");
    }
}
