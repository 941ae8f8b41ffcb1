//! The grammar of DynamoDB's expressions: text to a tree, placeholders resolved.
//!
//! Source: DynamoDB developer guide, "Using expressions in DynamoDB". It must not know of items or tables.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::value::{invalid, kind, whole_value};
use crate::sim::call::Refusal;

/// The words that may not stand in an expression as they are.
///
/// Source: DynamoDB developer guide, "Reserved words in DynamoDB".
const RESERVED: &str = include_str!("reserved.txt");

/// One step of a document path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A member of a map, or an attribute.
    Name(String),
    /// An element of a list.
    Index(usize),
}

/// A document path: the attribute comes first.
pub type Path = Vec<Step>;

/// Something that has a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// What stands at a path.
    Path(Path),
    /// A value that was given.
    Value(Value),
    /// The length of what stands at a path.
    Size(Path),
}

/// How two operands are to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparator {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// A condition on an item.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// Both.
    And(Box<Condition>, Box<Condition>),
    /// One of them.
    Or(Box<Condition>, Box<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// Two operands compare.
    Compare(Operand, Comparator, Operand),
    /// An operand lies between two others, or is one of them.
    Between(Operand, Operand, Operand),
    /// An operand is one of these.
    In(Operand, Vec<Operand>),
    /// Is there something at a path?
    Exists(Path, bool),
    /// What stands at a path has this type.
    Type(Path, Operand),
    /// A text or bytes begin so.
    Begins(Operand, Operand),
    /// A text, set or list holds this.
    Contains(Operand, Operand),
}

/// What an attribute is set to.
#[derive(Debug, Clone, PartialEq)]
pub enum Term {
    /// An operand.
    Operand(Operand),
    /// What stands at a path, else a term.
    IfNotExists(Path, Box<Term>),
    /// Two lists, one after the other.
    Append(Box<Term>, Box<Term>),
    /// The sum.
    Plus(Box<Term>, Box<Term>),
    /// The difference.
    Minus(Box<Term>, Box<Term>),
}

/// One action of an update.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// SET
    Set(Path, Term),
    /// REMOVE
    Remove(Path),
    /// ADD
    Add(Path, Value),
    /// DELETE
    Delete(Path, Value),
}

impl Action {
    /// The path that it changes.
    pub fn path(&self) -> &Path {
        match self {
            Self::Set(path, _) | Self::Remove(path) | Self::Add(path, _) | Self::Delete(path, _) => path,
        }
    }
}

/// What the placeholders of a call's expressions stand for, and which were used.
#[derive(Debug)]
pub struct Placeholders<'a> {
    names: Option<&'a Map<String, Value>>,
    values: Option<&'a Map<String, Value>>,
    used: RefCell<BTreeSet<String>>,
}

impl<'a> Placeholders<'a> {
    /// Those of an input.
    ///
    /// # Errors
    /// They are given without an expression, empty, or misspelt.
    pub fn of(input: &'a Value, expressions: &[&str]) -> Result<Self, Refusal> {
        let map = |key: &str| input.get(key).and_then(Value::as_object);
        let (names, values) = (map("ExpressionAttributeNames"), map("ExpressionAttributeValues"));
        let without = expressions.iter().all(|expression| input.get(*expression).is_none());
        for (what, mark, given) in [("Names", '#', names), ("Values", ':', values)] {
            let Some(given) = given else { continue };
            if without {
                return Err(invalid(match (what, expressions) {
                    ("Values", [only]) => {
                        format!("ExpressionAttributeValues can only be specified when using expressions: {only} is null")
                    }
                    _ => format!("ExpressionAttribute{what} can only be specified when using expressions"),
                }));
            }
            if given.is_empty() {
                return Err(invalid(format!("ExpressionAttribute{what} must not be empty")));
            }
            let whole = |key: &String| {
                key.len() > 1 && key.starts_with(mark) && key[1..].chars().all(|c| c.is_alphanumeric() || c == '_')
            };
            if let Some(wrong) = given.keys().find(|key| !whole(key)) {
                return Err(invalid(format!("ExpressionAttribute{what} contains invalid key: Syntax error; key: \"{wrong}\"")));
            }
        }
        for (key, value) in values.into_iter().flatten() {
            whole_value(value, 0).map_err(|refusal| {
                invalid(format!("ExpressionAttributeValues contains invalid value: {} for key {key}", refusal.message))
            })?;
        }
        Ok(Self { names, values, used: RefCell::default() })
    }

