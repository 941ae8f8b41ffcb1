//! The JSON schema of scenario files, for editors: which tables there are, their keys and what kind each is of. What holds between
//! keys, and whether names are known, is for the reader, which tells it with line and column.

use serde_json::{Map, Value, json};

/// Kinds of values.
enum Kind {
    Text,
    Texts,
    Number,
    Whole,
    Flag,
    Time,
    Span,
    /// One of these texts.
    One(&'static [&'static str]),
    /// AWS's own members, whatever they are.
    Any,
    /// A table.
    Table(Keys),
    /// A list of tables.
    Tables(Keys),
    /// A list of tables with AWS's own members beside these keys.
    Members(Keys),
}

use Kind::{Any, Flag, Members, Number, One, Span, Table, Tables, Text, Texts, Time, Whole};

type Keys = &'static [(&'static str, Kind)];

const ROOT: Keys = &[
    ("name", Text),
    ("title", Text),
    ("brief", Text),
    ("goals", Texts),
    ("estate", Text),
    ("plan", Text),
    ("starts_at", Time),
    ("speed", Number),
    ("seed", Whole),
    ("propagation", Span),
    ("account", Tables(&[("id", Text), ("name", Text), ("support_plan", Flag)])),
    ("principal", Tables(&[("access_key", Text), ("account", Text), ("arn", Text), ("user_id", Text)])),
    ("role", Tables(&[("arn", Text), ("trusts", Texts), ("max_session", Span)])),
    ("site", Tables(SITE)),
    ("zone", Tables(&[("account", Text), ("id", Text), ("name", Text), ("generated", Whole), ("record", Members(&[]))])),
    ("health_check", Members(&[("account", Text), ("id", Text), ("watches", Text), ("well", Flag)])),
    (
        "cluster",
        Tables(&[
            ("account", Text),
            ("arn", Text),
            ("name", Text),
            ("control", Tables(&[("arn", Text), ("name", Text), ("on", Flag)])),
            ("rule", Members(&[("arn", Text)])),
        ]),
    ),
    ("expect", Tables(&[("restore", Text), ("takes", Span)])),
    ("shop", Table(&[("host", Text), ("front", Tables(FRONT))])),
    ("inject", Tables(INJECT)),
    ("score", Table(&[("objectives", Flag), ("signals", Texts), ("expect", Tables(CRITERION)), ("wrong", Tables(CRITERION))])),
];

const SITE: Keys = &[
    ("name", Text),
    ("account", Text),
    ("region", Text),
    ("metric", Members(&[("name", Text), ("base", Number), ("noise", Number)])),
    ("alarm", Members(&[])),
    (
        "vault",
        Tables(&[
            ("name", Text),
            ("key", Text),
            ("type", One(&["BACKUP_VAULT", "LOGICALLY_AIR_GAPPED_BACKUP_VAULT"])),
            ("locked", Flag),
        ]),
    ),
    ("point", Tables(POINT)),
    (
        "document",
        Tables(&[("name", Text), ("version", Text), ("required", Texts), ("optional", Texts), ("step", Tables(RUNBOOK))]),
    ),
    (
        "network",
        Table(&[
            ("subnet", Tables(&[("id", Text), ("zone", Text)])),
            ("security_groups", Texts),
            ("db_subnet_groups", Texts),
            ("keys", Texts),
        ]),
    ),
    ("resource", Tables(&[("arn", Text), ("type", Text), ("zone", Text)])),
    ("scale", Table(&[("points", Whole), ("alarms", Whole)])),
];

const STATUS: &[&str] = &["COMPLETED", "PARTIAL", "DELETING", "EXPIRED", "AVAILABLE", "STOPPED", "CREATING"];

