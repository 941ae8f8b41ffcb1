//! Metric math: expressions over series of datapoints.
//!
//! Source: CloudWatch user guide, "Using math expressions with CloudWatch metrics". It knows nothing of metrics: it is handed series.

use std::collections::BTreeMap;

/// Values by the beginning of their period, in seconds since 1970.
pub type Series = BTreeMap<i64, f64>;

/// A parsed expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// A number.
    Number(f64),
    /// A text, as METRICS takes one.
    Text(String),
    /// Another query, by its id.
    Id(String),
    /// A function and what it is given.
    Call(String, Vec<Expression>),
    /// `[m1, m2]`
    List(Vec<Expression>),
    /// `-x`
    Negative(Box<Expression>),
    /// An operator between two.
    Binary(&'static str, Box<Expression>, Box<Expression>),
}

/// What an expression comes to.
#[derive(Debug, Clone, PartialEq)]
enum Found {
    Scalar(f64),
    Series(Series),
    Many(Vec<Series>),
}

/// What an expression may ask for.
pub struct Context<'a> {
    /// The series of the query with this id.
    pub series: &'a dyn Fn(&str) -> Option<Series>,
    /// The ids of the queries that are metrics, in their order.
    pub metrics: &'a [&'a str],
    /// The beginnings of all periods that are asked for, oldest first.
    pub slots: &'a [i64],
    /// In seconds.
    pub period: i64,
}

/// Operators from loosest to closest.
const LEVELS: [&[&str]; 6] = [&["||", "OR"], &["&&", "AND"], &["==", "!="], &["<=", ">=", "<", ">"], &["+", "-"], &["*", "/"]];
/// The functions that are modelled, with the least and the most of what they take.
const FUNCTIONS: [(&str, usize, usize); 15] = [
    ("SUM", 1, 1),
    ("AVG", 1, 1),
    ("MIN", 1, 1),
    ("MAX", 1, 1),
    ("IF", 2, 3),
    ("FILL", 2, 2),
    ("RATE", 1, 1),
    ("DIFF", 1, 1),
    ("METRICS", 0, 1),
    ("ABS", 1, 1),
    ("CEIL", 1, 1),
    ("FLOOR", 1, 1),
    ("STDDEV", 1, 1),
    ("PERIOD", 1, 1),
    ("RUNNING_SUM", 1, 1),
];
/// How deep an expression may be nested.
const DEPTH: usize = 32;

impl Expression {
    /// Parses an expression.
    ///
    /// # Errors
    /// What was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { rest: text, depth: 0 };
        let expression = parser.level(0)?;
        match parser.rest.trim_start() {
            "" => Ok(expression),
            rest => Err(format!("unexpected \"{}\"", rest.chars().take(12).collect::<String>())),
        }
    }

    /// The ids that it refers to.
    pub fn ids(&self) -> Vec<&str> {
        match self {
            Self::Id(id) => vec![id],
            Self::Number(_) | Self::Text(_) => Vec::new(),
            Self::Call(_, parts) | Self::List(parts) => parts.iter().flat_map(Self::ids).collect(),
            Self::Negative(inner) => inner.ids(),
            Self::Binary(_, left, right) => [left.ids(), right.ids()].concat(),
        }
    }

    /// The series that it comes to; of several, all of them.
    pub fn series(&self, context: &Context<'_>) -> Vec<Series> {
        match self.find(context) {
            Found::Scalar(number) => vec![context.slots.iter().map(|slot| (*slot, number)).collect()],
            Found::Series(series) => vec![series],
            Found::Many(all) => all,
        }
    }

    fn find(&self, context: &Context<'_>) -> Found {
        match self {
            Self::Number(number) => Found::Scalar(*number),
            Self::Text(_) => Found::Scalar(f64::NAN),
            // REPEAT and LINEAR are words of FILL, which looks for them before it comes here.
            Self::Id(id) => Found::Series((context.series)(id).unwrap_or_default()),
            Self::List(parts) => Found::Many(parts.iter().flat_map(|part| part.series(context)).collect()),
            Self::Negative(inner) => each(inner.find(context), |value| -value),
            Self::Binary(operator, left, right) => binary(operator, left.find(context), right.find(context)),
            Self::Call(name, parts) => call(name, parts, context),
        }
    }
}

