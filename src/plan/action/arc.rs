//! `arc.routing_control`: routing controls switched at a cluster's endpoints. `arc.region_switch`: a plan of Region switch executed.
//! `route53.health_check`: a health check turned around.

use std::collections::BTreeMap;

use crate::document::Table;
use crate::domain::Region;
use crate::plan::Template;
use crate::plan::names::is_region;
use crate::plan::steps::Context;

/// The parameters of `arc.routing_control`.
#[derive(Debug, Clone, PartialEq)]
pub struct RoutingControlSwitch {
    /// The cluster's endpoints by Region. They stand in the plan because the control plane that tells them lives in one Region.
    pub endpoints: BTreeMap<Region, String>,
    /// The controls by ARN, and whether each is to be On.
    pub controls: Vec<(Template, bool)>,
    /// The ARNs of safety rules that are not to stand in the way.
    pub overrides: Vec<Template>,
}

impl RoutingControlSwitch {
    pub(in crate::plan) fn read(with: &Table<'_>, context: &Context<'_>) -> Option<Self> {
        let endpoints = with.required_table("endpoints").map(|table| {
            let endpoint = |key: String| {
                let url = table.required_text(&key)?;
                if !is_region(&key) {
                    table.fault(&key, format!("{key:?} is no Region"), Some("us-east-1 = \"https://…\"".to_owned()));
                }
                if !url.starts_with("https://") {
                    table.fault(&key, "expected the URL of an endpoint, which begins with https://", None);
                }
                Some((Region::new(&key), url))
            };
            let read: BTreeMap<Region, String> = table.keys().into_iter().filter_map(endpoint).collect();
            if read.is_empty() {
                let hint = Some("`aws route53-recovery-control-config describe-cluster` tells all five".to_owned());
                table.fault_at(table.own_span(), "there is no endpoint to send anything to", hint);
            }
            read
        });
        let tables = with.required("controls", |table, key| Some(table.tables(key))).unwrap_or_default();
        if with.has("controls") && tables.is_empty() {
            with.fault("controls", "`controls` is empty: a change changes at least one routing control", None);
        }
        let read: Vec<Option<(Template, bool)>> = tables.iter().map(|table| control(table, context)).collect();
        let overrides = with.text_or_texts_at("override").into_iter();
        let overrides = overrides.filter_map(|(text, span)| context.template_at(with, &text, span)).collect();
        Some(Self { endpoints: endpoints?, controls: read.into_iter().collect::<Option<_>>()?, overrides })
    }
}

/// The parameters of `arc.region_switch`.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionSwitchStart {
    /// The ARN of the Region switch plan.
    pub plan: Template,
    /// The Region that is activated or deactivated; the step's own if it is not given.
    pub region: Option<Template>,
    /// Is it deactivated?
    pub deactivates: bool,
    /// Are the steps left out that need the lost Region?
    pub ungraceful: bool,
}

impl RegionSwitchStart {
    pub(in crate::plan) fn read(with: &Table<'_>, context: &Context<'_>) -> Option<Self> {
        let plan = context.required_template(with, "plan");
        if let Some(text) = plan.as_ref().and_then(|arn| context.known_value(arn))
            && !(text.starts_with("arn:") && text.contains(":arc-region-switch:"))
        {
            let hint = Some("arn:aws:arc-region-switch::ACCOUNT:plan/NAME:ID".to_owned());
            with.fault("plan", format!("expected the ARN of a Region switch plan, found {text:?}"), hint);
        }
        let region = context.template(with, "region");
        let deactivates = match with.has("switch") {
            true => with.choice("switch", &[("activate", false), ("deactivate", true)]),
            false => Some(false),
        };
        let ungraceful = match with.has("mode") {
            true => with.choice("mode", &[("graceful", false), ("ungraceful", true)]),
            false => Some(false),
        };
        Some(Self { plan: plan?, region, deactivates: deactivates?, ungraceful: ungraceful? })
    }
}

/// The parameters of `route53.health_check`.
#[derive(Debug, Clone, PartialEq)]
pub struct HealthCheckTurn {
    /// Its id.
    pub id: Template,
    /// Is what its checkers find to be turned around?
    pub inverted: bool,
}

impl HealthCheckTurn {
    pub(in crate::plan) fn read(with: &Table<'_>, context: &Context<'_>) -> Option<Self> {
        let id = context.required_template(with, "id");
        let inverted = with.required("inverted", |table, key| table.boolean(key));
        Some(Self { id: id?, inverted: inverted? })
    }
}

fn control(table: &Table<'_>, context: &Context<'_>) -> Option<(Template, bool)> {
    let arn = context.required_template(table, "arn");
    if let Some(text) = arn.as_ref().and_then(|arn| context.known_value(arn))
        && !(text.starts_with("arn:") && text.contains(":route53-recovery-control:") && text.contains("/routingcontrol/"))
    {
        let hint = Some("arn:aws:route53-recovery-control::ACCOUNT:controlpanel/…/routingcontrol/…".to_owned());
        table.fault("arn", format!("expected the ARN of a routing control, found {text:?}"), hint);
    }
    let on = table.required("state", |table, key| table.choice(key, &[("On", true), ("Off", false)]));
    table.finish();
    Some((arn?, on?))
}
