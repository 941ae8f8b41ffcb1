//! Forms of the protocols that few services have: EC2's own query, bodies in gzip, errors with the codes of another protocol, and
//! calls that wait.
use std::io::Write;

use super::*;

#[tokio::test]
async fn ec2_speaks_its_own_query() {
    let zone = json!({"ZoneName": "eu-central-1a", "State": "available", "Messages": [{"Message": "m"}]});
    let sim = Simulated::answering(json!({"AvailabilityZones": [zone]})).await;
    let body = "Action=DescribeAvailabilityZones&Version=2016-11-15&ZoneName.1=a&ZoneName.2=b&Filter.1.Name=state\
                &Filter.1.Value.1=available&AllAvailabilityZones=true";
    let told = sim.request("POST /", "ec2", &[FORM], body).await;
    assert_eq!(told.status, 200, "{}", told.body);
    let expected = format!(
        "<DescribeAvailabilityZonesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>{REQUEST_ID}</requestId>\
         <availabilityZoneInfo><item>"
    );
    assert!(told.body.contains(&expected), "{}", told.body);
    assert!(told.body.contains("<messageSet><item><message>m</message></item></messageSet>"), "{}", told.body);
    let filters = json!([{"Name": "state", "Values": ["available"]}]);
    assert_eq!(sim.input(), json!({"Filters": filters, "ZoneNames": ["a", "b"], "AllAvailabilityZones": true}));
    sim.end().await;

    let sim = Simulated::refusing(Refusal::new("InvalidParameterValue", "no")).await;
    let told = sim.request("POST /", "ec2", &[FORM], "Action=DescribeRegions&Version=2016-11-15").await;
    let expected = "<Response><Errors><Error><Code>InvalidParameterValue</Code><Message>no</Message></Error></Errors><RequestID>";
    assert!(told.status == 400 && told.body.contains(expected), "{}", told.body);
    sim.end().await;
}

