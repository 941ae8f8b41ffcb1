//! Words and signs of DynamoDB's expressions, paths and operands: what every kind of expression is made of.
//!
//! Source: DynamoDB developer guide, "Using expressions in DynamoDB". It must not know of items or tables.

use serde_json::Value;

use super::placeholders::Placeholders;
use super::tree::{Operand, Path, Step};
use super::value::{detected, invalid, whole_value};
use crate::sim::call::Refusal;

/// The words that may not stand in an expression as they are.
///
/// Source: DynamoDB developer guide, "Reserved words in DynamoDB".
const RESERVED: &str = include_str!("reserved.txt");

/// One word or sign of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) text: String,
    from: usize,
    to: usize,
}

/// Reads one expression. `what` is the member's name: `ConditionExpression`.
#[derive(Debug)]
pub struct Parser<'a> {
    pub(super) what: &'a str,
    source: &'a str,
    pub(super) tokens: Vec<Token>,
    pub(super) at: usize,
    pub(super) depth: usize,
    pub(super) placeholders: &'a Placeholders<'a>,
}

/// How deep conditions may be nested.
pub(super) const DEPTH: usize = 150;
/// The longest expression, in bytes.
const EXPRESSION_BYTES: usize = 4096;

impl<'a> Parser<'a> {
    /// The expression in member `what` of `input`; `None` where it has none.
    ///
    /// # Errors
    /// It is empty, too long, or has letters that no expression has.
    pub fn of(input: &'a Value, what: &'a str, placeholders: &'a Placeholders<'a>) -> Result<Option<Self>, Refusal> {
        let Some(source) = input.get(what).and_then(Value::as_str) else { return Ok(None) };
        if source.trim().is_empty() {
            let message = format!("Invalid {what}: The expression can not be empty;");
            return Err(if what == "UpdateExpression" { detected(message) } else { invalid(message) });
        }
        if source.len() > EXPRESSION_BYTES {
            let message = "Expression size has exceeded the maximum allowed size; expression size:";
            return Err(invalid(format!("Invalid {what}: {message} {}", source.len())));
        }
        let mut parser = Self { what, source, tokens: Vec::new(), at: 0, depth: 0, placeholders };
        parser.scan()?;
        Ok(Some(parser))
    }

