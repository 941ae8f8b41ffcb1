//! Lambda functions; kept with their properties where Lambda is not simulated.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Desk, PLAIN, Type, not_found};
use crate::sim::call::{Answer, Refusal};
use crate::sim::members;

const NAME: &str = "AWS::Lambda::Function";

pub(super) const TYPES: &[Type] = &[Type {
    name: NAME,
    key: &["FunctionName"],
    named: Some("FunctionName"),
    required: &["Code", "Role"],
    fixed: &["FunctionName", "PackageType"],
    create,
    read,
    update: Some(|desk, name, before, after| {
        if !desk.knows("lambda", "UpdateFunctionConfiguration") {
            return Ok(());
        }
        if before.get("Code") != after.get("Code") {
            let code = code(after);
            let mut input = json!({"FunctionName": name});
            if let (Some(input), Some(code)) = (input.as_object_mut(), code.as_object()) {
                input.extend(code.clone());
            }
            desk.ask("lambda", "UpdateFunctionCode", &input)?;
        }
        desk.ask_with("lambda", "UpdateFunctionConfiguration", after, json!({"FunctionName": name})).map(drop)
    }),
    delete: |desk, name| match desk.knows("lambda", "DeleteFunction") {
        true => desk.ask("lambda", "DeleteFunction", &json!({"FunctionName": name})).map(drop),
        false => Ok(()),
    },
    list: |desk| {
        if desk.knows("lambda", "ListFunctions") {
            let rows = desk.all("lambda", "ListFunctions", json!({}), "Functions", ("Marker", "NextMarker"))?;
            return Ok(rows.iter().map(|row| members::required(row, "FunctionName").to_owned()).collect());
        }
        Ok(desk.declared().keys().filter(|(kind, _)| kind == NAME).map(|(_, name)| name.clone()).collect())
    },
    ..PLAIN
}];

/// A template's inline source is text, Lambda's is a blob.
fn code(properties: &Value) -> Value {
    let mut code = properties.get("Code").cloned().unwrap_or_default();
    if let Some(source) = members::text(&code, "ZipFile") {
        code["ZipFile"] = STANDARD.encode(source).into();
    }
    code
}

fn create(desk: &mut Desk<'_>, properties: &Value) -> Result<String, Refusal> {
    let name = members::required(properties, "FunctionName").to_owned();
    if desk.knows("lambda", "CreateFunction") {
        let tags = super::tag_map(properties);
        desk.ask_with("lambda", "CreateFunction", properties, json!({"Code": code(properties), "Tags": tags}))?;
    } else if desk.declared().contains_key(&(NAME.to_owned(), name.clone())) {
        return Err(Refusal::new("AlreadyExists", format!("{name} already exists")));
    }
    Ok(name)
}

fn read(desk: &mut Desk<'_>, name: &str) -> Answer {
    if desk.knows("lambda", "GetFunctionConfiguration") {
        let told = desk.ask("lambda", "GetFunctionConfiguration", &json!({"FunctionName": name}))?;
        return Ok(json!({"FunctionName": name, "Arn": told["FunctionArn"]}));
    }
    if !desk.declared().contains_key(&(NAME.to_owned(), name.to_owned())) {
        return Err(not_found(name));
    }
    Ok(json!({"FunctionName": name, "Arn": desk.arn("lambda", &format!("function:{name}"))}))
}
