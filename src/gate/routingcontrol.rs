//! The calls to a cluster's endpoints. They have no token, and set a state whatever it was before.

use super::Sent;
use super::lane::{Lane, answered, failed};
use crate::cloud::{Effect, EndpointTurn, Retries, client};
use crate::domain::{Problem, ProblemKind, RoutingControlStates};

impl Lane {
    /// One endpoint after the other, until one takes the call. Where it may have got through, nobody else is asked.
    pub(super) async fn update_routing_controls(&self, states: &RoutingControlStates) -> Sent {
        use aws_sdk_route53recoverycluster::types::UpdateRoutingControlStateEntry as Entry;
        let operation = "Application Recovery Controller UpdateRoutingControlStates";
        let entries = states.update_routing_control_state_entries.iter().map(|entry| {
            let built = Entry::builder().routing_control_arn(&entry.routing_control_arn);
            built.routing_control_state(entry.routing_control_state.as_str().into()).build()
        });
        let entries = match entries.collect::<Result<Vec<_>, _>>() {
            Ok(entries) => entries,
            Err(error) => {
                let message = format!("the change cannot be built: {error}");
                return Sent::Refused(Problem::new(ProblemKind::Invalid, operation, message));
            }
        };
        let rules = (!states.safety_rules_to_override.is_empty()).then(|| states.safety_rules_to_override.clone());
        let mut last = Sent::Refused(Problem::new(ProblemKind::Invalid, operation, "the cluster has no endpoints"));
        for (place, region, url) in self.endpoint.order(&states.endpoints) {
            let there = self.connection.at_cluster(region, url);
            let client = client!(aws_sdk_route53recoverycluster, there, Retries::Never);
            let call = client.update_routing_control_states();
            let call = call.set_update_routing_control_state_entries(Some(entries.clone()));
            match call.set_safety_rules_to_override(rules.clone()).send().await {
                Ok(output) => {
                    self.endpoint.answered(place);
                    return answered(region.to_string(), &output, None);
                }
                Err(error) => last = failed(&there, error, operation, Effect::Changes).await,
            }
            match &last {
                Sent::Refused(problem) if EndpointTurn::is_of_endpoint(problem.kind) => {}
                Sent::Lost(_) => {
                    self.endpoint.failed(place);
                    return last;
                }
                _ => return last,
            }
        }
        last
    }
}
