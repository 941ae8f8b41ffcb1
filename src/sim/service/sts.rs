//! STS: who calls, and temporary credentials for a role.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::sim::call::{Answer, Call, Caller, Refusal};
use crate::sim::estate::{DEFAULT_ACCOUNT, Key};
use crate::sim::members::{self, Members, glob};
use crate::sim::service::coverage::{Operation, changes, reads};
use crate::sim::world::World;

/// What is modelled.
pub const OPERATIONS: &[Operation] = &[
    changes("AssumeRole", "session policies and tags are passed over"),
    reads("GetAccessKeyInfo", "an unknown key belongs to account 123456789012"),
    reads("GetCallerIdentity", ""),
    changes("GetSessionToken", "multi-factor codes are not checked"),
];

/// How long the session of a user lasts if the caller does not say, in seconds.
const SESSION_TOKEN: i64 = 43_200;
/// How long a role's session lasts if the caller does not say, in seconds.
const DEFAULT_SESSION: i64 = 3600;

/// Answers one call to STS.
///
/// # Errors
/// As AWS refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    match call.operation.as_str() {
        "GetCallerIdentity" => {
            let caller = &call.caller;
            Ok(json!({"UserId": caller.user_id, "Account": caller.account, "Arn": caller.arn}))
        }
        "AssumeRole" => assume_role(world, call),
        "GetAccessKeyInfo" => {
            let key = world.estate.keys.get(members::required(&call.input, "AccessKeyId"));
            Ok(json!({"Account": key.map_or(DEFAULT_ACCOUNT, |key| key.account.as_str())}))
        }
        "GetSessionToken" => {
            let seconds = members::integer(&call.input, "DurationSeconds").unwrap_or(SESSION_TOKEN);
            let Caller { account, arn, user_id, .. } = call.caller.clone();
            let expires = world.now() + TimeDelta::seconds(seconds);
            let credentials = issue(world, Key { account, arn, user_id, expires: Some(expires) }, expires);
            Ok(json!({"Credentials": credentials}))
        }
        _ => Err(super::unknown(call)),
    }
}

fn assume_role(world: &mut World, call: &Call) -> Answer {
    let arn = members::required(&call.input, "RoleArn");
    let session = members::required(&call.input, "RoleSessionName");
    let denied = || {
        let message = format!("User: {} is not authorized to perform: sts:AssumeRole on resource: {arn}", call.caller.arn);
        Refusal::new("AccessDenied", message).status(403)
    };
    let mut parts = arn.splitn(6, ':').skip(4);
    let account = parts.next().unwrap_or_default().to_owned();
    let name = parts
        .next()
        .and_then(|role| role.strip_prefix("role/"))
        .ok_or_else(|| Refusal::new("ValidationError", format!("{arn} is invalid")))?;
    let role = world.estate.roles.get(arn);
    // In accounts that the scenario does not list, any role may be assumed.
    if role.is_none() && world.estate.accounts.contains_key(&account) {
        return Err(denied());
    }
    if role.is_some_and(|role| !role.trusts.is_empty() && !role.trusts.iter().any(|trusted| glob(trusted, &call.caller.arn))) {
        return Err(denied());
    }
    let seconds = members::integer(&call.input, "DurationSeconds").unwrap_or(DEFAULT_SESSION);
    if role.is_some_and(|role| seconds > role.max_session) {
        let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
        return Err(Refusal::new("ValidationError", message));
    }
    let name = name.rsplit('/').next().unwrap_or(name);
    let expires = world.now() + TimeDelta::seconds(seconds);
    let role_id = format!("AROA{}:{session}", capitals(world.seed, arn));
    let session_arn = format!("arn:aws:sts::{account}:assumed-role/{name}/{session}");
    let holder = Key { account, arn: session_arn.clone(), user_id: role_id.clone(), expires: Some(expires) };
    let credentials = issue(world, holder, expires);
    Ok(json!({"Credentials": credentials, "AssumedRoleUser": {"AssumedRoleId": role_id, "Arn": session_arn}}))
}

/// Makes a temporary key for its holder.
fn issue(world: &mut World, holder: Key, expires: DateTime<Utc>) -> Value {
    let key = format!("ASIA{}", world.ids.capitals(16));
    let (secret, token) = (world.ids.hex(40), world.ids.capitals(96));
    world.estate.keys.insert(key.clone(), holder);
    Members::new()
        .set("AccessKeyId", key)
        .set("SecretAccessKey", secret)
        .set("SessionToken", token)
        .time("Expiration", expires)
        .done()
}

/// A role keeps its unique id whatever session asks.
fn capitals(seed: u64, arn: &str) -> String {
    crate::sim::seed::Ids::new(seed, arn).capitals(17)
}
