//! Whether the process should be sent work: the conditions for it, each with a name an operator understands.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;

/// The conditions of one service; all services of a process share one verdict. A process that has begun to stop is not
/// ready, whatever its gates say, and never will be again.
#[derive(Clone, Debug)]
pub struct Readiness {
    service: &'static str,
    state: Arc<watch::Sender<State>>,
}

/// One condition. Its clones open and close the same gate.
#[derive(Clone, Debug)]
pub struct Gate {
    index: usize,
    state: Arc<watch::Sender<State>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    gates: Vec<Condition>,
    pub(crate) stopping: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Condition {
    name: String,
    open: bool,
    /// Why it is closed, if that was said.
    why: String,
}

impl State {
    pub(crate) fn is_ready(&self) -> bool {
        !self.stopping && self.gates.iter().all(|gate| gate.open)
    }

    /// What stands in the way, by name.
    pub(crate) fn closed(&self) -> Vec<&str> {
        let stopping = self.stopping.then_some("stopping");
        let gates = self.gates.iter().filter(|gate| !gate.open).map(|gate| gate.name.as_str());
        stopping.into_iter().chain(gates).collect()
    }

    /// Why gates are closed, by their names, where it was said.
    pub(crate) fn why(&self) -> BTreeMap<&str, &str> {
        let closed = self.gates.iter().filter(|gate| !gate.open && !gate.why.is_empty());
        closed.map(|gate| (gate.name.as_str(), gate.why.as_str())).collect()
    }
}

impl Readiness {
    pub(crate) fn new(service: &'static str) -> Self {
        Self { service, state: Arc::new(watch::Sender::new(State::default())) }
    }

    /// The same verdict, with gates named after another service.
    pub(crate) fn of(&self, service: &'static str) -> Self {
        Self { service, state: self.state.clone() }
    }

    /// Adds a condition, closed for now. It is reported as `<service>/<name>`. Made for start-up: gates are never
    /// removed.
    pub fn gate(&self, name: &str) -> Gate {
        let mut index = 0;
        self.state.send_modify(|state| {
            index = state.gates.len();
            state.gates.push(Condition { name: format!("{}/{name}", self.service), ..Condition::default() });
        });
        Gate { index, state: self.state.clone() }
    }

    /// Whether every gate of the process is open and it is not stopping.
    pub fn is_ready(&self) -> bool {
        self.state.borrow().is_ready()
    }

    /// Completes once the process is ready.
    pub async fn reached(&self) {
        // The sender is ours, so the only end of the waiting is that it comes true.
        let mut state = self.state.subscribe();
        let _ready = state.wait_for(State::is_ready).await;
    }

    /// What stands in the way of being ready, by name, `<service>/<gate>`.
    pub fn closed(&self) -> Vec<String> {
        self.state.borrow().closed().into_iter().map(str::to_owned).collect()
    }

    pub(crate) fn state(&self) -> State {
        self.state.borrow().clone()
    }

    pub(crate) fn watch(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    pub(crate) fn stop(&self) {
        self.state.send_if_modified(|state| !std::mem::replace(&mut state.stopping, true));
    }
}

impl Gate {
    /// The condition holds.
    pub fn open(&self) {
        self.set(true, "");
    }

    /// The condition does not hold: the whole process is sent no more work until it does.
    pub fn close(&self) {
        self.set(false, "");
    }

    /// The same, with the reason for an operator.
    pub fn close_because(&self, why: &str) {
        self.set(false, why);
    }

    fn set(&self, open: bool, why: &str) {
        let mut turned = false;
        self.state.send_if_modified(|state| {
            let gate = &mut state.gates[self.index];
            turned = std::mem::replace(&mut gate.open, open) != open;
            let is_news = turned || gate.why != why;
            why.clone_into(&mut gate.why);
            is_news
        });
        if turned {
            let state = self.state.borrow().clone();
            let gate = &state.gates[self.index];
            tracing::info!(gate = gate.name, open, why, ready = state.is_ready(), "readiness");
        }
    }
}
