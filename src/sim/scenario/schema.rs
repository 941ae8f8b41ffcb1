//! The JSON schema of scenario files, for editors, made from the table of keys that the reader goes by. What holds between keys, and
//! whether names are known, is for the reader, which tells it with line and column.

use serde_json::{Map, Value, json};

use super::keys::{Keys, Kind, ROOT};
use Kind::{Any, Flag, Members, Number, One, Span, Table, Tables, Text, Texts, Time, Whole};

/// The schema (2020-12).
pub fn schema() -> Value {
    let mut schema = table(ROOT, &[]);
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "A scenario of lifeboat".into();
    schema["required"] = json!(["name", "title"]);
    schema
}

fn table(keys: Keys, members: &[&[&str]]) -> Value {
    let mut properties: Map<String, Value> = keys.iter().map(|(key, kind)| ((*key).to_owned(), typed(kind))).collect();
    properties.extend(members.iter().flat_map(|list| list.iter()).map(|member| ((*member).to_owned(), json!({}))));
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn typed(kind: &Kind) -> Value {
    match kind {
        Text => json!({ "type": "string" }),
        Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Number => json!({ "type": "number" }),
        Whole => json!({ "type": "integer" }),
        Flag => json!({ "type": "boolean" }),
        Time => json!({ "type": "string", "format": "date-time" }),
        Span => json!({ "type": "string", "pattern": "^([0-9]+(d|h|m|s|ms))+$" }),
        One(texts) => json!({ "enum": texts }),
        Any => json!({}),
        Table(keys) => table(keys, &[]),
        Tables(keys) => json!({ "type": "array", "items": table(keys, &[]) }),
        Members(keys, members) => json!({ "type": "array", "items": table(keys, members) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with every key of the schema.
    fn written(keys: Keys, path: &str, text: &mut String) {
        for (key, kind) in keys {
            let value = match kind {
                Text => "\"x\"",
                Texts => "[]",
                Number | Whole => "1",
                Flag => "true",
                Time => "2026-03-14T03:00:00Z",
                Span => "\"1m\"",
                One(texts) => &format!("\"{}\"", texts[0]),
                Any => "{}",
                Table(_) | Tables(_) | Members(..) => continue,
            };
            text.push_str(&format!("{key} = {value}\n"));
        }
        for (key, kind) in keys {
            let path = if path.is_empty() { (*key).to_owned() } else { format!("{path}.{key}") };
            match kind {
                Table(keys) => {
                    text.push_str(&format!("[{path}]\n"));
                    written(keys, &path, text);
                }
                Tables(keys) | Members(keys, _) => {
                    text.push_str(&format!("[[{path}]]\n"));
                    written(keys, &path, text);
                }
                _ => {}
            }
        }
    }

    #[test]
    fn every_key_of_the_schema_is_one_that_the_reader_knows_and_of_its_kind() {
        let mut text = String::new();
        written(ROOT, "", &mut text);
        let told = super::super::parse("x.toml", &text).unwrap_err().to_string();
        let wrong: Vec<&str> = told.lines().filter(|line| line.contains("unknown key") || line.contains("expected ")).collect();
        let wrong: Vec<_> = wrong
            .into_iter()
            .filter(|line| !line.contains("expected an account") && !line.contains("expected the ARN"))
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    /// Keys that a file uses and the schema does not know.
    fn unknown(value: &toml::Value, schema: &Value, path: &str, found: &mut Vec<String>) {
        match value {
            toml::Value::Table(entries) if schema["properties"].is_object() => {
                for (key, value) in entries {
                    match schema["properties"].get(key) {
                        Some(inner) => unknown(value, inner, &format!("{path}.{key}"), found),
                        None if schema["additionalProperties"] == false => found.push(format!("{path}.{key}")),
                        None => {}
                    }
                }
            }
            toml::Value::Array(items) => items.iter().for_each(|item| unknown(item, &schema["items"], path, found)),
            _ => {}
        }
    }

    #[test]
    fn the_schema_knows_every_key_that_a_shipped_scenario_uses() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/scenarios");
        let (mut found, mut files) = (Vec::new(), 0);
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                files += 1;
                let value: toml::Value = std::fs::read_to_string(&path).unwrap().parse::<toml::Table>().unwrap().into();
                unknown(&value, &schema(), &path.display().to_string(), &mut found);
            }
        }
        assert!(files >= 5);
        assert_eq!(found, Vec::<String>::new());
    }
}
