//! Where a resource is in the AWS console, and the AWS CLI command that reads it. Made from names alone; nothing is asked.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::{Alarm, HealthEvent, RecoveryPoint, Region};

/// The console's host: of a Region, or of no Region in particular. Each partition of AWS has its own.
fn host(partition: &str, region: &str) -> String {
    let domain = match partition {
        "aws-cn" => "console.amazonaws.cn",
        "aws-us-gov" => "console.amazonaws-us-gov.com",
        _ => "console.aws.amazon.com",
    };
    if region.is_empty() { domain.to_owned() } else { format!("{region}.{domain}") }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Partition, service, Region and the rest after the account of an ARN.
fn parts(arn: &str) -> Option<(&str, &str, &str, &str)> {
    let mut parts = arn.splitn(6, ':');
    let (Some("arn"), Some(partition), Some(service), Some(region), Some(_), Some(rest)) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    Some((partition, service, region, rest))
}

/// The page of what an ARN names; `None` for what is no ARN. Where no page of its own is known, the console finds it by the ARN.
pub fn page(arn: &str) -> Option<String> {
    let (partition, service, region, rest) = parts(arn)?;
    let home = |path: &str| format!("https://{}/{path}", host(partition, region));
    Some(match (service, rest.split_once([':', '/'])) {
        ("cloudwatch", Some(("alarm", name))) => {
            home(&format!("cloudwatch/home?region={region}#alarmsV2:alarm/{}", encoded(name)))
        }
        ("ssm", Some(("automation-execution", id))) => {
            home(&format!("systems-manager/automation/execution/{id}?region={region}"))
        }
        ("health", _) => {
            let domain = host(partition, "").replace("console.", "health.console.");
            format!("https://{domain}/health/home#/account/event-log?eventID={}", encoded(arn))
        }
        _ => format!("https://{}/go/view?arn={}", host(partition, ""), encoded(arn)),
    })
}

/// The page of a recovery point, whose vault its ARN does not name.
pub fn point_page(point: &RecoveryPoint, region: &Region) -> String {
    let partition = parts(&point.arn).map_or("aws", |(partition, ..)| partition);
    let (vault, arn) = (encoded(&point.vault), encoded(&point.arn));
    format!("https://{}/backup/home?region={region}#/backupvaults/details/{vault}/{arn}", host(partition, region.as_str()))
}

/// A word as a shell takes it.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// Reads an alarm.
pub fn read_alarm(alarm: &Alarm, region: &Region) -> String {
    let types = "--alarm-types MetricAlarm CompositeAlarm";
    format!("aws cloudwatch describe-alarms --region {region} --alarm-names {} {types}", word(&alarm.name))
}

/// Reads a Health event; Health has its API in one Region of each partition.
pub fn read_event(event: &HealthEvent) -> String {
    let region = match parts(&event.arn) {
        Some(("aws-cn", ..)) => "cn-northwest-1",
        Some(("aws-us-gov", ..)) => "us-gov-west-1",
        _ => "us-east-1",
    };
    format!("aws health describe-event-details --region {region} --event-arns {}", word(&event.arn))
}

/// Reads a recovery point.
pub fn read_point(point: &RecoveryPoint, region: &Region) -> String {
    format!(
        "aws backup describe-recovery-point --region {region} --backup-vault-name {} --recovery-point-arn {}",
        word(&point.vault),
        word(&point.arn)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_where_the_resource_is() {
        for (arn, url) in [
            (
                "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop error/rate",
                "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/shop%20error%2Frate",
            ),
            (
                "arn:aws-cn:ssm:cn-north-1:111122223333:automation-execution/0f4a",
                "https://cn-north-1.console.amazonaws.cn/systems-manager/automation/execution/0f4a?region=cn-north-1",
            ),
            (
                "arn:aws:health:eu-west-1::event/EC2/X/Y",
                "https://health.console.aws.amazon.com/health/home#/account/event-log?eventID=arn%3Aaws%3Ahealth%3Aeu%2Dwest%2D1%3A%3Aevent%2FEC2%2FX%2FY",
            ),
            ("arn:aws:s3:::shop-assets", "https://console.aws.amazon.com/go/view?arn=arn%3Aaws%3As3%3A%3A%3Ashop%2Dassets"),
        ] {
            assert_eq!(page(arn).as_deref(), Some(url));
        }
        assert_eq!(page("shop-orders"), None);
        assert_eq!(page("arn:aws:s3"), None);
    }

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(word("arn:aws:backup:eu-central-1:1:recovery-point:x"), "arn:aws:backup:eu-central-1:1:recovery-point:x");
        assert_eq!(word("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(word(""), "''");
    }
}
