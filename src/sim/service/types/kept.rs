//! Types whose services are not simulated: they are kept with their properties, so that a template which needs them goes through, and
//! nothing else comes of them.

use serde_json::{Value, json};

use super::{Desk, PLAIN, Type, not_found};
use crate::sim::call::{Answer, Refusal};
use crate::sim::members;

/// A type that is only kept: its name, the property that names it, what its identifier is (`*`: the name, `{}`: drawn digits,
/// `{account}`, `{region}`), and what its ARN is.
macro_rules! kept {
    ($name:literal, $named:expr, $key:literal, $id:literal, $arn:literal) => {
        Type {
            name: $name,
            key: &[$key],
            named: $named,
            create: |desk, properties| {
                const NAMED: Option<&str> = $named;
                create(desk, $name, NAMED, $id, properties)
            },
            read: |desk, id| read(desk, $name, $key, $arn, id),
            update: Some(|_, _, _, _| Ok(())),
            delete: |_, _| Ok(()),
            list: |desk| {
                let all = desk.declared().keys().filter(|(name, _)| name == $name);
                Ok(all.map(|(_, id)| id.clone()).collect())
            },
            fixed: {
                const NAMED: Option<&str> = $named;
                match NAMED {
                    Some(_) => &[$key],
                    None => &[],
                }
            },
            ..PLAIN
        }
    };
}

pub(super) const TYPES: &[Type] = &[
    kept!("AWS::IAM::Role", Some("RoleName"), "RoleName", "*", "arn:aws:iam::{account}:role/*"),
    kept!(
        "AWS::IAM::InstanceProfile",
        Some("InstanceProfileName"),
        "InstanceProfileName",
        "*",
        "arn:aws:iam::{account}:instance-profile/*"
    ),
    kept!("AWS::IAM::Policy", Some("PolicyName"), "Id", "*", "arn:aws:iam::{account}:policy/*"),
    kept!("AWS::IAM::ManagedPolicy", Some("ManagedPolicyName"), "PolicyArn", "arn:aws:iam::{account}:policy/*", "*"),
    kept!("AWS::IAM::User", Some("UserName"), "UserName", "*", "arn:aws:iam::{account}:user/*"),
    kept!("AWS::IAM::Group", Some("GroupName"), "GroupName", "*", "arn:aws:iam::{account}:group/*"),
    kept!("AWS::KMS::Key", None, "KeyId", "{}", "arn:aws:kms:{region}:{account}:key/*"),
    kept!("AWS::KMS::Alias", Some("AliasName"), "AliasName", "*", "arn:aws:kms:{region}:{account}:*"),
    kept!("AWS::Logs::LogGroup", Some("LogGroupName"), "LogGroupName", "*", "arn:aws:logs:{region}:{account}:log-group:*:*"),
    kept!("AWS::Lambda::Permission", None, "Id", "{}", "*"),
    kept!("AWS::Lambda::Version", None, "FunctionArn", "{}", "*"),
    kept!("AWS::Lambda::EventSourceMapping", None, "Id", "{}", "*"),
    kept!("AWS::EC2::InternetGateway", None, "InternetGatewayId", "igw-0{}", "arn:aws:ec2:{region}:{account}:internet-gateway/*"),
    kept!("AWS::EC2::VPCGatewayAttachment", None, "Id", "{}", "*"),
    kept!("AWS::EC2::RouteTable", None, "RouteTableId", "rtb-0{}", "arn:aws:ec2:{region}:{account}:route-table/*"),
    kept!("AWS::EC2::Route", None, "Id", "{}", "*"),
    kept!("AWS::EC2::SubnetRouteTableAssociation", None, "Id", "rtbassoc-0{}", "*"),
    kept!("AWS::EC2::EIP", None, "AllocationId", "eipalloc-0{}", "*"),
    kept!("AWS::EC2::EIPAssociation", None, "Id", "eipassoc-0{}", "*"),
    kept!("AWS::EC2::NatGateway", None, "NatGatewayId", "nat-0{}", "*"),
    kept!("AWS::EC2::LaunchTemplate", None, "LaunchTemplateId", "lt-0{}", "*"),
    kept!("AWS::AutoScaling::AutoScalingGroup", Some("AutoScalingGroupName"), "AutoScalingGroupName", "*", "*"),
    kept!("AWS::AutoScaling::LaunchConfiguration", Some("LaunchConfigurationName"), "LaunchConfigurationName", "*", "*"),
    kept!(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        Some("Name"),
        "LoadBalancerArn",
        "arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/app/*/{}",
        "*"
    ),
    kept!(
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        Some("Name"),
        "TargetGroupArn",
        "arn:aws:elasticloadbalancing:{region}:{account}:targetgroup/*/{}",
        "*"
    ),
    kept!(
        "AWS::ElasticLoadBalancingV2::Listener",
        None,
        "ListenerArn",
        "arn:aws:elasticloadbalancing:{region}:{account}:listener/app/{}",
        "*"
    ),
    kept!(
        "AWS::ElasticLoadBalancingV2::ListenerRule",
        None,
        "RuleArn",
        "arn:aws:elasticloadbalancing:{region}:{account}:listener-rule/app/{}",
        "*"
    ),
    kept!("AWS::Backup::BackupPlan", None, "BackupPlanId", "{}", "arn:aws:backup:{region}:{account}:backup-plan:*"),
    kept!("AWS::Backup::BackupSelection", None, "Id", "{}", "*"),
    kept!("AWS::CloudWatch::Dashboard", Some("DashboardName"), "DashboardName", "*", "*"),
    kept!(
        "AWS::CloudFormation::WaitConditionHandle",
        None,
        "Id",
        "https://cloudformation-waitcondition-{region}.s3.{region}.amazonaws.com/{}",
        "*"
    ),
    kept!("AWS::CloudFormation::WaitCondition", None, "Id", "{}", "*"),
    kept!("AWS::SecretsManager::Secret", Some("Name"), "Id", "arn:aws:secretsmanager:{region}:{account}:secret:*", "*"),
    kept!(
        "AWS::StepFunctions::StateMachine",
        Some("StateMachineName"),
        "Arn",
        "arn:aws:states:{region}:{account}:stateMachine:*",
        "*"
    ),
    kept!("AWS::ECS::Cluster", Some("ClusterName"), "ClusterName", "*", "arn:aws:ecs:{region}:{account}:cluster/*"),
    kept!("AWS::S3::BucketPolicy", None, "Id", "{}", "*"),
    kept!("AWS::CDK::Metadata", None, "Id", "{}", "*"),
];

