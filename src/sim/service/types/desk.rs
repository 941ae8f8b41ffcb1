//! Where a resource type makes its calls: the world, and on whose behalf.

use serde_json::{Map, Value};

use super::Declared;
use crate::sim::call::{Answer, Call, Caller, Refusal};
use crate::sim::model::{self, Kind, Member, Model};
use crate::sim::service;
use crate::sim::wire;
use crate::sim::world::World;

/// The world, and who calls.
pub struct Desk<'a> {
    /// The world.
    pub world: &'a mut World,
    /// Who calls.
    pub caller: Caller,
}

impl Desk<'_> {
    /// Makes a call to a service, held against its model like any other. Members that the operation does not know are left out, and
    /// numbers and booleans that a template has as texts are read.
    ///
    /// # Errors
    /// As the service refuses it.
    pub fn ask(&mut self, service: &str, operation: &str, input: &Value) -> Answer {
        let unknown = || Refusal::new("UnsupportedActionException", format!("{service} is not simulated"));
        let (service, model) = model::model(service).ok_or_else(unknown)?;
        let operation = model.operation(operation).ok_or_else(unknown)?;
        let input = operation.input.as_ref().map_or_else(|| Value::Object(Map::new()), |shape| fit(model, shape, input));
        wire::check_input(model, operation, &input)?;
        let (caller, at) = (self.caller.clone(), self.world.now());
        service::answer(self.world, &Call { caller, service, operation: operation.name.clone(), input, at })
    }

    /// The same with some more members, or other values of them.
    ///
    /// # Errors
    /// As the service refuses it.
    pub fn ask_with(&mut self, service: &str, operation: &str, properties: &Value, more: Value) -> Answer {
        let mut input = properties.as_object().cloned().unwrap_or_default();
        input.extend(more.as_object().cloned().unwrap_or_default());
        self.ask(service, operation, &Value::Object(input))
    }

    /// Every row of a list that comes in pages.
    ///
    /// # Errors
    /// As the service refuses it.
    pub fn all(
        &mut self,
        service: &str,
        operation: &str,
        input: Value,
        list: &str,
        token: (&str, &str),
    ) -> Result<Vec<Value>, Refusal> {
        let (mut input, mut rows) = (input, Vec::new());
        loop {
            let answer = self.ask(service, operation, &input)?;
            rows.extend(answer.get(list).and_then(Value::as_array).cloned().unwrap_or_default());
            match answer.get(token.1).filter(|next| !next.is_null()) {
                Some(next) => input[token.0] = next.clone(),
                None => return Ok(rows),
            }
        }
    }

    /// Is the service simulated?
    pub fn knows(&self, service: &str, operation: &str) -> bool {
        model::model(service).is_some_and(|(_, model)| model.operation(operation).is_some())
    }

    /// What resources here were asked to be.
    pub fn declared(&mut self) -> &mut Declared {
        &mut self.world.site_mut(&self.caller).declared
    }

    /// `arn:aws:service:region:account:rest`.
    pub fn arn(&self, service: &str, rest: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{rest}", self.caller.region, self.caller.account)
    }
}

/// The value as the model has it.
fn fit(model: &Model, member: &Member, value: &Value) -> Value {
    let shape = model.shape(member);
    match (shape.kind, value) {
        (Kind::Structure, Value::Object(members)) => {
            let known = members.iter().filter_map(|(name, value)| {
                let member = shape.member_named(name)?;
                (!value.is_null()).then(|| (name.clone(), fit(model, member, value)))
            });
            Value::Object(known.collect())
        }
        (Kind::List, Value::Array(items)) => {
            let item = shape.member.as_ref();
            Value::Array(items.iter().map(|value| item.map_or_else(|| value.clone(), |item| fit(model, item, value))).collect())
        }
        (Kind::List, Value::String(_)) => fit(model, member, &Value::Array(vec![value.clone()])),
        (Kind::Map, Value::Object(pairs)) => {
            let of = shape.value.as_ref();
            let pair =
                |(key, value): (&String, &Value)| (key.clone(), of.map_or_else(|| value.clone(), |of| fit(model, of, value)));
            Value::Object(pairs.iter().map(pair).collect())
        }
        (Kind::String, Value::Number(_) | Value::Bool(_)) => Value::String(value.to_string()),
        (Kind::String, Value::Object(_) | Value::Array(_)) => Value::String(value.to_string()),
        (Kind::Boolean, Value::String(text)) => text.to_ascii_lowercase().parse().map_or_else(|_| value.clone(), Value::Bool),
        (Kind::Integer | Kind::Long, Value::String(text)) => {
            text.trim().parse::<i64>().map_or_else(|_| value.clone(), Value::from)
        }
        (Kind::Float | Kind::Double, Value::String(text)) => {
            text.trim().parse::<f64>().map_or_else(|_| value.clone(), Value::from)
        }
        _ => value.clone(),
    }
}
