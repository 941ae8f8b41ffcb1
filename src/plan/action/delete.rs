//! `cloudformation.delete`, `cloudcontrol.delete`, `dynamodb.delete_table`: what a step made, taken back. Most often the `undo` of that step.

use crate::document::Table;
use crate::plan::Template;
use crate::plan::steps::Context;

/// What is deleted.
#[derive(Debug, Clone, PartialEq)]
pub enum Deletion {
    /// A stack, by its ARN or name.
    Stack(Template),
    /// A resource of any type that Cloud Control knows.
    Resource {
        /// CloudFormation's name of the type.
        type_name: String,
        /// Its primary identifier.
        identifier: Template,
    },
    /// A table, by its name.
    Table(Template),
}

impl Deletion {
    pub(in crate::plan) fn read(name: &str, with: &Table<'_>, context: &Context<'_>) -> Option<Self> {
        let key = match name {
            "cloudformation.delete" => "stack",
            "dynamodb.delete_table" => "table",
            _ => "identifier",
        };
        let type_name = (key == "identifier").then(|| with.required_text("type"));
        let what = context.required_template(with, key)?;
        if what.references().next().is_none() {
            let hint = Some(format!("{key} = \"${{steps.ID.…}}\": what a step made"));
            with.fault(key, "a deletion names what a step made, by one of its outputs", hint);
        }
        match (key, type_name) {
            ("stack", _) => Some(Self::Stack(what)),
            ("table", _) => Some(Self::Table(what)),
            (_, type_name) => Some(Self::Resource { type_name: type_name??, identifier: what }),
        }
    }
}
