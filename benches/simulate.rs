//! What the simulated AWS costs: how long a large estate takes to make, requests per second, and the time of a page at 1,000, 100,000
//! and 1,000,000 rows, over HTTP on loopback, as any client sees it.
//!
//! `cargo bench --bench simulate`. `LIFEBOAT_BENCH_ROWS=1000,20000` for other sizes. Beside it stands a moto server on the same calls:
//! one that runs at `LIFEBOAT_MOTO` (`http://127.0.0.1:5000`), or one that is started with the Python named by `LIFEBOAT_MOTO_PYTHON`.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement may fail this way, and tells what it found")]

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lifeboat::console::{self, Exercise};

/// How long requests of one kind are counted.
const SPAN: Duration = Duration::from_secs(2);
/// Rows of a page.
const PAGE: usize = 50;
/// How many alarms moto is given, each by a call of its own.
const MOTO_ALARMS: usize = 1000;

/// A client of one kept connection, in the JSON protocols.
struct Client {
    address: String,
    stream: TcpStream,
    /// Bytes that were read beyond the last answer.
    rest: Vec<u8>,
}

impl Client {
    fn connect(address: &str) -> Option<Self> {
        let stream = TcpStream::connect(address).ok()?;
        stream.set_nodelay(true).unwrap();
        Some(Self { address: address.to_owned(), stream, rest: Vec::new() })
    }

    /// Sends a request and gives the body of the answer.
    fn ask(&mut self, head: &str, service: &str, body: &str) -> String {
        let request = format!(
            "{head} HTTP/1.1\r\nHost: {}\r\nX-Amz-Date: 20260314T030000Z\r\nAuthorization: AWS4-HMAC-SHA256 \
             Credential=AKIDEXAMPLE/20260314/us-east-1/{service}/aws4_request, SignedHeaders=host;x-amz-date, Signature=0\r\n\
             Content-Length: {}\r\n",
            self.address,
            body.len()
        );
        let target = match service {
            "monitoring" => "Content-Type: application/x-amz-json-1.0\r\nX-Amz-Target: GraniteServiceVersion20100801.",
            _ => "",
        };
        let (line, operation) = head.split_once(' ').unwrap();
        let request = match (line, target) {
            ("POST", target) if !target.is_empty() => {
                let request = request.replacen(&format!("POST {operation}"), "POST /", 1);
                format!("{request}{target}{operation}\r\n\r\n{body}")
            }
            _ => format!("{request}\r\n{body}"),
        };
        self.stream.write_all(request.as_bytes()).unwrap();
        self.answer()
    }

    fn answer(&mut self) -> String {
        let mut bytes = std::mem::take(&mut self.rest);
        let mut chunk = [0; 65536];
        loop {
            let text = String::from_utf8_lossy(&bytes);
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head
                    .to_lowercase()
                    .split("content-length: ")
                    .nth(1)
                    .and_then(|rest| rest.split("\r\n").next()?.trim().parse::<usize>().ok());
                let length = length.expect_length();
                if body.len() >= length {
                    assert!(head.contains(" 200"), "{head}\n{body}");
                    self.rest = body.as_bytes()[length..].to_vec();
                    return body[..length].to_owned();
                }
            }
            let read = self.stream.read(&mut chunk).unwrap();
            assert!(read > 0, "the server ended the connection");
            bytes.extend(&chunk[..read]);
        }
    }
}

trait ExpectLength {
    fn expect_length(self) -> usize;
}

impl ExpectLength for Option<usize> {
    fn expect_length(self) -> usize {
        assert!(self.is_some(), "an answer without Content-Length");
        self.unwrap_or_default()
    }
}

/// The token of the next page, in JSON answers.
fn token(answer: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(answer).unwrap();
    value.get("NextToken").and_then(|token| token.as_str()).map(str::to_owned)
}

fn per_second(mut ask: impl FnMut()) -> f64 {
    let (begin, mut count) = (Instant::now(), 0_u32);
    while begin.elapsed() < SPAN {
        ask();
        count += 1;
    }
    f64::from(count) / begin.elapsed().as_secs_f64()
}

/// Pages through a list: how many pages, and the medians of the first and of the last tenth of them, and the slowest.
fn paged(mut page: impl FnMut(Option<String>) -> Option<String>, most: usize) -> String {
    let mut times = Vec::new();
    let mut next = None;
    loop {
        let begin = Instant::now();
        next = page(next);
        times.push(begin.elapsed());
        if next.is_none() || times.len() == most {
            break;
        }
    }
    let tenth = (times.len() / 10).max(1);
    let median = |times: &[Duration]| {
        let mut times = times.to_vec();
        times.sort();
        times[times.len() / 2].as_secs_f64() * 1e3
    };
    format!(
        "{:>6} pages of {PAGE}; a page {:.2} ms at the beginning, {:.2} ms at the end, {:.2} ms at most",
        times.len(),
        median(&times[..tenth]),
        median(&times[times.len() - tenth..]),
        times.iter().max().unwrap().as_secs_f64() * 1e3
    )
}

fn describe_alarms(client: &mut Client, more: &str, next: Option<&str>) -> String {
    let next = next.map_or_else(String::new, |next| format!(",\"NextToken\":{}", serde_json::Value::from(next)));
    client.ask("POST DescribeAlarms", "monitoring", &format!("{{\"MaxRecords\":{PAGE}{more}{next}}}"))
}

