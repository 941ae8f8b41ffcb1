//! Asks from outside, as a customer would: names by DNS, pages by HTTP. Changes nothing.
//!
//! An exercise gives the addresses of the simulated name server and shop; otherwise the machine's own resolver and the network
//! are asked.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::TokioExecutor;

use crate::cloud::dns;
use crate::domain::{Problem, ProblemKind};
use crate::plan::NameServers;

/// How long one question may take, in real time.
const LIMIT: Duration = Duration::from_secs(5);
/// How much of a page is read, in bytes.
const BODY_LIMIT: usize = 256 * 1024;

/// Asks names and pages.
#[derive(Debug)]
pub struct Probe {
    name_server: Option<SocketAddr>,
    via: Option<SocketAddr>,
    plain: Client<HttpConnector, Empty<Bytes>>,
    /// Made for the first page that needs it: reading the machine's certificates takes longer than opening a console.
    secure: OnceLock<Client<HttpsConnector<HttpConnector>, Empty<Bytes>>>,
    next_id: AtomicU16,
}

/// What a name server answered.
#[derive(Debug)]
pub(super) struct Names {
    server: SocketAddr,
    /// The values of the records of the type that was asked for.
    pub(super) values: Vec<String>,
    /// The longest of their TTLs, in seconds.
    pub(super) ttl: Option<u32>,
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = if self.values.is_empty() { "no answer".to_owned() } else { self.values.join(", ") };
        write!(f, "{values} from {}", self.server.ip())
    }
}

/// What a page answered.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) status: u16,
    pub(super) headers: http::HeaderMap,
    pub(super) body: String,
}

impl Page {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Probe {
    /// A probe. `name_server` answers names instead of the machine's resolver; `via` is connected to instead of the page's host.
    pub fn new(name_server: Option<SocketAddr>, via: Option<SocketAddr>) -> Self {
        Self { name_server, via, plain: client(connector()), secure: OnceLock::new(), next_id: AtomicU16::new(1) }
    }

    /// The client for pages behind TLS; an error says that the machine has no certificates to trust.
    fn secure(&self) -> Result<&Client<HttpsConnector<HttpConnector>, Empty<Bytes>>, String> {
        if let Some(made) = self.secure.get() {
            return Ok(made);
        }
        let no_roots = |error| format!("this machine has no certificates to trust: {error}");
        let builder = HttpsConnectorBuilder::new().with_native_roots().map_err(no_roots)?;
        Ok(self.secure.get_or_init(|| client(builder.https_only().enable_http1().wrap_connector(connector()))))
    }

    /// What each of these servers answers for `name`. An exercise's name server stands for all of them.
    pub(super) async fn names(&self, name: &str, kind: &str, servers: NameServers) -> Result<Vec<Names>, Problem> {
        let resolver = self.name_server.unwrap_or_else(dns::system_name_server);
        match (self.name_server, servers) {
            (Some(server), _) | (None, NameServers::At(server)) => Ok(vec![self.dns(server, name, kind, true).await?]),
            (None, NameServers::Resolver) => Ok(vec![self.dns(resolver, name, kind, true).await?]),
            (None, NameServers::Authoritative) => {
                let servers = self.authoritative(resolver, name).await?;
                let answers = join_all(servers.into_iter().map(|server| self.dns(server, name, kind, false))).await;
                answers.into_iter().collect()
            }
        }
    }

    /// The name servers of the zone that a name is in: those of the longest of its endings that has any, by their first address.
    async fn authoritative(&self, resolver: SocketAddr, name: &str) -> Result<Vec<SocketAddr>, Problem> {
        let mut zone = name.trim_end_matches('.');
        while !zone.is_empty() {
            let hosts = self.dns(resolver, zone, "NS", true).await?.values;
            if !hosts.is_empty() {
                let addresses = join_all(hosts.iter().map(|host| self.dns(resolver, host, "A", true))).await;
                let addresses = addresses.into_iter().collect::<Result<Vec<_>, _>>()?;
                let first =
                    |names: &Names| names.values.first()?.parse::<IpAddr>().ok().map(|address| SocketAddr::new(address, 53));
                return Ok(addresses.iter().filter_map(first).collect());
            }
            zone = zone.split_once('.').map_or("", |(_, rest)| rest);
        }
        let message = "no name servers are known for its zone".to_owned();
        Err(Problem::new(ProblemKind::Missing, format!("DNS {name}"), message))
    }

    /// What `server` answers for `name`; `recurses` lets it ask others.
    async fn dns(&self, server: SocketAddr, name: &str, kind: &str, recurses: bool) -> Result<Names, Problem> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (values, ttl) = dns::answer(server, name, kind, id, recurses).await?;
        Ok(Names { server, values, ttl })
    }

    /// What a page answers now.
    pub(super) async fn http(&self, url: &str) -> Result<Page, Problem> {
        let problem = |kind, message: String| Problem::new(kind, format!("HTTP GET {url}"), message);
        let uri: http::Uri = url.parse().map_err(|error| problem(ProblemKind::Invalid, format!("{error}")))?;
        let host = uri.authority().map(ToString::to_string).unwrap_or_default();
        let target = match self.via {
            Some(via) => format!("http://{via}{}", uri.path_and_query().map_or("/", |path| path.as_str())),
            None => url.to_owned(),
        };
        let request = http::Request::get(target)
            .header(http::header::HOST, host)
            .header(http::header::USER_AGENT, concat!("lifeboat/", env!("CARGO_PKG_VERSION")))
            .body(Empty::new())
            .map_err(|error| problem(ProblemKind::Invalid, error.to_string()))?;
        let ask = async {
            let answer = match request.uri().scheme_str() {
                Some("https") => self.secure()?.request(request).await,
                _ => self.plain.request(request).await,
            };
            let answer = answer.map_err(|error| chain(&error))?;
            let (parts, body) = answer.into_parts();
            let body = Limited::new(body, BODY_LIMIT).collect().await.map_err(|error| error.to_string())?.to_bytes();
            Ok(Page { status: parts.status.as_u16(), headers: parts.headers, body: String::from_utf8_lossy(&body).into_owned() })
        };
        match tokio::time::timeout(LIMIT, ask).await {
            Ok(answer) => answer.map_err(|error: String| problem(ProblemKind::Unreachable, error)),
            Err(_) => Err(problem(ProblemKind::Unreachable, format!("no answer within {} s", LIMIT.as_secs()))),
        }
    }
}

fn connector() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_connect_timeout(Some(LIMIT));
    connector
}

/// Without idle connections: each question asks anew who answers now.
fn client<C: Connect + Clone>(connector: C) -> Client<C, Empty<Bytes>> {
    Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector)
}

/// An error with its causes: the connector hides the reason behind "client error (Connect)".
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}
