//! The intrinsic functions of templates.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::stacks::Part;
use super::template::{Parameters, Template, plain};
use crate::sim::members;
use crate::sim::network::Network;
use crate::sim::service::types::{self, Desk};

/// What stands for a value that is known only when a change has been made.
pub const LATER: &str = "{{changeSet:KNOWN_AFTER_APPLY}}";
/// Conditions and functions nested deeper than this are not followed.
const DEPTH_LIMIT: usize = 64;

/// Everything that a value of a template may refer to.
pub struct Scope<'a, 'w> {
    /// The template.
    pub template: &'a Template,
    /// Values of its parameters.
    pub parameters: &'a Parameters,
    /// The stack's name.
    pub stack: &'a str,
    /// The stack's id.
    pub stack_id: &'a str,
    /// AWS::NotificationARNs.
    pub notices: &'a Value,
    /// Resources that there are.
    pub parts: &'a [Part],
    /// Resources whose ids are not known yet, though they may be there.
    pub unknown: &'a BTreeSet<String>,
    /// On whose behalf.
    pub desk: &'a mut Desk<'w>,
    /// How deep we are.
    pub depth: usize,
}

type Resolved = Result<Value, String>;

/// The value that leaves its property out.
fn is_no_value(value: &Value) -> bool {
    value.get("Ref").is_some_and(|name| name == "AWS::NoValue")
}

impl Scope<'_, '_> {
    /// The value with every function in it worked out. What resolves to `AWS::NoValue` is left out.
    ///
    /// # Errors
    /// A sentence in CloudFormation's words.
    pub fn resolve(&mut self, value: &Value) -> Resolved {
        self.depth += 1;
        if self.depth > DEPTH_LIMIT {
            return Err("Template error: functions are nested too deeply".to_owned());
        }
        let resolved = self.resolve_inside(value);
        self.depth -= 1;
        resolved
    }

    fn resolve_inside(&mut self, value: &Value) -> Resolved {
        match value {
            Value::Array(items) => {
                let mut resolved = Vec::new();
                for item in items.iter().filter(|item| !is_no_value(item)) {
                    let item = self.resolve(item)?;
                    if !is_no_value(&item) {
                        resolved.push(item);
                    }
                }
                Ok(Value::Array(resolved))
            }
            Value::Object(members) => {
                if let Some((name, argument)) = members.iter().next().filter(|_| members.len() == 1)
                    && (name == "Ref" || name == "Condition" && argument.is_string() || name.starts_with("Fn::"))
                {
                    return self.function(name, argument);
                }
                let mut resolved = Map::new();
                for (name, value) in members {
                    let value = self.resolve(value)?;
                    if !is_no_value(&value) {
                        resolved.insert(name.clone(), value);
                    }
                }
                Ok(Value::Object(resolved))
            }
            Value::String(text) if text.contains("{{resolve:") => self.dynamic(text),
            other => Ok(other.clone()),
        }
    }

    fn function(&mut self, name: &str, argument: &Value) -> Resolved {
        match name {
            "Ref" => self.reference(argument.as_str().unwrap_or_default()),
            "Condition" => self.condition(argument.as_str().unwrap_or_default()).map(Value::Bool),
            "Fn::GetAtt" => {
                let parts = match argument {
                    Value::String(text) => text.splitn(2, '.').map(str::to_owned).collect(),
                    other => self.texts(other)?,
                };
                let [resource, attribute @ ..] = parts.as_slice() else { return Err(wrong(name)) };
                self.attribute(resource, &attribute.join("."))
            }
            "Fn::Sub" => self.substitute(argument),
            "Fn::Join" => {
                let (delimiter, list) = self.two(name, argument)?;
                let list = list.as_array().ok_or_else(|| wrong(name))?;
                Ok(list.iter().map(plain).collect::<Vec<_>>().join(delimiter.as_str().unwrap_or_default()).into())
            }
            "Fn::Split" => {
                let (delimiter, text) = self.two(name, argument)?;
                let (delimiter, text) = (plain(&delimiter), plain(&text));
                Ok(text.split(delimiter.as_str()).map(Value::from).collect())
            }
            "Fn::Select" => {
                let (index, list) = self.two(name, argument)?;
                let index: usize = plain(&index).parse().map_err(|_| wrong(name))?;
                let item = list.as_array().and_then(|list| list.get(index)).cloned();
                item.ok_or_else(|| {
                    "Template error: Fn::Select cannot select nonexistent value at index ".to_owned() + &index.to_string()
                })
            }
            "Fn::If" => {
                let branches = argument.as_array().filter(|branches| branches.len() == 3).ok_or_else(|| wrong(name))?;
                let holds = self.condition(branches[0].as_str().unwrap_or_default())?;
                let branch = &branches[if holds { 1 } else { 2 }];
                if is_no_value(branch) { Ok(branch.clone()) } else { self.resolve(branch) }
            }
            "Fn::Equals" => {
                let (one, other) = self.two(name, argument)?;
                Ok((plain(&one) == plain(&other)).into())
            }
            "Fn::Not" => self.booleans(name, argument).map(|all| (!all.first().copied().unwrap_or(false)).into()),
            "Fn::And" => self.booleans(name, argument).map(|all| all.into_iter().all(|one| one).into()),
            "Fn::Or" => self.booleans(name, argument).map(|all| all.into_iter().any(|one| one).into()),
            "Fn::FindInMap" => self.find_in_map(argument),
            "Fn::Base64" => Ok(STANDARD.encode(plain(&self.resolve(argument)?)).into()),
            "Fn::GetAZs" => {
                let region = plain(&self.resolve(argument)?);
                let region = if region.is_empty() { self.desk.caller.region.clone() } else { region };
                Ok(Network::zones(&region).into_iter().map(Value::from).collect())
            }
            "Fn::ImportValue" => {
                let export = plain(&self.resolve(argument)?);
                let site = self.desk.world.site(&self.desk.caller);
                let found = site.and_then(|site| site.cloudformation.export(&export)).map(|(_, value)| value);
                found.map(Value::from).ok_or_else(|| format!("No export named {export} found. Rollback requested by user."))
            }
            "Fn::Cidr" => cidr(&self.texts(argument)?).ok_or_else(|| wrong(name)),
            "Fn::Length" => {
                let list = self.resolve(argument)?;
                list.as_array().map(|list| list.len().into()).ok_or_else(|| wrong(name))
            }
            "Fn::ToJsonString" => Ok(self.resolve(argument)?.to_string().into()),
            _ => Err(format!("Template error: {name} is not simulated")),
        }
    }

