//! What EC2's Describe operations have in common: ids, filters, pages and tags.

use serde_json::{Map, Value, json};

use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members, glob};
use crate::sim::network::Resource;
use crate::sim::page::Paging;

const PAGING: Paging = Paging {
    token: "NextToken",
    size: "MaxResults",
    default: 1000,
    max: 1000,
    code: "InvalidNextToken",
    message: "The token is invalid.",
};

/// How one kind of thing is described.
pub(super) struct Listing {
    /// The member of the answer.
    pub(super) answer: &'static str,
    /// The input's list of ids; empty where there is none.
    pub(super) ids: &'static str,
    /// The member that holds a row's id.
    pub(super) id: &'static str,
    /// What an id begins with; empty where anything goes.
    pub(super) prefix: &'static str,
    /// What comes before `.NotFound` and `.Malformed` in the error codes.
    pub(super) code: &'static str,
    /// What AWS calls such an id in its sentences.
    pub(super) word: &'static str,
    /// Filters, and the path of the member that each is about.
    pub(super) filters: &'static [(&'static str, &'static str)],
}

/// The texts at a path of members; lists on the way are gone through.
pub(super) fn values(row: &Value, path: &str) -> Vec<String> {
    match (row, path) {
        (Value::Array(items), _) => items.iter().flat_map(|item| values(item, path)).collect(),
        (Value::String(text), "") => vec![text.clone()],
        (Value::Null, _) => Vec::new(),
        (other, "") => vec![other.to_string()],
        _ => {
            let (name, rest) = path.split_once('.').unwrap_or((path, ""));
            row.get(name).map(|value| values(value, rest)).unwrap_or_default()
        }
    }
}

/// Does a row pass the filters?
fn passes(row: &Value, filters: &[Value], known: &[(&str, &str)]) -> Result<bool, Refusal> {
    for filter in filters {
        let name = members::required(filter, "Name");
        let found = match (name, name.strip_prefix("tag:")) {
            (_, Some(key)) => {
                let tags = members::list(row, "Tags").iter().filter(|tag| members::text(tag, "Key") == Some(key));
                tags.filter_map(|tag| members::text(tag, "Value").map(str::to_owned)).collect()
            }
            ("tag-key", _) => values(row, "Tags.Key"),
            ("tag-value", _) => values(row, "Tags.Value"),
            _ => {
                let path = known.iter().find(|(filter, _)| *filter == name).map(|(_, path)| *path);
                let refusal = || Refusal::new("InvalidParameterValue", format!("The filter '{name}' is invalid"));
                values(row, path.ok_or_else(refusal)?)
            }
        };
        let wanted = members::texts(filter, "Values");
        if !wanted.iter().any(|wanted| found.iter().any(|found| glob(wanted, found))) {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Listing {
    /// Refuses an id that EC2 could not have given.
    pub(super) fn well_formed(&self, id: &str) -> Result<(), Refusal> {
        let rest = if self.prefix.is_empty() { Some("") } else { id.strip_prefix(self.prefix) };
        let hex = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_hexdigit());
        if rest.is_some_and(|rest| self.prefix.is_empty() || (hex(rest) && matches!(rest.len(), 8..=17))) {
            return Ok(());
        }
        Err(Refusal::new(format!("{}.Malformed", self.code), format!("Invalid id: \"{id}\"")))
    }

    /// The refusal of ids that are not there.
    pub(super) fn not_found(&self, ids: &[&str]) -> Refusal {
        let word = self.word;
        let message = match ids {
            [id] => format!("The {word} '{id}' does not exist"),
            _ => format!("The {word}s '{}' do not exist", ids.join(", ")),
        };
        Refusal::new(format!("{}.NotFound", self.code), message)
    }

    /// The rows that are asked for.
    pub(super) fn wanted(&self, call: &Call, rows: Vec<Value>) -> Result<Vec<Value>, Refusal> {
        let ids = members::texts(&call.input, self.ids);
        for id in &ids {
            self.well_formed(id)?;
        }
        let there = |id: &&str| rows.iter().any(|row| members::text(row, self.id) == Some(id));
        let missing: Vec<&str> = ids.iter().copied().filter(|id| !there(id)).collect();
        if !missing.is_empty() {
            return Err(self.not_found(&missing));
        }
        let filters = members::list(&call.input, "Filters");
        let mut wanted = Vec::new();
        for row in rows {
            let named = ids.is_empty() || members::text(&row, self.id).is_some_and(|id| ids.contains(&id));
            if passes(&row, filters, self.filters)? && named {
                wanted.push(row);
            }
        }
        Ok(wanted)
    }

    /// The answer: a page of the rows that are asked for.
    pub(super) fn answer(&self, call: &Call, rows: Vec<Value>) -> Answer {
        let rows = self.wanted(call, rows)?;
        page(call, self.answer, rows.into_iter().map(|row| (members::required(&row, self.id).to_owned(), row)).collect())
    }
}

/// One page of rows with their keys.
pub(super) fn page(call: &Call, member: &str, mut rows: Vec<(String, Value)>) -> Answer {
    let cursor = PAGING.open::<String>(call)?;
    rows.sort_by(|(one, _), (other, _)| one.cmp(other));
    let after = cursor.after.clone();
    let rows = rows.into_iter().filter(|(key, _)| after.as_ref().is_none_or(|after| key > after));
    let (page, token) = cursor.take(rows);
    Ok(Members::new().set(member, page).maybe("NextToken", token).done())
}

/// A resource's tags, as EC2 tells them.
pub(super) fn tags(resource: &Resource) -> Value {
    Value::Array(resource.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect())
}

/// The tags that `TagSpecifications` has for resources of a type.
pub(super) fn specified(input: &Value, of: &str) -> std::collections::BTreeMap<String, String> {
    let specifications = members::list(input, "TagSpecifications").iter();
    let wanted = specifications.filter(|specification| members::text(specification, "ResourceType") == Some(of));
    wanted.flat_map(|specification| pairs(members::list(specification, "Tags"))).collect()
}

/// Key and value of each tag.
pub(super) fn pairs(tags: &[Value]) -> Vec<(String, String)> {
    let pair = |tag: &Value| (members::required(tag, "Key").to_owned(), members::required(tag, "Value").to_owned());
    tags.iter().map(pair).collect()
}

/// A row under construction: what is told of every resource of a kind, over which go the members it has.
pub(super) fn row(resource: &Resource, basic: Value, known: &[&str]) -> Map<String, Value> {
    let mut row = if let Value::Object(basic) = basic { basic } else { Map::new() };
    for name in known {
        if let Some(value) = resource.members.get(*name) {
            row.insert((*name).to_owned(), value.clone());
        }
    }
    row.insert("Tags".to_owned(), tags(resource));
    row
}
