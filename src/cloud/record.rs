//! Notes every call to AWS and how AWS's clock differs from ours.
//!
//! It sees headers and status only, never a body, a parameter or a credential.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use aws_types::request_id::RequestId;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::domain::Region;

/// How many calls are kept: enough for a screen and a support case.
const NOTES_KEPT: usize = 500;

/// One attempt of one call.
#[derive(Debug, Clone, PartialEq)]
pub struct CallNote {
    /// When it was sent, by our clock.
    pub sent_at: DateTime<Utc>,
    /// How long it took, by our clock.
    pub took: TimeDelta,
    /// The SDK's name of the service, such as `Backup`.
    pub service: String,
    /// The operation, such as `StartRestoreJob`.
    pub operation: String,
    /// The Region that was asked, `aws-global` for Health's global endpoint.
    pub region: Option<Region>,
    /// The HTTP status; `None` if no answer came.
    pub status: Option<u16>,
    /// AWS's request id.
    pub request_id: Option<String>,
    /// From 1.
    pub attempt: u32,
    /// AWS's time in the answer's Date header, to the second.
    pub date: Option<DateTime<Utc>>,
}

/// By how much AWS's clock is ahead of ours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClockOffset {
    /// AWS's time minus ours, in seconds; negative if ours is ahead.
    pub secs: f64,
    /// Half the round trip plus the half second that the Date header leaves open, in seconds.
    pub uncertainty_secs: f64,
    /// When it was measured, by our clock.
    pub measured_at: DateTime<Utc>,
}

impl ClockOffset {
    /// From the moments that a request left and its answer came, and the answer's Date header, which has whole seconds.
    fn measure(sent_at: DateTime<Utc>, answered_at: DateTime<Utc>, date: DateTime<Utc>) -> Self {
        let half_trip = (answered_at - sent_at).max(TimeDelta::zero()) / 2;
        let difference = date + TimeDelta::milliseconds(500) - (sent_at + half_trip);
        Self { secs: seconds(difference), uncertainty_secs: seconds(half_trip) + 0.5, measured_at: answered_at }
    }

    /// Is the difference more than what cannot be known?
    pub fn is_certain(&self) -> bool {
        self.secs.abs() > self.uncertainty_secs
    }
}

fn seconds(delta: TimeDelta) -> f64 {
    delta.as_seconds_f64()
}

/// The console's notes of its calls, shared by all sites. Cloning it gives another handle on the same notes.
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    inner: Arc<Notes>,
}

#[derive(Debug, Default)]
struct Notes {
    calls: Mutex<VecDeque<CallNote>>,
    offset: watch::Sender<Option<ClockOffset>>,
}

impl Recorder {
    /// Without notes yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The latest calls, oldest first, at most 500.
    pub fn calls(&self) -> Vec<CallNote> {
        self.inner.calls.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// The latest difference between AWS's clock and ours; `None` until a first answer.
    pub fn offset(&self) -> watch::Receiver<Option<ClockOffset>> {
        self.inner.offset.subscribe()
    }

    fn note(&self, call: CallNote) {
        let mut calls = self.inner.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.len() == NOTES_KEPT {
            calls.pop_front();
        }
        calls.push_back(call);
    }
}

/// The interceptor that writes into a [`Recorder`]; every client is built with one.
#[derive(Debug, Clone)]
pub struct Noting {
    pub(super) recorder: Recorder,
    pub(super) clock: Clock,
}

/// When the present attempt was sent.
#[derive(Debug, Clone, Copy)]
struct SentAt(DateTime<Utc>);

impl Storable for SentAt {
    type Storer = StoreReplace<Self>;
}

impl Intercept for Noting {
    fn name(&self) -> &'static str {
        "lifeboat-noting"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        cfg.interceptor_state().store_put(SentAt(self.clock.now()));
        Ok(())
    }

    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date").and_then(http_date);
        if let (Some(SentAt(sent_at)), Some(date)) = (cfg.load::<SentAt>(), date) {
            self.recorder.inner.offset.send_replace(Some(ClockOffset::measure(*sent_at, self.clock.now(), date)));
        }
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let now = self.clock.now();
        let sent_at = cfg.load::<SentAt>().map_or(now, |sent| sent.0);
        let metadata = cfg.load::<Metadata>();
        let response = context.response();
        let call = CallNote {
            sent_at,
            took: now - sent_at,
            service: metadata.map(|it| it.service().to_owned()).unwrap_or_default(),
            operation: metadata.map(|it| it.name().to_owned()).unwrap_or_default(),
            region: cfg.load::<aws_types::region::Region>().map(|region| Region::new(region.as_ref())),
            status: response.map(|response| response.status().as_u16()),
            request_id: response.and_then(|response| response.request_id()).map(str::to_owned),
            attempt: cfg.load::<RequestAttempts>().map_or(1, RequestAttempts::attempts),
            date: response.and_then(|response| response.headers().get("date")).and_then(http_date),
        };
        tracing::debug!(
            service = call.service,
            operation = call.operation,
            region = call.region.as_ref().map(Region::as_str),
            status = call.status,
            request_id = call.request_id,
            attempt = call.attempt,
            took_ms = call.took.num_milliseconds(),
            "called AWS"
        );
        self.recorder.note(call);
        Ok(())
    }
}

/// `Sat, 14 Mar 2026 03:00:00 GMT`.
fn http_date(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text).ok().map(|time| time.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn the_offset_knows_what_the_round_trip_leaves_open() {
        let date = http_date("Sat, 14 Mar 2026 03:00:10 GMT").unwrap();
        let offset = ClockOffset::measure(at("2026-03-14T03:00:00Z"), at("2026-03-14T03:00:02Z"), date);
        assert!((offset.secs - 9.5).abs() < 1e-9, "{offset:?}");
        assert!((offset.uncertainty_secs - 1.5).abs() < 1e-9, "{offset:?}");
        assert!(offset.is_certain());
        assert!(!ClockOffset { secs: -1.2, ..offset }.is_certain());
    }

    #[test]
    fn old_notes_make_room_for_new_ones() {
        let recorder = Recorder::new();
        for attempt in 0..u32::try_from(NOTES_KEPT).unwrap() + 2 {
            recorder.note(CallNote {
                sent_at: at("2026-03-14T03:00:00Z"),
                took: TimeDelta::zero(),
                service: "STS".into(),
                operation: "GetCallerIdentity".into(),
                region: None,
                status: None,
                request_id: None,
                attempt,
                date: None,
            });
        }
        let calls = recorder.calls();
        assert_eq!(calls.len(), NOTES_KEPT);
        assert_eq!(calls[0].attempt, 2);
    }
}
