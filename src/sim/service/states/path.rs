//! Paths into JSON and templates that are filled from them, intrinsic functions included.
//!
//! Source: Amazon States Language specification; Step Functions developer guide, "Intrinsic functions". It must not know of executions.

use serde_json::{Map, Value};

use super::intrinsic;

/// Why a path or a function has no value: AWS's error name and cause.
pub type Fault = (&'static str, String);

/// What paths look into: the input of a state and the context object.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// `$`
    pub input: &'a Value,
    /// `$$`
    pub context: &'a Value,
}

/// One step of a path.
enum Step {
    Name(String),
    Index(i64),
    Slice(Option<i64>, Option<i64>),
    All,
}

/// Is it a path of the kinds that are understood?
pub fn is_path(text: &str) -> bool {
    text.starts_with('$') && steps(text.strip_prefix("$$").unwrap_or(&text[1..])).is_some()
}

fn steps(mut rest: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let name = &after[..end];
            if name.is_empty() {
                return None;
            }
            steps.push(if name == "*" { Step::All } else { Step::Name(name.to_owned()) });
            rest = &after[end..];
            continue;
        }
        let after = rest.strip_prefix('[')?;
        if let Some(quote) = after.chars().next().filter(|c| matches!(c, '\'' | '"')) {
            let end = after[1..].find(quote)? + 1;
            steps.push(Step::Name(after[1..end].to_owned()));
            rest = after[end + 1..].strip_prefix(']')?;
            continue;
        }
        let end = after.find(']')?;
        let inner = &after[..end];
        steps.push(if inner == "*" {
            Step::All
        } else if let Some((from, to)) = inner.split_once(':') {
            let number = |text: &str| if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) };
            Step::Slice(number(from)?, number(to)?)
        } else {
            Step::Index(inner.parse().ok()?)
        });
        rest = &after[end + 1..];
    }
    Some(steps)
}

fn place(index: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    usize::try_from(if index < 0 { length + index } else { index }).ok()
}

/// The value at a path. A path with `*` or a slice has a list of what it finds.
///
/// # Errors
/// It is no path, or leads nowhere.
pub fn at(scope: Scope<'_>, path: &str) -> Result<Value, Fault> {
    let (root, rest) = match path.strip_prefix("$$") {
        Some(rest) => (scope.context, rest),
        None => (scope.input, path.strip_prefix('$').unwrap_or_default()),
    };
    let wrong = || ("States.Runtime", format!("Invalid path '{path}'"));
    let steps = steps(rest).ok_or_else(wrong)?;
    let many = steps.iter().any(|step| matches!(step, Step::All | Step::Slice(..)));
    let mut found = vec![root];
    for step in steps {
        found = found.into_iter().flat_map(|value| inner(value, &step)).collect();
    }
    if many {
        return Ok(found.into_iter().cloned().collect());
    }
    found.first().map(|value| (*value).clone()).ok_or_else(|| {
        let shown = scope.input.to_string();
        ("States.Runtime", format!("The JSONPath '{path}' could not be found in the input '{shown}'"))
    })
}

fn inner<'a>(value: &'a Value, step: &Step) -> Vec<&'a Value> {
    match (step, value) {
        (Step::Name(name), Value::Object(members)) => members.get(name).into_iter().collect(),
        (Step::All, Value::Object(members)) => members.values().collect(),
        (Step::All, Value::Array(items)) => items.iter().collect(),
        (Step::Index(index), Value::Array(items)) => {
            place(*index, items.len()).and_then(|at| items.get(at)).into_iter().collect()
        }
        (Step::Slice(from, to), Value::Array(items)) => {
            let from = place(from.unwrap_or(0), items.len()).unwrap_or(0).min(items.len());
            let to = to.map_or(items.len(), |to| place(to, items.len()).unwrap_or(0)).clamp(from, items.len());
            items[from..to].iter().collect()
        }
        _ => Vec::new(),
    }
}

