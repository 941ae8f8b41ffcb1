//! Resource types, as CloudFormation and Cloud Control know them: each is made, read, changed and deleted through the calls of its own
//! service, so that a stack, a request and a caller who asks the service see one and the same resource.
//!
//! Knows nothing of stacks and requests. A type whose service is not simulated is kept here, with its properties and nothing else.

mod data;
mod desk;
mod dns;
mod ec2;
mod files;
mod functions;
mod kept;
mod messaging;
mod operations;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

pub use desk::Desk;

use crate::sim::call::{Answer, Refusal};
use crate::sim::members;

/// Properties as they were asked for, by type and identifier.
pub type Declared = BTreeMap<(String, String), Value>;

/// Changes a resource in place: identifier, properties before and after.
pub type Update = fn(&mut Desk<'_>, &str, &Value, &Value) -> Result<(), Refusal>;

/// One resource type.
pub struct Type {
    /// AWS's name of it: `AWS::SNS::Topic`.
    pub name: &'static str,
    /// The properties that make its identifier, joined by `|`.
    pub key: &'static [&'static str],
    /// The property that a name is made up for where none is given.
    pub named: Option<&'static str>,
    /// Properties without which it cannot be.
    pub required: &'static [&'static str],
    /// Properties that cannot be changed: another value needs another resource.
    pub fixed: &'static [&'static str],
    /// Makes it from its properties; the identifier.
    pub create: fn(&mut Desk<'_>, &Value) -> Result<String, Refusal>,
    /// Its properties as they are now, with those that are only read.
    pub read: fn(&mut Desk<'_>, &str) -> Answer,
    /// Changes it in place. `None`: it can only be replaced.
    pub update: Option<Update>,
    /// Deletes it.
    pub delete: fn(&mut Desk<'_>, &str) -> Result<(), Refusal>,
    /// All that there are.
    pub list: fn(&mut Desk<'_>) -> Result<Vec<String>, Refusal>,
    /// Is what was begun done? Asked again and again after a creation or change.
    pub done: fn(&mut Desk<'_>, &str) -> Result<bool, Refusal>,
    /// Is a deletion done?
    pub gone: fn(&mut Desk<'_>, &str) -> bool,
}

/// What holds for a type that says nothing else.
const PLAIN: Type = Type {
    name: "",
    key: &[],
    named: None,
    required: &[],
    fixed: &[],
    create: |_, _| Err(Refusal::new("UnsupportedActionException", "This type cannot be created")),
    read: |_, id| Err(not_found(id)),
    update: None,
    delete: |_, _| Ok(()),
    list: |_| Ok(Vec::new()),
    done: |_, _| Ok(true),
    gone: |_, _| true,
};

fn tables() -> [&'static [Type]; 8] {
    [messaging::TYPES, operations::TYPES, dns::TYPES, ec2::TYPES, data::TYPES, files::TYPES, functions::TYPES, kept::TYPES]
}

/// The type of this name.
pub fn find(name: &str) -> Option<&'static Type> {
    tables().into_iter().flatten().find(|known| known.name == name)
}

/// The names of all types, in order.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = tables().into_iter().flatten().map(|known| known.name).collect();
    names.sort_unstable();
    names
}

fn not_found(id: &str) -> Refusal {
    Refusal::new("NotFound", format!("Resource of identifier '{id}' was not found."))
}

impl Type {
    /// Makes one, and remembers what it was asked to be.
    ///
    /// # Errors
    /// As its service refuses it.
    pub fn make(&self, desk: &mut Desk<'_>, properties: &Value) -> Result<String, Refusal> {
        if let Some(missing) = self.required.iter().find(|name| properties.get(**name).is_none()) {
            let message = format!("Model validation failed (#: required key [{missing}] not found)");
            return Err(Refusal::new("InvalidRequest", message));
        }
        let id = (self.create)(desk, properties)?;
        desk.declared().insert((self.name.to_owned(), id.clone()), properties.clone());
        Ok(id)
    }

    /// Its properties: as they were asked for, over them as they are.
    ///
    /// # Errors
    /// There is none with this identifier.
    pub fn look(&self, desk: &mut Desk<'_>, id: &str) -> Answer {
        let live = (self.read)(desk, id)?;
        let declared = desk.declared().get(&(self.name.to_owned(), id.to_owned())).cloned();
        let mut all = declared.and_then(|declared| declared.as_object().cloned()).unwrap_or_default();
        all.extend(live.as_object().cloned().unwrap_or_default());
        Ok(Value::Object(all))
    }

    /// Changes one in place.
    ///
    /// # Errors
    /// As its service refuses it; `NotUpdatable` if it can only be replaced.
    pub fn change(&self, desk: &mut Desk<'_>, id: &str, before: &Value, after: &Value) -> Result<(), Refusal> {
        let update = self.update.ok_or_else(|| Refusal::new("NotUpdatable", format!("{} cannot be updated", self.name)))?;
        update(desk, id, before, after)?;
        desk.declared().insert((self.name.to_owned(), id.to_owned()), after.clone());
        Ok(())
    }

    /// Deletes one.
    ///
    /// # Errors
    /// As its service refuses it.
    pub fn remove(&self, desk: &mut Desk<'_>, id: &str) -> Result<(), Refusal> {
        (self.delete)(desk, id)?;
        desk.declared().remove(&(self.name.to_owned(), id.to_owned()));
        Ok(())
    }

    /// Does this change of properties need another resource? The names of the properties that do.
    pub fn replaces(&self, before: &Value, after: &Value) -> Vec<String> {
        let changed = changed(before, after);
        changed.into_iter().filter(|name| self.update.is_none() || self.fixed.contains(&name.as_str())).collect()
    }
}

/// The names of the properties that differ.
pub fn changed(before: &Value, after: &Value) -> Vec<String> {
    let empty = Map::new();
    let (before, after) = (before.as_object().unwrap_or(&empty), after.as_object().unwrap_or(&empty));
    let mut names: Vec<String> = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name))).cloned().collect();
    names.retain(|name| before.get(name) != after.get(name));
    names
}

