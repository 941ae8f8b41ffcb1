//! Between our clock and the SDK's: the SDK signs and expires by the time that [`Clock`] shows.

use std::time::SystemTime;

use aws_smithy_async::time::TimeSource;
use chrono::{DateTime, Utc};

use crate::clock::Clock;

/// The SDK's view of our clock: request dates, signatures and the expiry of credentials follow simulated time too.
#[derive(Debug, Clone)]
pub(super) struct ClockTime(pub(super) Clock);

impl TimeSource for ClockTime {
    fn now(&self) -> SystemTime {
        self.0.now().into()
    }
}

/// A time of AWS's; `None` if it is beyond what can be written as a date.
pub fn to_utc(time: &aws_smithy_types::DateTime) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(time.secs(), time.subsec_nanos())
}

/// An optional time of AWS's.
pub(super) fn utc(time: Option<&aws_smithy_types::DateTime>) -> Option<DateTime<Utc>> {
    time.and_then(to_utc)
}

/// A time for AWS, to the second as most of its filters want it.
pub fn to_aws(time: DateTime<Utc>) -> aws_smithy_types::DateTime {
    aws_smithy_types::DateTime::from_secs(time.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdk_sees_simulated_time() {
        let start: DateTime<Utc> = "2026-03-14T03:00:00Z".parse().unwrap();
        let time = ClockTime(Clock::simulated(start, 20.0));
        assert_eq!(DateTime::<Utc>::from(time.now()), start);
    }

    #[test]
    fn milliseconds_come_through_and_absurd_times_do_not() {
        let time = aws_smithy_types::DateTime::from_millis(1_773_457_200_250);
        assert_eq!(to_utc(&time).unwrap().to_rfc3339(), "2026-03-14T03:00:00.250+00:00");
        assert_eq!(to_utc(&aws_smithy_types::DateTime::from_secs(i64::MAX)), None);
    }
}
