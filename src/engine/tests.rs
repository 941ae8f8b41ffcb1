//! The engine as tables: what is there, what comes in, what it decides.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::*;
use crate::domain::{
    AccountId, Alarm, AlarmKind, AlarmState, EvidenceKind, HealthEvent, Identity, IncidentId, Mode, Moment, MutatingCall,
    Operator, OpsItemChange, Preparation, Problem, ProblemKind, Region, Role, SignalId, SiteName, StepId, Strength,
};
use crate::journal::{CallAnswered, Ended, Event, Incident, Mark, Purpose, Recorded, StepStatus};
use crate::plan::Plan;

const PLAN: &str = r#"
format = 1
name = "shop"
title = "The shop"
[objectives]
rto = "1h"
rpo = "1h"
[sites.primary]
account = "111122223333"
region = "eu-west-1"
[sites.recovery]
account = "444455556666"
region = "eu-central-1"
vaults = ["shop-recovery"]
[signals]
alarms = ["primary/errors", "recovery/errors-there"]
[signals.health]
services = ["S3"]
regions = ["eu-west-1"]
[[step]]
id = "item"
title = "Open an OpsItem"
phase = "restore"
part = "infrastructure"
confirm = "type"
action = "ssm.ops_item"
limit = "5m"
[step.with]
title = "t"
description = "d"
[[step]]
id = "hands"
title = "By hand"
phase = "restore"
part = "integration"
needs = ["item"]
action = "manual"
limit = "5m"
[step.with]
instructions = "do it"
[[step]]
id = "pair"
title = "With a second person"
phase = "fail-over"
confirm = "second-person"
needs = ["hands"]
action = "ssm.ops_item"
limit = "5m"
[step.with]
title = "t"
description = "d"
[[step]]
id = "page"
title = "The page answers"
phase = "fail-over"
needs = ["pair"]
action = "check"
limit = "5m"
[step.with]
kind = "http"
url = "http://www.example.com/"
"#;

fn at(secs: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_773_457_200 + secs, 0).unwrap()
}

/// An incident that is fed inputs, as a session feeds it.
struct Played {
    plan: Arc<Plan>,
    incident: Incident,
    seq: u64,
    now: DateTime<Utc>,
    operator: Operator,
    read_only: bool,
}

impl Played {
    fn new() -> Self {
        let plan = Arc::new(Plan::parse("test.toml", PLAN).unwrap());
        let operator = Operator::new("Ana");
        let mut played = Self { plan, incident: Incident::default(), seq: 0, now: at(0), operator, read_only: false };
        let opened = open(IncidentId::new("20260314-shop-0001"), Mode::Live, &played.plan, None, &Default::default());
        played.record(vec![opened]);
        played
    }

    fn declared() -> Self {
        let mut played = Self::new();
        played.order(Intent::Declare { reason: "the Region is gone".into(), seen: vec![], weighed: Box::default() }).unwrap();
        played
    }

    fn record(&mut self, events: Vec<Event>) {
        for event in events {
            self.seq += 1;
            self.incident.apply(&Recorded { seq: self.seq, recorded_at: self.now, by: self.operator.clone(), event });
        }
    }

    fn input(&mut self, input: &Input) -> Result<Decision, Refusal> {
        let context = Context {
            incident: &self.incident,
            plan: &self.plan,
            now: self.now,
            operator: &self.operator,
            read_only: self.read_only,
        };
        let decision = handle(context, input)?;
        self.record(decision.events.clone());
        Ok(decision)
    }

    fn order(&mut self, intent: Intent) -> Result<Decision, Refusal> {
        self.input(&Input::Order(intent))
    }

    fn outcome(&mut self, outcome: Outcome) -> Decision {
        self.input(&Input::Outcome(outcome)).unwrap()
    }

    fn confirm(&mut self, preparation: Preparation, typed: Option<&str>, second: Option<&str>) -> Result<Decision, Refusal> {
        self.order(Intent::ConfirmStep {
            preparation: Box::new(preparation),
            typed: typed.map(str::to_owned),
            second: second.map(Operator::new),
        })
    }

