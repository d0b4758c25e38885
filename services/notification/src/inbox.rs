//! A followed commit becomes messages, and their outcomes commits.
//!
//! Messages go out first and are recorded after: a crash in between sends them once more, under the same delivery ids.
//! The other order would lose them. What was taken is recorded while others wait for a receiver that is away, so that
//! nobody is told twice for that; until all have ended the followed commit stays with the broker, which is the queue.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use charter::{Charter, Instrument};
use ids::{Code, Owner};
use jiff::Timestamp;
use proto::FromWireTime;
use proto::record::v1::{Cause, cause};
use proto::streams::{CASES, record_consumer};
use record::follow::{Delivered, Failure};
use record::{Aggregate, Refused, Request, StoredCommit};
use station::desk::read_stored;
use station::{Caller, Desk};
use tokio_util::sync::CancellationToken;
use webhook::{jittered, short_id};

use crate::cases::{Case, Cases};
use crate::company::{Company, PATIENCE};
use crate::courier::{Carried, Courier, Message, Urgency, delivery_id};
use crate::domain::tellings::{Recipient, Telling, Text};
use crate::domain::{Command, Event, Rules, State};
use crate::links::Links;
use crate::patience::{Next, Tries, next};
use crate::standing::Standing;
use crate::told::{looks_back, received, told};
use crate::ways::Way;
use crate::{polls, words};

/// The unit of a street that commands it, as every charter calls it.
const COMMAND_CENTRE: &str = "command-centre";
/// Tries after which a red message counts as reaching nobody: a quarter of a minute.
const UNREACHED_AFTER: u32 = 5;
/// Commits of which something waits for the end of the quiet hours; the consumer has at most 2,000 unsettled.
const HELD_MAX: usize = 1000;
/// How often such a commit is looked at.
const HELD_LOOK_MIN: Duration = Duration::from_secs(1);
const HELD_LOOK_MAX: Duration = Duration::from_secs(15 * 60);

pub struct Inbox {
    desk: Desk<Rules>,
    cases: Cases,
    courier: Courier,
    links: Option<Links>,
    tries: Tries,
    /// Positions of commits of which something waits for the end of the quiet hours.
    held: Mutex<BTreeSet<u64>>,
    company: Company,
}

pub async fn follow(inbox: Arc<Inbox>, stop: CancellationToken) -> anyhow::Result<()> {
    let follower = inbox.desk.station.broker.follower(CASES, &record_consumer(Owner::Notification)).await?;
    follower
        .run(stop, move |delivered| {
            let inbox = Arc::clone(&inbox);
            async move { inbox.handle(&delivered).await }
        })
        .await?;
    Ok(())
}

impl Inbox {
    pub fn new(desk: Desk<Rules>, courier: Courier, links: Option<Links>) -> Self {
        let cases = Cases::new(desk.station.broker.clone());
        Self {
            desk,
            cases,
            courier,
            links,
            tries: Tries::default(),
            held: Mutex::default(),
            company: Company::default(),
        }
    }

    async fn handle(&self, delivered: &Delivered) -> Result<(), Failure> {
        let stored = read_stored(delivered)?;
        if let Some(wait) = self.tries.wait(stored.sequence, Instant::now()) {
            return Err(Failure::Later("it was delivered again before it is to be tried again".into(), wait));
        }
        let key = &stored.subject.key;
        if let Some(received) = received(&stored.commit) {
            self.cases.learn(key, received);
        }
        let before = if looks_back(&stored.commit) { self.cases.before(&stored).await? } else { Standing::default() };
        self.cases.follow(&stored).map_err(Failure::permanent)?;
        let mut told = told(&stored.commit, before).map_err(Failure::permanent)?;
        let poll = polls::ended(&self.desk.station.broker, &stored).await?;
        let question = poll.map(|ended| {
            told.push((ended.position, ended.telling));
            ended.instead_of_case
        });
        if told.is_empty() {
            return Ok(());
        }
        let charter = self.desk.station.charter_to_follow(&key.district)?;
        let case = if let Some(question) = question.flatten() {
            Arc::new(question)
        } else if told.iter().any(|(_, telling)| is_for_all(telling)) {
            self.cases.with_every_caller(key).await?
        } else {
            self.cases.get(key).await?
        };
        let before = self.settled(&stored, delivered).await?;
        let (mut written, mut outcomes) = (Vec::<Message>::new(), Vec::new());
        let mut red = Vec::new();
        for (position, telling) in told.into_iter().filter(|(_, telling)| may_do(&charter, telling)) {
            for recipient in recipients(&charter, &telling.to, &case) {
                let link = self.links.as_ref().and_then(|links| links.to(key, &case, &telling.to, &recipient));
                match write(&charter, &stored, &case, (position, recipient), &telling, link)? {
                    Draft::NoText => tracing::debug!(text = telling.text.as_str(), "the charter has no such text"),
                    Draft::Written(message) => {
                        if message.is_red() {
                            red.push(message.clone());
                        }
                        let each = self.courier.by_each_way(&message).into_iter();
                        for message in each.filter(|it| !before.settled.contains(&it.delivery_id)) {
                            // Somebody has to do with one fact in two ways.
                            if written.iter().all(|it| it.delivery_id != message.delivery_id) {
                                written.push(message);
                            }
                        }
                    }
                    Draft::Unwritable(message, _) if before.settled.contains(&message.delivery_id) => {}
                    Draft::Unwritable(message, error) => {
                        outcomes.push(self.courier.undeliverable(message, &error, 0));
                    }
                }
            }
        }
        written.sort_by_key(Message::rank);
        self.deliver(delivered, &stored, &charter, Out { written, red, before, outcomes }).await
    }

