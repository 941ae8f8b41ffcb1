//! Templates: read from JSON or YAML, and held against the rules that CloudFormation checks before it does anything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex_lite::Regex;
use serde_json::{Map, Value};

use crate::sim::call::Refusal;
use crate::sim::members;
use crate::sim::service::types;
use crate::sim::yaml;

/// A template that passed the checks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Template {
    body: Map<String, Value>,
}

/// What a template and a call give for its parameters.
pub type Parameters = BTreeMap<String, String>;

/// No members.
static NONE: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
const SECTIONS: [&str; 10] = [
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Hooks",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
];

/// CloudFormation's refusal of what does not hold.
pub fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationError", message)
}

fn format_error(message: impl std::fmt::Display) -> Refusal {
    invalid(format!("Template format error: {message}"))
}

/// The references that begin with this are CloudFormation's own.
const PSEUDO: &str = "AWS::";

impl Template {
    /// Reads and checks a template.
    ///
    /// # Errors
    /// `ValidationError` in AWS's words.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        let body = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|fault| {
                format_error(format!("JSON not well-formed. (line {}, column {})", fault.line(), fault.column()))
            })?
        } else {
            yaml::parse(text).map_err(|fault| format_error(format!("YAML not well-formed. ({fault})")))?
        };
        let Value::Object(body) = body else { return Err(format_error("unsupported structure.")) };
        let template = Self { body };
        template.check()?;
        Ok(template)
    }

    /// A section that is an object.
    pub fn section(&self, name: &str) -> &Map<String, Value> {
        self.body.get(name).and_then(Value::as_object).unwrap_or(&NONE)
    }

    /// The description.
    pub fn description(&self) -> Option<&str> {
        self.body.get("Description").and_then(Value::as_str)
    }

    /// The resource of this name.
    pub fn resource(&self, logical: &str) -> Option<&Value> {
        self.section("Resources").get(logical)
    }

    /// The names of its transforms.
    pub fn transforms(&self) -> Vec<String> {
        match self.body.get("Transform") {
            Some(Value::String(one)) => vec![one.clone()],
            Some(Value::Array(all)) => all.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
            _ => Vec::new(),
        }
    }

    fn check(&self) -> Result<(), Refusal> {
        if let Some(version) = self.body.get("AWSTemplateFormatVersion").filter(|version| *version != "2010-09-09") {
            return Err(format_error(format!("unsupported value for AWSTemplateFormatVersion. ({version})")));
        }
        let unknown: Vec<_> = self.body.keys().filter(|key| !SECTIONS.contains(&key.as_str()) && *key != "Transform").collect();
        if !unknown.is_empty() {
            let names: Vec<&str> = unknown.into_iter().map(String::as_str).collect();
            return Err(invalid(format!("Invalid template property or properties [{}]", names.join(", "))));
        }
        if let Some(transform) = self.transforms().first() {
            return Err(invalid(format!("Transform {transform} is not simulated")));
        }
        if let Some(section) = SECTIONS.iter().find(|name| {
            !matches!(**name, "AWSTemplateFormatVersion" | "Description" | "Metadata")
                && self.body.get(**name).is_some_and(|section| !section.is_object())
        }) {
            return Err(format_error(format!("unsupported structure in the {section} block.")));
        }
        let resources = self.section("Resources");
        if resources.is_empty() {
            return Err(format_error("At least one Resources member must be defined."));
        }
        self.check_resources(resources)?;
        self.check_references()?;
        self.order().map(drop)
    }

    fn check_resources(&self, resources: &Map<String, Value>) -> Result<(), Refusal> {
        let mut unknown = Vec::new();
        for (logical, resource) in resources {
            if !logical.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return Err(format_error(format!("Resource name {logical} is non alphanumeric.")));
            }
            let Some(kind) = members::text(resource, "Type") else {
                return Err(format_error(format!("[/Resources/{logical}] Every Resources object must contain a Type member.")));
            };
            if types::find(kind).is_none() && !unknown.contains(&kind) {
                unknown.push(kind);
            }
            if resource.get("Properties").is_some_and(|properties| !properties.is_object()) {
                return Err(format_error(format!(
                    "[/Resources/{logical}/Properties] 'null' values are not allowed in templates"
                )));
            }
        }
        if unknown.is_empty() {
            return Ok(());
        }
        unknown.sort_unstable();
        Err(format_error(format!("Unrecognized resource types: [{}]", unknown.join(", "))))
    }

    fn check_references(&self) -> Result<(), Refusal> {
        let (parameters, resources) = (self.section("Parameters"), self.section("Resources"));
        for block in ["Resources", "Outputs"] {
            let mut missing = BTreeSet::new();
            for item in self.section(block).values() {
                let mut named = BTreeSet::new();
                references(item, &mut named);
                named.extend(depends_on(item));
                missing.extend(
                    named.into_iter().filter(|name| {
                        !name.starts_with(PSEUDO) && !parameters.contains_key(name) && !resources.contains_key(name)
                    }),
                );
            }
            if !missing.is_empty() {
                let names: Vec<_> = missing.into_iter().collect();
                let message =
                    format!("Unresolved resource dependencies [{}] in the {block} block of the template", names.join(", "));
                return Err(format_error(message));
            }
            for (name, item) in self.section(block) {
                if let Some(condition) = members::text(item, "Condition")
                    && !self.section("Conditions").contains_key(condition)
                {
                    let message =
                        format!("Unresolved condition dependency {condition} in the {block} block of the template: {name}");
                    return Err(format_error(message));
                }
            }
        }
        Ok(())
    }

    /// The resources that this one needs first.
    pub fn needs(&self, logical: &str) -> BTreeSet<String> {
        let mut named = BTreeSet::new();
        if let Some(resource) = self.resource(logical) {
            references(resource, &mut named);
            named.extend(depends_on(resource));
        }
        named.retain(|name| self.section("Resources").contains_key(name) && name != logical);
        named
    }

    /// All resources, each after those that it needs.
    ///
    /// # Errors
    /// They need each other in a circle.
    pub fn order(&self) -> Result<Vec<String>, Refusal> {
        let mut left: BTreeMap<&String, BTreeSet<String>> =
            self.section("Resources").keys().map(|logical| (logical, self.needs(logical))).collect();
        let mut order = Vec::new();
        while !left.is_empty() {
            let ready: Vec<String> = left.iter().filter(|(_, needs)| needs.is_empty()).map(|(name, _)| (*name).clone()).collect();
            if ready.is_empty() {
                let names: Vec<&str> = left.keys().map(|name| name.as_str()).collect();
                return Err(invalid(format!("Circular dependency between resources: [{}]", names.join(", "))));
            }
            for name in ready {
                left.remove(&name);
                left.values_mut().for_each(|needs| {
                    needs.remove(&name);
                });
                order.push(name);
            }
        }
        Ok(order)
    }

    /// The capabilities that a caller must acknowledge.
    pub fn capabilities(&self) -> Vec<&'static str> {
        let iam = |resource: &Value| members::text(resource, "Type").is_some_and(|kind| kind.starts_with("AWS::IAM::"));
        let mut found: Vec<&Value> = self.section("Resources").values().filter(|resource| iam(resource)).collect();
        let named = |resource: &&Value| {
            let names = ["RoleName", "UserName", "GroupName", "InstanceProfileName", "ManagedPolicyName"];
            resource.get("Properties").is_some_and(|properties| names.iter().any(|name| properties.get(name).is_some()))
        };
        if found.iter().any(named) {
            return vec!["CAPABILITY_NAMED_IAM"];
        }
        found.truncate(1);
        found.into_iter().map(|_| "CAPABILITY_IAM").collect()
    }

    /// The values of the parameters, from a call, from the stack as it is, or from the template.
    ///
    /// # Errors
    /// `ValidationError` in AWS's words.
    pub fn parameters(&self, given: &[Value], before: Option<&Parameters>) -> Result<Parameters, Refusal> {
        let known = self.section("Parameters");
        let name = |given: &Value| members::required(given, "ParameterKey").to_owned();
        let strange: Vec<String> = given.iter().map(name).filter(|name| !known.contains_key(name)).collect();
        if !strange.is_empty() {
            return Err(invalid(format!("Parameters: [{}] do not exist in the template", strange.join(", "))));
        }
        let mut missing = Vec::new();
        let mut values = Parameters::new();
        for (name, definition) in known {
            let given = given.iter().find(|given| members::text(given, "ParameterKey") == Some(name));
            let previous = given.is_some_and(|given| members::flag(given, "UsePreviousValue") == Some(true));
            let value = match given {
                Some(_) if previous => before.and_then(|before| before.get(name)).cloned(),
                Some(given) => members::text(given, "ParameterValue").map(str::to_owned),
                None => None,
            };
            match value.or_else(|| definition.get("Default").map(plain)) {
                Some(value) => {
                    hold(name, definition, &value)?;
                    values.insert(name.clone(), value);
                }
                None => missing.push(name.as_str()),
            }
        }
        if missing.is_empty() {
            return Ok(values);
        }
        Err(invalid(format!("Parameters: [{}] must have values", missing.join(", "))))
    }

    /// ValidateTemplate's and GetTemplateSummary's list of parameters.
    pub fn described(&self) -> Vec<Value> {
        let parameters = self.section("Parameters").iter().map(|(name, definition)| {
            members::Members::new()
                .set("ParameterKey", name.as_str())
                .maybe("DefaultValue", definition.get("Default").map(plain))
                .set("NoEcho", no_echo(definition))
                .maybe("Description", members::text(definition, "Description"))
                .done()
        });
        parameters.collect()
    }
}