    fn status(&self, step: &str) -> StepStatus {
        self.incident.status(&StepId::new(step))
    }

    fn answered(&mut self, step: &str, attempt: u32) -> Decision {
        self.outcome(Outcome::Answered(CallAnswered {
            step: StepId::new(step),
            attempt,
            purpose: Purpose::Start,
            handle: "oi-1".into(),
            request_id: Some("r-1".into()),
            aws_at: Some(self.now),
            found: None,
        }))
    }

    fn done(&mut self, step: &str, attempt: u32) -> Decision {
        self.outcome(Outcome::Done {
            step: StepId::new(step),
            attempt,
            outputs: [("ops_item_id".to_owned(), "oi-1".to_owned())].into(),
            began_at: None,
            ended_at: Some(self.now),
            data_at: None,
            note: None,
            tail: vec![],
        })
    }
}

fn preparation(plan: &Plan, step: &str, attempt: u32) -> Preparation {
    let step = plan.step(&StepId::new(step)).unwrap();
    let call = step
        .action
        .changes_aws()
        .then(|| MutatingCall::UpdateOpsItem(OpsItemChange { ops_item_id: "oi-1".into(), status: None, description: None }));
    Preparation {
        step: step.id.clone(),
        attempt,
        site: SiteName::recovery(),
        region: Region::new("eu-central-1"),
        identity: call.is_some().then(|| Identity {
            account: AccountId::new("444455556666"),
            arn: "arn:aws:sts::444455556666:assumed-role/operator/ana".into(),
            region: Region::new("eu-central-1"),
            seen_at: at(0),
        }),
        summary: String::new(),
        call,
        changes: vec![],
        findings: vec![],
        strength: step.strength.clone(),
        undo: None,
        valid_until: DateTime::<Utc>::MAX_UTC,
        elsewhere: vec![],
    }
}

fn problem() -> Problem {
    Problem::new(ProblemKind::Throttled, "Systems Manager CreateOpsItem", "slow down")
}

#[test]
fn nothing_is_confirmed_before_the_failover_is_declared() {
    let mut played = Played::new();
    let preparation = preparation(&played.plan, "item", 1);
    let refusal = played.confirm(preparation, Some("eu-central-1"), None).unwrap_err();
    assert!(refusal.0.contains("declare"), "{refusal}");
}

#[test]
fn a_declaration_needs_a_reason_and_happens_once() {
    let mut played = Played::new();
    assert!(played.order(Intent::Declare { reason: "  ".into(), seen: vec![], weighed: Box::default() }).is_err());
    assert!(played.order(Intent::Declare { reason: "gone".into(), seen: vec![], weighed: Box::default() }).is_ok());
    assert!(played.order(Intent::Declare { reason: "again".into(), seen: vec![], weighed: Box::default() }).is_err());
    assert_eq!(played.incident.moment(Moment::Decided), Some(at(0)));
    let detected = &played.incident.moments[&Moment::Detected].fixed;
    assert_eq!(detected.evidence.kind, EvidenceKind::Person, "no signal saw it");
}

#[test]
fn a_confirmed_call_is_sent_once_answered_followed_and_ends() {
    let mut played = Played::declared();
    let first = preparation(&played.plan, "item", 1);
    let decision = played.confirm(first, Some("eu-central-1"), None).unwrap();
    assert_eq!(decision.effects, [Effect::Send { step: StepId::new("item"), attempt: 1, purpose: Purpose::Start }]);
    assert_eq!(played.status("item"), StepStatus::Calling);
    played.now = at(5);
    let decision = played.answered("item", 1);
    assert!(matches!(&decision.effects[..], [Effect::Follow { handle, .. }] if handle == "oi-1"));
    assert_eq!(played.status("item"), StepStatus::Running);
    assert!(played.answered("item", 1).events.is_empty(), "an answer counts once");
    played.done("item", 1);
    assert_eq!(played.status("item"), StepStatus::Done);
    assert!(played.done("item", 1).events.is_empty(), "an end counts once");
    assert_eq!(played.incident.output(&StepId::new("item"), "ops_item_id"), Some("oi-1"));
}

