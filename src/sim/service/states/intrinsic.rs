//! The intrinsic functions of the Amazon States Language.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use serde_json::{Value, json};
use sha2::{Sha256, Sha384, Sha512};

use super::path::{Fault, Scope, at};
use crate::sim::seed;

fn failed(text: &str, why: &str) -> Fault {
    ("States.IntrinsicFailure", format!("The function '{text}' failed: {why}"))
}

/// The value of a call such as `States.Format('{} is {}', $.a, $.b)`.
///
/// # Errors
/// It is none, or its arguments do not fit.
pub fn call(scope: Scope<'_>, text: &str) -> Result<Value, Fault> {
    let (value, rest) = read_call(scope, text.trim(), 0)?;
    if rest.trim().is_empty() { Ok(value) } else { Err(failed(text, "there is more behind its end")) }
}

/// How deep calls may be nested.
const DEPTH: usize = 10;

fn read_call<'a>(scope: Scope<'_>, text: &'a str, depth: usize) -> Result<(Value, &'a str), Fault> {
    let (name, mut rest) = text.split_once('(').ok_or_else(|| failed(text, "it is not a call"))?;
    if depth > DEPTH {
        return Err(failed(name, "calls are nested too deeply"));
    }
    let mut arguments = Vec::new();
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix(')') {
            return Ok((apply(name.trim(), arguments)?, after));
        }
        if !arguments.is_empty() {
            rest = rest.strip_prefix(',').ok_or_else(|| failed(name, "a comma is missing"))?.trim_start();
        }
        let (value, after) = read_argument(scope, name, rest, depth)?;
        arguments.push(value);
        rest = after;
    }
}

fn read_argument<'a>(scope: Scope<'_>, name: &str, text: &'a str, depth: usize) -> Result<(Value, &'a str), Fault> {
    if let Some(quoted) = text.strip_prefix('\'') {
        let mut value = String::new();
        let mut letters = quoted.char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '\'' => return Ok((value.into(), &quoted[at + 1..])),
                '\\' => match letters.next() {
                    Some((_, letter @ ('{' | '}'))) if name.trim() == "States.Format" => value.extend(['\\', letter]),
                    Some((_, letter)) => value.push(letter),
                    None => break,
                },
                letter => value.push(letter),
            }
        }
        return Err(failed(name, "a text has no end"));
    }
    if text.starts_with("States.") {
        return read_call(scope, text, depth + 1);
    }
    let mut quoted = None;
    let end = text.find(|c: char| match (quoted, c) {
        (Some(quote), c) if c == quote => {
            quoted = None;
            false
        }
        (Some(_), _) => false,
        (None, '\'' | '"') => {
            quoted = Some(c);
            false
        }
        (None, c) => matches!(c, ',' | ')'),
    });
    let (word, rest) = text.split_at(end.ok_or_else(|| failed(name, "it has no end"))?);
    let word = word.trim();
    if word.starts_with('$') {
        return Ok((at(scope, word)?, rest));
    }
    let value = serde_json::from_str(word).map_err(|_| failed(name, &format!("'{word}' is no argument")))?;
    Ok((value, rest))
}

