//! JSON patches (RFC 6902), as UpdateResource takes them.

use serde_json::Value;

/// The document after the patch.
///
/// # Errors
/// A sentence that says what of the patch cannot be done.
pub(super) fn apply(document: &Value, patch: &str) -> Result<Value, String> {
    let steps: Vec<Value> =
        serde_json::from_str(patch).map_err(|fault| format!("The patch document is no JSON list: {fault}"))?;
    let mut document = document.clone();
    for step in &steps {
        let text = |member: &str| step.get(member).and_then(Value::as_str);
        let (Some(op), Some(path)) = (text("op"), text("path")) else { return Err("A patch needs op and path".to_owned()) };
        let value = || step.get("value").cloned().ok_or_else(|| format!("The patch of {path} has no value"));
        let from = || {
            let from = text("from").ok_or_else(|| format!("The patch of {path} has no from"))?;
            document.pointer(from).cloned().map(|found| (from.to_owned(), found)).ok_or_else(|| format!("There is no {from}"))
        };
        match op {
            "add" => put(&mut document, path, value()?, true)?,
            "replace" => put(&mut document, path, value()?, false)?,
            "remove" => remove(&mut document, path)?,
            "test" if document.pointer(path) == Some(&value()?) => {}
            "test" => return Err(format!("The test of {path} failed")),
            "copy" => {
                let (_, found) = from()?;
                put(&mut document, path, found, true)?;
            }
            "move" => {
                let (from, found) = from()?;
                remove(&mut document, &from)?;
                put(&mut document, path, found, true)?;
            }
            other => return Err(format!("Unknown patch operation: {other}")),
        }
    }
    Ok(document)
}

/// The parent of a path, and the last part of it.
fn parent<'a>(document: &'a mut Value, path: &str) -> Result<(&'a mut Value, String), String> {
    let (above, last) = path.rsplit_once('/').ok_or_else(|| format!("Not a path: {path}"))?;
    let last = last.replace("~1", "/").replace("~0", "~");
    let parent = document.pointer_mut(above).ok_or_else(|| format!("There is no {above}"))?;
    Ok((parent, last))
}

fn put(document: &mut Value, path: &str, value: Value, add: bool) -> Result<(), String> {
    let (parent, last) = parent(document, path)?;
    match parent {
        Value::Object(members) => {
            if !add && !members.contains_key(&last) {
                return Err(format!("There is no {path}"));
            }
            members.insert(last, value);
        }
        Value::Array(items) if last == "-" => items.push(value),
        Value::Array(items) => {
            let at: usize = last.parse().map_err(|_| format!("Not a path: {path}"))?;
            match (add, at) {
                (true, at) if at <= items.len() => items.insert(at, value),
                (false, at) if at < items.len() => items[at] = value,
                _ => return Err(format!("There is no {path}")),
            }
        }
        _ => return Err(format!("There is no {path}")),
    }
    Ok(())
}

fn remove(document: &mut Value, path: &str) -> Result<(), String> {
    let (parent, last) = parent(document, path)?;
    let gone = match parent {
        Value::Object(members) => members.shift_remove(&last).is_some(),
        Value::Array(items) => last.parse::<usize>().is_ok_and(|at| {
            at < items.len() && {
                items.remove(at);
                true
            }
        }),
        _ => false,
    };
    if gone { Ok(()) } else { Err(format!("There is no {path}")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_patch_changes_what_it_names_and_says_what_is_not_there() {
        let document = json!({"Size": 8, "Tags": [{"Key": "a"}]});
        let patch = r#"[{"op":"replace","path":"/Size","value":9},{"op":"add","path":"/Tags/-","value":{"Key":"b"}},
            {"op":"test","path":"/Size","value":9},{"op":"move","from":"/Tags/0","path":"/First"}]"#;
        assert_eq!(apply(&document, patch), Ok(json!({"Size": 9, "Tags": [{"Key": "b"}], "First": {"Key": "a"}})));
        for wrong in [
            r#"[{"op":"replace","path":"/None","value":1}]"#,
            r#"[{"op":"remove","path":"/Tags/7"}]"#,
            r#"[{"op":"test","path":"/Size","value":1}]"#,
            "{}",
            "nonsense",
        ] {
            assert!(apply(&document, wrong).is_err(), "{wrong}");
        }
    }
}
