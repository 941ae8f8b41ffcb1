//! Which protocol a request speaks, and the way into each.

use std::io::Read;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

use super::fault::Fault;
use super::scalar::Malformed;
use super::{cbor, check, ec2, json, query, rest, rest_json, rest_xml, s3};
use crate::sim::call::Refusal;
use crate::sim::model::{self, Metadata, Model, Operation};

/// A request with its whole body.
pub type Request = http::Request<Bytes>;

/// An answer with its whole body.
pub type Response = http::Response<Bytes>;

/// One of AWS's protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// AWS JSON 1.0 and 1.1.
    Json,
    /// REST-JSON.
    RestJson,
    /// REST-XML.
    RestXml,
    /// Form in, XML out.
    Query,
    /// EC2's own kind of form in, XML out.
    Ec2,
    /// Smithy RPC v2 CBOR.
    Cbor,
}

impl Protocol {
    /// The name in the service models.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::RestJson => "rest-json",
            Self::RestXml => "rest-xml",
            Self::Query => "query",
            Self::Ec2 => "ec2",
            Self::Cbor => "smithy-rpc-v2-cbor",
        }
    }

    /// The protocol in which `request` speaks to the service: the one that the request shows, else the service's only one.
    pub fn of(model: Option<&Model>, request: &Request) -> Self {
        let shown = Self::shown(request);
        let Some(model) = model else { return shown.unwrap_or(Self::RestJson) };
        if let Some(shown) = shown.filter(|shown| model.speaks(shown.name())) {
            return shown;
        }
        let all = [Self::RestJson, Self::RestXml, Self::Query, Self::Ec2, Self::Json, Self::Cbor];
        all.into_iter().find(|protocol| model.speaks(protocol.name())).unwrap_or(Self::Json)
    }

    /// The model of the service that signs so, in the form that the request speaks.
    pub fn model(signing_name: &str, request: &Request) -> Option<(&'static str, &'static Model)> {
        let (name, model) = model::model(signing_name)?;
        let older = (name == "sqs" && Self::shown(request) == Some(Self::Query)).then(model::sqs_query).flatten();
        Some((name, older.unwrap_or(model)))
    }

    fn shown(request: &Request) -> Option<Self> {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if header("smithy-protocol") == "rpc-v2-cbor" {
            Some(Self::Cbor)
        } else if request.headers().contains_key("x-amz-target") {
            Some(Self::Json)
        } else if header("content-type").starts_with("application/x-www-form-urlencoded")
            || request.uri().query().is_some_and(|query| query.contains("Action="))
        {
            Some(Self::Query)
        } else {
            None
        }
    }

    /// The operation that is asked for.
    ///
    /// # Errors
    /// What AWS answers in this protocol for an operation that it does not know.
    pub fn operation<'m>(self, model: &'m Model, request: &Request) -> Result<&'m Operation, Refusal> {
        let found = match self {
            Self::Json => json::operation(model, request),
            Self::RestJson | Self::RestXml => rest::operation(model, request),
            Self::Query | Self::Ec2 => query::operation(model, request),
            Self::Cbor => cbor::operation(model, request),
        };
        found.ok_or_else(|| self.unknown_operation(Some(model), request))
    }

    /// What AWS answers for an operation, or a service, that it does not know.
    pub fn unknown_operation(self, model: Option<&Model>, request: &Request) -> Refusal {
        match self {
            Self::Query | Self::Ec2 => {
                let version = model.map_or("", |model| model.metadata.api_version.as_str());
                match query::action(request) {
                    Some(action) => {
                        Refusal::new("InvalidAction", format!("Could not find operation {action} for version {version}"))
                    }
                    None => Refusal::new("MissingAction", "The request is missing an action or a required parameter."),
                }
            }
            Self::Json => Refusal::new("UnknownOperationException", UNKNOWN),
            Self::RestXml if model.is_some_and(s3::is_s3) => {
                let message = "A header you provided implies functionality that is not implemented";
                Refusal::new("NotImplemented", message).status(501)
            }
            Self::RestJson | Self::RestXml | Self::Cbor => Refusal::new("UnknownOperationException", UNKNOWN).status(404),
        }
    }

    /// Reads the input and holds it against the model.
    ///
    /// # Errors
    /// What AWS answers for a body that it cannot read, or for members outside the model's limits.
    pub fn read(self, model: &Model, operation: &Operation, request: &Request) -> Result<Value, Refusal> {
        let read = match encoding(request).filter(|_| !s3::is_s3(model)) {
            Some(encoding) => Err(Malformed::new(format!("the body cannot be read in the content encoding '{encoding}'"))),
            None => match self {
                Self::Json => json::read(model, operation, request),
                Self::RestJson => rest_json::read(model, operation, request),
                Self::RestXml => rest_xml::read(model, operation, request),
                Self::Query => query::read(model, operation, request),
                Self::Ec2 => ec2::read(model, operation, request),
                Self::Cbor => cbor::read(model, operation, request),
            },
        };
        let input = read.map_err(|Malformed(what)| Refusal::new(self.malformed(model), what))?;
        check::input(model, operation, &input)?;
        Ok(input)
    }

    fn malformed(self, model: &Model) -> &'static str {
        match self {
            Self::RestXml if s3::is_s3(model) => "MalformedXML",
            Self::Json | Self::RestJson | Self::Cbor => "SerializationException",
            Self::Query => "MalformedInput",
            Self::Ec2 => "InvalidParameterValue",
            // Route 53 has its own name for it; other REST-XML services are to bring theirs.
            Self::RestXml => "InvalidInput",
        }
    }

    /// Tells success.
    pub fn answer(self, model: &Model, operation: &Operation, value: &Value, request_id: &str) -> Response {
        match self {
            Self::Json => checked(Some(model), json::answer(model, operation, value)),
            Self::RestJson => rest_json::answer(model, operation, value),
            Self::RestXml => rest_xml::answer(model, operation, value, request_id),
            Self::Query => query::answer(model, operation, value, request_id),
            Self::Ec2 => ec2::answer(model, operation, value, request_id),
            Self::Cbor => cbor::answer(model, operation, value),
        }
    }

    /// Tells an error.
    pub fn refuse(self, model: Option<&Model>, refusal: Refusal, request_id: &str) -> Response {
        let fault = Fault::new(model, refusal);
        match self {
            Self::Json => checked(model, json::refuse(model, &fault)),
            Self::RestJson => rest_json::refuse(model, &fault),
            Self::RestXml => rest_xml::refuse(model, &fault, request_id),
            Self::Query => query::refuse(model, &fault, request_id),
            Self::Ec2 => ec2::refuse(&fault, request_id),
            Self::Cbor => cbor::refuse(model, &fault),
        }
    }
}

