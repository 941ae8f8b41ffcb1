//! Route 53: zones, their records, the state of changes and of health checks.
//!
//! The control plane lives in us-east-1 (AWS Fault Isolation Boundaries, appendix B) and signs for it; what DNS answers lives everywhere.

use aws_sdk_route53::types::{HealthCheckObservation, HostedZone as Zone, ResourceRecordSet, RrType};
use chrono::{DateTime, Utc};

use super::client;
use super::listing::Listing;
use super::site::{Connection, Retries};
use super::time::{to_utc, utc};
use crate::domain::{AliasTarget, Problem, ProblemKind, RecordSet, RecordValue};

/// Asks Route 53 with a site's credentials.
#[derive(Debug, Clone)]
pub struct Route53 {
    connection: Connection,
    client: aws_sdk_route53::Client,
}

/// A hosted zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostedZone {
    /// Without the `/hostedzone/` prefix.
    pub id: String,
    /// With the final dot.
    pub name: String,
    /// Is it seen in VPCs only?
    pub private: bool,
    /// How many record sets it has.
    pub record_sets: Option<i64>,
}

/// How far a change is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeStatus {
    /// Without the `/change/` prefix.
    pub id: String,
    /// `PENDING` or `INSYNC`, or as it came.
    pub status: String,
    /// When Route 53 took it.
    pub submitted_at: Option<DateTime<Utc>>,
    /// The comment of its batch.
    pub comment: Option<String>,
}

impl ChangeStatus {
    /// Do all of Route 53's servers answer with it?
    pub fn is_in_sync(&self) -> bool {
        self.status == "INSYNC"
    }
}

/// What Route 53's checkers see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthCheckStatus {
    /// One per checker.
    pub observations: Vec<Observation>,
}

/// How a health check is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthCheckSetting {
    /// `HTTPS`, `CALCULATED`, `RECOVERY_CONTROL`, … as it came.
    pub kind: String,
    /// Counts the changes.
    pub version: i64,
    /// Is what the checkers find turned around?
    pub inverted: bool,
    /// Is it not looked at?
    pub disabled: bool,
}

/// What one checker saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The checker's Region.
    pub region: String,
    /// `Success: HTTP Status Code 200, OK`, `Failure: …`, as it came.
    pub status: String,
    /// When it looked.
    pub checked_at: Option<DateTime<Utc>>,
}

impl HealthCheckStatus {
    /// How many checkers report success.
    pub fn successes(&self) -> usize {
        self.observations.iter().filter(|seen| seen.status.starts_with("Success")).count()
    }

    /// Does Route 53 count the endpoint as healthy? It does when more than 18 % of the checkers report success (Route 53 Developer
    /// Guide, "How Route 53 determines whether a health check is healthy"). `None` without observations.
    pub fn is_healthy(&self) -> Option<bool> {
        (!self.observations.is_empty()).then(|| self.successes() * 100 > self.observations.len() * 18)
    }
}

impl Route53 {
    /// Through `connection`, asked in its partition's global Region.
    pub fn new(connection: &Connection) -> Self {
        let connection = connection.global();
        Self { client: client!(aws_sdk_route53, connection, Retries::Read), connection }
    }

    /// The public hosted zone of this name, with or without the final dot; the private one if there is no public.
    ///
    /// # Errors
    /// Any kind; Missing if there is none, Invalid if several have the name: then the plan must give the zone's id.
    pub async fn hosted_zone(&self, name: &str) -> Result<HostedZone, Problem> {
        let operation = "Route 53 ListHostedZonesByName";
        let answer = self.client.list_hosted_zones_by_name().dns_name(name).max_items(100).send();
        let answer = self.connection.read(answer, operation).await?;
        let zones: Vec<HostedZone> = answer.hosted_zones().iter().map(zone).filter(|zone| same_name(&zone.name, name)).collect();
        let (private, public): (Vec<_>, Vec<_>) = zones.into_iter().partition(|zone| zone.private);
        let mut found = if public.is_empty() { private } else { public };
        match (found.pop(), found.len()) {
            (Some(zone), 0) => Ok(zone),
            (Some(_), others) => {
                let message = format!("{} hosted zones are called {name}: give the zone's id", others + 1);
                Err(self.connection.no_answer(ProblemKind::Invalid, operation, message))
            }
            (None, _) => {
                Err(self.connection.no_answer(ProblemKind::Missing, operation, format!("no hosted zone is called {name}")))
            }
        }
    }

