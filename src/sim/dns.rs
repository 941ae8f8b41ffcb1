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
                    clients.spawn(serve_client(stream, Arc::clone(&world), clock.clone(), stop.clone()));
                }
            }
        }
    };
    clients.close();
    clients.wait().await;
    served
}

async fn serve_client(mut stream: TcpStream, world: Arc<Mutex<World>>, clock: Clock, stop: CancellationToken) {
    let talk = async {
        loop {
            let length = usize::from(tokio::time::timeout(IDLE, stream.read_u16()).await??);
            let mut message = vec![0; length];
            tokio::time::timeout(IDLE, stream.read_exact(&mut message)).await??;
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
