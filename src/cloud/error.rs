//! What an SDK error means: [`SdkError`] to [`Problem`], by AWS's code first, then by HTTP status, then by where the call broke off.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_types::request_id::RequestId;

use super::codes::{Effect, kind_of_answer};
use crate::domain::{Problem, ProblemKind, Region};

/// What went wrong with `operation`, such as `Backup StartRestoreJob`, asked of `region`. `effect` says what a lost answer means.
///
/// Credentials that could not be had are told as the problem of the call that should have brought them.
pub fn problem<E>(error: &SdkError<E, HttpResponse>, operation: &str, region: &Region, effect: Effect) -> Problem
where
    E: ProvideErrorMetadata + Error + 'static,
{
    if let Some(credentials) = find::<CredentialsError>(error) {
        return no_credentials(credentials, operation);
    }
    let mut problem = match error {
        SdkError::ServiceError(service) => {
            let meta = service.err().meta();
            let raw = service.raw();
            let status = raw.status().as_u16();
            let mut problem = answered(meta.code(), meta.message(), status, is_foreign(raw), effect, operation);
            problem.request_id = meta.request_id().map(str::to_owned);
            problem
        }
        SdkError::ResponseError(response) => {
            let status = response.raw().status().as_u16();
            let foreign = is_foreign(response.raw());
            // An answer of success that cannot be read has taken effect, or was cut off.
            let kind = if status < 400 && !(foreign && effect == Effect::Reads) {
                effect.lost()
            } else if status < 400 {
                ProblemKind::Unavailable
            } else {
                kind_of_answer(None, status, foreign, effect)
            };
            let message = if foreign {
                format!("the endpoint answered {status} with a web page, not as AWS does")
            } else {
                format!("the answer ({status}) could not be read: {}", chain(error))
            };
            Problem::new(kind, operation, message)
        }
        SdkError::TimeoutError(_) => Problem::new(effect.lost(), operation, "no answer within the time limit"),
        SdkError::ConstructionFailure(_) => {
            Problem::new(ProblemKind::Invalid, operation, format!("nothing was sent: {}", chain(error)))
        }
        _ if connect_failure(error).is_some() => no_connection(error, operation),
        _ => Problem::new(effect.lost(), operation, format!("the connection broke off: {}", chain(error))),
    };
    problem.kind = effect.over_all_attempts(problem.kind);
    problem.region = Some(region.clone());
    problem.request_id = problem.request_id.or_else(|| error.request_id().map(str::to_owned));
    problem
}

/// Why there are no credentials for `operation`: a problem of the kind Expired, or that of the STS call that failed.
pub(super) fn no_credentials(error: &CredentialsError, operation: &str) -> Problem {
    if let Some(inner) = find::<Problem>(error) {
        return inner.clone();
    }
    // A role chain of a profile, walked by the SDK. Which Region's STS it asked is not told.
    if let Some(inner) = find::<SdkError<AssumeRoleError, HttpResponse>>(error) {
        return Problem { region: None, ..problem(inner, "STS AssumeRole", &Region::new(""), Effect::Reads) };
    }
    if connect_failure(error).is_some() {
        return no_connection(error, operation);
    }
    let kind = match error {
        CredentialsError::ProviderTimedOut(_) => ProblemKind::Unreachable,
        _ => ProblemKind::Expired,
    };
    Problem::new(kind, operation, format!("no credentials: {}", chain(error)))
}

