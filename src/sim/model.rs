//! AWS's published service models, reduced to what is simulated: which operations a service has and what their shapes are.
//!
//! The JSON under assets/models is what assets/models/reduce.py leaves of botocore's models; the traits keep their names there.
//! This file must not know of bytes, requests or what an operation does.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::OnceLock;

use regex_lite::{Regex, RegexBuilder};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, de::DeserializeOwned};

/// One service: its metadata, operations and shapes.
#[derive(Debug, Deserialize)]
pub struct Model {
    /// What a client has to know of the service as a whole.
    pub metadata: Metadata,
    operations: HashMap<String, Operation>,
    shapes: HashMap<String, Shape>,
}

/// What a client has to know of a service as a whole.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// AWS's id of the service: `CloudWatch`.
    pub service_id: String,
    /// The version of the API, a date.
    pub api_version: String,
    /// All protocols that the service answers, in AWS's order of preference.
    pub protocols: Vec<String>,
    /// `1.0` or `1.1`: the AWS JSON version of its content type.
    pub json_version: Option<String>,
    /// What precedes the operation in `X-Amz-Target`, and the service's name in RPC v2 paths.
    pub target_prefix: Option<String>,
    /// The namespace of XML answers.
    pub xml_namespace: Option<String>,
    /// Set where a service that once spoke the query protocol keeps its error codes (`x-amzn-query-error`).
    pub aws_query_compatible: Option<serde_json::Value>,
}

/// One operation.
#[derive(Debug, Deserialize)]
pub struct Operation {
    /// AWS's name of it.
    #[serde(skip)]
    pub name: String,
    /// Method, path and status.
    pub http: Http,
    /// The input; absent where the operation takes none.
    pub input: Option<Member>,
    /// The output; absent where the operation answers with nothing but success.
    pub output: Option<Member>,
    /// The names of the shapes of its errors.
    pub errors: Vec<String>,
}

/// How an operation is bound to HTTP.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Http {
    /// `GET`, `POST`, ...
    pub method: String,
    /// The path with its labels: `/restore-jobs/{restoreJobId}`.
    pub request_uri: String,
    /// The status of success, 200 where it is not given.
    pub response_code: Option<u16>,
}

/// What kind of value a shape is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "these are the words of the models")]
pub enum Kind {
    Structure,
    List,
    Map,
    String,
    Blob,
    Boolean,
    Integer,
    Long,
    Float,
    Double,
    Timestamp,
}

/// One shape: a type with its limits.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Shape {
    /// The name in the model.
    #[serde(skip)]
    pub name: String,
    /// What kind of value it is.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The members of a structure, in the model's order.
    #[serde(deserialize_with = "in_order")]
    pub members: Vec<(String, Member)>,
    /// What a list holds.
    pub member: Option<Member>,
    /// The keys of a map.
    pub key: Option<Member>,
    /// The values of a map.
    pub value: Option<Member>,
    /// The members that an input must have.
    pub required: Vec<String>,
    /// The values that a string may have.
    #[serde(rename = "enum")]
    pub values: Vec<String>,
    /// The least value of a number, the least length of anything else.
    pub min: Option<f64>,
    /// The greatest value of a number, the greatest length of anything else.
    pub max: Option<f64>,
    /// The regular expression that the whole of a string must match.
    pub pattern: Option<String>,
    /// The member that is the whole body.
    pub payload: Option<String>,
    /// Is a list or map without a wrapping element?
    pub flattened: bool,
    /// `iso8601`, `rfc822` or `unixTimestamp`, where it is not what the protocol would choose.
    pub timestamp_format: Option<String>,
    /// How an error is told.
    pub error: Option<ErrorTrait>,
    /// Is it the service's fault, rather than the client's?
    pub fault: bool,
    #[serde(skip)]
    compiled: OnceLock<Option<Regex>>,
}

/// How an error is told where its shape's name does not say it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ErrorTrait {
    /// The code in the query protocol.
    pub code: Option<String>,
    /// The HTTP status.
    pub http_status_code: Option<u16>,
}

/// A reference to a shape, with what holds only at this place.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Member {
    /// The name of the shape.
    pub shape: String,
    /// The part of the HTTP message that carries it; absent for the body.
    pub location: Option<Location>,
    /// Its name there.
    pub location_name: Option<String>,
    /// Its name in the forms of the EC2 query protocol, where that is not made from the name elsewhere.
    pub query_name: Option<String>,
    /// Is this list or map without a wrapping element?
    pub flattened: bool,
    /// Is it an attribute of the enclosing element?
    pub xml_attribute: bool,
    /// As [`Shape::timestamp_format`], and before it.
    pub timestamp_format: Option<String>,
    /// The element around an output in the query protocol.
    pub result_wrapper: Option<String>,
}