/// Fills a pattern.
fn fill(desk: &mut Desk<'_>, pattern: &str, name: &str) -> String {
    let mut text = pattern.replace("{account}", &desk.caller.account).replace("{region}", &desk.caller.region);
    if text.contains("{}") {
        text = text.replace("{}", &desk.world.ids.hex(16));
    }
    text.replace('*', name)
}

fn create(desk: &mut Desk<'_>, kind: &str, named: Option<&str>, pattern: &str, properties: &Value) -> Result<String, Refusal> {
    let name = named.and_then(|named| members::text(properties, named)).unwrap_or_default().to_owned();
    let id = fill(desk, pattern, &name);
    if desk.declared().contains_key(&(kind.to_owned(), id.clone())) {
        return Err(Refusal::new("AlreadyExists", format!("{id} already exists")));
    }
    Ok(id)
}

fn read(desk: &mut Desk<'_>, kind: &str, key: &str, arn: &str, id: &str) -> Answer {
    if !desk.declared().contains_key(&(kind.to_owned(), id.to_owned())) {
        return Err(not_found(id));
    }
    let arn = fill(desk, arn, id);
    let name = id.rsplit('/').next().unwrap_or_default().to_owned();
    let mut all = json!({"Arn": arn});
    all[key] = id.into();
    match kind {
        "AWS::IAM::Role" => all["RoleId"] = format!("AROA{:016X}", crate::sim::seed::hash(10, id)).into(),
        "AWS::ElasticLoadBalancingV2::LoadBalancer" => {
            let region = &desk.caller.region;
            all["DNSName"] = format!("{name}.{region}.elb.amazonaws.com").into();
            all["CanonicalHostedZoneID"] = "Z35SXDOTRQ7X7K".into();
            all["LoadBalancerFullName"] = id.split_once("loadbalancer/").map_or("", |(_, full)| full).into();
        }
        "AWS::ElasticLoadBalancingV2::TargetGroup" => {
            all["TargetGroupFullName"] = id.split_once("targetgroup/").map_or("", |(_, full)| full).into();
        }
        "AWS::EC2::EIP" => all["PublicIp"] = "203.0.113.10".into(),
        "AWS::CloudFormation::WaitCondition" => all["Data"] = "{}".into(),
        _ => {}
    }
    Ok(all)
}
