//! The gRPC door. Every answer goes through the asker's scope: what it does not reach is not there.

use std::sync::Arc;

use archive::Shelf;
use audit::verify::verify_case;
use audit::{AuditError, Break};
use charter::Charter;
use fair::Turnstile;
use ids::{Code, Kind};
use proto::casebook::v1::casebook_service_server::CasebookService;
use proto::casebook::v1::suggest_duplicates_request::Of;
use proto::casebook::v1::{
    ChainBreak, ExportRequest, ExportResponse, Freshness, GetCatalogueRequest, GetCatalogueResponse, GetChainsRequest,
    GetChainsResponse, GetChartersRequest, GetChartersResponse, GetRequest, GetResponse, GetScoresRequest,
    GetScoresResponse, ListBridgesRequest, ListBridgesResponse, ListChangesRequest, ListChangesResponse,
    ListOfficersRequest, ListOfficersResponse, ListOpenRequest, ListOpenResponse, ListPowersRequest,
    ListPowersResponse, ListQueueRequest, ListQueueResponse, ListRequest, ListResponse, ListUnratedRequest,
    ListUnratedResponse, ReportRequest, ReportResponse, StatisticsRequest, StatisticsResponse,
    SuggestDuplicatesRequest, SuggestDuplicatesResponse, WatchChangesRequest, WatchRequest, WatchResponse,
};
use proto::common::v1::Role;
use proto::intake::v1::CallerClass;
use proto::subjects::CommitSubject;
use record::chain;
use station::access::{Concern, Publications, Scope};
use station::desk::case_key;
use station::{Caller, History, Station, Violation, broker_status, internal, not_found};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use crate::asking::{Asker, day, hours, instants, microseconds, month};
use crate::cases::{export, list, statistics, suggest};
use crate::changes::{self, Changes};
use crate::news::{News, Wanted};
use crate::tending::Copy;
use crate::view::View;
use crate::watch::{self, QUEUE_MAX, WATCHERS, Watcher};
use crate::{callbacks, catalogue, league, officers, open, powers, publications, queue, report, suggesting};

const PAGE_DEFAULT: u32 = 100;
const PAGE_MAX: u32 = 1000;
/// Cases that statistics may be asked of by their ids.
const CASES_COUNTED_MAX: usize = 10_000;
/// Characters of the words looked for.
const WORDS_ASKED_MAX: usize = 100;

#[derive(Clone)]
pub struct Door {
    pub station: Station,
    pub copy: Copy,
    pub shelf: Shelf,
    stop: CancellationToken,
    watchers: Turnstile<String>,
    news: News,
    /// What the copy says is published.
    known: Arc<publications::Known>,
}

impl Door {
    pub fn new(station: Station, copy: Copy, shelf: Shelf, stop: CancellationToken) -> Self {
        let watchers = Turnstile::new(WATCHERS);
        let news = News::new(station.broker.clone(), stop.clone());
        Self { station, copy, shelf, stop, watchers, news, known: Arc::default() }
    }

    /// What was published by now, for somebody who reads votes only then: as far as the copy reads, and where it is being made as
    /// far as it read.
    async fn published(&self, asker: &Asker, freshness: Option<Freshness>) -> Result<&Publications, Status> {
        if !asker.caller.sees_votes(None) && (freshness.is_some() || self.copy.is_open()) {
            let known = self.known.rows();
            let look = move |connection: &_| publications::news(connection, known);
            let (news, _) = self.copy.ask(freshness, look).await?;
            self.known.learn(&news, |district| self.station.charter(district.as_str()).ok());
        }
        Ok(self.known.published())
    }

    /// Cancelled when the casebook stops.
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    fn asker<T>(&self, request: &Request<T>, method: &'static str) -> Result<Asker, Status> {
        self.asker_is(Caller::of(request)?, method)
    }

