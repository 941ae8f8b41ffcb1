//! What expressions do with items: conditions are looked at, projections cut, updates made.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::tree::{Action, Comparator, Condition, Operand, Path, Step, Term, spelt};
use super::value::{self, Item, begins, compare, contains, invalid, kind, length, same};
use crate::sim::call::Refusal;

/// What stands at a path of an item.
pub fn at<'a>(item: &'a Item, path: &[Step]) -> Option<&'a Value> {
    let (Step::Name(name), rest) = path.split_first()? else { return None };
    let mut value = item.get(name)?;
    for step in rest {
        value = match step {
            Step::Name(name) => value.get("M")?.get(name)?,
            Step::Index(index) => value.get("L")?.get(*index)?,
        };
    }
    Some(value)
}

impl Operand {
    fn of(&self, item: &Item) -> Option<Value> {
        match self {
            Self::Path(path) => at(item, path).cloned(),
            Self::Value(value) => Some(value.clone()),
            Self::Size(path) => length(at(item, path)?).map(|length| json!({"N": length.to_string()})),
        }
    }
}

impl Condition {
    /// Does it hold for the item? One that does not exist has no attributes.
    pub fn holds(&self, item: &Item) -> bool {
        match self {
            Self::And(a, b) => a.holds(item) && b.holds(item),
            Self::Or(a, b) => a.holds(item) || b.holds(item),
            Self::Not(condition) => !condition.holds(item),
            Self::Compare(a, comparator, b) => compared(a.of(item).as_ref(), *comparator, b.of(item).as_ref()),
            Self::Between(of, low, high) => {
                let (of, low, high) = (of.of(item), low.of(item), high.of(item));
                compared(of.as_ref(), Comparator::Ge, low.as_ref()) && compared(of.as_ref(), Comparator::Le, high.as_ref())
            }
            Self::In(of, among) => {
                let of = of.of(item);
                among.iter().any(|one| compared(of.as_ref(), Comparator::Eq, one.of(item).as_ref()))
            }
            Self::Exists(path, wanted) => at(item, path).is_some() == *wanted,
            Self::Type(path, Operand::Value(wanted)) => {
                at(item, path).is_some_and(|value| wanted.get("S").and_then(Value::as_str) == Some(kind(value)))
            }
            Self::Type(..) => false,
            Self::Begins(of, with) => of.of(item).zip(with.of(item)).is_some_and(|(of, with)| begins(&of, &with)),
            Self::Contains(of, member) => of.of(item).zip(member.of(item)).is_some_and(|(of, member)| contains(&of, &member)),
        }
    }
}

fn compared(a: Option<&Value>, comparator: Comparator, b: Option<&Value>) -> bool {
    let (Some(a), Some(b)) = (a, b) else { return comparator == Comparator::Ne && (a.is_some() || b.is_some()) };
    let order = || compare(a, b);
    match comparator {
        Comparator::Eq => same(a, b),
        Comparator::Ne => !same(a, b),
        Comparator::Lt => order() == Some(Ordering::Less),
        Comparator::Le => order().is_some_and(Ordering::is_le),
        Comparator::Gt => order() == Some(Ordering::Greater),
        Comparator::Ge => order().is_some_and(Ordering::is_ge),
    }
}

/// Only what stands at these paths; elements of lists move together.
pub fn project(item: &Item, paths: &[Path]) -> Item {
    let mut cut = Item::new();
    let mut sorted: Vec<&Path> = paths.iter().collect();
    sorted.sort();
    for path in sorted {
        let (Some(value), Some((Step::Name(name), rest))) = (at(item, path), path.split_first()) else { continue };
        let held = cut.entry(name.clone()).or_insert(Value::Null);
        graft(held, rest, value);
    }
    cut
}

fn graft(into: &mut Value, rest: &[Step], value: &Value) {
    match rest.split_first() {
        None => *into = value.clone(),
        Some((Step::Name(name), rest)) => {
            if into.is_null() {
                *into = json!({"M": {}});
            }
            if let Some(pairs) = into.get_mut("M").and_then(Value::as_object_mut) {
                graft(pairs.entry(name.clone()).or_insert(Value::Null), rest, value);
            }
        }
        Some((Step::Index(index), rest)) => {
            if into.is_null() {
                *into = json!({"L": []});
            }
            // Paths into one element follow each other; which element an entry stands for is kept beside it until the end.
            let Some(items) = into.get_mut("L").and_then(Value::as_array_mut) else { return };
            let same_element =
                !rest.is_empty() && items.last().is_some_and(|last| last.get("#").and_then(Value::as_u64) == Some(*index as u64));
            if !same_element {
                items.push(Value::Null);
            }
            if let Some(last) = items.last_mut() {
                graft(last, rest, value);
                if !rest.is_empty()
                    && let Some(members) = last.as_object_mut()
                {
                    members.insert("#".to_owned(), (*index as u64).into());
                }
            }
        }
    }
}

