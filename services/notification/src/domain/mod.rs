//! What can be told ([`tellings`]) and what is remembered of it. A delivery ends once: whatever is reported a second time
//! is not recorded again.

pub mod tellings;

use std::collections::BTreeSet;

use decider::Decider;

/// The text that ends a case's notifications.
const LAST_TEXT: &str = tellings::Text::Closed.as_str();

/// One thing told to one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// By which a receiver recognises a repeat: 32 hexadecimal digits.
    pub id: String,
    /// Code of the charter's text.
    pub text: String,
    /// Code of a party, or the reference of the caller.
    pub recipient: String,
    pub transport: Transport,
}

/// The ways out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Log,
    Webhook,
    Email,
    Sms,
    WeCom,
    DingTalk,
}

impl Transport {
    pub const ALL: [Self; 6] = [Self::Log, Self::Webhook, Self::Email, Self::Sms, Self::WeCom, Self::DingTalk];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Webhook => "webhook",
            Self::Email => "email",
            Self::Sms => "sms",
            Self::WeCom => "wecom",
            Self::DingTalk => "dingtalk",
        }
    }
}

/// How a delivery ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Sent(Delivery),
    /// `attempts` is 0 when there was nothing to send: the text could not be written.
    Undeliverable {
        delivery: Delivery,
        error: String,
        attempts: u32,
    },
}

impl Event {
    #[must_use]
    pub fn delivery(&self) -> &Delivery {
        match self {
            Self::Sent(delivery) | Self::Undeliverable { delivery, .. } => delivery,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Everything that one commit caused has ended, this way or that.
    Settle { outcomes: Vec<Event> },
}

impl Command {
    /// Whether it tells of the end of the case.
    #[must_use]
    pub fn is_last(&self) -> bool {
        let Self::Settle { outcomes } = self;
        outcomes.iter().any(|outcome| outcome.delivery().text == LAST_TEXT)
    }
}

/// Which deliveries have ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub settled: BTreeSet<String>,
    /// Of those, what nobody got.
    pub lost: BTreeSet<String>,
}

/// Notification never says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {}

/// Notification's rule book.
#[derive(Clone, Copy, Debug)]
pub struct Rules;

impl Decider for Rules {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        let Command::Settle { outcomes } = command;
        let mut settled = state.settled.clone();
        let news = outcomes.iter().filter(|outcome| settled.insert(outcome.delivery().id.clone()));
        Ok(news.cloned().collect())
    }

    fn evolve(mut state: State, event: &Event) -> State {
        state.settled.insert(event.delivery().id.clone());
        if let Event::Undeliverable { delivery, .. } = event {
            state.lost.insert(delivery.id.clone());
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn outcome(id: u8, sent: bool) -> Event {
        let delivery = Delivery {
            id: format!("{id:032x}"),
            text: tellings::Text::Received.as_str().to_owned(),
            recipient: "caller".to_owned(),
            transport: Transport::Webhook,
        };
        if sent {
            Event::Sent(delivery)
        } else {
            Event::Undeliverable { delivery, error: "503".to_owned(), attempts: 10 }
        }
    }

    #[test]
    fn the_first_outcome_of_a_delivery_stands() {
        let first = Command::Settle { outcomes: vec![outcome(1, true), outcome(2, false)] };
        let state = Rules::replay(&Rules::decide(&State::default(), &first).unwrap());
        let second = Command::Settle { outcomes: vec![outcome(1, false), outcome(2, true), outcome(3, true)] };
        assert_eq!(Rules::decide(&state, &second), Ok(vec![outcome(3, true)]));
    }

    proptest! {
        #[test]
        fn every_delivery_ends_once_however_often_it_is_reported(
            reports in prop::collection::vec(prop::collection::vec((0u8..12, any::<bool>()), 0..6), 0..20)
        ) {
            let mut state = State::default();
            let mut ended: Vec<String> = Vec::new();
            for report in &reports {
                let outcomes = report.iter().map(|(id, sent)| outcome(*id, *sent)).collect();
                let command = Command::Settle { outcomes };
                let events = Rules::decide(&state, &command).unwrap();
                state = events.iter().fold(state, Rules::evolve);
                prop_assert_eq!(Rules::decide(&state, &command), Ok(vec![]));
                ended.extend(events.iter().map(|event| event.delivery().id.clone()));
            }
            let reported: BTreeSet<String> =
                reports.iter().flatten().map(|(id, sent)| outcome(*id, *sent).delivery().id.clone()).collect();
            prop_assert_eq!(ended.len(), reported.len());
            prop_assert_eq!(state.settled, reported);
        }
    }
}
