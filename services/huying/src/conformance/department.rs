//! Trials of a department's own responder: calls come to it over NATS, and it answers them by itself.
//!
//! What it should do stands in the title of each matter, because nobody else could say it: see [`SOLVE`] and the others, and
//! docs/conformance.md for its author.

use futures::future::try_join_all;
use proto::dispatch::v1::Answer;
use proto::subjects::AnswerSubject;

use super::hub::Hub;
use super::program::Program;
use super::said::{Steps, insisted, out_of_order, under_two_names};
use super::tap::Tap;
use super::{Trial, Tried, Verdict, until, verdict};

/// Respond, report in, be done.
pub const SOLVE: &str = "conformance: solve";
/// Send it back by duty to the unit that the note names.
pub const RETURN: &str = "conformance: return";
/// Respond, report in, and be done with it when the task that comes is done; account for what the district asks meanwhile.
pub const TASK: &str = "conformance: task";

/// Calls of a trial with many.
const MANY: usize = 8;

/// In their order: each stands on what the one before has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Acknowledged,
    Answered,
    Returned,
    Tasks,
    Order,
    Once,
    HubAway,
    Killed,
    Away,
}

impl Which {
    const ALL: [Self; 9] = [
        Self::Acknowledged,
        Self::Answered,
        Self::Returned,
        Self::Tasks,
        Self::Order,
        Self::Once,
        Self::HubAway,
        Self::Killed,
        Self::Away,
    ];

    const fn trial(self) -> Trial {
        let (name, shows, breaks) = match self {
            Self::Acknowledged => (
                "acknowledged",
                "an order is taken from the department's consumer and acknowledged",
                "orders are delivered again every 10 s, and after 2,000 that are not acknowledged no new one comes",
            ),
            Self::Answered => (
                "answered",
                "a call is responded to with a named officer, reported in for, and done",
                "the clocks of the call run out, and reminders and escalations follow though somebody works on it",
            ),
            Self::Returned => (
                "returned",
                "a call that is another unit's is sent back with its basis, its reason and the unit",
                "a matter stays with a unit that cannot decide it, and nobody who could hears of it",
            ),
            Self::Tasks => (
                "tasks",
                "what comes to a call later is done too: a task, and an order of supervision",
                "the street waits for a task that nobody works on, and the district for an account",
            ),
            Self::Order => (
                "order",
                "answers of one case come in their order, however many cases there are at once",
                "an answer that comes before its turn is refused for good, and the call stays open",
            ),
            Self::Once => (
                "once",
                "an order that is delivered again is the same order: nothing is said a second time under another name",
                "after every restart of hub or responder the same work is reported again, or refused as a repeat",
            ),
            Self::HubAway => (
                "hub-away",
                "an answer that was lost with the hub is said again, under the same command id, until the hub has taken it",
                "an answer is lost that the department believes to have given",
            ),
            Self::Killed => (
                "killed",
                "a responder killed in the middle of its work goes on with it when it is started again",
                "orders are lost that were acknowledged before they were kept, and nobody knows",
            ),
            Self::Away => (
                "away",
                "what was ordered while the responder was away is caught up with; what is over by then is let go",
                "after a weekend calls are missing, or the hub is asked for ever about one that is over",
            ),
        };
        Trial { name, shows, breaks }
    }

    /// Whether the program has to be started from here for it.
    const fn needs_program(self) -> bool {
        matches!(self, Self::Killed | Self::Away)
    }
}

/// All trials in their order.
pub fn trials() -> Vec<Trial> {
    Which::ALL.map(Which::trial).to_vec()
}

/// Tries what is named, or everything; each is told as soon as it is known.
///
/// # Errors
/// Our own side fails.
pub async fn run(
    hub: &Hub,
    mut program: Option<Program>,
    only: &[String],
    tell: &mut dyn FnMut(&Tried) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<Tried>> {
    let tap = Tap::on(&hub.broker, AnswerSubject { department: hub.party.clone() }.to_string()).await?;
    if let Some(program) = &mut program {
        program.start()?;
    }
    let mut trials = Trials { hub, tap, program };
    let mut tried: Vec<Tried> = Vec::new();
    for which in Which::ALL {
        let trial = which.trial();
        if !only.is_empty() && !only.iter().any(|name| name == trial.name) {
            continue;
        }
        let stood = tried.first().is_none_or(|first| {
            first.trial != Which::Acknowledged.trial() || !matches!(first.verdict, Verdict::Failed(_))
        });
        let verdict = match (stood, &trials.program) {
            (false, _) => Verdict::NotTried("no order is taken"),
            (true, None) if which.needs_program() => {
                Verdict::NotTried("it has to be killed for this: name its command after --")
            }
            (true, _) => Box::pin(trials.of(which)).await?,
        };
        let one = Tried { trial, verdict };
        tell(&one)?;
        tried.push(one);
    }
    Ok(tried)
}

struct Trials<'h> {
    hub: &'h Hub,
    tap: Tap,
    program: Option<Program>,
}

