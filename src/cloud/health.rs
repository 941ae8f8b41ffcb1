//! AWS Health: what AWS itself says about its services, and what of ours it touches.
//!
//! The endpoint trap: the SDK builds `health.<Region>.amazonaws.com` from any Region it is given, but such hosts exist only in us-east-1
//! and us-east-2, of which one is active. The CNAME of `global.health.amazonaws.com` says which, and a request has to be signed for that
//! one (AWS Health User Guide, "Accessing the AWS Health API"): so it is looked up before each list, the active Region is asked, and the
//! other one when that cannot be reached or refuses the signature. Tokens of pages are good in one Region only: if the active one
//! changes under a list, the list begins anew. Where the name cannot be looked up, the SDK's pseudo-Region `aws-global` is asked, which is
//! that name signed for us-east-1, and then us-east-2. With an endpoint of one's own there is no such host, and us-east-1 is signed for.

use std::fmt;
use std::sync::Arc;

use aws_sdk_health::operation::describe_affected_entities::DescribeAffectedEntitiesOutput;
use aws_sdk_health::operation::describe_events::DescribeEventsOutput;
use aws_sdk_health::types::{DateTimeRange, EntityFilter, Event, EventFilter, EventTypeCategory};
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use super::client;
use super::listing::{Listing, Pages};
use super::site::{Connection, Retries};
use super::time::{to_aws, utc};
use crate::domain::{AffectedEntity, HealthEvent, Problem, ProblemKind, Region};

/// How many events DescribeEventDetails and DescribeAffectedEntities take at a time.
const BATCH: usize = 10;

/// Which events are wanted. An empty list wants all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HealthFilter {
    /// Such as `S3`.
    pub services: Vec<String>,
    /// Region codes, and `global`.
    pub regions: Vec<String>,
    /// Such as `AWS_S3_INCREASED_GET_API_ERROR_RATES`.
    pub type_codes: Vec<String>,
    /// `issue`, `accountNotification`, `scheduledChange`.
    pub categories: Vec<String>,
    /// Those of all accounts of the organisation, asked from its management account or a delegated administrator.
    pub organization: bool,
    /// Only what AWS has told something about since then.
    pub updated_since: Option<DateTime<Utc>>,
}

impl From<&HealthFilter> for EventFilter {
    fn from(filter: &HealthFilter) -> Self {
        let some = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
        let since = filter.updated_since.map(|since| vec![DateTimeRange::builder().from(to_aws(since)).build()]);
        EventFilter::builder()
            .set_services(some(&filter.services))
            .set_regions(some(&filter.regions))
            .set_event_type_codes(some(&filter.type_codes))
            .set_event_type_categories(some(&filter.categories).map(categories))
            .set_last_updated_times(since)
            .build()
    }
}

pub(super) fn categories(names: Vec<String>) -> Vec<EventTypeCategory> {
    names.iter().map(|name| EventTypeCategory::from(name.as_str())).collect()
}

/// The name whose CNAME is the active Region's endpoint.
const GLOBAL_NAME: &str = "global.health.amazonaws.com.";

/// Tells which Region of Health is active now; `None` if that cannot be learnt.
#[derive(Clone)]
pub struct ActiveRegion(Arc<dyn Fn() -> BoxFuture<'static, Option<Region>> + Send + Sync>);

impl fmt::Debug for ActiveRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ActiveRegion")
    }
}

impl ActiveRegion {
    /// As `ask` tells it.
    pub fn told_by(ask: impl Fn() -> BoxFuture<'static, Option<Region>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(ask))
    }

    /// As the machine's name server tells it.
    pub fn by_dns() -> Self {
        Self::told_by(|| Box::pin(async { of_alias(super::dns::lookup(None, GLOBAL_NAME, "CNAME", 1).await.ok()?.first()?) }))
    }
}

/// The Region of `health.us-east-2.amazonaws.com.`
fn of_alias(host: &str) -> Option<Region> {
    let region = host.trim_end_matches('.').strip_prefix("health.")?.strip_suffix(".amazonaws.com")?;
    (!region.is_empty() && !region.contains('.')).then(|| Region::new(region))
}

/// Asks AWS Health with a site's credentials.
#[derive(Debug, Clone)]
pub struct Health {
    /// In the order in which they are asked where nobody tells which is active.
    endpoints: Vec<Endpoint>,
    active: Option<ActiveRegion>,
}

#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    pub(super) connection: Connection,
    pub(super) client: aws_sdk_health::Client,
}

impl Health {
    /// Through `connection`, whose Region does not matter.
    pub fn new(connection: &Connection) -> Self {
        let global = connection.global();
        let (regions, active) = match global.region().as_str() {
            region if connection.has_own_endpoint("Health") => (vec![region], None),
            Region::GLOBAL => (vec!["aws-global", "us-east-2", Region::GLOBAL], Some(ActiveRegion::by_dns())),
            "cn-northwest-1" => (vec!["aws-cn-global"], None),
            region => (vec![region], None),
        };
        Self::at(regions.into_iter().map(|region| connection.in_region(&Region::new(region))).collect(), active)
    }

