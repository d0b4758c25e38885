//! What a street's enforcement centre does, and who sits in it.

use proto::enforcement_center::v1 as center;
use proto::enforcement_center::v1::enforcement_center_service_client::EnforcementCenterServiceClient;

use serde::Deserialize;

use super::form::{Form, read};
use super::words::{NEXT_STEPS, SEATS, word};
use super::{Act, Answer, Related};

with!(Seating {
    centre: String,
    party: String,
    officer: String,
    post: String,
    rank: String,
    kind: String,
    substitute: bool
});
with!(Path { assessment: String, path: Vec<PathStep>, parties: Vec<String>, participants: Vec<Participant> });
with!(PathStep { step: String, power: String, basis: String });
with!(Participant { party: String, power: String });
with!(Meeting { venue: String, present: Vec<String>, decisions: Vec<Decided> });
with!(Decided { text: String, party: String });
with!(Called { party: String });
with!(Sitting { officer: String, post: String });
with!(Away { centre: String, party: String, officer: String, until: String });
with!(Unseating { centre: String, party: String, officer: String });
with!(Site { parties: Vec<String>, stop_order: String });
with!(Notice { party: String, subject: String, address: String, service_proof: String, follows: u32 });
with!(Inspection { notice: u32, passed: bool, finding: String, step: String, next_step: String });
with!(Following { notice: u32, step: String, text: String, to: String });
with!(Summary { summary: String });

pub(super) fn form(verb: &str) -> Option<Form> {
    Some(match verb {
        "seat-officer" => read::<Seating>(&["party", "officer", "rank", "kind"]),
        "unseat-officer" => read::<Unseating>(&["party", "officer"]),
        "set-away" => read::<Away>(&["party", "officer"]),
        "call-seat" => read::<Called>(&["party"]),
        "take-seat" => read::<Sitting>(&[]),
        "hold-joint-meeting" => read::<Meeting>(&["present"]),
        "decide-path" => read::<Path>(&["assessment", "path"]),
        "on-site" => read::<Site>(&["parties"]),
        "order-stop" | "serve-notice" => read::<Notice>(&["party", "subject", "address"]),
        "reinspect" => read::<Inspection>(&["notice", "finding"]),
        "take-next-step" => read::<Following>(&["notice", "step", "text", "to"]),
        "conclude" => read::<Summary>(&["summary"]),
        _ => return None,
    })
}

