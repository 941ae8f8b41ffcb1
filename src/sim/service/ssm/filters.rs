//! What DescribeParameters refuses of its filters.
//!
//! Source: Systems Manager API reference, DescribeParameters and ParameterStringFilter.

use serde_json::Value;

use crate::sim::call::Refusal;
use crate::sim::members;

const KINDS: [&str; 3] = ["String", "StringList", "SecureString"];
const TIERS: [&str; 3] = ["Standard", "Advanced", "Intelligent-Tiering"];

fn refused(code: &str, message: String) -> Result<(), Refusal> {
    Err(Refusal::new(code, message))
}

/// Holds the filters of a request against each other and against what each may say.
///
/// # Errors
/// As Systems Manager refuses them.
pub(super) fn check(input: &Value) -> Result<(), Refusal> {
    let filters = members::list(input, "ParameterFilters");
    if !filters.is_empty() && !members::list(input, "Filters").is_empty() {
        return refused("ValidationException", "You can use either Filters or ParameterFilters in a single request.".to_owned());
    }
    for (number, filter) in filters.iter().enumerate() {
        let key = members::required(filter, "Key");
        if filters.iter().take(number).any(|earlier| members::required(earlier, "Key") == key) {
            let only = "A request can contain only one occurrence of a specific filter.";
            return refused("InvalidFilterKey", format!("The following filter is duplicated in the request: {key}. {only}"));
        }
        check_one(key, members::text(filter, "Option"), &members::texts(filter, "Values"))?;
    }
    Ok(())
}

fn check_one(key: &str, option: Option<&str>, values: &[&str]) -> Result<(), Refusal> {
    if key == "Label" {
        let keys = "Valid filter keys include: [Path, Name, Type, KeyId, Tier]";
        return refused("InvalidFilterKey", format!("The following filter key is not valid: Label. {keys}"));
    }
    // Of tags the key alone may be asked for.
    if values.is_empty() && !key.starts_with("tag:") {
        return refused("InvalidFilterValue", format!("The following filter values are missing : null for filter key {key}"));
    }
    let (options, stop): (&[&str], &str) = match key {
        "Path" => (&["Recursive", "OneLevel"], "[Recursive, OneLevel]"),
        "Name" => (&["BeginsWith", "Contains", "Equals"], "[BeginsWith, Equals]."),
        _ => (&["BeginsWith", "Equals"], "[BeginsWith, Equals]."),
    };
    if let Some(option) = option.filter(|option| !options.contains(option)) {
        let message = format!("The following filter option is not valid: {option}. Valid options include: {stop}");
        return refused("InvalidFilterOption", message);
    }
    let known: &[&str] = match key {
        "Type" => &KINDS,
        "Tier" => &TIERS,
        "Path" => return values.iter().try_for_each(|path| check_path(path)),
        _ => return Ok(()),
    };
    match values.iter().find(|value| !known.contains(value)) {
        Some(value) => {
            let known = known.join(", ");
            refused(
                "InvalidFilterValue",
                format!("The following filter value is not valid: {value}. Valid values include: [{known}]"),
            )
        }
        None => Ok(()),
    }
}

fn check_path(path: &str) -> Result<(), Refusal> {
    let first = path.trim_start_matches('/').to_lowercase();
    if path.starts_with('/') && (first.starts_with("aws") || first.starts_with("ssm")) {
        let message = "Filters for common parameters can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).";
        return refused("ValidationException", message.to_owned());
    }
    let known = |letter: char| letter.is_ascii_alphanumeric() || "._-/".contains(letter);
    if !path.starts_with('/') || path.contains("//") || !path.chars().all(known) {
        let message = "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash \
                       \"/\". It can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). It must use only letters, numbers, or \
                       the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All \
                       sub-paths, if specified, must use the forward slash symbol \"/\". Valid example: \
                       /get/parameters2-/by1./path0_.";
        return refused("ValidationException", message.to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_filter_that_says_nothing_sensible_is_refused_with_its_own_words() {
        let code =
            |filters: Value| check(&json!({"ParameterFilters": filters})).map_or_else(|refusal| refusal.code, |()| String::new());
        for (filters, expected) in [
            (json!([{"Key": "Name", "Values": ["a"]}, {"Key": "Type", "Values": ["String"]}]), ""),
            (json!([{"Key": "tag:stage"}]), ""),
            (json!([{"Key": "Path", "Option": "Recursive", "Values": ["/a/b"]}]), ""),
            (json!([{"Key": "Name", "Values": ["a"]}, {"Key": "Name", "Values": ["b"]}]), "InvalidFilterKey"),
            (json!([{"Key": "Label", "Values": ["a"]}]), "InvalidFilterKey"),
            (json!([{"Key": "Name"}]), "InvalidFilterValue"),
            (json!([{"Key": "Type", "Values": ["Text"]}]), "InvalidFilterValue"),
            (json!([{"Key": "Name", "Option": "Near", "Values": ["a"]}]), "InvalidFilterOption"),
            (json!([{"Key": "Path", "Option": "Equals", "Values": ["/a"]}]), "InvalidFilterOption"),
            (json!([{"Key": "Path", "Values": ["/aws/a"]}]), "ValidationException"),
            (json!([{"Key": "Path", "Values": ["//"]}]), "ValidationException"),
        ] {
            assert_eq!(code(filters.clone()), expected, "{filters}");
        }
    }
}
