//! What other clients send, and what no client should.
use super::*;

#[tokio::test]
async fn cloudwatch_answers_in_query_json_and_cbor() {
    let sim = Simulated::answering(json!({
        "MetricAlarms": [{"AlarmName": "a", "Threshold": 5.5, "StateUpdatedTimestamp": "2026-03-14T03:04:00.250Z"}]
    }))
    .await;
    let body = "Action=DescribeAlarms&Version=2010-08-01&AlarmTypes.member.1=MetricAlarm&AlarmTypes.member.2=CompositeAlarm\
                &MaxRecords=7";
    let told = sim.request("POST /", "monitoring", &[FORM], body).await;
    assert_eq!(told.status, 200);
    let expected = "<DescribeAlarmsResult><MetricAlarms><member><AlarmName>a</AlarmName><StateUpdatedTimestamp>\
                    2026-03-14T03:04:00.250Z</StateUpdatedTimestamp><Threshold>5.5</Threshold></member></MetricAlarms>\
                    </DescribeAlarmsResult>";
    assert!(told.body.contains(expected), "{}", told.body);
    assert!(told.body.contains(&format!("<RequestId>{REQUEST_ID}</RequestId>")));
    let input = json!({"AlarmTypes": ["MetricAlarm", "CompositeAlarm"], "MaxRecords": 7});
    assert_eq!(sim.input(), input);

    let target = ("X-Amz-Target", "GraniteServiceVersion20100801.DescribeAlarms");
    let told = sim.request("POST /", "monitoring", &[JSON_1_0, target], &input.to_string()).await;
    let alarm = json!({"AlarmName": "a", "Threshold": 5.5, "StateUpdatedTimestamp": 1_773_457_440.25});
    assert_eq!(told.json(), json!({"MetricAlarms": [alarm]}));
    assert!(told.has_header("content-type", "application/x-amz-json-1.0"));
    assert_eq!(sim.input(), input);

    let told = sim.request("POST /service/GraniteServiceVersion20100801/operation/DescribeAlarms", "monitoring", &CBOR, "").await;
    assert_eq!(told.status, 200);
    assert!(told.has_header("smithy-protocol", "rpc-v2-cbor"));
    sim.end().await;
}

const CBOR: [(&str, &str); 2] = [("smithy-protocol", "rpc-v2-cbor"), ("Content-Type", "application/cbor")];