const POINT: Keys = &[
    ("vault", Text),
    ("resource", Text),
    ("type", Text),
    ("name", Text),
    ("role", Text),
    ("key", Text),
    ("copied_from", Text),
    ("created_by", Any),
    ("age", Span),
    ("every", Span),
    ("count", Whole),
    ("bytes", Whole),
    ("took", Span),
    ("status", One(STATUS)),
    ("metadata", Any),
    ("delete_after_days", Whole),
    ("cold_after_days", Whole),
    ("continuous", Flag),
    ("scan", Any),
];

const RUNBOOK: Keys = &[("name", Text), ("action", Text), ("takes", Span), ("does", One(&["attach-volume"])), ("outputs", Any)];

const FRONT: Keys = &[
    ("site", Text),
    ("address", Text),
    ("host", Text),
    ("needs", Tables(&[("restored", Text), ("attached_to", Text), ("sentence", Text)])),
];

const INJECT: Keys = &[
    ("title", Text),
    ("at", Span),
    ("when", Table(CONDITION)),
    ("after", Span),
    ("by_hand", Flag),
    ("metric", Tables(&[("name", Text), ("to", Number), ("missing", Flag), ("over", Span)])),
    ("shop", Tables(&[("site", Text), ("down", Flag), ("wait", Span)])),
    ("health", Members(&[])),
    ("calm", Texts),
    ("fault", Tables(FAULT)),
    ("health_check", Tables(&[("id", Text), ("well", Flag)])),
    ("fail_restore", Tables(&[("of", Text), ("message", Text)])),
    ("fail_resource", Tables(&[("of", Text), ("message", Text)])),
    ("point", Tables(&[("arn", Text), ("status", One(STATUS))])),
    ("gone", Tables(&[("site", Text), ("resource", Text), ("newest", Whole)])),
    ("come", Tables(&[("site", Text), ("resource", Text), ("of", Time)])),
    ("scanned", Tables(&[("site", Text), ("resource", Text), ("newest", Whole), ("malware", Flag)])),
    ("ask", Tables(&[("text", Text), ("good", Text)])),
];

const CONDITION: Keys = &[
    ("restored", Text),
    ("served_by", Text),
    ("ran", Text),
    ("alarm", Text),
    ("site", Text),
    ("state", One(&["OK", "ALARM", "INSUFFICIENT_DATA"])),
    ("detected", Flag),
    ("waited", Flag),
    ("declared", Flag),
    ("closed", Flag),
    ("started", Text),
    ("ended", Text),
    ("failed", Text),
    ("skipped", Text),
];

const FAULT: Keys = &[
    ("name", Text),
    ("kind", One(super::parse_injects::KINDS)),
    ("preset", One(&["region", "control-plane", "us-east-1"])),
    ("service", Text),
    ("region", Text),
    ("operation", Text),
    ("account", Text),
    ("lasts", Span),
    ("calls", Whole),
    ("chance", Number),
    ("from", Span),
    ("to", Span),
    ("over", Span),
    ("status", Whole),
];

const CRITERION: Keys = &[
    ("title", Text),
    ("why", Text),
    ("did", One(super::parse_rules::DEEDS)),
    ("step", Text),
    ("mentions", Texts),
    ("from", Span),
    ("until", Span),
    ("data_from", Time),
    ("data_until", Time),
    ("points", Whole),
];

/// The schema (2020-12).
pub fn schema() -> Value {
    let mut schema = table(ROOT, false);
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "A scenario of lifeboat".into();
    schema["required"] = json!(["name", "title"]);
    schema
}

fn table(keys: Keys, open: bool) -> Value {
    let properties: Map<String, Value> = keys.iter().map(|(key, kind)| ((*key).to_owned(), typed(kind))).collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": open })
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
        Table(keys) => table(keys, false),
        Tables(keys) => json!({ "type": "array", "items": table(keys, false) }),
        Members(keys) => json!({ "type": "array", "items": table(keys, true) }),
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
                Table(_) | Tables(_) | Members(_) => continue,
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
                Tables(keys) | Members(keys) => {
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
        let wrong: Vec<_> = wrong.into_iter().filter(|line| !line.contains("expected an account")).collect();
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