/// Is this parameter's value not to be told?
pub fn no_echo(definition: &Value) -> bool {
    matches!(definition.get("NoEcho"), Some(Value::Bool(true)))
        || members::text(definition, "NoEcho").is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

/// A value of a template as a text.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// Holds a parameter's value against its definition.
fn hold(name: &str, definition: &Value, value: &str) -> Result<(), Refusal> {
    let words = members::text(definition, "ConstraintDescription");
    let wrong = |otherwise: String| {
        let why = words.map_or(otherwise, |words| format!("Parameter '{name}' failed to satisfy constraint: {words}"));
        Err(invalid(why))
    };
    let allowed: Vec<String> = members::list(definition, "AllowedValues").iter().map(plain).collect();
    if !allowed.is_empty() && !allowed.iter().any(|allowed| allowed == value) {
        return wrong(format!("Parameter '{name}' must be one of AllowedValues"));
    }
    if let Some(pattern) = members::text(definition, "AllowedPattern") {
        let matches = Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|regex| regex.is_match(value));
        if !matches {
            return wrong(format!("Parameter {name} failed to satisfy constraint: must match pattern {pattern}"));
        }
    }
    let limit = |member: &str| definition.get(member).map(plain).and_then(|text| text.parse::<f64>().ok());
    let length = value.chars().count() as f64;
    if let Some(least) = limit("MinLength").filter(|least| length < *least) {
        return wrong(format!("Parameter '{name}' must contain at least {least} characters"));
    }
    if let Some(most) = limit("MaxLength").filter(|most| length > *most) {
        return wrong(format!("Parameter '{name}' must contain at most {most} characters"));
    }
    if members::text(definition, "Type") == Some("Number") {
        let Ok(number) = value.trim().parse::<f64>() else { return wrong(format!("Parameter '{name}' must be a number")) };
        if let Some(least) = limit("MinValue").filter(|least| number < *least) {
            return wrong(format!("Parameter '{name}' must be a number not less than {least}"));
        }
        if let Some(most) = limit("MaxValue").filter(|most| number > *most) {
            return wrong(format!("Parameter '{name}' must be a number not greater than {most}"));
        }
    }
    Ok(())
}

