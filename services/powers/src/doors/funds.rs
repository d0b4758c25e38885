//! Funds come down to a street, and the street pools and spends them.

use charter::Instrument;
use ids::{Code, Kind};
use proto::powers::v1::funds_service_server::FundsService;
use proto::powers::v1::{
    AllotFundRequest, AllotFundResponse, Fund as WireFund, GetLedgerRequest, GetLedgerResponse, PoolFundRequest,
    PoolFundResponse, SpendPooledRequest, SpendPooledResponse, Spending,
};
use station::{Caller, Desk, optional_line, prose};
use tonic::{Request, Response, Status};

use super::{recorded, taken};
use crate::bench::{Asked, Bench};
use crate::domain::funds::{Allotment, Command, Rules, State};
use crate::fields::{self, REASON_LENGTH_MAX, TITLE_LENGTH_MAX};

pub struct Door {
    bench: Bench<Rules>,
}

impl Door {
    pub fn new(desk: Desk<Rules>) -> Self {
        Self { bench: Bench::new(desk, Instrument::Funds, Kind::Funds) }
    }

    /// The ledger of a street in a year.
    fn asked(
        &self,
        caller: Caller,
        action: &'static str,
        district: &str,
        (street, year): (&str, u32),
    ) -> Result<(Asked, Code), Status> {
        // First the district: without its charter nobody knows a street.
        let whole = self.bench.asked(caller, action, district, ("street", street))?;
        let street = fields::street("street", &whole.charter, street)?;
        let year = fields::year("year", year)?;
        Ok((whole.about(format!("{street}-{year}")), street))
    }
}

/// The methods as the table of who may what names them.
macro_rules! method {
    ($name:literal) => {
        concat!("huying.powers.v1.FundsService/", $name)
    };
}

#[tonic::async_trait]
impl FundsService for Door {
    async fn allot_fund(&self, request: Request<AllotFundRequest>) -> Result<Response<AllotFundResponse>, Status> {
        let (caller, request) = taken!(request);
        let ledger = (request.street.as_str(), request.year);
        let (asked, _) = self.asked(caller, method!("AllotFund"), &request.district, ledger)?;
        let command = Command::Allot(Allotment {
            fund: fields::code("fund", &request.fund)?,
            title: fields::title("title", &request.title)?,
            amount: fields::hundredths("amount", &request.amount)?,
            earmark: optional_line("earmark", &request.earmark, TITLE_LENGTH_MAX)?,
            from: asked.acting()?,
        });
        self.bench.granted(&asked)?;
        recorded!(AllotFundResponse, self.bench.ask(&asked, &request.command_id, &request, command).await?)
    }

    async fn pool_fund(&self, request: Request<PoolFundRequest>) -> Result<Response<PoolFundResponse>, Status> {
        let (caller, request) = taken!(request);
        let ledger = (request.street.as_str(), request.year);
        let (asked, street) = self.asked(caller, method!("PoolFund"), &request.district, ledger)?;
        let command = Command::Pool {
            fund: fields::code("fund", &request.fund)?,
            amount: fields::hundredths("amount", &request.amount)?,
        };
        self.bench.theirs(&asked, |_| vec![street]).await?;
        recorded!(PoolFundResponse, self.bench.ask(&asked, &request.command_id, &request, command).await?)
    }

    async fn spend_pooled(
        &self,
        request: Request<SpendPooledRequest>,
    ) -> Result<Response<SpendPooledResponse>, Status> {
        let (caller, request) = taken!(request);
        let ledger = (request.street.as_str(), request.year);
        let (asked, street) = self.asked(caller, method!("SpendPooled"), &request.district, ledger)?;
        let command = Command::Spend {
            amount: fields::hundredths("amount", &request.amount)?,
            purpose: prose("purpose", &request.purpose, REASON_LENGTH_MAX)?,
        };
        self.bench.theirs(&asked, |_| vec![street]).await?;
        recorded!(SpendPooledResponse, self.bench.ask(&asked, &request.command_id, &request, command).await?)
    }

    async fn get_ledger(&self, request: Request<GetLedgerRequest>) -> Result<Response<GetLedgerResponse>, Status> {
        let (caller, request) = taken!(request);
        let ledger = (request.street.as_str(), request.year);
        let (asked, street) = self.asked(caller, method!("GetLedger"), &request.district, ledger)?;
        // Whoever gave a fund sees what becomes of it.
        let givers = |state: &State| state.funds.values().map(|fund| fund.from.clone()).chain([street]).collect();
        let snapshot = self.bench.theirs(&asked, givers).await?;
        Ok(Response::new(shown(&snapshot.state, snapshot.revision.0)))
    }
}

fn shown(state: &State, revision: u64) -> GetLedgerResponse {
    let funds = state.funds.iter().map(|(code, fund)| WireFund {
        fund: code.to_string(),
        title: fund.title.clone(),
        from: fund.from.to_string(),
        allotted: fund.allotted.to_string(),
        pooled: fund.pooled.to_string(),
        left: fund.left().to_string(),
        earmark: fund.earmark.clone(),
    });
    let spendings = state.spendings.iter();
    GetLedgerResponse {
        revision,
        funds: funds.collect(),
        pooled: state.pooled.to_string(),
        pool_left: state.pool_left().to_string(),
        spendings: spendings
            .map(|(amount, purpose)| Spending { amount: amount.to_string(), purpose: purpose.clone() })
            .collect(),
    }
}
