//! Reads who signed a request, and for which Region and service. The signature itself is **not** verified: the simulated AWS
//! knows no secrets, and whoever holds an access key's id is taken for its owner.
//!
//! It must not know what the access key stands for.

use chrono::NaiveDateTime;
use http::HeaderMap;
use http::header::{AUTHORIZATION, DATE};

use super::call::Refusal;

/// Who signed, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The id of the access key.
    pub access_key: String,
    /// The Region of the credential scope.
    pub region: String,
    /// The service of the credential scope.
    pub service: String,
    /// Is there a session token, as temporary credentials need one?
    pub session: bool,
}

/// Does the request carry AWS credentials of any kind?
pub fn is_signed(headers: &HeaderMap, query: Option<&str>) -> bool {
    query.is_some_and(|query| query.contains("X-Amz-Credential=") || query.contains("AWSAccessKeyId="))
        || headers.get(AUTHORIZATION).is_some_and(|value| value.as_bytes().starts_with(b"AWS"))
}

/// Reads the `Authorization` header of Signature Version 4, or the query string of a URL that was signed beforehand.
///
/// # Errors
/// `MissingAuthenticationToken` (403) without the header, `IncompleteSignature` (400) where a part is missing or malformed.
///
/// Source: IAM User Guide, "Create a signed AWS API request"; the codes are those of "Common Errors".
pub fn scope(headers: &HeaderMap, query: Option<&str>) -> Result<Scope, Refusal> {
    let Some(header) = headers.get(AUTHORIZATION) else {
        let named = |name: &str| query?.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        if let Some(credential) = named("X-Amz-Credential") {
            let credential = percent_encoding::percent_decode_str(credential).decode_utf8_lossy();
            let incomplete = |what: &str| Refusal::new("IncompleteSignature", format!("{what} X-Amz-Credential={credential}"));
            return credential_scope(&credential, named("X-Amz-Security-Token").is_some(), &incomplete);
        }
        if let (Some(key), Some(_)) = (named("AWSAccessKeyId"), named("Signature")) {
            return Ok(older(key, named("x-amz-security-token").is_some()));
        }
        return Err(Refusal::new("MissingAuthenticationToken", "Missing Authentication Token").status(403));
    };
    let text = header.to_str().unwrap_or_default();
    if let Some((key, _)) = text.strip_prefix("AWS ").and_then(|rest| rest.trim().split_once(':')) {
        return Ok(older(key, headers.contains_key("x-amz-security-token")));
    }
    let incomplete = |what: &str| Refusal::new("IncompleteSignature", format!("{what} Authorization={text}"));
    let Some(parts) = text.strip_prefix("AWS4-HMAC-SHA256") else {
        return Err(incomplete("Unsupported AWS 'algorithm'."));
    };
    let part = |name: &str| {
        let found = parts.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
        found
            .filter(|value| !value.is_empty())
            .ok_or_else(|| incomplete(&format!("Authorization header requires '{name}' parameter.")))
    };
    let credential = part("Credential")?;
    part("SignedHeaders")?;
    part("Signature")?;
    let (scope, day) = dated_scope(credential, headers.contains_key("x-amz-security-token"), &incomplete)?;
    check_date(headers, &scope, day, &incomplete)?;
    Ok(scope)
}

