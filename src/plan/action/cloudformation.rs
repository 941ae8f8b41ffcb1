//! `cloudformation.deploy`: a stack brought to a template, by a change set that is shown before it is confirmed.

use std::collections::BTreeMap;

use super::templates;
use crate::document::Table;
use crate::plan::Template;
use crate::plan::steps::Context;

/// The parameters of `cloudformation.deploy`.
#[derive(Debug, Clone, PartialEq)]
pub struct StackDeploy {
    /// The stack's name.
    pub stack: Template,
    /// A template's file, from the plan's folder on: `cdk.out/Shop.template.json` for a synthesised stack.
    pub template: Option<String>,
    /// Or where it lies in S3: for templates of more than 51,200 bytes.
    pub template_url: Option<Template>,
    /// The stack's parameters.
    pub parameters: BTreeMap<String, Template>,
    /// Parameters whose values are read from Parameter Store in the step's Region, such as a golden AMI there.
    pub from_parameter_store: BTreeMap<String, Template>,
    /// `CAPABILITY_IAM`, …
    pub capabilities: Vec<String>,
    /// The role that CloudFormation assumes.
    pub role_arn: Option<Template>,
}

const CAPABILITIES: [&str; 3] = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"];

impl StackDeploy {
    pub(in crate::plan) fn read(with: &Table<'_>, context: &Context<'_>) -> Option<Self> {
        let stack = context.required_template(with, "stack");
        let template = with.text("template");
        let template_url = context.template(with, "template_url");
        if with.has("template") == with.has("template_url") {
            let message = "a stack is deployed from `template`, a file, or from `template_url`: give one of the two";
            with.fault_at(with.own_span(), message, None);
        }
        let parameters = templates(with, "parameters", context);
        let from_parameter_store = templates(with, "from_parameter_store", context);
        for name in from_parameter_store.keys().filter(|name| parameters.contains_key(*name)) {
            with.fault("from_parameter_store", format!("`{name}` is under `parameters` too"), None);
        }
        let capabilities = with.texts_at("capabilities");
        for (name, span) in capabilities.iter().filter(|(name, _)| !CAPABILITIES.contains(&name.as_str())) {
            with.fault_at(span.clone(), format!("{name:?} is no capability"), Some(CAPABILITIES.join(", ")));
        }
        let capabilities = capabilities.into_iter().map(|(name, _)| name).collect();
        let role_arn = context.template(with, "role_arn");
        Some(Self { stack: stack?, template, template_url, parameters, from_parameter_store, capabilities, role_arn })
    }
}
