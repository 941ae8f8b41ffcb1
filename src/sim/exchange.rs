//! One request and what becomes of it: who asks, what for, whether a fault stands in the way, the call, the answer.
//!
//! It is synchronous: the time that an answer takes, and what happens to the connection, are left to the server.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{DATE, HOST};
use http::request::Parts;
use tokio::sync::Notify;

use super::call::{Answer, Call, Caller, Refusal, Services, Weather};
use super::model::{self, Model, Operation};
use super::signing;
use super::wire::{self, Protocol, Request, Response};
use crate::clock::Clock;

/// Answers requests that carry no AWS signature and are not meant for a host of AWS; `None` leaves them to be refused as AWS does.
pub type Fallback = Arc<dyn Fn(&Parts) -> Option<http::Response<Bytes>> + Send + Sync>;

/// What becomes of a request.
pub(super) enum Outcome {
    /// This answer, so much later in the world's time.
    Answer(Response, Duration),
    /// No answer, ever.
    Silent,
    /// The connection is reset.
    Reset,
    /// There is nothing to tell yet: the call is to be tried again when something has changed, or a while later.
    Later(Box<Pending>),
}

/// A call that was read and has not been answered.
pub(super) struct Pending {
    asked: Asked,
    input: serde_json::Value,
    /// Until when it waits for something to tell; `None`: it has not been tried.
    until: Option<DateTime<Utc>>,
    delay: Duration,
    answer_lost: bool,
}

/// Everything that a request meets.
pub(super) struct Front {
    pub(super) services: Arc<Mutex<dyn Services>>,
    pub(super) clock: Clock,
    pub(super) fallback: Option<Fallback>,
    /// Told of each call that was carried out.
    pub(super) changed: Notify,
}

/// One operation of one service, asked for in one protocol.
struct Asked {
    service: &'static str,
    model: &'static Model,
    operation: &'static Operation,
    protocol: Protocol,
    caller: Caller,
}

impl Front {
    /// Carries out one request.
    pub(super) fn exchange(&self, parts: Parts, body: Bytes) -> Outcome {
        if !signing::is_signed(&parts.headers, parts.uri.query())
            && !is_for_aws(&parts)
            && let Some(mut response) = self.fallback.as_ref().and_then(|fallback| fallback(&parts))
        {
            self.date(&mut response);
            return Outcome::Answer(response, Duration::ZERO);
        }
        let service = signing::scope(&parts.headers, parts.uri.query()).ok().map(|scope| scope.service);
        let request = match wire::unpack(Request::from_parts(parts, body), service.as_deref()) {
            Ok(request) => request,
            Err(refusal) => {
                return self.refuse(Protocol::RestXml, model::model(wire::s3::SIGNING_NAME).map(|(_, model)| model), refusal);
            }
        };
        let asked = match self.recognise(&request) {
            Ok(asked) => asked,
            Err((protocol, model, refusal)) => return self.refuse(protocol, model, refusal),
        };
        let mut delay = Duration::ZERO;
        let mut answer_lost = false;
        match self.weather(&asked) {
            Weather::Fair => {}
            Weather::Slow(millis) => delay = Duration::from_millis(millis),
            Weather::Refused(refusal) => return self.refuse(asked.protocol, Some(asked.model), refusal),
            Weather::Silent => return Outcome::Silent,
            Weather::Reset => return Outcome::Reset,
            Weather::AnswerLost => answer_lost = true,
        }
        match asked.protocol.read(asked.model, asked.operation, &request) {
            Ok(input) => self.go_on(Box::new(Pending { asked, input, until: None, delay, answer_lost })),
            Err(_) if answer_lost => Outcome::Reset,
            Err(refusal) => Outcome::Answer(self.told(asked.protocol, Some(asked.model), refusal), delay),
        }
    }

    /// Answers a call, unless it is to wait for something to tell.
    pub(super) fn go_on(&self, mut pending: Box<Pending>) -> Outcome {
        let answer = {
            // The time is read under the lock, so that no call takes effect before one that was answered earlier.
            let mut services = self.services();
            let at = self.clock.now();
            let Asked { service, operation, caller, .. } = &pending.asked;
            let call =
                Call { caller: caller.clone(), service, operation: operation.name.clone(), input: pending.input.clone(), at };
            if pending.until.is_none_or(|until| at < until)
                && let Some(until) = services.waits(&call)
            {
                pending.until.get_or_insert(until);
                return Outcome::Later(pending);
            }
            services.answer(call)
        };
        self.changed.notify_waiters();
        let response = self.answered(&pending.asked, answer);
        if pending.answer_lost { Outcome::Reset } else { Outcome::Answer(response, pending.delay) }
    }