    /// The account's hosted zones, at most `pages` pages of 100.
    ///
    /// # Errors
    /// Any kind.
    pub async fn zones(&self, pages: usize) -> Result<Listing<HostedZone>, Problem> {
        let stream = self.client.list_hosted_zones().max_items(100).into_paginator().send();
        let found = self.connection.gather(stream, pages, "Route 53 ListHostedZones", |page, rows| {
            rows.extend(page.hosted_zones().iter().map(zone));
            page.is_truncated()
        });
        found.await
    }

    /// The zone's record sets, of one name or all, at most `pages` pages of 300. Of geolocation, multivalue and CIDR records the members
    /// that say so are left out.
    ///
    /// # Errors
    /// Any kind.
    pub async fn records(&self, zone: &str, name: Option<&str>, pages: usize) -> Result<Listing<RecordSet>, Problem> {
        let mut rows = Vec::new();
        let mut start: (Option<String>, Option<RrType>, Option<String>) = (name.map(str::to_owned), None, None);
        for _ in 0..pages.max(1) {
            let ask = self.client.list_resource_record_sets().hosted_zone_id(bare_id(zone)).max_items(300);
            let ask = ask.set_start_record_name(start.0).set_start_record_type(start.1).set_start_record_identifier(start.2);
            let page = self.connection.read(ask.send(), "Route 53 ListResourceRecordSets").await?;
            for set in page.resource_record_sets() {
                // Route 53 lists in order of names from the one asked for: the first other name ends it.
                if name.is_some_and(|name| !same_name(set.name(), name)) {
                    return Ok(Listing { rows, complete: true });
                }
                rows.push(record_set(set));
            }
            if !page.is_truncated() {
                return Ok(Listing { rows, complete: true });
            }
            start = (page.next_record_name, page.next_record_type, page.next_record_identifier);
        }
        Ok(Listing { rows, complete: false })
    }

    /// How far a change is, by its id with or without `/change/`.
    ///
    /// # Errors
    /// Any kind. Missing (NoSuchChange) may mean that accelerated recovery left the change stranded: look at the records.
    pub async fn change_status(&self, id: &str) -> Result<ChangeStatus, Problem> {
        let operation = "Route 53 GetChange";
        let answer = self.client.get_change().id(bare_id(id)).send();
        let Some(info) = self.connection.read(answer, operation).await?.change_info else {
            return Err(self.connection.no_answer(
                ProblemKind::Missing,
                operation,
                format!("Route 53 told nothing about change {id}"),
            ));
        };
        Ok(ChangeStatus {
            id: bare_id(info.id()).to_owned(),
            status: info.status().as_str().to_owned(),
            submitted_at: to_utc(info.submitted_at()),
            comment: info.comment().map(str::to_owned),
        })
    }

    /// How a health check is set.
    ///
    /// # Errors
    /// Any kind.
    pub async fn health_check(&self, id: &str) -> Result<HealthCheckSetting, Problem> {
        let operation = "Route 53 GetHealthCheck";
        let answer = self.client.get_health_check().health_check_id(id).send();
        let found = self.connection.read(answer, operation).await?.health_check;
        let config = found.as_ref().and_then(|check| check.health_check_config());
        let (Some(check), Some(config)) = (&found, config) else {
            let message = format!("Route 53 told nothing about the health check {id}");
            return Err(self.connection.no_answer(ProblemKind::Missing, operation, message));
        };
        Ok(HealthCheckSetting {
            kind: config.r#type().as_str().to_owned(),
            version: check.health_check_version(),
            inverted: config.inverted().unwrap_or_default(),
            disabled: config.disabled().unwrap_or_default(),
        })
    }

    /// What the checkers of a health check see now.
    ///
    /// # Errors
    /// Any kind.
    pub async fn health_check_status(&self, id: &str) -> Result<HealthCheckStatus, Problem> {
        let answer = self.client.get_health_check_status().health_check_id(id).send();
        let answer = self.connection.read(answer, "Route 53 GetHealthCheckStatus").await?;
        Ok(HealthCheckStatus { observations: answer.health_check_observations().iter().map(observation).collect() })
    }
}

