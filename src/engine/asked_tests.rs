//! Variables, choices, conditions and undos, played through the engine.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::*;
use crate::domain::{
    AlarmState, Condition, IncidentId, MODE, Mode, Moment, Operator, Preparation, Region, SignalId, SiteName, StepId, Strength,
};
use crate::journal::{Event, Incident, Recorded, SignalSeen, StepStatus};
use crate::plan::Plan;

const PLAN: &str = r#"
format = 1
name = "shop"
title = "The shop"
objectives = { rto = "1h", rpo = "1h" }
sites.primary = { account = "111122223333", region = "eu-west-1" }
sites.recovery = { account = "444455556666", region = "eu-central-1" }
signals.alarms = ["primary/errors"]
[variables.zone]
type = "string"
prompt = "Which zone?"
pattern = "eu-central-1[abc]"
[variables.port]
type = "number"
prompt = "Which port?"
default = "443"
[[step]]
id = "first"
title = "First"
phase = "restore"
part = "data"
action = "manual"
undo = { step = "put-back" }
with.instructions = "in ${vars.zone}"
[[step]]
id = "stop"
title = "Stop the primary"
phase = "restore"
part = "data"
group = "pair"
needs = ["first"]
when = { mode = "graceful" }
action = "manual"
with.instructions = "do it"
[[step]]
id = "fence"
title = "Fence the primary"
phase = "restore"
part = "data"
group = "pair"
needs = ["first"]
when = { all = [{ mode = "forced" }, { signal = "primary/errors" }] }
action = "manual"
with.instructions = "do it"
[[step]]
id = "last"
title = "Last"
phase = "fail-over"
needs = ["pair"]
action = "manual"
with.instructions = "do it"
[[step]]
id = "put-back"
title = "Takes the first back"
phase = "restore"
part = "data"
action = "manual"
with.instructions = "do it"
"#;

struct Played {
    plan: Arc<Plan>,
    incident: Incident,
    operator: Operator,
    now: DateTime<Utc>,
}

impl Played {
    fn new() -> Self {
        let plan = Plan::parse("test.toml", PLAN).unwrap_or_else(|faults| panic!("{faults}"));
        let now = DateTime::from_timestamp(1_773_457_200, 0).unwrap();
        let mut played = Self { plan: Arc::new(plan), incident: Incident::default(), operator: Operator::new("Ana"), now };
        played.record(open(IncidentId::new("i"), Mode::Live, &played.plan.clone(), None, &Default::default()));
        played
    }

    fn record(&mut self, event: Event) {
        let seq = self.incident.last_seq + 1;
        self.incident.apply(&Recorded { seq, recorded_at: self.now, by: self.operator.clone(), event });
    }

    fn order(&mut self, intent: Intent) -> Result<Vec<Event>, Refusal> {
        let (incident, plan, operator) = (&self.incident, &self.plan, &self.operator);
        let context = Context { incident, plan, now: self.now, operator, read_only: false };
        let events = handle(context, &Input::Order(intent))?.events;
        events.iter().for_each(|event| self.record(event.clone()));
        Ok(events)
    }

    fn declare(&mut self) -> Result<Vec<Event>, Refusal> {
        self.order(Intent::Declare { reason: "gone".into(), seen: vec![], weighed: Box::default() })
    }

    fn choose(&mut self, option: &str) -> Result<Vec<Event>, Refusal> {
        self.order(Intent::Choose { choice: MODE.into(), option: option.into() })
    }

    fn errors(&mut self, state: AlarmState) {
        let signal = SignalId::Alarm { site: SiteName::primary(), name: "errors".into() };
        let (at, reason) = (self.now, String::new());
        self.record(Event::SignalSeen(SignalSeen { signal, state, happened_at: None, seen_at: at, impact: None, reason }));
    }

    fn do_step(&mut self, step: &str) {
        let attempt = self.incident.steps.get(&StepId::new(step)).map_or(0, |record| record.attempts.len());
        let preparation = Preparation {
            step: StepId::new(step),
            attempt: u32::try_from(attempt).unwrap() + 1,
            site: SiteName::recovery(),
            region: Region::new("eu-central-1"),
            identity: None,
            summary: String::new(),
            call: None,
            changes: vec![],
            findings: vec![],
            strength: Strength::Key,
            undo: None,
            valid_until: DateTime::<Utc>::MAX_UTC,
            elsewhere: vec![],
        };
        self.order(Intent::ConfirmStep { preparation: Box::new(preparation), typed: None, second: None }).unwrap();
        self.order(Intent::FinishManual { step: StepId::new(step), note: String::new() }).unwrap();
    }

    fn status(&self, step: &str) -> StepStatus {
        self.incident.status(&StepId::new(step))
    }