#[tokio::test]
async fn a_body_in_gzip_is_read_and_one_that_only_says_so_is_refused() {
    let sim = Simulated::answering(json!({})).await;
    let form =
        "Action=PutMetricData&Version=2010-08-01&Namespace=Shop&MetricData.member.1.MetricName=m&MetricData.member.1.Value=2.5";
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(form.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let head = |length: usize| {
        format!(
            "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\nContent-Encoding: gzip\r\nContent-Type: \
             application/x-www-form-urlencoded\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIA/20260314/{REGION}/monitoring/\
             aws4_request, SignedHeaders=host, Signature=00\r\nX-Amz-Date: 20260314T030000Z\r\n\r\n"
        )
    };
    let told = Told::new(&sim.raw(&[head(packed.len()).as_bytes(), &packed].concat()).await);
    assert_eq!(told.status, 200, "{}", told.body);
    assert_eq!(sim.input(), json!({"Namespace": "Shop", "MetricData": [{"MetricName": "m", "Value": 2.5}]}));
    let told = Told::new(&sim.raw(&[head(4).as_bytes(), b"nope"].concat()).await);
    assert_eq!((told.status, sim.calls()), (400, 1));
    sim.end().await;
}

#[tokio::test]
async fn sqs_still_speaks_the_query_protocol() {
    let message = json!({"MessageId": "1", "Body": "b", "Attributes": {"SenderId": "s"}});
    let sim = Simulated::answering(json!({"Messages": [message]})).await;
    let body =
        "Action=ReceiveMessage&Version=2012-11-05&QueueUrl=http%3A%2F%2Fx%2F1%2Fq&AttributeName.1=All&MaxNumberOfMessages=2";
    let told = sim.request("POST /", "sqs", &[FORM], body).await;
    assert_eq!(told.status, 200, "{}", told.body);
    let expected = "<ReceiveMessageResult><Message><MessageId>1</MessageId><Body>b</Body><Attribute><Name>SenderId</Name><Value>s</Value>\
                    </Attribute></Message></ReceiveMessageResult>";
    assert!(told.body.contains(expected), "{}", told.body);
    assert_eq!(sim.input(), json!({"QueueUrl": "http://x/1/q", "AttributeNames": ["All"], "MaxNumberOfMessages": 2}));
    let body = "Action=SendMessageBatch&QueueUrl=http%3A%2F%2Fx%2F1%2Fq&SendMessageBatchRequestEntry.1.Id=a\
                &SendMessageBatchRequestEntry.1.MessageBody=b&SendMessageBatchRequestEntry.1.MessageAttribute.1.Name=n\
                &SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.DataType=String\
                &SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.StringValue=v";
    sim.request("POST /", "sqs", &[FORM], body).await;
    let attributes = json!({"n": {"DataType": "String", "StringValue": "v"}});
    assert_eq!(sim.input()["Entries"], json!([{"Id": "a", "MessageBody": "b", "MessageAttributes": attributes}]));
    sim.end().await;
    let sim = Simulated::refusing(Refusal::new("QueueDoesNotExist", "no")).await;
    let told = sim.request("POST /", "sqs", &[FORM], "Action=GetQueueUrl&QueueName=q").await;
    assert!(told.status == 400 && told.body.contains("<Code>AWS.SimpleQueueService.NonExistentQueue</Code>"), "{}", told.body);
    sim.end().await;
}

const SQS: (&str, &str) = ("X-Amz-Target", "AmazonSQS.ReceiveMessage");

#[tokio::test]
async fn sqs_names_the_codes_of_the_protocol_it_once_spoke() {
    let sim = Simulated::refusing(Refusal::new("QueueDoesNotExist", "The specified queue does not exist.")).await;
    let told = sim.request("POST /", "sqs", &[JSON_1_0, SQS], "{\"QueueUrl\": \"u\"}").await;
    assert_eq!((told.status, &told.json()["__type"]), (400, &json!("com.amazonaws.sqs#QueueDoesNotExist")));
    assert!(told.has_header("x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender"), "{}", told.head);
    let target = ("X-Amz-Target", "AmazonSQS.GetQueueAttributes");
    let told = sim.request("POST /", "sqs", &[JSON_1_0, target], "{\"QueueUrl\": \"u\", \"AttributeNames\": [\"Colour\"]}").await;
    assert_eq!(told.json()["__type"], json!("com.amazonaws.sqs#InvalidAttributeName"));
    sim.end().await;
}

/// Has nothing to tell until somebody has sent something.
struct Mailbox(bool);

impl Services for Mailbox {
    fn caller(&mut self, _: &str, region: &str, _: DateTime<Utc>) -> Result<Caller, Refusal> {
        Ok(Caller { account: "1".into(), region: region.into(), arn: "a".into(), user_id: "u".into() })
    }

    fn weather(&mut self, _: &Caller, _: &str, _: &str, _: DateTime<Utc>) -> Weather {
        Weather::Fair
    }

    fn waits(&mut self, call: &Call) -> Option<DateTime<Utc>> {
        (call.operation == "ReceiveMessage" && !self.0).then(|| call.at + chrono::TimeDelta::seconds(20))
    }

    fn answer(&mut self, call: Call) -> Answer {
        self.0 |= call.operation == "SendMessage";
        Ok(if self.0 && call.operation == "ReceiveMessage" { json!({"Messages": [{"Body": "b"}]}) } else { json!({}) })
    }

    fn request_id(&mut self) -> String {
        REQUEST_ID.to_owned()
    }
}

#[tokio::test]
async fn a_call_that_waits_is_answered_when_there_is_something_or_when_its_time_is_over_on_the_worlds_clock() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let clock = Clock::simulated(NOW.parse().unwrap(), 1.0);
    clock.pause();
    let stop = CancellationToken::new();
    let server = tokio::spawn(serve(listener, Arc::new(Mutex::new(Mailbox(false))), clock.clone(), None, stop.clone()));
    let ask = |operation: &'static str, body: &'static str| async move {
        let head = format!(
            "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\nX-Amz-Target: AmazonSQS.{operation}\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=AKIA/20260314/{REGION}/sqs/aws4_request, SignedHeaders=host, Signature=00\
             \r\nX-Amz-Date: 20260314T030000Z\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        Told::new(&answer)
    };
    let receive = "{\"QueueUrl\": \"u\"}";
    let waiting = tokio::spawn(ask("ReceiveMessage", receive));
    // Stands until the world's time has passed; each pass of the loop lets the server come to its waiting.
    while !waiting.is_finished() {
        clock.step(Duration::from_secs(7));
        tokio::task::yield_now().await;
    }
    assert_eq!(waiting.await.unwrap().json(), json!({}));
    let waiting = tokio::spawn(ask("ReceiveMessage", receive));
    assert_eq!(ask("SendMessage", "{\"QueueUrl\": \"u\", \"MessageBody\": \"b\"}").await.status, 200);
    assert_eq!(waiting.await.unwrap().json()["Messages"][0]["Body"], "b");
    stop.cancel();
    server.await.unwrap().unwrap();
}