/// Takes out the marks that [`project`] leaves on list elements.
pub fn unmarked(mut item: Item) -> Item {
    fn clean(value: &mut Value) {
        match value {
            Value::Object(members) => {
                if members.len() > 1 {
                    members.remove("#");
                }
                members.values_mut().for_each(clean);
            }
            Value::Array(items) => items.iter_mut().for_each(clean),
            _ => {}
        }
    }
    item.values_mut().for_each(clean);
    item
}

const NO_ATTRIBUTE: &str = "The provided expression refers to an attribute that does not exist in the item";
const WRONG_TYPE: &str = "An operand in the update expression has an incorrect data type";
const WRONG_PATH: &str = "The document path provided in the update expression is invalid for update";

/// The item after the update. Every action sees the item as it was.
///
/// # Errors
/// An operand that is not there or of the wrong type; a path that leads nowhere.
pub fn update(before: &Item, actions: &[Action]) -> Result<Item, Refusal> {
    let mut after = before.clone();
    let mut removed: Vec<&Path> = Vec::new();
    for action in actions {
        match action {
            Action::Set(path, term) => {
                let value = evaluate(before, term)?;
                put(&mut after, path, value)?;
            }
            Action::Remove(path) => removed.push(path),
            Action::Add(path, value) => {
                let sum = match at(before, path) {
                    None => value.clone(),
                    Some(old) => add(old, value)?,
                };
                put(&mut after, path, sum)?;
            }
            Action::Delete(path, value) => {
                let Some(old) = at(before, path) else { continue };
                if kind(old) != kind(value) {
                    return Err(invalid(WRONG_TYPE));
                }
                let gone = value::parts(value).and_then(|(_, held)| held.as_array()).cloned().unwrap_or_default();
                let left = value::parts(old).and_then(|(_, held)| held.as_array()).into_iter().flatten();
                let left: Vec<Value> = left.filter(|member| !gone.contains(member)).cloned().collect();
                if left.is_empty() {
                    removed.push(path);
                } else {
                    put(&mut after, path, json!({ kind(old): left }))?;
                }
            }
        }
    }
    // From the end, so that the places of a list's other elements still hold.
    removed.sort();
    for path in removed.into_iter().rev() {
        remove(&mut after, path)?;
    }
    Ok(after)
}

fn evaluate(item: &Item, term: &Term) -> Result<Value, Refusal> {
    match term {
        Term::Operand(Operand::Value(value)) => Ok(value.clone()),
        Term::Operand(Operand::Path(path) | Operand::Size(path)) => at(item, path).cloned().ok_or_else(|| invalid(NO_ATTRIBUTE)),
        Term::IfNotExists(path, other) => at(item, path).cloned().map_or_else(|| evaluate(item, other), Ok),
        Term::Append(first, second) => {
            let (first, second) = (evaluate(item, first)?, evaluate(item, second)?);
            match (first.get("L").and_then(Value::as_array), second.get("L").and_then(Value::as_array)) {
                (Some(first), Some(second)) => {
                    let joined = [first.as_slice(), second.as_slice()].concat();
                    Ok(json!({ "L": joined }))
                }
                _ => Err(invalid(WRONG_TYPE)),
            }
        }
        Term::Plus(a, b) | Term::Minus(a, b) => {
            let (a, b) = (evaluate(item, a)?, evaluate(item, b)?);
            let (Some(a), Some(b)) = (value::number(&a), value::number(&b)) else { return Err(invalid(WRONG_TYPE)) };
            let b = if matches!(term, Term::Minus(..)) { b.negated() } else { b };
            a.plus(&b).map(|sum| value::of_number(&sum)).map_err(invalid)
        }
    }
}

fn add(old: &Value, new: &Value) -> Result<Value, Refusal> {
    match (value::parts(old), value::parts(new)) {
        (Some(("N", _)), Some(("N", _))) => {
            let (old, new) = (value::number(old).unwrap_or_default(), value::number(new).unwrap_or_default());
            old.plus(&new).map(|sum| value::of_number(&sum)).map_err(invalid)
        }
        (Some((kind, Value::Array(old))), Some((other, Value::Array(new)))) if kind == other && kind.ends_with('S') => {
            let more = new.iter().filter(|member| !old.contains(member));
            Ok(json!({ kind: old.iter().chain(more).cloned().collect::<Vec<_>>() }))
        }
        _ => Err(invalid(WRONG_TYPE)),
    }
}

