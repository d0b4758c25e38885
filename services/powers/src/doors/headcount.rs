//! The district approves posts, street and district fill them.

use charter::Instrument;
use ids::{Code, Kind};
use proto::powers::v1::headcount_service_server::HeadcountService;
use proto::powers::v1::{
    ApprovePostsRequest, ApprovePostsResponse, FillPostRequest, FillPostResponse, GetHeadcountRequest,
    GetHeadcountResponse, Posts, VacatePostRequest, VacatePostResponse,
};
use station::{Caller, Desk, Violation, prose};
use tonic::{Request, Response, Status};

use super::{recorded, taken};
use crate::bench::{Asked, Bench};
use crate::domain::headcount::{Command, PostKind, Rules, State};
use crate::fields::{self, REASON_LENGTH_MAX};
use crate::wire::{from_post_kind, to_post_kind};

pub struct Door {
    bench: Bench<Rules>,
}

impl Door {
    pub fn new(desk: Desk<Rules>) -> Self {
        Self { bench: Bench::new(desk, Instrument::Headcount, Kind::Headcount) }
    }

    fn asked(&self, caller: Caller, action: &'static str, district: &str, unit: &str) -> Result<(Asked, Code), Status> {
        let asked = self.bench.asked(caller, action, district, ("unit", unit))?;
        let unit = fields::party("unit", &asked.charter, unit)?;
        Ok((asked, unit))
    }
}

/// The methods as the table of who may what names them.
macro_rules! method {
    ($name:literal) => {
        concat!("huying.powers.v1.HeadcountService/", $name)
    };
}

#[tonic::async_trait]
impl HeadcountService for Door {
    async fn approve_posts(
        &self,
        request: Request<ApprovePostsRequest>,
    ) -> Result<Response<ApprovePostsResponse>, Status> {
        let (caller, request) = taken!(request);
        let (asked, unit) = self.asked(caller, method!("ApprovePosts"), &request.district, &request.unit)?;
        let command = Command::Approve {
            kind: from_post_kind(request.kind).map_err(Violation::from)?,
            posts: request.posts,
            basis: prose("basis", &request.basis, REASON_LENGTH_MAX)?,
        };
        self.bench.theirs(&asked, |_| vec![unit]).await?;
        recorded!(ApprovePostsResponse, self.bench.ask(&asked, &request.command_id, &request, command).await?)
    }

    async fn fill_post(&self, request: Request<FillPostRequest>) -> Result<Response<FillPostResponse>, Status> {
        let (caller, request) = taken!(request);
        let (asked, unit) = self.asked(caller, method!("FillPost"), &request.district, &request.unit)?;
        let command = Command::Fill {
            kind: from_post_kind(request.kind).map_err(Violation::from)?,
            person: fields::person("person", &request.person)?,
        };
        self.bench.theirs(&asked, |_| vec![unit]).await?;
        recorded!(FillPostResponse, self.bench.ask(&asked, &request.command_id, &request, command).await?)
    }

    async fn vacate_post(&self, request: Request<VacatePostRequest>) -> Result<Response<VacatePostResponse>, Status> {
        let (caller, request) = taken!(request);
        let (asked, unit) = self.asked(caller, method!("VacatePost"), &request.district, &request.unit)?;
        let command = Command::Vacate {
            person: fields::person("person", &request.person)?,
            reason: fields::reason(&request.reason)?,
        };
        self.bench.theirs(&asked, |_| vec![unit]).await?;
        recorded!(VacatePostResponse, self.bench.ask(&asked, &request.command_id, &request, command).await?)
    }

    async fn get_headcount(
        &self,
        request: Request<GetHeadcountRequest>,
    ) -> Result<Response<GetHeadcountResponse>, Status> {
        let (caller, request) = taken!(request);
        let (asked, unit) = self.asked(caller, method!("GetHeadcount"), &request.district, &request.unit)?;
        let snapshot = self.bench.theirs(&asked, |_| vec![unit]).await?;
        let posts = PostKind::ALL.map(|kind| posts_of(&snapshot.state, kind)).to_vec();
        Ok(Response::new(GetHeadcountResponse { revision: snapshot.revision.0, posts }))
    }
}

fn posts_of(state: &State, kind: PostKind) -> Posts {
    let people = state.filled.iter().filter(|(_, filled)| **filled == kind).map(|(person, _)| person.clone());
    Posts { kind: to_post_kind(kind), approved: state.approved(kind), used: state.used(kind), people: people.collect() }
}
