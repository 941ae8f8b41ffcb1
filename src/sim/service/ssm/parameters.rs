//! Parameter Store.

use std::ops::Bound;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::automation::PAGING;
use super::filters;
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::page::Paging;
use crate::sim::world::World;

/// One version of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    value: String,
    changed: DateTime<Utc>,
    by: String,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// AWS's members that PutParameter sets.
    members: Value,
    /// Oldest first; never none.
    versions: Vec<Version>,
}

/// The longest value of a standard and of an advanced parameter, in bytes.
const VALUE_BYTES: (usize, usize) = (4096, 8192);

fn not_found(name: &str) -> Refusal {
    Refusal::new("ParameterNotFound", format!("Parameter {name} not found."))
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationException", message)
}

impl Parameter {
    fn arn(&self, call: &Call, name: &str) -> String {
        let slash = if name.starts_with('/') { "" } else { "/" };
        format!("arn:aws:ssm:{}:{}:parameter{slash}{name}", call.caller.region, call.caller.account)
    }

    /// AWS's Parameter, of the version with this number.
    fn answer(&self, call: &Call, name: &str, number: usize) -> Option<Value> {
        let version = self.versions.get(number.checked_sub(1)?)?;
        let secret = members::text(&self.members, "Type") == Some("SecureString");
        let plain = !secret || members::flag(&call.input, "WithDecryption") == Some(true);
        let value = if plain { version.value.clone() } else { STANDARD.encode(format!("sealed {}", version.value)) };
        let told = Members::new()
            .set("Name", name)
            .copy(&self.members, &["Type", "DataType"])
            .set("Value", value)
            .set("Version", number)
            .time("LastModifiedDate", version.changed)
            .set("ARN", self.arn(call, name));
        Some(told.done())
    }

    fn latest(&self, call: &Call, name: &str) -> Option<Value> {
        self.answer(call, name, self.versions.len())
    }

    /// AWS's ParameterMetadata.
    fn described(&self, call: &Call, name: &str) -> Value {
        let last = self.versions.last();
        Members::new()
            .set("Name", name)
            .set("ARN", self.arn(call, name))
            .copy(&self.members, &["Type", "KeyId", "Description", "AllowedPattern", "Tier", "DataType"])
            .set("Version", self.versions.len())
            .time("LastModifiedDate", last.map(|version| version.changed))
            .maybe("LastModifiedUser", last.map(|version| version.by.clone()))
            .set("Policies", json!([]))
            .done()
    }
}

/// What a parameter may be a value of.
const DATA_TYPES: [&str; 3] = ["text", "aws:ec2:image", "aws:ssm:integration"];

/// Answers one call about parameters.
///
/// # Errors
/// As AWS refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    match call.operation.as_str() {
        "PutParameter" => put(world, call),
        "GetParameter" => Ok(json!({"Parameter": find(world, call, members::required(input, "Name"))?})),
        "GetParameters" => {
            let (mut found, mut invalid) = (Vec::new(), Vec::new());
            for name in members::texts(input, "Names") {
                find(world, call, name).map_or_else(|_| invalid.push(name), |told| found.push(told));
            }
            Ok(json!({"Parameters": found, "InvalidParameters": invalid}))
        }
        "DeleteParameter" => {
            let name = members::required(input, "Name");
            world.site_mut(&call.caller).ssm.parameters.remove(name).map(|_| json!({})).ok_or_else(|| not_found(name))
        }
        "DeleteParameters" => {
            let parameters = &mut world.site_mut(&call.caller).ssm.parameters;
            let names = members::texts(input, "Names");
            let (deleted, unknown): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| parameters.remove(*name).is_some());
            Ok(json!({"DeletedParameters": deleted, "InvalidParameters": unknown}))
        }
        "GetParametersByPath" => {
            let path = members::required(input, "Path");
            if !path.starts_with('/') {
                return Err(invalid(format!("The parameter path {path} must begin with a slash.")));
            }
            let below = format!("{}/", path.trim_end_matches('/'));
            let deep = members::flag(input, "Recursive") == Some(true);
            // A name without a slash is one of the root.
            let under = |name: &'_ str| {
                if below == "/" { Some(name.trim_start_matches('/').len()) } else { name.strip_prefix(&below).map(str::len) }
            };
            let within = |name: &str| under(name).is_some_and(|length| deep || !name[name.len() - length..].contains('/'));
            let paging = Paging { default: 10, max: 10, ..PAGING };
            list(world, call, paging, |name, parameter| within(name).then(|| parameter.latest(call, name)).flatten())
        }
        "DescribeParameters" => {
            filters::check(input)?;
            list(world, call, PAGING, |name, parameter| wanted(name, parameter, input).then(|| parameter.described(call, name)))
        }
        _ => Err(super::super::unknown(call)),
    }
}

