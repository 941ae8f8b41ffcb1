//! A whole exercise as a list of events: two restores side by side, one of which fails first; a correction; a skipped step.
#![expect(clippy::expect_used, reason = "a test may fail this way")]

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use lifeboat::domain::{
    AccountId, AlarmState, ChangeBatch, Evidence, EvidenceKind, Fixed, Identity, IncidentId, Mode, Moment, MutatingCall,
    Operator, Part, Phase, Problem, ProblemKind, RecordChange, RecordSet, RecordSetChange, RecordValue, Region, RestoreJobStart,
    RunbookStart, SignalId, SiteName, StepId, Strength,
};
use lifeboat::journal::{
    CallAnswered, Ended, Event, IncidentOpened, PlannedStep, Purpose, Recorded, SignalSeen, StepConfirmed, StepEnded,
};

/// 14 March 2026 at `h:m:s` UTC, from `hh:mm:ss`.
pub fn at(clock: &str) -> DateTime<Utc> {
    format!("2026-03-14T{clock}Z").parse().expect("a time of day")
}

/// The events of the exercise, with the times that they were recorded at.
pub fn exercise() -> Vec<Recorded> {
    let mut story = Story::default();
    detect(&mut story);
    decide(&mut story);
    restore(&mut story);
    fail_over(&mut story);
    story.events
}

#[derive(Default)]
struct Story {
    events: Vec<Recorded>,
}

impl Story {
    fn add(&mut self, clock: &str, by: &str, event: Event) {
        let seq = self.events.len() as u64 + 1;
        self.events.push(Recorded { seq, recorded_at: at(clock), by: Operator::new(by), event });
    }

    fn moment(&mut self, clock: &str, moment: Moment, fixed: Fixed) {
        self.add(clock, "ann", Event::MomentFixed { moment, fixed });
    }

    fn confirm(&mut self, clock: &str, by: &str, step: &str, attempt: u32, strength: Strength, call: Option<MutatingCall>) {
        let (account, region) = recovery();
        let typed = match &strength {
            Strength::Type { name } => Some(name.clone()),
            _ => None,
        };
        let event = StepConfirmed {
            step: StepId::new(step),
            attempt,
            purpose: Purpose::Start,
            site: SiteName::recovery(),
            fingerprint: call.as_ref().map_or_else(String::new, |call| call.fingerprint(&account, &region)),
            identity: call.is_some().then(|| identity(&SiteName::recovery())),
            region,
            call,
            strength,
            typed,
            second: None,
        };
        self.add(clock, by, Event::StepConfirmed(Box::new(event)));
    }

    fn answer(&mut self, clock: &str, step: &str, attempt: u32, handle: &str, request_id: &str, found: Option<&str>) {
        let event = CallAnswered {
            step: StepId::new(step),
            attempt,
            purpose: Purpose::Start,
            handle: handle.into(),
            request_id: Some(request_id.into()),
            aws_at: Some(at(clock)),
            found: found.map(str::to_owned),
        };
        self.add(clock, "ann", Event::CallAnswered(event));
    }

    /// `aws` is AWS's time of beginning and end.
    fn end(&mut self, clock: &str, by: &str, of: (&str, u32), ended: Ended, aws: Option<(&str, &str)>, gave: Gave<'_>) {
        let outputs: BTreeMap<String, String> = gave.outputs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let event = StepEnded {
            step: StepId::new(of.0),
            attempt: of.1,
            ended,
            aws_at: aws.map(|(_, end)| at(end)),
            aws_began_at: aws.map(|(began, _)| at(began)),
            outputs,
            data_at: gave.data_at.map(at),
            note: gave.note.map(str::to_owned),
            tail: vec![],
        };
        self.add(clock, by, Event::StepEnded(Box::new(event)));
    }
}

#[derive(Default)]
struct Gave<'a> {
    outputs: &'a [(&'a str, &'a str)],
    data_at: Option<&'a str>,
    note: Option<&'a str>,
}

fn recovery() -> (AccountId, Region) {
    (AccountId::new("444455556666"), Region::new("eu-central-1"))
}

fn identity(site: &SiteName) -> Identity {
    let (account, region) =
        if *site == SiteName::recovery() { recovery() } else { (AccountId::new("111122223333"), Region::new("eu-west-1")) };
    let arn = format!("arn:aws:sts::{account}:assumed-role/lifeboat-operator/ann");
    Identity { account, arn, region, seen_at: at("03:05:12") }
}

