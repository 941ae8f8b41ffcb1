//! The grammar of conditions, projections and updates.

use std::collections::BTreeSet;

use serde_json::Value;

use super::parse::{DEPTH, Parser};
use super::tree::{Action, Comparator, Condition, Operand, Path, Step, Term, listed, spelt};
use super::value::kind;
use crate::sim::call::Refusal;

impl Parser<'_> {
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
            let open = self.at;
            let condition = self.either()?;
            self.expect(")")?;
            if self.is_group(open, self.at - 2) {
                return Err(self.refuse("The expression has redundant parentheses;"));
            }
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

    /// Do these tokens, and what is between them, stand in one pair of parentheses?
    fn is_group(&self, first: usize, last: usize) -> bool {
        let mut depth = 0_usize;
        for (at, token) in self.tokens.iter().enumerate().take(last + 1).skip(first) {
            match token.text.as_str() {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return at == last && first < last;
            }
        }
        false
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
                    return Err(self.found(&format!(
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
                return Err(self.found(&format!("The \"{word}\" section can only be used once in an update expression;")));
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

fn told(value: &Value) -> String {
    match super::value::parts(value) {
        Some((kind, Value::String(text))) => format!("{{{kind}:{text}}}"),
        _ => value.to_string(),
    }
}