#[test]
fn a_step_waits_for_its_prerequisites() {
    let mut played = Played::declared();
    let hands = preparation(&played.plan, "hands", 1);
    assert!(played.confirm(hands.clone(), None, None).unwrap_err().0.contains("item"));
    played.order(Intent::SkipStep { step: StepId::new("item"), reason: "no OpsCenter".into() }).unwrap();
    assert!(played.confirm(hands, None, None).is_ok(), "a skipped step lets later ones begin");
}

#[test]
fn a_name_must_be_typed_exactly() {
    let mut played = Played::declared();
    for typed in [None, Some(""), Some("eu-central"), Some("eu-west-1"), Some("EU-CENTRAL-1")] {
        let preparation = preparation(&played.plan, "item", 1);
        assert!(played.confirm(preparation, typed, None).is_err(), "{typed:?}");
    }
    assert_eq!(played.status("item"), StepStatus::Pending);
}

#[test]
fn a_second_person_is_somebody_else() {
    let mut played = Played::declared();
    for step in ["item", "hands"] {
        played.order(Intent::SkipStep { step: StepId::new(step), reason: "test".into() }).unwrap();
    }
    for second in [None, Some("Ana"), Some(" ana "), Some("")] {
        let preparation = preparation(&played.plan, "pair", 1);
        assert!(played.confirm(preparation, None, second).is_err(), "{second:?}");
    }
    let preparation = preparation(&played.plan, "pair", 1);
    assert!(played.confirm(preparation, None, Some("Ben")).is_ok());
}

#[test]
fn another_account_or_region_than_the_plans_is_refused() {
    let mut played = Played::declared();
    let mut other = preparation(&played.plan, "item", 1);
    if let Some(identity) = &mut other.identity {
        identity.account = AccountId::new("999999999999");
    }
    assert!(played.confirm(other, Some("eu-central-1"), None).unwrap_err().0.contains("999999999999"));
    let mut elsewhere = preparation(&played.plan, "item", 1);
    elsewhere.region = Region::new("eu-west-1");
    assert!(played.confirm(elsewhere, Some("eu-central-1"), None).is_err());
    let mut nobody = preparation(&played.plan, "item", 1);
    nobody.identity = None;
    assert!(played.confirm(nobody, Some("eu-central-1"), None).is_err());
}

#[test]
fn a_weaker_confirmation_than_the_plans_is_refused() {
    let mut played = Played::declared();
    let mut weak = preparation(&played.plan, "item", 1);
    weak.strength = Strength::Key;
    assert!(played.confirm(weak, None, None).is_err());
}

#[test]
fn a_console_without_a_gate_confirms_no_call() {
    let mut played = Played::declared();
    played.read_only = true;
    let preparation = preparation(&played.plan, "item", 1);
    assert!(played.confirm(preparation, Some("eu-central-1"), None).unwrap_err().0.contains("read-only"));
}

#[test]
fn a_refused_call_ends_its_attempt_and_the_next_one_has_a_new_number() {
    let mut played = Played::declared();
    let first = preparation(&played.plan, "item", 1);
    played.confirm(first.clone(), Some("eu-central-1"), None).unwrap();
    let (step, purpose) = (StepId::new("item"), Purpose::Start);
    played.outcome(Outcome::Refused { step, attempt: 1, purpose, problem: problem() });
    assert_eq!(played.status("item"), StepStatus::Failed(problem()));
    assert!(played.confirm(first, Some("eu-central-1"), None).is_err(), "the old preparation is used up");
    let second = preparation(&played.plan, "item", 2);
    assert!(played.confirm(second, Some("eu-central-1"), None).is_ok());
    assert!(played.answered("item", 1).events.is_empty(), "a late answer to the first attempt decides nothing");
}