    fn is_ruled_out(&self, step: &str) -> bool {
        matches!(self.status(step), StepStatus::RuledOut(_))
    }
}

#[test]
fn a_variable_takes_only_what_fits_and_only_until_a_step_has_begun_with_it() {
    let mut played = Played::new();
    let set = |value: &str| Intent::SetVariable { name: "zone".into(), value: value.into() };
    assert_eq!(played.incident.variables.get("port").map(String::as_str), Some("443"), "the default holds from the start");
    assert!(played.order(set("eu-west-1a")).is_err());
    played.order(set(" eu-central-1a ")).unwrap();
    assert_eq!(played.incident.variables.get("zone").map(String::as_str), Some("eu-central-1a"));
    played.choose("forced").unwrap();
    played.declare().unwrap();
    played.do_step("first");
    assert!(played.order(set("eu-central-1b")).unwrap_err().to_string().contains("first has begun"));
    assert!(played.order(Intent::SetVariable { name: "nothing".into(), value: "1".into() }).is_err());
}

#[test]
fn the_declaration_asks_for_choices_that_have_no_default() {
    let mut played = Played::new();
    assert!(played.declare().unwrap_err().to_string().contains("choose first"));
    assert!(played.choose("frozen").is_err());
    played.choose("graceful").unwrap();
    played.declare().unwrap();
}

#[test]
fn a_step_whose_condition_fails_counts_as_done_once_its_prerequisites_are_settled() {
    let mut played = Played::new();
    played.choose("graceful").unwrap();
    played.declare().unwrap();
    assert!(!played.is_ruled_out("fence"), "its prerequisite is still to come");
    assert!(played.is_ruled_out("put-back"), "an undo is done only when somebody asks for it");
    played.do_step("first");
    assert!(played.is_ruled_out("fence") && played.status("stop") == StepStatus::Pending);
    played.do_step("stop");
    assert!(played.incident.moment(Moment::Restored).is_some(), "what was ruled out holds nothing up");
    played.do_step("last");
    assert!(played.incident.moment(Moment::FailedOver).is_some());
}

#[test]
fn what_is_not_known_rules_nothing_out_and_a_later_look_does() {
    let mut played = Played::new();
    played.choose("forced").unwrap();
    played.declare().unwrap();
    played.do_step("first");
    let when = played.plan.step(&StepId::new("fence")).unwrap().when.clone().unwrap();
    assert!(matches!(when, Condition::All(_)));
    assert_eq!((played.status("fence"), played.incident.holds(Some(&when))), (StepStatus::Pending, None));
    assert!(played.is_ruled_out("stop"));
    played.errors(AlarmState::Alarm);
    assert_eq!(played.incident.holds(Some(&when)), Some(true));
    played.do_step("fence");
}

#[test]
fn a_choice_can_be_made_anew_until_a_step_has_begun_with_it() {
    let mut played = Played::new();
    played.choose("graceful").unwrap();
    played.declare().unwrap();
    played.errors(AlarmState::Alarm);
    played.do_step("first");
    assert!(played.is_ruled_out("fence"));
    played.choose("forced").unwrap();
    assert!(played.is_ruled_out("stop") && played.status("fence") == StepStatus::Pending);
    played.do_step("fence");
    assert!(played.choose("graceful").unwrap_err().to_string().contains("fence has begun"));
}

#[test]
fn a_step_that_was_ruled_out_can_be_taken_up_with_a_reason_and_stays_so() {
    let mut played = Played::new();
    played.choose("graceful").unwrap();
    played.declare().unwrap();
    played.do_step("first");
    let take_up = |reason: &str| Intent::TakeUp { step: StepId::new("fence"), reason: reason.into() };
    assert!(played.order(take_up(" ")).is_err());
    played.order(take_up("it still writes")).unwrap();
    played.do_step("stop");
    assert_eq!(played.status("fence"), StepStatus::Pending);
    played.do_step("fence");
    assert!(played.order(take_up("again")).is_err());
}

#[test]
fn a_step_is_taken_back_by_the_step_that_is_its_undo_and_can_then_be_done_again() {
    let mut played = Played::new();
    played.choose("graceful").unwrap();
    played.declare().unwrap();
    let take_back = || Intent::TakeUp { step: StepId::new("put-back"), reason: "wrong zone".into() };
    assert!(played.order(take_back()).unwrap_err().to_string().contains("nothing that could be taken back"));
    played.do_step("first");
    for _ in 0..2 {
        played.order(take_back()).unwrap();
        played.do_step("put-back");
        assert_eq!(played.status("first"), StepStatus::Aborted("taken back by put-back".into()));
        played.do_step("first");
    }
    assert_eq!(played.status("first"), StepStatus::Done);
}
