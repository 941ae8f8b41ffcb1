//! Is there what a step calls or switches: functions, state machines, topics, routing controls?

use std::path::Path;

use futures_util::future::join_all;

use super::exists::later;
use crate::domain::ProblemKind;
use crate::plan::Action;
use crate::readiness::{AskedOf, Found, Ready};

pub(super) async fn function(asked: AskedOf<'_>) -> Vec<Found> {
    let Action::LambdaInvoke(invoke) = &asked.step.action else { return Vec::new() };
    let Some(name) = asked.text(&invoke.function) else { return vec![later(asked, "function", &invoke.function.to_string())] };
    let region = &asked.place.region;
    vec![match asked.site.lambda.function(&name, invoke.qualifier.as_deref()).await {
        Ok(Some(function)) if function.state == "Failed" => {
            let what = format!("the function {name} in {region} is Failed");
            Found::yes("function", asked.id(), what).but(Ready::No, "it cannot be invoked", "look at it in Lambda")
        }
        Ok(Some(_)) => Found::yes("function", asked.id(), format!("the function {name} is there in {region}")),
        Ok(None) => missing(asked, "function", &format!("no function {name}"), "functions"),
        Err(problem) => Found::unknown("function", asked.id(), &problem),
    }]
}

pub(super) async fn state_machine(asked: AskedOf<'_>) -> Vec<Found> {
    let Action::StateMachineExecute(execute) = &asked.step.action else { return Vec::new() };
    let Some(arn) = asked.text(&execute.state_machine) else {
        return vec![later(asked, "state-machine", &execute.state_machine.to_string())];
    };
    let region = &asked.place.region;
    if arn.split(':').nth(3) != Some(region.as_str()) {
        let what = format!("{arn} is not in {region}");
        let next = format!("deploy the state machine in {region}, and name that one");
        return vec![Found::yes("state-machine", asked.id(), what).but(Ready::No, "the step acts in another Region", next)];
    }
    vec![match asked.site.step_functions.state_machine(&arn).await {
        Ok(Some(machine)) if machine.kind != "STANDARD" => {
            let what = format!("{} is a workflow of type {}", machine.name, machine.kind);
            let why = "executions of other types cannot be followed, nor found again after a lost answer";
            Found::yes("state-machine", asked.id(), what).but(Ready::No, why, "make it a standard workflow")
        }
        Ok(Some(machine)) => {
            Found::yes("state-machine", asked.id(), format!("the state machine {} is there in {region}", machine.name))
        }
        Ok(None) => missing(asked, "state-machine", &format!("no state machine {arn}"), "state machines"),
        Err(problem) => Found::unknown("state-machine", asked.id(), &problem),
    }]
}

pub(super) async fn topic(asked: AskedOf<'_>) -> Vec<Found> {
    let Action::SnsPublish(publish) = &asked.step.action else { return Vec::new() };
    let Some(arn) = asked.text(&publish.topic) else { return vec![later(asked, "topic", &publish.topic.to_string())] };
    vec![match asked.site.sns.subscriptions(&arn).await {
        Ok(Some(0)) => Found::yes("topic", asked.id(), format!("nobody subscribes to {arn}")).but(
            Ready::Doubtful,
            "the message would reach nobody",
            "subscribe those who are to be told",
        ),
        Ok(Some(count)) => Found::yes("topic", asked.id(), format!("the topic {arn} has {count} subscription(s)")),
        Ok(None) => missing(asked, "topic", &format!("no topic {arn}"), "topics"),
        Err(problem) => Found::unknown("topic", asked.id(), &problem),
    }]
}

fn missing(asked: AskedOf<'_>, check: &'static str, what: &str, kind: &str) -> Found {
    let region = &asked.place.region;
    let why = format!("{kind} are kept by Region: one of the primary cannot be called when the primary is gone");
    let next = format!("create it in {region}, in account {}", asked.place.account);
    Found::yes(check, asked.id(), format!("there is {what} in {region}")).but(Ready::No, why, next)
}

pub(super) async fn routing_controls(asked: AskedOf<'_>) -> Vec<Found> {
    let Action::ArcRoutingControl(switch) = &asked.step.action else { return Vec::new() };
    let controls = switch.controls.iter().map(|(template, _)| async move {
        let Some(arn) = asked.text(template) else { return later(asked, "routing-control", &template.to_string()) };
        match asked.site.routing_controls.control(&switch.endpoints, &arn).await {
            Ok(control) => {
                let what = format!("the routing control {} can be read and is {}", control.label(), control.state);
                Found::yes("routing-control", asked.id(), what)
            }
            Err(problem) if problem.kind == ProblemKind::Missing => {
                let what = format!("there is no routing control {arn}");
                Found::yes("routing-control", asked.id(), what).but(
                    Ready::No,
                    "no traffic can be moved with it",
                    "correct its `arn`",
                )
            }
            Err(problem) => Found::unknown("routing-control", asked.id(), &problem),
        }
    });
    let mut found = join_all(controls).await;
    if switch.endpoints.len() < 5 {
        let what = format!("the plan names {} of the cluster's five endpoints", switch.endpoints.len());
        let next = "add what `aws route53-recovery-control-config describe-cluster` tells";
        found.push(Found::yes("routing-control", asked.id(), what).but(Ready::Doubtful, "some may be down on the day", next));
    }
    found
}

