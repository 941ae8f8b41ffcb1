//! The wire of the simulated AWS, tried with AWS's own clients and with raw requests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_types::DateTime as AwsTime;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use aws_types::request_id::RequestId;
use chrono::{DateTime, Utc};
use lifeboat::clock::Clock;
use lifeboat::sim::call::{Answer, Call, Caller, Refusal, Services, Weather};
use lifeboat::sim::server::{Fallback, Limits, ServeError, serve, serve_within};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

mod bad_input;
mod faults;
mod forms;
mod official;
mod raw;

const REQUEST_ID: &str = "00000000-0000-4000-8000-000000000001";
const REGION: &str = "eu-central-1";
const NOW: &str = "2026-03-14T03:00:00.000Z";

type Answering = Box<dyn FnMut(&Call) -> Answer + Send>;

/// The smallest world: it notes each call and answers by a closure.
struct Desk {
    answering: Answering,
    weather: Vec<Weather>,
    calls: Vec<Call>,
}

impl Services for Desk {
    fn caller(&mut self, access_key: &str, region: &str, _: DateTime<Utc>) -> Result<Caller, Refusal> {
        if access_key == "AKIAREVOKED" {
            return Err(
                Refusal::new("InvalidClientTokenId", "The security token included in the request is invalid.").status(403)
            );
        }
        let arn = "arn:aws:iam::111122223333:user/operator".to_owned();
        let user_id = "AIDAEXERCISE".to_owned();
        Ok(Caller { account: "111122223333".to_owned(), region: region.to_owned(), arn, user_id })
    }

    fn weather(&mut self, _: &Caller, _: &str, _: &str, _: DateTime<Utc>) -> Weather {
        self.weather.pop().unwrap_or_default()
    }

    fn answer(&mut self, call: Call) -> Answer {
        let answer = (self.answering)(&call);
        self.calls.push(call);
        answer
    }

    fn request_id(&mut self) -> String {
        REQUEST_ID.to_owned()
    }
}

struct Simulated {
    address: std::net::SocketAddr,
    desk: Arc<Mutex<Desk>>,
    clock: Clock,
    stop: CancellationToken,
    server: JoinHandle<Result<(), ServeError>>,
}

impl Simulated {
    async fn start(answering: impl FnMut(&Call) -> Answer + Send + 'static) -> Self {
        Self::start_with(answering, None).await
    }

    async fn start_with(answering: impl FnMut(&Call) -> Answer + Send + 'static, fallback: Option<Fallback>) -> Self {
        Self::start_within(Limits::default(), answering, fallback).await
    }

    /// A world that answers every call with this, and waits no longer than that for the rest of a request.
    async fn within(limits: Limits, answer: Value) -> Self {
        Self::start_within(limits, move |_| Ok(answer.clone()), None).await
    }

    async fn start_within(
        limits: Limits,
        answering: impl FnMut(&Call) -> Answer + Send + 'static,
        fallback: Option<Fallback>,
    ) -> Self {
        let desk = Arc::new(Mutex::new(Desk { answering: Box::new(answering), weather: Vec::new(), calls: Vec::new() }));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let clock = Clock::simulated(NOW.parse().unwrap(), 1.0);
        let stop = CancellationToken::new();
        let server =
            tokio::spawn(serve_within(limits, listener, Arc::<Mutex<Desk>>::clone(&desk), clock.clone(), fallback, stop.clone()));
        Self { address, desk, clock, stop, server }
    }

    /// A world that answers every call with this.
    async fn answering(answer: Value) -> Self {
        Self::start(move |_| Ok(answer.clone())).await
    }

    /// A world that refuses every call with this.
    async fn refusing(refusal: Refusal) -> Self {
        Self::start(move |_| Err(refusal.clone())).await
    }

    fn sdk(&self) -> SdkConfig {
        let credentials = Credentials::new("AKIAEXERCISEOPERATOR", "exercise", None, None, "test");
        SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .endpoint_url(format!("http://{}", self.address))
            .region(Region::new(REGION))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .retry_config(RetryConfig::disabled())
            .build()
    }

    fn input(&self) -> Value {
        self.desk.lock().unwrap().calls.last().unwrap().input.clone()
    }

    fn meet(&self, weather: Weather) {
        self.desk.lock().unwrap().weather.push(weather);
    }

    fn calls(&self) -> usize {
        self.desk.lock().unwrap().calls.len()
    }

    /// Sends a request as it stands and reads until the server closes; the head is to say `Connection: close`.
    async fn raw(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    async fn request(&self, line: &str, service: &str, headers: &[(&str, &str)], body: &str) -> Told {
        let mut text = format!(
            "{line} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\nAuthorization: AWS4-HMAC-SHA256 \
             Credential=AKIAEXERCISEOPERATOR/20260314/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=00\r\n\
             X-Amz-Date: 20260314T030000Z\r\n",
            self.address,
            body.len()
        );
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("\r\n{body}"));
        Told::new(&self.raw(text.as_bytes()).await)
    }

    async fn end(self) {
        self.stop.cancel();
        self.server.await.unwrap().unwrap();
    }
}

/// An answer as it came.
struct Told {
    status: u16,
    head: String,
    body: String,
}

impl Told {
    fn new(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|fault| panic!("{fault}: {}", self.body))
    }

    fn has_header(&self, name: &str, value: &str) -> bool {
        self.head.lines().any(|line| line.eq_ignore_ascii_case(&format!("{name}: {value}")))
    }
}

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
const JSON_1_0: (&str, &str) = ("Content-Type", "application/x-amz-json-1.0");
const JSON_1_1: (&str, &str) = ("Content-Type", "application/x-amz-json-1.1");