    /// Somebody who asks for an action of the table.
    pub fn asker_is(&self, caller: Caller, action: &'static str) -> Result<Asker, Status> {
        let scope = caller.scope(action, &self.station.charters)?;
        Ok(Asker { caller, scope })
    }

    /// One case, with everything the asker may see.
    pub async fn case_for(&self, asker: Asker, request: GetRequest) -> Result<GetResponse, Status> {
        let district = asker.own_district(&request.district)?;
        let (_, case, key) = case_key(district, &request.case_id)?;
        let History { commits, filed_at } = History::of(&self.station, &self.shelf, &key).await?;
        let mut view = View::new(&key, self.station.charter(district).ok());
        let timeline = commits.iter().flat_map(|stored| view.add(stored)).collect();
        view.filed(filed_at);
        if commits.is_empty() || !view.is_in(&asker.scope) {
            return Err(not_found(case.as_str()));
        }
        let published = self.published(&asker, request.freshness).await?;
        Ok(GetResponse { case: Some(view.shown_to(&asker.caller, published, timeline)) })
    }

    /// The charter of a district that the asker's scope has.
    pub(crate) fn charter(&self, asker: &Asker, district: &str) -> Result<Arc<Charter>, Status> {
        let code: Code =
            district.parse().map_err(|error: ids::CodeError| Violation::new("district", "code", error.to_string()))?;
        asker.require(&code)?;
        Ok(self.station.charter(district)?)
    }
}

fn page(size: u32) -> usize {
    match size {
        0 => PAGE_DEFAULT as usize,
        size => size.min(PAGE_MAX) as usize,
    }
}

/// The methods as the table of who may see what names them.
macro_rules! method {
    ($name:literal) => {
        concat!("huying.casebook.v1.CasebookService/", $name)
    };
}

#[tonic::async_trait]
impl CasebookService for Door {
    async fn list(&self, request: Request<ListRequest>) -> Result<Response<ListResponse>, Status> {
        let asker = self.asker(&request, method!("List"))?;
        let mut request = request.into_inner();
        let asked = request.text.chars().count();
        if asked > WORDS_ASKED_MAX {
            let description = format!("{asked} characters, at most {WORDS_ASKED_MAX} fit");
            return Err(Violation::new("text", "text-length", description).into());
        }
        if !(request.page_token.is_empty() || request.page_token.parse::<i64>().is_ok()) {
            let description = "take it from the answer before, as it is";
            return Err(Violation::new("page_token", "known-token", description).into());
        }
        let freshness = request.freshness.take();
        let wanted = list::Wanted::new(request, asker.scope)?;
        let asked = move |connection: &_| {
            wanted.as_ref().map_or_else(|| Ok(ListResponse::default()), |wanted| list::list(connection, wanted))
        };
        let (listed, as_of) = self.copy.ask(freshness, asked).await?;
        Ok(Response::new(ListResponse { as_of: Some(as_of), ..listed }))
    }

    async fn get(&self, request: Request<GetRequest>) -> Result<Response<GetResponse>, Status> {
        let asker = self.asker(&request, method!("Get"))?;
        Ok(Response::new(self.case_for(asker, request.into_inner()).await?))
    }

    async fn list_changes(
        &self,
        request: Request<ListChangesRequest>,
    ) -> Result<Response<ListChangesResponse>, Status> {
        let asker = self.asker(&request, method!("ListChanges"))?;
        Ok(Response::new(self.changes_for(asker, request.into_inner()).await?))
    }

    type WatchChangesStream = Changes;

    async fn watch_changes(&self, request: Request<WatchChangesRequest>) -> Result<Response<Changes>, Status> {
        let asker = self.asker(&request, method!("WatchChanges"))?;
        let turn = self.watchers.enter(watch::who(&asker.caller)).map_err(watch::no_room)?;
        Ok(Response::new(Arc::new(self.clone()).changes_watched(asker, request.into_inner(), turn)))
    }

