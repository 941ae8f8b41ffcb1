//! Makes a step ready to be confirmed: the exact call, who we are, what will change, what was found.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{Change, Finding, IncidentId, Moment, MutatingCall, Preparation, Problem, ProblemKind, StepId, Strength};
use crate::engine::blocked_by;
use crate::journal::{Attempt, Incident};
use crate::plan::{JsonTemplate, Lookup, Plan, PointInTime, Reference, RestorePoint, SitePlan, Step, Template};

use super::token::token;
use super::{action, elsewhere};
use crate::cloud::{SiteClients, Sites};

/// What stays the same for all steps of a console.
pub(super) struct World {
    pub(super) plan: Arc<Plan>,
    pub(super) sites: Arc<Sites>,
    pub(super) incident_id: IncidentId,
}

/// What an action needs to prepare one step.
pub(super) struct Asking<'a> {
    pub(super) plan: &'a Plan,
    pub(super) step: &'a Step,
    pub(super) attempt: u32,
    pub(super) incident: &'a Incident,
    pub(super) incident_id: &'a IncidentId,
    pub(super) place: &'a SitePlan,
    pub(super) site: &'a SiteClients,
    pub(super) now: DateTime<Utc>,
}

/// What an action makes of it.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) summary: String,
    pub(super) call: Option<MutatingCall>,
    pub(super) changes: Vec<Change>,
    pub(super) findings: Vec<Finding>,
    /// How an answer must be confirmed, if a key is not enough. A start is confirmed as the plan says.
    pub(super) strength: Option<Strength>,
}

/// What an action needs to prepare a person's answer to what runs.
pub(super) struct Answering<'a> {
    pub(super) step: &'a Step,
    pub(super) site: &'a SiteClients,
    incident_id: &'a IncidentId,
    attempt: u32,
    /// What AWS answered the start with.
    pub(super) handle: &'a str,
}

impl Answering<'_> {
    /// The idempotency token of the attempt: of the start, and for calls of another operation of its answers.
    pub(super) fn token(&self) -> String {
        token(self.incident_id, &self.step.id, self.attempt)
    }
}

impl Asking<'_> {
    /// The attempt's idempotency token.
    pub(super) fn token(&self) -> String {
        token(self.incident_id, &self.step.id, self.attempt)
    }

    /// A template's text, or the problem that a reference is not known yet.
    pub(super) fn text(&self, template: &Template) -> Result<String, Problem> {
        template.resolve(self).map_err(|reference| {
            let hint = if matches!(reference, Reference::Variable(_)) { ": give the variable its value first" } else { "" };
            let what = format!("{reference} is not known yet{hint}");
            Problem::new(ProblemKind::Missing, format!("prepare {}", self.step.id), what)
        })
    }

    /// JSON with its references replaced, or the problem that one is not known yet.
    pub(super) fn json(&self, template: &JsonTemplate) -> Result<serde_json::Value, Problem> {
        template.resolve(self).map_err(|reference| {
            Problem::new(ProblemKind::Missing, format!("prepare {}", self.step.id), format!("{reference} is not known yet"))
        })
    }

    /// The moment that a plan names; `None` for the latest that AWS has.
    pub(super) fn moment(&self, wanted: &PointInTime) -> Result<Option<DateTime<Utc>>, Problem> {
        match wanted {
            PointInTime::Latest => Ok(None),
            PointInTime::At(at) => Ok(Some(*at)),
            PointInTime::BeforeImpact(margin) => {
                let margin = TimeDelta::from_std(*margin).unwrap_or(TimeDelta::MAX);
                let at = self.impact().and_then(|impact| impact.checked_sub_signed(margin));
                at.map(Some).ok_or_else(|| {
                    let what = "it is not known when the impact began: say so first, or name a moment in the plan";
                    Problem::new(ProblemKind::Missing, format!("prepare {}", self.step.id), what)
                })
            }
        }
    }

    /// The recovery point that a person chose instead of the plan's.
    pub(super) fn chosen_point(&self) -> Option<RestorePoint> {
        let (amended, ..) = self.incident.steps.get(&self.step.id)?.amended.as_ref()?;
        amended.point.clone().map(RestorePoint::Arn)
    }

    /// What is to be said before a call is repeated whose effect AWS cannot be asked for.
    pub(super) fn may_have_been_done(&self) -> Vec<Finding> {
        let earlier = self.incident.steps.get(&self.step.id).into_iter().flat_map(|record| &record.attempts);
        let lost = |attempt: &&Attempt| attempt.number < self.attempt && attempt.lost.is_some();
        let finding = |attempt: &Attempt| {
            let number = attempt.number;
            Finding::warns(format!("attempt {number} may have been carried out, its answer was lost: find that out first"))
        };
        earlier.filter(lost).map(finding).collect()
    }

    /// When the impact began, as far as it is known.
    pub(super) fn impact(&self) -> Option<DateTime<Utc>> {
        self.incident.moment(Moment::ImpactBegan)
    }
}