    fn texts(&mut self, argument: &Value) -> Result<Vec<String>, String> {
        let resolved = self.resolve(argument)?;
        Ok(resolved.as_array().map(|items| items.iter().map(plain).collect()).unwrap_or_default())
    }

    fn two(&mut self, name: &str, argument: &Value) -> Result<(Value, Value), String> {
        match argument.as_array().map(Vec::as_slice) {
            Some([one, other]) => Ok((self.resolve(one)?, self.resolve(other)?)),
            _ => Err(wrong(name)),
        }
    }

    fn booleans(&mut self, name: &str, argument: &Value) -> Result<Vec<bool>, String> {
        let all = argument.as_array().ok_or_else(|| wrong(name))?;
        all.iter().map(|one| Ok(self.resolve(one)?.as_bool().unwrap_or(false))).collect()
    }

    /// Does the condition of this name hold?
    ///
    /// # Errors
    /// There is none, or it cannot be worked out.
    pub fn condition(&mut self, name: &str) -> Result<bool, String> {
        let template = self.template;
        let condition = template.section("Conditions").get(name);
        let condition = condition.ok_or_else(|| format!("Template error: unresolved condition dependency {name}"))?;
        Ok(self.resolve(condition)?.as_bool().unwrap_or(false))
    }

    fn reference(&mut self, name: &str) -> Resolved {
        let caller = &self.desk.caller;
        let pseudo = match name {
            "AWS::Region" => Some(caller.region.clone()),
            "AWS::AccountId" => Some(caller.account.clone()),
            "AWS::StackName" => Some(self.stack.to_owned()),
            "AWS::StackId" => Some(self.stack_id.to_owned()),
            "AWS::Partition" => Some("aws".to_owned()),
            "AWS::URLSuffix" => Some("amazonaws.com".to_owned()),
            _ => None,
        };
        if let Some(value) = pseudo {
            return Ok(value.into());
        }
        match name {
            "AWS::NoValue" => return Ok(json!({"Ref": name})),
            "AWS::NotificationARNs" => return Ok(self.notices.clone()),
            _ => {}
        }
        if let Some(definition) = self.template.section("Parameters").get(name) {
            let value = self.parameters.get(name).cloned().unwrap_or_default();
            return self.parameter(members::text(definition, "Type").unwrap_or("String"), value);
        }
        let part = self.parts.iter().find(|part| part.logical == name).and_then(|part| part.physical.clone());
        match part.filter(|_| !self.unknown.contains(name)) {
            Some(physical) => Ok(reference_of(self.template, name, physical).into()),
            None => Ok(LATER.into()),
        }
    }

    /// A parameter's value as its type has it.
    fn parameter(&mut self, kind: &str, value: String) -> Resolved {
        let split = |text: &str| -> Value { text.split(',').map(|part| Value::from(part.trim())).collect() };
        if let Some(inner) = kind.strip_prefix("AWS::SSM::Parameter::Value<") {
            let told = self.desk.ask("ssm", "GetParameter", &json!({"Name": value, "WithDecryption": true}));
            let missing = |_| format!("Unable to fetch parameters [{value}] from parameter store for this account.");
            let found = plain(&told.map_err(missing)?["Parameter"]["Value"]);
            return Ok(if inner.starts_with("List<") || inner.starts_with("CommaDelimitedList") {
                split(&found)
            } else {
                found.into()
            });
        }
        if kind == "CommaDelimitedList" || kind.starts_with("List<") {
            return Ok(if value.is_empty() { json!([]) } else { split(&value) });
        }
        Ok(value.into())
    }