    /// Tries what was written, and records what has ended by that.
    async fn deliver(
        &self,
        delivered: &Delivered,
        about: &StoredCommit,
        charter: &Charter,
        out: Out,
    ) -> Result<(), Failure> {
        let Out { written, red, before, mut outcomes } = out;
        let (held, written) = self.held(about.sequence, charter, written);
        let to_try = !written.is_empty() || !red.is_empty();
        let times = if to_try { self.tries.count(about.sequence, Instant::now()) } else { 0 };
        let Carried { ended, mut failed } = self.courier.carry(written, times).await;
        let unreached = escalate(&self.courier, charter, &red, &before, (&ended, &failed), times);
        outcomes.extend(ended);
        if !unreached.is_empty() {
            let carried = self.courier.carry(unreached, times).await;
            outcomes.extend(carried.ended);
            failed.extend(carried.failed);
        }
        let recorded = self.desk.station.clock.real_now().duration_since(delivered.stored_at);
        let is_red = failed.iter().any(|(message, _)| message.is_red());
        let later = match (failed.first(), next(times, recorded, is_red)) {
            (Some((message, error)), Next::TryAfter(pause)) => {
                let pause = jittered(pause);
                let error = format!("{} to {}, try {times}: {error}", message.text, message.recipient);
                Some((error, pause))
            }
            (Some(_), Next::GiveUp) => {
                let given_up = failed.into_iter();
                outcomes.extend(given_up.map(|(message, error)| self.courier.undeliverable(message, &error, times)));
                None
            }
            (None, Next::TryAfter(_) | Next::GiveUp) => None,
        };
        let later = later.or_else(|| held.map(|pause| ("it waits for the end of the quiet hours".to_owned(), pause)));
        self.record(about, charter, outcomes).await?;
        match later {
            Some((error, pause)) => {
                self.tries.put_off(about.sequence, Instant::now() + pause);
                Err(Failure::Later(error.into(), pause))
            }
            None => {
                self.tries.forget(about.sequence);
                self.held_commits().remove(&about.sequence);
                Ok(())
            }
        }
    }

    /// What waits because people sleep is left out; how long to wait before it is looked at again. So many commits wait, and no
    /// more: whoever holds too much of the record holds up everybody.
    fn held(&self, position: u64, charter: &Charter, written: Vec<Message>) -> (Option<Duration>, Vec<Message>) {
        let until = |message: &Message| self.courier.waits_until(message, &charter.time_zone);
        let Some(until_when) = written.iter().filter_map(until).min() else { return (None, written) };
        let mut held = self.held_commits();
        if held.len() >= HELD_MAX && !held.contains(&position) {
            return (None, written);
        }
        held.insert(position);
        let wait = Duration::try_from(until_when.duration_since(self.desk.station.clock.real_now()));
        let now = written.into_iter().filter(|message| until(message).is_none()).collect();
        (Some(wait.unwrap_or_default().clamp(HELD_LOOK_MIN, HELD_LOOK_MAX)), now)
    }

    fn held_commits(&self) -> MutexGuard<'_, BTreeSet<u64>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has ended already. Only a commit that comes again can have been dealt with before; should one that comes
    /// for the first time have been, its messages are sent once more and recorded once.
    async fn settled(&self, about: &StoredCommit, delivered: &Delivered) -> Result<Arc<State>, Failure> {
        if delivered.deliveries <= 1 && delivered.attempt <= 1 {
            return Ok(Arc::default());
        }
        Ok(Arc::clone(&self.desk.read_to_follow(&about.subject.key).await?.state))
    }

