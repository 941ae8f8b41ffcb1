//! The zone that a report's times are written in: UTC, or a named one. Every time has its date and says its zone.

use std::str::FromStr;

use chrono::{DateTime, Offset, Utc};
use chrono_tz::Tz;

/// A zone of the IANA database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(Tz);

/// There is no zone of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no zone {name:?}: name one as the IANA database does, such as Europe/Berlin or UTC")]
pub struct NoSuchZone {
    /// What was asked for.
    pub name: String,
}

impl Zone {
    /// The default.
    pub const UTC: Self = Self(Tz::UTC);

    /// Is it UTC?
    pub fn is_utc(self) -> bool {
        self == Self::UTC
    }

    /// Its name: `Europe/Berlin`.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// `2026-03-14 03:04:00Z`, or `2026-03-14 04:04:00 CET` in a named zone.
    pub fn stamp(self, at: DateTime<Utc>) -> String {
        if self.is_utc() {
            return at.format("%Y-%m-%d %H:%M:%SZ").to_string();
        }
        at.with_timezone(&self.0).format("%Y-%m-%d %H:%M:%S %Z").to_string()
    }

    /// For programs: `2026-03-14T03:04:00Z`, or `2026-03-14T04:04:00+01:00`.
    pub fn rfc3339(self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.0).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }

    /// The time in the zone, as `form` of chrono says.
    pub fn format(self, at: DateTime<Utc>, form: &str) -> String {
        at.with_timezone(&self.0).format(form).to_string()
    }

    /// How far the zone is ahead of UTC at that time, in seconds.
    pub fn ahead_secs(self, at: DateTime<Utc>) -> i64 {
        i64::from(at.with_timezone(&self.0).offset().fix().local_minus_utc())
    }
}

impl FromStr for Zone {
    type Err = NoSuchZone;

    fn from_str(name: &str) -> Result<Self, NoSuchZone> {
        Tz::from_str(name).map(Self).map_err(|_| NoSuchZone { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_its_date_and_its_zone_also_when_the_clocks_change() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let berlin: Zone = "Europe/Berlin".parse().unwrap();
        assert_eq!(Zone::UTC.stamp(at("2026-03-14T23:30:00Z")), "2026-03-14 23:30:00Z");
        assert_eq!(berlin.stamp(at("2026-03-14T23:30:00Z")), "2026-03-15 00:30:00 CET");
        // The last Sunday of March: 02:00 CET is 03:00 CEST.
        assert_eq!(berlin.stamp(at("2026-03-29T00:59:59Z")), "2026-03-29 01:59:59 CET");
        assert_eq!(berlin.stamp(at("2026-03-29T01:00:00Z")), "2026-03-29 03:00:00 CEST");
        assert_eq!(berlin.rfc3339(at("2026-10-25T01:30:00Z")), "2026-10-25T02:30:00+01:00");
        assert!("Europe/Atlantis".parse::<Zone>().unwrap_err().to_string().contains("Europe/Atlantis"));
    }
}
