//! Text with references to what is known only later: `${steps.catalog-volume.created_resource_id}`, `${vars.zone}`; where one of several
//! steps gives it, `${steps.a.id | steps.b.id}`.

use std::fmt;

use crate::domain::{SiteName, StepId};

/// Text in which references stand for values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// The first of these that is known.
    Reference(Vec<Reference>),
}

/// What a template can refer to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    /// `${steps.ID.OUTPUT}`: an output of a step that has ended well.
    Output {
        /// The step.
        step: StepId,
        /// The output's name.
        output: String,
    },
    /// `${vars.NAME}`.
    Variable(String),
    /// `${choices.NAME}`: the option that was chosen.
    Choice(String),
    /// `${sites.NAME.region}`.
    Region(SiteName),
    /// `${sites.NAME.account}`.
    Account(SiteName),
    /// `${incident.id}`.
    IncidentId,
    /// `${plan.name}`.
    PlanName,
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Output { step, output } => write!(f, "steps.{step}.{output}"),
            Self::Variable(name) => write!(f, "vars.{name}"),
            Self::Choice(name) => write!(f, "choices.{name}"),
            Self::Region(site) => write!(f, "sites.{site}.region"),
            Self::Account(site) => write!(f, "sites.{site}.account"),
            Self::IncidentId => f.write_str("incident.id"),
            Self::PlanName => f.write_str("plan.name"),
        }
    }
}

/// A text that is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateFault {
    /// `${` without `}`.
    #[error("`${{` without a closing `}}`")]
    Unclosed,
    /// A reference of no known form.
    #[error(
        "`${{{0}}}` refers to nothing: expected steps.ID.OUTPUT, vars.NAME, choices.NAME, sites.NAME.region, sites.NAME.account, \
         incident.id or plan.name"
    )]
    UnknownReference(String),
}

/// Gives the values of references when a step is prepared.
pub trait Lookup {
    /// The value, or `None` where it is not known yet.
    fn value(&self, reference: &Reference) -> Option<String>;
}

impl Template {
    /// Reads a text.
    ///
    /// # Errors
    /// [`TemplateFault`] names the reference that cannot be read.
    pub fn parse(text: &str) -> Result<Self, TemplateFault> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let after = &rest[start + 2..];
            let end = after.find('}').ok_or(TemplateFault::Unclosed)?;
            if start > 0 {
                pieces.push(Piece::Text(rest[..start].to_owned()));
            }
            let one_of = after[..end].split('|').map(|text| parse_reference(text.trim()));
            pieces.push(Piece::Reference(one_of.collect::<Result<_, _>>()?));
            rest = &after[end + 1..];
        }
        if !rest.is_empty() || pieces.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Self { pieces })
    }

    /// A text without references.
    pub fn literal(text: impl Into<String>) -> Self {
        Self { pieces: vec![Piece::Text(text.into())] }
    }

    /// What it refers to, in order.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.one_of().flatten()
    }

    /// What it refers to, in order: of each, the references of which the first that is known counts.
    pub fn one_of(&self) -> impl Iterator<Item = &Vec<Reference>> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Reference(one_of) => Some(one_of),
            Piece::Text(_) => None,
        })
    }

    /// Is it nothing but one reference?
    pub fn is_reference(&self) -> bool {
        matches!(self.pieces[..], [Piece::Reference(_)])
    }

    /// The text with every reference replaced.
    ///
    /// # Errors
    /// The first reference whose value is not known.
    pub fn resolve(&self, lookup: &dyn Lookup) -> Result<String, Reference> {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Reference(one_of) => match one_of.iter().find_map(|reference| lookup.value(reference)) {
                    Some(value) => out.push_str(&value),
                    None => return Err(one_of.first().cloned().unwrap_or(Reference::PlanName)),
                },
            }
        }
        Ok(out)
    }

    /// The text with every reference replaced whose value is known; the others stand as they are written.
    pub fn as_far_as_known(&self, lookup: &dyn Lookup) -> String {
        let text = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Reference(one_of) => {
                let value = one_of.iter().find_map(|reference| lookup.value(reference));
                value.unwrap_or_else(|| format!("${{{}}}", joined(one_of)))
            }
        };
        self.pieces.iter().map(text).collect()
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => f.write_str(text)?,
                Piece::Reference(one_of) => write!(f, "${{{}}}", joined(one_of))?,
            }
        }
        Ok(())
    }
}

/// References of which the first that is known counts, as they are written.
pub(super) fn joined(one_of: &[Reference]) -> String {
    one_of.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ")
}