    async fn record(&self, about: &StoredCommit, charter: &Charter, outcomes: Vec<Event>) -> Result<(), Failure> {
        if outcomes.is_empty() {
            return Ok(());
        }
        let request = Request {
            command: Command::Settle { outcomes },
            cause: Cause { kind: Some(cause::Kind::Commit(about.subject.to_string())) },
            actor: Caller::system().actor(),
            command_id: None,
            content_digest: Vec::new(),
            charter_version: charter.version.clone(),
            at: self.desk.station.now(),
        };
        let key = &about.subject.key;
        let answered = match self.company.place(&about.commit) {
            Some(_waits) => self.desk.offer_with_the_next(key, request, PATIENCE).await,
            None => self.desk.offer(key, request).await,
        };
        match answered {
            Ok(answered) => {
                answered.events.iter().for_each(tell);
                Ok(())
            }
            // They were sent; trying again would only send them again.
            Err(Refused::Filed(key)) => {
                tracing::warn!(%key, "sent, and not recorded: the case is filed");
                Ok(())
            }
            Err(Refused::Full(commits)) => {
                tracing::warn!(%key, commits, bound = Rules::REVISIONS_MAX, "sent, and not recorded: the history is full (HY-006)");
                Ok(())
            }
            Err(refused) => match refused.rule_or_failure()? {},
        }
    }
}

/// What is to be told of one commit.
struct Out {
    /// By each way, what has not ended.
    written: Vec<Message>,
    /// What is red, whatever became of it.
    red: Vec<Message>,
    before: Arc<State>,
    outcomes: Vec<Event>,
}

/// A red message that reaches nobody (every way has ended without it, or has failed for a while) is told to the district's
/// command centre as well. Only what has not ended.
fn escalate(
    courier: &Courier,
    charter: &Charter,
    red: &[Message],
    before: &State,
    (ended, failed): (&[Event], &[(Message, String)]),
    times: u32,
) -> Vec<Message> {
    let centre = charter.district_centre().code.as_str();
    let got = |id: &String| {
        let now = ended.iter().any(|event| matches!(event, Event::Sent(delivery) if delivery.id == *id));
        now || before.settled.contains(id) && !before.lost.contains(id)
    };
    let mut all = Vec::new();
    for message in red.iter().filter(|message| message.recipient != centre) {
        let ids: Vec<String> = courier.by_each_way(message).into_iter().map(|it| it.delivery_id).collect();
        let goes_on = ids.iter().any(|id| failed.iter().any(|(message, _)| message.delivery_id == *id));
        if ids.iter().any(got) || goes_on && times < UNREACHED_AFTER {
            continue;
        }
        let instead = Message {
            delivery_id: short_id(&format!("{}|{centre}", message.delivery_id)),
            rendered: words::unreached(charter, message),
            recipient: centre.to_owned(),
            ..message.clone()
        };
        all.extend(courier.by_each_way(&instead).into_iter().filter(|it| !before.settled.contains(&it.delivery_id)));
    }
    all
}

/// Whether everybody who raised the case hears of it, whenever they did. Its receipt is of the first alone.
fn is_for_all(telling: &Telling) -> bool {
    telling.to == Recipient::Callers && telling.text != Text::Received
}

/// Whether the district has given whoever is asked what they would do it by.
fn may_do(charter: &Charter, telling: &Telling) -> bool {
    match (telling.text, &telling.to) {
        (Text::RateParties, Recipient::Party(party)) => charter.may_use(Instrument::Assessing, party),
        (_, _) => true,
    }
}

fn recipients(charter: &Charter, to: &Recipient, case: &Case) -> Vec<String> {
    match to {
        // A post is told as `unit/role`.
        Recipient::Pages { colour, by, parties } => {
            let pages = charter.pages(*colour, by, parties).into_iter();
            pages.map(|page| format!("{}/{}", page.unit, page.role)).collect()
        }
        Recipient::Callers => case.callers.clone(),
        Recipient::Caller(caller) => vec![caller.clone()],
        Recipient::Party(party) => vec![party.to_string()],
        Recipient::Officer { unit, staff_ref } => vec![format!("{unit}/{staff_ref}")],
        Recipient::District => vec![charter.district_centre().code.to_string()],
        Recipient::CommandCentreAt(place) => vec![command_centre(charter, place.as_ref()).to_string()],
    }
}

/// Whoever judges what comes up there, and opens it again.
fn command_centre<'c>(charter: &'c Charter, place: Option<&Code>) -> &'c Code {
    let street = place.and_then(|place| charter.street_of(place));
    let centre = street.and_then(|street| charter.unit_of(&street.code, COMMAND_CENTRE));
    &centre.unwrap_or_else(|| charter.district_centre()).code
}

/// What became of a telling when it was put into words.
enum Draft {
    /// The charter has nothing to say here.
    NoText,
    Written(Message),
    /// With the reason. The message has no words.
    Unwritable(Message, String),
}