/// The parts of an identifier.
fn parts(id: &str) -> (&str, &str) {
    id.split_once('|').unwrap_or((id, ""))
}

/// The name at the end of an ARN or URL.
fn last(text: &str) -> &str {
    text.rsplit([':', '/']).next().unwrap_or(text)
}

/// CloudFormation's list of tags as the map that some services take.
fn tag_map(properties: &Value) -> Option<Value> {
    let tags = properties.get("Tags")?;
    let Some(list) = tags.as_array() else { return Some(tags.clone()) };
    let pair = |tag: &Value| (members::required(tag, "Key").to_owned(), tag.get("Value").cloned().unwrap_or_default());
    Some(Value::Object(list.iter().map(pair).collect()))
}

/// Cloud Control's word for what a service refused with this code.
pub fn handler_code(code: &str) -> &'static str {
    const WORDS: [(&str, &str); 16] = [
        ("NotUpdatable", "NotUpdatable"),
        ("NotFound", "NotFound"),
        ("NonExist", "NotFound"),
        ("DoesNotExist", "NotFound"),
        ("NoSuch", "NotFound"),
        ("AlreadyExist", "AlreadyExists"),
        ("Duplicate", "AlreadyExists"),
        ("NameExists", "AlreadyExists"),
        ("InUse", "ResourceConflict"),
        ("Conflict", "ResourceConflict"),
        ("DependencyViolation", "ResourceConflict"),
        ("IncorrectState", "ResourceConflict"),
        ("Limit", "ServiceLimitExceeded"),
        ("Throttl", "Throttling"),
        ("AccessDenied", "AccessDenied"),
        ("NotStabilized", "NotStabilized"),
    ];
    let found = WORDS.iter().find(|(part, _)| code.contains(part)).map(|(_, word)| *word);
    found.unwrap_or(if code.contains("Invalid") || code.contains("Missing") || code.contains("Validation") {
        "InvalidRequest"
    } else {
        "GeneralServiceException"
    })
}
