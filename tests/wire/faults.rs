//! What happens to a connection.
use super::*;

#[tokio::test]
async fn a_slow_answer_waits_on_the_worlds_clock_after_it_took_effect() {
    let sim = Simulated::answering(json!({})).await;
    sim.meet(Weather::Slow(4_000));
    let backup = aws_sdk_backup::Client::new(&sim.sdk());
    let answer = tokio::spawn(async move { backup.list_backup_vaults().send().await });
    while sim.calls() == 0 {
        tokio::task::yield_now().await;
    }
    // The clock stands still, so the answer cannot come before it is stepped.
    assert!(!answer.is_finished());
    while !answer.is_finished() {
        sim.clock.step(Duration::from_secs(4));
        tokio::task::yield_now().await;
    }
    answer.await.unwrap().unwrap();
    sim.end().await;
}

#[tokio::test]
async fn a_connection_is_reset_before_the_call_or_instead_of_its_answer() {
    let sim = Simulated::answering(json!({})).await;
    for (weather, calls) in [(Weather::Reset, 0), (Weather::AnswerLost, 1)] {
        sim.meet(weather);
        let mut stream = TcpStream::connect(sim.address).await.unwrap();
        let head = format!(
            "GET /backup-vaults HTTP/1.1\r\nHost: x\r\nAuthorization: AWS4-HMAC-SHA256 \
             Credential=AK/20260314/{REGION}/backup/aws4_request, SignedHeaders=h, Signature=0\r\nX-Amz-Date: 20260314T030000Z\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let fault = stream.read(&mut [0; 64]).await.unwrap_err();
        assert_eq!(fault.kind(), std::io::ErrorKind::ConnectionReset);
        assert_eq!(sim.calls(), calls);
    }
    sim.end().await;
}

#[tokio::test]
async fn a_refusal_by_the_weather_has_no_effect() {
    let sim = Simulated::answering(json!({})).await;
    sim.meet(Weather::Refused(Refusal::new("ServiceUnavailableException", "down").status(503)));
    let fault = aws_sdk_backup::Client::new(&sim.sdk()).list_backup_vaults().send().await.unwrap_err();
    assert_eq!((fault.code(), sim.calls()), (Some("ServiceUnavailableException"), 0));
    sim.end().await;
}

#[tokio::test]
async fn the_stop_drains_silent_idle_and_half_sent_connections() {
    let sim = Simulated::answering(json!({})).await;
    sim.meet(Weather::Silent);
    let backup = aws_sdk_backup::Client::new(&sim.sdk());
    let silent = tokio::spawn(async move { backup.list_backup_vaults().send().await });
    let _idle = TcpStream::connect(sim.address).await.unwrap();
    let mut half = TcpStream::connect(sim.address).await.unwrap();
    half.write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf").await.unwrap();
    while !sim.desk.lock().unwrap().weather.is_empty() {
        tokio::task::yield_now().await;
    }
    sim.end().await;
    assert!(silent.await.unwrap().is_err());
}

#[tokio::test]
async fn only_loopback_is_served() {
    let listener = TcpListener::bind(("0.0.0.0", 0)).await.unwrap();
    let desk = Desk { answering: Box::new(|_| Ok(json!({}))), weather: Vec::new(), calls: Vec::new() };
    let served = serve(listener, Arc::new(Mutex::new(desk)), Clock::system(), None, CancellationToken::new()).await;
    assert!(matches!(served, Err(ServeError::NotLoopback(_))));
}
