//! Mistakes that were made, or could be: each is put between the rules and the world, one at a time, and the walks have to
//! find it.

use decider::Decider;
use dispatch::domain::{self as dispatching, Command, Event, Phase, Stage};
use dispatch::reaction::Reaction;
use evaluation::domain as evaluating;
use ids::Owner;
use intake::domain as taking;
use jiff::SignedDuration;
use record::StoredCommit;
use triage::domain as judging;
use vocabulary::Course;

use crate::world::{By, World};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// A judgement that came during a call does not hold when the call is over.
    LateJudgementDropped,
    /// It holds at once.
    JudgedDuringACall,
    /// Withdrawn while it was answered, and opened again: it goes on as if nobody had said so.
    WithdrawalForgotten,
    /// A caller takes back what is answered, and with it everybody's score.
    WithdrawnAfterTheAnswer,
    /// The end of the time to rate is believed before what was said in it.
    LapseBeforeTheRating,
    /// Dispatch ends what is answered by a clock of its own.
    ClosedByOurOwnClock,
    OperationOutlivesItsCase,
    /// The end of an operation, told again, ends the next one.
    EndOfAnotherRound,
    /// Whoever raised the later case is not on the record of the earlier one.
    JoinedCallerForgotten,
    MergedIntoWhatIsClosed,
    /// Leaving one's case out leaves out those who joined it.
    ExclusionTakesOthers,
    /// An upheld return makes a matter of the district one of a street.
    WrongLevelAfterAReturn,
    /// Whoever was late and is let go has no score.
    ReleasedIsNotScored,
    /// What somebody did before the case was opened again ends it once more.
    WorkOfAnotherRound,
    /// A resolution followed again asks again, and everybody is scored again.
    ScoredTwice,
    LateAnswerRestartsTheClock,
    EscalationLosesTheClock,
    /// A process acknowledges before it has done what was asked, and stops.
    AcknowledgedBeforeItWasDone,
    NoAlarmIsSet,
}

impl Mutation {
    pub const ALL: [Self; 19] = [
        Self::LateJudgementDropped,
        Self::JudgedDuringACall,
        Self::WithdrawalForgotten,
        Self::WithdrawnAfterTheAnswer,
        Self::LapseBeforeTheRating,
        Self::ClosedByOurOwnClock,
        Self::OperationOutlivesItsCase,
        Self::EndOfAnotherRound,
        Self::JoinedCallerForgotten,
        Self::MergedIntoWhatIsClosed,
        Self::ExclusionTakesOthers,
        Self::WrongLevelAfterAReturn,
        Self::ReleasedIsNotScored,
        Self::WorkOfAnotherRound,
        Self::ScoredTwice,
        Self::LateAnswerRestartsTheClock,
        Self::EscalationLosesTheClock,
        Self::AcknowledgedBeforeItWasDone,
        Self::NoAlarmIsSet,
    ];
}

impl World {
    pub fn intake(
        &mut self,
        case: usize,
        by: &By,
        command: &taking::Command,
    ) -> Result<Vec<taking::Event>, taking::Refusal> {
        if self.is(Mutation::JoinedCallerForgotten) && matches!(command, taking::Command::Join { .. }) {
            return Ok(vec![]);
        }
        if self.is(Mutation::ExclusionTakesOthers)
            && matches!(command, taking::Command::ProposeExclusion { .. } | taking::Command::ApproveExclusion { .. })
        {
            let joined = std::mem::take(&mut self.cases[case].intake.joined);
            let decided = self.decide::<intake::Rules>(case, by, command);
            self.cases[case].intake.joined = joined;
            return decided;
        }
        if self.is(Mutation::WithdrawnAfterTheAnswer)
            && let taking::Command::Withdraw { reason, course: Course::Answered, gone } = command
        {
            let command =
                taking::Command::Withdraw { reason: reason.clone(), course: Course::Open, gone: gone.clone() };
            return self.decide::<intake::Rules>(case, by, &command);
        }
        self.decide::<intake::Rules>(case, by, command)
    }

    pub fn triage(
        &mut self,
        case: usize,
        by: &By,
        command: &judging::Command,
    ) -> Result<Vec<judging::Event>, judging::Refusal> {
        self.decide::<triage::Rules>(case, by, command)
    }

    pub fn evaluation(
        &mut self,
        case: usize,
        by: &By,
        command: &evaluating::Command,
    ) -> Result<Vec<evaluating::Event>, evaluating::Refusal> {
        if self.is(Mutation::ScoredTwice)
            && let evaluating::Command::Ask { asked, .. } = command
            && self.cases[case].evaluation.round.as_ref().is_some_and(|round| round.asked.round == asked.round)
        {
            let events = evaluation::Rules::decide(&evaluating::State::default(), command)?;
            self.append::<evaluation::Rules>(case, by, &events);
            return Ok(events);
        }
        self.decide::<evaluation::Rules>(case, by, command)
    }