    fn attribute(&mut self, logical: &str, attribute: &str) -> Resolved {
        let part = self.parts.iter().find(|part| part.logical == logical).filter(|_| !self.unknown.contains(logical));
        let Some((kind, physical)) = part.and_then(|part| Some((part.kind.clone(), part.physical.clone()?))) else {
            return Ok(LATER.into());
        };
        let kind = types::find(&kind).ok_or_else(|| format!("Unrecognized resource type: {kind}"))?;
        let told = kind.look(self.desk, &physical).map_err(|refusal| refusal.message)?;
        let value = told.get(attribute).or_else(|| attribute.split('.').try_fold(&told, |value, name| value.get(name)));
        let missing = || format!("Requested attribute {attribute} does not exist in schema for {}", kind.name);
        value.cloned().ok_or_else(missing)
    }

    fn substitute(&mut self, argument: &Value) -> Resolved {
        let empty = Map::new();
        let (text, own) = match argument {
            Value::String(text) => (text.as_str(), &empty),
            Value::Array(parts) => (
                parts.first().and_then(Value::as_str).unwrap_or_default(),
                parts.get(1).and_then(Value::as_object).unwrap_or(&empty),
            ),
            _ => return Err(wrong("Fn::Sub")),
        };
        let mut pieces = text.split("${");
        let mut whole = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let Some((name, rest)) = piece.split_once('}') else { return Err(wrong("Fn::Sub")) };
            match name.strip_prefix('!') {
                Some(literal) => whole.push_str(&format!("${{{literal}}}")),
                None => {
                    let value = match (own.get(name), name.split_once('.')) {
                        (Some(value), _) => self.resolve(value)?,
                        (None, Some((resource, attribute))) => self.attribute(resource, attribute)?,
                        (None, None) => self.reference(name)?,
                    };
                    whole.push_str(&plain(&value));
                }
            }
            whole.push_str(rest);
        }
        if whole.contains("{{resolve:") { self.dynamic(&whole) } else { Ok(whole.into()) }
    }

    fn find_in_map(&mut self, argument: &Value) -> Resolved {
        let items = argument.as_array().filter(|items| items.len() >= 3).ok_or_else(|| wrong("Fn::FindInMap"))?;
        let mut keys = Vec::new();
        for item in &items[..3] {
            keys.push(plain(&self.resolve(item)?));
        }
        let map = self.template.section("Mappings").get(&keys[0]);
        let found = map.and_then(|map| map.get(&keys[1])).and_then(|row| row.get(&keys[2])).cloned();
        if let Some(found) = found {
            return Ok(found);
        }
        if let Some(default) = items.get(3).and_then(|options| options.get("DefaultValue")) {
            return self.resolve(default);
        }
        Err(format!("Template error: Unable to get mapping for {}::{}::{}", keys[0], keys[1], keys[2]))
    }

    /// `{{resolve:ssm:name}}`, as often as it stands in a text.
    fn dynamic(&mut self, text: &str) -> Resolved {
        let mut pieces = text.split("{{resolve:");
        let mut whole = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let Some((reference, rest)) = piece.split_once("}}") else { return Err(wrong("dynamic reference")) };
            let mut parts = reference.splitn(3, ':');
            let (service, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            if !matches!(service, "ssm" | "ssm-secure") {
                return Err(format!("Dynamic references to {service} are not simulated"));
            }
            let told = self.desk.ask("ssm", "GetParameter", &json!({"Name": name, "WithDecryption": true}));
            let told = told.map_err(|_| format!("Could not find a value associated with JSONKey in Parameter: {name}"))?;
            whole.push_str(&plain(&told["Parameter"]["Value"]));
            whole.push_str(rest);
        }
        Ok(whole.into())
    }
}

fn wrong(function: &str) -> String {
    format!("Template error: the arguments of {function} are not what it takes")
}

/// What `Ref` gives for a resource: its physical id, but for the few types that have another.
fn reference_of(template: &Template, logical: &str, physical: String) -> String {
    let kind = template.resource(logical).and_then(|resource| members::text(resource, "Type"));
    match kind {
        Some("AWS::Events::Rule") => physical.split_once(":rule/").map_or(physical.clone(), |(_, path)| path.replace('/', "|")),
        _ => physical,
    }
}

/// `Fn::Cidr`: block, count, bits of each.
fn cidr(arguments: &[String]) -> Option<Value> {
    let [block, count, rest @ ..] = arguments else { return None };
    let (address, _) = block.split_once('/')?;
    let parts: Vec<u32> = address.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [a, b, c, d] = parts.as_slice() else { return None };
    let start = (a << 24) | (b << 16) | (c << 8) | d;
    let (count, bits): (u32, u32) = (count.parse().ok()?, rest.first().map_or(Some(8), |bits| bits.parse().ok())?);
    let step = 1_u32.checked_shl(bits)?;
    let blocks = (0..count.min(256)).filter_map(|number| {
        let at = start.checked_add(step.checked_mul(number)?)?;
        Some(format!("{}.{}.{}.{}/{}", at >> 24, (at >> 16) & 255, (at >> 8) & 255, at & 255, 32 - bits.min(32)))
    });
    Some(blocks.map(Value::from).collect())
}
