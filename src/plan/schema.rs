//! The JSON schema of plan files, for editors, made from the tables of docs/plan-format.md: one description for people and for programs.
//!
//! A schema knows the shape of a file and what each key means; what holds between steps is for `plan check`.

use serde_json::{Map, Value, json};

use super::steps::ACTIONS;

/// The page that describes every key.
const PAGE: &str = include_str!("../../docs/plan-format.md");

/// What a table of the page says of one key.
struct Key {
    name: String,
    kind: String,
    required: bool,
    meaning: String,
}

/// The JSON schema (2020-12) of plan files.
pub fn schema() -> Value {
    let mut root = object(&keys("## Top level"));
    let table = |heading: &str| object(&keys(heading));
    let named = |heading: &str| json!({ "type": "object", "additionalProperties": table(heading) });
    let mut step = object(&keys("## `[[step]]`"));
    step["properties"]["when"] = json!({ "$ref": "#/$defs/condition" });
    step["properties"]["action"] = json!({ "enum": ACTIONS, "description": "What the step does." });
    let of_action = ACTIONS.iter().map(|action| {
        json!({
            "if": { "properties": { "action": { "const": action } }, "required": ["action"] },
            "then": { "properties": { "with": object(&keys(&format!("### `{action}`"))) } },
        })
    });
    step["allOf"] = of_action.collect();
    root["properties"]["sites"] = named("## `[sites.NAME]`");
    root["properties"]["sites"]["required"] = json!(["primary", "recovery"]);
    root["properties"]["signals"] = table("## `[signals]`");
    root["properties"]["resources"] = named("## `[resources.NAME]`");
    root["properties"]["variables"] = named("## `[variables.NAME]`");
    root["properties"]["choices"] = named("## `[choices.NAME]`");
    root["properties"]["step"] = json!({ "type": "array", "minItems": 1, "items": step });
    root["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    root["title"] = "A recovery plan of lifeboat".into();
    root["$defs"] = json!({ "condition": condition() });
    root
}

/// The rows of the table under a heading, up to the next heading.
fn keys(heading: &str) -> Vec<Key> {
    let mut lines = PAGE.lines().skip_while(|line| line.trim() != heading).skip(1).take_while(|line| !line.starts_with('#'));
    let header = |line: &str| line.replace(' ', "").starts_with("|key|kind|required|meaning|");
    if !lines.by_ref().any(header) {
        return Vec::new();
    }
    lines.skip(1).take_while(|line| line.starts_with('|')).filter_map(row).collect()
}

fn row(line: &str) -> Option<Key> {
    let line = line.replace("\\|", "\u{0}");
    let cells: Vec<String> = line.trim_matches('|').split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect();
    let [name, kind, required, meaning] = cells.try_into().ok()?;
    Some(Key { name: name.trim_matches('`').to_owned(), kind, required: required == "yes", meaning })
}

/// An object with these keys and no others; `a.b` is the key `b` of a table, or of each table of an array, at `a`.
fn object(keys: &[Key]) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for key in keys.iter().filter(|key| !key.name.contains('.')) {
        properties.insert(key.name.clone(), typed(key));
        if key.required {
            required.push(Value::from(key.name.clone()));
        }
    }
    let mut outer: Vec<&str> = keys.iter().filter_map(|key| key.name.split_once('.')).map(|(outer, _)| outer).collect();
    outer.dedup();
    for name in outer {
        let inner: Vec<Key> = keys
            .iter()
            .filter_map(|key| {
                let (of, inner) = key.name.split_once('.')?;
                let (kind, meaning) = (key.kind.clone(), key.meaning.clone());
                (of == name).then(|| Key { name: inner.to_owned(), kind, required: key.required, meaning })
            })
            .collect();
        let inner = object(&inner);
        let is_array = properties.get(name).is_some_and(|known| known["type"] == "array");
        if !properties.contains_key(name) && inner["required"].as_array().is_some_and(|required| !required.is_empty()) {
            required.push(Value::from(name));
        }
        let entry = properties.entry(name).or_insert_with(|| inner.clone());
        if is_array {
            entry["items"] = inner;
        }
    }
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// The schema of one key, by the words of its kind.
fn typed(key: &Key) -> Value {
    let kind = key.kind.as_str();
    let mut of = match kind {
        "`1`" => json!({ "const": 1 }),
        _ if kind.starts_with("array of tables") => json!({ "type": "array", "items": { "type": "object" } }),
        _ if kind.starts_with("array of") => json!({ "type": "array", "items": { "type": "string" } }),
        _ if kind.starts_with("table of `name` and `value`") => json!({
            "type": "object",
            "properties": { "name": { "type": "string" }, "value": { "type": "string" } },
            "required": ["name", "value"],
            "additionalProperties": false,
        }),
        _ if kind.starts_with("table of templates or arrays") => json!({
            "type": "object",
            "additionalProperties": { "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] },
        }),
        "template or array of templates" => {
            json!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] })
        }
        "table of templates" | "table of strings by id" => {
            json!({ "type": "object", "additionalProperties": { "type": "string" } })
        }
        "string, or `{ step = \"ID\" }`" => json!({ "anyOf": [
            { "type": "string" },
            { "type": "object", "properties": { "step": { "type": "string" } }, "required": ["step"], "additionalProperties": false },
        ] }),
        _ if kind.starts_with("table") => json!({ "type": "object" }),
        "boolean" => json!({ "type": "boolean" }),
        "duration" => json!({ "type": "string", "pattern": "^([0-9]+(d|h|m|s|ms))+$" }),
        "id" => json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$" }),
        "12 digits in quotes" => json!({ "type": "string", "pattern": "^[0-9]{12}$" }),
        _ if kind.starts_with("integer") => json!({ "type": "integer" }),
        _ => one_of(kind).or_else(|| range(kind)).unwrap_or_else(|| plain(kind)),
    };
    of["description"] = key.meaning.clone().into();
    of
}

