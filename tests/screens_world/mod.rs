//! Hand-made states for the screen tests: the shop before, during and after a Region's outage, without AWS and without a clock.

pub mod bench;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use lifeboat::domain::*;
use lifeboat::journal::*;
use lifeboat::plan::{
    self, Check, HealthFilter, Objectives, Plan, RecordPatch, Resource, RestorePoint, SitePlan, Step, Template,
};
use lifeboat::store::*;

/// `03:MM:SS` on the day of the exercise.
pub fn at(minute: u32, second: u32) -> DateTime<Utc> {
    "2026-03-14T03:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(i64::from(minute * 60 + second))
}

fn site(name: SiteName, account: &str, region: &str, vault: &str) -> (SiteName, SitePlan) {
    let plan = SitePlan {
        name: name.clone(),
        account: account.into(),
        region: region.into(),
        profile: None,
        role_arn: Some(format!("arn:aws:iam::{account}:role/lifeboat-operator")),
        external_id: None,
        vaults: vec![vault.into()],
        queue: None,
    };
    (name, plan)
}

pub const RESOURCES: [(&str, &str, &str, i64); 5] = [
    ("assets", "arn:aws:s3:::shop-assets-eu-west-1", "S3", 18),
    ("catalog-volume", "arn:aws:ec2:eu-west-1:111122223333:volume/vol-0c4a7a1090f3e5d21", "EBS", 52),
    ("media", "arn:aws:elasticfilesystem:eu-west-1:111122223333:file-system/fs-0a1b2c3d4e5f60718", "EFS", 35),
    ("orders-db", "arn:aws:rds:eu-west-1:111122223333:db:orders-db", "RDS", 41),
    ("orders-table", "arn:aws:dynamodb:eu-west-1:111122223333:table/orders", "DynamoDB", 26),
];

fn step(id: &str, title: &str, phase: Phase, part: Option<Part>, needs: &[&str], expect_mins: u64, action: plan::Action) -> Step {
    Step {
        id: id.into(),
        title: title.into(),
        about: None,
        phase,
        part,
        site: SiteName::recovery(),
        needs: needs.iter().map(|need| StepId::new(*need)).collect(),
        group: None,
        when: None,
        strength: Strength::Key,
        limit: Duration::from_secs(expect_mins * 180),
        expect: Some(Duration::from_secs(expect_mins * 60)),
        undo: None,
        tail: None,
        undone_by: None,
        undoes: None,
        control_plane: None,
        action,
        references: Vec::new(),
        line: 1,
    }
}

fn restore(resource: &str) -> plan::Action {
    plan::Action::BackupRestore {
        resource: resource.into(),
        point: RestorePoint::Newest,
        to: None,
        metadata: BTreeMap::new(),
        drop: Vec::new(),
        role_arn: Template::literal("arn:aws:iam::444455556666:role/lifeboat-restore"),
        copy_tags: false,
    }
}