impl Lookup for Asking<'_> {
    fn value(&self, reference: &Reference) -> Option<String> {
        match reference {
            Reference::Output { step, output } => self.incident.output(step, output).map(str::to_owned),
            Reference::Variable(name) => self.incident.variables.get(name).cloned(),
            Reference::Choice(name) => self.incident.choices.get(name).cloned(),
            Reference::Region(site) => self.plan.site(site).map(|site| site.region.to_string()),
            Reference::Account(site) => self.plan.site(site).map(|site| site.account.to_string()),
            Reference::IncidentId => Some(self.incident_id.to_string()),
            Reference::PlanName => Some(self.plan.name.clone()),
        }
    }
}

/// Prepares the next attempt of a step.
///
/// # Errors
/// The problem that kept AWS from being asked; a condition that forbids the step is a finding, not an error.
pub(super) async fn step(world: &World, incident: &Incident, id: &StepId, moment: Moments) -> Result<Preparation, Problem> {
    let attempt = incident.steps.get(id).and_then(|record| record.last()).map_or(1, |attempt| attempt.number + 1);
    let (prepared, others) =
        tokio::join!(attempt_of(world, incident, id, attempt, moment), elsewhere::begun(world, incident, id, moment.0));
    let mut prepared = prepared?;
    match others {
        Ok(others) => {
            let told = others.iter().map(|work| Finding::warns(format!("{}: adopt it rather than do it twice", work.told())));
            prepared.findings.extend(told);
            prepared.elsewhere = others;
        }
        Err(problem) => {
            let text = format!("whether somebody else has begun it is not known: {problem}");
            prepared.findings.push(Finding::warns(text));
        }
    }
    Ok(prepared)
}

/// Now, and until when what is prepared now may be confirmed.
pub(super) type Moments = (DateTime<Utc>, DateTime<Utc>);

/// Prepares a given attempt: the next one for the screen, the confirmed one again before it is sent.
pub(super) async fn attempt_of(
    world: &World,
    incident: &Incident,
    id: &StepId,
    attempt: u32,
    (now, valid_until): Moments,
) -> Result<Preparation, Problem> {
    let World { plan, sites, incident_id } = world;
    let missing = |what: String| Problem::new(ProblemKind::Missing, format!("prepare {id}"), what);
    let step = plan.step(id).ok_or_else(|| missing(format!("the plan has no step {id}")))?;
    let place = plan.site(&step.site).ok_or_else(|| missing(format!("the plan has no site {}", step.site)))?;
    let site = sites.site(&step.site).ok_or_else(|| missing(format!("there is no connection to {}", step.site)))?;
    let asking = Asking { plan, step, attempt, incident, incident_id, place, site, now };
    let (draft, identity) = if step.action.changes_aws() {
        let (draft, identity) = tokio::join!(action::prepare(&asking), site.sts.identity());
        (draft?, Some(identity?))
    } else {
        (action::prepare(&asking).await?, None)
    };
    let draft = amended(&asking, draft)?;
    let mut findings = Vec::new();
    if let Some(identity) = &identity {
        if identity.account == place.account {
            findings.push(Finding::good(format!("we are {} in {}", identity.arn, place.region)));
        } else {
            let found = format!("AWS says account {}, the plan says {}", identity.account, place.account);
            findings.push(Finding::blocks(found));
        }
    }
    for need in blocked_by(incident, plan, step) {
        findings.push(Finding::blocks(format!("needs {need} to end first")));
    }
    if let Some(when) = step.when.as_ref().filter(|when| incident.holds(Some(when)).is_none()) {
        findings.push(Finding::warns(format!("it applies only if {when}, and that is not known")));
    }
    if let Some(call) = &draft.call {
        let control_plane =
            step.control_plane.as_ref().map_or_else(|| call.control_plane(&place.region), |region| region.as_str());
        if plan.site(&crate::domain::SiteName::primary()).is_some_and(|primary| primary.region.as_str() == control_plane) {
            findings.push(Finding::warns(format!("needs the control plane in {control_plane}, the primary's Region")));
        } else if control_plane != place.region.as_str() {
            findings.push(Finding::warns(format!("needs the control plane in {control_plane}")));
        }
    }
    findings.extend(draft.findings);
    Ok(Preparation {
        step: id.clone(),
        attempt,
        site: step.site.clone(),
        region: place.region.clone(),
        identity,
        summary: draft.summary,
        call: draft.call,
        changes: draft.changes,
        findings,
        strength: step.strength.clone(),
        undo: step.undo.clone(),
        valid_until,
        elsewhere: Vec::new(),
    })
}

