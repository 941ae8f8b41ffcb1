//! A name server on loopback that answers as the world's zones do, over UDP and TCP.
//!
//! Source: RFC 1035; TCP messages carry their length in front (4.2.2).

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::{RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::service::route53::resolve::{Resolution, resolve};
use super::world::World;
use crate::clock::Clock;

/// The longest message that UDP carries here.
const UDP_BYTES: usize = 512;
/// How long a TCP client may say nothing, in real time.
const IDLE: Duration = Duration::from_secs(10);
/// How many TCP clients are served at once.
const CLIENTS: usize = 64;

/// Answers until `stop`; returns when every client is done with.
///
/// # Errors
/// A socket that fails.
pub async fn serve_dns(
    udp: UdpSocket,
    tcp: TcpListener,
    world: Arc<Mutex<World>>,
    clock: Clock,
    stop: CancellationToken,
) -> io::Result<()> {
    serve_dns_within(IDLE, udp, tcp, world, clock, stop).await
}

/// The same with another patience for TCP clients.
async fn serve_dns_within(
    idle: Duration,
    udp: UdpSocket,
    tcp: TcpListener,
    world: Arc<Mutex<World>>,
    clock: Clock,
    stop: CancellationToken,
) -> io::Result<()> {
    let clients = TaskTracker::new();
    let mut buffer = [0_u8; 4096];
    let served = loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break Ok(()),
            received = udp.recv_from(&mut buffer) => {
                // A client that has gone away shows as an error of the next receive; it is none of ours.
                let Ok((length, from)) = received else { continue };
                if let Some(answer) = answer(&world, &clock, &buffer[..length], Some(UDP_BYTES)) {
                    let _ = udp.send_to(&answer, from).await;
                }
            }
            accepted = tcp.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                if clients.len() < CLIENTS {
                    clients.spawn(serve_client(idle, stream, Arc::clone(&world), clock.clone(), stop.clone()));
                }
            }
        }
    };
    clients.close();
    clients.wait().await;
    served
}

async fn serve_client(idle: Duration, mut stream: TcpStream, world: Arc<Mutex<World>>, clock: Clock, stop: CancellationToken) {
    let talk = async {
        loop {
            let length = usize::from(tokio::time::timeout(idle, stream.read_u16()).await??);
            let mut message = vec![0; length];
            tokio::time::timeout(idle, stream.read_exact(&mut message)).await??;
            let Some(answer) = answer(&world, &clock, &message, None) else { return io::Result::Ok(()) };
            stream.write_u16(u16::try_from(answer.len()).unwrap_or(u16::MAX)).await?;
            stream.write_all(&answer).await?;
        }
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        _ = talk => {}
    }
}

/// The answer to one message; none to what is no question.
fn answer(world: &Mutex<World>, clock: &Clock, message: &[u8], limit: Option<usize>) -> Option<Vec<u8>> {
    let question = Message::from_vec(message).ok()?;
    if question.metadata.message_type != MessageType::Query {
        return None;
    }
    let mut world = world.lock().unwrap_or_else(PoisonError::into_inner);
    world.advance_to(clock.now());
    let reply = reply(&world, &question);
    let bytes = reply.to_vec().ok()?;
    if limit.is_some_and(|limit| bytes.len() > limit) {
        return reply.truncate().to_vec().ok();
    }
    Some(bytes)
}

