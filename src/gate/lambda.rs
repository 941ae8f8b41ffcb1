//! Lambda's calls. Invoke has no token, and AWS keeps no record of it that could be asked: it is sent once.

use aws_smithy_types::Blob;
use serde_json::json;

use super::Sent;
use super::lane::{Lane, answered, failed};
use crate::cloud::{Effect, Retries, client};
use crate::domain::FunctionInvocation;

/// How much of a result is kept, in bytes.
const RESULT_LIMIT: usize = 16 * 1024;

impl Lane {
    /// The handle is the answer, in JSON: there is nothing else to ask for it later.
    pub(super) async fn invoke(&self, invocation: &FunctionInvocation) -> Sent {
        let connection = match invocation.answers_within() {
            Some(longest) => self.connection.patient_for(longest),
            None => self.connection.clone(),
        };
        let client = client!(aws_sdk_lambda, connection, Retries::Never);
        let call = client
            .invoke()
            .function_name(&invocation.function_name)
            .set_qualifier(invocation.qualifier.clone())
            .invocation_type(invocation.invocation_type.as_str().into())
            .payload(Blob::new(invocation.payload.as_bytes()));
        match call.send().await {
            Ok(output) => {
                let payload = output.payload().map(|blob| String::from_utf8_lossy(blob.as_ref())).unwrap_or_default();
                let cut = (payload.len() > RESULT_LIMIT).then(|| payload.len());
                let end = payload.floor_char_boundary(RESULT_LIMIT);
                let handle = json!({
                    "StatusCode": output.status_code(), "FunctionError": output.function_error(),
                    "ExecutedVersion": output.executed_version(), "Payload": &payload[..end], "CutFromBytes": cut,
                });
                answered(handle.to_string(), &output, None)
            }
            Err(error) => failed(&connection, error, "Lambda Invoke", Effect::Changes).await,
        }
    }
}