fn apply(name: &str, arguments: Vec<Value>) -> Result<Value, Fault> {
    let wrong = |why: &str| failed(name, why);
    let text = |at: usize| arguments.get(at).and_then(Value::as_str).ok_or_else(|| wrong("it takes a text"));
    let list = |at: usize| arguments.get(at).and_then(Value::as_array).ok_or_else(|| wrong("it takes an array"));
    let whole = |at: usize| {
        let number = arguments.get(at).and_then(Value::as_f64).filter(|number| number.abs() < 9e15);
        number.map(|number| number.round() as i64).ok_or_else(|| wrong("it takes a number"))
    };
    let parse = |text: &str| serde_json::from_str(text).map_err(|error| wrong(&error.to_string()));
    Ok(match name {
        "States.Format" => {
            format(text(0)?, &arguments[1..]).ok_or_else(|| wrong("it has not as many arguments as places"))?.into()
        }
        "States.StringToJson" => parse(text(0)?)?,
        "States.JsonToString" => arguments.first().ok_or_else(|| wrong("it takes a value"))?.to_string().into(),
        "States.Array" => Value::Array(arguments),
        "States.ArrayPartition" => {
            let size =
                usize::try_from(whole(1)?).ok().filter(|size| *size > 0).ok_or_else(|| wrong("the size is not positive"))?;
            list(0)?.chunks(size).map(|chunk| Value::from(chunk.to_vec())).collect()
        }
        "States.ArrayContains" => list(0)?.contains(arguments.get(1).unwrap_or(&Value::Null)).into(),
        "States.ArrayRange" => {
            let (first, last, step) = (whole(0)?, whole(1)?, whole(2)?);
            if step == 0 || (last - first) / step > 1000 {
                return Err(wrong("the range has no or too many elements"));
            }
            let numbers = std::iter::successors(Some(first), |number| Some(number + step));
            numbers.take_while(|number| if step > 0 { *number <= last } else { *number >= last }).map(Value::from).collect()
        }
        "States.ArrayGetItem" => {
            let at = usize::try_from(whole(1)?).map_err(|_| wrong("the index is outside of the array"))?;
            list(0)?.get(at).cloned().ok_or_else(|| wrong("the index is outside of the array"))?
        }
        "States.ArrayLength" => list(0)?.len().into(),
        "States.ArrayUnique" => {
            let mut unique: Vec<Value> = Vec::new();
            for item in list(0)? {
                if !unique.contains(item) {
                    unique.push(item.clone());
                }
            }
            unique.into()
        }
        "States.Base64Encode" => STANDARD.encode(text(0)?).into(),
        "States.Base64Decode" => {
            let bytes = STANDARD.decode(text(0)?).map_err(|error| wrong(&error.to_string()))?;
            String::from_utf8(bytes).map_err(|error| wrong(&error.to_string()))?.into()
        }
        "States.Hash" => {
            hash(arguments.first().unwrap_or(&Value::Null), text(1)?).ok_or_else(|| wrong("the algorithm is not known"))?.into()
        }
        "States.MathRandom" => {
            let (from, to) = (whole(0)?, whole(1)?);
            let span = u64::try_from(to - from).ok().filter(|span| *span > 0).ok_or_else(|| wrong("the range is empty"))?;
            // Without a seed of its own it is drawn from the arguments, so that the same world draws the same.
            let bits =
                seed::hash(arguments.get(2).and_then(Value::as_u64).unwrap_or(0), &Value::from(arguments.clone()).to_string());
            (from + i64::try_from(bits % span).unwrap_or(0)).into()
        }
        "States.MathAdd" => (whole(0)? + whole(1)?).into(),
        "States.StringSplit" => {
            let separators = text(1)?;
            text(0)?.split(|c| separators.contains(c)).filter(|part| !part.is_empty()).map(Value::from).collect()
        }
        "States.UUID" => {
            let bits = seed::hash(1, &Value::from(arguments.clone()).to_string());
            seed::uuid(bits, seed::mix(bits)).into()
        }
        "States.JsonMerge" => match (arguments.first(), arguments.get(1)) {
            (Some(Value::Object(a)), Some(Value::Object(b))) => {
                let mut merged = a.clone();
                merged.extend(b.clone());
                json!(merged)
            }
            _ => return Err(wrong("it takes two objects")),
        },
        _ => return Err(wrong("it is not known")),
    })
}

fn hash(value: &Value, algorithm: &str) -> Option<String> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(match algorithm {
        "MD5" => hex(&Md5::digest(text.as_bytes())),
        "SHA-256" => hex(&Sha256::digest(text.as_bytes())),
        "SHA-384" => hex(&Sha384::digest(text.as_bytes())),
        "SHA-512" => hex(&Sha512::digest(text.as_bytes())),
        _ => return None,
    })
}

fn format(template: &str, arguments: &[Value]) -> Option<String> {
    let mut arguments = arguments.iter();
    let mut text = String::new();
    let mut letters = template.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => text.extend(letters.next()),
            '{' if letters.peek() == Some(&'}') => {
                letters.next();
                text.push_str(&crate::sim::estate::plain(arguments.next()?));
            }
            letter => text.push(letter),
        }
    }
    arguments.next().is_none().then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_have_the_values_of_the_developer_guide() {
        let input = json!({"name": "Anna", "list": [1, 2, 3, 3], "text": "a,b", "object": {"x": 1}, "json": "{\"a\":1}"});
        let scope = Scope { input: &input, context: &Value::Null };
        for (text, expected) in [
            ("States.Format('Hello, {} \\{{}\\}.', $.name, $.list[0])", json!("Hello, Anna {1}.")),
            ("States.StringToJson($.json)", json!({"a": 1})),
            ("States.JsonToString($.object)", json!("{\"x\":1}")),
            ("States.Array('a', 2, $.name, null)", json!(["a", 2, "Anna", null])),
            ("States.ArrayPartition($.list, 2)", json!([[1, 2], [3, 3]])),
            ("States.ArrayUnique($.list)", json!([1, 2, 3])),
            ("States.ArrayRange(1, 9, 4)", json!([1, 5, 9])),
            ("States.ArrayGetItem(States.Array(4, 5), States.MathAdd(0, 1))", json!(5)),
            ("States.StringSplit($.text, ',')", json!(["a", "b"])),
            ("States.Base64Decode(States.Base64Encode('x y'))", json!("x y")),
            ("States.Hash('a', 'MD5')", json!("0cc175b9c0f1b6a831c399e269772661")),
            ("States.JsonMerge($.object, States.StringToJson($.json), false)", json!({"x": 1, "a": 1})),
        ] {
            assert_eq!(call(scope, text).unwrap(), expected, "{text}");
        }
        for wrong in
            ["States.Nope()", "States.Format('{}')", "States.ArrayLength($.name)", "States.Array('a'", "States.Array(1) x"]
        {
            assert_eq!(call(scope, wrong).unwrap_err().0, "States.IntrinsicFailure", "{wrong}");
        }
    }
}
