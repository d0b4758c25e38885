//! Everything that joins the platform to the outside, and how it stands: bridges that bring matters in, responders that take calls out
//! and bring answers in, and notification, which tells people.
//!
//! Who is connected is the broker's word, asked of it once for all; what waits stands at the consumers; what was brought in last is
//! the casebook's. Over HTTP and gRPC nobody stays connected, so a bridge that uses those shows by what it brought in alone.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use charter::Charter;
use chassis::boxed;
use ids::{Code, Owner};
use jiff::Timestamp;
use proto::FromWireTime;
use proto::casebook::v1::{ListBridgesRequest, ListBridgesResponse};
use proto::streams::record_consumer;
use record::{Broker, ConnectorState};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::accounts::{SYSTEM_USER, party_of};
use crate::client::{CURRENT, Installation, explain};
use crate::provision::newest;

/// Connections that one answer of the broker holds: a thousand departments and their bridges, several times over.
const CONNECTIONS_MAX: u32 = 10_000;
const ANSWER_WAIT: Duration = Duration::from_secs(5);

/// What a connector joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    Bridge,
    Responder,
    Notification,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bridge => "bridge",
            Self::Responder => "responder",
            Self::Notification => "notification",
        }
    }

    /// Which way things go: matters in and news out, calls out and answers in, words out.
    pub const fn direction(self) -> &'static str {
        match self {
            Self::Bridge | Self::Responder => "both",
            Self::Notification => "out",
        }
    }
}

/// How a connector stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Health {
    /// Somebody has paused it.
    Paused,
    /// It is there, and nothing waits for it.
    Connected,
    /// It is there, and something waits for it.
    Behind,
    /// It is not there, and nothing waits for it.
    Away,
    /// It is not there, and something waits for it.
    Missed,
}

impl Health {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Connected => "connected",
            Self::Behind => "behind",
            Self::Away => "away",
            Self::Missed => "missed",
        }
    }
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Connector {
    pub code: String,
    pub name: String,
    pub district: String,
    pub kind: Kind,
    pub direction: &'static str,
    pub health: Health,
    /// Connections to the broker.
    pub connections: u32,
    /// When something went either way last, as far as it is known.
    pub last_exchange: Option<Timestamp>,
    /// What waits for it: orders that it has not acknowledged; of notification, facts that it has not looked at.
    pub backlog: u64,
    /// What was decided about it last.
    pub decided: Option<ConnectorState>,
}

/// All there are, in the order of their codes.
///
/// # Errors
/// The installation does not answer.
#[boxed]
pub(crate) async fn all(installation: &Installation) -> anyhow::Result<Vec<Connector>> {
    let broker = installation.broker().await?;
    let (bundles, _) = broker.charters().await.context("reading the charters")?;
    let charters = newest(&bundles);
    let mut decided = broker.connectors().await?;
    let mut seen = connections(&installation.broker_as(SYSTEM_USER).await?).await?;
    let mut all = Vec::new();
    for charter in &charters {
        let brought = brought(installation, charter).await?;
        let own = (charter.bridges().iter().map(|bridge| (&bridge.code, &bridge.name, Kind::Bridge)))
            .chain(charter.departments().map(|party| (&party.code, &party.name, Kind::Responder)));
        for (code, name, kind) in own {
            let Seen { connections, last } = seen.remove(code).unwrap_or_default();
            let (backlog, exchanged) = match kind {
                // It asks for orders all the time: that is no exchange.
                Kind::Responder => waiting(&broker, code).await,
                Kind::Bridge | Kind::Notification => (0, brought.get(code.as_str()).copied().max(last)),
            };
            let decided = decided.remove(code);
            all.push(Connector {
                code: code.to_string(),
                name: name.zh.clone(),
                district: charter.district.to_string(),
                kind,
                direction: kind.direction(),
                health: health(decided.as_ref().is_some_and(|it| it.paused), connections > 0, backlog > 0),
                connections,
                last_exchange: exchanged,
                backlog,
                decided,
            });
        }
    }
    all.push(notification(&broker).await?);
    all.sort_by(|one, other| one.code.cmp(&other.code));
    Ok(all)
}

fn health(paused: bool, connected: bool, waits: bool) -> Health {
    match (paused, connected, waits) {
        (true, _, _) => Health::Paused,
        (false, true, false) => Health::Connected,
        (false, true, true) => Health::Behind,
        (false, false, false) => Health::Away,
        (false, false, true) => Health::Missed,
    }
}

/// What waits for a department, and when it got something last. One that has not been provisioned has nothing.
async fn waiting(broker: &Broker, department: &Code) -> (u64, Option<Timestamp>) {
    match broker.orders_taken(department).await {
        Ok(taken) => (taken.waiting + taken.in_hand, taken.last),
        Err(_) => (0, None),
    }
}

async fn notification(broker: &Broker) -> anyhow::Result<Connector> {
    let activity = broker.activity(None).await?;
    let consumer = record_consumer(Owner::Notification);
    let waits: u64 = activity.unsettled.iter().filter(|(name, _)| *name == consumer).map(|(_, open)| open).sum();
    Ok(Connector {
        code: consumer,
        name: "通知".to_owned(),
        district: String::new(),
        kind: Kind::Notification,
        direction: Kind::Notification.direction(),
        health: health(false, true, waits > 0),
        connections: 0,
        last_exchange: None,
        backlog: waits,
        decided: None,
    })
}

/// When each bridge of a district brought something in last.
async fn brought(installation: &Installation, charter: &Arc<Charter>) -> anyhow::Result<HashMap<String, Timestamp>> {
    let request = ListBridgesRequest { district: charter.district.to_string(), freshness: Some(CURRENT) };
    let answer = installation.casebook().await?.list_bridges(request).await.map_err(|status| explain(&status))?;
    let ListBridgesResponse { bridges, .. } = answer.into_inner();
    Ok(bridges.into_iter().filter_map(|it| Some((it.bridge, it.last_received_at.time().ok()?))).collect())
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    connections: u32,
    last: Option<Timestamp>,
}

/// Who is connected, by the broker's own word.
async fn connections(broker: &Broker) -> anyhow::Result<HashMap<Code, Seen>> {
    let question = json!({ "auth": true, "limit": CONNECTIONS_MAX }).to_string().into_bytes();
    let asked = broker.requester().request("$SYS.REQ.SERVER.PING.CONNZ".to_owned(), question, ANSWER_WAIT).await;
    let answer: Connections = serde_json::from_slice(&asked.context("asking the broker who is connected")?)?;
    let mut seen: HashMap<Code, Seen> = HashMap::new();
    for connection in answer.data.connections {
        let Some(party) = party_of(&connection.account) else { continue };
        let one = seen.entry(party).or_default();
        one.connections += 1;
        one.last = one.last.max(connection.last_activity.parse().ok());
    }
    Ok(seen)
}

#[derive(Deserialize)]
struct Connections {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    #[serde(default)]
    connections: Vec<Connection>,
}

#[derive(Deserialize)]
struct Connection {
    #[serde(default)]
    account: String,
    #[serde(default)]
    last_activity: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_somebody_who_is_away_is_missed() {
        assert_eq!(health(false, false, true), Health::Missed);
        assert_eq!(health(false, true, true), Health::Behind);
        assert_eq!(health(true, true, true), Health::Paused);
        assert_eq!(party_of("D_wuchang-water").unwrap().as_str(), "wuchang-water");
        assert_eq!(party_of("HUB"), None);
    }
}