fn list_points(client: &mut Client, vault: &str, more: &str, next: Option<&str>) -> String {
    let mut path = format!("/backup-vaults/{vault}/recovery-points/?maxResults={PAGE}{more}");
    if let Some(next) = next {
        let _ = write!(path, "&nextToken={}", next.replace('+', "%2B").replace('=', "%3D").replace('/', "%2F"));
    }
    client.ask(&format!("GET {path}"), "backup", "")
}

/// Resident memory of this process, in MiB.
fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn measure(runtime: &tokio::runtime::Runtime, rows: u32) {
    let (alarms, records) = (rows / 10, rows / 100);
    let before = resident_mib();
    let begin = Instant::now();
    let starts_at = "2026-03-14T03:00:00Z".parse().unwrap();
    let scenario = console::scaled(starts_at, rows, alarms, records);
    let exercise = runtime.block_on(Exercise::start(Arc::clone(&scenario), 1, None, 0)).unwrap();
    println!("\nlifeboat: {rows} recovery points, {alarms} alarms, {records} record sets");
    println!("  made in {:.2} s, {} MiB more resident", begin.elapsed().as_secs_f64(), resident_mib().saturating_sub(before));
    let mut client = Client::connect(&exercise.endpoint.to_string()).unwrap();
    let pages = |count: u32| usize::try_from(count).unwrap().div_ceil(PAGE);
    println!("  recovery points {}", paged(|next| token(&list_points(&mut client, "scale", "", next.as_deref())), pages(rows)));
    println!(
        "  … of one type   {}",
        paged(|next| token(&list_points(&mut client, "scale", "&resourceType=EFS", next.as_deref())), pages(rows))
    );
    println!("  alarms          {}", paged(|next| token(&describe_alarms(&mut client, "", next.as_deref())), pages(alarms)));
    println!(
        "  … in ALARM      {}",
        paged(|next| token(&describe_alarms(&mut client, ",\"StateValue\":\"ALARM\"", next.as_deref())), pages(alarms))
    );
    let begin = Instant::now();
    exercise.clock.step(Duration::from_secs(3600));
    let _ = describe_alarms(&mut client, "", None);
    println!("  an hour passes in {:.1} ms", begin.elapsed().as_secs_f64() * 1e3);
    println!("  DescribeAlarms of {PAGE}: {:.0} requests/s", per_second(|| drop(describe_alarms(&mut client, "", None))));
    println!("  ListBackupVaults: {:.0} requests/s", per_second(|| drop(client.ask("GET /backup-vaults/", "backup", ""))));
    runtime.block_on(exercise.stop());
}

/// A moto server that ends with this process's measurement.
struct Moto {
    address: String,
    child: Option<Child>,
}

impl Drop for Moto {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn moto() -> Option<Moto> {
    if let Ok(url) = std::env::var("LIFEBOAT_MOTO") {
        let address = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        return Client::connect(&address).map(|_| Moto { address, child: None });
    }
    let python = std::env::var("LIFEBOAT_MOTO_PYTHON").ok()?;
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let start = "from moto.server import main; import sys; main(sys.argv[1:])";
    let child = Command::new(python)
        .args(["-c", start, "-H", "127.0.0.1", "-p", &port.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let moto = Moto { address: format!("127.0.0.1:{port}"), child: Some(child) };
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(30) {
        if Client::connect(&moto.address).is_some() {
            return Some(moto);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    None
}

fn measure_moto() {
    let Some(moto) = moto() else {
        println!("\nmoto: not there; set LIFEBOAT_MOTO to its address, or LIFEBOAT_MOTO_PYTHON to a Python that has it");
        return;
    };
    let client = std::cell::RefCell::new(Client::connect(&moto.address).unwrap());
    // moto ends each connection after one answer: a new one each time, as its clients make it.
    let ask = |head: &str, service: &str, body: &str| {
        let mut client = client.borrow_mut();
        *client = Client::connect(&moto.address).unwrap();
        client.ask(head, service, body)
    };
    println!("\nmoto: {MOTO_ALARMS} alarms, put one by one");
    let begin = Instant::now();
    for number in 0..MOTO_ALARMS {
        let body = format!(
            "{{\"AlarmName\":\"scale-{number:05}\",\"Namespace\":\"AWS/EC2\",\"MetricName\":\"CPUUtilization\",\"Statistic\":\"Average\",\
             \"Period\":60,\"EvaluationPeriods\":3,\"Threshold\":90.0,\"ComparisonOperator\":\"GreaterThanThreshold\",\"Dimensions\":[]}}"
        );
        ask("POST PutMetricAlarm", "monitoring", &body);
    }
    println!("  made in {:.2} s", begin.elapsed().as_secs_f64());
    let page = |next: Option<String>| {
        let next = next.map_or_else(String::new, |next| format!(",\"NextToken\":{}", serde_json::Value::from(next)));
        token(&ask("POST DescribeAlarms", "monitoring", &format!("{{\"MaxRecords\":{PAGE}{next}}}")))
    };
    println!("  alarms          {}", paged(page, MOTO_ALARMS.div_ceil(PAGE)));
    let body = format!("{{\"MaxRecords\":{PAGE}}}");
    println!(
        "  DescribeAlarms of {PAGE}: {:.0} requests/s",
        per_second(|| drop(ask("POST DescribeAlarms", "monitoring", &body)))
    );
    println!("  ListBackupVaults: {:.0} requests/s", per_second(|| drop(ask("GET /backup-vaults/", "backup", ""))));
}

fn main() {
    let sizes = std::env::var("LIFEBOAT_BENCH_ROWS").unwrap_or_else(|_| "1000,100000,1000000".to_owned());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for rows in sizes.split(',') {
        measure(&runtime, rows.trim().parse().unwrap());
    }
    measure_moto();
}
