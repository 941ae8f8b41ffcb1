//! Reads a plan file. docs/plan-format.md describes the format for those who write plans; this code decides.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::time::Duration;

use crate::document::{Document, Faults, Table};
use crate::domain::Condition;

use super::check::{check_steps, join_steps};
use super::metadata::{known_types, rule_of};
use super::names::is_id;
use super::notices::read_notices;
use super::setting::Setting;
use super::steps::{Sketch, read_step};
use super::{Graph, Objectives, Plan, Reference};

/// The format that this code reads.
const FORMAT: i64 = 1;

/// Words that OpsCenter refuses in the source of an OpsItem (Systems Manager API reference, CreateOpsItem, `Source`).
const REFUSED_IN_SOURCE: [&str; 3] = ["aws", "amazon", "amzn"];

/// A plan file that could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum ReadPlan {
    /// It could not be read.
    #[error("cannot read the plan {path}")]
    File {
        /// The file.
        path: String,
        /// Why not.
        #[source]
        cause: io::Error,
    },
    /// It was read, and is not a sound plan.
    #[error("{faults}")]
    Faults {
        /// Everything that is wrong with it.
        faults: Faults,
        /// The file's text, for [`Faults::render`].
        text: String,
    },
}

/// How long what was asked of AWS may be confirmed, where the plan says nothing.
const CONFIRM_WITHIN: Duration = Duration::from_secs(120);
/// The shortest that a plan may ask for.
const LEAST_WITHIN: Duration = Duration::from_secs(10);

impl Plan {
    /// Reads and checks a plan; `path` is only for messages.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(path: &str, text: &str) -> Result<Self, Faults> {
        let document = Document::parse(path, text)?;
        let faults = Faults::new();
        let plan = read_plan(&document.root(&faults), path, text);
        faults.settle(plan)
    }

    /// Reads and checks a plan file.
    ///
    /// # Errors
    /// That it cannot be read, or everything that is wrong with it.
    pub fn read(path: &str) -> Result<Self, ReadPlan> {
        let text = fs::read_to_string(path).map_err(|cause| ReadPlan::File { path: path.to_owned(), cause })?;
        Self::parse(path, &text).map_err(|faults| ReadPlan::Faults { faults, text })
    }

    /// What is odd about the plan, though it can be used: one sentence each, with the file and, for steps, the line.
    pub fn warnings(&self) -> Vec<String> {
        let unknown = self.resources.values().filter(|resource| rule_of(&resource.resource_type).is_none());
        let unknown = unknown.map(|resource| {
            let near = crate::document::nearest(&resource.resource_type, known_types());
            let hint = near.map(|near| format!(" (did you mean {near}?)")).unwrap_or_default();
            format!(
                "{}: resource `{}`: nothing is known of what restoring the type {:?} asks for{hint}",
                self.path, resource.name, resource.resource_type
            )
        });
        unknown.chain(self.unrestored()).collect()
    }

    /// Resources that no step restores.
    fn unrestored(&self) -> impl Iterator<Item = String> {
        let restores = |name: &str| {
            self.steps
                .iter()
                .any(|step| matches!(&step.action, super::Action::BackupRestore { resource, .. } if resource == name))
        };
        let left = self.resources.keys().filter(move |name| !restores(name));
        left.map(|name| format!("{}: resource `{name}`: no step restores it", self.path))
    }
}

fn read_plan(root: &Table<'_>, path: &str, text: &str) -> Option<Plan> {
    let format = root.required("format", |t, key| t.integer(key, i64::MIN..=i64::MAX));
    if let Some(format) = format.filter(|format| *format != FORMAT) {
        root.fault("format", format!("expected format {FORMAT}, which this version reads, found {format}"), None);
    }
    let name = root.required_text("name");
    if let Some(name) = name.as_deref().filter(|name| !is_id(name)) {
        let hint = Some("letters, digits, - and _, at most 64".to_owned());
        root.fault("name", format!("{name:?} cannot be the name of a plan"), hint);
    }
    let title = root.required_text("title");
    let objectives = root.required_table("objectives").and_then(|table| read_objectives(&table));
    let confirm_within = if root.has("confirm_within") { root.duration("confirm_within") } else { Some(CONFIRM_WITHIN) };
    if confirm_within.is_some_and(|bound| bound < LEAST_WITHIN) {
        root.fault("confirm_within", "nobody reads a call in less than 10 s", None);
    }
    let setting = Setting::read(root);
    let tables = root.tables("step");
    let mut sketches: Vec<Sketch> = tables.iter().map(|table| read_step(table, &setting)).collect();
    if sketches.is_empty() {
        root.fault("step", "the plan has no steps", Some("each begins with [[step]]".to_owned()));
    }
    join_steps(root, &mut sketches);
    check_steps(root, &sketches, &setting);
    check_source(root, name.as_deref(), &tables);
    let ids: Vec<String> = sketches.iter().filter_map(|sketch| Some(sketch.id.as_ref()?.to_string())).collect();
    let notices = read_notices(root, &setting, &ids);
    root.finish();
    let asked: BTreeSet<String> = sketches.iter().flat_map(choices_asked).collect();
    let steps = sketches.into_iter().map(|sketch| sketch.step).collect::<Option<Vec<_>>>()?;
    let Setting { sites, alarms, health, resources, variables, mut choices, .. } = setting;
    choices.retain(|name, _| asked.contains(name));
    let (path, text) = (path.to_owned(), text.to_owned());
    Some(Plan {
        name: name?,
        title: title?,
        path,
        text,
        objectives: objectives?,
        confirm_within: confirm_within?,
        sites,
        alarms,
        health,
        resources,
        variables,
        choices,
        notices,
        graph: Graph::of(&steps),
        steps,
    })
}

/// The choices that a step asks about: in its condition, or in a text.
fn choices_asked(sketch: &Sketch) -> Vec<String> {
    let in_text = sketch.references.iter().flat_map(|referred| &referred.one_of).filter_map(|reference| match reference {
        Reference::Choice(name) => Some(name.clone()),
        _ => None,
    });
    let conditions = sketch.when.iter().flat_map(|(when, _)| when.leaves());
    let in_condition = conditions.filter_map(|leaf| match leaf {
        Condition::Choice { name, .. } => Some(name.clone()),
        _ => None,
    });
    in_text.chain(in_condition).collect()
}

fn read_objectives(table: &Table<'_>) -> Option<Objectives> {
    let rto = table.required("rto", Table::duration);
    let rpo = table.required("rpo", Table::duration);
    if rto.is_some_and(|rto| rto.is_zero()) {
        table.fault("rto", "`rto` must be more than nothing: restoring from backups takes time", None);
    }
    table.finish();
    Some(Objectives { rto: rto?, rpo: rpo? })
}

/// The plan's name is part of the source of the OpsItems that it opens.
fn check_source(root: &Table<'_>, name: Option<&str>, steps: &[Table<'_>]) {
    let opens = steps.iter().any(|step| step.text("action").as_deref() == Some("ssm.ops_item"));
    let Some(name) = name.filter(|_| opens) else { return };
    if let Some(word) = REFUSED_IN_SOURCE.into_iter().find(|word| name.to_lowercase().contains(word)) {
        let message = format!(
            "the plan opens OpsItems, and AWS refuses those whose source, of which its name is a part, contains \"{word}\""
        );
        root.fault("name", message, None);
    }
}