#[test]
fn a_lost_answer_is_looked_up_and_never_simply_repeated() {
    let mut played = Played::declared();
    let first = preparation(&played.plan, "item", 1);
    played.confirm(first, Some("eu-central-1"), None).unwrap();
    let (step, purpose) = (StepId::new("item"), Purpose::Start);
    let lost = Outcome::Lost { step: step.clone(), attempt: 1, purpose, problem: problem() };
    let decision = played.outcome(lost);
    assert_eq!(decision.effects, [Effect::Reconcile { step: step.clone(), attempt: 1, purpose }]);
    assert_eq!(played.status("item"), StepStatus::Calling);
    assert!(played.order(Intent::AbortStep { step: step.clone(), reason: "why".into() }).is_err());
    assert!(played.order(Intent::SkipStep { step, reason: "why".into() }).is_err());
}

#[test]
fn a_console_that_opens_the_incident_again_reconciles_and_follows() {
    let mut played = Played::declared();
    let first = preparation(&played.plan, "item", 1);
    played.confirm(first, Some("eu-central-1"), None).unwrap();
    let step = StepId::new("item");
    let reconcile = Effect::Reconcile { step: step.clone(), attempt: 1, purpose: Purpose::Start };
    assert_eq!(resume(&played.incident, &played.plan), [reconcile]);
    played.answered("item", 1);
    assert!(matches!(&resume(&played.incident, &played.plan)[..], [Effect::Follow { handle, .. }] if handle == "oi-1"));
    played.done("item", 1);
    assert!(resume(&played.incident, &played.plan).is_empty());
}

#[test]
fn restored_and_failed_over_are_fixed_by_the_ends_of_their_steps() {
    let mut played = Played::declared();
    let item = preparation(&played.plan, "item", 1);
    played.confirm(item, Some("eu-central-1"), None).unwrap();
    played.answered("item", 1);
    played.now = at(60);
    played.done("item", 1);
    assert_eq!(played.incident.moment(Moment::Restored), None);
    let hands = preparation(&played.plan, "hands", 1);
    played.confirm(hands, None, None).unwrap();
    played.now = at(120);
    played.order(Intent::FinishManual { step: StepId::new("hands"), note: String::new() }).unwrap();
    assert_eq!(played.incident.moment(Moment::Restored), Some(at(120)));
    let pair = preparation(&played.plan, "pair", 1);
    played.confirm(pair, None, Some("Ben")).unwrap();
    played.answered("pair", 1);
    played.done("pair", 1);
    let page = preparation(&played.plan, "page", 1);
    played.confirm(page, None, None).unwrap();
    assert_eq!(played.incident.moment(Moment::FailedOver), None);
    played.now = at(180);
    played.done("page", 1);
    assert_eq!(played.incident.moment(Moment::FailedOver), Some(at(180)));
    played.order(Intent::Close { reason: "recovered".into() }).unwrap();
    assert!(played.order(Intent::DecideToWait { reason: "late".into(), seen: vec![], weighed: Box::default() }).is_err());
    assert!(played.order(Intent::Note { text: "a note is still possible".into() }).is_ok());
}

#[test]
fn a_skipped_verification_fixes_no_failover() {
    let mut played = Played::declared();
    for step in ["item", "hands", "pair", "page"] {
        played.order(Intent::SkipStep { step: StepId::new(step), reason: "test".into() }).unwrap();
    }
    assert_eq!(played.incident.moment(Moment::Restored), None, "nothing was restored");
    assert_eq!(played.incident.moment(Moment::FailedOver), None, "no traffic was verified");
}

#[test]
fn an_incident_is_not_closed_while_something_runs() {
    let mut played = Played::declared();
    let item = preparation(&played.plan, "item", 1);
    played.confirm(item, Some("eu-central-1"), None).unwrap();
    assert!(played.order(Intent::Close { reason: "done".into() }).unwrap_err().0.contains("item"));
}

fn alarm(name: &str, state: AlarmState, transitioned: i64) -> Alarm {
    Alarm {
        site: SiteName::primary(),
        name: name.into(),
        arn: format!("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:{name}"),
        kind: AlarmKind::Composite,
        state,
        evaluation: None,
        transitioned_at: Some(at(transitioned)),
        updated_at: Some(at(transitioned + 500)),
        reason: "why".into(),
        reason_data: None,
        rule: None,
        suppressed_by: None,
        metric: None,
    }
}