/// A parameter by its name, ARN, or name and version.
fn find(world: &World, call: &Call, wanted: &str) -> Result<Value, Refusal> {
    let name = wanted.split_once(":parameter").map_or(wanted, |(_, name)| name);
    let (name, version) = name.split_once(':').map_or((name, None), |(name, version)| (name, Some(version)));
    let parameters = world.site(&call.caller).map(|site| &site.ssm.parameters);
    let found = parameters
        .and_then(|parameters| parameters.get_key_value(name).or_else(|| parameters.get_key_value(name.strip_prefix('/')?)));
    let (name, parameter) = found.ok_or_else(|| not_found(wanted))?;
    let number = version.map_or(Some(parameter.versions.len()), |version| version.parse().ok());
    let told = number.and_then(|number| parameter.answer(call, name, number));
    told.ok_or_else(|| {
        let message = format!(
            "Systems Manager could not find version {} of {name}. Verify the version and try again.",
            version.unwrap_or_default()
        );
        Refusal::new("ParameterVersionNotFound", message)
    })
}

fn list(world: &World, call: &Call, paging: Paging, told: impl Fn(&str, &Parameter) -> Option<Value>) -> Answer {
    let cursor = paging.open::<String>(call)?;
    let from = cursor.after.clone().map_or(Bound::Unbounded, Bound::Excluded);
    let parameters = world.site(&call.caller).map(|site| &site.ssm.parameters);
    let rows = parameters.into_iter().flat_map(|parameters| parameters.range((from.clone(), Bound::Unbounded)));
    let (page, token) = cursor.take(rows.filter_map(|(name, parameter)| Some((name.clone(), told(name, parameter)?))));
    Ok(Members::new().set("Parameters", page).maybe("NextToken", token).done())
}

fn wanted(name: &str, parameter: &Parameter, input: &Value) -> bool {
    let one = |key: &str, option: &str, values: &[&str]| match key {
        "Path" => values.iter().any(|path| {
            let rest = name.strip_prefix(&format!("{}/", path.trim_end_matches('/')));
            rest.is_some_and(|rest| option == "Recursive" || !rest.contains('/'))
        }),
        key => {
            let told = if key == "Name" { name } else { members::text(&parameter.members, key).unwrap_or_default() };
            values.iter().any(|value| match option {
                "BeginsWith" => told.starts_with(value),
                "Contains" => told.contains(value),
                _ => told == *value,
            })
        }
    };
    let new = members::list(input, "ParameterFilters").iter().all(|filter| {
        let option = members::text(filter, "Option").unwrap_or("Equals");
        one(members::required(filter, "Key"), option, &members::texts(filter, "Values"))
    });
    // The older form of filters looks at how a value begins.
    let old = |filter: &Value| one(members::required(filter, "Key"), "BeginsWith", &members::texts(filter, "Values"));
    new && members::list(input, "Filters").iter().all(old)
}

fn put(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let (name, value) = (members::required(input, "Name"), members::required(input, "Value"));
    let (now, by) = (world.now(), call.caller.arn.clone());
    let known = |letter: char| letter.is_ascii_alphanumeric() || "._-/".contains(letter);
    let first = name.trim_start_matches('/').split('/').next().unwrap_or_default().to_lowercase();
    if name.is_empty() || !name.chars().all(known) || name.ends_with('/') || name.contains("//") {
        return Err(invalid(
            "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of \
                            sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the \
                            following 3 symbols .-_",
        ));
    }
    if first.starts_with("aws") || first.starts_with("ssm") {
        let prefix = &first[..3];
        return Err(invalid(format!("Parameter name: can't be prefixed with \"{prefix}\" (case-insensitive).")));
    }
    if name.contains('/') && !name.starts_with('/') {
        return Err(invalid("Parameter name must be a fully qualified name."));
    }
    if value.is_empty() {
        return Err(invalid(
            "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length greater than or \
             equal to 1.",
        ));
    }
    if let Some(kind) = members::text(input, "DataType").filter(|kind| !DATA_TYPES.contains(kind)) {
        return Err(invalid(format!("The following data type is not supported: {kind} (Data type names are all lowercase.)")));
    }
    let most = if members::text(input, "Tier") == Some("Advanced") { VALUE_BYTES.1 } else { VALUE_BYTES.0 };
    if value.len() > most {
        let message = format!("Standard tier parameters support a maximum parameter value of {most} characters.");
        return Err(invalid(message));
    }
    let parameters = &mut world.site_mut(&call.caller).ssm.parameters;
    let set = &["Description", "Type", "KeyId", "AllowedPattern", "Tier", "DataType"];
    let version = Version { value: value.to_owned(), changed: now, by };
    let number = match parameters.get_mut(name) {
        Some(_) if members::flag(input, "Overwrite") != Some(true) => {
            let message =
                "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.";
            return Err(Refusal::new("ParameterAlreadyExists", message));
        }
        Some(parameter) => {
            parameter.members = Members::new().copy(&parameter.members, set).copy(input, set).done();
            parameter.versions.push(version);
            parameter.versions.len()
        }
        None => {
            let kind = members::text(input, "Type");
            let kind = kind.ok_or_else(|| invalid("A parameter type is required when you create a parameter."))?;
            let defaults = Members::new().set("Type", kind).set("Tier", "Standard").set("DataType", "text");
            let key = (kind == "SecureString").then_some("alias/aws/ssm");
            let members = defaults.maybe("KeyId", key).copy(input, set).done();
            parameters.insert(name.to_owned(), Parameter { members, versions: vec![version] });
            1
        }
    };
    let tier = members::text(input, "Tier").unwrap_or("Standard");
    world.effect(call, name);
    Ok(json!({"Version": number, "Tier": tier}))
}