    fn scan(&mut self) -> Result<(), Refusal> {
        let bytes = self.source.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let from = at;
            let in_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
            match bytes[at] {
                byte if byte.is_ascii_whitespace() => {
                    at += 1;
                    continue;
                }
                b'#' | b':' => {
                    at += 1;
                    while at < bytes.len() && in_word(bytes[at]) {
                        at += 1;
                    }
                }
                byte if in_word(byte) => {
                    while at < bytes.len() && in_word(bytes[at]) {
                        at += 1;
                    }
                }
                b'<' if bytes.get(at + 1).is_some_and(|next| matches!(next, b'=' | b'>')) => at += 2,
                b'>' if bytes.get(at + 1) == Some(&b'=') => at += 2,
                b'(' | b')' | b',' | b'.' | b'[' | b']' | b'=' | b'<' | b'>' | b'+' | b'-' => at += 1,
                _ => {
                    at += 1;
                    while !self.source.is_char_boundary(at) {
                        at += 1;
                    }
                    self.tokens.push(Token { text: self.source[from..at].to_owned(), from, to: at });
                    self.at = self.tokens.len() - 1;
                    return Err(self.syntax());
                }
            }
            self.tokens.push(Token { text: self.source[from..at].to_owned(), from, to: at });
        }
        Ok(())
    }

    pub(super) fn refuse(&self, message: &str) -> Refusal {
        invalid(format!("Invalid {}: {message}", self.what))
    }

    /// The same about what is found in a whole expression: of updates DynamoDB says how many such things it found.
    pub(super) fn found(&self, message: &str) -> Refusal {
        let refusal = self.refuse(message);
        if self.what == "UpdateExpression" { detected(refusal.message) } else { refusal }
    }

    pub(super) fn syntax(&self) -> Refusal {
        let token = self.tokens.get(self.at).map_or("<EOF>", |token| token.text.as_str());
        let first = self.at.saturating_sub(1).min(self.tokens.len().saturating_sub(1));
        let last = (self.at + 1).min(self.tokens.len().saturating_sub(1));
        let near = match (self.tokens.get(first), self.tokens.get(last)) {
            (Some(first), Some(last)) => &self.source[first.from..last.to],
            _ => "",
        };
        self.refuse(&format!("Syntax error; token: \"{token}\", near: \"{near}\""))
    }

    pub(super) fn peek(&self) -> Option<&str> {
        self.tokens.get(self.at).map(|token| token.text.as_str())
    }

    pub(super) fn take(&mut self, text: &str) -> bool {
        let found = self.peek() == Some(text);
        self.at += usize::from(found);
        found
    }

    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|text| text.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, text: &str) -> Result<(), Refusal> {
        if self.take(text) { Ok(()) } else { Err(self.syntax()) }
    }

    pub(super) fn end(&self) -> Result<(), Refusal> {
        if self.at == self.tokens.len() { Ok(()) } else { Err(self.syntax()) }
    }

    pub(super) fn is_call(&self) -> bool {
        self.tokens.get(self.at + 1).is_some_and(|token| token.text == "(")
    }

    fn name(&mut self) -> Result<String, Refusal> {
        let text = self.peek().ok_or_else(|| self.syntax())?.to_owned();
        if text.starts_with('#') {
            let name = self.placeholders.names.and_then(|names| names.get(&text)).and_then(Value::as_str);
            let Some(name) = name else {
                let message = "An expression attribute name used in the document path is not defined; attribute name:";
                return Err(self.refuse(&format!("{message} {text}")));
            };
            self.placeholders.used.borrow_mut().insert(text);
            self.at += 1;
            return Ok(name.to_owned());
        }
        if !text.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            return Err(self.syntax());
        }
        if RESERVED.split_whitespace().any(|word| word.eq_ignore_ascii_case(&text)) {
            return Err(self.refuse(&format!("Attribute name is a reserved keyword; reserved keyword: {text}")));
        }
        self.at += 1;
        Ok(text)
    }

    pub(super) fn path(&mut self) -> Result<Path, Refusal> {
        let mut path = vec![Step::Name(self.name()?)];
        loop {
            if self.take(".") {
                path.push(Step::Name(self.name()?));
            } else if self.take("[") {
                let index = self.peek().and_then(|text| text.parse().ok()).ok_or_else(|| self.syntax())?;
                self.at += 1;
                self.expect("]")?;
                path.push(Step::Index(index));
            } else {
                return Ok(path);
            }
        }
    }

    pub(super) fn value(&mut self) -> Result<Value, Refusal> {
        let text = self.peek().filter(|text| text.starts_with(':')).ok_or_else(|| self.syntax())?.to_owned();
        let Some(value) = self.placeholders.values.and_then(|values| values.get(&text)) else {
            let message = "An expression attribute value used in expression is not defined; attribute value:";
            return Err(self.refuse(&format!("{message} {text}")));
        };
        self.placeholders.used.borrow_mut().insert(text);
        self.at += 1;
        whole_value(value, 0)
    }

    pub(super) fn operand(&mut self) -> Result<Operand, Refusal> {
        let text = self.peek().ok_or_else(|| self.syntax())?;
        if text.starts_with(':') {
            return self.value().map(Operand::Value);
        }
        if self.is_call() {
            if !text.eq("size") {
                return Err(self.wrong_function());
            }
            self.at += 2;
            let path = self.path()?;
            self.expect(")")?;
            return Ok(Operand::Size(path));
        }
        self.path().map(Operand::Path)
    }

    pub(super) fn wrong_function(&self) -> Refusal {
        let name = self.peek().unwrap_or_default();
        let known = ["size", "attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains"];
        let known = known.contains(&name) || ["if_not_exists", "list_append"].contains(&name);
        let message = if known {
            "The function is not allowed to be used this way in an expression; function:"
        } else {
            "Invalid function name; function:"
        };
        self.refuse(&format!("{message} {name}"))
    }
}