const UNKNOWN: &str = "The requested operation is not recognized by the service.";

impl Metadata {
    /// Does the service speak AWS JSON 1.0?
    pub fn is_json_1_0(&self) -> bool {
        self.json_version.as_deref() == Some("1.0")
    }
}

/// The longest body that a compressed one may unpack to.
const UNPACKED_LIMIT_BYTES: u64 = 8 * 1024 * 1024;

/// A request as the protocols read it, whatever its service does to addresses and bodies on the wire.
///
/// # Errors
/// A body that is not in the form that its headers say.
pub fn unpack(request: Request, service: Option<&str>) -> Result<Request, Refusal> {
    if service == Some(s3::SIGNING_NAME) {
        return s3::plain(request).map_err(|Malformed(what)| Refusal::new("IncompleteBody", what));
    }
    Ok(gunzip(request))
}

/// A request whose body is compressed with gzip becomes the plain one; what cannot be unpacked stays, and reading refuses it.
fn gunzip(mut request: Request) -> Request {
    if encoding(&request) != Some("gzip") {
        return request;
    }
    let mut plain = Vec::new();
    let mut unpacking = flate2::read::MultiGzDecoder::new(request.body().as_ref()).take(UNPACKED_LIMIT_BYTES + 1);
    let whole = unpacking.read_to_end(&mut plain).is_ok() && plain.len() as u64 <= UNPACKED_LIMIT_BYTES;
    if whole {
        *request.body_mut() = plain.into();
        request.headers_mut().remove(CONTENT_ENCODING);
    }
    request
}

fn encoding(request: &Request) -> Option<&str> {
    let encoding = request.headers().get(CONTENT_ENCODING)?.to_str().ok()?;
    Some(encoding).filter(|encoding| !matches!(*encoding, "" | "identity"))
}

/// An answer with this status, content type and body.
pub(super) fn reply(status: u16, content_type: &str, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    set(&mut response, CONTENT_TYPE.as_str(), content_type);
    response
}

/// Adds the checksum over the body by which clients of DynamoDB notice that an answer was damaged.
fn checked(model: Option<&Model>, mut response: Response) -> Response {
    if model.is_some_and(|model| model.metadata.service_id == "DynamoDB") {
        let mut crc = flate2::Crc::new();
        crc.update(response.body());
        set(&mut response, "x-amz-crc32", &crc.sum().to_string());
    }
    response
}

/// Sets a header; a text that HTTP cannot carry is left out.
pub(super) fn set(response: &mut Response, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
        response.headers_mut().insert(name, value);
    }
}
