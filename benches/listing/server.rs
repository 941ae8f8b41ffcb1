//! A server that pages DescribeAlarms as CloudWatch does (RPC v2 CBOR, 100 a page), with a delay and a limit, and the raw client.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use ciborium::Value;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

const PAGE: usize = 100;
const PATH: &str = "/service/GraniteServiceVersion20100801/operation/DescribeAlarms";

/// How the server behaves.
#[derive(Clone, Default)]
pub struct Settings {
    pub alarms: usize,
    /// Before each answer.
    pub delay: Duration,
    /// A Region that takes longer.
    pub slow: Option<(String, Duration)>,
    /// Requests a second and Region, and as many ready at the beginning.
    pub per_second: Option<f64>,
}

/// A running server.
pub struct Paged {
    pub url: String,
    shared: Arc<Shared>,
    _runtime: tokio::runtime::Runtime,
}

struct Shared {
    settings: Settings,
    metric: Vec<Bytes>,
    composite: Vec<Bytes>,
    /// All of both, for who asks for both at once.
    both: Vec<Bytes>,
    ready: Mutex<HashMap<String, (f64, Instant)>>,
    refused: AtomicUsize,
}

impl Paged {
    pub fn start(settings: Settings) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let composites = settings.alarms / 20;
        let metric: Vec<Value> = (composites..settings.alarms).map(metric_alarm).collect();
        let composite: Vec<Value> = (0..composites).map(composite_alarm).collect();
        let both = [("MetricAlarms", &metric), ("CompositeAlarms", &composite)];
        let shared = Arc::new(Shared {
            settings,
            both: pages(&both),
            metric: pages(&both[..1]),
            composite: pages(&both[1..]),
            ready: Mutex::default(),
            refused: AtomicUsize::new(0),
        });
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(serve(listener, shared.clone()));
        Self { url, shared, _runtime: runtime }
    }

    /// How many requests were one too many.
    pub fn refused(&self) -> usize {
        self.shared.refused.load(Ordering::Relaxed)
    }

    /// How long raw sequential paging of all alarms takes.
    pub fn raw(&self, region: &str) -> Duration {
        let address = self.url.trim_start_matches("http://").to_owned();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let start = Instant::now();
        runtime.block_on(async {
            let stream = TcpStream::connect(&address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            let mut token = None;
            loop {
                let mut asked = vec![(text("AlarmTypes"), Value::Array(vec![text("MetricAlarm"), text("CompositeAlarm")]))];
                asked.extend(token.map(|token: String| (text("NextToken"), text(&token))));
                let request = Request::post(PATH)
                    .header("host", &address)
                    .header("authorization", format!("AWS4-HMAC-SHA256 Credential=A/20260314/{region}/monitoring/aws4_request"))
                    .body(Full::new(Bytes::from(cbor(&Value::Map(asked)))))
                    .unwrap();
                sender.ready().await.unwrap();
                let body = sender.send_request(request).await.unwrap().into_body().collect().await.unwrap().to_bytes();
                token = next_token(&body);
                if token.is_none() {
                    return;
                }
            }
        });
        start.elapsed()
    }
}

/// The token stands last in the body: its name, then a text of two digits of length at most.
fn next_token(body: &[u8]) -> Option<String> {
    let tail = &body[body.len().saturating_sub(64)..];
    let at = tail.windows(9).position(|window| window == b"NextToken")? + 9;
    let digits = tail[at..].iter().filter(|byte| byte.is_ascii_digit() || **byte == b'p');
    Some(String::from_utf8(digits.copied().collect()).unwrap())
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let shared = shared.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(shared.clone(), request));
            // A client that has what it wants hangs up.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let signed = request.headers().get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let region = signed.split('/').nth(2).unwrap_or_default().to_owned();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let asked: Value = ciborium::from_reader(&body[..]).unwrap();
    let settings = &shared.settings;
    let slow = settings.slow.as_ref().filter(|(slow, _)| *slow == region).map(|(_, delay)| *delay);
    let delay = slow.unwrap_or(settings.delay);
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let told = Response::builder().header("smithy-protocol", "rpc-v2-cbor").header("content-type", "application/cbor");
    if !shared.may_ask(&region) {
        shared.refused.fetch_add(1, Ordering::Relaxed);
        let fault = Value::Map(vec![
            (text("__type"), text("com.amazonaws.cloudwatch#ThrottlingException")),
            (text("message"), text("Rate exceeded")),
        ]);
        return Ok(told.status(400).body(Full::new(Bytes::from(cbor(&fault)))).unwrap());
    }
    let types: Vec<&str> =
        member(&asked, "AlarmTypes").and_then(Value::as_array).unwrap().iter().filter_map(Value::as_text).collect();
    let pages = match types[..] {
        ["MetricAlarm"] => &shared.metric,
        ["CompositeAlarm"] => &shared.composite,
        _ => &shared.both,
    };
    let page = member(&asked, "NextToken").and_then(Value::as_text).map_or(0, |token| token[1..].parse().unwrap());
    Ok(told.body(Full::new(pages[page].clone())).unwrap())
}