impl Act<'_> {
    /// Gives back the place that this step of a story took: rosters outlive a story, and the next one may need it.
    pub(crate) async fn give_back_seat(&self) -> anyhow::Result<()> {
        let Seating { centre, party, officer, .. } = self.with()?;
        let mut client = EnforcementCenterServiceClient::new(self.enter("enforcement-center").await?);
        let command_id = format!("story-{}-over", self.reference());
        let request = self.unseating(self.story.district.clone(), command_id, centre, party, officer);
        // Whoever has no place any more was unseated by the story itself.
        if let Err(status) = client.unseat_officer(request).await {
            tracing::debug!(%status, "a seat was given back before");
        }
        Ok(())
    }

    fn unseating(
        &self,
        district: String,
        command_id: String,
        centre: String,
        party: String,
        officer: String,
    ) -> center::UnseatOfficerRequest {
        let centre = if centre.is_empty() { self.actor().party.clone() } else { centre };
        center::UnseatOfficerRequest { district, centre, command_id, party, staff_ref: officer }
    }

    pub(super) async fn at_the_centre(
        &self,
        district: String,
        case_id: String,
        command_id: String,
    ) -> anyhow::Result<Answer> {
        let mut client = EnforcementCenterServiceClient::new(self.enter("enforcement-center").await?);
        Ok(match self.step.action.as_str() {
            "seat-officer" => {
                let with: Seating = self.with()?;
                let request = center::SeatOfficerRequest {
                    district,
                    centre: if with.centre.is_empty() { self.actor().party.clone() } else { with.centre },
                    command_id,
                    party: with.party,
                    officer: Some(self.officer(&with.officer, &with.post)),
                    rank: with.rank,
                    kind: word("kind", &with.kind, SEATS)?,
                    substitute: with.substitute,
                };
                call!(client, seat_officer, request)
            }
            "unseat-officer" => {
                let Unseating { centre, party, officer } = self.with()?;
                let request = self.unseating(district, command_id, centre, party, officer);
                call!(client, unseat_officer, request)
            }
            "set-away" => {
                let Away { centre, party, officer, until } = self.with()?;
                let request = center::SetAwayRequest {
                    district,
                    centre: if centre.is_empty() { self.actor().party.clone() } else { centre },
                    command_id,
                    party,
                    staff_ref: officer,
                    until: self.moment(&until)?,
                };
                call!(client, set_away, request)
            }
            "hold-joint-meeting" => {
                let Meeting { venue, present, decisions } = self.with()?;
                let decisions =
                    decisions.into_iter().map(|Decided { text, party }| center::MeetingDecision { text, party });
                let request = center::HoldMeetingRequest {
                    district,
                    case_id,
                    command_id,
                    held_at: None,
                    venue,
                    present,
                    decisions: decisions.collect(),
                };
                call!(client, hold_meeting, request)
            }
            "call-seat" => {
                let Called { party } = self.with()?;
                call!(client, call_seat, center::CallSeatRequest { district, case_id, command_id, party })
            }
            "take-seat" => {
                let Sitting { officer, post } = self.with()?;
                let officer = Some(self.officer(&officer, &post));
                call!(client, take_seat, center::TakeSeatRequest { district, case_id, command_id, officer })
            }
            "decide-path" => {
                let Path { assessment, path, parties, participants } = self.with()?;
                let step = |PathStep { step, power, basis }| center::PathStep { action: step, power, basis };
                let participant = |Participant { party, power }| center::Participant { party, power, officer: None };
                let request = center::DecidePathRequest {
                    district,
                    case_id,
                    command_id,
                    assessment,
                    steps: path.into_iter().map(step).collect(),
                    parties,
                    participants: participants.into_iter().map(participant).collect(),
                };
                call!(client, decide_path, request)
            }
            "on-site" => {
                let Site { parties, stop_order } = self.with()?;
                let request = center::ArriveOnSiteRequest { district, case_id, command_id, parties, stop_order };
                call!(client, arrive_on_site, request)
            }
            "order-stop" => {
                let Notice { party, subject, address, service_proof, follows } = self.with()?;
                let request = center::OrderStopRequest {
                    district,
                    case_id,
                    command_id,
                    party,
                    subject,
                    address,
                    service_proof,
                    follows,
                    ..center::OrderStopRequest::default()
                };
                call!(client, order_stop, request)
            }
            "serve-notice" => {
                let Notice { party, subject, address, service_proof, follows } = self.with()?;
                let request = center::ServeNoticeRequest {
                    district,
                    case_id,
                    command_id,
                    party,
                    subject,
                    address,
                    service_proof,
                    follows,
                    ..center::ServeNoticeRequest::default()
                };
                call!(client, serve_notice, request)
            }
            "reinspect" => {
                let Inspection { notice, passed, finding, step, next_step } = self.with()?;
                let request = center::ReinspectRequest {
                    district,
                    case_id,
                    command_id,
                    notice,
                    passed,
                    finding,
                    next_step,
                    step: if passed { 0 } else { word("step", &step, NEXT_STEPS)? },
                };
                call!(client, reinspect, request)
            }
            "take-next-step" => {
                let Following { notice, step, text, to } = self.with()?;
                let step = word("step", &step, NEXT_STEPS)?;
                let request = center::TakeNextStepRequest { district, case_id, command_id, notice, step, text, to };
                call!(client, take_next_step, request)
            }
            "related-case" => {
                let Related { title, text, place, category, helps, .. } = self.with()?;
                anyhow::ensure!(!helps, "whoever has the case says what helps its caller");
                let place = Some(place.into());
                let request =
                    center::SpawnRelatedCaseRequest { district, case_id, command_id, title, text, place, category };
                call!(client, spawn_related_case, request)
            }
            _ => {
                let Summary { summary } = self.with()?;
                call!(client, conclude, center::ConcludeRequest { district, case_id, command_id, summary })
            }
        })
    }
}
