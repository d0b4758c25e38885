//! The league of units: the table of the month before, once it is published, and else how the scores stand.

use jiff::ToSpan;
use maud::{Markup, html};
use proto::casebook::v1::{GetScoresRequest, PartyScore};
use proto::evaluation::v1::{GetPeriodRequest, PeriodTable};
use tonic::Status;

use crate::ask::Signed;
use crate::words::{Desk, fill};

/// What is known of the units.
pub struct League {
    published: Option<PeriodTable>,
    running: Vec<PartyScore>,
}

impl League {
    /// None: it is not for this role to see.
    pub async fn of(signed: &Signed) -> Result<Option<Self>, Status> {
        let zoned = signed.now().to_zoned(signed.charter.time_zone.clone());
        let before = zoned.date().first_of_month().saturating_sub(1.day());
        let period = before.strftime("%Y-%m").to_string();
        let (mut evaluation, mut casebook) =
            (signed.app.doors.periods(&signed.person), signed.app.doors.casebook(&signed.person));
        let (published, running) = tokio::join!(
            evaluation.get_period(GetPeriodRequest { district: signed.district(), period }),
            casebook.get_scores(GetScoresRequest { district: signed.district(), ..GetScoresRequest::default() }),
        );
        let running = match running {
            Ok(running) => running.into_inner().scores,
            Err(status) if status.code() == tonic::Code::PermissionDenied => return Ok(None),
            Err(status) => return Err(status),
        };
        // Most months have none yet, and the running scores say as much.
        let published = published.ok().and_then(|answer| answer.into_inner().publications.pop());
        Ok(Some(Self { published: published.and_then(|it| it.published?.table), running }))
    }

    pub fn show(&self, signed: &Signed) -> Markup {
        let words = Desk::of(signed.language);
        html! {
            h2 { (words.league) }
            @match &self.published {
                Some(table) => (published(signed, words, table)),
                None if self.running.is_empty() => p { (words.league_none) },
                None => (running(signed, words, &self.running)),
            }
        }
    }
}

fn published(signed: &Signed, words: &Desk, table: &PeriodTable) -> Markup {
    html! {
        p .hint { (fill(words.league_published, &[("period", &table.period), ("n", &table.publication.to_string())])) }
        div .scroll tabindex="0" role="region" aria-label=(words.league) { table {
            thead { tr {
                th .count scope="col" { (words.league_rank) } th scope="col" { (words.unit) }
                th .count scope="col" { (words.league_cases) } th .count scope="col" { (words.league_score) }
                th .count scope="col" { (words.league_interval) }
            } }
            tbody { @for unit in &table.units { tr {
                td .count { @if unit.rank > 0 { (unit.rank) } @else { "–" } }
                th scope="row" { (signed.unit(&unit.party)) }
                td .count { (unit.cases) } td .count { (unit.mean) }
                td .count { @if !unit.low.is_empty() { (unit.low) "–" (unit.high) } }
            } } }
        } }
    }
}

fn running(signed: &Signed, words: &Desk, scores: &[PartyScore]) -> Markup {
    let points = |score: &&PartyScore| score.score.parse::<f64>().unwrap_or(-1.0);
    let mut best_first: Vec<&PartyScore> = scores.iter().collect();
    best_first.sort_by(|one, other| points(other).total_cmp(&points(one)));
    html! {
        p .hint { (words.league_running) }
        div .scroll tabindex="0" role="region" aria-label=(words.league) { table {
            thead { tr {
                th scope="col" { (words.unit) } th .count scope="col" { (words.league_cases) }
                th .count scope="col" { (words.league_score) }
            } }
            tbody { @for score in best_first { tr {
                th scope="row" { (signed.unit(&score.party)) }
                td .count { (score.cases) } td .count { (score.score) }
            } } }
        } }
    }
}