    /// At these connections, of which the one in the active Region is asked first.
    pub(super) fn at(connections: Vec<Connection>, active: Option<ActiveRegion>) -> Self {
        let endpoint =
            |connection: Connection| Endpoint { client: client!(aws_sdk_health, connection, Retries::Never), connection };
        Self { endpoints: connections.into_iter().map(endpoint).collect(), active }
    }

    async fn active(&self) -> Option<Region> {
        match &self.active {
            Some(active) => active.0().await,
            None => None,
        }
    }

    /// The endpoints in the order in which they are asked.
    fn ordered(&self, active: Option<&Region>) -> impl Iterator<Item = &Endpoint> {
        let is_active = |endpoint: &&Endpoint| active == Some(endpoint.connection.region());
        let known = self.endpoints.iter().any(|endpoint| is_active(&endpoint));
        // The name of all is of no use where the one behind it is known.
        let rest = move |endpoint: &&Endpoint| !known || endpoint.connection.region().as_str() != "aws-global";
        let first = self.endpoints.iter().filter(move |endpoint| active == Some(endpoint.connection.region()));
        let others = self.endpoints.iter().filter(move |endpoint| active != Some(endpoint.connection.region()));
        // Unknown: the name of all stands for the first of the two.
        let last = move |endpoint: &&Endpoint| {
            known || endpoint.connection.region().as_str() != Region::GLOBAL || self.endpoints.len() == 1
        };
        first.chain(others.filter(rest).filter(last))
    }

    /// The events with their latest description and what of the account they touch, at most `pages` pages of 100 events.
    /// `first_seen_at` is left for who keeps them.
    ///
    /// # Errors
    /// Any kind. Unavailable without a support plan that includes the API: that is "no data", never "no events".
    pub async fn events(&self, filter: &HealthFilter, pages: usize) -> Result<Listing<HealthEvent>, Problem> {
        let mut active = self.active().await;
        let mut answer = self.listed(active.as_ref(), filter, pages).await;
        // Where it could not be learnt before, it is not learnt now.
        let now = if active.is_some() { self.active().await } else { None };
        if answer.as_ref().is_err_and(has_flipped) || (now.is_some() && now != active) {
            active = now.or(active);
            answer = self.listed(active.as_ref(), filter, pages).await;
        }
        answer.map_err(without_plan)
    }

    async fn listed(
        &self,
        active: Option<&Region>,
        filter: &HealthFilter,
        pages: usize,
    ) -> Result<Listing<HealthEvent>, Problem> {
        let mut last = None;
        for endpoint in self.ordered(active) {
            match endpoint.ask(filter, pages).await {
                Err(problem) if has_moved(&problem) => last = last.or(Some(problem)),
                other => return other,
            }
        }
        Err(last.unwrap_or_else(|| Problem::new(ProblemKind::Unavailable, "Health DescribeEvents", "no endpoint to ask")))
    }
}

/// Has the active Region changed between two pages? Its tokens are good in one Region only, so the list begins anew (AWS Health User
/// Guide, "Accessing the AWS Health API").
fn has_flipped(problem: &Problem) -> bool {
    problem.code.as_deref() == Some("InvalidPaginationToken")
}

/// May the other endpoint answer instead?
fn has_moved(problem: &Problem) -> bool {
    let signature = ["SignatureDoesNotMatch", "InvalidSignatureException"];
    problem.operation.starts_with("Health ")
        && (problem.kind == ProblemKind::Unreachable || problem.code.as_deref().is_some_and(|code| signature.contains(&code)))
}

fn without_plan(mut problem: Problem) -> Problem {
    if problem.code.as_deref() == Some("SubscriptionRequiredException") {
        let told = std::mem::take(&mut problem.message);
        problem.message = format!("this account has no support plan with the AWS Health API: use the push feed ({told})");
    }
    problem
}

impl Endpoint {
    async fn ask(&self, filter: &HealthFilter, pages: usize) -> Result<Listing<HealthEvent>, Problem> {
        if filter.organization { self.organization_events(filter, pages).await } else { self.events(filter, pages).await }
    }

    async fn events(&self, filter: &HealthFilter, pages: usize) -> Result<Listing<HealthEvent>, Problem> {
        let ask = self.client.describe_events().filter(filter.into()).max_results(100);
        let found = Pages {
            connection: &self.connection,
            operation: "Health DescribeEvents",
            pages,
            ask: |token| ask.clone().set_next_token(token).send(),
            token: |page: &DescribeEventsOutput| page.next_token().map(str::to_owned),
            rows: |page: DescribeEventsOutput| page.events().iter().map(event).collect(),
        };
        let mut found = found.gather().await?;
        for batch in found.rows.chunks_mut(BATCH) {
            self.add_details(batch).await?;
            self.add_entities(batch).await?;
        }
        Ok(found)
    }