fn fixed(clock: &str, range: Option<(&str, &str)>, kind: EvidenceKind, text: &str, reference: Option<&str>) -> Fixed {
    let evidence = Evidence { kind, text: text.into(), reference: reference.map(str::to_owned) };
    Fixed { at: at(clock), earliest: range.map(|(low, _)| at(low)), latest: range.map(|(_, high)| at(high)), evidence }
}

fn planned(
    id: &str,
    title: &str,
    phase: Phase,
    part: Option<Part>,
    action: &str,
    needs: &[&str],
    expect_mins: Option<u64>,
) -> PlannedStep {
    PlannedStep {
        id: StepId::new(id),
        title: title.into(),
        phase,
        part,
        action: action.into(),
        needs: needs.iter().map(|need| StepId::new(*need)).collect(),
        expect_secs: expect_mins.map(|mins| mins * 60),
        group: None,
        when: None,
        undoes: None,
    }
}

fn opened() -> IncidentOpened {
    use Part::{Data, Infrastructure, Integration};
    use Phase::{FailOver, Restore};
    let sites = [SiteName::primary(), SiteName::recovery()].map(|site| {
        let Identity { account, region, .. } = identity(&site);
        (site, (account, region))
    });
    IncidentOpened {
        incident: IncidentId::new("20260314-shop-4f1d"),
        mode: Mode::Exercise,
        scenario: Some("region-loss".into()),
        seed: Some(7),
        plan_name: "shop".into(),
        plan_title: "The shop: orders, catalogue and checkout".into(),
        plan_path: "plans/shop.toml".into(),
        plan_text: "name = \"shop\"\n".into(),
        rto_secs: 2 * 3600,
        rpo_secs: 3600,
        sites: sites.into(),
        steps: vec![
            planned("network", "Open the recovery network", Restore, Some(Infrastructure), "ssm.automation", &[], Some(10)),
            planned("orders-table", "Restore the orders table", Restore, Some(Data), "backup.restore", &[], Some(30)),
            planned("catalog-volume", "Restore the catalogue's volume", Restore, Some(Data), "backup.restore", &[], Some(15)),
            planned("attach", "Attach the volume", Restore, Some(Integration), "manual", &["network", "catalog-volume"], Some(5)),
            planned("warm-cache", "Warm the cache", Restore, Some(Integration), "manual", &["attach"], None),
            planned(
                "dns",
                "Point the shop at the recovery Region",
                FailOver,
                None,
                "route53.change",
                &["attach", "orders-table", "warm-cache"],
                Some(2),
            ),
            planned("verify", "The shop answers from the recovery Region", FailOver, None, "check", &["dns"], Some(5)),
        ],
        variables: Default::default(),
        version: "0.1.0".into(),
    }
}

fn seen(signal: SignalId, state: AlarmState, happened: &str, seen: &str, impact: Option<(&str, &str)>, reason: &str) -> Event {
    Event::SignalSeen(SignalSeen {
        signal,
        state,
        happened_at: Some(at(happened)),
        seen_at: at(seen),
        impact: impact.map(|(low, high)| (at(low), at(high))),
        reason: reason.into(),
    })
}

fn detect(story: &mut Story) {
    story.add("03:05:10", "ann", Event::IncidentOpened(Box::new(opened())));
    story.add("03:05:10", "ann", Event::OperatorJoined { host: Some("bastion-2".into()), read_only: false });
    for site in [SiteName::primary(), SiteName::recovery()] {
        let identity = identity(&site);
        story.add("03:05:12", "ann", Event::IdentitySeen { site, identity });
    }
    story.add("03:05:15", "ann", Event::ExerciseStarted { speed: 60.0 });
    let alarm = SignalId::Alarm { site: SiteName::primary(), name: "shop-error-rate".into() };
    let reason = "Threshold Crossed: 2 out of the last 3 datapoints [97.2 (14/03/26 03:02:00), 41.0 (14/03/26 03:01:00)] were greater than the threshold (5.0).";
    story.add(
        "03:05:20",
        "ann",
        seen(alarm.clone(), AlarmState::Alarm, "03:04:00", "03:05:20", Some(("03:01:00", "03:02:00")), reason),
    );
    let first = "first breaching datapoint of alarm shop-error-rate";
    let arn = Some("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-error-rate");
    story.moment(
        "03:05:20",
        Moment::ImpactBegan,
        fixed("03:01:00", Some(("03:01:00", "03:02:00")), EvidenceKind::Alarm, first, arn),
    );
    story.moment(
        "03:05:20",
        Moment::Detected,
        fixed("03:04:00", None, EvidenceKind::Alarm, "alarm shop-error-rate went into ALARM", arn),
    );
    let arn = "arn:aws:health:eu-west-1::event/EBS/AWS_EBS_OPERATIONAL_ISSUE/AWS_EBS_OPERATIONAL_ISSUE_4F1D";
    let reason = "We are investigating increased error rates and latencies in the EU-WEST-1 Region.";
    let health = SignalId::Health { arn: arn.into() };
    story.add("03:11:40", "ann", seen(health, AlarmState::Alarm, "03:00:30", "03:11:40", Some(("03:00:30", "03:00:30")), reason));
    let text = "start of Health event AWS_EBS_OPERATIONAL_ISSUE_4F1D";
    story.moment("03:11:40", Moment::ImpactBegan, fixed("03:00:30", None, EvidenceKind::Health, text, Some(arn)));
}

