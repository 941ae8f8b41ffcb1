//! `ssm.run_command`: a command document on machines, such as to mount a volume.

use std::collections::BTreeMap;

use super::template_lists;
use crate::document::Table;
use crate::plan::Template;
use crate::plan::steps::Context;

/// The parameters of `ssm.run_command`.
#[derive(Debug, Clone, PartialEq)]
pub struct RunCommand {
    /// The command document, such as `AWS-RunShellScript`.
    pub document: Template,
    /// Its version.
    pub version: Option<String>,
    /// The machines by id.
    pub instances: Vec<Template>,
    /// Or by what they are tagged with: any of the values of each.
    pub targets: BTreeMap<String, Vec<Template>>,
    /// The document's parameters.
    pub parameters: BTreeMap<String, Vec<Template>>,
}

impl RunCommand {
    pub(in crate::plan) fn read(with: &Table<'_>, context: &Context<'_>) -> Option<Self> {
        let document = context.required_template(with, "document");
        let version = with.text("version");
        let instances = with.text_or_texts_at("instances").into_iter();
        let instances = instances.filter_map(|(text, span)| context.template_at(with, &text, span)).collect();
        let targets = template_lists(with, "targets", context);
        if with.has("instances") == with.has("targets") {
            let hint = Some("targets = { \"tag:Role\" = \"shop\" }".to_owned());
            with.fault_at(with.own_span(), "a command is sent to `instances` or to `targets`: give one of the two", hint);
        }
        let parameters = template_lists(with, "parameters", context);
        Some(Self { document: document?, version, instances, targets, parameters })
    }
}