fn write(
    charter: &Charter,
    about: &StoredCommit,
    case: &Case,
    (position, recipient): (usize, String),
    telling: &Telling,
    link: Option<String>,
) -> Result<Draft, Failure> {
    let Some(text) = charter.text(telling.text.as_str()) else { return Ok(Draft::NoText) };
    let at: Timestamp = about.commit.at.time().map_err(Failure::permanent)?;
    let key = &about.subject.key;
    let message = Message {
        delivery_id: delivery_id(&about.subject, position, telling.text.as_str(), &recipient),
        text: telling.text.as_str().to_owned(),
        recipient,
        case_id: key.id.clone(),
        district: key.district.clone(),
        rendered: String::new(),
        at,
        way: Way::Otherwise,
        urgency: telling.urgency().map(|colour| Urgency {
            colour: colour.as_str(),
            means: charter.colour_limits(colour).means.iter().map(|means| means.as_str()).collect(),
        }),
    };
    Ok(match charter::render(&text.zh, &words::values(charter, &key.id, case, telling, link)) {
        Ok(rendered) => Draft::Written(Message { rendered, ..message }),
        Err(error) => Draft::Unwritable(message, error),
    })
}

/// Counts an outcome, and logs a lost one: here, where it happens once however often it was tried.
fn tell(outcome: &Event) {
    let delivery = outcome.delivery();
    let (text, transport) = (delivery.text.clone(), delivery.transport.as_str());
    let ended = match outcome {
        Event::Sent(_) => "sent",
        Event::Undeliverable { error, attempts, .. } => {
            tracing::warn!(delivery_id = delivery.id, text, transport, attempts, error, "undeliverable");
            "undeliverable"
        }
    };
    metrics::counter!("notifications_total", "text" => text, "transport" => transport, "outcome" => ended).increment(1);
}

#[cfg(test)]
mod tests {
    use charter::shipped_sources;

    use super::*;
    use crate::domain::tellings::{Says, Whom};
    use crate::ways::Ways;

    #[test]
    fn whoever_may_not_rate_is_not_asked_to() {
        let asked = |charter: &Charter, party: &str| {
            let (text, whom, to) = (Text::RateParties, Whom::CallingStreet, Recipient::Party(party.parse().unwrap()));
            may_do(charter, &Telling { text, whom, to, says: Says::default() })
        };
        let mut files = shipped_sources("jiangan").unwrap();
        let given = Charter::parse(&files).unwrap();
        let powers = files.iter_mut().find(|file| file.path == "powers.yaml").unwrap();
        powers.text = powers.text.replace("[calling, assessing] }", "[calling] }\nnot-given: [assessing]");
        let withheld = Charter::parse(&files).unwrap();
        let (street, group) = ("jiangan-erqi-command-centre", "jiangan-group-livelihood-01");
        assert!(asked(&given, street) && asked(&given, group));
        assert!(!asked(&withheld, street) && asked(&withheld, group), "a group is the district's");
    }

    #[test]
    fn a_red_call_that_reaches_nobody_is_told_to_the_district() {
        let charter = Charter::shipped("wuchang").unwrap();
        let courier = Courier::new(None, Ways::default(), None, chassis::Clock::real());
        let colour = Some(Urgency { colour: "red", means: vec!["sms"] });
        let red = Message { urgency: colour, ..crate::courier::tests::message("wuchang-water/duty-officer") };
        let told = |before: &State, ended: &[Event], failed: &[(Message, String)], times| {
            escalate(&courier, &charter, std::slice::from_ref(&red), before, (ended, failed), times)
        };
        let away = [(red.clone(), "503".to_owned())];
        let nothing = State::default();
        assert!(told(&nothing, &[], &away, UNREACHED_AFTER - 1).is_empty(), "it may still be taken");
        let late = told(&nothing, &[], &away, UNREACHED_AFTER);
        let [instead] = &late[..] else { panic!("{late:?}") };
        assert_eq!((instead.recipient.as_str(), instead.is_red()), (charter.district_centre().code.as_str(), true));
        assert!(instead.rendered.contains("未能告知") && instead.rendered.ends_with(&red.rendered), "{instead:?}");
        let refused = [courier.undeliverable(red.clone(), "410", 1)];
        assert_eq!(told(&nothing, &refused, &[], 1).len(), 1, "nobody waits for what is refused");
        let lost = refused.iter().fold(State::default(), <Rules as decider::Decider>::evolve);
        assert_eq!(told(&lost, &[], &[], 2)[0].delivery_id, instead.delivery_id, "and that is not forgotten");
        let settled = State { settled: [red.delivery_id.clone(), instead.delivery_id.clone()].into(), ..lost.clone() };
        assert!(told(&settled, &[], &[], 3).is_empty(), "it is told once");
        let reached = State { settled: [red.delivery_id.clone()].into(), ..State::default() };
        assert!(told(&reached, &[], &[], UNREACHED_AFTER).is_empty(), "somebody got it");
    }
}