    async fn get_catalogue(
        &self,
        request: Request<GetCatalogueRequest>,
    ) -> Result<Response<GetCatalogueResponse>, Status> {
        let asker = self.asker(&request, method!("GetCatalogue"))?;
        let charter = self.charter(&asker, asker.own_district(&request.get_ref().district)?)?;
        let today = self.station.now().to_zoned(charter.time_zone.clone()).date();
        Ok(Response::new(catalogue::catalogue(&charter, today)))
    }

    async fn list_bridges(
        &self,
        request: Request<ListBridgesRequest>,
    ) -> Result<Response<ListBridgesResponse>, Status> {
        let asker = self.asker(&request, method!("ListBridges"))?;
        let ListBridgesRequest { district, freshness } = request.into_inner();
        let charter = self.charter(&asker, &district)?;
        let look = move |connection: &_| changes::bridges(connection, &charter);
        let (bridges, as_of) = self.copy.ask(freshness, look).await?;
        Ok(Response::new(ListBridgesResponse { bridges, as_of: Some(as_of) }))
    }

    type WatchStream = ReceiverStream<Result<WatchResponse, Status>>;

    async fn watch(&self, request: Request<WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let asker = self.asker(&request, method!("Watch"))?;
        let published = self.published(&asker, None).await?.clone();
        let Asker { caller, scope } = asker;
        let request = request.into_inner();
        let turn = self.watchers.enter(watch::who(&caller)).map_err(watch::no_room)?;
        let wanted = match (request.district.as_str(), request.case_id.as_str()) {
            ("", "") => match &scope {
                Scope::All => Wanted::Everything,
                Scope::Districts(districts) | Scope::Only { districts, .. } => Wanted::Districts(districts.clone()),
            },
            (district, "") => {
                let charter = self.charter(&Asker { caller: caller.clone(), scope: scope.clone() }, district)?;
                Wanted::Districts(vec![charter.district.clone()])
            }
            (district, case) => Wanted::Case(case_key(district, case)?.2),
        };
        let filters = match &wanted {
            Wanted::Everything => vec![format!("{}.>", Kind::Case.as_str())],
            Wanted::Districts(districts) => {
                districts.iter().map(|district| CommitSubject::all_in(Kind::Case, district)).collect()
            }
            Wanted::Case(key) => vec![CommitSubject::whole_history(key)],
        };
        let joined = self.news.join().await.map_err(|error| broker_status(&error))?;
        let from = match (request.from_start, request.after) {
            (true, _) => 1,
            (false, 0) => joined.after + 1,
            (false, after) => after + 1,
        };
        let (answers, receiver) = mpsc::channel(QUEUE_MAX);
        let own = (from <= joined.after).then(|| self.station.broker.replay(filters.clone(), from, self.stop.clone()));
        let shelf = self.shelf.clone();
        let watcher =
            Watcher { caller, scope, published, answers, shelf, wanted, filters, stop: self.stop.clone(), _turn: turn };
        #[allow(
            clippy::disallowed_methods,
            reason = "lives as long as its watcher, and ends with the service's token"
        )]
        tokio::spawn(watcher.feed(self.station.clone(), own, joined, from));
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn statistics(&self, request: Request<StatisticsRequest>) -> Result<Response<StatisticsResponse>, Status> {
        let asker = self.asker(&request, method!("Statistics"))?;
        // Counting everything tells of nobody's case; counting one that is named tells what becomes of it.
        let to_be_seen = self.asker(&request, method!("Get"))?.scope;
        let request = request.into_inner();
        let charter = self.charter(&asker, &request.district)?;
        let from = if request.from.is_some() { microseconds("from", &request.from)? } else { i64::MIN };
        let until = if request.until.is_some() { microseconds("until", &request.until)? } else { i64::MAX };
        let class = CallerClass::try_from(request.caller_class)
            .map_err(|_| Violation::new("caller_class", "known", "it is none of the classes of callers"))?;
        if request.cases.len() > CASES_COUNTED_MAX {
            let said = format!("{} are named, at most {CASES_COUNTED_MAX} fit", request.cases.len());
            return Err(Violation::new("cases", "list-length", said).into());
        }
        let named = request.cases;
        let count = move |connection: &_| {
            let district = charter.district.as_str();
            let mut only = Vec::new();
            for case in &named {
                if queue::reaches(connection, &to_be_seen, district, case)? {
                    only.push(case.clone());
                }
            }
            let only = (!named.is_empty()).then_some(only);
            let which = statistics::Which { window: from..until, class: class.into(), only };
            statistics::statistics(connection, district, &which, charter.containment())
        };
        let (counted, as_of) = self.copy.ask(request.freshness, count).await?;
        Ok(Response::new(StatisticsResponse { as_of: Some(as_of), ..counted }))
    }

    async fn suggest_duplicates(
        &self,
        request: Request<SuggestDuplicatesRequest>,
    ) -> Result<Response<SuggestDuplicatesResponse>, Status> {
        let asker = self.asker(&request, method!("SuggestDuplicates"))?;
        let request = request.into_inner();
        let charter = self.charter(&asker, &request.district)?;
        let bounds = suggesting::bounds(&request)?;
        let (district, scope) = (charter.district.clone(), asker.scope);
        let asked = match &request.of {
            None => return Err(Violation::new("of", "required", "name a case, or say what the draft says").into()),
            Some(Of::Draft(draft)) => bounds.of_draft(draft, &charter, self.station.now())?,
            Some(Of::CaseId(case_id)) => {
                let (_, case, _) = case_key(&request.district, case_id)?;
                let (place, id, reach) = (district.clone(), case.to_string(), scope.clone());
                let look = move |connection: &_| {
                    let known = queue::reaches(connection, &reach, place.as_str(), &id)?;
                    Ok(if known { suggest::features(connection, place.as_str(), &id)? } else { None })
                };
                let (features, _) = self.copy.ask(request.freshness, look).await?;
                let features = features.ok_or_else(|| not_found(case.as_str()))?;
                bounds.of_case(case.to_string(), features)
            }
        };
        let look = move |connection: &_| suggest::suggest(connection, &district, &asked, &scope);
        let (suggestions, as_of) = self.copy.ask(request.freshness, look).await?;
        Ok(Response::new(SuggestDuplicatesResponse { suggestions, as_of: Some(as_of) }))
    }

    async fn list_queue(&self, request: Request<ListQueueRequest>) -> Result<Response<ListQueueResponse>, Status> {
        let asker = self.asker(&request, method!("ListQueue"))?;
        let request = request.into_inner();
        let look =
            move |connection: &_| queue::list(connection, &request.district, &asker.scope, page(request.page_size));
        let (cases, as_of) = self.copy.ask(request.freshness, look).await?;
        Ok(Response::new(ListQueueResponse { cases, as_of: Some(as_of) }))
    }

    async fn list_unrated(
        &self,
        request: Request<ListUnratedRequest>,
    ) -> Result<Response<ListUnratedResponse>, Status> {
        let asker = self.asker(&request, method!("ListUnrated"))?;
        let request = request.into_inner();
        let district = self.charter(&asker, &request.district)?.district.clone();
        let now = self.station.now();
        let look = move |connection: &_| {
            callbacks::list(connection, district.as_str(), &asker.scope, now, page(request.page_size))
        };
        let (cases, as_of) = self.copy.ask(request.freshness, look).await?;
        Ok(Response::new(ListUnratedResponse { cases, as_of: Some(as_of) }))
    }

    async fn get_scores(&self, request: Request<GetScoresRequest>) -> Result<Response<GetScoresResponse>, Status> {
        let asker = self.asker(&request, method!("GetScores"))?;
        let request = request.into_inner();
        let charter = self.charter(&asker, &request.district)?;
        let hours = hours(&request, &charter.time_zone)?;
        // What one case's votes came to shows in a mean of few.
        let rates_are_open = asker.caller.sees_votes(Some(&charter))
            || self.published(&asker, request.freshness).await?.have(&charter.district, &instants(&hours));
        let formula = charter.formula();
        let components = formula.components.iter();
        let components: Vec<(String, String)> =
            components.map(|it| (it.code.to_string(), it.weight.normalize().to_string())).collect();
        let district = charter.district.clone();
        let look = move |connection: &_| league::scores(connection, district.as_str(), &hours, &components);
        let (mut scores, as_of) = self.copy.ask(request.freshness, look).await?;
        if !rates_are_open {
            scores.iter_mut().flat_map(|party| &mut party.components).for_each(|component| component.rate.clear());
        }
        Ok(Response::new(GetScoresResponse { formula: formula.name.clone(), scores, as_of: Some(as_of) }))
    }

    async fn list_officers(
        &self,
        request: Request<ListOfficersRequest>,
    ) -> Result<Response<ListOfficersResponse>, Status> {
        let asker = self.asker(&request, method!("ListOfficers"))?;
        let request = request.into_inner();
        let charter = self.charter(&asker, &request.district)?;
        let party = charter.party(&request.party).map(|party| party.code.clone()).ok_or_else(|| {
            let description = format!("{:?} is not a party of this charter", request.party);
            Violation::new("party", "known-party", description)
        })?;
        if !asker.scope.covers(&charter.district, &[Concern::Party(party.clone())]) {
            return Err(Status::not_found(format!("there is no unit {party} that this token is for")));
        }
        let today = || self.station.now().to_zoned(charter.time_zone.clone()).date();
        let on = day("on", &request.on)?.unwrap_or_else(today);
        let district = charter.district.clone();
        let look = move |connection: &_| officers::list(connection, district.as_str(), party.as_str(), on);
        let (officers, as_of) = self.copy.ask(request.freshness, look).await?;
        Ok(Response::new(ListOfficersResponse { officers, as_of: Some(as_of) }))
    }

    async fn list_powers(&self, request: Request<ListPowersRequest>) -> Result<Response<ListPowersResponse>, Status> {
        let asker = self.asker(&request, method!("ListPowers"))?;
        let request = request.into_inner();
        let charter = self.charter(&asker, &request.district)?;
        let Asker { caller, scope } = asker;
        // A squad that is posted to a street does not read what the street writes of its people.
        let of_street = caller.party.as_ref().filter(|_| caller.role == Role::Street);
        let street = of_street.and_then(|party| charter.street_of(party)).map(|street| street.code.clone());
        let wanted = powers::Wanted {
            district: charter.district.clone(),
            kind: request.kind,
            state: request.state,
            party: request.party,
            scope,
            own: caller.party.into_iter().chain(street).collect(),
            size: page(request.page_size),
        };
        let look = move |connection: &_| powers::list(connection, &wanted);
        let (listed, as_of) = self.copy.ask(request.freshness, look).await?;
        Ok(Response::new(ListPowersResponse { as_of: Some(as_of), ..listed }))
    }

    async fn get_chains(&self, request: Request<GetChainsRequest>) -> Result<Response<GetChainsResponse>, Status> {
        let asker = self.asker(&request, method!("GetChains"))?;
        let request = request.into_inner();
        let (district, case, key) = case_key(&request.district, &request.case_id)?;
        asker.require(&district)?;
        let findings = verify_case(&self.station.broker, &self.shelf, &key).await.map_err(|error| match error {
            AuditError::Broker(error) => broker_status(&error),
            error @ (AuditError::Archive(_) | AuditError::Damaged(_) | AuditError::Filing) => {
                tracing::error!(error = chain(&error), case = %key, "the chains of a case cannot be looked at");
                internal()
            }
        })?;
        let findings = findings.ok_or_else(|| not_found(case.as_str()))?;
        let shown = |it: Break| ChainBreak {
            subject: it.subject,
            position: it.position.unwrap_or_default(),
            expected: it.expected,
            found: it.found,
        };
        Ok(Response::new(GetChainsResponse {
            chains: findings.chains,
            commits: findings.commits,
            unchained: findings.unchained,
            filed: findings.filed_cases > 0,
            anchored_day: findings.anchored.map(|(day, _)| day).unwrap_or_default(),
            after_anchors: findings.after_anchors,
            breaks: findings.breaks.into_iter().map(shown).collect(),
        }))
    }

    async fn report(&self, request: Request<ReportRequest>) -> Result<Response<ReportResponse>, Status> {
        let asker = self.asker(&request, method!("Report"))?;
        let request = request.into_inner();
        let charter = self.charter(&asker, &request.district)?;
        let asked = report::Asked::new(charter, &request, self.station.now())?;
        let look = move |connection: &_| report::report(connection, &asked);
        let (report, as_of) = self.copy.ask(request.freshness, look).await?;
        Ok(Response::new(ReportResponse { as_of: Some(as_of), ..report }))
    }

    async fn list_open(&self, request: Request<ListOpenRequest>) -> Result<Response<ListOpenResponse>, Status> {
        let asker = self.asker(&request, method!("ListOpen"))?;
        let mut request = request.into_inner();
        let freshness = request.freshness.take();
        if !request.district.is_empty() {
            self.charter(&asker, &request.district)?;
        }
        let wanted = open::Wanted::new(request, asker.scope, self.station.now())?;
        let look = move |connection: &_| open::list(connection, &wanted);
        let (listed, as_of) = self.copy.ask(freshness, look).await?;
        Ok(Response::new(ListOpenResponse { as_of: Some(as_of), ..listed }))
    }

    async fn get_charters(
        &self,
        request: Request<GetChartersRequest>,
    ) -> Result<Response<GetChartersResponse>, Status> {
        let asker = self.asker(&request, method!("GetCharters"))?;
        Ok(Response::new(self.charters_for(&asker, &request.into_inner().district)?))
    }

    type ExportStream = ReceiverStream<Result<ExportResponse, Status>>;

    async fn export(&self, request: Request<ExportRequest>) -> Result<Response<Self::ExportStream>, Status> {
        let asker = self.asker(&request, method!("Export"))?;
        let ExportRequest { district, month: asked, freshness } = request.into_inner();
        let charter = self.charter(&asker, &district)?;
        let window = month(&asked, &charter.time_zone)?;
        let (rows, receiver) = mpsc::channel(1);
        let (copy, stop) = (self.copy.clone(), self.stop.clone());
        let district = charter.district.clone();
        let feed = async move {
            let (mut freshness, mut cursor) = (freshness, export::Cursor::before(window.start));
            loop {
                let (district, window) = (district.clone(), window.clone());
                let look = move |connection: &_| export::page(connection, district.as_str(), &window, cursor);
                let page = copy.ask(freshness.take(), look).await;
                let (answer, next) = match page {
                    Ok(((cases, next), as_of)) => {
                        (Ok(ExportResponse { cases, last: next.is_none(), as_of: Some(as_of) }), next)
                    }
                    Err(status) => (Err(status), None),
                };
                let sent = tokio::select! {
                    sent = rows.send(answer) => sent.is_ok(),
                    () = stop.cancelled() => false,
                };
                match next.filter(|_| sent) {
                    Some(next) => cursor = next,
                    None => return,
                }
            }
        };
        #[allow(
            clippy::disallowed_methods,
            reason = "lives as long as whoever reads, and ends with the service's token"
        )]
        tokio::spawn(feed);
        Ok(Response::new(ReceiverStream::new(receiver)))
    }
}