pub fn plan() -> Plan {
    let data = Some(Part::Data);
    let mut steps = vec![
        step(
            "open-ops-item",
            "Open an OpsItem in the recovery Region",
            Phase::Restore,
            Some(Part::Infrastructure),
            &[],
            1,
            plan::Action::SsmOpsItem {
                title: Template::literal("Shop: recovery in eu-central-1"),
                description: Template::literal("..."),
                severity: Some("1".into()),
                category: None,
                update: None,
                status: None,
            },
        ),
        step("orders-table", "Restore the orders table", Phase::Restore, data, &[], 9, restore("orders-table")),
        step("orders-db", "Restore the orders database", Phase::Restore, data, &[], 14, restore("orders-db")),
        step("media", "Restore the media file system", Phase::Restore, data, &[], 11, restore("media")),
        step("catalog-volume", "Restore the catalog volume", Phase::Restore, data, &[], 3, restore("catalog-volume")),
        step("assets", "Restore the assets bucket", Phase::Restore, data, &[], 6, restore("assets")),
        step(
            "attach-catalog",
            "Attach the catalog volume to the pilot-light instance",
            Phase::Restore,
            Some(Part::Integration),
            &["catalog-volume"],
            2,
            plan::Action::SsmAutomation {
                document: Template::literal("AWS-AttachEBSVolume"),
                version: None,
                parameters: BTreeMap::new(),
            },
        ),
        step(
            "warm-caches",
            "Warm the caches; the owner approves",
            Phase::Restore,
            Some(Part::Integration),
            &["orders-table", "orders-db", "media", "attach-catalog"],
            3,
            plan::Action::SsmAutomation {
                document: Template::literal("shop-warm-caches"),
                version: None,
                parameters: BTreeMap::new(),
            },
        ),
        step(
            "tell-support",
            "Tell support that the shop moves",
            Phase::FailOver,
            None,
            &["warm-caches"],
            2,
            plan::Action::Manual { instructions: Template::literal("Post in #shop-status that the shop moves to eu-central-1.") },
        ),
        step(
            "move-traffic",
            "Move www.shop.example.com to eu-central-1",
            Phase::FailOver,
            None,
            &["warm-caches"],
            2,
            plan::Action::Route53Change { zone: "shop.example.com".into(), records: Vec::<RecordPatch>::new() },
        ),
        step(
            "answered-from-recovery",
            "The shop is answered from eu-central-1",
            Phase::FailOver,
            None,
            &["move-traffic"],
            4,
            plan::Action::Check(Check::Http {
                url: Template::literal("https://www.shop.example.com/"),
                status: 200,
                header: Some(("x-served-by".into(), "eu-central-1".into())),
                contains: None,
            }),
        ),
    ];
    steps[1].about = Some("The table holds open orders. Nothing writes to it before the caches are warm.".into());
    steps[1].undo = Some("Delete the table orders in eu-central-1; nothing points to it yet.".into());
    let named = Strength::Type { name: "www.shop.example.com".into() };
    steps[9].strength = named;
    Plan {
        notices: None,
        name: "shop".into(),
        title: "The shop".into(),
        path: "plans/shop.toml".into(),
        text: String::new(),
        confirm_within: Duration::from_secs(120),
        objectives: Objectives { rto: Duration::from_secs(2 * 3600), rpo: Duration::from_secs(45 * 60) },
        sites: BTreeMap::from([
            site(SiteName::primary(), "111122223333", "eu-west-1", "shop-primary"),
            site(SiteName::recovery(), "444455556666", "eu-central-1", "shop-recovery"),
        ]),
        alarms: Vec::new(),
        health: HealthFilter::default(),
        resources: RESOURCES
            .iter()
            .map(|(name, arn, kind, _)| {
                ((*name).to_owned(), Resource { name: (*name).into(), arn: (*arn).into(), resource_type: (*kind).into() })
            })
            .collect(),
        variables: BTreeMap::new(),
        choices: BTreeMap::new(),
        graph: plan::Graph::of(&steps),
        steps,
    }
}

/// Events, recorded one after the other.
pub struct Journal<'a> {
    pub state: &'a mut State,
}

impl Journal<'_> {
    pub fn record(&mut self, recorded_at: DateTime<Utc>, event: Event) {
        let seq = self.state.incident.last_seq + 1;
        self.state.record(Recorded { seq, recorded_at, by: Operator::new("ana"), event });
    }
}

fn opened(plan: &Plan, mode: Mode) -> Event {
    Event::IncidentOpened(Box::new(IncidentOpened {
        incident: IncidentId::new("20260314-shop-4f1d"),
        mode,
        scenario: Some("region-outage".into()),
        seed: Some(7),
        plan_name: plan.name.clone(),
        plan_title: plan.title.clone(),
        plan_path: plan.path.clone(),
        plan_text: String::new(),
        rto_secs: plan.objectives.rto.as_secs(),
        rpo_secs: plan.objectives.rpo.as_secs(),
        sites: plan.sites.iter().map(|(name, site)| (name.clone(), (site.account.clone(), site.region.clone()))).collect(),
        steps: plan
            .steps
            .iter()
            .map(|step| PlannedStep {
                id: step.id.clone(),
                title: step.title.clone(),
                phase: step.phase,
                part: step.part,
                action: step.action.name().into(),
                needs: step.needs.clone(),
                expect_secs: step.expect.map(|expect| expect.as_secs()),
                expect_by_history: false,
                group: None,
                when: None,
                undoes: None,
            })
            .collect(),
        variables: BTreeMap::new(),
        version: "0.1.0".into(),
    }))
}