impl Shared {
    fn may_ask(&self, region: &str) -> bool {
        let Some(pace) = self.settings.per_second else { return true };
        let mut ready = self.ready.lock().unwrap();
        let now = Instant::now();
        let (calls, at) = ready.entry(region.to_owned()).or_insert((pace, now));
        *calls = (*calls + now.duration_since(*at).as_secs_f64() * pace).min(pace);
        *at = now;
        if *calls < 1.0 {
            return false;
        }
        *calls -= 1.0;
        true
    }
}

fn member<'a>(map: &'a Value, name: &str) -> Option<&'a Value> {
    map.as_map()?.iter().find(|(key, _)| key.as_text() == Some(name)).map(|(_, value)| value)
}

/// The bodies of the answers; page `n` is asked for with the token `pn`.
fn pages(lists: &[(&str, &Vec<Value>)]) -> Vec<Bytes> {
    let all: Vec<(&str, &Value)> = lists.iter().flat_map(|(name, list)| list.iter().map(move |alarm| (*name, alarm))).collect();
    let mut pages = Vec::new();
    let count = all.chunks(PAGE).count().max(1);
    for number in 0..count {
        let page = &all[(number * PAGE).min(all.len())..((number + 1) * PAGE).min(all.len())];
        let of = |name: &str| page.iter().filter(|(of, _)| *of == name).map(|(_, alarm)| (*alarm).clone()).collect();
        let mut members: Vec<(Value, Value)> =
            ["CompositeAlarms", "MetricAlarms"].into_iter().map(|name| (text(name), Value::Array(of(name)))).collect();
        if number + 1 < count {
            members.push((text("NextToken"), text(&format!("p{}", number + 1))));
        }
        pages.push(Bytes::from(cbor(&Value::Map(members))));
    }
    pages
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn cbor(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    ciborium::into_writer(value, &mut out).unwrap();
    out
}

fn time(number: usize) -> Value {
    Value::Tag(1, Box::new(Value::Float(1_773_457_200.0 + number as f64)))
}

fn common(number: usize) -> Vec<(Value, Value)> {
    let name = format!("service-{:03}-tier-{:02}-instance-{number:06}-errors", number % 211, number % 7);
    let state = ["OK", "OK", "OK", "OK", "OK", "OK", "OK", "OK", "ALARM", "INSUFFICIENT_DATA"][number % 10];
    let arn = text(&format!("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:{name}"));
    let topic = Value::Array(vec![text("arn:aws:sns:eu-west-1:111122223333:on-call-and-everybody-else")]);
    let data = format!(
        "{{\"version\":\"1.0\",\"queryDate\":\"2026-03-14T03:04:20.123+0000\",\"startDate\":\"2026-03-14T03:01:00.000+0000\",\
         \"statistic\":\"Average\",\"period\":60,\"recentDatapoints\":[0.4,22.0,{number}.0],\"threshold\":5.0,\
         \"evaluatedDatapoints\":[{{\"timestamp\":\"2026-03-14T03:03:00.000+0000\",\"sampleCount\":1.0,\"value\":{number}.0}}]}}"
    );
    vec![
        (text("AlarmName"), text(&name)),
        (text("AlarmArn"), arn),
        (
            text("AlarmDescription"),
            text("Errors of one instance. See the runbook https://wiki.example.com/runbooks/errors first."),
        ),
        (text("AlarmConfigurationUpdatedTimestamp"), time(number)),
        (text("ActionsEnabled"), Value::Bool(true)),
        (text("AlarmActions"), topic.clone()),
        (text("OKActions"), topic),
        (text("InsufficientDataActions"), Value::Array(Vec::new())),
        (text("StateValue"), text(state)),
        (text("StateReason"), text("Threshold Crossed: 2 out of the last 3 datapoints were greater than the threshold (5.0).")),
        (text("StateReasonData"), text(&data)),
        (text("StateUpdatedTimestamp"), time(number)),
        (text("StateTransitionedTimestamp"), time(number)),
    ]
}

fn metric_alarm(number: usize) -> Value {
    let mut members = common(number);
    let dimension = |name: &str, value: &str| Value::Map(vec![(text("Name"), text(name)), (text("Value"), text(value))]);
    let whole = |number: i64| Value::Integer(number.into());
    members.extend([
        (text("MetricName"), text("HTTPCode_Target_5XX_Count")),
        (text("Namespace"), text("AWS/ApplicationELB")),
        (text("Statistic"), text("Average")),
        (
            text("Dimensions"),
            Value::Array(vec![
                dimension("LoadBalancer", &format!("app/service-{:03}/50dc6c495c0c9188", number % 211)),
                dimension("InstanceId", &format!("i-{number:017x}")),
            ]),
        ),
        (text("Period"), whole(60)),
        (text("EvaluationPeriods"), whole(3)),
        (text("DatapointsToAlarm"), whole(2)),
        (text("Threshold"), Value::Float(5.0)),
        (text("ComparisonOperator"), text("GreaterThanThreshold")),
        (text("TreatMissingData"), text("missing")),
    ]);
    Value::Map(members)
}

fn composite_alarm(number: usize) -> Value {
    let mut members = common(number);
    members.push((text("AlarmRule"), text("ALARM(\"service-001-errors\") OR ALARM(\"service-002-errors\")")));
    Value::Map(members)
}
