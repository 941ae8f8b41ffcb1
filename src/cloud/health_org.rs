//! AWS Health for a whole organisation, asked from its management account or a delegated administrator.
//!
//! Source: AWS Health API Reference, the operations that end in `ForOrganization`. The organisational view has to be switched on
//! there; where it is not, AWS refuses, and that is told.

use aws_sdk_health::operation::describe_affected_entities_for_organization::DescribeAffectedEntitiesForOrganizationOutput;
use aws_sdk_health::operation::describe_events_for_organization::DescribeEventsForOrganizationOutput;
use aws_sdk_health::types::{DateTimeRange, EntityAccountFilter, EventAccountFilter, OrganizationEvent, OrganizationEventFilter};

use super::health::{Endpoint, HealthFilter, categories};
use super::listing::{Listing, Pages};
use super::time::{to_aws, utc};
use crate::domain::{AffectedEntity, HealthEvent, Problem, ProblemKind, Region};

/// Accounts and entities are asked for event by event, so only for so many: open ones first.
const IN_FULL: usize = 25;
/// How many accounts of one event are asked for what of theirs it touches: as many as one question takes.
const ACCOUNTS: usize = 10;

impl Endpoint {
    /// The organisation's events, those that are told in full with their text and what of which account they touch.
    pub(super) async fn organization_events(&self, filter: &HealthFilter, pages: usize) -> Result<Listing<HealthEvent>, Problem> {
        let ask = self.client.describe_events_for_organization().filter(of(filter)).max_results(100);
        let found = Pages {
            connection: &self.connection,
            operation: "Health DescribeEventsForOrganization",
            pages,
            ask: |token| ask.clone().set_next_token(token).send(),
            token: |page: &DescribeEventsForOrganizationOutput| page.next_token().map(str::to_owned),
            rows: |page: DescribeEventsForOrganizationOutput| page.events().iter().map(event).collect(),
        };
        let mut found = found.gather().await?;
        found.rows.sort_by_key(|event: &HealthEvent| (!event.is_open(), std::cmp::Reverse(event.updated_at)));
        for event in found.rows.iter_mut().take(IN_FULL) {
            self.tell_in_full(event).await?;
        }
        Ok(found)
    }

    async fn tell_in_full(&self, event: &mut HealthEvent) -> Result<(), Problem> {
        let ask = self.client.describe_affected_accounts_for_organization().event_arn(&event.arn);
        let answer = self.connection.ask("Health DescribeAffectedAccountsForOrganization", || ask.clone().send()).await?;
        let accounts: Vec<String> = answer.affected_accounts().iter().take(ACCOUNTS).cloned().collect();
        // A public event is about no account in particular.
        let first = EventAccountFilter::builder().event_arn(&event.arn).set_aws_account_id(accounts.first().cloned());
        let ask =
            self.client.describe_event_details_for_organization().organization_event_detail_filters(self.built(first.build())?);
        let answer = self.connection.ask("Health DescribeEventDetailsForOrganization", || ask.clone().send()).await?;
        let text = answer.successful_set().first().and_then(|details| details.event_description());
        event.description = text.and_then(|text| text.latest_description()).map(str::to_owned);
        if accounts.is_empty() {
            return Ok(());
        }
        let mut ask = self.client.describe_affected_entities_for_organization().max_results(100);
        for account in &accounts {
            let filter = EntityAccountFilter::builder().event_arn(&event.arn).aws_account_id(account).build();
            ask = ask.organization_entity_account_filters(self.built(filter)?);
        }
        let found = Pages {
            connection: &self.connection,
            operation: "Health DescribeAffectedEntitiesForOrganization",
            pages: 5,
            ask: |token| ask.clone().set_next_token(token).send(),
            token: |page: &DescribeAffectedEntitiesForOrganizationOutput| page.next_token().map(str::to_owned),
            rows: |page: DescribeAffectedEntitiesForOrganizationOutput| page.entities().to_vec(),
        };
        event.entities.extend(found.gather().await?.rows.into_iter().map(|entity| AffectedEntity {
            value: format!(
                "{} of account {}",
                entity.entity_value().or(entity.entity_arn()).unwrap_or_default(),
                entity.aws_account_id().unwrap_or("unknown")
            ),
            status: entity.status_code().map(|code| code.as_str().to_owned()).unwrap_or_default(),
        }));
        Ok(())
    }

    fn built<T, E: std::fmt::Display>(&self, filter: Result<T, E>) -> Result<T, Problem> {
        filter.map_err(|error| self.connection.no_answer(ProblemKind::Invalid, "Health filter", error.to_string()))
    }
}

fn of(filter: &HealthFilter) -> OrganizationEventFilter {
    let some = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
    OrganizationEventFilter::builder()
        .set_services(some(&filter.services))
        .set_regions(some(&filter.regions))
        .set_event_type_codes(some(&filter.type_codes))
        .set_event_type_categories(some(&filter.categories).map(categories))
        .set_last_updated_time(filter.updated_since.map(|since| DateTimeRange::builder().from(to_aws(since)).build()))
        .build()
}

fn event(event: &OrganizationEvent) -> HealthEvent {
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
