//! What no client should send: cut, late, huge, or with a signature that is not one. The server answers as AWS, or closes; it goes on.
use super::*;

const SIGNED: &str = "Authorization: AWS4-HMAC-SHA256 Credential=AKIA/20260314/eu-central-1/ssm/aws4_request, SignedHeaders=host, \
                      Signature=00\r\nX-Amz-Date: 20260314T030000Z\r\nX-Amz-Target: AmazonSSM.GetOpsItem\r\nContent-Type: \
                      application/x-amz-json-1.1\r\n";

/// Short enough to be waited for.
const SHORT: Limits = Limits { head: Duration::from_millis(200), body: Duration::from_millis(200) };

/// Reads until the server closes; what came before, however it closed.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut told = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
        told.extend_from_slice(&buffer[..length]);
    }
    String::from_utf8_lossy(&told).into_owned()
}

async fn still_answers(sim: &Simulated) {
    let told = sim
        .request("POST /", "ssm", &[JSON_1_1, ("X-Amz-Target", "AmazonSSM.GetOpsItem")], r#"{"OpsItemId":"oi-0123456789ab"}"#)
        .await;
    assert_eq!(told.status, 200, "{}", told.body);
}

#[tokio::test]
async fn a_request_that_stops_half_way_is_waited_for_and_then_closed() {
    let sim = Simulated::within(SHORT, json!({})).await;
    let whole_head = format!("POST / HTTP/1.1\r\nHost: x\r\n{SIGNED}Content-Length: 100\r\n\r\n");
    let begun = format!("{whole_head}{{\"OpsItemId\"");
    for (sent, expected) in [
        ("", ""),
        ("POST", ""),
        ("POST / HTTP/1.1\r\nHost: x\r\nAuthorization: AWS4", ""),
        (whole_head.as_str(), "HTTP/1.1 408"),
        (begun.as_str(), "HTTP/1.1 408"),
    ] {
        let mut stream = TcpStream::connect(sim.address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        // Nothing more is sent and nothing is closed here: only the server's own limit ends this.
        let told = until_closed(&mut stream).await;
        assert!(told.starts_with(expected), "{sent:?}: {told}");
    }
    assert_eq!(sim.calls(), 0);
    still_answers(&sim).await;
    sim.end().await;
}

#[tokio::test]
async fn a_request_that_is_cut_off_has_no_effect() {
    let sim = Simulated::answering(json!({})).await;
    let whole = format!("POST / HTTP/1.1\r\nHost: x\r\n{SIGNED}Content-Length: 31\r\n\r\n{{\"OpsItemId\":\"oi-0123456789ab\"}}");
    for length in (0..whole.len()).step_by(7) {
        let mut stream = TcpStream::connect(sim.address).await.unwrap();
        stream.write_all(&whole.as_bytes()[..length]).await.unwrap();
        stream.shutdown().await.unwrap();
        let told = until_closed(&mut stream).await;
        assert!(!told.starts_with("HTTP/1.1 200"), "cut at {length}: {told}");
    }
    assert_eq!(sim.calls(), 0);
    still_answers(&sim).await;
    sim.end().await;
}

#[tokio::test]
async fn what_is_no_http_is_refused_or_closed() {
    let sim = Simulated::within(SHORT, json!({})).await;
    let many: String = (0..300).map(|number| format!("X-{number}: 1\r\n")).collect();
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(1 << 20));
    for sent in [
        "\r\n\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{0}\u{a5}\u{1}\u{0}\u{0}",
        "POST / HTTP/9.9\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        &format!("GET / HTTP/1.1\r\n{many}\r\n"),
        &long,
    ] {
        let mut stream = TcpStream::connect(sim.address).await.unwrap();
        // The server may have closed before all of it was sent.
        let _ = stream.write_all(sent.as_bytes()).await;
        let told = until_closed(&mut stream).await;
        assert!(told.is_empty() || told.starts_with("HTTP/1.1 4"), "{:?}: {told}", &sent[..sent.len().min(60)]);
    }
    assert_eq!(sim.calls(), 0);
    still_answers(&sim).await;
    sim.end().await;
}

#[tokio::test]
async fn a_signature_needs_its_date() {
    let sim = Simulated::answering(json!({})).await;
    let ask = |dates: &str| {
        format!(
            "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 31\r\nX-Amz-Target: AmazonSSM.GetOpsItem\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=AKIA/20260314/eu-central-1/ssm/aws4_request, SignedHeaders=host, \
             Signature=00\r\n{dates}\r\n{{\"OpsItemId\":\"oi-0123456789ab\"}}"
        )
    };
    for (dates, status, code) in [
        ("", 400, "IncompleteSignatureException"),
        ("X-Amz-Date: yesterday\r\n", 400, "IncompleteSignatureException"),
        ("X-Amz-Date: 20260399T030000Z\r\n", 400, "IncompleteSignatureException"),
        ("X-Amz-Date: 20260313T235959Z\r\n", 403, "InvalidSignatureException"),
    ] {
        let told = Told::new(&sim.raw(ask(dates).as_bytes()).await);
        assert_eq!((told.status, told.json()["__type"].as_str().unwrap()), (status, code), "{dates}: {}", told.body);
    }
    assert_eq!(sim.calls(), 0);
    for dates in ["X-Amz-Date: 20260314T235959Z\r\n", "Date: Sat, 14 Mar 2026 03:00:00 GMT\r\n"] {
        assert_eq!(Told::new(&sim.raw(ask(dates).as_bytes()).await).status, 200, "{dates}");
    }
    sim.end().await;
}

#[tokio::test]
async fn a_wrong_content_type_is_read_by_the_protocol_that_the_request_names_or_refused() {
    let sim = Simulated::answering(json!({})).await;
    let input = r#"{"OpsItemId":"oi-0123456789ab"}"#;
    let target = ("X-Amz-Target", "AmazonSSM.GetOpsItem");
    for kind in ["text/plain", "application/xml", "multipart/form-data; boundary=x", ""] {
        let told = sim.request("POST /", "ssm", &[("Content-Type", kind), target], input).await;
        assert_eq!(told.status, 200, "the target names the protocol: {kind}");
    }
    let calls = sim.calls();
    for (service, kind, body) in [
        ("sts", "application/json", "{\"Action\":\"GetCallerIdentity\"}"),
        ("sts", "application/cbor", "\u{1}\u{2}\u{3}"),
        ("sns", "text/xml", "<ListTopics/>"),
        ("ssm", "application/x-www-form-urlencoded", "Action=GetOpsItem"),
        ("monitoring", "application/cbor", "\u{1}\u{2}\u{3}"),
    ] {
        let told = sim.request("POST /", service, &[("Content-Type", kind)], body).await;
        assert!((400..500).contains(&told.status), "{service} {kind}: {} {}", told.status, told.body);
    }
    assert_eq!(sim.calls(), calls);
    still_answers(&sim).await;
    sim.end().await;
}
