//! A signal as EventBridge delivers it: an alarm that changed its state, or what AWS Health tells.
//!
//! Sources: CloudWatch User Guide, "Alarm events and EventBridge"; AWS Health User Guide, "AWS Health events Amazon EventBridge
//! schema". Delivery is at least once and in no order, so each carries an id and the time of what it tells.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{AccountId, AffectedEntity, Alarm, AlarmKind, AlarmState, HealthEvent, Region, SiteName};

/// The rule of `lifeboat feed template` lets these through: source and detail type.
pub const PUSHED: [(&str, &str); 2] = [("aws.cloudwatch", "CloudWatch Alarm State Change"), ("aws.health", "AWS Health Event")];

/// One event from the push feed.
#[derive(Debug, Clone, PartialEq)]
pub struct Pushed {
    /// EventBridge's id of the event; for Health the ARN and the communication, which is the same in both Regions that it goes to.
    pub id: String,
    /// The account that it is about.
    pub account: AccountId,
    /// The Region that sent it.
    pub region: Region,
    /// What it tells.
    pub signal: PushedSignal,
}

/// What an event tells.
#[derive(Debug, Clone, PartialEq)]
pub enum PushedSignal {
    /// The alarm as far as the event describes it; its site is whose account and Region it is.
    Alarm(Box<Alarm>),
    /// The Health event, with those of its entities that are on this page of it.
    Health(Box<HealthEvent>),
}

impl Pushed {
    /// Reads the body of a message.
    ///
    /// # Errors
    /// A sentence that says what it is instead of an event.
    pub fn read(body: &str) -> Result<Self, String> {
        let event: Value = serde_json::from_str(body).map_err(|_| "not JSON".to_owned())?;
        let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
        let (source, detail_type) = (text("source"), text("detail-type"));
        let detail = event.get("detail").unwrap_or(&Value::Null);
        let id = text("id").to_owned();
        let (id, signal) = match PUSHED.iter().position(|known| *known == (source, detail_type)) {
            Some(0) => (id, PushedSignal::Alarm(Box::new(alarm(&event, detail).ok_or("an alarm's event without its name")?))),
            Some(_) => {
                let health = health(detail).ok_or("a Health event without its ARN")?;
                let communication = member(detail, "communicationId");
                // Each page of a long event counts for itself.
                let page = member(detail, "page");
                let same = (!communication.is_empty()).then(|| format!("{} {communication} {page}", health.arn));
                (same.unwrap_or(id), PushedSignal::Health(Box::new(health)))
            }
            None => return Err(format!("an event of source {source:?} and type {detail_type:?}")),
        };
        if id.is_empty() {
            return Err("an event without an id".to_owned());
        }
        Ok(Self { id, account: AccountId::new(text("account")), region: Region::new(text("region")), signal })
    }
}

fn member<'a>(of: &'a Value, name: &str) -> &'a str {
    of.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn alarm(event: &Value, detail: &Value) -> Option<Alarm> {
    let name = detail.get("alarmName")?.as_str()?;
    let state = detail.get("state").unwrap_or(&Value::Null);
    let configuration = detail.get("configuration").unwrap_or(&Value::Null);
    let rule = configuration.get("alarmRule").and_then(Value::as_str).map(str::to_owned);
    let metrics = configuration.get("metrics").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let expression = |query: &Value| query.get("expression").and_then(Value::as_str).map(str::to_owned);
    let kind = match metrics.iter().find_map(expression) {
        _ if rule.is_some() => AlarmKind::Composite,
        Some(band) if band.contains("ANOMALY_DETECTION_BAND") => AlarmKind::AnomalyDetection,
        Some(_) => AlarmKind::MetricMath,
        None => AlarmKind::Metric,
    };
    let at = time(member(state, "timestamp")).or_else(|| time(member(event, "time")));
    let by = state.get("actionsSuppressedBy").and_then(Value::as_str).map(str::to_owned);
    Some(Alarm {
        // Whose it is, the store says, which knows the sites.
        site: SiteName::new(""),
        name: name.to_owned(),
        arn: event.pointer("/resources/0").and_then(Value::as_str).unwrap_or_default().to_owned(),
        kind,
        state: AlarmState::from(member(state, "value").to_owned()),
        evaluation: state.get("evaluationState").and_then(Value::as_str).map(str::to_owned),
        transitioned_at: at,
        updated_at: at,
        reason: member(state, "reason").to_owned(),
        reason_data: state.get("reasonData").and_then(Value::as_str).map(str::to_owned),
        rule,
        suppressed_by: by,
        metric: None,
    })
}