/// `input` with `value` at a reference path.
///
/// # Errors
/// Something on the way is no object.
pub fn put(input: &Value, path: &str, value: Value) -> Result<Value, Fault> {
    let wrong = || ("States.ResultPathMatchFailure", format!("Unable to apply step \"{path}\" to input {input}"));
    let steps = steps(path.strip_prefix('$').unwrap_or_default()).ok_or_else(wrong)?;
    if steps.is_empty() {
        return Ok(value);
    }
    let mut whole = input.clone();
    let mut target = &mut whole;
    for step in &steps {
        target = match step {
            Step::Name(name) => {
                if target.is_null() {
                    *target = Value::Object(Map::new());
                }
                target.as_object_mut().ok_or_else(wrong)?.entry(name.clone()).or_insert(Value::Null)
            }
            Step::Index(index) => {
                let items = target.as_array_mut().ok_or_else(wrong)?;
                let at = place(*index, items.len()).ok_or_else(wrong)?;
                items.get_mut(at).ok_or_else(wrong)?
            }
            Step::All | Step::Slice(..) => return Err(wrong()),
        };
    }
    *target = value;
    Ok(whole)
}

/// A payload template, filled: members whose names end with `.$` are paths or functions.
///
/// # Errors
/// A path leads nowhere, or a function has no value.
pub fn fill(scope: Scope<'_>, template: &Value) -> Result<Value, Fault> {
    Ok(match template {
        Value::Object(members) => {
            let mut filled = Map::new();
            for (name, value) in members {
                match (name.strip_suffix(".$"), value) {
                    (Some(plain), Value::String(text)) => {
                        filled.insert(plain.to_owned(), read(scope, text)?);
                    }
                    _ => {
                        filled.insert(name.clone(), fill(scope, value)?);
                    }
                }
            }
            Value::Object(filled)
        }
        Value::Array(items) => items.iter().map(|item| fill(scope, item)).collect::<Result<_, _>>()?,
        other => other.clone(),
    })
}

/// The value of a path or of an intrinsic function.
///
/// # Errors
/// It has none.
pub fn read(scope: Scope<'_>, text: &str) -> Result<Value, Fault> {
    if text.starts_with('$') { at(scope, text) } else { intrinsic::call(scope, text) }
}

/// What a state sees through InputPath or OutputPath.
///
/// # Errors
/// The path leads nowhere.
pub fn through(scope: Scope<'_>, path: Option<&Value>) -> Result<Value, Fault> {
    match path {
        None => Ok(scope.input.clone()),
        Some(Value::Null) => Ok(Value::Object(Map::new())),
        Some(path) => at(scope, path.as_str().unwrap_or("$")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_lead_to_values_and_lists_of_them() {
        let input = json!({"a": {"b c": [1, 2, 3]}, "rows": [{"id": 1}, {"id": 2}]});
        let context = json!({"Execution": {"Name": "n"}});
        let scope = Scope { input: &input, context: &context };
        for (path, expected) in [
            ("$", input.clone()),
            ("$.a['b c'][1]", json!(2)),
            ("$.a['b c'][-1]", json!(3)),
            ("$.a['b c'][0:2]", json!([1, 2])),
            ("$.rows[*].id", json!([1, 2])),
            ("$$.Execution.Name", json!("n")),
        ] {
            assert_eq!(at(scope, path).unwrap(), expected, "{path}");
        }
        assert_eq!(at(scope, "$.nothing").unwrap_err().0, "States.Runtime");
        assert!(!is_path("$.a[") && !is_path("$..") && is_path("$$.x"));
    }

    #[test]
    fn results_go_where_their_path_says() {
        assert_eq!(put(&json!({"a": 1}), "$.b.c", json!(2)).unwrap(), json!({"a": 1, "b": {"c": 2}}));
        assert_eq!(put(&json!({"a": 1}), "$", json!(2)).unwrap(), json!(2));
        assert_eq!(put(&json!({"a": 1}), "$.a.b", json!(2)).unwrap_err().0, "States.ResultPathMatchFailure");
    }
}
