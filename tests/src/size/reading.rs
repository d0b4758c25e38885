//! What people ask to see, with filters as varied as theirs, and how long each answer takes.
//!
//! Which RPC answers what is said here and nowhere else in the benchmark.

use std::time::Instant;

use anyhow::{Context, ensure};
use charter::Charter;
use huying::client::{Authorised, authorised};
use jiff::{SignedDuration, Timestamp};
use proto::ToWireTime;
use proto::casebook::v1::casebook_service_client::CasebookServiceClient;
use proto::casebook::v1::suggest_duplicates_request::Of;
use proto::casebook::v1::{
    CaseSummary, GetRequest, ListQueueRequest, ListRequest, StatisticsRequest, SuggestDuplicatesRequest,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tonic::Code;

use super::SEED;
use super::processes::Installation;
use crate::figures::percentile;

/// Requests of each kind: enough that the slowest of a hundred is not an accident.
const REQUESTS: usize = 600;
/// Cases whose timelines and likely duplicates are asked for.
const SAMPLE: usize = 200;
const STATES: [&str; 5] = ["", "queued", "assigned", "called", "closed"];
const LEVELS: [&str; 4] = ["", "B1", "B2", "C"];

/// In ms.
#[derive(Clone, Copy, Debug)]
pub struct Took {
    pub p50: f64,
    pub p99: f64,
}

/// Somebody who looks, and what there is to look at.
pub struct Reader {
    casebook: CasebookServiceClient<Authorised>,
    sample: Vec<CaseSummary>,
    draw: StdRng,
}

impl Reader {
    /// # Errors
    /// The services do not answer, or there is nothing to see.
    pub async fn open(installation: &Installation) -> anyhow::Result<Self> {
        let token = installation.access().token("operator", "", "")?;
        let mut reader = Self {
            casebook: CasebookServiceClient::new(authorised(&installation.grpc("casebook"), &token).await?),
            sample: Vec::new(),
            draw: StdRng::seed_from_u64(SEED),
        };
        for district in Charter::shipped_names() {
            let request = ListRequest {
                district: (*district).to_owned(),
                page_size: u32::try_from(SAMPLE)?,
                ..ListRequest::default()
            };
            reader.sample.extend(reader.casebook.list(request).await?.into_inner().cases);
        }
        ensure!(!reader.sample.is_empty(), "the list is empty");
        Ok(reader)
    }

    /// # Errors
    /// A request is refused.
    pub async fn lists(&mut self) -> anyhow::Result<Took> {
        let mut took = Vec::new();
        while took.len() < REQUESTS {
            let mut request = self.list_request()?;
            // Whoever looks turns a page or two.
            for _ in 0..3 {
                let begun = Instant::now();
                let page = self.casebook.list(request.clone()).await?.into_inner();
                took.push(begun.elapsed().as_secs_f64() * 1000.0);
                if page.next_page_token.is_empty() {
                    break;
                }
                request.page_token = page.next_page_token;
            }
        }
        Ok(of(&took))
    }

    /// Lists as fast as one person can, until `stop`.
    ///
    /// # Errors
    /// A request is refused.
    pub async fn keep_listing(&mut self, stop: &chassis::CancellationToken) -> anyhow::Result<usize> {
        let mut lists = 0;
        while !stop.is_cancelled() {
            let request = self.list_request()?;
            self.casebook.list(request).await?;
            lists += 1;
        }
        Ok(lists)
    }

    /// # Errors
    /// A request is refused.
    pub async fn queues(&mut self) -> anyhow::Result<Took> {
        let mut took = Vec::new();
        for _ in 0..REQUESTS {
            let request = ListQueueRequest { district: self.district(), page_size: self.page(), freshness: None };
            let begun = Instant::now();
            self.casebook.list_queue(request).await?;
            took.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
        Ok(of(&took))
    }

    /// # Errors
    /// A request is refused.
    pub async fn statistics(&mut self) -> anyhow::Result<Took> {
        let mut took = Vec::new();
        for _ in 0..REQUESTS {
            let days = [1, 7, 30, 90][self.draw.random_range(0..4)];
            let until = self.newest()?.checked_sub(SignedDuration::from_hours(24 * self.draw.random_range(0..60)))?;
            let request = StatisticsRequest {
                district: self.district(),
                from: Some(until.checked_sub(SignedDuration::from_hours(24 * days))?.to_wire()),
                until: Some(until.to_wire()),
                ..StatisticsRequest::default()
            };
            let begun = Instant::now();
            self.casebook.statistics(request).await?;
            took.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
        Ok(of(&took))
    }

    /// # Errors
    /// A request is refused.
    pub async fn suggestions(&mut self) -> anyhow::Result<Took> {
        let mut took = Vec::new();
        for _ in 0..REQUESTS {
            let case = self.case();
            let request = SuggestDuplicatesRequest {
                district: case.district,
                of: Some(Of::CaseId(case.case_id)),
                ..SuggestDuplicatesRequest::default()
            };
            let begun = Instant::now();
            match self.casebook.suggest_duplicates(request).await {
                Ok(_) => took.push(begun.elapsed().as_secs_f64() * 1000.0),
                // Withdrawn or merged meanwhile.
                Err(status) if status.code() == Code::FailedPrecondition => {}
                Err(status) => return Err(status.into()),
            }
        }
        Ok(of(&took))
    }

    /// # Errors
    /// A request is refused.
    pub async fn timelines(&mut self) -> anyhow::Result<Took> {
        let mut took = Vec::new();
        for _ in 0..REQUESTS {
            let case = self.case();
            let begun = Instant::now();
            self.casebook.get(GetRequest { district: case.district, case_id: case.case_id, freshness: None }).await?;
            took.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
        Ok(of(&took))
    }

    fn list_request(&mut self) -> anyhow::Result<ListRequest> {
        let owner = if self.draw.random_bool(0.3) { self.case().owner } else { String::new() };
        Ok(ListRequest {
            district: self.district(),
            state: STATES[self.draw.random_range(0..STATES.len())].to_owned(),
            level: LEVELS[self.draw.random_range(0..LEVELS.len())].to_owned(),
            owner,
            page_size: self.page(),
            ..ListRequest::default()
        })
    }

    fn district(&mut self) -> String {
        let names = Charter::shipped_names();
        names[self.draw.random_range(0..names.len())].to_owned()
    }

    fn page(&mut self) -> u32 {
        [20, 50, 100][self.draw.random_range(0..3)]
    }

    fn case(&mut self) -> CaseSummary {
        self.sample[self.draw.random_range(0..self.sample.len())].clone()
    }

    fn newest(&self) -> anyhow::Result<Timestamp> {
        let received = self.sample.iter().filter_map(|case| case.received_at.as_ref()).map(|at| at.seconds).max();
        Ok(Timestamp::from_second(received.context("every case was received")?)?)
    }
}

fn of(took: &[f64]) -> Took {
    Took { p50: percentile(took, 50.0), p99: percentile(took, 99.0) }
}
