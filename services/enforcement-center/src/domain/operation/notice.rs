//! Notices (整改通知书): served with proof, inspected again when due, and what a breach makes mandatory.

use ids::Code;
use jiff::Timestamp;

use super::{Event, Inspection, NOTICES_MAX, Operation, Refusal};

/// A legal order, as it is served on somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The unit that issues it.
    pub party: Code,
    pub subject: String,
    pub address: String,
    pub due: Timestamp,
    pub proof: Proof,
    /// The breached notice of which this one is the next step.
    pub follows: Option<u32>,
}

/// That a document reached whom it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Handed over, posted up, by mail.
    pub how: String,
    /// Staff number; empty only on a record made before it was kept, as `at` is none only there.
    pub by: String,
    pub at: Option<Timestamp>,
}

/// What a breach makes mandatory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextStep {
    NewNotice,
    StopOrder,
    PenaltyProposal,
    Transfer,
}

/// What a re-inspection found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    /// What the law has next, and until when.
    Failed {
        step: NextStep,
        next_step: String,
        due: Timestamp,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub order: Order,
    /// The deadline it runs under now.
    pub due: Timestamp,
    pub standing: Standing,
    /// The last deadline that was recorded as come. It never comes again (I7).
    pub run_out: Option<Timestamp>,
    /// Of the last re-inspection.
    pub finding: String,
    /// What the last breach made mandatory, in kind and in words.
    pub next_step: Option<(NextStep, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Served,
    /// Not complied with at a re-inspection; open until its next step is taken, under a new deadline.
    Breached,
    /// The deadline has come and was recorded: somebody has to go and look.
    ReinspectionDue,
    Complied,
    /// The next step of its breach was taken: the matter goes on there.
    Settled,
}

impl Notice {
    pub(super) fn served(order: &Order) -> Self {
        Self {
            order: order.clone(),
            due: order.due,
            standing: Standing::Served,
            run_out: None,
            finding: String::new(),
            next_step: None,
        }
    }

    #[must_use]
    pub fn is_open(&self) -> bool {
        match self.standing {
            Standing::Served | Standing::Breached | Standing::ReinspectionDue => true,
            Standing::Complied | Standing::Settled => false,
        }
    }

    /// The next step that is still to be taken.
    #[must_use]
    pub fn pending(&self) -> Option<NextStep> {
        self.next_step.as_ref().filter(|_| self.is_open()).map(|(step, _)| *step)
    }

    /// The deadline nobody has been told of yet.
    pub(super) fn coming_due(&self) -> Option<Timestamp> {
        match self.standing {
            Standing::Served | Standing::Breached => Some(self.due),
            Standing::ReinspectionDue | Standing::Complied | Standing::Settled => None,
        }
    }
}

/// That notice `number` waits for this very step.
pub(super) fn is_pending(operation: &Operation, number: u32, step: NextStep) -> Result<(), Refusal> {
    let notice = operation.notice(number).ok_or(Refusal::NoSuchNotice(number))?;
    match notice.pending() {
        Some(pending) if pending == step => Ok(()),
        Some(pending) => Err(Refusal::AnotherNextStep { notice: number, pending }),
        None => Err(Refusal::NoNextStep(number)),
    }
}

pub(super) fn serve(operation: &Operation, order: &Order) -> Result<Vec<Event>, Refusal> {
    operation.take_part(std::iter::once(&order.party))?;
    let same = |number: u32, notice: &Notice| {
        let known = &notice.order;
        notice.is_open()
            && order.follows != Some(number)
            && known.party == order.party
            && known.subject == order.subject
            && known.address == order.address
    };
    if let Some((number, _)) = operation.numbered().find(|(number, notice)| same(*number, notice)) {
        return Err(Refusal::ServedAlready(number));
    }
    if let Some(breached) = order.follows {
        is_pending(operation, breached, NextStep::NewNotice)?;
    }
    let served = operation.notices.len();
    if served >= NOTICES_MAX {
        return Err(Refusal::TooManyNotices);
    }
    let notice = u32::try_from(served + 1).unwrap_or(u32::MAX);
    Ok(vec![Event::NoticeServed { notice, order: order.clone() }])
}

/// May come before or after the deadline. What does not pass is open again, under the law's next step.
pub(super) fn reinspect(
    operation: &Operation,
    number: u32,
    finding: &str,
    verdict: &Verdict,
    at: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let notice = operation.notice(number).ok_or(Refusal::NoSuchNotice(number))?;
    let outcome = match (notice.standing, verdict) {
        (Standing::Complied, _) => return Err(Refusal::CompliedAlready(number)),
        (Standing::Settled, _) => return Err(Refusal::SettledAlready(number)),
        // The same re-inspection told again, or one so old that its new deadline has come and gone.
        (Standing::Breached, Verdict::Failed { step, next_step, due })
            if *due == notice.due
                && notice.next_step.as_ref().is_some_and(|known| known.0 == *step && known.1 == *next_step)
                && finding == notice.finding =>
        {
            return Ok(vec![]);
        }
        (_, Verdict::Failed { due, .. }) if notice.run_out.is_some_and(|run_out| *due <= run_out) => {
            return Ok(vec![]);
        }
        (
            Standing::Served | Standing::Breached | Standing::ReinspectionDue,
            Verdict::Failed { step, next_step, due },
        ) => Event::NoticeBreached { notice: number, step: *step, next_step: next_step.clone(), due: *due },
        (Standing::Served | Standing::Breached | Standing::ReinspectionDue, Verdict::Passed) => {
            Event::NoticeComplied { notice: number }
        }
    };
    let centre = &operation.opening.centre;
    Ok(vec![Event::Reinspected(Inspection::new(number, finding, verdict, centre, at)), outcome])
}

/// A penalty proposal or a transfer. The other two are documents that are served.
pub(super) fn take_next_step(
    operation: &Operation,
    number: u32,
    step: NextStep,
    text: &str,
    to: &Code,
    at: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    is_pending(operation, number, step)?;
    match step {
        NextStep::NewNotice | NextStep::StopOrder => Err(Refusal::IsServed { notice: number, step }),
        NextStep::PenaltyProposal | NextStep::Transfer => {
            Ok(vec![Event::NextStepTaken { notice: number, step, text: text.to_owned(), to: to.clone(), at }])
        }
    }
}

/// Every deadline that has come, once.
pub(super) fn run_out(operation: &Operation, now: Timestamp) -> impl Iterator<Item = Event> {
    operation.numbered().filter_map(move |(notice, known)| {
        known.coming_due().filter(|due| *due <= now).map(|due| Event::ReinspectionDue { notice, due })
    })
}
