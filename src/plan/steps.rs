//! Reads the steps of a plan one by one. What holds between steps is checked afterwards, in `check`.

use std::cell::RefCell;
use std::ops::Range;
use std::time::Duration;

use crate::document::{Table, did_you_mean};
use crate::domain::{Condition, Part, Phase, Region, SiteName, StepId, Strength};

use super::actions::read_action;
use super::asked::ValueType;
use super::condition::read_condition;
use super::names::{is_id, is_region};
use super::setting::{Setting, check_id};
use super::{Action, JsonTemplate, Lookup, Reference, SitePlan, Step, Template};

/// How long a step may take if its plan does not say.
pub(super) const DEFAULT_LIMIT: Duration = Duration::from_mins(30);

/// The names of the actions in plan files.
pub(super) const ACTIONS: &[&str] = &[
    "backup.restore",
    "ssm.automation",
    "route53.change",
    "ssm.ops_item",
    "cloudcontrol.create",
    "cloudformation.deploy",
    "backup.copy",
    "dynamodb.restore_to_point_in_time",
    "rds.restore_to_point_in_time",
    "s3.rewind",
    "ssm.run_command",
    "arc.routing_control",
    "lambda.invoke",
    "stepfunctions.execute",
    "sns.publish",
    "arc.region_switch",
    "route53.health_check",
    "cloudformation.delete",
    "cloudcontrol.delete",
    "dynamodb.delete_table",
    "wait",
    "manual",
    "check",
];

/// What could be read of one step, with the places that checks between steps need.
pub(super) struct Sketch {
    pub id: Option<StepId>,
    pub id_span: Range<usize>,
    pub needs: Vec<(StepId, Range<usize>)>,
    pub references: Vec<Referred>,
    pub group: Option<(String, Range<usize>)>,
    pub when: Option<(Condition, Range<usize>)>,
    pub undone_by: Option<(StepId, Range<usize>)>,
    pub phase: Option<Phase>,
    /// The outputs that its action gives, as [`Action::outputs`] says; empty-handed (`None`) if the action could not be read.
    pub outputs: Option<Option<&'static [&'static str]>>,
    pub step: Option<Step>,
}

/// What a template refers to: of several references the first that is known counts.
#[derive(Clone)]
pub(super) struct Referred {
    pub one_of: Vec<Reference>,
    pub span: Range<usize>,
    /// What is wanted there, if the reference is all that is written there.
    pub wanted: Option<ValueType>,
}

/// What the reader of one step's action knows.
pub(super) struct Context<'s> {
    pub setting: &'s Setting,
    /// The site that the step acts at.
    pub site: Option<&'s SitePlan>,
    /// The title of the step.
    pub title: &'s str,
    references: RefCell<Vec<Referred>>,
}

impl Context<'_> {
    /// Reads a text that may hold references, and remembers them with their places.
    pub fn template(&self, table: &Table<'_>, key: &str) -> Option<Template> {
        self.template_for(table, &table.text(key)?, table.span(key), ValueType::of_key(key))
    }

    /// The same for a text that has been read already.
    pub fn template_at(&self, table: &Table<'_>, text: &str, span: Range<usize>) -> Option<Template> {
        self.template_for(table, text, span, None)
    }

    fn template_for(&self, table: &Table<'_>, text: &str, span: Range<usize>, wanted: Option<ValueType>) -> Option<Template> {
        match Template::parse(text) {
            Ok(template) => {
                let wanted = wanted.filter(|_| template.is_reference());
                let placed = template.one_of().map(|one_of| {
                    let written = one_of.first().map(ToString::to_string).unwrap_or_default();
                    Referred { one_of: one_of.clone(), span: table.narrow(span.clone(), &written), wanted }
                });
                self.references.borrow_mut().extend(placed);
                Some(template)
            }
            Err(fault) => {
                table.fault_at(span, fault.to_string(), None);
                None
            }
        }
    }

    /// A template that must be there and not be empty.
    pub fn required_template(&self, table: &Table<'_>, key: &str) -> Option<Template> {
        self.template_for(table, &table.required_text(key)?, table.span(key), ValueType::of_key(key))
    }

    /// JSON whose strings may hold references, which must be there.
    pub fn required_json(&self, table: &Table<'_>, key: &str) -> Option<JsonTemplate> {
        let value = table.required(key, |table, key| table.json(key))?;
        JsonTemplate::of(&value, &mut |text| self.template_at(table, text, table.span(key)))
    }

    /// Says so if there is no such resource.
    pub fn knows_resource(&self, with: &Table<'_>, name: &str) -> bool {
        let names = &self.setting.resource_names;
        if !names.contains(name) {
            let hint = did_you_mean(name, names.iter().map(String::as_str));
            with.fault("resource", format!("there is no resource `{}`", name.escape_debug()), hint);
        }
        names.contains(name)
    }

    /// The template's value, if it refers to nothing but sites.
    pub fn known_value(&self, template: &Template) -> Option<String> {
        template.resolve(self).ok()
    }
}

impl Lookup for Context<'_> {
    fn value(&self, reference: &Reference) -> Option<String> {
        match reference {
            Reference::Region(site) => self.setting.sites.get(site).map(|site| site.region.to_string()),
            Reference::Account(site) => self.setting.sites.get(site).map(|site| site.account.to_string()),
            Reference::Output { .. }
            | Reference::Variable(_)
            | Reference::Choice(_)
            | Reference::IncidentId
            | Reference::PlanName => None,
        }
    }
}