/// The draft with what a person edited of its call, said beside what the plan has. The token by which a repeat is known stays.
fn amended(asking: &Asking<'_>, mut draft: Draft) -> Result<Draft, Problem> {
    let record = asking.incident.steps.get(&asking.step.id).and_then(|record| record.amended.as_ref());
    let (Some((amended, _, by)), Some(call)) = (record.filter(|(it, ..)| !it.edits.is_empty()), &draft.call) else {
        return Ok(draft);
    };
    let refused = |text: String| Problem::new(ProblemKind::Invalid, format!("edit {}", asking.step.id), text);
    let edited = call.edited(&amended.edits).map_err(refused)?;
    let holds_token = |call: &MutatingCall| call.parameters().to_string().contains(&asking.token());
    if holds_token(call) && !holds_token(&edited) {
        return Err(refused("what was edited holds the token by which a repeat is known".to_owned()));
    }
    let (before, after) = (call.parameters(), edited.parameters());
    for pointer in amended.edits.keys() {
        let text = |of: &serde_json::Value| {
            of.pointer(pointer).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        };
        draft.changes.push(Change {
            what: pointer.trim_start_matches('/').replace('/', " "),
            before: Some(
                text(&before).map_or_else(|| "not in the plan's call".to_owned(), |text| format!("{text}, by the plan")),
            ),
            after: text(&after),
            why: Some(format!("{by} edited it: {}", amended.reason)),
        });
    }
    draft.call = Some(edited);
    Ok(draft)
}

/// An answer to what a running runbook asks, or its stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerWanted {
    /// A signal: `Approve`, `Reject`, `Resume`, `StopStep`, with a comment.
    Signal {
        /// AWS's name of the signal.
        signal: String,
        /// What goes with it into AWS's record.
        comment: String,
    },
    /// Stop the execution.
    Stop,
}

impl AnswerWanted {
    /// What a confirmed call was prepared from, so that it can be prepared again.
    pub(super) fn of(call: &MutatingCall, stop: bool) -> Self {
        let (signal, comment) = call.answers();
        if stop { Self::Stop } else { Self::Signal { signal: signal.to_owned(), comment: comment.to_owned() } }
    }
}

/// Prepares an answer to a running step.
///
/// # Errors
/// The step does not run, or AWS could not be asked who we are.
pub(super) async fn answer(
    world: &World,
    incident: &Incident,
    id: &StepId,
    wanted: &AnswerWanted,
    (_, valid_until): Moments,
) -> Result<Preparation, Problem> {
    let World { plan, sites, incident_id } = world;
    let missing = |what: &str| Problem::new(ProblemKind::Missing, format!("answer {id}"), what);
    let step = plan.step(id).ok_or_else(|| missing("the plan has no such step"))?;
    let place = plan.site(&step.site).ok_or_else(|| missing("the plan has no such site"))?;
    let site = sites.site(&step.site).ok_or_else(|| missing("there is no connection to its site"))?;
    let attempt = incident.steps.get(id).and_then(|record| record.last()).ok_or_else(|| missing("it does not run"))?;
    let answered = attempt.answered.as_ref().ok_or_else(|| missing("it does not run"))?;
    let answering = Answering { step, site, incident_id, attempt: attempt.number, handle: &answered.handle };
    let (draft, identity) = tokio::join!(action::answer(&answering, wanted), site.sts.identity());
    let (draft, identity) = (draft?.ok_or_else(|| missing("it asks nothing and cannot be stopped"))?, identity?);
    let mut findings = Vec::new();
    if identity.account != place.account {
        let found = format!("AWS says account {}, the plan says {}", identity.account, place.account);
        findings.push(Finding::blocks(found));
    }
    findings.extend(draft.findings);
    Ok(Preparation {
        step: id.clone(),
        attempt: attempt.number,
        site: step.site.clone(),
        region: site.region.clone(),
        identity: Some(identity),
        summary: draft.summary,
        call: draft.call,
        changes: draft.changes,
        findings,
        strength: draft.strength.unwrap_or(Strength::Key),
        undo: None,
        valid_until,
        elsewhere: Vec::new(),
    })
}