/// Opened, not started: what a first-time user sees.
pub fn fresh(mode: Mode) -> State {
    let plan = Arc::new(plan());
    let exercise = (mode == Mode::Exercise).then(|| ExerciseState {
        scenario: "region-outage".into(),
        title: "A Region goes dark".into(),
        goals: vec![
            "Notice that an OK that nobody evaluated is no OK.".into(),
            "Decide early, and say why.".into(),
            "Restore from the recovery vault while the primary Region does not answer.".into(),
        ],
        paused: true,
        speed: 20.0,
    });
    let mut state = State::new(mode, false, Operator::new("ana"), plan.clone(), exercise);
    let mut journal = Journal { state: &mut state };
    journal.record(at(0, 0), opened(&plan, mode));
    journal.record(at(0, 0), Event::OperatorJoined { host: Some("bastion-2".into()), read_only: false });
    state.journal_path = Some("/home/ana/.local/share/lifeboat/20260314-shop-4f1d.journal".into());
    state
}

pub fn identity(site: &str, account: &str, region: &str, seen_at: DateTime<Utc>) -> Update {
    let identity = Identity {
        account: account.into(),
        arn: format!("arn:aws:sts::{account}:assumed-role/lifeboat-operator/ana"),
        region: region.into(),
        seen_at,
    };
    Update::Identity { site: SiteName::new(site), seq: 1, at: seen_at, answer: Ok((identity, Completeness::Whole)) }
}

pub fn alarm(site: &str, name: &str, state: AlarmState, since: DateTime<Utc>, reason: &str) -> Alarm {
    let region = if site == "primary" { "eu-west-1:111122223333" } else { "eu-central-1:444455556666" };
    Alarm {
        site: SiteName::new(site),
        name: name.into(),
        arn: format!("arn:aws:cloudwatch:{region}:alarm:{name}"),
        kind: AlarmKind::Metric,
        state,
        evaluation: None,
        transitioned_at: Some(since),
        updated_at: Some(since),
        reason: reason.into(),
        reason_data: None,
        rule: None,
        suppressed_by: None,
        metric: Some(AlarmMetric {
            namespace: "Shop".into(),
            name: "ErrorRate".into(),
            dimensions: vec![("Service".into(), "web".into())],
            statistic: "Average".into(),
            period_secs: 60,
            evaluation_periods: 3,
            datapoints_to_alarm: 2,
            threshold: Some(5.0),
            comparison: Comparison("GreaterThanThreshold".into()),
        }),
    }
}

pub fn primary_alarms() -> Vec<Alarm> {
    let crossed = "Threshold Crossed: 2 out of the last 3 datapoints [38.0 (14/03/26 03:04:00), 22.0 (14/03/26 03:03:00)] were greater than the threshold (5.0)";
    let mut composite =
        alarm("primary", "shop-unavailable", AlarmState::Alarm, at(5, 10), "shop-error-rate and shop-latency-p99 are in ALARM");
    composite.kind = AlarmKind::Composite;
    composite.metric = None;
    composite.rule = Some("ALARM(\"shop-error-rate\") AND ALARM(\"shop-latency-p99\")".into());
    let mut cpu = alarm("primary", "orders-db-cpu", AlarmState::Ok, at(0, 0), "no datapoints were received for 3 periods");
    cpu.evaluation = Some("EVALUATION_FAILURE".into());
    vec![
        alarm(
            "primary",
            "shop-checkout-orders",
            AlarmState::Ok,
            at(0, 0),
            "3 datapoints were not less than the threshold (20.0)",
        ),
        alarm("primary", "shop-error-rate", AlarmState::Alarm, at(4, 12), crossed),
        alarm(
            "primary",
            "shop-latency-p99",
            AlarmState::Alarm,
            at(5, 2),
            "3 datapoints were greater than the threshold (1500.0)",
        ),
        composite,
        cpu,
    ]
}

pub fn recovery_alarms() -> Vec<Alarm> {
    vec![
        alarm(
            "recovery",
            "shop-recovery-error-rate",
            AlarmState::InsufficientData,
            at(0, 0),
            "Insufficient Data: 3 datapoints were unknown",
        ),
        alarm(
            "recovery",
            "shop-recovery-canary",
            AlarmState::Ok,
            at(0, 0),
            "3 datapoints were not greater than the threshold (0.0)",
        ),
    ]
}

pub fn alarms(site: &str, seq: u64, answered: DateTime<Utc>, alarms: Vec<Alarm>) -> Update {
    Update::Alarms { site: SiteName::new(site), seq, at: answered, answer: Ok((alarms, Completeness::Whole)) }
}