/// What the name server replies to a question.
pub fn reply(world: &World, question: &Message) -> Message {
    let mut reply = Message::response(question.metadata.id, question.metadata.op_code);
    reply.metadata.recursion_desired = question.metadata.recursion_desired;
    let Some(query) = question.queries.first().filter(|_| question.metadata.op_code == OpCode::Query) else {
        reply.metadata.response_code = ResponseCode::NotImp;
        return reply;
    };
    reply.add_query(query.clone());
    let name = query.name().to_ascii();
    match resolve(world, &name, &query.query_type().to_string()) {
        Resolution::NotOurs => reply.metadata.response_code = ResponseCode::Refused,
        Resolution::NoSuchName => {
            reply.metadata.authoritative = true;
            reply.metadata.response_code = ResponseCode::NXDomain;
        }
        Resolution::Records(records) => {
            reply.metadata.authoritative = true;
            for record in records {
                let kind = record.kind.parse::<RecordType>().ok();
                if let Some(data) = kind.and_then(|kind| RData::try_from_str(kind, &record.value).ok()) {
                    reply.add_answer(Record::from_rdata(query.name().clone(), record.ttl, data));
                }
            }
        }
    }
    reply
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Arc;

    use hickory_proto::op::Query;
    use hickory_proto::rr::Name;
    use serde_json::json;

    use super::*;
    use crate::sim::messaging_tests::Player;
    use crate::sim::scenario;
    use crate::sim::seed::Ids;

    fn world() -> World {
        let text = include_str!("../../assets/scenarios/region-outage.toml");
        World::new(Arc::new(scenario::parse("region-outage.toml", text).unwrap()), 7)
    }

    fn question(name: &str, kind: RecordType) -> Message {
        let mut question = Message::query();
        question.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
        question
    }

    fn addresses(reply: &Message) -> Vec<String> {
        reply.answers.iter().map(|record| record.data.to_string()).collect()
    }

    #[test]
    fn names_are_answered_by_their_zone_and_only_by_it() {
        let world = world();
        let reply = |name, kind| super::reply(&world, &question(name, kind));
        let www = reply("WWW.shop.example.com.", RecordType::A);
        assert_eq!(addresses(&www), ["192.0.2.10"]);
        assert_eq!(www.answers[0].ttl, 60);
        assert_eq!(reply("none.shop.example.com.", RecordType::A).metadata.response_code, ResponseCode::NXDomain);
        assert_eq!(reply("example.org.", RecordType::A).metadata.response_code, ResponseCode::Refused);
        let other = reply("www.shop.example.com.", RecordType::AAAA);
        assert_eq!((other.metadata.response_code, other.answers.len()), (ResponseCode::NoError, 0));
        assert_eq!(reply("shop.example.com.", RecordType::NS).answers.len(), 4);
        assert_eq!(reply("shop.example.com.", RecordType::SOA).answers.len(), 1);
    }

    #[tokio::test]
    async fn the_server_answers_over_udp_and_tcp_and_stops_when_told() {
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (udp_at, tcp_at) = (udp.local_addr().unwrap(), tcp.local_addr().unwrap());
        let world = world();
        let clock = Clock::simulated(world.now(), 1.0);
        let stop = CancellationToken::new();
        let server = tokio::spawn(serve_dns(udp, tcp, Arc::new(Mutex::new(world)), clock, stop.clone()));
        let asked = question("www.shop.example.com.", RecordType::A).to_vec().unwrap();

        let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        client.send_to(b"no question", udp_at).await.unwrap();
        client.send_to(&asked, udp_at).await.unwrap();
        let mut buffer = [0; 512];
        let length = client.recv(&mut buffer).await.unwrap();
        assert_eq!(addresses(&Message::from_vec(&buffer[..length]).unwrap()), ["192.0.2.10"]);

        let mut client = TcpStream::connect(tcp_at).await.unwrap();
        for _ in 0..2 {
            client.write_u16(u16::try_from(asked.len()).unwrap()).await.unwrap();
            client.write_all(&asked).await.unwrap();
            let mut answer = vec![0; usize::from(client.read_u16().await.unwrap())];
            client.read_exact(&mut answer).await.unwrap();
            assert_eq!(addresses(&Message::from_vec(&answer).unwrap()), ["192.0.2.10"]);
        }
        stop.cancel();
        server.await.unwrap().unwrap();
    }

    struct Served {
        udp: SocketAddr,
        tcp: SocketAddr,
        stop: CancellationToken,
        server: tokio::task::JoinHandle<io::Result<()>>,
    }

    async fn serve(world: World, idle: Duration) -> Served {
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (udp_at, tcp_at) = (udp.local_addr().unwrap(), tcp.local_addr().unwrap());
        let clock = Clock::simulated(world.now(), 1.0);
        let stop = CancellationToken::new();
        let server = tokio::spawn(serve_dns_within(idle, udp, tcp, Arc::new(Mutex::new(world)), clock, stop.clone()));
        Served { udp: udp_at, tcp: tcp_at, stop, server }
    }

    impl Served {
        /// The answer over UDP to a question with this id; answers to what came before are passed over.
        async fn ask(&self, client: &UdpSocket, question: &Message) -> Message {
            client.send_to(&question.to_vec().unwrap(), self.udp).await.unwrap();
            let mut buffer = [0; 4096];
            loop {
                let length = client.recv(&mut buffer).await.unwrap();
                match Message::from_vec(&buffer[..length]) {
                    Ok(answer) if answer.metadata.id == question.metadata.id => return answer,
                    _ => {}
                }
            }
        }

        async fn end(self) {
            self.stop.cancel();
            self.server.await.unwrap().unwrap();
        }
    }

    /// Packets that are none: cut, with counts that are not so, with names that point at themselves, and by chance.
    fn malformed() -> Vec<Vec<u8>> {
        let whole = question("www.shop.example.com.", RecordType::A).to_vec().unwrap();
        let mut packets: Vec<Vec<u8>> = (0..whole.len()).map(|length| whole[..length].to_vec()).collect();
        for place in 4..12 {
            packets.push(whole.iter().enumerate().map(|(at, byte)| if at == place { 0xff } else { *byte }).collect());
        }
        packets.push([&whole[..12], &[0xc0, 0x0c, 0, 1, 0, 1]].concat());
        packets.push([&whole[..12], &[0x3f; 400]].concat());
        let mut ids = Ids::new(7, "packets");
        packets.extend((0..200).map(|_| (0..ids.bits() % 60).map(|_| ids.bits().to_be_bytes()[0]).collect()));
        packets
    }

    #[tokio::test]
    async fn malformed_packets_do_not_end_the_server() {
        let served = serve(world(), Duration::from_millis(200)).await;
        let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        for packet in malformed() {
            client.send_to(&packet, served.udp).await.unwrap();
            let mut stream = TcpStream::connect(served.tcp).await.unwrap();
            stream.write_u16(u16::try_from(packet.len()).unwrap()).await.unwrap();
            stream.write_all(&packet).await.unwrap();
            stream.shutdown().await.unwrap();
            // What is no question is closed; either way the connection ends.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
        let asked = question("www.shop.example.com.", RecordType::A);
        assert_eq!(addresses(&served.ask(&client, &asked).await), ["192.0.2.10"]);
        served.end().await;
    }

    #[tokio::test]
    async fn a_client_that_says_nothing_more_is_closed() {
        let served = serve(world(), Duration::from_millis(200)).await;
        for sent in [&[][..], &[0], &[0, 40], &[0, 40, 1, 2, 3]] {
            let mut stream = TcpStream::connect(served.tcp).await.unwrap();
            stream.write_all(sent).await.unwrap();
            let mut told = Vec::new();
            // Nothing is closed here: only the server's own patience ends this.
            let _ = stream.read_to_end(&mut told).await;
            assert!(told.is_empty(), "{sent:?}");
        }
        served.end().await;
    }

    #[tokio::test]
    async fn an_answer_too_long_for_udp_is_cut_and_whole_over_tcp() {
        let mut player = Player::new();
        let zone = player.get("route53", "CreateHostedZone", json!({"Name": "example.org", "CallerReference": "1"}));
        let values: Vec<_> = (0..60).map(|number| json!({"Value": format!("192.0.2.{number}")})).collect();
        let set = json!({"Name": "many.example.org", "Type": "A", "TTL": 60, "ResourceRecords": values});
        let batch = json!({"Changes": [{"Action": "CREATE", "ResourceRecordSet": set}]});
        let zone = zone["HostedZone"]["Id"].as_str().unwrap().trim_start_matches("/hostedzone/");
        player.get("route53", "ChangeResourceRecordSets", json!({"HostedZoneId": zone, "ChangeBatch": batch}));
        // The name servers have it when the change is in sync.
        player.world.advance_to(player.now + chrono::TimeDelta::minutes(5));
        let served = serve(player.world, IDLE).await;
        let asked = question("many.example.org.", RecordType::A);

        let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let cut = served.ask(&client, &asked).await;
        assert!(cut.metadata.truncation && cut.answers.len() < 60, "{cut:?}");
        assert!(cut.to_vec().unwrap().len() <= UDP_BYTES);

        let mut stream = TcpStream::connect(served.tcp).await.unwrap();
        let bytes = asked.to_vec().unwrap();
        stream.write_u16(u16::try_from(bytes.len()).unwrap()).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
        let mut answer = vec![0; usize::from(stream.read_u16().await.unwrap())];
        stream.read_exact(&mut answer).await.unwrap();
        let whole = Message::from_vec(&answer).unwrap();
        assert!(!whole.metadata.truncation);
        assert_eq!(whole.answers.len(), 60);
        served.end().await;
    }
}