fn decide(story: &mut Story) {
    story.add(
        "03:12:05",
        "ann",
        Event::DecidedToWait { reason: "AWS is investigating, give it ten minutes".into(), seen: vec![], weighed: None },
    );
    story.add("03:16:00", "bob", Event::OperatorJoined { host: Some("bob-laptop".into()), read_only: false });
    story.add(
        "03:16:30",
        "bob",
        Event::Noted { text: "Support says *no* ETA | case #1234\ncalled <them> twice".into(), mark: None },
    );
    let seen = [
        "alarm shop-error-rate (primary): ALARM since 2026-03-14 03:04:00Z",
        "Health event AWS_EBS_OPERATIONAL_ISSUE_4F1D: open since 2026-03-14 03:00:30Z",
        "orders-table: newest usable recovery point of 2026-03-14 02:45:00Z, 15 min 30 s before the impact",
    ];
    let seen = seen.iter().map(|line| (*line).to_owned()).collect();
    story.add(
        "03:31:00",
        "ann",
        Event::FailoverDeclared { reason: "no ETA from AWS, half an hour gone".into(), seen, weighed: None },
    );
    let evidence = "ann declared the failover";
    story.moment("03:31:00", Moment::Decided, fixed("03:31:00", None, EvidenceKind::Person, evidence, None));
}

fn restore_job(resource_type: &str, point: &str, key: &str, value: &str, token: &str) -> MutatingCall {
    MutatingCall::StartRestoreJob(RestoreJobStart {
        recovery_point_arn: format!("arn:aws:backup:eu-central-1:444455556666:recovery-point:{point}"),
        metadata: [(key.to_owned(), value.to_owned())].into(),
        iam_role_arn: "arn:aws:iam::444455556666:role/lifeboat-restore".into(),
        resource_type: resource_type.into(),
        idempotency_token: token.into(),
        copy_source_tags_to_restored_resource: false,
    })
}