pub fn health_events() -> Vec<HealthEvent> {
    let arn =
        "arn:aws:health:eu-west-1::event/S3/AWS_S3_INCREASED_GET_API_ERROR_RATES/AWS_S3_INCREASED_GET_API_ERROR_RATES_EXAMPLE01";
    vec![HealthEvent {
        arn: arn.into(),
        service: "S3".into(),
        type_code: "AWS_S3_INCREASED_GET_API_ERROR_RATES".into(),
        category: "issue".into(),
        region: "eu-west-1".into(),
        status: "open".into(),
        started_at: Some(at(2, 0)),
        ended_at: None,
        updated_at: Some(at(9, 0)),
        first_seen_at: None,
        description: Some(
            "We are investigating increased error rates for GET requests in the EU-WEST-1 Region.\n\n[03:09 AM UTC] We can confirm increased error rates and latencies for multiple services.\u{1b}[2J".into(),
        ),
        entities: vec![AffectedEntity { value: "shop-assets-eu-west-1".into(), status: "IMPAIRED".into() }],
    }]
}

pub fn health(seq: u64, answered: DateTime<Utc>) -> Update {
    Update::Health { seq, at: answered, answer: Ok((health_events(), Completeness::Whole)) }
}

pub fn point(arn: &str, kind: &str, id: &str, data_at: DateTime<Utc>) -> RecoveryPoint {
    RecoveryPoint {
        site: SiteName::recovery(),
        arn: format!("arn:aws:backup:eu-central-1:444455556666:recovery-point:{id}"),
        vault: "shop-recovery".into(),
        resource_arn: arn.into(),
        resource_type: kind.into(),
        status: "COMPLETED".into(),
        status_message: None,
        data_at: Some(data_at),
        completed_at: Some(data_at + TimeDelta::minutes(6)),
        size_bytes: Some(48 << 30),
        key_arn: Some("arn:aws:kms:eu-central-1:444455556666:key/1b2c".into()),
        storage_class: Some("WARM".into()),
        expires_at: Some(at(0, 0) + TimeDelta::days(35)),
        last_restored_at: None,
        vault_type: Some("BACKUP_VAULT".into()),
        scan: None,
    }
}

pub fn points() -> Vec<RecoveryPoint> {
    let mut points = Vec::new();
    for (n, (_, arn, kind, age)) in RESOURCES.iter().enumerate() {
        let data = at(2, 0) - TimeDelta::minutes(*age);
        points.push(point(arn, kind, &format!("copyjob-{n}a1b2c3d"), data));
        points.push(point(arn, kind, &format!("copyjob-{n}9f8e7d6"), data - TimeDelta::hours(12)));
    }
    points[3].status = "EXPIRED".into();
    points.push(point("arn:aws:dynamodb:eu-west-1:111122223333:table/audit", "DynamoDB", "copyjob-77", at(0, 0)));
    points
}

pub fn recovery_points(seq: u64, answered: DateTime<Utc>) -> Update {
    Update::RecoveryPoints {
        site: SiteName::recovery(),
        seq,
        at: answered,
        answer: Ok(((points(), Vec::new()), Completeness::Whole)),
    }
}

pub fn problem(kind: ProblemKind, operation: &str, code: &str, message: &str) -> Problem {
    Problem {
        kind,
        operation: operation.into(),
        region: Some("eu-west-1".into()),
        code: Some(code.into()),
        message: message.into(),
        request_id: Some("7f3c2d1e-0a9b-4c8d-9e7f-112233445566".into()),
    }
}

/// Started, all well, nothing answered yet.
pub fn started(mode: Mode) -> State {
    let mut state = fresh(mode);
    if mode == Mode::Exercise {
        Journal { state: &mut state }.record(at(0, 0), Event::ExerciseStarted { speed: 20.0 });
        state.apply(Update::Exercise { paused: false, speed: 20.0 });
    }
    state
}

fn fixed(at: DateTime<Utc>, kind: EvidenceKind, text: &str) -> Fixed {
    Fixed { at, earliest: None, latest: None, evidence: Evidence { kind, text: text.into(), reference: None } }
}

pub fn moment(state: &mut State, recorded: DateTime<Utc>, moment: Moment, when: DateTime<Utc>, kind: EvidenceKind, text: &str) {
    Journal { state }.record(recorded, Event::MomentFixed { moment, fixed: fixed(when, kind, text) });
}