pub(super) async fn region_switch(asked: AskedOf<'_>) -> Vec<Found> {
    let Action::ArcRegionSwitch(switch) = &asked.step.action else { return Vec::new() };
    let Some(arn) = asked.text(&switch.plan) else { return vec![later(asked, "region-switch", &switch.plan.to_string())] };
    let region = &asked.place.region;
    vec![match asked.site.region_switch.plan(&arn).await {
        Ok(Some(plan)) => {
            let what = format!("{region} knows the Region switch plan {}, for {}", plan.name, plan.regions.join(" and "));
            Found::yes("region-switch", asked.id(), what)
        }
        Ok(None) => Found::yes("region-switch", asked.id(), format!("{region} knows no Region switch plan {arn}")).but(
            Ready::No,
            "it cannot be executed from there",
            "correct its ARN, or act at the site whose account has it",
        ),
        Err(problem) => Found::unknown("region-switch", asked.id(), &problem),
    }]
}

pub(super) async fn health_check(asked: AskedOf<'_>) -> Vec<Found> {
    let Action::HealthCheckInvert(turn) = &asked.step.action else { return Vec::new() };
    let Some(id) = asked.text(&turn.id) else { return vec![later(asked, "health-check", &turn.id.to_string())] };
    vec![match asked.site.route53.health_check(&id).await {
        Ok(found) if found.inverted == turn.inverted => {
            let word = if found.inverted { "inverted" } else { "not inverted" };
            Found::yes("health-check", asked.id(), format!("the health check {id} is {word} already")).but(
                Ready::Doubtful,
                "the step would change nothing",
                "turn it back: most likely an exercise left it so",
            )
        }
        Ok(found) => Found::yes("health-check", asked.id(), format!("the health check {id} ({}) is there", found.kind)),
        Err(problem) if problem.kind == ProblemKind::Missing => Found::yes(
            "health-check",
            asked.id(),
            format!("there is no health check {id}"),
        )
        .but(Ready::No, "no traffic can be moved with it", "correct its `id`, or act at the site whose account has it"),
        Err(problem) => Found::unknown("health-check", asked.id(), &problem),
    }]
}

pub(super) async fn template(asked: AskedOf<'_>) -> Vec<Found> {
    let Action::CloudFormationDeploy(deploy) = &asked.step.action else { return Vec::new() };
    let region = &asked.place.region;
    let (name, body, url) = match (&deploy.template, &deploy.template_url) {
        (Some(file), _) => {
            let path = Path::new(&asked.plan.path).parent().unwrap_or(Path::new("")).join(file);
            match std::fs::read_to_string(&path) {
                Ok(body) => (path.display().to_string(), Some(body), None),
                Err(error) => {
                    let what = format!("the template {} cannot be read: {error}", path.display());
                    let why = "the machine that recovers needs it beside the plan";
                    return vec![Found::yes("template", asked.id(), what).but(
                        Ready::No,
                        why,
                        "put it there, or give `template_url`",
                    )];
                }
            }
        }
        (None, Some(url)) => match asked.text(url) {
            Some(url) => (url.clone(), None, Some(url)),
            None => return vec![later(asked, "template", &url.to_string())],
        },
        (None, None) => return Vec::new(),
    };
    vec![match asked.site.cloudformation.validate(body.as_deref(), url.as_deref()).await {
        Ok(wanted) => {
            let given = |key: &String| deploy.parameters.contains_key(key) || deploy.from_parameter_store.contains_key(key);
            let missing: Vec<String> = wanted.into_iter().filter(|key| !given(key)).collect();
            if missing.is_empty() {
                Found::yes("template", asked.id(), format!("CloudFormation in {region} takes the template {name}"))
            } else {
                let what = format!("the template {name} has parameters without a default: {}", missing.join(", "));
                Found::yes("template", asked.id(), what).but(
                    Ready::No,
                    "no change set can be made",
                    "give them under `parameters`",
                )
            }
        }
        Err(problem) if problem.kind == ProblemKind::Invalid => {
            let what = format!("CloudFormation in {region} does not take the template {name}: {}", problem.message);
            Found::yes("template", asked.id(), what).but(Ready::No, "no change set can be made", "correct the template")
        }
        Err(problem) => Found::unknown("template", asked.id(), &problem),
    }]
}
