//! A console's feeds against `lifeboat simulate`: a rule as the template has it, its queue, alarms to turn, and a screen to paint.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use lifeboat::clock::Clock;
use lifeboat::cloud::{Access, Recorder, Sites};
use lifeboat::console::{Reach, connect};
use lifeboat::domain::{Mode, Operator};
use lifeboat::feed::Feeds;
use lifeboat::plan::Plan;
use lifeboat::store::{State, Update};
use lifeboat::ui::{App, Keymap, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub const ACCOUNT: &str = "123456789012";
const PLAN: &str = r#"
format = 1
name = "pushed"
title = "What is pushed"
objectives = { rto = "1h", rpo = "1h" }

[sites.primary]
account = "123456789012"
region = "eu-west-1"
queue = "lifeboat-signals"

[sites.recovery]
account = "123456789012"
region = "eu-central-1"

[[step]]
id = "look"
title = "Look"
phase = "restore"
part = "integration"
action = "manual"
limit = "1h"
expect = "1m"
undo = "Nothing was done."
with = { instructions = "Look." }
"#;

/// The simulated AWS, and what is known of it.
pub struct PushWorld {
    child: Child,
    pub address: String,
    pub state: State,
    app: App,
    clock: Clock,
    updates: mpsc::Receiver<Update>,
    feeds: Feeds,
    stop: CancellationToken,
}

impl PushWorld {
    /// With a rule and its queue in eu-west-1, and one alarm `orders`, OK.
    pub async fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_lifeboat"));
        command.args(["simulate", "--estate", "empty"]).env("LIFEBOAT_HOME", home.path()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let first = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        let url = first.rsplit(' ').next().unwrap().to_owned();
        let plan = Arc::new(Plan::parse("pushed.toml", PLAN).map_err(|faults| faults.render(PLAN, false)).unwrap());
        let address = url.trim_start_matches("http://").to_owned();
        set_up(&address, &plan);

        let clock = Clock::system();
        let (recorder, stop) = (Recorder::new(), CancellationToken::new());
        let access = Access::Fixed { access_key_id: "testing".into(), secret_access_key: "testing".into(), session_token: None };
        let reach = Reach { access, endpoint_url: Some(url), sts_region: None };
        let connections = connect(&plan, reach, &Operator::new("ana"), &clock, &recorder).await.unwrap();
        let (sender, updates) = mpsc::channel(256);
        let sites = Arc::new(Sites::new(&connections));
        let feeds = Feeds::start(sites, plan.clone(), clock.clone(), &recorder, sender, stop.clone());
        let state = State::new(Mode::Live, true, Operator::new("ana"), plan, None);
        let app = App::new(Theme::mono(), Keymap::default());
        Self { child, address, state, app, clock, updates, feeds, stop }
    }

    /// Turns the alarm, as CloudWatch does when it evaluates it.
    pub fn turn(&self, value: &str) {
        turn(&self.address, value);
    }

    /// Takes in the next update; gives its name and what it said of the alarm `orders`, if it was pushed.
    pub async fn next(&mut self) -> Update {
        let update = self.updates.recv().await.unwrap();
        self.state.apply(update.clone());
        update
    }

    /// The state of the alarm as the console knows it.
    pub fn known(&self) -> Option<String> {
        let mut alarms = self.state.alarms.values().filter_map(|source| source.data.as_ref()?.get("orders"));
        alarms.next().map(|alarm| alarm.state.to_string())
    }

    /// One frame of the console as text.
    pub fn painted(&mut self) -> String {
        let area = Rect::new(0, 0, 120, 40);
        let mut buf = Buffer::empty(area);
        self.app.keep_up(&self.state);
        self.app.draw(&self.state, self.clock.now(), area, &mut buf);
        let width = usize::from(area.width);
        buf.content().chunks(width).map(|line| line.iter().map(|cell| cell.symbol()).collect::<String>() + "\n").collect()
    }

    pub async fn end(&mut self) {
        self.stop.cancel();
        self.updates.close();
        self.feeds.finish().await;
    }
}

impl Drop for PushWorld {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn set_up(address: &str, plan: &Plan) {
    let queue =
        json!({"QueueName": "lifeboat-signals", "Attributes": {"MessageRetentionPeriod": "60", "VisibilityTimeout": "1"}});
    ask(address, "sqs", "AmazonSQS.CreateQueue", &queue);
    let pattern = plan.health.event_pattern().as_json().to_string();
    ask(address, "events", "AWSEvents.PutRule", &json!({"Name": "signals", "EventPattern": pattern, "State": "ENABLED"}));
    let arn = format!("arn:aws:sqs:eu-west-1:{ACCOUNT}:lifeboat-signals");
    ask(address, "events", "AWSEvents.PutTargets", &json!({"Rule": "signals", "Targets": [{"Id": "1", "Arn": arn}]}));
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage", "Resource": arn}]});
    let url = format!("https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/lifeboat-signals");
    ask(address, "sqs", "AmazonSQS.SetQueueAttributes", &json!({"QueueUrl": url, "Attributes": {"Policy": policy.to_string()}}));
    let alarm = json!({"AlarmName": "orders", "MetricName": "Errors", "Namespace": "Shop", "Statistic": "Sum", "Period": 86400,
        "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"});
    ask(address, "monitoring", "GraniteServiceVersion20100801.PutMetricAlarm", &alarm);
    turn(address, "OK");
}

fn turn(address: &str, value: &str) {
    let state = json!({"AlarmName": "orders", "StateValue": value, "StateReason": format!("turned to {value} by hand")});
    ask(address, "monitoring", "GraniteServiceVersion20100801.SetAlarmState", &state);
}

/// One call in AWS JSON.
pub fn ask(address: &str, service: &str, target: &str, input: &Value) {
    let mut stream = TcpStream::connect(address).unwrap();
    let body = input.to_string();
    let version = if service == "events" { "1.1" } else { "1.0" };
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/x-amz-json-{version}\r\n\
         x-amz-target: {target}\r\ncontent-length: {}\r\nauthorization: AWS4-HMAC-SHA256 \
         Credential=testing/20260314/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=00\r\nX-Amz-Date: 20260314T030000Z\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{target}: {answer}");
}
