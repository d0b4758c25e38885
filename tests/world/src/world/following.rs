//! What each owner makes of what it follows.

use dispatch::{help, terms};
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;

use super::*;

impl World {
    /// One owner follows one commit, as its inbox does.
    pub fn follow(&mut self, follower: Owner, position: usize) {
        let stored = self.record[position].clone();
        let case = self.case_of(&stored);
        if stored.subject.owner == follower {
            self.set_alarm(follower, case);
        }
        match follower {
            Owner::Intake => self.intake_follows(case, &stored),
            Owner::Triage => self.triage_follows(case, &stored),
            Owner::Dispatch => self.dispatch_follows(case, &stored),
            Owner::EnforcementCenter => self.centre_follows(case, &stored),
            Owner::Evaluation => self.evaluation_follows(case, &stored),
            Owner::Notification | Owner::Powers => {}
        }
    }

    fn intake_follows(&mut self, case: usize, stored: &StoredCommit) {
        let by = By::Commit(stored.subject.clone());
        let id = self.cases[case].id;
        let links = links(stored, id, &self.cases[case].intake);
        if !links.is_empty() && may_end_in(id, self.course(case)).is_ok() {
            for (later, link) in links {
                let _ = self.intake(self.number_of(later), &by, &link);
            }
        }
        let (Some(reason), Some(mut into)) = (reason_of(stored), self.cases[case].intake.merged_into) else { return };
        for _ in 0..TURNS_MAX {
            let there = self.number_of(into);
            match bring(id, &self.cases[case].intake, reason, into, &self.cases[there].intake) {
                Bring::Done => return,
                Bring::Further(further) => into = further,
                Bring::Join(join) => drop(self.intake(there, &by, &join)),
            }
        }
        panic!("{id} is being merged on and on");
    }

    fn triage_follows(&mut self, case: usize, stored: &StoredCommit) {
        if stored.subject.owner == Owner::Triage || !triage_reaction::asks(stored) {
            return;
        }
        let charter = Arc::clone(&self.charter);
        for command in triage_reaction::commands(&charter, self.now, stored).unwrap() {
            let _ = self.triage(case, &By::Commit(stored.subject.clone()), &command);
        }
    }

    fn dispatch_follows(&mut self, case: usize, stored: &StoredCommit) {
        if stored.subject.owner == Owner::Dispatch {
            self.help_follows(case, stored);
        }
        let Some(reads) = dispatch_reaction::asks(stored) else { return };
        let whole = match reads {
            Reads::Nothing => vec![],
            Reads::TheCase => self.whole(case),
        };
        let charter = Arc::clone(&self.charter);
        let ground = Ground { charter: &charter, now: self.now };
        let asked = dispatch_reaction::reactions(ground, stored, &whole, &self.cases[case].dispatch).unwrap();
        let asked = self.misheard(stored, asked);
        self.dispatch_all(case, asked);
    }

    /// What was found to help somebody becomes a case, which tells that one when it is over.
    fn help_follows(&mut self, case: usize, stored: &StoredCommit) {
        let by = By::Commit(stored.subject.clone());
        for fact in stored.commit.dispatch_facts() {
            let DispatchFact::RelatedCaseSpawned(spawned) = fact else { continue };
            if !help::is_help(stored, &spawned.reference) {
                continue;
            }
            let reference = spawned.reference.clone();
            let known = self.related.get(&(case, reference.clone())).copied();
            let helping = known.unwrap_or_else(|| {
                let helping = self.submit(None);
                self.related.insert((case, reference.clone()), helping);
                helping
            });
            let opened =
                dispatching::Command::HelpOpened { reference: reference.clone(), case: self.cases[helping].id };
            drop(self.dispatch(case, &by, &opened));
            self.ask_to_help(&by, &dispatching::Helped { case: self.cases[case].id, reference }, helping);
        }
        if help::ends_help(stored) && self.cases[case].dispatch.is_over() {
            for helped in self.cases[case].dispatch.helped.clone() {
                self.ask_to_help(&by, &helped, case);
            }
        }
    }

    fn ask_to_help(&mut self, by: &By, helped: &dispatching::Helped, mut helping: usize) {
        loop {
            drop(self.dispatch(helping, by, &dispatching::Command::AskToHelp(helped.clone())));
            let intake = self.history(helping, Owner::Intake);
            match help::standing(&self.cases[helping].dispatch, helped, &intake).unwrap() {
                help::Standing::UnderWay => return,
                help::Standing::GoesOnIn(into) => helping = self.number_of(into),
                help::Standing::Over => break,
            }
        }
        let rating_due = terms::rating_due(&self.charter, self.now);
        let (reference, case) = (helped.reference.clone(), self.cases[helping].id);
        let ended = dispatching::Command::HelpEnded { reference, case, rating_due };
        drop(self.dispatch(self.number_of(helped.case), by, &ended));
    }

    pub(super) fn dispatch_all(&mut self, case: usize, asked: Vec<Reaction>) -> bool {
        let mut acted = false;
        for Reaction { to, command } in asked {
            acted |= self.dispatch(case, &By::Commit(to), &command).is_ok_and(|events| !events.is_empty());
        }
        acted
    }

    fn centre_follows(&mut self, case: usize, stored: &StoredCommit) {
        let opened = stored.commit.enforcement_center_facts().any(|fact| fact.name() == "OperationOpened");
        let is_own = stored.subject.owner == Owner::EnforcementCenter;
        if is_own && !opened || !is_own && !dispatched::concerns(stored) {
            return;
        }
        if self.is(Mutation::OperationOutlivesItsCase)
            && stored.commit.dispatch_facts().all(|fact| !["Assigned", "Reopened", "Closed"].contains(&fact.name()))
        {
            return;
        }
        let charter = Arc::clone(&self.charter);
        let asked = dispatched::asked(&self.history(case, Owner::Dispatch));
        let Some(command) = dispatched::command(&charter, &asked).unwrap() else { return };
        let _ = self.decide::<operation::Rules>(case, &By::Commit(stored.subject.clone()), &command);
    }

    fn evaluation_follows(&mut self, case: usize, stored: &StoredCommit) {
        if stored.subject.owner != Owner::Dispatch {
            return;
        }
        let Some(reads) = evaluation_reaction::asks(stored) else { return };
        let history = match reads {
            evaluation_reaction::Reads::Nothing => vec![],
            evaluation_reaction::Reads::Dispatch => self.history(case, Owner::Dispatch),
        };
        let charter = Arc::clone(&self.charter);
        for command in evaluation_reaction::commands(&charter, stored, &history).unwrap() {
            let _ = self.evaluation(case, &By::Commit(stored.subject.clone()), &command);
        }
    }
}