impl Trials<'_> {
    async fn of(&mut self, which: Which) -> anyhow::Result<Verdict> {
        match which {
            Which::Acknowledged => self.acknowledged().await,
            Which::Answered => self.answered().await,
            Which::Returned => self.returned().await,
            Which::Tasks => self.tasks().await,
            Which::Order => self.order().await,
            Which::Once => self.once().await,
            Which::HubAway => self.hub_away().await,
            Which::Killed => self.killed().await,
            Which::Away => self.away().await,
        }
    }

    async fn acknowledged(&mut self) -> anyhow::Result<Verdict> {
        self.called(SOLVE, "").await?;
        Ok(verdict(self.all_acknowledged().await?))
    }

    async fn answered(&mut self) -> anyhow::Result<Verdict> {
        let case = self.called(SOLVE, "").await?;
        self.come_to(&[case], &["respond", "report-in", "done"]).await
    }

    async fn returned(&mut self) -> anyhow::Result<Verdict> {
        let case = self.called(RETURN, self.hub.another_department()?.as_str()).await?;
        self.come_to(&[case], &["return"]).await
    }

    async fn tasks(&mut self) -> anyhow::Result<Verdict> {
        let case = self.called(TASK, "").await?;
        let begun = self.come_to(std::slice::from_ref(&case), &["respond", "report-in"]).await?;
        if begun != Verdict::Passed {
            return Ok(begun);
        }
        self.hub.supervise(&case, "合规测试：请说明进展").await?;
        let accounted = ["respond", "report-in", "answer-supervision"];
        let accounted = self.come_to(std::slice::from_ref(&case), &accounted).await?;
        if accounted != Verdict::Passed {
            return Ok(accounted);
        }
        self.hub.plan_task(&case, "合规测试：一项任务").await?;
        self.come_to(&[case], &["respond", "report-in", "answer-supervision", "task-done", "done"]).await
    }

    async fn order(&mut self) -> anyhow::Result<Verdict> {
        let known = self.tap.count();
        let cases = self.calls(MANY).await?;
        let came = self.come_to(&cases, &["respond", "report-in", "done"]).await?;
        if came != Verdict::Passed {
            return Ok(came);
        }
        Ok(verdict(out_of_order(&self.heard(known)).or_else(|| under_two_names(&self.heard(known)))))
    }

    async fn once(&mut self) -> anyhow::Result<Verdict> {
        let known = self.tap.count();
        let case = self.called(SOLVE, "").await?;
        let came = self.come_to(&[case], &["respond", "report-in", "done"]).await?;
        if came != Verdict::Passed {
            return Ok(came);
        }
        if let Some(seen) = self.all_acknowledged().await? {
            return Ok(Verdict::Failed(seen));
        }
        let before = self.hub.broker.orders_taken(&self.hub.party).await?.delivered;
        self.hub.broker.redeliver_orders(&self.hub.party).await?;
        // The counts begin anew with the deliveries.
        let again = until(self.hub.wait, async || {
            let taken = self.hub.broker.orders_taken(&self.hub.party).await?;
            Ok((taken.waiting == 0 && taken.in_hand == 0 && taken.delivered > 0).then_some(taken))
        });
        if again.await?.is_none() {
            return Ok(Verdict::Failed(format!(
                "{before} deliveries were acknowledged, and the same once more are not"
            )));
        }
        Ok(verdict(under_two_names(&self.heard(known))))
    }

    async fn hub_away(&mut self) -> anyhow::Result<Verdict> {
        let known = self.tap.count();
        let cases = self.matters(MANY).await?;
        let calls = try_join_all(cases.iter().map(|case| self.hub.call(case, "")));
        let (called, away) = futures::join!(calls, self.killing_the_broker(known));
        called?;
        away?;
        let came = self.come_to(&cases, &["respond", "report-in", "done"]).await?;
        if came != Verdict::Passed {
            return Ok(came);
        }
        Ok(verdict(under_two_names(&self.heard(known))))
    }

    /// When the first answer has come: others are under way then.
    async fn killing_the_broker(&self, known: usize) -> anyhow::Result<()> {
        until(self.hub.wait, async || Ok((self.tap.count() > known).then_some(()))).await?;
        self.hub.kill_broker().await
    }

    async fn killed(&mut self) -> anyhow::Result<Verdict> {
        self.kill().await?;
        let known = self.tap.count();
        let cases = self.calls(MANY).await?;
        self.start()?;
        until(self.hub.wait, async || Ok((self.tap.count() > known).then_some(()))).await?;
        self.kill().await?;
        self.start()?;
        let came = self.come_to(&cases, &["respond", "report-in", "done"]).await?;
        if came != Verdict::Passed {
            return Ok(came);
        }
        Ok(verdict(under_two_names(&self.heard(known))))
    }

    async fn away(&mut self) -> anyhow::Result<Verdict> {
        self.kill().await?;
        let known = self.tap.count();
        let cases = self.calls(MANY).await?;
        let over = self.called(SOLVE, "").await?;
        self.hub.release(&over).await?;
        self.start()?;
        let came = self.come_to(&cases, &["respond", "report-in", "done"]).await?;
        if came != Verdict::Passed {
            return Ok(came);
        }
        if let Some(seen) = self.all_acknowledged().await? {
            return Ok(Verdict::Failed(format!("{seen}; one of the calls was over before it was answered")));
        }
        Ok(verdict(
            insisted(&self.heard(known), &over)
                .or_else(|| out_of_order(&self.heard(known)))
                .or_else(|| under_two_names(&self.heard(known))),
        ))
    }

    // What is done to the party.

    async fn matters(&self, how_many: usize) -> anyhow::Result<Vec<String>> {
        let mut cases = Vec::with_capacity(how_many);
        for _ in 0..how_many {
            cases.push(self.hub.matter(SOLVE).await?);
        }
        Ok(cases)
    }

    async fn calls(&self, how_many: usize) -> anyhow::Result<Vec<String>> {
        let cases = self.matters(how_many).await?;
        try_join_all(cases.iter().map(|case| self.hub.call(case, ""))).await?;
        Ok(cases)
    }

    async fn called(&self, title: &str, note: &str) -> anyhow::Result<String> {
        let case = self.hub.matter(title).await?;
        self.hub.call(&case, note).await?;
        Ok(case)
    }

    async fn kill(&mut self) -> anyhow::Result<()> {
        match &mut self.program {
            Some(program) => program.kill().await,
            None => Ok(()),
        }
    }

    fn start(&mut self) -> anyhow::Result<()> {
        self.program.as_mut().map_or(Ok(()), Program::start)
    }

    // What is seen of it.

    /// What is wrong, if not everything that was delivered is acknowledged after a while.
    async fn all_acknowledged(&mut self) -> anyhow::Result<Option<String>> {
        let looked = until(self.hub.wait, async || {
            let taken = self.hub.broker.orders_taken(&self.hub.party).await?;
            Ok((taken.delivered > 0 && taken.in_hand == 0 && taken.waiting == 0).then_some(()))
        });
        if looked.await?.is_some() {
            return Ok(None);
        }
        let taken = self.hub.broker.orders_taken(&self.hub.party).await?;
        let seen = format!(
            "after {:?}: {} not fetched, {} fetched and not acknowledged",
            self.hub.wait, taken.waiting, taken.in_hand
        );
        Ok(Some(self.with_its_end(seen)))
    }

    /// Whether the record comes to have exactly these steps of the party about each case.
    async fn come_to(&mut self, cases: &[String], steps: &[&str]) -> anyhow::Result<Verdict> {
        for case in cases {
            let came = until(self.hub.wait, async || {
                let seen = self.steps(case).await?;
                // More than that will not become less.
                Ok((seen.len() >= steps.len()).then_some(seen))
            });
            let seen = match came.await? {
                Some(seen) => seen,
                None => self.steps(case).await?,
            };
            if seen != steps {
                let missing =
                    if seen.len() < steps.len() { format!(" after {:?}", self.hub.wait) } else { String::new() };
                let text = format!("{case}: expected {}, on record {}{missing}", said(steps), said(&seen));
                return Ok(Verdict::Failed(self.with_its_end(text)));
            }
        }
        Ok(Verdict::Passed)
    }

    async fn steps(&self, case: &str) -> anyhow::Result<Vec<&'static str>> {
        let mut steps = Steps { party: self.hub.party.as_str(), steps: Vec::new() };
        for stored in self.hub.dispatched(case).await? {
            stored.commit.dispatch_facts().for_each(|fact| fact.told_to(&mut steps));
        }
        Ok(steps.steps)
    }

    fn with_its_end(&mut self, seen: String) -> String {
        match self.program.as_mut().and_then(Program::ended) {
            Some(ended) => format!("{seen}; {ended}"),
            None => seen,
        }
    }

    fn heard(&self, known: usize) -> Vec<Answer> {
        let heard = self.tap.since(known);
        heard.iter().filter_map(|request| station::question(&request.payload).ok()).collect()
    }
}

fn said(steps: &[&str]) -> String {
    if steps.is_empty() { "nothing".to_owned() } else { steps.join(", ") }
}