/// The part of an HTTP message that carries a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "these are the words of the models")]
pub enum Location {
    Uri,
    Querystring,
    Header,
    Headers,
    StatusCode,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            name: String::new(),
            kind: Kind::Structure,
            members: Vec::new(),
            member: None,
            key: None,
            value: None,
            required: Vec::new(),
            values: Vec::new(),
            min: None,
            max: None,
            pattern: None,
            payload: None,
            flattened: false,
            timestamp_format: None,
            error: None,
            fault: false,
            compiled: OnceLock::new(),
        }
    }
}

/// The services, by the name that they sign with.
static MODELS: [(&str, &str, OnceLock<Model>); 22] = [
    ("arc-region-switch", include_str!("../../assets/models/arc-region-switch.json"), OnceLock::new()),
    ("backup", include_str!("../../assets/models/backup.json"), OnceLock::new()),
    ("cloudcontrolapi", include_str!("../../assets/models/cloudcontrol.json"), OnceLock::new()),
    ("cloudformation", include_str!("../../assets/models/cloudformation.json"), OnceLock::new()),
    ("dynamodb", include_str!("../../assets/models/dynamodb.json"), OnceLock::new()),
    ("ec2", include_str!("../../assets/models/ec2.json"), OnceLock::new()),
    ("elasticfilesystem", include_str!("../../assets/models/efs.json"), OnceLock::new()),
    ("events", include_str!("../../assets/models/events.json"), OnceLock::new()),
    ("fsx", include_str!("../../assets/models/fsx.json"), OnceLock::new()),
    ("health", include_str!("../../assets/models/health.json"), OnceLock::new()),
    ("lambda", include_str!("../../assets/models/lambda.json"), OnceLock::new()),
    ("monitoring", include_str!("../../assets/models/cloudwatch.json"), OnceLock::new()),
    ("rds", include_str!("../../assets/models/rds.json"), OnceLock::new()),
    ("route53", include_str!("../../assets/models/route53.json"), OnceLock::new()),
    ("route53-recovery-cluster", include_str!("../../assets/models/route53-recovery-cluster.json"), OnceLock::new()),
    (
        "route53-recovery-control-config",
        include_str!("../../assets/models/route53-recovery-control-config.json"),
        OnceLock::new(),
    ),
    ("s3", include_str!("../../assets/models/s3.json"), OnceLock::new()),
    ("sns", include_str!("../../assets/models/sns.json"), OnceLock::new()),
    ("sqs", include_str!("../../assets/models/sqs.json"), OnceLock::new()),
    ("ssm", include_str!("../../assets/models/ssm.json"), OnceLock::new()),
    ("states", include_str!("../../assets/models/stepfunctions.json"), OnceLock::new()),
    ("sts", include_str!("../../assets/models/sts.json"), OnceLock::new()),
];

/// The names that the simulated services sign with.
pub fn services() -> impl Iterator<Item = &'static str> {
    MODELS.iter().map(|(name, ..)| *name)
}

/// The model of the service that signs as `signing_name`, and that name again; `None` for a service that is not simulated.
pub fn model(signing_name: &str) -> Option<(&'static str, &'static Model)> {
    let (name, text, model) = MODELS.iter().find(|(name, ..)| *name == signing_name)?;
    Some((*name, model.get_or_init(|| parse(text))))
}

/// SQS's model as it was before the service spoke JSON: the names that the query protocol has, which the published model has lost.
///
/// Source: Amazon SQS API reference, "Query protocol".
pub fn sqs_query() -> Option<&'static Model> {
    static QUERY: OnceLock<Model> = OnceLock::new();
    let (_, text, _) = MODELS.iter().find(|(name, ..)| *name == "sqs")?;
    Some(QUERY.get_or_init(|| {
        let mut model = parse(text);
        model.metadata.protocols = vec!["query".to_owned()];
        model.metadata.xml_namespace = Some("http://queue.amazonaws.com/doc/2012-11-05/".to_owned());
        for shape in model.shapes.values_mut() {
            let is_tags = shape.key.as_ref().is_some_and(|key| key.shape.starts_with("Tag"));
            if let (Some(key), Some(value)) = (&mut shape.key, &mut shape.value) {
                key.location_name = Some(if is_tags { "Key" } else { "Name" }.to_owned());
                value.location_name = Some("Value".to_owned());
            }
            for (name, member) in &mut shape.members {
                member.location_name = sqs_query_name(name, &member.shape);
            }
        }
        model
    }))
}

