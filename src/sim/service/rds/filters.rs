//! The filters of RDS's Describe operations, and the id that is asked for beside them.

use serde_json::Value;

use super::invalid;
use crate::sim::call::{Call, Refusal};
use crate::sim::members;

/// What a caller asks for: by filter, the values of which one must match.
pub(super) struct Asked(Vec<(String, Vec<String>)>);

impl Asked {
    /// The filters of a call. An id in the member `id` is one more value of the filter `by_id`, as RDS takes it.
    ///
    /// # Errors
    /// A filter that is not of `known`, or that has no values.
    pub(super) fn of(call: &Call, known: &[&str], id: &str, by_id: &str) -> Result<Self, Refusal> {
        let mut asked = Vec::new();
        for filter in members::list(&call.input, "Filters") {
            let name = members::required(filter, "Name");
            if !known.contains(&name) {
                return Err(invalid(format!("Unrecognized filter name: {name}")));
            }
            let values: Vec<_> = members::texts(filter, "Values").into_iter().map(str::to_lowercase).collect();
            if values.is_empty() {
                let message = format!("The parameter Filter: {name} must not be empty.");
                return Err(Refusal::new("InvalidParameterCombination", message));
            }
            asked.push((name.to_owned(), values));
        }
        if let Some(id) = members::text(&call.input, id).map(str::to_lowercase) {
            match asked.iter_mut().find(|(name, _)| name == by_id) {
                Some((_, values)) => values.push(id),
                None => asked.push((by_id.to_owned(), vec![id])),
            }
        }
        Ok(Self(asked))
    }

    /// Does a row pass, whose values for a filter are these?
    pub(super) fn passed_by<'a>(&self, values: impl Fn(&str) -> Vec<&'a str>) -> bool {
        let has = |(name, wanted): &(String, Vec<String>)| {
            values(name).iter().any(|value| wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(value)))
        };
        self.0.iter().all(has)
    }
}

/// The text of a member of a row.
pub(super) fn told<'a>(row: &'a Value, member: &str) -> &'a str {
    members::text(row, member).unwrap_or_default()
}