    /// An event whose details AWS does not give keeps going without a description.
    async fn add_details(&self, batch: &mut [HealthEvent]) -> Result<(), Problem> {
        let arns = batch.iter().map(|event| event.arn.clone()).collect();
        let ask = self.client.describe_event_details().set_event_arns(Some(arns));
        let answer = self.connection.ask("Health DescribeEventDetails", || ask.clone().send()).await?;
        for details in answer.successful_set() {
            let arn = details.event().and_then(|event| event.arn());
            let text = details.event_description().and_then(|description| description.latest_description());
            if let Some(event) = batch.iter_mut().find(|event| Some(event.arn.as_str()) == arn) {
                event.description = text.map(str::to_owned);
            }
        }
        Ok(())
    }

    async fn add_entities(&self, batch: &mut [HealthEvent]) -> Result<(), Problem> {
        let operation = "Health DescribeAffectedEntities";
        let arns = batch.iter().map(|event| event.arn.clone()).collect();
        let filter = EntityFilter::builder().set_event_arns(Some(arns)).build();
        let filter = filter.map_err(|error| self.connection.no_answer(ProblemKind::Invalid, operation, error.to_string()))?;
        let ask = self.client.describe_affected_entities().filter(filter).max_results(100);
        let found = Pages {
            connection: &self.connection,
            operation,
            // 10 events of a bad day touch some hundred things of ours; beyond a thousand the list is cut.
            pages: 10,
            ask: |token| ask.clone().set_next_token(token).send(),
            token: |page: &DescribeAffectedEntitiesOutput| page.next_token().map(str::to_owned),
            rows: |page: DescribeAffectedEntitiesOutput| page.entities.unwrap_or_default(),
        };
        for entity in found.gather().await?.rows {
            if let Some(event) = batch.iter_mut().find(|event| Some(event.arn.as_str()) == entity.event_arn()) {
                event.entities.push(AffectedEntity {
                    value: entity.entity_value().or(entity.entity_arn()).unwrap_or_default().to_owned(),
                    status: entity.status_code().map(|code| code.as_str().to_owned()).unwrap_or_default(),
                });
            }
        }
        Ok(())
    }
}

fn event(event: &Event) -> HealthEvent {
    HealthEvent {
        arn: event.arn().unwrap_or_default().to_owned(),
        service: event.service().unwrap_or_default().to_owned(),
        type_code: event.event_type_code().unwrap_or_default().to_owned(),
        category: event.event_type_category().map(|category| category.as_str().to_owned()).unwrap_or_default(),
        region: Region::new(event.region().unwrap_or_default()),
        status: event.status_code().map(|code| code.as_str().to_owned()).unwrap_or_default(),
        started_at: utc(event.start_time()),
        ended_at: utc(event.end_time()),
        updated_at: utc(event.last_updated_time()),
        first_seen_at: None,
        description: None,
        entities: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_without_a_support_plan_is_told_where_else_to_look() {
        let mut problem = Problem::new(ProblemKind::Unavailable, "Health DescribeEvents", "not subscribed");
        problem.code = Some("SubscriptionRequiredException".into());
        let problem = without_plan(problem);
        assert!(problem.message.contains("use the push feed"), "{problem}");
        assert!(problem.message.contains("not subscribed"), "{problem}");
    }

    #[test]
    fn only_an_endpoint_that_may_have_moved_is_left_for_the_other() {
        let problem = |kind, code: Option<&str>, operation: &str| {
            let mut problem = Problem::new(kind, operation, "");
            problem.code = code.map(str::to_owned);
            problem
        };
        assert!(has_moved(&problem(ProblemKind::Unreachable, None, "Health DescribeEvents")));
        assert!(has_moved(&problem(ProblemKind::Denied, Some("InvalidSignatureException"), "Health DescribeEvents")));
        assert!(!has_moved(&problem(ProblemKind::Denied, Some("AccessDeniedException"), "Health DescribeEvents")));
        assert!(!has_moved(&problem(ProblemKind::Unreachable, None, "STS AssumeRole")));
    }

    #[test]
    fn an_alias_names_the_active_region_and_anything_else_names_none() {
        assert_eq!(of_alias("health.us-east-2.amazonaws.com."), Some(Region::new("us-east-2")));
        assert_eq!(of_alias("health.us-east-1.amazonaws.com"), Some(Region::new("us-east-1")));
        assert_eq!(of_alias("health.a.b.amazonaws.com"), None);
        assert_eq!(of_alias("example.com."), None);
    }

    #[test]
    fn an_unknown_category_is_kept_as_it_came() {
        let told = Event::builder().event_type_category("investigation".into()).status_code("odd".into()).build();
        let event = event(&told);
        assert_eq!((event.category.as_str(), event.status.as_str()), ("investigation", "odd"));
    }
}