fn each(found: Found, with: impl Fn(f64) -> f64 + Copy) -> Found {
    let series = |series: Series| series.into_iter().map(|(at, value)| (at, with(value))).collect::<Series>();
    match found {
        Found::Scalar(value) => Found::Scalar(with(value)),
        Found::Series(one) => Found::Series(series(one)),
        Found::Many(all) => Found::Many(all.into_iter().map(series).collect()),
    }
}

fn truth(value: bool) -> f64 {
    f64::from(u8::from(value))
}

fn operate(operator: &str, left: f64, right: f64) -> f64 {
    let is = |value: f64| value != 0.0;
    match operator {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        "/" => left / right,
        "<" => truth(left < right),
        "<=" => truth(left <= right),
        ">" => truth(left > right),
        ">=" => truth(left >= right),
        "==" => truth(left.total_cmp(&right).is_eq()),
        "!=" => truth(!left.total_cmp(&right).is_eq()),
        "AND" => truth(is(left) && is(right)),
        _ => truth(is(left) || is(right)),
    }
}

/// Two series meet where both have a value; what comes to no number is no datapoint.
fn binary(operator: &str, left: Found, right: Found) -> Found {
    let meet = |left: &Series, right: &Series| -> Series {
        let both = left.iter().filter_map(|(at, one)| Some((*at, operate(operator, *one, *right.get(at)?))));
        both.filter(|(_, value)| value.is_finite()).collect()
    };
    let with = |series: Series, with: &dyn Fn(f64) -> f64| -> Series {
        series.into_iter().map(|(at, value)| (at, with(value))).filter(|(_, value)| value.is_finite()).collect()
    };
    match (left, right) {
        (Found::Scalar(left), Found::Scalar(right)) => Found::Scalar(operate(operator, left, right)),
        (Found::Series(left), Found::Scalar(right)) => Found::Series(with(left, &|value| operate(operator, value, right))),
        (Found::Scalar(left), Found::Series(right)) => Found::Series(with(right, &|value| operate(operator, left, value))),
        (Found::Series(left), Found::Series(right)) => Found::Series(meet(&left, &right)),
        (Found::Many(all), other) => {
            Found::Many(all.into_iter().flat_map(|one| flat(binary(operator, Found::Series(one), other.clone()))).collect())
        }
        (other, Found::Many(all)) => {
            Found::Many(all.into_iter().flat_map(|one| flat(binary(operator, other.clone(), Found::Series(one)))).collect())
        }
    }
}

fn flat(found: Found) -> Vec<Series> {
    match found {
        Found::Scalar(_) => Vec::new(),
        Found::Series(one) => vec![one],
        Found::Many(all) => all,
    }
}