/// The signals are there, the primary Region has begun to fail, nobody has decided: 03:11:20.
pub fn detected(mode: Mode) -> State {
    let mut state = started(mode);
    state.apply(identity("primary", "111122223333", "eu-west-1", at(10, 40)));
    state.apply(identity("recovery", "444455556666", "eu-central-1", at(10, 50)));
    state.apply(alarms("primary", 1, at(9, 0), primary_alarms()));
    let lost = problem(ProblemKind::Unreachable, "CloudWatch DescribeAlarms", "Timeout", "no answer within 5 s");
    state.apply(Update::Alarms { site: SiteName::primary(), seq: 2, at: at(9, 30), answer: Err(lost) });
    state.apply(alarms("recovery", 1, at(11, 10), recovery_alarms()));
    state.apply(health(1, at(6, 30)));
    state.apply(health(2, at(11, 5)));
    state.apply(recovery_points(1, at(11, 0)));
    let denied =
        problem(ProblemKind::Throttled, "Backup ListRecoveryPointsByBackupVault", "ThrottlingException", "Rate exceeded");
    state.apply(Update::RecoveryPoints { site: SiteName::primary(), seq: 1, at: at(10, 0), answer: Err(denied) });
    let seen = SignalSeen {
        signal: SignalId::Alarm { site: SiteName::primary(), name: "shop-error-rate".into() },
        state: AlarmState::Alarm,
        happened_at: Some(at(4, 12)),
        seen_at: at(4, 20),
        impact: None,
        reason: "Threshold Crossed: 2 out of the last 3 datapoints".into(),
    };
    Journal { state: &mut state }.record(at(4, 20), Event::SignalSeen(seen));
    moment(&mut state, at(4, 20), Moment::Detected, at(4, 12), EvidenceKind::Alarm, "alarm shop-error-rate");
    moment(&mut state, at(6, 30), Moment::ImpactBegan, at(2, 0), EvidenceKind::Health, "Health event S3");
    Journal { state: &mut state }
        .record(at(7, 2), Event::Noted { text: "support says checkout fails since about three".into(), mark: None });
    state
}

pub fn restore_call() -> MutatingCall {
    MutatingCall::StartRestoreJob(RestoreJobStart {
        recovery_point_arn: "arn:aws:backup:eu-central-1:444455556666:recovery-point:copyjob-4a1b2c3d".into(),
        metadata: BTreeMap::from([("targetTableName".into(), "orders".into()), ("encryptionType".into(), "Default".into())]),
        iam_role_arn: "arn:aws:iam::444455556666:role/lifeboat-restore".into(),
        resource_type: "DynamoDB".into(),
        idempotency_token: "20260314-shop-4f1d-orders-table-1".into(),
        copy_source_tags_to_restored_resource: false,
    })
}

pub fn preparation(step: &str, attempt: u32, strength: Strength) -> Preparation {
    Preparation {
        step: step.into(),
        attempt,
        site: SiteName::recovery(),
        region: "eu-central-1".into(),
        identity: Some(Identity {
            account: "444455556666".into(),
            arn: "arn:aws:sts::444455556666:assumed-role/lifeboat-operator/ana".into(),
            region: "eu-central-1".into(),
            seen_at: at(11, 0),
        }),
        summary:
            "Restore the DynamoDB table orders from copyjob-4a1b2c3d (data of 02:36:00, 26m before the impact) into eu-central-1."
                .into(),
        call: Some(restore_call()),
        changes: vec![
            Change { what: "table orders in eu-central-1".into(), before: None, after: Some("restored".into()), why: None },
            Change {
                what: "encryptionType".into(),
                before: Some("KMS".into()),
                after: Some("Default".into()),
                why: Some("the key of eu-west-1 cannot be used in eu-central-1".into()),
            },
        ],
        findings: vec![
            Finding::good("the recovery point is COMPLETED and lies in shop-recovery"),
            Finding::warns("a newer point exists in shop-primary, which does not answer"),
        ],
        strength,
        undo: Some("Delete the table orders in eu-central-1; nothing points to it yet.".into()),
        valid_until: at(59, 0),
        elsewhere: vec![],
    }
}

pub fn prepare(state: &mut State, seq: u64, answered: DateTime<Utc>, preparation: Preparation) {
    let step = preparation.step.clone();
    state.apply(Update::Prepared { step, seq, at: answered, answer: Ok(Box::new(preparation)) });
}

pub fn declare(state: &mut State, when: DateTime<Utc>) {
    let reason = "eu-west-1 does not answer; support is flooded".to_owned();
    Journal { state }.record(when, Event::FailoverDeclared { reason, seen: Vec::new(), weighed: None, notices: None });
    moment(state, when, Moment::Decided, when, EvidenceKind::Person, "declared by ana");
}

