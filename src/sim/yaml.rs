//! YAML as AWS's templates and documents are written in it: a document becomes a JSON value, and a short tag such as `!Ref` the
//! object that it stands for.
//!
//! Aliases and merges are not followed, as AWS does not take them.

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use serde_json::{Map, Value};

/// Nesting beyond this is refused.
const DEPTH_LIMIT: usize = 64;

/// Reads the first document of `text`.
///
/// # Errors
/// A sentence that names what is wrong, with line and column where the parser knows them.
pub fn parse(text: &str) -> Result<Value, String> {
    let mut parser = Parser::new_from_str(text);
    loop {
        match next(&mut parser)? {
            Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
            Event::StreamEnd | Event::DocumentEnd => return Ok(Value::Null),
            event => return node(&mut parser, event, 0),
        }
    }
}

type Source<'a> = Parser<'a, saphyr_parser::StrInput<'a>>;

fn next<'a>(parser: &mut Source<'a>) -> Result<Event<'a>, String> {
    match parser.next_event() {
        None => Ok(Event::StreamEnd),
        Some(Ok((event, _))) => Ok(event),
        Some(Err(error)) => {
            let at = error.marker();
            Err(format!("{} (line {}, column {})", error.info(), at.line(), at.col() + 1))
        }
    }
}

fn node<'a>(parser: &mut Source<'a>, event: Event<'a>, depth: usize) -> Result<Value, String> {
    if depth > DEPTH_LIMIT {
        return Err("the document is nested too deeply".to_owned());
    }
    match event {
        Event::Scalar(text, style, _, tag) => {
            let plain = style == ScalarStyle::Plain && tag.is_none();
            Ok(tagged(tag.as_deref(), if plain { typed(&text) } else { Value::String(text.into_owned()) }))
        }
        Event::SequenceStart(_, tag) => {
            let mut items = Vec::new();
            loop {
                match next(parser)? {
                    Event::SequenceEnd => break,
                    event => items.push(node(parser, event, depth + 1)?),
                }
            }
            Ok(tagged(tag.as_deref(), Value::Array(items)))
        }
        Event::MappingStart(_, tag) => {
            let mut members = Map::new();
            loop {
                let key = match next(parser)? {
                    Event::MappingEnd => break,
                    Event::Scalar(text, ..) => text.into_owned(),
                    _ => return Err("a key that is no text".to_owned()),
                };
                let event = next(parser)?;
                let value = node(parser, event, depth + 1)?;
                if members.insert(key.clone(), value).is_some() {
                    return Err(format!("duplicated mapping key: {key}"));
                }
            }
            Ok(tagged(tag.as_deref(), Value::Object(members)))
        }
        Event::Alias(_) => Err("YAML aliases are not allowed in CloudFormation templates".to_owned()),
        _ => Err("the document ends too early".to_owned()),
    }
}

/// What a short tag of CloudFormation stands for.
fn tagged(tag: Option<&Tag>, value: Value) -> Value {
    let Some(name) = tag.filter(|tag| tag.handle == "!").map(|tag| tag.suffix.as_str()) else { return value };
    let (name, value) = match (name, &value) {
        ("Ref" | "Condition", _) => (name.to_owned(), value),
        ("GetAtt", Value::String(text)) => {
            let (resource, attribute) = text.split_once('.').unwrap_or((text, ""));
            ("Fn::GetAtt".to_owned(), serde_json::json!([resource, attribute]))
        }
        _ => (format!("Fn::{name}"), value),
    };
    Value::Object(Map::from_iter([(name, value)]))
}

/// A plain scalar: what YAML has words for, numbers, and else the text. Times stay texts.
fn typed(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole && (digits == "0" || !digits.starts_with('0')) {
        return text.parse::<i64>().map_or_else(|_| text.into(), Value::from);
    }
    let decimal = digits.split_once('.').is_some_and(|(whole, rest)| {
        !whole.is_empty() && !rest.is_empty() && [whole, rest].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
    });
    if decimal { text.parse::<f64>().map_or_else(|_| text.into(), Value::from) } else { text.into() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_template_with_short_tags_is_read_as_its_long_form() {
        let text = "
AWSTemplateFormatVersion: 2010-09-09
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub '${AWS::StackName}-q'
      DelaySeconds: 5
      FifoQueue: false
      Name: !Join ['-', [!Ref Name, '007', !GetAtt Topic.TopicName]]
      Policy: |
        {\"a\": 1}
      Account: 007
";
        let queue = &parse(text).unwrap()["Resources"]["Queue"]["Properties"];
        assert_eq!(
            *queue,
            json!({
                "QueueName": {"Fn::Sub": "${AWS::StackName}-q"}, "DelaySeconds": 5, "FifoQueue": false,
                "Name": {"Fn::Join": ["-", [{"Ref": "Name"}, "007", {"Fn::GetAtt": ["Topic", "TopicName"]}]]},
                "Policy": "{\"a\": 1}\n", "Account": "007",
            })
        );
        assert_eq!(parse(text).unwrap()["AWSTemplateFormatVersion"], "2010-09-09");
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_place() {
        assert!(parse("a: [1, 2").unwrap_err().contains("line"));
        assert!(parse("a: &x 1\nb: *x").unwrap_err().contains("aliases"));
        assert!(parse("a: 1\na: 2").unwrap_err().contains("duplicated"));
        assert_eq!(parse(""), Ok(Value::Null));
        assert!(parse(&"[".repeat(1000)).is_err());
    }
}
