//! The weekly window of maintenance and the daily one of backups: how they are written, how long they are, that they are apart.
//!
//! Source: RDS API reference, CreateDBInstance, PreferredMaintenanceWindow and PreferredBackupWindow.

use serde_json::Value;

use super::invalid;
use crate::sim::call::Refusal;
use crate::sim::members;

const DAY: i64 = 24 * 60;
const WEEK: i64 = 7 * DAY;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const SHORTEST: i64 = 30;

/// Holds the windows of an input against each other, and against those that are `kept`; the maintenance window as RDS writes it.
///
/// # Errors
/// As RDS refuses it.
pub(super) fn checked(input: &Value, kept: &Value) -> Result<Option<String>, Refusal> {
    let text = |member| members::text(input, member).map(str::to_lowercase);
    let (weekly, daily) = (text("PreferredMaintenanceWindow"), text("PreferredBackupWindow"));
    if weekly.is_none() && daily.is_none() {
        return Ok(None);
    }
    let known = |given: &Option<String>, member| given.clone().or_else(|| members::text(kept, member).map(str::to_lowercase));
    let maintenance = known(&weekly, "PreferredMaintenanceWindow").map(|text| maintenance(&text)).transpose()?;
    let backup = known(&daily, "PreferredBackupWindow").map(|text| backup(&text)).transpose()?;
    if let (Some((from, until)), Some((starts, ends))) = (maintenance, backup) {
        // A week before and after, for windows that reach over its end.
        let backups = (-7..14).map(|day| (day * DAY + starts, day * DAY + ends));
        if backups.into_iter().any(|(starts, ends)| starts < until && from < ends) {
            return Err(invalid("The backup window and maintenance window must not overlap."));
        }
    }
    Ok(weekly)
}

/// Minutes of the week, from its Monday; the end may be in the next one.
fn maintenance(text: &str) -> Result<(i64, i64), Refusal> {
    let words = "Should be specified as a range ddd:hh24:mi-ddd:hh24:mi (24H Clock UTC). Example: Sun:23:45-Mon:00:15";
    let wrong = || invalid(format!("Invalid maintenance window format: {text}. {words}"));
    let part = |part: &str| {
        let mut parts = part.splitn(2, ':');
        let (Some(day), Some(time)) = (parts.next().filter(|day| day.len() == 3), parts.next()) else { return Err(wrong()) };
        let day = DAYS.iter().zip(0..).find(|(known, _)| **known == day).map(|(_, number)| number);
        match (day, clock(time)) {
            (Some(day), Ok(minutes)) => Ok(day * DAY + minutes),
            (_, Err(true)) => Err(wrong()),
            _ => Err(invalid(format!("Invalid day:hour:minute value: {part}"))),
        }
    };
    let (from, until) = text.split_once('-').ok_or_else(wrong)?;
    let (from, until) = (part(from)?, part(until)?);
    let length = (until - from).rem_euclid(WEEK);
    if length >= DAY {
        return Err(invalid("Maintenance window must be less than 24 hours."));
    }
    if length < SHORTEST {
        return Err(invalid("The maintenance window must be at least 30 minutes."));
    }
    Ok((from, from + length))
}

/// Minutes of the day; the end may be on the next one.
fn backup(text: &str) -> Result<(i64, i64), Refusal> {
    let words = "Should be specified as a range hh24:mi-hh24:mi (24H Clock UTC). Example: 23:45-00:15";
    let wrong = || invalid(format!("Invalid backup window format: {text}. {words}"));
    let (from, until) = text.split_once('-').ok_or_else(wrong)?;
    let (from, until) = (clock(from).map_err(|_| wrong())?, clock(until).map_err(|_| wrong())?);
    let length = (until - from).rem_euclid(DAY);
    if length < SHORTEST {
        return Err(invalid("Backup window must be at least 30 minutes."));
    }
    Ok((from, from + length))
}

/// `hh:mi` in minutes; what is wrong may be the form (`true`) or the value.
fn clock(text: &str) -> Result<i64, bool> {
    let (hours, minutes) = text.split_once(':').ok_or(true)?;
    let number = |text: &str| text.parse::<i64>().ok().filter(|_| text.len() == 2).ok_or(true);
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    if hours < 24 && minutes < 60 { Ok(hours * 60 + minutes) } else { Err(false) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(maintenance: &str, backup: &str) -> String {
        let input = json!({"PreferredMaintenanceWindow": maintenance, "PreferredBackupWindow": backup});
        checked(&input, &json!({})).map_or_else(|refusal| refusal.message, |_| String::new())
    }

    #[test]
    fn windows_are_of_a_form_a_length_and_apart() {
        assert_eq!(refused("Sun:23:45-Mon:00:15", "20:00-20:30"), "");
        assert!(refused("mon:16tue:17:00", "20:00-20:30").contains("ddd:hh24:mi-ddd:hh24:mi"));
        assert!(refused("sim:16:00-mon:16:30", "20:00-20:30").contains("Invalid day:hour:minute"));
        assert!(refused("mon:16:00-tue:17:00", "20:00-20:30").contains("less than 24 hours"));
        assert!(refused("mon:16:00-mon:16:05", "20:00-20:30").contains("at least 30 minutes"));
        assert!(refused("mon:16:00-mon:17:00", "2000-2030").contains("hh24:mi-hh24:mi"));
        for (weekly, daily) in [
            ("wed:18:00-wed:22:00", "20:00-20:30"),
            ("wed:18:00-thu:01:00", "00:00-00:30"),
            ("thu:00:00-thu:14:00", "23:50-00:20"),
            ("sun:23:30-mon:00:30", "00:00-00:30"),
        ] {
            assert!(refused(weekly, daily).contains("must not overlap"), "{weekly} {daily}");
        }
        assert_eq!(refused("wed:18:00-wed:22:00", "22:00-22:30"), "", "one may begin where the other ends");
    }

    #[test]
    fn a_change_is_held_against_what_is_kept() {
        let kept = json!({"PreferredBackupWindow": "20:00-20:30"});
        assert!(checked(&json!({"PreferredMaintenanceWindow": "wed:18:00-wed:22:00"}), &kept).is_err());
        let taken = checked(&json!({"PreferredMaintenanceWindow": "SUN:16:00-SUN:16:30"}), &kept).unwrap();
        assert_eq!(taken.as_deref(), Some("sun:16:00-sun:16:30"));
    }
}