pub fn confirm(state: &mut State, when: DateTime<Utc>, step: &str, attempt: u32) {
    let confirmed = StepConfirmed {
        step: step.into(),
        attempt,
        purpose: Purpose::Start,
        site: SiteName::recovery(),
        region: "eu-central-1".into(),
        identity: None,
        call: Some(restore_call()),
        fingerprint: "0123456789abcdef".into(),
        strength: Strength::Key,
        typed: None,
        second: None,
    };
    Journal { state }.record(when, Event::StepConfirmed(Box::new(confirmed)));
}

pub fn answered(state: &mut State, when: DateTime<Utc>, step: &str, attempt: u32, handle: &str) {
    let answered = CallAnswered {
        step: step.into(),
        attempt,
        purpose: Purpose::Start,
        handle: handle.into(),
        request_id: Some("c0ffee00-1234-4bcd-8def-001122334455".into()),
        aws_at: Some(when),
        found: None,
    };
    Journal { state }.record(when, Event::CallAnswered(answered));
}

pub fn ended(state: &mut State, when: DateTime<Utc>, step: &str, attempt: u32, ended: Ended) {
    let done = ended == Ended::Done;
    let data_at = (step == "orders-table").then(|| at(2, 0) - TimeDelta::minutes(26));
    let outputs = if done {
        BTreeMap::from([("created_resource_arn".to_owned(), format!("arn:aws:dynamodb:eu-central-1:444455556666:table/{step}"))])
    } else {
        BTreeMap::new()
    };
    let end = StepEnded {
        step: step.into(),
        attempt,
        ended,
        aws_at: Some(when),
        aws_began_at: None,
        outputs,
        data_at,
        note: None,
        tail: vec![],
    };
    Journal { state }.record(when, Event::StepEnded(Box::new(end)));
}

/// Half restored: one done, one failed, two running, one of which asks: 03:31:40.
pub fn restoring(mode: Mode) -> State {
    let mut state = detected(mode);
    declare(&mut state, at(13, 30));
    for (step, minute) in [("open-ops-item", 14), ("orders-table", 15), ("orders-db", 16), ("catalog-volume", 17)] {
        confirm(&mut state, at(minute, 0), step, 1);
        answered(&mut state, at(minute, 2), step, 1, &format!("job-{step}"));
    }
    ended(&mut state, at(14, 10), "open-ops-item", 1, Ended::Done);
    ended(&mut state, at(24, 30), "orders-table", 1, Ended::Done);
    ended(&mut state, at(20, 0), "catalog-volume", 1, Ended::Done);
    confirm(&mut state, at(22, 0), "media", 1);
    answered(&mut state, at(22, 1), "media", 1, "job-media");
    let refused = problem(
        ProblemKind::Invalid,
        "Backup StartRestoreJob",
        "InvalidParameterValueException",
        "Subnet subnet-0a1b2c3d is not in the VPC of the security group sg-0d4c3b2a",
    );
    ended(&mut state, at(23, 0), "media", 1, Ended::Failed { problem: refused });
    confirm(&mut state, at(29, 0), "attach-catalog", 1);
    answered(&mut state, at(29, 1), "attach-catalog", 1, "11112222-3333-4444-5555-666677778888");
    let progress = |percent, doing: &str| Progress { percent, doing: doing.into(), parts: Vec::new(), asks: None };
    state.apply(Update::Progress {
        step: "orders-db".into(),
        attempt: 1,
        at: at(31, 30),
        answer: Ok(progress(Some(71), "RUNNING: restoring the DB instance from the snapshot")),
    });
    let part = |name: &str, status: &str| ProgressPart { name: name.into(), status: status.into() };
    state.apply(Update::Progress {
        step: "attach-catalog".into(),
        attempt: 1,
        at: at(31, 20),
        answer: Ok(Progress {
            percent: None,
            doing: "Waiting".into(),
            parts: vec![part("findVolume", "Success"), part("approve", "Waiting"), part("attach", "Pending")],
            asks: Some("Attach vol-0c4a7a1090f3e5d21 to i-0f00ba4deadbeef01 as /dev/sdf?".into()),
        }),
    });
    // The sources that answer go on answering; the primary Region stays silent.
    state.apply(alarms("recovery", 9, at(31, 30), recovery_alarms()));
    state.apply(health(9, at(31, 20)));
    state.apply(recovery_points(9, at(31, 0)));
    state.apply(identity("recovery", "444455556666", "eu-central-1", at(31, 0)));
    state
}