/// What `DependsOn` names.
fn depends_on(resource: &Value) -> Vec<String> {
    match resource.get("DependsOn") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(all)) => all.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

/// Every name that `Ref`, `Fn::GetAtt` and `Fn::Sub` refer to.
pub fn references(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| references(item, into)),
        Value::Object(members) => {
            for (key, value) in members {
                match (key.as_str(), value) {
                    ("Ref", Value::String(name)) => drop(into.insert(name.clone())),
                    ("Fn::GetAtt", Value::Array(parts)) => {
                        into.extend(parts.first().and_then(Value::as_str).map(str::to_owned));
                    }
                    ("Fn::GetAtt", Value::String(text)) => {
                        into.extend(text.split_once('.').map(|(name, _)| name.to_owned()));
                    }
                    ("Fn::Sub", Value::String(text)) => substituted(text, &NONE, into),
                    ("Fn::Sub", Value::Array(parts)) => {
                        let own = parts.get(1).and_then(Value::as_object).unwrap_or(&NONE);
                        own.values().for_each(|value| references(value, into));
                        if let Some(text) = parts.first().and_then(Value::as_str) {
                            substituted(text, own, into);
                        }
                    }
                    _ => references(value, into),
                }
            }
        }
        _ => {}
    }
}

fn substituted(text: &str, own: &Map<String, Value>, into: &mut BTreeSet<String>) {
    for part in text.split("${").skip(1) {
        let Some((name, _)) = part.split_once('}') else { continue };
        let name = name.split('.').next().unwrap_or(name).trim();
        if !name.starts_with('!') && !own.contains_key(name) {
            into.insert(name.to_owned());
        }
    }
}