fn no_connection(error: &(dyn Error + 'static), operation: &str) -> Problem {
    let cause = connect_failure(error).and_then(|failure| failure.source()).map_or_else(|| chain(error), chain);
    Problem::new(ProblemKind::Unreachable, operation, format!("no connection: {cause}"))
}

fn answered(code: Option<&str>, message: Option<&str>, status: u16, foreign: bool, effect: Effect, operation: &str) -> Problem {
    let message = match (message, code) {
        (Some(message), _) => message.to_owned(),
        (None, Some(_)) => format!("AWS gave no message (HTTP status {status})"),
        (None, None) => format!("the endpoint answered {status} without an error of AWS's"),
    };
    let mut problem = Problem::new(kind_of_answer(code, status, foreign, effect), operation, message);
    problem.code = code.map(str::to_owned);
    problem
}

/// Is the body a web page? AWS answers JSON, CBOR or XML.
fn is_foreign(response: &HttpResponse) -> bool {
    let typed = response.headers().get("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    let text = response.body().bytes().map(|bytes| bytes.trim_ascii_start()).unwrap_or_default();
    typed || text.get(..5).is_some_and(|head| head.eq_ignore_ascii_case(b"<html") || head.eq_ignore_ascii_case(b"<!doc"))
}

/// The failure to connect, if that is why it failed: nothing was sent. A connection that was made may have carried the request.
fn connect_failure<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a hyper_util::client::legacy::Error> {
    find::<hyper_util::client::legacy::Error>(error).filter(|error| error.is_connect())
}

/// The first error of type `T` in the chain.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    std::iter::successors(Some(error), |&error| error.source()).find_map(|error| error.downcast_ref())
}

/// The chain of causes in one line, without the repetitions of causes that quote the next one.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    for error in std::iter::successors(Some(error), |&error| error.source()) {
        let text = error.to_string();
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
    }
    parts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    type TestError = SdkError<aws_sdk_backup::operation::start_restore_job::StartRestoreJobError, HttpResponse>;

    fn raw(status: u16, body: &'static str) -> HttpResponse {
        let mut response = HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body));
        response.headers_mut().insert("x-amzn-requestid", "req-1");
        response
    }

    fn service_error(status: u16, code: Option<&str>, body: &'static str) -> TestError {
        let mut meta = ErrorMetadata::builder();
        if let Some(code) = code {
            meta = meta.code(code).message("AWS says why");
        }
        let error = aws_sdk_backup::operation::start_restore_job::StartRestoreJobError::generic(meta.build());
        SdkError::service_error(error, raw(status, body))
    }

    fn kind(error: &TestError, effect: Effect) -> ProblemKind {
        problem(error, "Backup StartRestoreJob", &Region::new("eu-central-1"), effect).kind
    }

    #[test]
    fn codes_and_statuses_mean_what_the_table_says() {
        use Effect::{Changes, ChangesWithToken, Reads};
        use ProblemKind::*;
        for (status, code, body, effect, expected) in [
            (400, Some("ThrottlingException"), "", Reads, Throttled),
            (400, Some("ThrottlingException"), "", Changes, Throttled),
            (400, Some("ThrottlingException"), "", ChangesWithToken, Unknown),
            (400, Some("PriorRequestNotComplete"), "", Changes, Throttled),
            (403, Some("AccessDenied"), "", Reads, Denied),
            (403, Some("SomethingNewAboutRights"), "", Reads, Denied),
            (403, Some("ExpiredTokenException"), "", Reads, Expired),
            (403, Some("ExpiredToken"), "", Changes, Expired),
            (400, Some("UnrecognizedClientException"), "", Reads, Expired),
            (400, Some("ResourceNotFoundException"), "", Reads, Missing),
            (404, Some("NoSuchHostedZone"), "", Reads, Missing),
            (400, Some("SomethingNewNotFoundException"), "", Reads, Missing),
            (404, Some("Unheard"), "", Reads, Missing),
            (400, Some("InvalidParameterValueException"), "", Changes, Invalid),
            (400, Some("InvalidChangeBatch"), "", Changes, Invalid),
            (400, Some("Unheard"), "", Reads, Invalid),
            (400, Some("SubscriptionRequiredException"), "", Reads, Unavailable),
            (400, Some("UnknownOperationException"), "", Reads, Unavailable),
            (404, None, "", Reads, Unavailable),
            (404, None, "<html>no", Changes, Unavailable),
            (501, None, "not yet implemented", Reads, Unavailable),
            (500, None, "<!doctype html>", Reads, Unavailable),
            (500, None, "<!doctype html>", Changes, Unknown),
            (503, Some("ServiceUnavailableException"), "", Reads, Unreachable),
            (503, Some("ServiceUnavailableException"), "", Changes, Unreachable),
            (503, Some("ServiceUnavailableException"), "", ChangesWithToken, Unknown),
            (500, Some("InternalFailure"), "", Reads, Unreachable),
            (500, Some("InternalFailure"), "", Changes, Unknown),
            (502, None, "", Changes, Unknown),
            (429, None, "", Reads, Throttled),
        ] {
            assert_eq!(kind(&service_error(status, code, body), effect), expected, "{status} {code:?} {body:?} {effect:?}");
        }
    }

    #[test]
    fn a_problem_keeps_what_a_support_case_needs() {
        let error = service_error(400, Some("InvalidParameterValueException"), "");
        let problem = problem(&error, "Backup StartRestoreJob", &Region::new("eu-central-1"), Effect::Changes);
        assert_eq!(
            problem.to_string(),
            "Backup StartRestoreJob in eu-central-1: refused (InvalidParameterValueException): AWS says why [request req-1]"
        );
    }

    #[test]
    fn a_lost_answer_is_unknown_for_a_change_and_unreachable_for_a_read() {
        let broken = || std::io::Error::new(std::io::ErrorKind::ConnectionReset, "reset");
        for error in [
            TestError::timeout_error("operation timed out"),
            TestError::dispatch_failure(ConnectorError::io(broken().into())),
            TestError::response_error("cut off", raw(200, "{\"Restore")),
        ] {
            assert_eq!(kind(&error, Effect::Reads), ProblemKind::Unreachable, "{error:?}");
            assert_eq!(kind(&error, Effect::Changes), ProblemKind::Unknown, "{error:?}");
        }
    }

    #[test]
    fn a_web_page_instead_of_an_answer_means_that_the_endpoint_is_not_the_service() {
        let error = TestError::response_error("not JSON", raw(200, "<!DOCTYPE html><title>Sign in</title>"));
        assert_eq!(kind(&error, Effect::Reads), ProblemKind::Unavailable);
        assert_eq!(kind(&error, Effect::Changes), ProblemKind::Unknown);
    }

    #[test]
    fn credentials_that_cannot_be_had_are_expired_and_a_failed_role_tells_its_own_problem() {
        let none = CredentialsError::provider_error("the SSO session has expired");
        let error = TestError::dispatch_failure(ConnectorError::other(none.into(), None));
        let told = problem(&error, "Backup ListBackupVaults", &Region::new("eu-west-1"), Effect::Changes);
        assert_eq!(told.kind, ProblemKind::Expired);
        assert!(told.message.contains("the SSO session has expired"), "{}", told.message);

        let mut denied = Problem::new(ProblemKind::Denied, "STS AssumeRole", "not authorized to assume");
        denied.region = Some(Region::new("eu-central-1"));
        let error = CredentialsError::provider_error(denied.clone());
        let error = TestError::dispatch_failure(ConnectorError::other(error.into(), None));
        assert_eq!(problem(&error, "Backup ListBackupVaults", &Region::new("eu-west-1"), Effect::Reads), denied);
    }
}
