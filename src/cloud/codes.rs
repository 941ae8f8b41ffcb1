//! What AWS's error codes and HTTP statuses mean for what to do next.

use crate::domain::ProblemKind;

/// What a call may have done when its answer is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: a lost answer is as good as no connection.
    Reads,
    /// A change, sent once: [`Retries::Never`](super::Retries::Never).
    Changes,
    /// A change that the SDK may have sent more than once with one token: [`Retries::WithToken`](super::Retries::WithToken). The
    /// error that is left tells only of the last attempt; an earlier one may have got through.
    ChangesWithToken,
}

impl Effect {
    /// What a call is whose answer did not come, or whose effect AWS left open.
    pub(super) fn lost(self) -> ProblemKind {
        match self {
            Self::Reads => ProblemKind::Unreachable,
            Self::Changes | Self::ChangesWithToken => ProblemKind::Unknown,
        }
    }

    /// Raises what is true of the last attempt only to what is true of all of them.
    pub(super) fn over_all_attempts(self, kind: ProblemKind) -> ProblemKind {
        match (self, kind) {
            (Self::ChangesWithToken, ProblemKind::Throttled | ProblemKind::Unreachable) => ProblemKind::Unknown,
            _ => kind,
        }
    }
}

/// What stands for a code that leaves open whether the call took effect.
const LOST: Option<ProblemKind> = None;

/// AWS's codes by what they mean here; `None` is [`LOST`]. Sources: the services' API models, and the common errors of each API
/// reference. A code means the same in each of the services asked.
const CODES: &[(Option<ProblemKind>, &[&str])] = &[
    (
        Some(ProblemKind::Throttled),
        &[
            "Throttling",
            "ThrottlingException",
            "ThrottledException",
            "RequestThrottled",
            "RequestThrottledException",
            "TooManyRequestsException",
            "RequestLimitExceeded",
            "SlowDown",
            "BandwidthLimitExceeded",
            "PriorRequestNotComplete", // Route 53: an earlier change of the zone is still being taken in.
            "LimitExceededException",  // Backup: too many jobs at a time.
            "LimitExceeded",
            "AutomationExecutionLimitExceededException", // Systems Manager: too many executions at a time.
            "TooManyUpdates",
            "ConcurrentModification",
            "ConcurrentModificationException",
        ],
    ),
    (
        Some(ProblemKind::Denied),
        &[
            "AccessDenied",
            "AccessDeniedException", // Backup also for a vault that does not exist.
            "NotAuthorized",
            "NotAuthorizedException",
            "AuthorizationError",
            "AuthFailure",
            "UnauthorizedOperation",
            "OpsItemAccessDeniedException",
            "SignatureDoesNotMatch",
            "InvalidSignatureException",
            "IncompleteSignature",
            "IncompleteSignatureException",
            "RequestTimeTooSkewed",
            "RequestExpired",
            "RegionDisabledException",
        ],
    ),
    (
        Some(ProblemKind::Expired),
        &[
            "ExpiredToken",
            "ExpiredTokenException",
            "TokenRefreshRequired",
            "UnrecognizedClientException",
            "InvalidClientTokenId",
            "InvalidAccessKeyId",
            "InvalidToken",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "UnauthorizedException", // IAM Identity Center: the session is over.
        ],
    ),
    (
        Some(ProblemKind::Missing),
        &[
            "ResourceNotFound",
            "ResourceNotFoundException",
            "NoSuchHostedZone",
            "NoSuchChange",
            "NoSuchHealthCheck",
            "HostedZoneNotFound",
            "AutomationExecutionNotFoundException",
            "AutomationDefinitionNotFoundException",
            "AutomationDefinitionVersionNotFoundException",
            "AutomationStepNotFoundException",
            "OpsItemNotFoundException",
            "InvalidDocument", // Systems Manager: "the specified document doesn't exist".
        ],
    ),
    (
        Some(ProblemKind::Unavailable),
        &[
            "UnknownOperationException",
            "UnknownOperation",
            "InvalidAction",
            "NotImplemented",
            "NotYetImplemented",
            "SubscriptionRequiredException",
            "OptInRequired",
            "FeatureNotAvailableException",
        ],
    ),
    (
        Some(ProblemKind::Unreachable),
        &["ServiceUnavailable", "ServiceUnavailableException", "ServiceUnavailableError", "RequestTimeoutException"],
    ),
    (
        LOST,
        &[
            "InternalFailure",
            "InternalError",
            "InternalServerError",
            "InternalServerException",
            "InternalServiceError",
            "InternalServiceFault",
            "InternalServiceException",
            "ServiceFailure",
            "RequestTimeout",
            "DependencyFailureException",
        ],
    ),
];

/// What an answer with this code and status means. `foreign` is a body that is not AWS's, such as a page of a proxy.
pub(super) fn kind_of_answer(code: Option<&str>, status: u16, foreign: bool, effect: Effect) -> ProblemKind {
    if let Some(code) = code {
        if let Some((kind, _)) = CODES.iter().find(|(_, codes)| codes.contains(&code)) {
            return kind.unwrap_or(effect.lost());
        }
        if code.starts_with("NoSuch") || code.ends_with("NotFound") || code.ends_with("NotFoundException") {
            return ProblemKind::Missing;
        }
    }
    match (status, code) {
        (429, _) => ProblemKind::Throttled,
        (401 | 403, _) => ProblemKind::Denied,
        (404 | 405, None) | (501, _) => ProblemKind::Unavailable,
        (404, Some(_)) => ProblemKind::Missing,
        (503, _) => ProblemKind::Unreachable,
        (400..=499, _) => ProblemKind::Invalid,
        (_, None) if foreign && effect == Effect::Reads => ProblemKind::Unavailable,
        _ => effect.lost(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_stands_in_two_rows() {
        let mut all: Vec<_> = CODES.iter().flat_map(|(_, codes)| codes.iter()).collect();
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
