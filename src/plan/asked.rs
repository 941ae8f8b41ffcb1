//! What a plan asks of the people who carry it out: variables, at the start, and choices between alternatives, at the declaration.

use std::collections::BTreeMap;

use crate::document::{Table, did_you_mean, duration};
use crate::domain::MODE;

use super::names::{Arn, is_account, is_id, is_region};
use super::setting::check_id;

/// What kind of value something is: a variable, an output, what a key wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueType {
    /// Any text.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// Such as `1h30m`.
    Duration,
    /// A Region.
    Region,
    /// An account of 12 digits.
    Account,
    /// An ARN.
    Arn,
    /// An identifier that AWS gave, which is no ARN.
    Id,
}

/// The types that a variable can have, by their names in plan files.
pub(super) const VARIABLE_TYPES: [(&str, ValueType); 7] = [
    ("string", ValueType::Text),
    ("number", ValueType::Number),
    ("boolean", ValueType::Boolean),
    ("duration", ValueType::Duration),
    ("region", ValueType::Region),
    ("account", ValueType::Account),
    ("arn", ValueType::Arn),
];

impl ValueType {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Number => "a whole number",
            Self::Boolean => "true or false",
            Self::Duration => "a duration such as 1h30m",
            Self::Region => "a Region such as eu-central-1",
            Self::Account => "an account of 12 digits",
            Self::Arn => "an ARN",
            Self::Id => "an id",
        }
    }

    /// Can a value of type `given` stand where this one is wanted? A text may turn out to be anything.
    pub fn takes(self, given: Self) -> bool {
        self == given || self == Self::Text || given == Self::Text
    }

    fn fits(self, value: &str) -> bool {
        match self {
            Self::Text | Self::Id => true,
            Self::Number => value.parse::<i64>().is_ok(),
            Self::Boolean => ["true", "false"].contains(&value),
            Self::Duration => duration(value).is_some(),
            Self::Region => is_region(value),
            Self::Account => is_account(value),
            Self::Arn => Arn::parse(value).is_some(),
        }
    }

    /// What the key of an action wants, where its name tells.
    pub(super) fn of_key(key: &str) -> Option<Self> {
        let key = key.to_lowercase();
        match key.as_str() {
            "newfilesystem" | "encrypted" | "multiaz" | "publiclyaccessible" => Some(Self::Boolean),
            "port" | "iops" | "allocatedstorage" => Some(Self::Number),
            _ if key.ends_with("arn") => Some(Self::Arn),
            _ => None,
        }
    }

    /// What an output is, by its name.
    pub(super) fn of_output(name: &str) -> Self {
        match name.to_lowercase() {
            name if name.ends_with("_arn") => Self::Arn,
            name if name.ends_with("_id") => Self::Id,
            _ => Self::Text,
        }
    }
}

/// A value that is asked for when the incident begins, `[variables.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name, as in `${vars.NAME}`.
    pub name: String,
    /// What its values are.
    pub value_type: ValueType,
    /// What is asked.
    pub prompt: String,
    /// Its value until somebody gives it another.
    pub default: Option<String>,
    /// A regular expression that the whole of a value must match.
    pub pattern: Option<String>,
}

impl Variable {
    /// Can it have this value?
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn check(&self, value: &str) -> Result<(), String> {
        if value.trim().is_empty() {
            return Err(format!("{} is empty", self.name));
        }
        if !self.value_type.fits(value) {
            return Err(format!("{}: expected {}, found {value:?}", self.name, self.value_type.words()));
        }
        let matches = |pattern: &String| whole(pattern).is_ok_and(|pattern| pattern.is_match(value));
        match self.pattern.as_ref().filter(|pattern| !matches(pattern)) {
            Some(pattern) => Err(format!("{}: {value:?} does not match {pattern}", self.name)),
            None => Ok(()),
        }
    }
}

/// A pattern that has to match all of a value.
fn whole(pattern: &str) -> Result<regex_lite::Regex, regex_lite::Error> {
    regex_lite::Regex::new(&format!("^(?:{pattern})$"))
}

/// A choice between alternatives, `[choices.NAME]`: steps say with `when` which of its options they are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Its name, as in `when = { choice = "NAME" }`.
    pub name: String,
    /// What is asked.
    pub prompt: String,
    /// The options and what each means, in the order of the file.
    pub options: Vec<(String, String)>,
    /// The option that holds if nobody chooses.
    pub default: Option<String>,
}

impl Choice {
    /// The choice that a plan need not define: is there a primary left to be stopped in good order?
    pub(super) fn mode() -> Self {
        let option = |name: &str, about: &str| (name.to_owned(), about.to_owned());
        Self {
            name: MODE.to_owned(),
            prompt: "Can the primary still be stopped in good order?".to_owned(),
            options: vec![
                option("graceful", "yes: it is stopped first, and nothing is lost that it still holds"),
                option("forced", "no: it is gone, and what was not copied is lost"),
            ],
            default: None,
        }
    }