fn health(status: &str, region: &str) -> HealthEvent {
    HealthEvent {
        arn: format!("arn:aws:health:{region}::event/S3/X/1"),
        service: "S3".into(),
        type_code: "AWS_S3_INCREASED_GET_API_ERROR_RATES".into(),
        category: "issue".into(),
        region: Region::new(region),
        status: status.into(),
        started_at: Some(at(-100)),
        ended_at: None,
        updated_at: None,
        first_seen_at: Some(at(90)),
        description: None,
        entities: vec![],
    }
}

fn signals(alarms: Vec<Alarm>, events: Vec<HealthEvent>, secs: i64) -> Input {
    Input::Signals { alarms, events, seen_at: at(secs) }
}

#[test]
fn detection_is_the_transition_of_the_earliest_alarm_not_its_update_nor_its_arrival() {
    let mut played = Played::new();
    assert!(played.input(&signals(vec![alarm("errors", AlarmState::Ok, -900)], vec![], 0)).unwrap().events.is_empty());
    let input = signals(vec![alarm("errors", AlarmState::Alarm, 30), alarm("not-ours", AlarmState::Alarm, 1)], vec![], 60);
    played.input(&input).unwrap();
    assert_eq!(played.incident.moment(Moment::Detected), Some(at(30)));
    assert!(played.input(&input).unwrap().events.is_empty(), "the same state is no news");
    assert_eq!(played.incident.signals.len(), 1, "an alarm that the plan does not name is none of its signals");
}

#[test]
fn a_health_event_detects_when_it_arrives_and_says_when_the_impact_began() {
    let mut played = Played::new();
    played.input(&signals(vec![], vec![health("open", "us-east-1")], 80)).unwrap();
    assert!(played.incident.signals.is_empty(), "another Region is not ours");
    played.input(&signals(vec![], vec![health("open", "eu-west-1")], 95)).unwrap();
    assert_eq!(played.incident.moment(Moment::Detected), Some(at(90)));
    assert_eq!(played.incident.moment(Moment::ImpactBegan), Some(at(-100)));
    assert_eq!(played.incident.moments[&Moment::ImpactBegan].fixed.evidence.kind, EvidenceKind::Health);
    let arn = health("open", "eu-west-1").arn;
    assert!(played.incident.signals[&SignalId::Health { arn }].first_trouble.is_some());
}

#[test]
fn a_persons_correction_holds_and_the_original_stays() {
    let mut played = Played::new();
    played.input(&signals(vec![], vec![health("open", "eu-west-1")], 95)).unwrap();
    played.now = at(500);
    let reason = "customers wrote earlier".to_owned();
    assert!(played.order(Intent::CorrectMoment { moment: Moment::ImpactBegan, at: at(900), reason: reason.clone() }).is_err());
    played.order(Intent::CorrectMoment { moment: Moment::ImpactBegan, at: at(-400), reason }).unwrap();
    let record = &played.incident.moments[&Moment::ImpactBegan];
    assert_eq!((record.fixed.at, record.original.at), (at(-400), at(-100)));
    let earlier = HealthEvent {
        arn: "arn:aws:health:eu-west-1::event/S3/Y/2".into(),
        started_at: Some(at(-200)),
        ..health("open", "eu-west-1")
    };
    played.input(&signals(vec![], vec![earlier], 510)).unwrap();
    assert_eq!(played.incident.moment(Moment::ImpactBegan), Some(at(-400)));
}

#[test]
fn an_approval_is_confirmed_like_a_step_and_its_refusal_leaves_the_step_running() {
    let mut played = Played::declared();
    let first = preparation(&played.plan, "item", 1);
    played.confirm(first.clone(), Some("eu-central-1"), None).unwrap();
    let answer = Preparation { strength: Strength::Key, ..first };
    let order = |stop| Intent::ConfirmAnswer { preparation: Box::new(answer.clone()), typed: None, stop };
    assert!(played.order(order(false)).is_err(), "nothing runs yet that could be answered");
    played.answered("item", 1);
    let decision = played.order(order(false)).unwrap();
    let (step, purpose) = (StepId::new("item"), Purpose::Answer);
    assert_eq!(decision.effects, [Effect::Send { step: step.clone(), attempt: 1, purpose }]);
    assert!(played.order(order(false)).is_err(), "one answer at a time");
    played.outcome(Outcome::Refused { step, attempt: 1, purpose, problem: problem() });
    assert_eq!(played.status("item"), StepStatus::Running);
    assert!(played.order(order(true)).is_ok());
}