fn call(name: &str, parts: &[Expression], context: &Context<'_>) -> Found {
    let found = |at: usize| parts.get(at).map_or(Found::Scalar(0.0), |part| part.find(context));
    match name {
        "METRICS" => {
            let wanted = match parts.first() {
                Some(Expression::Text(text)) => text.as_str(),
                _ => "",
            };
            let ids = context.metrics.iter().filter(|id| id.contains(wanted));
            Found::Many(ids.filter_map(|id| (context.series)(id)).collect())
        }
        "IF" => choose(found(0), found(1), if parts.len() == 3 { Some(found(2)) } else { None }, context),
        "FILL" => {
            let with = match parts.get(1) {
                Some(Expression::Id(word)) if word == "REPEAT" => Fill::Repeat,
                Some(Expression::Id(word)) if word == "LINEAR" => Fill::Linear,
                Some(other) => Fill::With(other.series(context).pop().unwrap_or_default()),
                None => Fill::Repeat,
            };
            let filled = |series: Series| fill(&series, &with, context.slots);
            match found(0) {
                Found::Many(all) => Found::Many(all.into_iter().map(filled).collect()),
                other => Found::Series(flat(other).pop().map(filled).unwrap_or_default()),
            }
        }
        "RATE" | "DIFF" | "RUNNING_SUM" => {
            let along = |series: Series| along(name, &series);
            match found(0) {
                Found::Many(all) => Found::Many(all.into_iter().map(along).collect()),
                other => Found::Series(flat(other).pop().map(along).unwrap_or_default()),
            }
        }
        "ABS" => each(found(0), f64::abs),
        "CEIL" => each(found(0), f64::ceil),
        "FLOOR" => each(found(0), f64::floor),
        #[expect(clippy::cast_precision_loss, reason = "a period in seconds")]
        "PERIOD" => Found::Scalar(context.period as f64),
        _ => match found(0) {
            // Of one series it is one number, of several one series.
            Found::Series(series) => Found::Scalar(reduce(name, series.values().copied())),
            Found::Scalar(value) => Found::Scalar(value),
            Found::Many(all) => {
                let mut slots: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
                all.iter().flatten().for_each(|(at, value)| slots.entry(*at).or_default().push(*value));
                Found::Series(slots.into_iter().map(|(at, values)| (at, reduce(name, values.into_iter()))).collect())
            }
        },
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of datapoints")]
fn reduce(name: &str, values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    let (sum, count) = (values.iter().sum::<f64>(), values.len() as f64);
    match name {
        "SUM" => sum,
        "MIN" => values.iter().copied().fold(f64::INFINITY, f64::min),
        "MAX" => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        "STDDEV" => (values.iter().map(|value| (value - sum / count).powi(2)).sum::<f64>() / count).sqrt(),
        _ => sum / count,
    }
}

enum Fill {
    With(Series),
    Repeat,
    Linear,
}

#[expect(clippy::cast_precision_loss, reason = "seconds between two datapoints")]
fn fill(series: &Series, with: &Fill, slots: &[i64]) -> Series {
    let between = |at: i64| {
        let (before, after) = (series.range(..at).next_back()?, series.range(at..).next()?);
        let share = (at - before.0) as f64 / (after.0 - before.0) as f64;
        Some(before.1 + (after.1 - before.1) * share)
    };
    let missing = |at: &i64| match with {
        Fill::With(values) => values.get(at).copied(),
        Fill::Repeat => series.range(..at).next_back().map(|(_, value)| *value),
        Fill::Linear => between(*at),
    };
    slots.iter().filter_map(|at| Some((*at, series.get(at).copied().or_else(|| missing(at))?))).collect()
}

/// From datapoint to datapoint.
#[expect(clippy::cast_precision_loss, reason = "seconds between two datapoints")]
fn along(name: &str, series: &Series) -> Series {
    if name == "RUNNING_SUM" {
        return series
            .iter()
            .scan(0.0, |sum, (at, value)| {
                *sum += value;
                Some((*at, *sum))
            })
            .collect();
    }
    let pairs = series.iter().zip(series.iter().skip(1));
    pairs
        .map(|((before, one), (at, other))| {
            let secs = if name == "RATE" { (at - before) as f64 } else { 1.0 };
            (*at, (other - one) / secs)
        })
        .collect()
}

fn choose(condition: Found, then: Found, otherwise: Option<Found>, context: &Context<'_>) -> Found {
    let at = |found: &Found, at: i64| match found {
        Found::Scalar(value) => Some(*value),
        Found::Series(series) => series.get(&at).copied(),
        Found::Many(all) => all.first().and_then(|series| series.get(&at).copied()),
    };
    let chosen = |slot: i64| {
        let holds = at(&condition, slot)? != 0.0;
        if holds { at(&then, slot) } else { at(otherwise.as_ref()?, slot) }
    };
    match (&condition, &then, &otherwise) {
        (Found::Scalar(_), Found::Scalar(_), Some(Found::Scalar(_))) => Found::Scalar(chosen(0).unwrap_or_default()),
        _ => Found::Series(context.slots.iter().filter_map(|slot| Some((*slot, chosen(*slot)?))).collect()),
    }
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn take(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start();
        let Some(after) = rest.strip_prefix(token) else { return false };
        let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        if token.ends_with(word) && after.starts_with(word) {
            return false;
        }
        self.rest = after;
        true
    }

    fn level(&mut self, level: usize) -> Result<Expression, String> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.level(level + 1)?;
        while let Some(operator) = operators.iter().find(|operator| self.take(operator)) {
            let operator = match *operator {
                "&&" => "AND",
                "||" => "OR",
                other => other,
            };
            let right = self.level(level + 1)?;
            left = Expression::Binary(operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expression, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err("it is nested too deeply".to_owned());
        }
        let found = if self.take("-") { self.unary().map(|inner| Expression::Negative(Box::new(inner))) } else { self.atom() };
        self.depth -= 1;
        found
    }

    fn atom(&mut self) -> Result<Expression, String> {
        if self.take("(") {
            let inner = self.level(0)?;
            return if self.take(")") { Ok(inner) } else { Err("expected \")\"".to_owned()) };
        }
        if self.take("[") {
            return self.parts("]").map(Expression::List);
        }
        for quote in ["\"", "'"] {
            if self.take(quote) {
                let (text, after) = self.rest.split_once(quote).ok_or("a text does not end")?;
                self.rest = after;
                return Ok(Expression::Text(text.to_owned()));
            }
        }
        let rest = self.rest.trim_start();
        let end = rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || "_.".contains(letter))).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        self.rest = after;
        if let Ok(number) = word.parse() {
            return Ok(Expression::Number(number));
        }
        if word.is_empty() {
            return Err("expected a number, an id or a function".to_owned());
        }
        if !self.take("(") {
            return Ok(Expression::Id(word.to_owned()));
        }
        let parts = self.parts(")")?;
        match FUNCTIONS.iter().find(|(name, ..)| name.eq_ignore_ascii_case(word)) {
            Some((name, least, most)) if (*least..=*most).contains(&parts.len()) => {
                Ok(Expression::Call((*name).to_owned(), parts))
            }
            Some((name, ..)) => Err(format!("{name} takes another number of arguments")),
            None => Err(format!("unsupported function {word}")),
        }
    }

    fn parts(&mut self, end: &str) -> Result<Vec<Expression>, String> {
        let mut parts = Vec::new();
        if self.take(end) {
            return Ok(parts);
        }
        loop {
            parts.push(self.level(0)?);
            if self.take(end) {
                return Ok(parts);
            }
            if !self.take(",") {
                return Err(format!("expected \",\" or \"{end}\""));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(i64, f64)> {
        let series = |id: &str| match id {
            "m1" => Some(Series::from([(0, 1.0), (60, 4.0), (120, 10.0)])),
            "m2" => Some(Series::from([(0, 2.0), (120, 5.0)])),
            _ => None,
        };
        let context = Context { series: &series, metrics: &["m1", "m2"], slots: &[0, 60, 120], period: 60 };
        Expression::parse(text).unwrap().series(&context).remove(0).into_iter().collect()
    }

    #[test]
    fn expressions_are_worked_out_datapoint_by_datapoint() {
        for (text, expected) in [
            ("m1 + m2", vec![(0, 3.0), (120, 15.0)]),
            ("m1 / (m2 - 2)", vec![(120, 10.0 / 3.0)]),
            ("100 * m1 - 2 * 3", vec![(0, 94.0), (60, 394.0), (120, 994.0)]),
            ("-m1", vec![(0, -1.0), (60, -4.0), (120, -10.0)]),
            ("SUM(METRICS())", vec![(0, 3.0), (60, 4.0), (120, 15.0)]),
            ("MAX([m1, m2])", vec![(0, 2.0), (60, 4.0), (120, 10.0)]),
            ("AVG(METRICS('m2'))", vec![(0, 2.0), (120, 5.0)]),
            ("SUM(m1)", vec![(0, 15.0), (60, 15.0), (120, 15.0)]),
            ("FILL(m2, 0)", vec![(0, 2.0), (60, 0.0), (120, 5.0)]),
            ("FILL(m2, REPEAT)", vec![(0, 2.0), (60, 2.0), (120, 5.0)]),
            ("FILL(m2, LINEAR)", vec![(0, 2.0), (60, 3.5), (120, 5.0)]),
            ("RATE(m1)", vec![(60, 0.05), (120, 0.1)]),
            ("IF(m1 > 3, m1, 0)", vec![(0, 0.0), (60, 4.0), (120, 10.0)]),
            ("IF(m1 >= 4 AND m1 < 10, 1, 0)", vec![(0, 0.0), (60, 1.0), (120, 0.0)]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for broken in ["", "m1 +", "(m1", "SUM()", "NOSUCH(m1)", "m1 m2", "[m1", &"(".repeat(1000)] {
            assert!(Expression::parse(broken).is_err(), "{broken}");
        }
    }
}
