//! The actions: what each finds, how it fails and is mended, and how often what has an effect.

use super::{Breaks, Case, Change, NOTHING};

pub(super) const CASES: &[Case] = &[
    Case {
        plan: "routing-control",
        set_up: NOTHING,
        breaks: Breaks::Refused("UpdateRoutingControlStates"),
        mends: NOTHING,
        says: "not authorized",
        // One effect a control.
        effects: &[("UpdateRoutingControlStates", 2, 2)],
        gives: ("states", "shop-eu-west-1 Off, shop-eu-central-1 On"),
    },
    Case {
        plan: "invoke",
        set_up: |site| Box::pin(site.function("shop-warm", r#"{"warmed": 48000}"#)),
        breaks: Breaks::Done(|site| Box::pin(site.function_fails("shop-warm", Some("the catalog is empty")))),
        mends: |site| Box::pin(site.function_fails("shop-warm", None)),
        says: "the function failed: IndexError: the catalog is empty",
        effects: &[("Invoke", 1, 2)],
        gives: ("warmed", "48000"),
    },
    Case {
        plan: "execute",
        set_up: |site| {
            Box::pin(async {
                site.function("shop-warm", r#"{"warmed": 48000}"#).await;
                site.state_machine("shop-index", "shop-warm").await;
            })
        },
        breaks: Breaks::Done(|site| Box::pin(site.function_fails("shop-warm", Some("the catalog is empty")))),
        mends: |site| Box::pin(site.function_fails("shop-warm", None)),
        says: "FAILED in the state Index: IndexError",
        effects: &[("StartExecution", 1, 1), ("RedriveExecution", 0, 1)],
        gives: ("indexed", "48000"),
    },
    Case {
        plan: "publish",
        set_up: |site| Box::pin(async { drop(site.sns().create_topic().name("shop-news").send().await.unwrap()) }),
        breaks: Breaks::Refused("Publish"),
        mends: NOTHING,
        says: "not authorized",
        effects: &[("Publish", 1, 1)],
        gives: ("message_id", "-"),
    },
    Case {
        plan: "deploy",
        set_up: NOTHING,
        breaks: Breaks::Injected(|| Change::FailResource("AWS::Logs::LogGroup".into(), "the quota is used up".into())),
        mends: |site| Box::pin(site.delete_stack("shop-logs")),
        says: "Logs (AWS::Logs::LogGroup) CREATE_FAILED: the quota is used up",
        effects: &[("CreateChangeSet", 1, 2), ("ExecuteChangeSet", 1, 2)],
        gives: ("Group", "actions-logs"),
    },
    Case {
        plan: "create",
        set_up: NOTHING,
        breaks: Breaks::Injected(|| Change::FailResource("AWS::Logs::LogGroup".into(), "the quota is used up".into())),
        mends: NOTHING,
        says: "the quota is used up",
        effects: &[("CreateResource", 1, 2)],
        gives: ("identifier", "shop-audit"),
    },
    Case {
        plan: "table",
        set_up: |site| Box::pin(site.table("ledger")),
        breaks: Breaks::Refused("RestoreTableToPointInTime"),
        mends: NOTHING,
        says: "not authorized",
        effects: &[("RestoreTableToPointInTime", 1, 1)],
        gives: ("table_name", "ledger-restored"),
    },
    Case {
        plan: "instance",
        set_up: |site| {
            let instance = serde_json::json!({
                "DBInstanceIdentifier": "ledger-db", "Engine": "postgres", "DBInstanceClass": "db.t4g.micro", "AllocatedStorage": "20",
                "MasterUsername": "shop", "MasterUserPassword": "not-a-secret", "BackupRetentionPeriod": 1,
            });
            Box::pin(site.resource("AWS::RDS::DBInstance", instance))
        },
        breaks: Breaks::Injected(|| Change::FailResource("AWS::RDS::DBInstance".into(), "no capacity".into())),
        mends: NOTHING,
        says: "no capacity",
        effects: &[("CreateResource", 2, 3)],
        gives: ("identifier", "ledger-db-restored"),
    },
    Case {
        plan: "cluster",
        set_up: |site| {
            let cluster = serde_json::json!({
                "DBClusterIdentifier": "ledger-cluster", "Engine": "aurora-mysql", "MasterUsername": "shop",
                "MasterUserPassword": "not-a-secret", "BackupRetentionPeriod": 1,
            });
            Box::pin(site.resource("AWS::RDS::DBCluster", cluster))
        },
        breaks: Breaks::Injected(|| Change::FailResource("AWS::RDS::DBCluster".into(), "no capacity".into())),
        mends: NOTHING,
        says: "no capacity",
        effects: &[("CreateResource", 3, 4)],
        gives: ("identifier", "ledger-cluster-restored"),
    },
    Case {
        plan: "copy",
        set_up: NOTHING,
        breaks: Breaks::Refused("StartCopyJob"),
        mends: NOTHING,
        says: "not authorized",
        effects: &[("StartCopyJob", 1, 1)],
        gives: ("recovery_point_arn", "arn:aws:backup:eu-central-1:444455556666:recovery-point:"),
    },
    Case {
        plan: "continuous",
        set_up: NOTHING,
        breaks: Breaks::Injected(|| Change::FailRestore("*".into(), "no capacity".into())),
        mends: NOTHING,
        says: "no capacity",
        effects: &[("StartRestoreJob", 1, 2)],
        gives: ("created_resource_arn", "shop-assets-restored"),
    },
    Case {
        plan: "rewind",
        set_up: |site| Box::pin(site.bucket("shop-pages", "2026-03-14T03:05:00Z")),
        breaks: Breaks::Refused("CopyObject"),
        mends: NOTHING,
        says: "",
        effects: &[("CopyObject", 1, 1), ("DeleteObject", 1, 1)],
        gives: ("bucket", "shop-pages"),
    },
    Case {
        plan: "command",
        set_up: NOTHING,
        breaks: Breaks::Refused("SendCommand"),
        mends: NOTHING,
        says: "not authorized",
        effects: &[("SendCommand", 1, 1)],
        gives: ("output", "mounted"),
    },
    Case {
        plan: "records",
        set_up: |site| Box::pin(site.failover_records()),
        breaks: Breaks::Refused("ChangeResourceRecordSets"),
        mends: NOTHING,
        says: "not authorized",
        effects: &[("ChangeResourceRecordSets", 2, 2)],
        // AWS's id of a change is lost with the answer.
        gives: ("change_id", ""),
    },
    Case {
        plan: "health-check",
        set_up: NOTHING,
        breaks: Breaks::Refused("UpdateHealthCheck"),
        mends: NOTHING,
        says: "not authorized",
        effects: &[("UpdateHealthCheck", 1, 1)],
        gives: ("health_check_version", "2"),
    },
    Case {
        plan: "region-switch",
        set_up: |site| Box::pin(site.function("shop-warm", r#"{"warmed": 48000}"#)),
        breaks: Breaks::Refused("StartPlanExecution"),
        mends: NOTHING,
        says: "not authorized",
        effects: &[("StartPlanExecution", 1, 1), ("ApprovePlanExecutionStep", 1, 1)],
        gives: ("execution_id", ""),
    },
];
