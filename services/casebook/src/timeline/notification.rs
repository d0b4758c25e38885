//! Who was told what, in a sentence each.

use proto::facts::NotificationFacts;
use proto::notification::v1::{Sent, Undeliverable};

use super::{Timeline, Told, told};

impl NotificationFacts for Timeline {
    fn sent(&mut self, fact: &Sent) -> Told {
        told(format!("{} told “{}” by {}", self.name(&fact.recipient), fact.text, fact.transport))
    }

    fn undeliverable(&mut self, fact: &Undeliverable) -> Told {
        told(format!("{} could not be told “{}”: {}", self.name(&fact.recipient), fact.text, fact.error))
    }
}