    /// Tells a refusal to a request whose body was not read.
    pub(super) fn refuse_unread(&self, parts: Parts, refusal: Refusal) -> Response {
        let scope = signing::scope(&parts.headers, parts.uri.query()).ok();
        let model = scope.and_then(|scope| model::model(&scope.service)).map(|(_, model)| model);
        let protocol = Protocol::of(model, &Request::from_parts(parts, Bytes::new()));
        self.told(protocol, model, refusal)
    }

    /// Who asks for which operation, in the order in which AWS looks: signature, key, operation.
    fn recognise(&self, request: &Request) -> Result<Asked, (Protocol, Option<&'static Model>, Refusal)> {
        let scope = signing::scope(request.headers(), request.uri().query())
            .map_err(|refusal| (Protocol::of(None, request), None, refusal))?;
        let known = Protocol::model(&scope.service, request);
        let model = known.map(|(_, model)| model);
        let protocol = Protocol::of(model, request);
        let refused = |refusal| (protocol, model, refusal);
        // The first letters say that the key is temporary, and such a key is nothing without its token.
        if scope.access_key.starts_with("ASIA") && !scope.session {
            let message = "The security token included in the request is invalid.";
            return Err(refused(Refusal::new("InvalidClientTokenId", message).status(403)));
        }
        let caller = {
            let mut services = self.services();
            services.caller(&scope.access_key, &scope.region, self.clock.now()).map_err(refused)?
        };
        let Some((service, model)) = known else { return Err(refused(protocol.unknown_operation(None, request))) };
        let operation = protocol.operation(model, request).map_err(refused)?;
        Ok(Asked { service, model, operation, protocol, caller })
    }

    fn weather(&self, asked: &Asked) -> Weather {
        let mut services = self.services();
        services.weather(&asked.caller, asked.service, &asked.operation.name, self.clock.now())
    }

    fn answered(&self, asked: &Asked, answer: Answer) -> Response {
        let Asked { service, model, operation, protocol, .. } = *asked;
        let value = match answer {
            Ok(value) => value,
            Err(refusal) => return self.told(protocol, Some(model), refusal),
        };
        if let Some(misfit) = wire::misfit(model, operation, &value) {
            tracing::error!(service, operation = operation.name, misfit, "a simulated service answered outside its model");
            let refusal = Refusal::new("InternalFailure", format!("the simulated {service} is at fault: {misfit}")).status(500);
            return self.told(protocol, Some(model), refusal);
        }
        let id = self.services().request_id();
        self.finished(protocol.answer(model, operation, &value, &id), &id)
    }

    fn refuse(&self, protocol: Protocol, model: Option<&Model>, refusal: Refusal) -> Outcome {
        Outcome::Answer(self.told(protocol, model, refusal), Duration::ZERO)
    }

    fn told(&self, protocol: Protocol, model: Option<&Model>, refusal: Refusal) -> Response {
        let id = self.services().request_id();
        self.finished(protocol.refuse(model, refusal, &id), &id)
    }

    /// Adds what every answer has: its id, and the time, by which clients correct their own clocks before they sign again.
    fn finished(&self, mut response: Response, id: &str) -> Response {
        if let Ok(id) = id.parse() {
            response.headers_mut().insert("x-amzn-requestid", id);
        }
        self.date(&mut response);
        response
    }

    fn date(&self, response: &mut Response) {
        if let Ok(date) = wire::rfc822(self.clock.now()).parse() {
            response.headers_mut().insert(DATE, date);
        }
    }

    fn services(&self) -> MutexGuard<'_, dyn Services + 'static> {
        // A service that panicked has lost its own call; the world's other calls go on.
        self.services.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does the request name a host of AWS?
fn is_for_aws(parts: &Parts) -> bool {
    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"].iter().any(|suffix| host.ends_with(suffix))
}