fn health(detail: &Value) -> Option<HealthEvent> {
    let told = detail.get("eventDescription").and_then(Value::as_array).and_then(|texts| texts.first());
    let entities = detail.get("affectedEntities").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let entity = |entity: &Value| AffectedEntity {
        value: member(entity, "entityValue").to_owned(),
        status: member(entity, "status").to_owned(),
    };
    Some(HealthEvent {
        arn: detail.get("eventArn")?.as_str()?.to_owned(),
        service: member(detail, "service").to_owned(),
        type_code: member(detail, "eventTypeCode").to_owned(),
        category: member(detail, "eventTypeCategory").to_owned(),
        region: Region::new(member(detail, "eventRegion")),
        status: member(detail, "statusCode").to_owned(),
        started_at: time(member(detail, "startTime")),
        ended_at: time(member(detail, "endTime")),
        updated_at: time(member(detail, "lastUpdatedTime")),
        first_seen_at: None,
        description: told.map(|told| member(told, "latestDescription").to_owned()),
        entities: entities.iter().map(entity).collect(),
    })
}

/// `2026-03-14T03:04:20.123+0000` of alarms, `2026-03-14T03:04:20Z` of envelopes, `Sat, 14 Mar 2026 03:04:20 GMT` of Health.
fn time(text: &str) -> Option<DateTime<Utc>> {
    let offset = || DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z").ok();
    let plain = || DateTime::parse_from_rfc3339(text).ok();
    let http = || DateTime::parse_from_rfc2822(text).ok();
    Some(offset().or_else(plain).or_else(http)?.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the CloudWatch User Guide, shortened.
    const ALARM: &str = r#"{"version":"0","id":"c4c1c1c9","detail-type":"CloudWatch Alarm State Change","source":"aws.cloudwatch",
        "account":"123456789012","time":"2019-10-02T17:04:40Z","region":"us-east-1",
        "resources":["arn:aws:cloudwatch:us-east-1:123456789012:alarm:ServerCpuTooHigh"],
        "detail":{"alarmName":"ServerCpuTooHigh","configuration":{"metrics":[{"id":"m1","metricStat":{"period":300}}]},
        "previousState":{"value":"OK"},"state":{"reason":"Threshold Crossed","reasonData":"{}",
        "timestamp":"2019-10-02T17:04:40.989+0000","value":"ALARM"}}}"#;

    #[test]
    fn an_alarms_event_tells_its_state_and_when_it_turned() {
        let pushed = Pushed::read(ALARM).unwrap();
        assert_eq!(
            (pushed.id.as_str(), pushed.account.as_str(), pushed.region.as_str()),
            ("c4c1c1c9", "123456789012", "us-east-1")
        );
        let PushedSignal::Alarm(alarm) = pushed.signal else { unreachable!() };
        assert_eq!((alarm.name.as_str(), &alarm.state, alarm.kind), ("ServerCpuTooHigh", &AlarmState::Alarm, AlarmKind::Metric));
        assert_eq!(alarm.transitioned_at.unwrap().to_rfc3339(), "2019-10-02T17:04:40.989+00:00");
    }

    #[test]
    fn one_health_communication_is_one_event_in_whichever_region_it_arrives() {
        let event = |id: &str, region: &str| {
            format!(
                r#"{{"id":"{id}","detail-type":"AWS Health Event","source":"aws.health","account":"1","region":"{region}",
                "detail":{{"eventArn":"arn:e","service":"S3","communicationId":"c-1","startTime":"Fri, 27 Jan 2023 06:02:51 GMT",
                "statusCode":"open","eventDescription":[{{"language":"en_US","latestDescription":"why"}}],"page":"1",
                "affectedEntities":[{{"entityValue":"bucket","status":"IMPAIRED"}}],"eventRegion":"eu-west-1"}}}}"#
            )
        };
        let (first, second) = (Pushed::read(&event("1", "eu-west-1")).unwrap(), Pushed::read(&event("2", "us-west-2")).unwrap());
        assert_eq!(first.id, second.id);
        let PushedSignal::Health(health) = first.signal else { unreachable!() };
        assert_eq!(health.started_at.unwrap().to_rfc3339(), "2023-01-27T06:02:51+00:00");
        assert_eq!((health.entities[0].status.as_str(), health.description.as_deref()), ("IMPAIRED", Some("why")));
    }

    #[test]
    fn what_is_no_signal_is_said_to_be_what_it_is_and_missing_members_do_no_harm() {
        for (body, said) in [
            ("hello", "not JSON"),
            ("[]", "an event of source \"\""),
            (r#"{"source":"aws.s3","detail-type":"Object Created"}"#, "aws.s3"),
            (r#"{"source":"aws.health","detail-type":"AWS Health Event","id":"1"}"#, "without its ARN"),
            (
                r#"{"source":"aws.cloudwatch","detail-type":"CloudWatch Alarm State Change","detail":{"alarmName":"a"}}"#,
                "without an id",
            ),
        ] {
            assert!(Pushed::read(body).unwrap_err().contains(said), "{body}");
        }
        let bare = r#"{"source":"aws.cloudwatch","detail-type":"CloudWatch Alarm State Change","id":"1","detail":{"alarmName":"a","state":7}}"#;
        assert!(Pushed::read(bare).is_ok());
    }
}
