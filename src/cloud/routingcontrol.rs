//! Application Recovery Controller: the states of routing controls, at a cluster's endpoints.
//!
//! A cluster has five endpoints in five Regions, of which some may be down or under maintenance at any time; whoever asks turns to the
//! next one (Application Recovery Controller developer guide, "Best practices for routing control").

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::client;
use super::site::{Connection, Retries};
use crate::domain::{Problem, ProblemKind, Region};

/// The service by its SDK id, for endpoints of one's own.
const SERVICE: &str = "Route53 Recovery Cluster";

/// Whose turn it is among a cluster's endpoints: the one that answered last, then those after it.
#[derive(Debug, Clone, Default)]
pub struct EndpointTurn(Arc<AtomicUsize>);

impl EndpointTurn {
    /// The endpoints in the order in which they are tried, each with its place for [`EndpointTurn::answered`].
    pub fn order<'a>(&self, endpoints: &'a BTreeMap<Region, String>) -> Vec<(usize, &'a Region, &'a str)> {
        let count = endpoints.len().max(1);
        let first = self.0.load(Ordering::Relaxed) % count;
        let all: Vec<_> = endpoints.iter().enumerate().map(|(place, (region, url))| (place, region, url.as_str())).collect();
        all.iter().cycle().skip(first).take(all.len()).copied().collect()
    }

    /// The endpoint at this place is asked first from now on.
    pub fn answered(&self, place: usize) {
        self.0.store(place, Ordering::Relaxed);
    }

    /// The endpoint at this place is asked last from now on.
    pub fn failed(&self, place: usize) {
        self.0.store(place + 1, Ordering::Relaxed);
    }

    /// Does this problem say something of the endpoint alone, so that the next one is asked? A change must not have been sent.
    pub fn is_of_endpoint(kind: ProblemKind) -> bool {
        matches!(kind, ProblemKind::Unreachable | ProblemKind::Throttled | ProblemKind::Unavailable)
    }
}

impl Connection {
    /// The same site asked at an endpoint of a cluster; an endpoint of one's own for the service wins.
    pub fn at_cluster(&self, region: &Region, url: &str) -> Self {
        self.at_endpoint(SERVICE, region, url)
    }
}

/// Asks a cluster's endpoints with a site's credentials.
#[derive(Debug, Clone)]
pub struct RoutingControls {
    connection: Connection,
    turn: EndpointTurn,
}

/// A routing control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoutingControl {
    /// Its ARN.
    pub arn: String,
    /// Its name, where the endpoint tells it.
    pub name: Option<String>,
    /// `On` or `Off`, or as it came.
    pub state: String,
    /// The Region of the endpoint that answered.
    pub told_by: Region,
}

impl RoutingControl {
    /// Its name, or the end of its ARN.
    pub fn label(&self) -> &str {
        self.name.as_deref().or_else(|| self.arn.rsplit('/').next()).unwrap_or(&self.arn)
    }
}

impl RoutingControls {
    /// Through `connection`.
    pub fn new(connection: &Connection) -> Self {
        Self { connection: connection.clone(), turn: EndpointTurn::default() }
    }

    /// The state of a control, told by the first endpoint that answers.
    ///
    /// # Errors
    /// Any kind; Unreachable if none of the endpoints answers.
    pub async fn control(&self, endpoints: &BTreeMap<Region, String>, arn: &str) -> Result<RoutingControl, Problem> {
        let operation = "Application Recovery Controller GetRoutingControlState";
        let mut last = Problem::new(ProblemKind::Unreachable, operation, "the cluster has no endpoints");
        for (place, region, url) in self.turn.order(endpoints) {
            let there = self.connection.at_cluster(region, url);
            let client = client!(aws_sdk_route53recoverycluster, there, Retries::Never);
            let answer = client.get_routing_control_state().routing_control_arn(arn).send();
            match there.read(answer, operation).await {
                Ok(control) => {
                    self.turn.answered(place);
                    return Ok(RoutingControl {
                        arn: arn.to_owned(),
                        name: control.routing_control_name().map(str::to_owned),
                        state: control.routing_control_state().as_str().to_owned(),
                        told_by: region.clone(),
                    });
                }
                Err(problem) if EndpointTurn::is_of_endpoint(problem.kind) => last = problem,
                Err(problem) => return Err(problem),
            }
        }
        last.message = format!("none of the cluster's {} endpoints answered; the last said: {}", endpoints.len(), last.message);
        Err(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_gets_its_turn_and_the_one_that_answered_is_asked_first() {
        let regions = ["ap-northeast-1", "ap-southeast-2", "eu-west-1", "us-east-1", "us-west-2"];
        let endpoints: BTreeMap<Region, String> = regions.map(|region| (Region::new(region), region.to_owned())).into();
        let turn = EndpointTurn::default();
        let order = |turn: &EndpointTurn| turn.order(&endpoints).into_iter().map(|(.., url)| url.to_owned()).collect::<Vec<_>>();
        assert_eq!(order(&turn), regions);
        turn.answered(3);
        assert_eq!(order(&turn), ["us-east-1", "us-west-2", "ap-northeast-1", "ap-southeast-2", "eu-west-1"]);
        turn.failed(4);
        assert_eq!(order(&turn), regions);
        assert!(turn.order(&BTreeMap::new()).is_empty());
    }
}
