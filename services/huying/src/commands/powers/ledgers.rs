//! A street's funds of one year.

use proto::powers::v1::funds_service_client::FundsServiceClient;
use proto::powers::v1::{AllotFundRequest, GetLedgerRequest, GetLedgerResponse, PoolFundRequest, SpendPooledRequest};

use super::{Acting, recorded};
use crate::client::explain;

#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Command {
    AllotFund(AllotFund),
    PoolFund(PoolFund),
    SpendPooled(SpendPooled),
    ShowLedger(ShowLedger),
}

/// Which ledger.
#[derive(Clone, Debug, clap::Args)]
struct Ledger {
    /// The street by code
    #[arg(value_name = "STREET")]
    street: String,
    /// Calendar year
    #[arg(long, value_name = "YEAR")]
    year: u32,
}

/// Give a street a fund, or add to one you gave, as a department or the district.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct AllotFund {
    #[command(flatten)]
    acting: Acting,
    #[command(flatten)]
    ledger: Ledger,
    /// The fund's name in the ledger: a-z, 0-9 and hyphen
    #[arg(long, value_name = "CODE")]
    fund: String,
    /// One line that says what it is
    #[arg(long, value_name = "TEXT")]
    title: String,
    /// Yuan, e.g. 120000.50
    #[arg(long, value_name = "YUAN")]
    amount: String,
    /// Why it must not be pooled, e.g. 扶贫; it stays so
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    earmark: String,
}

/// Put something of a fund into your street's pool. Refused where it is earmarked (earmarked).
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct PoolFund {
    #[command(flatten)]
    acting: Acting,
    #[command(flatten)]
    ledger: Ledger,
    /// The fund by its name in the ledger
    #[arg(long, value_name = "CODE")]
    fund: String,
    /// Yuan, e.g. 120000.50
    #[arg(long, value_name = "YUAN")]
    amount: String,
}

/// Spend from your street's pool.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SpendPooled {
    #[command(flatten)]
    acting: Acting,
    #[command(flatten)]
    ledger: Ledger,
    /// Yuan, e.g. 120000.50
    #[arg(long, value_name = "YUAN")]
    amount: String,
    /// For what
    #[arg(long, value_name = "TEXT")]
    purpose: String,
}

/// Show a street's funds of a year, its pool and what was spent from it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ShowLedger {
    #[command(flatten)]
    acting: Acting,
    #[command(flatten)]
    ledger: Ledger,
}

pub(super) async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::AllotFund(AllotFund { acting, ledger, fund, title, amount, earmark }) => {
            let (district, command_id) = (acting.district.clone(), acting.command_id.clone());
            let Ledger { street, year } = ledger;
            let request = AllotFundRequest { district, street, command_id, year, fund, title, amount, earmark };
            recorded!(acting, FundsServiceClient, allot_fund, request)
        }
        Command::PoolFund(PoolFund { acting, ledger, fund, amount }) => {
            let (district, command_id) = (acting.district.clone(), acting.command_id.clone());
            let Ledger { street, year } = ledger;
            let request = PoolFundRequest { district, street, command_id, year, fund, amount };
            recorded!(acting, FundsServiceClient, pool_fund, request)
        }
        Command::SpendPooled(SpendPooled { acting, ledger, amount, purpose }) => {
            let (district, command_id) = (acting.district.clone(), acting.command_id.clone());
            let Ledger { street, year } = ledger;
            let request = SpendPooledRequest { district, street, command_id, year, amount, purpose };
            recorded!(acting, FundsServiceClient, spend_pooled, request)
        }
        Command::ShowLedger(ShowLedger { acting, ledger }) => {
            let mut client = FundsServiceClient::new(acting.channel().await?);
            let Ledger { street, year } = ledger;
            let request = GetLedgerRequest { district: acting.district.clone(), street, year };
            let shown = client.get_ledger(request).await.map_err(|status| explain(&status))?.into_inner();
            acting.shown(&shown, || lines(&shown))
        }
    }
}

fn lines(ledger: &GetLedgerResponse) -> Vec<String> {
    let fund = |fund: &proto::powers::v1::Fund| {
        let earmark = if fund.earmark.is_empty() { String::new() } else { format!("; earmarked: {}", fund.earmark) };
        format!(
            "{} {}: {} from {}, {} pooled, {} left{earmark}",
            fund.fund, fund.title, fund.allotted, fund.from, fund.pooled, fund.left
        )
    };
    let pool = format!("pool: {} of {} left", ledger.pool_left, ledger.pooled);
    let spent = ledger.spendings.iter().map(|spent| format!("  {} {}", spent.amount, spent.purpose));
    ledger.funds.iter().map(fund).chain([pool]).chain(spent).collect()
}
