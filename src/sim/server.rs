//! The HTTP server of the simulated AWS: connections, limits, and the faults that happen to a connection.
//!
//! It is handed its listener and its stop signal. It must not know what a request means.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::call::{Refusal, Services};
pub use super::exchange::Fallback;
use super::exchange::{Front, Outcome};
use super::signing;
use crate::clock::Clock;

/// The longest body that is read; the longest that AWS takes of most of the simulated operations is 1 MiB.
const BODY_LIMIT_BYTES: usize = 8 * 1024 * 1024;
/// The longest body for S3 and Lambda, which take objects and packages of code. AWS takes more.
const OBJECT_LIMIT_BYTES: usize = 64 * 1024 * 1024;
/// How many connections are served at once; more wait to be accepted.
const CONNECTIONS_LIMIT: usize = 512;
/// How long an answer under way may take to leave after the stop, in real time.
const DRAIN_PATIENCE: Duration = Duration::from_secs(2);
/// How soon a call that waits for something to tell looks again by itself, in the world's time.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How long accepting rests after it failed, for instance for want of file descriptors, in real time.
const ACCEPT_REST: Duration = Duration::from_millis(50);

/// How long a client may take, in real time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// To send a request's head, from the answer to the one before.
    pub head: Duration,
    /// To send a request's body.
    pub body: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { head: Duration::from_secs(20), body: Duration::from_secs(30) }
    }
}

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The simulated AWS checks no signatures, so nobody else on the network may reach it.
    #[error("the simulated AWS listens on loopback only, not on {0}")]
    NotLoopback(SocketAddr),
    /// The listener has no address.
    #[error("the listener of the simulated AWS has no address")]
    Address(#[source] io::Error),
}

/// Serves `services` on `listener` until `stop`, then lets every answer that is under way leave.
///
/// Time on the wire (the `Date` header, slow answers) is `clock`'s. A request without an AWS signature and not for a host of AWS
/// is offered to `fallback` first.
///
/// # Errors
/// [`ServeError`] where the listener is not on loopback; nothing has been accepted then.
pub async fn serve(
    listener: TcpListener,
    services: Arc<Mutex<dyn Services>>,
    clock: Clock,
    fallback: Option<Fallback>,
    stop: CancellationToken,
) -> Result<(), ServeError> {
    serve_within(Limits::default(), listener, services, clock, fallback, stop).await
}

/// The same with limits of one's own.
///
/// # Errors
/// As [`serve`].
pub async fn serve_within(
    limits: Limits,
    listener: TcpListener,
    services: Arc<Mutex<dyn Services>>,
    clock: Clock,
    fallback: Option<Fallback>,
    stop: CancellationToken,
) -> Result<(), ServeError> {
    let address = listener.local_addr().map_err(ServeError::Address)?;
    if !address.ip().is_loopback() {
        return Err(ServeError::NotLoopback(address));
    }
    let front = Arc::new(Front { services, clock, fallback, changed: Notify::new() });
    let room = Arc::new(Semaphore::new(CONNECTIONS_LIMIT));
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = accept(&listener, &room) => accepted,
        };
        match accepted {
            Ok((stream, place)) => {
                let served = connection(stream, limits, Arc::clone(&front), stop.clone());
                connections.spawn(async move {
                    served.await;
                    drop(place);
                });
            }
            Err(fault) => {
                tracing::warn!(%address, %fault, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_REST).await;
            }
        }
    }
    drop(listener);
    connections.close();
    connections.wait().await;
    Ok(())
}

async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(room).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}

/// The connection is to end without an answer.
#[derive(Debug)]
struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the connection is cut")
    }
}

impl Error for Cut {}

async fn connection(stream: TcpStream, limits: Limits, front: Arc<Front>, stop: CancellationToken) {
    // Without this a small answer may wait for the client's acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let service = service_fn({
        let stop = stop.clone();
        move |request| respond(Arc::clone(&front), limits, stop.clone(), request)
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service);
    let ended = tokio::select! {
        biased;
        ended = &mut connection => ended,
        () = stop.cancelled() => {
            Pin::new(&mut connection).graceful_shutdown();
            tokio::time::timeout(DRAIN_PATIENCE, &mut connection).await.unwrap_or(Ok(()))
        }
    };
    let Err(fault) = ended else { return };
    if fault.source().is_some_and(|source| source.is::<Cut>()) {
        // Closed with nothing to linger for, a socket is reset rather than ended.
        let _ = connection.into_parts().io.into_inner().set_zero_linger();
    } else {
        tracing::debug!(%fault, "a connection ended early");
    }
}

async fn respond(
    front: Arc<Front>,
    limits: Limits,
    stop: CancellationToken,
    request: http::Request<Incoming>,
) -> Result<http::Response<Full<Bytes>>, Cut> {
    let (parts, body) = request.into_parts();
    let scope = signing::scope(&parts.headers, parts.uri.query()).ok();
    let takes_objects = scope.is_some_and(|scope| ["s3", "lambda"].contains(&scope.service.as_str()));
    let limit = if takes_objects { OBJECT_LIMIT_BYTES } else { BODY_LIMIT_BYTES };
    let read = tokio::select! {
        biased;
        () = stop.cancelled() => return Err(Cut),
        read = tokio::time::timeout(limits.body, Limited::new(body, limit).collect()) => read,
    };
    let body = match read {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(fault)) if fault.is::<LengthLimitError>() => {
            let message = format!("The request is longer than {limit} bytes.");
            let refusal = Refusal::new("RequestEntityTooLarge", message).status(413);
            return Ok(front.refuse_unread(parts, refusal).map(Full::new));
        }
        Ok(Err(_)) => return Err(Cut),
        Err(_) => {
            let refusal = Refusal::new("RequestTimeout", "The body of the request did not come in time.").status(408);
            return Ok(front.refuse_unread(parts, refusal).map(Full::new));
        }
    };
    // Listened for before the call is tried, so that nothing that happens in between is missed.
    let mut changed = Box::pin(front.changed.notified());
    changed.as_mut().enable();
    let mut outcome = front.exchange(parts, body);
    while let Outcome::Later(pending) = outcome {
        tokio::select! {
            biased;
            () = stop.cancelled() => return Err(Cut),
            () = &mut changed => {}
            () = front.clock.sleep(LOOK_AGAIN) => {}
        }
        changed = Box::pin(front.changed.notified());
        changed.as_mut().enable();
        outcome = front.go_on(pending);
    }
    match outcome {
        Outcome::Later(_) | Outcome::Reset => Err(Cut),
        Outcome::Silent => {
            // A client that leaves ends this future with its connection.
            stop.cancelled().await;
            Err(Cut)
        }
        Outcome::Answer(response, delay) => {
            if !delay.is_zero() {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => {}
                    () = front.clock.sleep(delay) => {}
                }
            }
            Ok(response.map(Full::new))
        }
    }
}
