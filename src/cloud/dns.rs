//! One question to a name server. Changes nothing; what the answer means, who asks knows.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use crate::domain::{Problem, ProblemKind};

/// How long one question may take, in real time.
const LIMIT: Duration = Duration::from_secs(5);

/// The values of this kind (`A`, `CNAME`) that `name` is answered with by `server`, or by the machine's own resolver. `id` is the
/// question's number, which the answer has to carry.
///
/// # Errors
/// Invalid for what is no name or kind, else Unreachable.
pub async fn lookup(server: Option<SocketAddr>, name: &str, kind: &str, id: u16) -> Result<Vec<String>, Problem> {
    Ok(answer(server.unwrap_or_else(system_name_server), name, kind, id, true).await?.0)
}

/// The same of one server, with the longest TTL of the values in seconds; `recurses` lets it ask others.
///
/// # Errors
/// Invalid for what is no name or kind, else Unreachable.
pub async fn answer(
    server: SocketAddr,
    name: &str,
    kind: &str,
    id: u16,
    recurses: bool,
) -> Result<(Vec<String>, Option<u32>), Problem> {
    let problem = |kind, message: String| Problem::new(kind, format!("DNS {name}"), message);
    let record_type: RecordType = kind.parse().map_err(|_| problem(ProblemKind::Invalid, format!("{kind} is no record type")))?;
    let parsed = Name::from_utf8(name).map_err(|error| problem(ProblemKind::Invalid, error.to_string()))?;
    let mut question = Message::new(id, MessageType::Query, OpCode::Query);
    question.metadata.recursion_desired = recurses;
    question.add_query(Query::query(parsed, record_type));
    let wire = question.to_vec().map_err(|error| problem(ProblemKind::Invalid, error.to_string()))?;
    let answer = tokio::time::timeout(LIMIT, ask(server, &wire))
        .await
        .map_err(|_| problem(ProblemKind::Unreachable, format!("{server} did not answer within {} s", LIMIT.as_secs())))?
        .map_err(|error| problem(ProblemKind::Unreachable, format!("{server}: {error}")))?;
    let answer = Message::from_vec(&answer).map_err(|error| problem(ProblemKind::Unreachable, error.to_string()))?;
    if answer.id != question.id {
        return Err(problem(ProblemKind::Unreachable, format!("{server} answered another question")));
    }
    let fits = |found: RecordType| found == record_type;
    let fitting: Vec<_> = answer.answers.iter().filter(|record| fits(record.record_type())).collect();
    let values = fitting.iter().map(|record| record.data.to_string()).collect();
    Ok((values, fitting.iter().map(|record| record.ttl).max()))
}

/// The machine's first name server, as resolv.conf(5) names it.
pub fn system_name_server() -> SocketAddr {
    let text = std::fs::read("/etc/resolv.conf").unwrap_or_default();
    let parsed = resolv_conf::Config::parse(text).ok();
    let first = parsed.and_then(|config| config.nameservers.first().map(IpAddr::from));
    SocketAddr::new(first.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), 53)
}

async fn ask(server: SocketAddr, question: &[u8]) -> std::io::Result<Vec<u8>> {
    let local: SocketAddr = if server.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let socket = UdpSocket::bind(local).await?;
    socket.connect(server).await?;
    socket.send(question).await?;
    let mut answer = vec![0; 4096];
    let length = socket.recv(&mut answer).await?;
    answer.truncate(length);
    // The TC bit: too long for UDP, ask again by TCP (RFC 1035, 4.2.1).
    if answer.get(2).is_some_and(|flags| flags & 0x02 != 0) {
        return ask_by_tcp(server, question).await;
    }
    Ok(answer)
}

async fn ask_by_tcp(server: SocketAddr, question: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(question.len()).map_err(|_| std::io::Error::other("the question is too long"))?;
    stream.write_all(&length.to_be_bytes()).await?;
    stream.write_all(question).await?;
    let length = stream.read_u16().await?;
    let mut answer = vec![0; usize::from(length)];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}