/// What is no more than a text, or, where the words name another kind, whatever it is.
fn plain(kind: &str) -> Value {
    let words = ["string", "template", "Region", "ARN", "name", "option", "regular", "`\""];
    if words.iter().any(|word| kind.contains(word)) { json!({ "type": "string" }) } else { json!({}) }
}

/// `"key"`, `"type"`, `"second-person"`: one of these texts.
fn one_of(kind: &str) -> Option<Value> {
    let text = |part: &str| Some(part.trim().strip_prefix("`\"")?.strip_suffix("\"`")?.to_owned());
    let all: Option<Vec<String>> = kind.split(", ").map(text).collect();
    all.map(|all| json!({ "enum": all }))
}

/// `0 to 255`.
fn range(kind: &str) -> Option<Value> {
    let (least, most) = kind.split_once(" to ")?;
    Some(json!({ "type": "integer", "minimum": least.parse::<i64>().ok()?, "maximum": most.parse::<i64>().ok()? }))
}

fn condition() -> Value {
    let texts = json!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] });
    let about = |name: &str, of: Value| json!({ "type": "object", "properties": { name: of, "is": texts }, "required": [name], "additionalProperties": false });
    let parts = json!({ "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/condition" } });
    let only = |name: &str, of: &Value| json!({ "type": "object", "properties": { name: of }, "required": [name], "additionalProperties": false });
    json!({
        "description": "When the step applies.",
        "oneOf": [
            only("mode", &texts),
            about("choice", json!({ "type": "string" })),
            about("variable", json!({ "type": "string" })),
            about("signal", json!({ "type": "string" })),
            only("all", &parts),
            only("any", &parts),
            only("not", &json!({ "$ref": "#/$defs/condition" })),
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_section_and_every_action_of_the_page_is_in_the_schema() {
        for heading in [
            "## Top level",
            "## `[sites.NAME]`",
            "## `[signals]`",
            "## `[variables.NAME]`",
            "## `[choices.NAME]`",
            "## `[[step]]`",
        ] {
            assert!(!keys(heading).is_empty(), "{heading}");
        }
        for action in ACTIONS {
            assert!(!keys(&format!("### `{action}`")).is_empty(), "{action} has no table in docs/plan-format.md");
        }
        let schema = schema();
        let step = &schema["properties"]["step"]["items"];
        assert_eq!(step["properties"]["confirm"]["enum"], json!(["key", "type", "second-person"]));
        assert_eq!(step["required"], json!(["id", "title", "phase", "action", "with"]));
        assert_eq!(schema["properties"]["objectives"]["required"], json!(["rto", "rpo"]));
        let weight =
            step["allOf"][2]["then"]["properties"]["with"]["properties"]["records"]["items"]["properties"]["weight"].clone();
        assert_eq!((weight["minimum"].clone(), weight["maximum"].clone()), (json!(0), json!(255)));
    }
}