fn sqs_query_name(name: &str, shape: &str) -> Option<String> {
    let plain = match name {
        "Entries" | "Successful" | "Failed" => shape.strip_suffix("List")?,
        "Attributes"
        | "AttributeNames"
        | "MessageAttributes"
        | "MessageAttributeNames"
        | "MessageSystemAttributes"
        | "MessageSystemAttributeNames"
        | "Messages"
        | "QueueUrls"
        | "TagKeys"
        | "Tags" => name.strip_suffix('s')?,
        "queueUrls" => "QueueUrl",
        _ => return None,
    };
    Some(plain.to_owned())
}

fn parse(text: &str) -> Model {
    #[expect(clippy::expect_used, reason = "the text is part of the program and a test parses each")]
    let mut model: Model = serde_json::from_str(text).expect("an embedded service model");
    for (name, operation) in &mut model.operations {
        operation.name.clone_from(name);
    }
    for (name, shape) in &mut model.shapes {
        shape.name.clone_from(name);
    }
    model
}

impl Model {
    /// The operation of that name.
    pub fn operation(&self, name: &str) -> Option<&Operation> {
        self.operations.get(name)
    }

    /// All operations, in no order.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.operations.values()
    }

    /// The shape that a member refers to.
    pub fn shape(&self, member: &Member) -> &Shape {
        // The reduction keeps every shape that an operation reaches; a test says so.
        static NOTHING: OnceLock<Shape> = OnceLock::new();
        self.shapes.get(&member.shape).unwrap_or_else(|| NOTHING.get_or_init(Shape::default))
    }

    /// The shape of the error with this code: the shape's own name, or the code that the query protocol has for it.
    pub fn error(&self, code: &str) -> Option<&Shape> {
        let by_code = |shape: &&Shape| shape.error.as_ref().is_some_and(|error| error.code.as_deref() == Some(code));
        self.shapes.get(code).or_else(|| self.shapes.values().find(by_code))
    }

    /// Does the service answer in this protocol?
    pub fn speaks(&self, protocol: &str) -> bool {
        self.metadata.protocols.iter().any(|spoken| spoken == protocol)
    }
}

impl Shape {
    /// The member of that name.
    pub fn member_named(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|(known, _)| known == name).map(|(_, member)| member)
    }

    /// The pattern as an expression over the whole text; `None` where there is none or it is too rich to be checked here.
    pub fn regex(&self) -> Option<&Regex> {
        const COMPILED_SIZE_BYTES: usize = 64 * 1024;
        let compile = || {
            let whole = format!("^(?:{})$", self.pattern.as_ref()?);
            RegexBuilder::new(&whole).size_limit(COMPILED_SIZE_BYTES).build().ok()
        };
        self.compiled.get_or_init(compile).as_ref()
    }
}

impl Member {
    /// The name in the forms of the EC2 query protocol: its own there, else the name on the wire with a capital letter.
    pub fn ec2_name(&self, name: &str) -> String {
        let wire = match &self.query_name {
            Some(name) => return name.clone(),
            None => self.wire_name(name),
        };
        let mut letters = wire.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    }

    /// The name on the wire: the location's name, or the member's own.
    pub fn wire_name<'a>(&'a self, name: &'a str) -> &'a str {
        self.location_name.as_deref().unwrap_or(name)
    }
}

/// Reads an object as pairs in their order.
fn in_order<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Vec<(String, T)>, D::Error> {
    struct Pairs<T>(PhantomData<T>);

    impl<'de, T: DeserializeOwned> Visitor<'de> for Pairs<T> {
        type Value = Vec<(String, T)>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some(pair) = map.next_entry()? {
                pairs.push(pair);
            }
            Ok(pairs)
        }
    }

    deserializer.deserialize_map(Pairs(PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_parses_and_keeps_each_shape_that_it_refers_to() {
        for name in services() {
            let (_, model) = model(name).unwrap();
            let parts = model.shapes.values().flat_map(|shape| {
                shape.members.iter().map(|(_, member)| member).chain(&shape.member).chain(&shape.key).chain(&shape.value)
            });
            let ends = model.operations.values().flat_map(|operation| operation.input.iter().chain(&operation.output));
            for member in parts.chain(ends) {
                assert!(model.shapes.contains_key(&member.shape), "{name} lacks {}", member.shape);
            }
            assert!(model.operations().flat_map(|operation| &operation.errors).all(|error| model.shapes.contains_key(error)));
        }
    }

    #[test]
    fn an_error_is_found_by_its_shape_and_by_its_query_code() {
        let (_, cloudwatch) = model("monitoring").unwrap();
        assert_eq!(cloudwatch.error("LimitExceededFault").unwrap().name, "LimitExceededFault");
        assert_eq!(cloudwatch.error("LimitExceeded").unwrap().name, "LimitExceededFault");
        assert!(cloudwatch.error("NoSuchThing").is_none());
    }
}