    pub fn dispatch(&mut self, case: usize, by: &By, command: &Command) -> Result<Vec<Event>, dispatching::Refusal> {
        let mut state = self.cases[case].dispatch.clone();
        let mut command = command.clone();
        match &mut command {
            Command::Grade { .. } if self.is(Mutation::JudgedDuringACall) => {
                state.calls.iter_mut().for_each(|call| call.ended = true);
            }
            Command::Withdraw if self.is(Mutation::WithdrawnAfterTheAnswer) && state.phase != Phase::Closed => {
                state.phase = Phase::Open;
            }
            Command::Conclude { round, .. } if self.is(Mutation::EndOfAnotherRound) => *round = u32::MAX,
            Command::Grade { .. }
            | Command::Withdraw
            | Command::Conclude { .. }
            | Command::CheckDeadlines { .. }
            | Command::Exclude
            | Command::Merge
            | Command::Rate { .. }
            | Command::Lapse { .. }
            | Command::Assign { .. }
            | Command::Escalate { .. }
            | Command::Call { .. }
            | Command::PlanTasks { .. }
            | Command::CompleteTask { .. }
            | Command::Progress { .. }
            | Command::AdoptMeasure { .. }
            | Command::Release { .. }
            | Command::Resolve { .. }
            | Command::Reopen { .. }
            | Command::Adjudicate { .. }
            | Command::Disqualify { .. }
            | Command::Supervise { .. }
            | Command::AnswerSupervision { .. }
            | Command::Extend { .. }
            | Command::Suspend { .. }
            | Command::Resume { .. }
            | Command::HoldMeeting { .. }
            | Command::FormTaskForce { .. }
            | Command::Transfer { .. }
            | Command::CityProgress { .. }
            | Command::CityDone { .. }
            | Command::CityReturn { .. }
            | Command::Admit { .. }
            | Command::SpawnRelated { .. }
            | Command::Answer { .. }
            | Command::FoundRecurrent { .. }
            | Command::HelpOpened { .. }
            | Command::AskToHelp(_)
            | Command::HelpEnded { .. }
            | Command::JointDecisions { .. } => {}
        }
        if self.is(Mutation::WorkOfAnotherRound) {
            let round = state.rounds + 1;
            state.calls.iter_mut().for_each(|call| call.round = round);
        }
        let mut events = dispatch::Rules::decide(&state, &command)?;
        if self.is(Mutation::ReleasedIsNotScored) {
            for event in &mut events {
                if let Event::Resolved(resolution) = event {
                    let done = |party| {
                        let called = state.calls.iter().flat_map(|call| &call.parties);
                        called.filter(|called| called.party == party).all(|called| called.stage != Stage::Released)
                    };
                    resolution.performance.retain(|performance| done(performance.party.clone()));
                }
            }
        }
        self.append::<dispatch::Rules>(case, by, &events);
        self.spoil(case, &events);
        Ok(events)
    }

    /// What a mistake makes of the state afterwards.
    fn spoil(&mut self, case: usize, events: &[Event]) {
        let now = self.now;
        let upheld = |event: &Event| matches!(event, Event::ReturnAdjudicated { upheld: true, .. });
        let escalated = |event: &Event| matches!(event, Event::Escalated { .. });
        if self.is(Mutation::WrongLevelAfterAReturn) && events.iter().any(upheld) {
            self.cases[case].dispatch.matter.as_mut().unwrap().level = charter::Level::B2;
        }
        if self.is(Mutation::EscalationLosesTheClock) && events.iter().any(escalated) {
            let clock = &mut self.cases[case].dispatch.matter.as_mut().unwrap().clock;
            clock.start = clock.start.map(|start| dispatching::Start { at: now, ..start });
        }
        if self.is(Mutation::LateAnswerRestartsTheClock) {
            for event in events {
                let Event::Responded { call, in_time: false, .. } = event else { continue };
                let known = self.cases[case].dispatch.calls.iter_mut().find(|known| known.number == *call).unwrap();
                known.completion_due += SignedDuration::from_hours(24);
            }
        }
    }

    /// What dispatch makes of a commit, if it makes a mistake.
    pub fn misheard(&self, stored: &StoredCommit, mut asked: Vec<Reaction>) -> Vec<Reaction> {
        let own = stored.subject.owner == Owner::Dispatch;
        if own && self.is(Mutation::LateJudgementDropped) {
            asked.retain(|reaction| !matches!(reaction.command, Command::Grade { .. }));
        }
        if own && self.is(Mutation::WithdrawalForgotten) {
            asked.retain(|reaction| reaction.command != Command::Withdraw);
        }
        let lapses = stored.commit.evaluation_facts().any(|fact| fact.name() == "RatingLapsed");
        if lapses && self.is(Mutation::LapseBeforeTheRating) {
            asked.retain(|reaction| matches!(reaction.command, Command::Lapse { .. }));
        }
        asked
    }
}
