//! An error, ready to be told in any protocol: its names, its status and who is at fault.

use serde_json::{Map, Value};

use super::protocol::{Protocol, Response, set};
use crate::sim::call::Refusal;
use crate::sim::model::{Model, Shape};

/// AWS's common errors have one name in the XML protocols and another in the JSON ones.
///
/// Source: "Common Errors" of the API references of a query service (CloudWatch) and of a JSON service (Systems Manager).
const COMMON: [(&str, &str); 10] = [
    ("AccessDenied", "AccessDeniedException"),
    ("ExpiredToken", "ExpiredTokenException"),
    ("IncompleteSignature", "IncompleteSignatureException"),
    ("InvalidAction", "UnknownOperationException"),
    ("InvalidClientTokenId", "UnrecognizedClientException"),
    ("MissingAuthenticationToken", "MissingAuthenticationTokenException"),
    ("OptInRequired", "SubscriptionRequiredException"),
    ("ServiceUnavailable", "ServiceUnavailableException"),
    ("SignatureDoesNotMatch", "InvalidSignatureException"),
    ("Throttling", "ThrottlingException"),
];

/// Codes that a service once had in the query protocol and still tells, where the models have lost them.
///
/// Source: the SDK for Go, service/sqs, `queryErrorCode` of its error types.
const QUERY_CODES: [(&str, &str); 14] = [
    ("BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"),
    ("BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong"),
    ("EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest"),
    ("InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId"),
    ("InvalidMessageContents", "InvalidMessageContents"),
    ("MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight"),
    ("PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress"),
    ("QueueDeletedRecently", "AWS.SimpleQueueService.QueueDeletedRecently"),
    ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
    ("QueueNameExists", "QueueAlreadyExists"),
    ("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid"),
    ("ResourceNotFoundException", "ResourceNotFoundException"),
    ("TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"),
    ("UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation"),
];

/// An error as the protocols tell it.
pub(super) struct Fault<'m> {
    /// Its shape, where the model has one.
    pub(super) shape: Option<&'m Shape>,
    /// Its name in JSON and CBOR.
    pub(super) name: String,
    /// Its code in XML, and in `x-amzn-query-error`.
    pub(super) code: String,
    /// The HTTP status.
    pub(super) status: u16,
    /// The sentence for people.
    pub(super) message: String,
    /// The member of the shape that carries the sentence: `message` or `Message`.
    pub(super) message_member: String,
    /// The other members.
    pub(super) members: Map<String, Value>,
}

impl<'m> Fault<'m> {
    pub(super) fn new(model: Option<&'m Model>, refusal: Refusal) -> Self {
        let shape = model.and_then(|model| model.error(&refusal.code));
        let (code, name) = match shape {
            Some(shape) => {
                let compatible = model.is_some_and(|model| model.metadata.aws_query_compatible.is_some());
                let lost = || QUERY_CODES.iter().find(|(name, _)| compatible && *name == shape.name);
                let code = shape.error.as_ref().and_then(|error| error.code.clone());
                let code = code.or_else(|| lost().map(|(_, code)| (*code).to_owned()));
                // That one operation names a common error in its own right does not rename it for the others.
                let common = || COMMON.iter().find(|(_, json)| *json == shape.name).map(|(xml, _)| (*xml).to_owned());
                let code = code.or_else(common);
                (code.unwrap_or_else(|| shape.name.clone()), shape.name.clone())
            }
            None => match COMMON.iter().find(|(xml, json)| *xml == refusal.code || *json == refusal.code) {
                Some((xml, json)) => ((*xml).to_owned(), (*json).to_owned()),
                None => (refusal.code.clone(), refusal.code),
            },
        };
        let modelled = shape.and_then(|shape| match &shape.error {
            Some(error) if error.http_status_code.is_some() => error.http_status_code,
            _ if shape.fault => Some(500),
            _ => None,
        });
        let is_message = |(name, _): &&(String, _)| name.eq_ignore_ascii_case("message");
        let message_member = shape.and_then(|shape| shape.members.iter().find(is_message)).map(|(name, _)| name.clone());
        Self {
            shape,
            name,
            code,
            status: modelled.unwrap_or(refusal.status),
            message: refusal.message,
            message_member: message_member.unwrap_or_else(|| "message".to_owned()),
            members: *refusal.members,
        }
    }

    /// Who is at fault, in the word of the query protocol.
    pub(super) fn side(&self) -> &'static str {
        if self.status < 500 { "Sender" } else { "Receiver" }
    }

    /// The `__type` of a body. JSON 1.0 and CBOR name the namespace, JSON 1.1 does not.
    pub(super) fn json_type(&self, model: Option<&Model>) -> String {
        let Some(model) = model.filter(|model| model.speaks(Protocol::Cbor.name()) || model.metadata.is_json_1_0()) else {
            return self.name.clone();
        };
        let namespace = match (self.shape, self.name.as_str()) {
            (Some(_), _) if model.metadata.service_id == "DynamoDB" => "com.amazonaws.dynamodb.v20120810".to_owned(),
            (Some(_), _) => format!("com.amazonaws.{}", model.metadata.service_id.to_ascii_lowercase().replace(' ', "")),
            (None, "ValidationException") => "com.amazon.coral.validate".to_owned(),
            (None, _) => "com.amazon.coral.service".to_owned(),
        };
        format!("{namespace}#{}", self.name)
    }

    /// Names the error in the header that JSON clients look at first.
    pub(super) fn tell_type(&self, model: Option<&Model>, response: &mut Response) {
        // SQS alone names the namespace here too.
        let sqs = model.filter(|model| model.metadata.service_id == "SQS");
        let name = sqs.map_or_else(|| self.name.clone(), |model| self.json_type(Some(model)));
        set(response, "x-amzn-errortype", &name);
    }

    /// Names the code of the query protocol, where clients of the service's other protocols are to see that one.
    pub(super) fn tell_query_code(&self, model: Option<&Model>, response: &mut Response) {
        if model.is_some_and(|model| model.metadata.aws_query_compatible.is_some()) {
            set(response, "x-amzn-query-error", &format!("{};{}", self.code, self.side()));
        }
    }
}