#[test]
fn giving_up_a_running_step_stops_following_it() {
    let mut played = Played::declared();
    let first = preparation(&played.plan, "item", 1);
    played.confirm(first, Some("eu-central-1"), None).unwrap();
    played.answered("item", 1);
    let step = StepId::new("item");
    let decision = played.order(Intent::AbortStep { step: step.clone(), reason: "wrong vault".into() }).unwrap();
    assert_eq!(decision.effects, [Effect::Forget { step, attempt: 1 }]);
    assert!(matches!(&decision.events[..], [Event::StepEnded(end)] if matches!(end.ended, Ended::Aborted { .. })));
    assert!(played.done("item", 1).events.is_empty(), "what ends later does not undo the decision");
}

#[test]
fn a_scribe_writes_and_does_not_act_and_a_role_can_be_taken_over_on_record() {
    let mut played = Played::new();
    let me = Operator::new("Ana");
    let role = |to: &Operator, role| Intent::GiveRole { to: to.clone(), role, reason: "hand-over".into() };
    played.order(role(&me, Role::Scribe)).unwrap();
    played.order(Intent::Note { text: "? who was called".into() }).unwrap();
    let declare = || Intent::Declare { reason: "gone".into(), seen: vec![], weighed: Box::default() };
    let refused = played.order(declare()).unwrap_err();
    assert!(refused.to_string().contains("you are the scribe"), "{refused}");
    assert!(played.order(Intent::SkipStep { step: StepId::new("item"), reason: "x".into() }).is_err());
    assert!(played.order(Intent::Close { reason: "x".into() }).is_err());
    assert_eq!(played.incident.notes[0].mark, Some(Mark::Question));
    // Somebody else decides: an operator does not.
    played.order(role(&Operator::new("cleo"), Role::Commander)).unwrap();
    played.order(role(&me, Role::Operator)).unwrap();
    let refused = played.order(declare()).unwrap_err();
    assert!(refused.to_string().contains("cleo is the commander"), "{refused}");
    played.order(role(&me, Role::Commander)).unwrap();
    assert_eq!(played.incident.commander(), Some(&me));
    assert_eq!(played.incident.role(&Operator::new("cleo")), None, "there is one commander");
    played.order(declare()).unwrap();
    assert_eq!(played.incident.decisions[0].role, Some(Role::Commander));
}

#[test]
fn attachments_are_hashed_and_bounded() {
    let mut played = Played::new();
    let attach = |name: &str, length: usize| Intent::Attach { name: name.into(), content: vec![b'x'; length] };
    let decision = played.order(attach("/var/log/../screen.txt", 3)).unwrap();
    let Some(Event::Attached(kept)) = decision.events.last() else { panic!("{decision:?}") };
    assert_eq!((kept.name.as_str(), kept.bytes, kept.content.as_str()), ("screen.txt", 3, "eHh4"));
    assert_eq!(kept.sha256, "cd2eb0837c9b4c962c22d2ff8b5441b7b45805887f051d39bf133b583baf6860");
    assert!(played.order(attach("none", 0)).is_err());
    assert!(played.order(attach("huge", 512 * 1024 + 1)).is_err());
    for _ in 0..31 {
        played.order(attach("large", 512 * 1024)).unwrap();
    }
    assert!(played.order(attach("one too many", 512 * 1024)).is_err());
}

#[test]
fn a_check_in_is_due_so_long_after_the_last_note() {
    let mut played = Played::new();
    played.order(Intent::CheckIn { every_secs: 900 }).unwrap();
    assert_eq!(played.incident.check_in_due(), Some(at(900)));
    played.now = at(600);
    played.order(Intent::Note { text: "restores run".into() }).unwrap();
    assert_eq!(played.incident.check_in_due(), Some(at(1500)));
    played.order(Intent::CheckIn { every_secs: 0 }).unwrap();
    assert_eq!(played.incident.check_in_due(), None);
}