fn parse_reference(text: &str) -> Result<Reference, TemplateFault> {
    let unknown = || TemplateFault::UnknownReference(text.to_owned());
    let parts: Vec<&str> = text.splitn(3, '.').collect();
    match parts.as_slice() {
        ["steps", step, output] if !step.is_empty() && !output.is_empty() => {
            Ok(Reference::Output { step: StepId::new(*step), output: (*output).to_owned() })
        }
        ["vars", name] if !name.is_empty() => Ok(Reference::Variable((*name).to_owned())),
        ["choices", name] if !name.is_empty() => Ok(Reference::Choice((*name).to_owned())),
        ["sites", site, "region"] => Ok(Reference::Region(SiteName::new(*site))),
        ["sites", site, "account"] => Ok(Reference::Account(SiteName::new(*site))),
        ["incident", "id"] => Ok(Reference::IncidentId),
        ["plan", "name"] => Ok(Reference::PlanName),
        _ => Err(unknown()),
    }
}

/// JSON whose strings may hold references: properties of a resource, the input of a function.
#[derive(Debug, Clone, PartialEq)]
pub enum JsonTemplate {
    /// A string.
    Text(Template),
    /// A list.
    List(Vec<JsonTemplate>),
    /// An object, in the order of the file.
    Object(Vec<(String, JsonTemplate)>),
    /// A number, a boolean, null.
    Plain(serde_json::Value),
}

impl JsonTemplate {
    /// Reads JSON, handing each string to `read`.
    pub(super) fn of(value: &serde_json::Value, read: &mut dyn FnMut(&str) -> Option<Template>) -> Option<Self> {
        Some(match value {
            serde_json::Value::String(text) => Self::Text(read(text)?),
            serde_json::Value::Array(items) => Self::List(items.iter().map(|item| Self::of(item, read)).collect::<Option<_>>()?),
            serde_json::Value::Object(members) => {
                let read = members.iter().map(|(name, value)| Some((name.clone(), Self::of(value, read)?)));
                Self::Object(read.collect::<Option<_>>()?)
            }
            plain => Self::Plain(plain.clone()),
        })
    }

    /// The JSON with every reference replaced.
    ///
    /// # Errors
    /// The first reference whose value is not known.
    pub fn resolve(&self, lookup: &dyn Lookup) -> Result<serde_json::Value, Reference> {
        Ok(match self {
            Self::Text(template) => serde_json::Value::String(template.resolve(lookup)?),
            Self::List(items) => {
                let items: Result<Vec<_>, _> = items.iter().map(|item| item.resolve(lookup)).collect();
                serde_json::Value::Array(items?)
            }
            Self::Object(members) => {
                let members: Result<serde_json::Map<_, _>, _> =
                    members.iter().map(|(name, value)| Ok((name.clone(), value.resolve(lookup)?))).collect();
                serde_json::Value::Object(members?)
            }
            Self::Plain(value) => value.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Known;

    impl Lookup for Known {
        fn value(&self, reference: &Reference) -> Option<String> {
            match reference {
                Reference::Output { step, output } if step.as_str() == "volume" && output == "id" => Some("vol-1".into()),
                Reference::Region(_) => Some("eu-central-1".into()),
                _ => None,
            }
        }
    }

    #[test]
    fn references_are_replaced_and_text_is_kept() {
        let template = Template::parse("attach ${steps.volume.id} in ${ sites.recovery.region }!").unwrap();
        assert_eq!(template.resolve(&Known).unwrap(), "attach vol-1 in eu-central-1!");
        assert_eq!(template.to_string(), "attach ${steps.volume.id} in ${sites.recovery.region}!");
    }

    #[test]
    fn of_several_references_the_first_that_is_known_counts() {
        let template = Template::parse("${steps.a.id | steps.volume.id}").unwrap();
        assert_eq!(template.resolve(&Known).unwrap(), "vol-1");
        assert!(template.is_reference());
        assert_eq!(template.to_string(), "${steps.a.id | steps.volume.id}");
    }

    #[test]
    fn a_value_that_is_not_known_yet_is_named() {
        let template = Template::parse("${steps.table.arn}").unwrap();
        assert_eq!(template.resolve(&Known).unwrap_err().to_string(), "steps.table.arn");
        let template = Template::parse("set ${vars.name | steps.table.arn} to ${steps.volume.id}").unwrap();
        assert_eq!(template.as_far_as_known(&Known), "set ${vars.name | steps.table.arn} to vol-1");
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        assert_eq!(Template::parse("a ${steps.x"), Err(TemplateFault::Unclosed));
        assert!(matches!(Template::parse("${stesp.x.y}"), Err(TemplateFault::UnknownReference(_))));
        assert_eq!(Template::parse("").unwrap().resolve(&Known).unwrap(), "");
    }
}