    /// Were all of them used?
    ///
    /// # Errors
    /// No.
    pub fn all_used(&self) -> Result<(), Refusal> {
        for (what, given) in [("Names", self.names), ("Values", self.values)] {
            let used = self.used.borrow();
            let unused: Vec<_> = given.into_iter().flat_map(Map::keys).filter(|key| !used.contains(*key)).cloned().collect();
            if !unused.is_empty() {
                let keys = unused.join(", ");
                return Err(invalid(format!(
                    "Value provided in ExpressionAttribute{what} unused in expressions: keys: {{{keys}}}"
                )));
            }
        }
        Ok(())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    text: String,
    from: usize,
    to: usize,
}

/// Reads one expression. `what` is the member's name: `ConditionExpression`.
#[derive(Debug)]
pub struct Parser<'a> {
    what: &'a str,
    source: &'a str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    placeholders: &'a Placeholders<'a>,
}

/// How deep conditions may be nested.
const DEPTH: usize = 150;
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
            return Err(invalid(format!("Invalid {what}: The expression can not be empty;")));
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

    fn refuse(&self, message: &str) -> Refusal {
        invalid(format!("Invalid {}: {message}", self.what))
    }

    fn syntax(&self) -> Refusal {
        let token = self.tokens.get(self.at).map_or("<EOF>", |token| token.text.as_str());
        let first = self.at.saturating_sub(1).min(self.tokens.len().saturating_sub(1));
        let last = (self.at + 1).min(self.tokens.len().saturating_sub(1));
        let near = match (self.tokens.get(first), self.tokens.get(last)) {
            (Some(first), Some(last)) => &self.source[first.from..last.to],
            _ => "",
        };
        self.refuse(&format!("Syntax error; token: \"{token}\", near: \"{near}\""))
    }

    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.at).map(|token| token.text.as_str())
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.peek() == Some(text);
        self.at += usize::from(found);
        found
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|text| text.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, text: &str) -> Result<(), Refusal> {
        if self.take(text) { Ok(()) } else { Err(self.syntax()) }
    }

    fn end(&self) -> Result<(), Refusal> {
        if self.at == self.tokens.len() { Ok(()) } else { Err(self.syntax()) }
    }

    fn is_call(&self) -> bool {
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

    fn path(&mut self) -> Result<Path, Refusal> {
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

    fn value(&mut self) -> Result<Value, Refusal> {
        let text = self.peek().filter(|text| text.starts_with(':')).ok_or_else(|| self.syntax())?.to_owned();
        let Some(value) = self.placeholders.values.and_then(|values| values.get(&text)) else {
            let message = "An expression attribute value used in expression is not defined; attribute value:";
            return Err(self.refuse(&format!("{message} {text}")));
        };
        self.placeholders.used.borrow_mut().insert(text);
        self.at += 1;
        whole_value(value, 0)
    }

    fn operand(&mut self) -> Result<Operand, Refusal> {
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

    fn wrong_function(&self) -> Refusal {
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

    /// The whole of a condition.
    ///
    /// # Errors
    /// DynamoDB's sentence about the first thing that is wrong.
    pub fn condition(mut self) -> Result<Condition, Refusal> {
        let condition = self.either()?;
        self.end()?;
        Ok(condition)
    }

    fn either(&mut self) -> Result<Condition, Refusal> {
        let mut left = self.both()?;
        while self.take_word("OR") {
            left = Condition::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Condition, Refusal> {
        let mut left = self.negation()?;
        while self.take_word("AND") {
            left = Condition::And(Box::new(left), Box::new(self.negation()?));
        }
        Ok(left)
    }

    fn negation(&mut self) -> Result<Condition, Refusal> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.refuse("The expression contains too many operators; operator count: 301"));
        }
        let condition = if self.take_word("NOT") { Condition::Not(Box::new(self.negation()?)) } else { self.simple()? };
        self.depth -= 1;
        Ok(condition)
    }

    fn simple(&mut self) -> Result<Condition, Refusal> {
        if self.take("(") {
            let condition = self.either()?;
            self.expect(")")?;
            return Ok(condition);
        }
        if self.is_call() && self.peek() != Some("size") {
            return self.function();
        }
        let left = self.operand()?;
        if self.take_word("BETWEEN") {
            let low = self.operand()?;
            if !self.take_word("AND") {
                return Err(self.syntax());
            }
            let high = self.operand()?;
            return self.between(left, low, high);
        }
        if self.take_word("IN") {
            self.expect("(")?;
            let mut among = vec![self.operand()?];
            while self.take(",") {
                among.push(self.operand()?);
            }
            self.expect(")")?;
            return Ok(Condition::In(left, among));
        }
        let comparator = match self.peek() {
            Some("=") => Comparator::Eq,
            Some("<>") => Comparator::Ne,
            Some("<") => Comparator::Lt,
            Some("<=") => Comparator::Le,
            Some(">") => Comparator::Gt,
            Some(">=") => Comparator::Ge,
            _ => return Err(self.syntax()),
        };
        self.at += 1;
        let right = self.operand()?;
        if let (Operand::Path(a), Operand::Path(b)) = (&left, &right)
            && a == b
        {
            return Err(self.same_operand(comparator, a));
        }
        Ok(Condition::Compare(left, comparator, right))
    }

    fn same_operand(&self, comparator: Comparator, path: &Path) -> Refusal {
        let sign = match comparator {
            Comparator::Eq => "=",
            Comparator::Ne => "<>",
            Comparator::Lt => "<",
            Comparator::Le => "<=",
            Comparator::Gt => ">",
            Comparator::Ge => ">=",
        };
        let message = "The first operand must be distinct from the remaining operands for this operator or function;";
        self.refuse(&format!("{message} operator: {sign}, first operand: [{}]", spelt(path)))
    }

    fn between(&self, left: Operand, low: Operand, high: Operand) -> Result<Condition, Refusal> {
        if let (Operand::Value(low), Operand::Value(high)) = (&low, &high) {
            if kind(low) != kind(high) {
                let message = "The BETWEEN operator requires same data type for lower and upper bounds;";
                let told = format!(
                    "lower bound operand: AttributeValue: {}, upper bound operand: AttributeValue: {}",
                    told(low),
                    told(high)
                );
                return Err(self.refuse(&format!("{message} {told}")));
            }
            if super::value::compare(low, high) == Some(std::cmp::Ordering::Greater) {
                let message = "The BETWEEN operator requires upper bound to be greater than or equal to lower bound;";
                let told = format!(
                    "lower bound operand: AttributeValue: {}, upper bound operand: AttributeValue: {}",
                    told(low),
                    told(high)
                );
                return Err(self.refuse(&format!("{message} {told}")));
            }
        }
        Ok(Condition::Between(left, low, high))
    }

    fn function(&mut self) -> Result<Condition, Refusal> {
        let name = self.peek().unwrap_or_default().to_owned();
        if !["attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains"].contains(&name.as_str()) {
            return Err(self.wrong_function());
        }
        self.at += 2;
        let mut operands = vec![self.operand()?];
        while self.take(",") {
            operands.push(self.operand()?);
        }
        self.expect(")")?;
        let count = operands.len();
        let wanted = if name.ends_with("exists") { 1 } else { 2 };
        if count != wanted {
            let message = "Incorrect number of operands for operator or function; operator or function:";
            return Err(self.refuse(&format!("{message} {name}, number of operands: {count}")));
        }
        let second = operands.pop().filter(|_| wanted == 2);
        let first = match (operands.pop(), &second) {
            (Some(first), _) => first,
            // The only one was taken above.
            (None, _) => return self.exists(&name),
        };
        let Some(second) = second else { return self.exists(&name) };
        let wrong = |operand: &Operand, of: &Self| {
            let kind = if let Operand::Value(value) = operand { kind(value).to_owned() } else { String::new() };
            of.refuse(&format!(
                "Incorrect operand type for operator or function; operator or function: {name}, operand type: {kind}"
            ))
        };
        match (name.as_str(), first, second) {
            ("attribute_type", Operand::Path(path), second @ Operand::Value(_)) => {
                let Operand::Value(value) = &second else { return Err(self.syntax()) };
                let known = ["S", "N", "B", "SS", "NS", "BS", "L", "M", "BOOL", "NULL"];
                match value.get("S").and_then(Value::as_str) {
                    None => Err(wrong(&second, self)),
                    Some(named) if !known.contains(&named) => Err(self.refuse(&format!(
                        "Invalid attribute type name found; type: {named}, valid types: {{B,NULL,SS,BOOL,L,BS,N,NS,S,M}}"
                    ))),
                    Some(_) => Ok(Condition::Type(path, second)),
                }
            }
            ("begins_with", first, second) => match &second {
                Operand::Value(value) if !matches!(kind(value), "S" | "B") => Err(wrong(&second, self)),
                _ => Ok(Condition::Begins(first, second)),
            },
            ("contains", first, second) => Ok(Condition::Contains(first, second)),
            _ => Err(self.wrong_document_path(&name)),
        }
    }

    /// `attribute_exists(path)` was read up to its end: the path is read again, as what it must be.
    fn exists(&mut self, name: &str) -> Result<Condition, Refusal> {
        let end = self.at;
        let open = (0..end).rev().find(|at| self.tokens[*at].text == "(").unwrap_or(0);
        self.at = open + 1;
        let path = self.path();
        let whole = self.at + 1 == end;
        self.at = end;
        match path {
            Ok(path) if whole => Ok(Condition::Exists(path, name == "attribute_exists")),
            _ => Err(self.wrong_document_path(name)),
        }
    }

    fn wrong_document_path(&self, name: &str) -> Refusal {
        self.refuse(&format!("Operator or function requires a document path; operator or function: {name}"))
    }

    /// The whole of a projection.
    ///
    /// # Errors
    /// DynamoDB's sentence about the first thing that is wrong.
    pub fn projection(mut self) -> Result<Vec<Path>, Refusal> {
        let mut paths = vec![self.path()?];
        while self.take(",") {
            paths.push(self.path()?);
        }
        self.end()?;
        self.apart(&paths)?;
        Ok(paths)
    }

    fn apart(&self, paths: &[Path]) -> Result<(), Refusal> {
        for (at, one) in paths.iter().enumerate() {
            for other in &paths[at + 1..] {
                let told = format!("path one: [{}], path two: [{}]", listed(one), listed(other));
                if one.starts_with(other) || other.starts_with(one) {
                    return Err(self.refuse(&format!(
                        "Two document paths overlap with each other; must remove or rewrite one of these paths; {told}"
                    )));
                }
                let split = one.iter().zip(other).find(|(a, b)| a != b);
                if matches!(split, Some((Step::Name(_), Step::Index(_)) | (Step::Index(_), Step::Name(_)))) {
                    return Err(self.refuse(&format!(
                        "Two document paths conflict with each other; must remove or rewrite one of these paths; {told}"
                    )));
                }
            }
        }
        Ok(())
    }

    /// The whole of an update.
    ///
    /// # Errors
    /// DynamoDB's sentence about the first thing that is wrong.
    pub fn update(mut self) -> Result<Vec<Action>, Refusal> {
        let mut actions = Vec::new();
        let mut seen = BTreeSet::new();
        while let Some(word) = self.peek().map(str::to_ascii_uppercase) {
            if !["SET", "REMOVE", "ADD", "DELETE"].contains(&word.as_str()) {
                return Err(self.syntax());
            }
            if !seen.insert(word.clone()) {
                return Err(self.refuse(&format!("The \"{word}\" section can only be used once in an update expression;")));
            }
            self.at += 1;
            loop {
                actions.push(self.action(&word)?);
                if !self.take(",") {
                    break;
                }
            }
        }
        let paths: Vec<Path> = actions.iter().map(|action| action.path().clone()).collect();
        self.apart(&paths)?;
        Ok(actions)
    }

    fn action(&mut self, word: &str) -> Result<Action, Refusal> {
        let path = self.path()?;
        Ok(match word {
            "SET" => {
                self.expect("=")?;
                Action::Set(path, self.sum()?)
            }
            "REMOVE" => Action::Remove(path),
            "ADD" => {
                let value = self.value()?;
                if !matches!(kind(&value), "N" | "SS" | "NS" | "BS") {
                    return Err(self.wrong_operand("ADD", &value));
                }
                Action::Add(path, value)
            }
            _ => {
                let value = self.value()?;
                if !matches!(kind(&value), "SS" | "NS" | "BS") {
                    return Err(self.wrong_operand("DELETE", &value));
                }
                Action::Delete(path, value)
            }
        })
    }

    fn wrong_operand(&self, operator: &str, value: &Value) -> Refusal {
        let kind = match kind(value) {
            "S" => "STRING",
            "N" => "NUMBER",
            "B" => "BINARY",
            "L" => "LIST",
            "M" => "MAP",
            "BOOL" => "BOOLEAN",
            other => other,
        };
        self.refuse(&format!("Incorrect operand type for operator or function; operator: {operator}, operand type: {kind}, typeSet: ALLOWED_FOR_{operator}_OPERAND"))
    }

    fn sum(&mut self) -> Result<Term, Refusal> {
        let left = self.term()?;
        let plus = self.take("+");
        if !plus && !self.take("-") {
            return Ok(left);
        }
        let right = self.term()?;
        for term in [&left, &right] {
            if let Term::Operand(Operand::Value(value)) = term
                && kind(value) != "N"
            {
                let sign = if plus { '+' } else { '-' };
                let message = "Incorrect operand type for operator or function; operator or function:";
                return Err(self.refuse(&format!("{message} {sign}, operand type: {}", kind(value))));
            }
        }
        Ok(if plus { Term::Plus(left.into(), right.into()) } else { Term::Minus(left.into(), right.into()) })
    }

    fn term(&mut self) -> Result<Term, Refusal> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.refuse("The expression contains too many operators; operator count: 301"));
        }
        let term = self.inner_term();
        self.depth -= 1;
        term
    }

    fn inner_term(&mut self) -> Result<Term, Refusal> {
        if self.take("(") {
            let term = self.sum()?;
            self.expect(")")?;
            return Ok(term);
        }
        if !self.is_call() {
            return match self.operand()? {
                Operand::Size(_) => Err(self.syntax()),
                operand => Ok(Term::Operand(operand)),
            };
        }
        let name = self.peek().unwrap_or_default().to_owned();
        match name.as_str() {
            "if_not_exists" => {
                self.at += 2;
                let path = self.path()?;
                self.expect(",")?;
                let other = self.term()?;
                self.expect(")")?;
                Ok(Term::IfNotExists(path, other.into()))
            }
            "list_append" => {
                self.at += 2;
                let first = self.term()?;
                self.expect(",")?;
                let second = self.term()?;
                self.expect(")")?;
                for term in [&first, &second] {
                    if let Term::Operand(Operand::Value(value)) = term
                        && kind(value) != "L"
                    {
                        let message = "Incorrect operand type for operator or function; operator or function: list_append,";
                        return Err(self.refuse(&format!("{message} operand type: {}", kind(value))));
                    }
                }
                Ok(Term::Append(first.into(), second.into()))
            }
            _ => Err(self.wrong_function()),
        }
    }
}

/// A path as DynamoDB's sentences have it: `a.b[1]`.
pub fn spelt(path: &Path) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Name(name) if text.is_empty() => text.push_str(name),
            Step::Name(name) => text.extend([".", name]),
            Step::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}

fn listed(path: &Path) -> String {
    let step = |step: &Step| match step {
        Step::Name(name) => name.clone(),
        Step::Index(index) => format!("[{index}]"),
    };
    path.iter().map(step).collect::<Vec<_>>().join(", ")
}

fn told(value: &Value) -> String {
    match super::value::parts(value) {
        Some((kind, Value::String(text))) => format!("{{{kind}:{text}}}"),
        _ => value.to_string(),
    }
}