fn put(item: &mut Item, path: &[Step], value: Value) -> Result<(), Refusal> {
    let Some((Step::Name(name), rest)) = path.split_first() else { return Err(invalid(WRONG_PATH)) };
    let Some((last, way)) = rest.split_last() else {
        item.insert(name.clone(), value);
        return Ok(());
    };
    let mut held = item.get_mut(name).ok_or_else(|| invalid(WRONG_PATH))?;
    for step in way {
        held = inner(held, step).ok_or_else(|| invalid(WRONG_PATH))?;
    }
    match last {
        Step::Name(name) => {
            let pairs = held.get_mut("M").and_then(Value::as_object_mut).ok_or_else(|| invalid(WRONG_PATH))?;
            pairs.insert(name.clone(), value);
        }
        Step::Index(index) => {
            let items = held.get_mut("L").and_then(Value::as_array_mut).ok_or_else(|| invalid(WRONG_PATH))?;
            match items.get_mut(*index) {
                Some(found) => *found = value,
                None => items.push(value),
            }
        }
    }
    Ok(())
}

fn inner<'a>(value: &'a mut Value, step: &Step) -> Option<&'a mut Value> {
    match step {
        Step::Name(name) => value.get_mut("M")?.get_mut(name),
        Step::Index(index) => value.get_mut("L")?.get_mut(*index),
    }
}

fn remove(item: &mut Item, path: &[Step]) -> Result<(), Refusal> {
    let Some((Step::Name(name), rest)) = path.split_first() else { return Err(invalid(WRONG_PATH)) };
    let Some((last, way)) = rest.split_last() else {
        item.shift_remove(name);
        return Ok(());
    };
    let mut held = item.get_mut(name).ok_or_else(|| invalid(WRONG_PATH))?;
    for step in way {
        held = inner(held, step).ok_or_else(|| invalid(WRONG_PATH))?;
    }
    match last {
        Step::Name(name) => {
            held.get_mut("M").and_then(Value::as_object_mut).ok_or_else(|| invalid(WRONG_PATH))?.shift_remove(name);
        }
        Step::Index(index) => {
            let items = held.get_mut("L").and_then(Value::as_array_mut).ok_or_else(|| invalid(WRONG_PATH))?;
            if *index < items.len() {
                items.remove(*index);
            }
        }
    }
    Ok(())
}

/// What of an item the update touched, as UPDATED_OLD and UPDATED_NEW tell it.
pub fn touched(item: &Item, actions: &[Action]) -> Item {
    let paths: Vec<Path> = actions.iter().map(|action| action.path().clone()).collect();
    unmarked(project(item, &paths))
}