/// Reads one `[[step]]`.
pub(super) fn read_step(table: &Table<'_>, setting: &Setting) -> Sketch {
    let id = table.required_text("id");
    if let Some(id) = &id {
        check_id(table, "step", id);
    }
    let title = table.required_text("title");
    let phase = table.required("phase", |t, key| t.choice(key, &[("restore", Phase::Restore), ("fail-over", Phase::FailOver)]));
    let site_name = table.text("site").map_or_else(SiteName::recovery, SiteName::new);
    // That there is no recovery site at all is said elsewhere, once.
    if table.has("site") && !setting.site_names.contains(site_name.as_str()) {
        setting.no_such_site(table, table.span("site"), site_name.as_str());
    }
    let site = setting.sites.get(&site_name);
    let needs: Vec<_> = table.texts_at("needs").into_iter().map(|(id, span)| (StepId::new(id), span)).collect();
    let part = read_part(table, phase);
    let strength = read_strength(table, site);
    let (limit, expect) = read_times(table);
    let tail = table.has("tail").then(|| table.texts("tail"));
    let about = table.text("about");
    let (undo, undone_by) = read_undo(table);
    let group = read_group(table);
    let when = table.table("when").and_then(|when| Some((read_condition(&when, setting)?, when.own_span())));
    let control_plane = read_control_plane(table);

    let context = Context { setting, site, title: title.as_deref().unwrap_or_default(), references: RefCell::default() };
    let name = table.required("action", |t, key| t.one_of(key, ACTIONS));
    let with = table.required_table("with");
    let action = name.zip(with.as_ref()).and_then(|(name, with)| {
        let action = read_action(name, with, &context);
        with.finish();
        action
    });
    table.finish();

    let id = id.map(StepId::new);
    let outputs = action.as_ref().map(Action::outputs);
    let references = context.references.into_inner();
    let step = (|| {
        Some(Step {
            id: id.clone()?,
            title: title.clone()?,
            about,
            phase: phase?,
            part,
            site: site_name,
            needs: needs.iter().map(|(id, _)| id.clone()).collect(),
            group: group.as_ref().map(|(name, _)| name.clone()),
            when: when.as_ref().map(|(when, _)| when.clone()),
            strength: strength?,
            limit,
            expect,
            undo,
            tail,
            undone_by: undone_by.as_ref().map(|(id, _)| id.clone()),
            undoes: None,
            control_plane,
            action: action?,
            references: references.iter().flat_map(|referred| referred.one_of.clone()).collect(),
            line: table.own_line(),
        })
    })();
    Sketch { id, id_span: table.span("id"), needs, references, group, when, undone_by, phase, outputs, step }
}

fn read_part(table: &Table<'_>, phase: Option<Phase>) -> Option<Part> {
    let parts = [("infrastructure", Part::Infrastructure), ("data", Part::Data), ("integration", Part::Integration)];
    match (phase, table.has("part")) {
        (Some(Phase::Restore), false) => {
            let hint = Some("infrastructure, data or integration".to_owned());
            table.fault("part", "`part` is missing: a step of the restore phase belongs to a part of it", hint);
        }
        (Some(Phase::FailOver), true) => {
            table.fault("part", "only steps of the restore phase have a `part`", Some("take it out".to_owned()));
        }
        _ => {}
    }
    table.choice("part", &parts)
}

/// Words, or the step that takes it back.
fn read_undo(table: &Table<'_>) -> (Option<String>, Option<(StepId, Range<usize>)>) {
    if !table.is_table("undo") {
        return (table.text("undo"), None);
    }
    let Some(undo) = table.table("undo") else { return (None, None) };
    let step = undo.required_text("step").map(|id| (StepId::new(id), undo.span("step")));
    undo.finish();
    (step.as_ref().map(|(id, _)| format!("The step {id} takes it back.")), step)
}

fn read_group(table: &Table<'_>) -> Option<(String, Range<usize>)> {
    let name = table.text("group")?;
    if !is_id(&name) {
        let hint = Some("letters, digits, - and _, at most 64".to_owned());
        table.fault("group", format!("`{}` cannot be the name of a group", name.escape_debug()), hint);
    }
    Some((name, table.span("group")))
}

fn read_control_plane(table: &Table<'_>) -> Option<Region> {
    let region = table.text("control_plane")?;
    if !is_region(&region) {
        table.fault("control_plane", format!("expected a Region such as \"us-east-1\", found {region:?}"), None);
    }
    Some(Region::new(region))
}

/// `None` only after a fault here or at the site.
fn read_strength(table: &Table<'_>, site: Option<&SitePlan>) -> Option<Strength> {
    let chosen = if table.has("confirm") { table.one_of("confirm", &["key", "type", "second-person"]) } else { Some("key") };
    let name = table.text("confirm_name");
    if name.is_some() && chosen.is_some_and(|chosen| chosen != "type") {
        table.fault("confirm_name", "`confirm_name` is only for confirm = \"type\"", None);
    }
    if name.as_deref().is_some_and(|name| name.trim() != name || name.is_empty()) {
        table.fault("confirm_name", "`confirm_name` must be something that can be typed", None);
    }
    Some(match chosen? {
        "type" => Strength::Type { name: name.or_else(|| site.map(|site| site.region.to_string()))? },
        "second-person" => Strength::SecondPerson,
        _ => Strength::Key,
    })
}

fn read_times(table: &Table<'_>) -> (Duration, Option<Duration>) {
    let given = table.duration("limit");
    if given.is_some_and(|limit| limit.is_zero()) {
        table.fault("limit", "`limit` must be more than nothing", None);
    }
    let limit = given.unwrap_or(DEFAULT_LIMIT);
    let readable = given.is_some() || !table.has("limit");
    let expect = table.duration("expect");
    if readable && expect.is_some_and(|expect| expect > limit) {
        let told = if table.has("limit") { "" } else { ", which is 30m if it is not given" };
        table.fault("expect", format!("the step is expected to take longer than its `limit`{told}"), None);
    }
    (limit, expect)
}