#[test]
fn whoever_first_does_something_has_taken_notice_and_a_closed_recovery_is_recovered() {
    let mut played = Played::new();
    played.order(Intent::Note { text: "quiet so far".into() }).unwrap();
    assert_eq!(played.incident.moment(Moment::Acknowledged), None, "there was nothing to notice");
    played.input(&signals(vec![alarm("errors", AlarmState::Alarm, 30)], vec![], 60)).unwrap();
    played.now = at(200);
    played.order(Intent::Note { text: "looking".into() }).unwrap();
    let noticed = &played.incident.moments[&Moment::Acknowledged].fixed;
    assert_eq!((noticed.at, noticed.earliest, noticed.latest), (at(200), Some(at(30)), Some(at(200))));
    assert!(played.order(Intent::Acknowledge { note: String::new() }).is_err());
    let mut said = Played::new();
    said.input(&signals(vec![alarm("errors", AlarmState::Alarm, 30)], vec![], 60)).unwrap();
    said.now = at(90);
    assert_eq!(said.order(Intent::Acknowledge { note: "on it".into() }).unwrap().events.len(), 1, "it is said once");
    assert_eq!(said.incident.moments[&Moment::Acknowledged].fixed.earliest, None, "what was said is exact");
    played.now = at(300);
    played.order(Intent::Close { reason: "a false alarm".into() }).unwrap();
    assert_eq!(played.incident.moment(Moment::Recovered), None, "nothing was failed over");
}

#[test]
fn the_declaration_covers_one_notice_a_phase_and_no_other() {
    let mut played = Played::new();
    let plan = format!("{PLAN}\n[notices]\ntopic = \"arn:aws:sns:eu-central-1:444455556666:shop\"\nops_item = \"item\"\n");
    played.plan = Arc::new(Plan::parse("test.toml", &plan).unwrap());
    let due = |decision: &Decision| -> Vec<String> {
        let notice = |event: &Event| match event {
            Event::NoticeDue(due) => Some(due.id.to_string()),
            _ => None,
        };
        decision.events.iter().filter_map(notice).collect()
    };
    let declare = Intent::Declare { reason: "gone".into(), seen: vec![], weighed: Box::default() };
    let decision = played.order(declare).unwrap();
    assert_eq!(due(&decision), ["message-decided"], "the OpsItem is not open yet");
    let Some(Event::NoticeDue(notice)) = decision.events.last() else { panic!("{decision:?}") };
    let MutatingCall::Publish(message) = &notice.call else { panic!("{notice:?}") };
    assert_eq!(message.subject, "LIVE: The shop: decided");
    assert!(message.message.contains("decided at 2026-03-14 03:00:00Z"), "{}", message.message);
    let sends = Effect::Send { step: notice.id.clone(), attempt: 1, purpose: Purpose::Notice };
    assert!(decision.effects.contains(&sends), "{:?}", decision.effects);
    // What the declaration covers is what it says, and nothing else.
    let covered = played.incident.notices.clone().unwrap();
    assert!(covered.cover(notice));
    let mut other = (**notice).clone();
    other.call = MutatingCall::Publish(crate::domain::TopicMessage { topic_arn: "arn:aws:sns:x:y:z".into(), ..message.clone() });
    assert!(!covered.cover(&other));
    // Its end is written down; a second one, or one of a notice that is not open, is not.
    let answered = CallAnswered {
        step: notice.id.clone(),
        attempt: 1,
        purpose: Purpose::Notice,
        handle: "m-1".into(),
        request_id: Some("r-1".into()),
        aws_at: None,
        found: None,
    };
    assert_eq!(played.input(&Input::Outcome(Outcome::Answered(answered.clone()))).unwrap().events.len(), 1);
    assert!(played.incident.told[0].outcome.as_ref().is_some_and(Result::is_ok));
    assert!(played.input(&Input::Outcome(Outcome::Answered(answered))).unwrap().events.is_empty());
}