/// The id without `/hostedzone/` or `/change/`.
fn bare_id(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

/// DNS names do not mind case, and the final dot is often left out.
fn same_name(one: &str, other: &str) -> bool {
    one.trim_end_matches('.').eq_ignore_ascii_case(other.trim_end_matches('.'))
}

fn zone(zone: &Zone) -> HostedZone {
    HostedZone {
        id: bare_id(zone.id()).to_owned(),
        name: zone.name().to_owned(),
        private: zone.config().is_some_and(|config| config.private_zone()),
        record_sets: zone.resource_record_set_count(),
    }
}

fn observation(seen: &HealthCheckObservation) -> Observation {
    let report = seen.status_report();
    Observation {
        region: seen.region().map(|region| region.as_str().to_owned()).unwrap_or_default(),
        status: report.and_then(|report| report.status()).unwrap_or_default().to_owned(),
        checked_at: utc(report.and_then(|report| report.checked_time())),
    }
}

fn record_set(set: &ResourceRecordSet) -> RecordSet {
    RecordSet {
        name: set.name().to_owned(),
        kind: set.r#type().as_str().to_owned(),
        set_identifier: set.set_identifier().map(str::to_owned),
        weight: set.weight(),
        failover: set.failover().map(|failover| failover.as_str().to_owned()),
        region: set.region().map(|region| region.as_str().to_owned()),
        ttl: set.ttl(),
        resource_records: set.resource_records().iter().map(|it| RecordValue { value: it.value().to_owned() }).collect(),
        alias_target: set.alias_target().map(|alias| AliasTarget {
            hosted_zone_id: alias.hosted_zone_id().to_owned(),
            dns_name: alias.dns_name().to_owned(),
            evaluate_target_health: alias.evaluate_target_health(),
        }),
        health_check_id: set.health_check_id().map(str::to_owned),
        not_carried: not_carried(set),
    }
}

fn not_carried(set: &ResourceRecordSet) -> Vec<String> {
    let members = [
        ("GeoLocation", set.geo_location().is_some()),
        ("MultiValueAnswer", set.multi_value_answer().is_some()),
        ("TrafficPolicyInstanceId", set.traffic_policy_instance_id().is_some()),
        ("CidrRoutingConfig", set.cidr_routing_config().is_some()),
        ("GeoProximityLocation", set.geo_proximity_location().is_some()),
    ];
    members.into_iter().filter(|(_, there)| *there).map(|(name, _)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_route53::types::ResourceRecord;

    #[test]
    fn a_weighted_record_comes_over_whole() {
        let set = ResourceRecordSet::builder()
            .name("www.shop.example.com.")
            .r#type(RrType::A)
            .set_identifier("eu-central-1")
            .weight(0)
            .ttl(60)
            .resource_records(ResourceRecord::builder().value("198.51.100.10").build().unwrap())
            .health_check_id("hc")
            .build()
            .unwrap();
        let record = record_set(&set);
        assert_eq!((record.kind.as_str(), record.weight, record.ttl), ("A", Some(0), Some(60)));
        assert_eq!(record.resource_records, [RecordValue { value: "198.51.100.10".into() }]);
        assert_eq!(record.alias_target, None);
    }

    #[test]
    fn names_are_the_same_with_and_without_the_final_dot_and_ids_with_and_without_prefix() {
        assert!(same_name("www.Shop.example.com.", "www.shop.example.com"));
        assert!(!same_name("shop.example.com", "www.shop.example.com"));
        assert_eq!(bare_id("/hostedzone/Z0SHOPEXAMPLE01"), "Z0SHOPEXAMPLE01");
        assert_eq!(bare_id("C1"), "C1");
    }

    #[test]
    fn more_than_eighteen_percent_of_the_checkers_make_it_healthy() {
        let status = |good: usize, bad: usize| {
            let seen = |status: &str| Observation { region: String::new(), status: status.into(), checked_at: None };
            let good = std::iter::repeat_n(seen("Success: HTTP Status Code 200, OK"), good);
            HealthCheckStatus { observations: good.chain(std::iter::repeat_n(seen("Failure: timed out"), bad)).collect() }
        };
        assert_eq!(status(0, 0).is_healthy(), None);
        assert_eq!(status(18, 82).is_healthy(), Some(false));
        assert_eq!(status(19, 81).is_healthy(), Some(true));
    }
}
