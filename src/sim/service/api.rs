//! What one simulated service has another do: any modelled operation, with parameters as callers within AWS write them.
//!
//! State machines, runbooks, rules and topics call through here. The input is held against the model as a client's is.

use serde_json::{Map, Value, json};

use crate::sim::call::{Call, Caller, Refusal};
use crate::sim::model::{self, Kind, Member, Model};
use crate::sim::wire;
use crate::sim::world::World;

/// The names that state machines and runbooks have for services, and those that these sign with.
const SERVICES: [(&str, &str); 12] = [
    ("arcregionswitch", "arc-region-switch"),
    ("cloudcontrol", "cloudcontrolapi"),
    ("cloudwatch", "monitoring"),
    ("efs", "elasticfilesystem"),
    ("eventbridge", "events"),
    ("route53recoverycluster", "route53-recovery-cluster"),
    ("route53-recoverycluster", "route53-recovery-cluster"),
    ("route53recoverycontrolconfig", "route53-recovery-control-config"),
    ("sfn", "states"),
    ("stepfunctions", "states"),
    ("rdsdata", "rds-data"),
    ("elbv2", "elasticloadbalancing"),
];

/// The name that a service signs with, whatever a caller within AWS calls it.
pub fn signing(name: &str) -> &str {
    SERVICES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or(name, |(_, signing)| signing)
}

/// A text with a capital first letter.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

/// Who a service is when it calls another one in an account and Region.
pub fn caller(by: &str, account: &str, region: &str) -> Caller {
    Caller {
        account: account.to_owned(),
        region: region.to_owned(),
        arn: format!("arn:aws:sts::{account}:assumed-role/{by}/simulated"),
        user_id: "AROASIMULATED0SERVICE:simulated".to_owned(),
    }
}

/// Calls an operation with parameters whose members may begin with a capital letter, and gives its answer in the same form.
///
/// # Errors
/// The error's name, which ends with `Exception`, and its cause.
pub fn call(
    world: &mut World,
    caller: Caller,
    service: &str,
    operation: &str,
    parameters: &Value,
) -> Result<Value, (String, String)> {
    let unknown = || ("SdkClientException".to_owned(), format!("The simulated AWS knows no operation {operation} of {service}"));
    let (service, model) = model::model(service).ok_or_else(unknown)?;
    let known = model.operation(operation).ok_or_else(unknown)?;
    let input = known.input.as_ref().map_or_else(|| json!({}), |member| given(model, member, parameters));
    let exception = |code: String| if code.ends_with("Exception") { code } else { format!("{code}Exception") };
    let refused = |refusal: Refusal| (exception(refusal.code), refusal.message);
    wire::check_input(model, known, &input).map_err(refused)?;
    let call = Call { caller, service, operation: operation.to_owned(), input, at: world.now() };
    let answer = world.carry_out_within(&call).map_err(refused)?;
    Ok(known.output.as_ref().map_or_else(|| json!({}), |member| told(model, member, &answer)))
}

/// Parameters as the model has them: members begin with a capital letter whatever the service calls them, and a text may be given
/// as any JSON.
fn given(model: &Model, member: &Member, value: &Value) -> Value {
    let shape = model.shape(member);
    match (shape.kind, value) {
        (Kind::Structure, Value::Object(pairs)) => {
            let known = |name: &str| shape.members.iter().find(|(known, _)| known == name || capital(known) == capital(name));
            let pairs = pairs.iter().map(|(name, value)| match known(name) {
                Some((known, member)) => (known.clone(), given(model, member, value)),
                None => (name.clone(), value.clone()),
            });
            pairs.collect()
        }
        (Kind::List, Value::Array(items)) => match &shape.member {
            Some(item) => items.iter().map(|value| given(model, item, value)).collect(),
            None => value.clone(),
        },
        (Kind::Map, Value::Object(pairs)) => match &shape.value {
            Some(item) => Value::Object(pairs.iter().map(|(key, value)| (key.clone(), given(model, item, value))).collect()),
            None => value.clone(),
        },
        (Kind::String, value) if !value.is_string() => value.to_string().into(),
        _ => value.clone(),
    }
}

fn told(model: &Model, member: &Member, value: &Value) -> Value {
    let shape = model.shape(member);
    match (shape.kind, value) {
        (Kind::Structure, Value::Object(pairs)) => {
            let pairs =
                pairs.iter().filter_map(|(name, value)| Some((capital(name), told(model, shape.member_named(name)?, value))));
            Value::Object(pairs.collect::<Map<_, _>>())
        }
        (Kind::List, Value::Array(items)) => match &shape.member {
            Some(item) => items.iter().map(|value| told(model, item, value)).collect(),
            None => value.clone(),
        },
        (Kind::Map, Value::Object(pairs)) => match &shape.value {
            Some(item) => Value::Object(pairs.iter().map(|(key, value)| (key.clone(), told(model, item, value))).collect()),
            None => value.clone(),
        },
        _ => value.clone(),
    }
}
