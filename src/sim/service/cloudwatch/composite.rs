//! The rules of composite alarms: `ALARM("a") AND NOT (OK(b) OR TRUE)`.
//!
//! Source: CloudWatch API Reference, PutCompositeAlarm, AlarmRule. NOT binds closest, then AND, then OR.

use super::evaluate::State;

/// A parsed AlarmRule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// Is the alarm with this name or ARN in this state?
    Is(State, String),
    /// TRUE or FALSE.
    Constant(bool),
    /// NOT
    Not(Box<Expression>),
    /// AND
    And(Box<Expression>, Box<Expression>),
    /// OR
    Or(Box<Expression>, Box<Expression>),
}

impl Expression {
    /// Parses a rule.
    ///
    /// # Errors
    /// A sentence that says what was expected and where.
    pub fn parse(rule: &str) -> Result<Self, String> {
        let mut parser = Parser { tokens: tokens(rule)?, at: 0 };
        let expression = parser.or()?;
        match parser.peek() {
            None => Ok(expression),
            Some(token) => Err(format!("unexpected {token:?} in the alarm rule")),
        }
    }

    /// Does the rule hold, given the states of alarms by name? An alarm that does not exist is in no state.
    pub fn holds(&self, state: &impl Fn(&str) -> Option<State>) -> bool {
        match self {
            Self::Is(wanted, alarm) => state(name(alarm)) == Some(*wanted),
            Self::Constant(value) => *value,
            Self::Not(inner) => !inner.holds(state),
            Self::And(left, right) => left.holds(state) && right.holds(state),
            Self::Or(left, right) => left.holds(state) || right.holds(state),
        }
    }

    /// The names of the alarms that the rule asks about, in its order.
    pub fn children(&self) -> Vec<&str> {
        match self {
            Self::Is(_, alarm) => vec![name(alarm)],
            Self::Constant(_) => Vec::new(),
            Self::Not(inner) => inner.children(),
            Self::And(left, right) | Self::Or(left, right) => [left.children(), right.children()].concat(),
        }
    }
}

/// A rule may say a name or an ARN.
fn name(alarm: &str) -> &str {
    alarm.split_once(":alarm:").map_or(alarm, |(_, name)| name)
}

struct Parser {
    tokens: Vec<String>,
    at: usize,
}

fn tokens(rule: &str) -> Result<Vec<String>, String> {
    let mut tokens = Vec::new();
    let mut rest = rule.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '(' | ')' => 1,
            '"' => 2 + rest[1..].find('"').ok_or("a quoted alarm name does not end in the alarm rule")?,
            _ => rest.find(|c: char| c.is_whitespace() || "()\"".contains(c)).unwrap_or(rest.len()),
        };
        tokens.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

impl Parser {
    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.at).map(String::as_str)
    }

    fn next(&mut self) -> Result<String, String> {
        let token = self.tokens.get(self.at).cloned().ok_or("the alarm rule ends too early")?;
        self.at += 1;
        Ok(token)
    }

    fn accept(&mut self, token: &str) -> bool {
        let found = self.peek() == Some(token);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        let found = self.next()?;
        if found == token { Ok(()) } else { Err(format!("expected {token:?}, not {found:?}, in the alarm rule")) }
    }

    fn or(&mut self) -> Result<Expression, String> {
        let mut left = self.and()?;
        while self.accept("OR") {
            left = Expression::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expression, String> {
        let mut left = self.not()?;
        while self.accept("AND") {
            left = Expression::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Expression, String> {
        if self.accept("NOT") {
            return Ok(Expression::Not(Box::new(self.not()?)));
        }
        let token = self.next()?;
        match token.as_str() {
            "(" => {
                let inner = self.or()?;
                self.expect(")")?;
                Ok(inner)
            }
            "TRUE" => Ok(Expression::Constant(true)),
            "FALSE" => Ok(Expression::Constant(false)),
            word => {
                let state = State::named(word).ok_or_else(|| format!("unexpected {word:?} in the alarm rule"))?;
                self.expect("(")?;
                let alarm = self.next()?.trim_matches('"').to_owned();
                self.expect(")")?;
                Ok(Expression::Is(state, alarm))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_hold_as_aws_binds_their_operators() {
        let state = |name: &str| match name {
            "bad" => Some(State::Alarm),
            "good" => Some(State::Ok),
            "dark" => Some(State::InsufficientData),
            _ => None,
        };
        for (rule, expected) in [
            ("ALARM(bad)", true),
            ("ALARM(\"bad\") AND ALARM(\"good\")", false),
            ("ALARM(good) OR ALARM(bad) AND OK(good)", true),
            ("(ALARM(bad) OR TRUE) AND FALSE", false),
            ("NOT ALARM(good) AND INSUFFICIENT_DATA(dark)", true),
            ("NOT (ALARM(bad) OR OK(good))", false),
            ("ALARM(arn:aws:cloudwatch:eu-west-1:111122223333:alarm:bad)", true),
            ("OK(unknown)", false),
        ] {
            assert_eq!(Expression::parse(rule).unwrap().holds(&state), expected, "{rule}");
        }
    }

    #[test]
    fn a_broken_rule_is_refused_with_what_was_expected() {
        for rule in ["", "ALARM", "ALARM(a", "ALARM(a) ALARM(b)", "MAYBE(a)", "ALARM(\"a)", "(TRUE"] {
            assert!(Expression::parse(rule).is_err(), "{rule}");
        }
    }

    #[test]
    fn children_are_told_in_order() {
        assert_eq!(Expression::parse("ALARM(b) AND NOT OK(a)").unwrap().children(), ["b", "a"]);
    }
}
