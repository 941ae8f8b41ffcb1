//! CloudWatch in AWS JSON 1.0 instead of RPC v2 CBOR, for endpoints of one's own that do not speak the newer protocol.
//!
//! The SDK speaks CBOR only, and AWS answers it. Other software that stands in for AWS may know the older protocols alone and
//! answers 404. Once that is seen, requests are rewritten before they are signed and answers before they are read. AWS itself is
//! never spoken to in this way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextMut,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use ciborium::Value as Cbor;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use serde_json::Value as Json;

/// CloudWatch's name in `X-Amz-Target`.
const TARGET: &str = "GraniteServiceVersion20100801";
/// CBOR's tag for a time in seconds since 1970 (RFC 8949, 3.4.2).
const EPOCH_TAG: u64 = 1;
/// Members that are fractions even when they are written without a point.
const FRACTIONS: &[&str] = &["Threshold", "Values"];

/// Whether the older protocol is spoken; shared by the clones of a client.
#[derive(Debug, Clone, Default)]
pub(super) struct OlderProtocol {
    spoken: Arc<AtomicBool>,
}

impl OlderProtocol {
    /// From now on.
    pub(super) fn begin(&self) {
        self.spoken.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_spoken(&self) -> bool {
        self.spoken.load(Ordering::Relaxed)
    }
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for OlderProtocol {
    fn name(&self) -> &'static str {
        "OlderProtocol"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if !self.is_spoken() {
            return Ok(());
        }
        let request = context.request_mut();
        let Some((base, operation)) = request.uri().rsplit_once("/operation/") else { return Ok(()) };
        let base = base.rsplit_once("/service/").map_or(base, |(base, _)| base);
        let (uri, target) = (format!("{base}/"), format!("{TARGET}.{operation}"));
        let body: Cbor = ciborium::from_reader(request.body().bytes().unwrap_or_default())?;
        let body = serde_json::to_vec(&json(body))?;
        request.set_uri(uri)?;
        let headers = request.headers_mut();
        headers.remove("smithy-protocol");
        headers.remove("accept");
        headers.insert("content-type", "application/x-amz-json-1.0");
        headers.insert("x-amz-target", target);
        headers.insert("content-length", body.len().to_string());
        *request.body_mut() = SdkBody::from(body);
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if !self.is_spoken() {
            return Ok(());
        }
        let response = context.response_mut();
        response.headers_mut().insert("smithy-protocol", "rpc-v2-cbor");
        let body = std::mem::replace(response.body_mut(), SdkBody::taken());
        let rewritten = futures_util::stream::once(async move {
            let bytes = body.collect().await?.to_bytes();
            // What is no JSON is passed on as it is, for the client to complain about.
            let Ok(answer) = serde_json::from_slice::<Json>(&bytes) else { return Ok(Frame::data(bytes)) };
            let mut out = Vec::new();
            ciborium::into_writer(&cbor("", answer), &mut out)?;
            Ok::<_, BoxError>(Frame::data(out.into()))
        });
        *response.body_mut() = SdkBody::from_body_1_x(StreamBody::new(Box::pin(rewritten)));
        Ok(())
    }
}

fn json(value: Cbor) -> Json {
    match value {
        Cbor::Integer(number) => i64::try_from(number).map_or(Json::Null, Json::from),
        Cbor::Float(number) => Json::from(number),
        Cbor::Text(text) => Json::from(text),
        Cbor::Bool(truth) => Json::from(truth),
        // Times travel as seconds in both.
        Cbor::Tag(EPOCH_TAG, seconds) => json(*seconds),
        Cbor::Array(items) => items.into_iter().map(json).collect(),
        Cbor::Map(members) => members
            .into_iter()
            .filter_map(|(name, value)| Some((name.into_text().ok()?, json(value))))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        _ => Json::Null,
    }
}

/// `member` tells times and fractions, which JSON does not.
fn cbor(member: &str, value: Json) -> Cbor {
    match value {
        Json::Null => Cbor::Null,
        Json::Bool(truth) => Cbor::Bool(truth),
        Json::String(text) => Cbor::Text(text),
        Json::Number(number) => {
            let fraction = number.as_f64().unwrap_or_default();
            match number.as_i64() {
                _ if member.ends_with("Timestamp") || member.ends_with("Timestamps") => {
                    Cbor::Tag(EPOCH_TAG, Box::new(Cbor::Float(fraction)))
                }
                Some(integer) if !FRACTIONS.contains(&member) => Cbor::Integer(integer.into()),
                _ => Cbor::Float(fraction),
            }
        }
        Json::Array(items) => Cbor::Array(items.into_iter().map(|item| cbor(member, item)).collect()),
        Json::Object(members) => {
            // A member that is null is one that is not there.
            let members = members.into_iter().filter(|(_, value)| !value.is_null());
            Cbor::Map(members.map(|(name, value)| (Cbor::Text(name.clone()), cbor(&name, value))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_fractions_keep_their_kind_on_the_way_to_cbor() {
        let answer = serde_json::json!({
            "MetricAlarms": [{"Threshold": 5, "Period": 60, "StateUpdatedTimestamp": 1_795_374_438.892, "Unit": null}],
        });
        let Cbor::Map(top) = cbor("", answer) else { unreachable!() };
        let (_, Cbor::Array(alarms)) = &top[0] else { unreachable!() };
        let Cbor::Map(alarm) = &alarms[0] else { unreachable!() };
        let member = |name: &str| alarm.iter().find(|(key, _)| key.as_text() == Some(name)).map(|(_, value)| value.clone());
        assert_eq!(member("Threshold"), Some(Cbor::Float(5.0)));
        assert_eq!(member("Period"), Some(Cbor::Integer(60.into())));
        assert_eq!(member("StateUpdatedTimestamp"), Some(Cbor::Tag(EPOCH_TAG, Box::new(Cbor::Float(1_795_374_438.892)))));
        assert_eq!(member("Unit"), None);
    }

    #[test]
    fn a_request_becomes_plain_json() {
        let request = Cbor::Map(vec![
            (Cbor::Text("MaxRecords".into()), Cbor::Integer(100.into())),
            (Cbor::Text("StartTime".into()), Cbor::Tag(EPOCH_TAG, Box::new(Cbor::Integer(1_795_374_438.into())))),
        ]);
        assert_eq!(json(request), serde_json::json!({"MaxRecords": 100, "StartTime": 1_795_374_438}));
    }
}