    /// Is this one of the options?
    ///
    /// # Errors
    /// A sentence that names them.
    pub fn check(&self, option: &str) -> Result<(), String> {
        if self.options.iter().any(|(name, _)| name == option) {
            return Ok(());
        }
        let names: Vec<&str> = self.options.iter().map(|(name, _)| name.as_str()).collect();
        Err(format!("{}: expected {}, found {option:?}", self.name, names.join(" or ")))
    }
}

/// Reads `[variables.*]`.
pub(super) fn read_variables(root: &Table<'_>) -> (BTreeMap<String, Variable>, Vec<String>) {
    let (mut variables, mut names) = (BTreeMap::new(), Vec::new());
    for (name, table) in root.named_tables("variables") {
        check_id(&table, "variable", &name);
        names.push(name.clone());
        let value_type = table.required("type", |t, key| t.choice(key, &VARIABLE_TYPES));
        let prompt = table.required_text("prompt");
        let (default, pattern) = (table.text("default"), table.text("pattern"));
        if let Some(Err(error)) = pattern.as_deref().map(whole) {
            table.fault("pattern", format!("`pattern` is no regular expression: {error}"), None);
        }
        if pattern.is_some() && value_type.is_some_and(|kind| kind != ValueType::Text) {
            table.fault("pattern", "`pattern` is for variables of type \"string\"; other types check themselves", None);
        }
        if let (Some(value_type), Some(prompt)) = (value_type, prompt) {
            let variable = Variable { name: name.clone(), value_type, prompt, default: default.clone(), pattern };
            if let Some(Err(why)) = default.map(|default| variable.check(&default)) {
                table.fault("default", format!("the default cannot be taken: {why}"), None);
            }
            variables.insert(name, variable);
        }
        table.finish();
    }
    (variables, names)
}

/// Reads `[choices.*]`; the choice `mode` is there in any case.
pub(super) fn read_choices(root: &Table<'_>) -> BTreeMap<String, Choice> {
    let mut choices = BTreeMap::from([(MODE.to_owned(), Choice::mode())]);
    for (name, table) in root.named_tables("choices") {
        check_id(&table, "choice", &name);
        let prompt = table.required_text("prompt");
        let options: Vec<(String, String)> = table
            .required_table("options")
            .map(|options| {
                let read = |option: String| {
                    if !is_id(&option) {
                        let hint = Some("letters, digits, - and _, at most 64".to_owned());
                        options.fault(&option, format!("`{}` cannot be an option", option.escape_debug()), hint);
                    }
                    options.text(&option).map(|about| (option, about))
                };
                options.keys().into_iter().filter_map(read).collect()
            })
            .unwrap_or_default();
        if table.has("options") && options.len() < 2 {
            table.fault("options", "a choice is between at least two options", None);
        }
        let default = table.text("default");
        if let Some(default) = default.as_deref().filter(|default| !options.iter().any(|(name, _)| name == default)) {
            let hint = did_you_mean(default, options.iter().map(|(name, _)| name.as_str()));
            table.fault("default", format!("there is no option {default:?}"), hint);
        }
        let fixed = ["graceful", "forced"];
        if name == MODE && (options.len() != 2 || !options.iter().all(|(name, _)| fixed.contains(&name.as_str()))) {
            table.fault("options", "the choice `mode` is between `graceful` and `forced`", None);
        }
        choices.insert(name.clone(), Choice { name, prompt: prompt.unwrap_or_default(), options, default });
        table.finish();
    }
    choices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_takes_what_its_type_and_pattern_say() {
        let of = |value_type, pattern: Option<&str>| Variable {
            name: "v".into(),
            value_type,
            prompt: "?".into(),
            default: None,
            pattern: pattern.map(str::to_owned),
        };
        for (value_type, pattern, good, bad) in [
            (ValueType::Text, Some("eu-central-1[abc]"), "eu-central-1b", "eu-central-1bb"),
            (ValueType::Number, None, "12", "12.5"),
            (ValueType::Boolean, None, "true", "yes"),
            (ValueType::Duration, None, "1h30m", "90"),
            (ValueType::Region, None, "eu-central-1", "eu-central-1a"),
            (ValueType::Account, None, "111122223333", "1111"),
            (ValueType::Arn, None, "arn:aws:s3:::bucket", "bucket"),
            (ValueType::Text, None, "x", "  "),
        ] {
            assert_eq!(of(value_type, pattern).check(good), Ok(()), "{good}");
            assert!(of(value_type, pattern).check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_of_another_type_does_not_fit_and_a_text_may() {
        assert!(!ValueType::Arn.takes(ValueType::of_output("change_id")));
        assert!(ValueType::Arn.takes(ValueType::of_output("created_resource_arn")));
        assert!(ValueType::Arn.takes(ValueType::of_output("anything")));
        assert_eq!(ValueType::of_key("role_arn"), Some(ValueType::Arn));
        assert_eq!(ValueType::of_key("title"), None);
    }
}