#[tokio::test]
async fn health_answers_in_json_too() {
    let sim = Simulated::answering(json!({"events": []})).await;
    let target = ("X-Amz-Target", "AWSHealth_20160804.DescribeEvents");
    let told = sim.request("POST /", "health", &[JSON_1_1, target], r#"{"filter":{"startTimes":[{"from":1773457200.5}]}}"#).await;
    assert_eq!((told.status, told.json()), (200, json!({"events": []})));
    assert_eq!(sim.input(), json!({"filter": {"startTimes": [{"from": "2026-03-14T03:00:00.500Z"}]}}));
    sim.end().await;
}

#[tokio::test]
async fn a_path_may_end_with_a_slash_and_carry_an_encoded_arn() {
    let sim = Simulated::answering(json!({})).await;
    for path in ["/backup-vaults/", "/backup-vaults", "/backup-vaults/?maxResults=3"] {
        assert_eq!(sim.request(&format!("GET {path}"), "backup", &[], "").await.status, 200, "{path}");
    }
    assert_eq!(sim.input(), json!({"MaxResults": 3}));
    let point = "arn%3Aaws%3Abackup%3Aeu-central-1%3A444455556666%3Arecovery-point%3Aa%2Fb";
    let path = format!("GET /backup-vaults/shop/recovery-points/{point}/restore-metadata");
    assert_eq!(sim.request(&path, "backup", &[], "").await.status, 200);
    assert_eq!(sim.input()["RecoveryPointArn"], "arn:aws:backup:eu-central-1:444455556666:recovery-point:a/b");
    sim.end().await;
}

#[tokio::test]
async fn an_unknown_operation_is_refused_as_each_protocol_does() {
    let sim = Simulated::answering(json!({})).await;
    let told = sim.request("POST /", "ssm", &[JSON_1_1, ("X-Amz-Target", "AmazonSSM.Dance")], "{}").await;
    assert_eq!((told.status, &told.json()["__type"]), (400, &json!("UnknownOperationException")));
    let told = sim.request("POST /", "ssm", &[JSON_1_1, ("X-Amz-Target", "Other.GetOpsItem")], "{}").await;
    assert_eq!(told.status, 400);
    let told = sim.request("POST /", "sts", &[FORM], "Action=Dance&Version=2011-06-15").await;
    assert_eq!(told.status, 400);
    assert!(told.body.contains("<Code>InvalidAction</Code><Message>Could not find operation Dance for version 2011-06-15<"));
    let told = sim.request("PATCH /backup-vaults", "backup", &[], "").await;
    assert_eq!(told.status, 404);
    assert!(told.has_header("x-amzn-errortype", "UnknownOperationException"));
    let told = sim.request("GET /2013-04-01/dance", "route53", &[], "").await;
    assert!(told.status == 404 && told.body.contains("<Code>UnknownOperationException<") || told.body.contains("InvalidAction"));
    let told = sim.request("POST /service/GraniteServiceVersion20100801/operation/Dance", "monitoring", &CBOR, "").await;
    assert_eq!(told.status, 404);
    assert!(told.body.contains("UnknownOperationException"));
    let told = sim.request("POST /", "dance", &[FORM], "Action=Dance").await;
    assert_eq!(told.status, 400);
    assert_eq!(sim.calls(), 0);
    sim.end().await;
}

#[tokio::test]
async fn a_malformed_body_is_refused_and_the_server_goes_on() {
    let sim = Simulated::answering(json!({})).await;
    let target = ("X-Amz-Target", "AmazonSSM.GetOpsItem");
    for body in ["{", "[]", "\"x\"", "{\"OpsItemId\":[[[[", "nul", &"[".repeat(100_000)] {
        let told = sim.request("POST /", "ssm", &[JSON_1_1, target], body).await;
        assert_eq!((told.status, &told.json()["__type"]), (400, &json!("SerializationException")), "{}", told.body);
    }
    let told = sim.request("POST /", "ssm", &[JSON_1_1, target], r#"{"OpsItemId":7}"#).await;
    assert_eq!(told.json()["message"], "NUMBER_VALUE cannot be converted to String");
    for body in ["", "\u{7f}", "\u{1}\u{2}", &"\u{0}".repeat(100)] {
        let told = sim.request("POST /service/AWSHealth_20160804/operation/DescribeEventDetails", "health", &CBOR, body).await;
        assert_eq!(told.status, 400, "{body:?}");
    }
    for body in ["<a>", "plain", "<ChangeResourceRecordSetsRequest/>", ""] {
        let told = sim.request("POST /2013-04-01/hostedzone/Z1/rrset", "route53", &[], body).await;
        assert_eq!(told.status, 400, "{body:?}");
        assert!(told.body.contains("<Code>InvalidInput</Code>"), "{}", told.body);
    }
    let told = sim.request("POST /", "sts", &[FORM], "Action=AssumeRole&DurationSeconds=soon&%%%&RoleArn").await;
    assert!(told.status == 400 && told.body.contains("<Code>MalformedInput</Code>"), "{}", told.body);
    let told = sim.request("PUT /restore-jobs", "backup", &[("Content-Encoding", "gzip")], "xx").await;
    assert_eq!(told.status, 400);
    assert_eq!(sim.calls(), 0);
    sim.end().await;
}

#[tokio::test]
async fn a_request_without_a_signature_is_refused_in_its_own_protocol() {
    let sim = Simulated::answering(json!({})).await;
    let post = |headers: &str| format!("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n{headers}\r\n");
    let told = Told::new(&sim.raw(post("X-Amz-Target: AmazonSSM.GetOpsItem\r\n").as_bytes()).await);
    assert_eq!((told.status, &told.json()["__type"]), (403, &json!("MissingAuthenticationTokenException")));
    let told = Told::new(&sim.raw(post("Content-Type: application/x-www-form-urlencoded\r\n").as_bytes()).await);
    assert!(told.status == 403 && told.body.contains("<Code>MissingAuthenticationToken</Code>"));
    let told = Told::new(&sim.raw(post("Authorization: AWS4-HMAC-SHA256 Credential=a\r\n").as_bytes()).await);
    assert_eq!(told.status, 400);
    assert!(told.has_header("x-amzn-errortype", "IncompleteSignatureException"));
    assert!(told.has_header("x-amzn-requestid", REQUEST_ID));
    assert!(told.has_header("date", "Sat, 14 Mar 2026 03:00:00 GMT"));
    sim.end().await;
}

#[tokio::test]
async fn a_revoked_key_is_refused_by_the_name_that_each_protocol_has_for_it() {
    let sim = Simulated::answering(json!({})).await;
    let key =
        |name: &str| format!("AWS4-HMAC-SHA256 Credential={name}/20260314/x/{{}}/aws4_request, SignedHeaders=h, Signature=0");
    for (name, service, header, code) in [
        ("AKIAREVOKED", "ssm", "X-Amz-Target: AmazonSSM.GetOpsItem", "UnrecognizedClientException"),
        ("AKIAREVOKED", "sts", "Content-Type: application/x-www-form-urlencoded", "<Code>InvalidClientTokenId</Code>"),
        ("ASIAWITHOUTATOKEN", "sts", "Content-Type: application/x-www-form-urlencoded", "<Code>InvalidClientTokenId</Code>"),
    ] {
        let authorization = key(name).replace("{}", service);
        let head = "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\nX-Amz-Date: 20260314T030000Z";
        let told = Told::new(&sim.raw(format!("{head}\r\nAuthorization: {authorization}\r\n{header}\r\n\r\n").as_bytes()).await);
        assert!(told.status == 403 && told.body.contains(code), "{}", told.body);
    }
    sim.end().await;
}

#[tokio::test]
async fn a_page_that_is_not_of_aws_is_left_to_the_fallback() {
    let fallback: Fallback = Arc::new(|parts| {
        let host = parts.headers.get("host")?.to_str().ok()?;
        (host == "www.shop.example.com").then(|| http::Response::new(bytes::Bytes::from("the shop")))
    });
    let sim = Simulated::start_with(|_| Ok(json!({})), Some(fallback)).await;
    let get = |host: &str| format!("GET /basket HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    let told = Told::new(&sim.raw(get("www.shop.example.com").as_bytes()).await);
    assert_eq!((told.status, told.body.as_str()), (200, "the shop"));
    assert_eq!(Told::new(&sim.raw(get("localhost").as_bytes()).await).status, 403);
    sim.end().await;
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused() {
    let sim = Simulated::answering(json!({})).await;
    let mut stream = TcpStream::connect(sim.address).await.unwrap();
    stream
        .write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\nX-Amz-Target: AmazonSSM.X\r\n\r\n")
        .await
        .unwrap();
    let mut answer = [0; 12];
    let chunk = vec![b' '; 1 << 20];
    for _ in 0..9 {
        // The server may have answered and closed by now.
        let _ = stream.write_all(&chunk).await;
    }
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
    sim.end().await;
}