fn restore(story: &mut Story) {
    let network = MutatingCall::StartAutomationExecution(RunbookStart {
        document_name: "Shop-OpenRecoveryNetwork".into(),
        document_version: None,
        parameters: [("Region".to_owned(), vec!["eu-central-1".to_owned()])].into(),
        client_token: "0f2a6a0e-1111-4111-8111-000000000001".into(),
    });
    story.confirm("03:32:10", "ann", "network", 1, Strength::Key, Some(network));
    story.answer("03:32:11", "network", 1, "73c8f1a2-exec", "req-network-1", None);
    let orders = restore_job("DynamoDB", "orders-0245", "targetTableName", "orders", "token-orders-1");
    story.confirm("03:33:00", "bob", "orders-table", 1, Strength::Key, Some(orders));
    story.answer("03:33:20", "orders-table", 1, "JOB-ORDERS", "req-orders-1", Some("found after a lost answer"));
    let volume = |zone: &str, token: &str| restore_job("EBS", "catalog-0210", "availabilityZone", zone, token);
    let typed = || Strength::Type { name: "catalog-volume".into() };
    story.confirm("03:35:00", "ann", "catalog-volume", 1, typed(), Some(volume("eu-west-1a", "token-catalog-1")));
    let problem = Problem {
        kind: ProblemKind::Invalid,
        operation: "Backup StartRestoreJob".into(),
        region: Some(Region::new("eu-central-1")),
        code: Some("InvalidParameterValueException".into()),
        message: "Availability zone <eu-west-1a> is not valid in this Region | choose another.".into(),
        request_id: Some("req-catalog-1".into()),
    };
    story.end("03:35:02", "ann", ("catalog-volume", 1), Ended::Failed { problem }, None, Gave::default());
    story.confirm("03:41:30", "ann", "catalog-volume", 2, typed(), Some(volume("eu-central-1a", "token-catalog-2")));
    story.answer("03:41:31", "catalog-volume", 2, "JOB-CATALOG", "req-catalog-2", None);
    story.end("03:44:20", "ann", ("network", 1), Ended::Done, Some(("03:32:11", "03:44:05")), Gave::default());
    let outputs =
        [("created_resource_arn", "arn:aws:dynamodb:eu-central-1:444455556666:table/orders"), ("created_resource_id", "orders")];
    let gave = Gave { outputs: &outputs, data_at: Some("02:45:00"), note: None };
    story.end("04:02:15", "bob", ("orders-table", 1), Ended::Done, Some(("03:33:05", "04:02:00")), gave);
    let gave = Gave { outputs: &[("created_resource_id", "vol-0abc")], data_at: Some("02:10:00"), note: None };
    story.end("04:20:10", "ann", ("catalog-volume", 2), Ended::Done, Some(("03:41:32", "04:20:00")), gave);
    story.confirm("04:24:00", "bob", "attach", 1, Strength::Key, None);
    let gave = Gave { note: Some("attached as /dev/sdf, mounted, catalogue reads"), ..Gave::default() };
    story.end("04:31:00", "bob", ("attach", 1), Ended::Done, None, gave);
    story.add(
        "04:32:00",
        "bob",
        Event::StepSkipped { step: StepId::new("warm-cache"), reason: "traffic is low at night".into() },
    );
    let text = "step attach, the last of the restore phase, ended well";
    story.moment("04:32:00", Moment::Restored, fixed("04:32:00", None, EvidenceKind::Step, text, None));
}

fn fail_over(story: &mut Story) {
    let record = RecordSet {
        name: "shop.example.com.".into(),
        kind: "CNAME".into(),
        set_identifier: None,
        weight: None,
        failover: None,
        region: None,
        ttl: Some(60),
        resource_records: vec![RecordValue { value: "shop.eu-central-1.example.com".into() }],
        alias_target: None,
        health_check_id: None,
        not_carried: vec![],
    };
    let change = MutatingCall::ChangeResourceRecordSets(RecordChange {
        hosted_zone_id: "Z0SHOP".into(),
        change_batch: ChangeBatch {
            comment: "lifeboat 20260314-shop-4f1d dns attempt 1".into(),
            changes: vec![RecordSetChange { action: "UPSERT".into(), resource_record_set: record }],
        },
    });
    let typed = Strength::Type { name: "shop.example.com".into() };
    story.confirm("04:35:00", "ann", "dns", 1, typed, Some(change));
    story.answer("04:35:01", "dns", 1, "C0CHANGE", "req-dns-1", None);
    story.end("04:36:05", "ann", ("dns", 1), Ended::Done, Some(("04:35:01", "04:36:00")), Gave::default());
    story.confirm("04:36:30", "ann", "verify", 1, Strength::Key, None);
    let gave = Gave { outputs: &[("seen", "200 from eu-central-1")], ..Gave::default() };
    story.end("04:43:00", "ann", ("verify", 1), Ended::Done, None, gave);
    let text = "check verify saw https://shop.example.com answered by eu-central-1";
    story.moment("04:43:00", Moment::FailedOver, fixed("04:43:00", None, EvidenceKind::Step, text, None));
    let alarm = SignalId::Alarm { site: SiteName::primary(), name: "shop-error-rate".into() };
    story.add(
        "04:44:00",
        "ann",
        seen(alarm, AlarmState::Ok, "04:43:40", "04:44:00", None, "Threshold Crossed: no datapoints were received."),
    );
    let reason = "payment logs show the first failed order at 02:58".to_owned();
    let fixed = fixed("02:58:00", None, EvidenceKind::Person, "ann, from the payment logs", None);
    story.add("04:50:00", "ann", Event::MomentCorrected { moment: Moment::ImpactBegan, fixed, reason });
    story.add("04:55:00", "ann", Event::IncidentClosed { reason: "the shop runs in eu-central-1".into() });
}