/// The attributes that a condition names, for the sentence about a filter on keys.
pub fn attributes(condition: &Condition, into: &mut Vec<String>) {
    let mut operand = |operand: &Operand| {
        if let Operand::Path(path) | Operand::Size(path) = operand
            && let Some(Step::Name(name)) = path.first()
        {
            into.push(name.clone());
        }
    };
    match condition {
        Condition::And(a, b) | Condition::Or(a, b) => {
            attributes(a, into);
            attributes(b, into);
        }
        Condition::Not(condition) => attributes(condition, into),
        Condition::Compare(a, _, b) | Condition::Begins(a, b) | Condition::Contains(a, b) => [a, b].into_iter().for_each(operand),
        Condition::Between(a, b, c) => [a, b, c].into_iter().for_each(operand),
        Condition::In(a, among) => {
            operand(a);
            among.iter().for_each(operand);
        }
        Condition::Exists(path, _) | Condition::Type(path, _) => into.push(spelt(&path[..1].to_vec())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::Parser;
    use super::super::placeholders::Placeholders;
    use super::*;

    fn item() -> Item {
        let item = json!({
            "id": {"S": "a"}, "n": {"N": "5"}, "tags": {"SS": ["x", "y"]},
            "m": {"M": {"list": {"L": [{"N": "1"}, {"N": "2"}, {"M": {"k": {"S": "v"}, "o": {"S": "w"}}}]}}},
        });
        item.as_object().unwrap().clone()
    }

    const VALUES: &str = r#"{":one": {"N": "1"}, ":five": {"N": "5"}, ":ten": {"N": "10"}, ":v": {"S": "v"}, ":x": {"SS": ["x"]},
        ":s": {"S": "x"}, ":l": {"L": [{"N": "9"}]}, ":type": {"S": "N"}}"#;

    fn read<T>(what: &str, text: &str, how: impl FnOnce(Parser<'_>) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let values: Value = serde_json::from_str(VALUES).unwrap();
        let input = json!({what: text, "ExpressionAttributeNames": {"#list": "list"}, "ExpressionAttributeValues": values});
        let placeholders = Placeholders::of(&input, &[what])?;
        let parser = Parser::of(&input, what, &placeholders)?.unwrap();
        how(parser)
    }

    #[test]
    fn conditions_hold_or_do_not() {
        for (text, expected) in [
            ("n = :five", true),
            ("n <> :five OR n > :one AND NOT n > :ten", true),
            ("(n = :five OR n = :one) AND attribute_not_exists(n)", false),
            ("n BETWEEN :one AND :five AND n IN (:ten, :five)", true),
            ("attribute_exists(m.#list[2].k) AND m.#list[2].k = :v", true),
            ("attribute_not_exists(nothing)", true),
            ("nothing = :one", false),
            ("nothing <> :one", true),
            ("nothing < :one", false),
            ("attribute_type(n, :type)", true),
            ("begins_with(id, :s)", false),
            ("contains(tags, :s)", true),
            ("size(tags) > :one and size(m.#list) <= :five", true),
        ] {
            let condition = read("ConditionExpression", text, |parser| parser.condition()).unwrap();
            assert_eq!(condition.holds(&item()), expected, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_an_expression_is_said_as_dynamodb_says_it() {
        for (text, said) in [
            ("", "Invalid ConditionExpression: The expression can not be empty;"),
            ("n = ", "Invalid ConditionExpression: Syntax error; token: \"<EOF>\", near: \"=\""),
            ("n = :five :one", "Invalid ConditionExpression: Syntax error; token: \":one\", near: \":five :one\""),
            ("n ! :five", "Invalid ConditionExpression: Syntax error; token: \"!\", near: \"n !\""),
            ("name = :five", "Invalid ConditionExpression: Attribute name is a reserved keyword; reserved keyword: name"),
            (
                "n = :nope",
                "Invalid ConditionExpression: An expression attribute value used in expression is not defined; attribute value: :nope",
            ),
            (
                "#nope = :five",
                "Invalid ConditionExpression: An expression attribute name used in the document path is not defined; attribute name: #nope",
            ),
            ("foo(n)", "Invalid ConditionExpression: Invalid function name; function: foo"),
            (
                "attribute_exists(n, id)",
                "Invalid ConditionExpression: Incorrect number of operands for operator or function; operator or function: \
                 attribute_exists, number of operands: 2",
            ),
        ] {
            assert_eq!(read("ConditionExpression", text, |parser| parser.condition()).unwrap_err().message, said, "{text}");
        }
    }

    #[test]
    fn updates_do_all_that_their_grammar_has() {
        for (text, path, expected) in [
            ("SET n = n + :one", "n", json!({"N": "6"})),
            ("SET n = if_not_exists(spare, :ten) - n", "n", json!({"N": "5"})),
            (
                "SET m.#list = list_append(m.#list, :l) REMOVE n",
                "m",
                json!({"M": {"list": {"L": [{"N": "1"}, {"N": "2"}, {"M": {"k": {"S": "v"}, "o": {"S": "w"}}}, {"N": "9"}]}}}),
            ),
            ("REMOVE m.#list[0], m.#list[2]", "m", json!({"M": {"list": {"L": [{"N": "2"}]}}})),
            ("ADD n :ten DELETE tags :x", "tags", json!({"SS": ["y"]})),
            ("SET spare = n, n = id", "spare", json!({"N": "5"})),
        ] {
            let actions = read("UpdateExpression", text, |parser| parser.update()).unwrap();
            assert_eq!(update(&item(), &actions).unwrap()[path], expected, "{text}");
        }
        for (text, said) in [
            ("SET n = nothing", NO_ATTRIBUTE),
            ("SET n = id + :one", WRONG_TYPE),
            ("SET nothing.a = :one", WRONG_PATH),
            ("ADD id :one", WRONG_TYPE),
        ] {
            let actions = read("UpdateExpression", text, |parser| parser.update()).unwrap();
            assert_eq!(update(&item(), &actions).unwrap_err().message, said, "{text}");
        }
        assert!(
            read("UpdateExpression", "SET n = :one, n = :five", |parser| parser.update())
                .unwrap_err()
                .message
                .contains("overlap")
        );
    }

    #[test]
    fn projections_keep_the_way_to_what_they_name() {
        let paths =
            read("ProjectionExpression", "id, m.#list[2].k, m.#list[2].o, m.#list[0], nothing", |parser| parser.projection())
                .unwrap();
        let cut = unmarked(project(&item(), &paths));
        assert_eq!(
            Value::Object(cut),
            json!({"id": {"S": "a"}, "m": {"M": {"list": {"L": [{"N": "1"}, {"M": {"k": {"S": "v"}, "o": {"S": "w"}}}]}}}})
        );
    }
}