/// A signature is of a time, and its credential of the same day. How old it is cannot be told here: an exercise has its own time, and
/// clients sign with theirs.
fn check_date(headers: &HeaderMap, scope: &Scope, day: &str, incomplete: &dyn Fn(&str) -> Refusal) -> Result<(), Refusal> {
    let Some(date) = headers.get("x-amz-date").and_then(|date| date.to_str().ok()) else {
        if headers.contains_key(DATE) {
            return Ok(());
        }
        if scope.service == "s3" {
            let message = "AWS authentication requires a valid Date or x-amz-date header";
            return Err(Refusal::new("AccessDenied", message).status(403));
        }
        return Err(incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."));
    };
    if NaiveDateTime::parse_from_str(date, "%Y%m%dT%H%M%SZ").is_err() {
        let message = format!("Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601");
        return Err(Refusal::new("IncompleteSignature", message));
    }
    if date.starts_with(day) {
        return Ok(());
    }
    let of = date.get(..8).unwrap_or_default();
    let message = format!(
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{day}' != '{of}', from '{date}'."
    );
    Err(Refusal::new("SignatureDoesNotMatch", message).status(403))
}

/// The Region of Signature Version 2, which names none.
pub const ANYWHERE: &str = "aws-global";

/// Signature Version 2, which S3 still takes, and which names neither service nor Region.
fn older(access_key: &str, session: bool) -> Scope {
    Scope { access_key: access_key.to_owned(), region: ANYWHERE.to_owned(), service: "s3".to_owned(), session }
}

fn credential_scope(credential: &str, session: bool, incomplete: &dyn Fn(&str) -> Refusal) -> Result<Scope, Refusal> {
    Ok(dated_scope(credential, session, incomplete)?.0)
}

/// The scope and the day that it is of.
fn dated_scope<'c>(
    credential: &'c str,
    session: bool,
    incomplete: &dyn Fn(&str) -> Refusal,
) -> Result<(Scope, &'c str), Refusal> {
    let scope: Vec<&str> = credential.split('/').collect();
    let [access_key, date, region, service, "aws4_request"] = scope.as_slice() else {
        return Err(incomplete("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term,"));
    };
    if date.len() != 8 || [access_key, region, service].iter().any(|part| part.is_empty()) {
        return Err(incomplete("Credential must have a key, a date, a Region and a service."));
    }
    let [access_key, region, service] = [access_key, region, service].map(|part| (*part).to_owned());
    Ok((Scope { access_key, region, service, session }, *date))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(value: &str) -> Result<Scope, Refusal> {
        let date = ("x-amz-date".parse().unwrap(), "20260314T030000Z".parse().unwrap());
        scope(&HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap()), date]), None)
    }

    #[test]
    fn the_scope_names_key_region_and_service() {
        let scope = signed(
            "AWS4-HMAC-SHA256 Credential=AKIAEXERCISEOPERATOR/20260314/eu-central-1/backup/aws4_request, \
             SignedHeaders=host;x-amz-date, Signature=00ff",
        );
        let scope = scope.unwrap();
        assert_eq!((scope.access_key.as_str(), scope.region.as_str()), ("AKIAEXERCISEOPERATOR", "eu-central-1"));
        assert_eq!(scope.service, "backup");
        assert!(!scope.session);
    }

    #[test]
    fn s3_takes_the_older_signature_in_the_header_and_in_the_query_string() {
        let header = signed("AWS AKIA:c2lnbmF0dXJl").unwrap();
        assert_eq!((header.access_key.as_str(), header.service.as_str(), header.region.as_str()), ("AKIA", "s3", ANYWHERE));
        let query = scope(&HeaderMap::new(), Some("AWSAccessKeyId=AKIA&Signature=x&Expires=1")).unwrap();
        assert_eq!(query, header);
        let credential = "X-Amz-Credential=AKIA%2F20260314%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Signature=0";
        assert_eq!(scope(&HeaderMap::new(), Some(credential)).unwrap().region, "eu-west-1");
    }

    #[test]
    fn what_is_missing_is_said_with_the_code_of_aws() {
        assert_eq!(scope(&HeaderMap::new(), None).unwrap_err().code, "MissingAuthenticationToken");
        for broken in ["Basic abc", "AWS4-HMAC-SHA256 Credential=AK/20260314/eu-west-1/ssm/aws4_request", "AWS4-HMAC-SHA256"] {
            assert_eq!(signed(broken).unwrap_err().code, "IncompleteSignature", "{broken}");
        }
        let short = signed("AWS4-HMAC-SHA256 Credential=AK/eu-west-1/ssm/aws4_request, SignedHeaders=host, Signature=0");
        assert!(short.unwrap_err().message.contains("exactly 5"));
    }
}
