//! Where in the AWS console the proof of a moment can be looked at.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// The page of what an ARN names, where there is one that can be known from the ARN alone.
pub(super) fn of(reference: &str) -> Option<String> {
    let mut parts = reference.splitn(6, ':');
    let (arn, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, _, resource) = (parts.next()?, parts.next()?, parts.next()?);
    if arn != "arn" || partition != "aws" {
        // The consoles of the other partitions are elsewhere, and are not guessed.
        return None;
    }
    let quoted = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    match service {
        "cloudwatch" => {
            let name = resource.strip_prefix("alarm:")?;
            Some(format!(
                "https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#alarmsV2:alarm/{}",
                quoted(name)
            ))
        }
        "health" => Some(format!(
            "https://health.aws.amazon.com/health/home#/account/event-log?eventID={}&eventTab=details",
            quoted(reference)
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn an_alarm_and_a_health_event_have_a_page_and_nothing_is_guessed() {
        assert_eq!(
            of("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop errors").as_deref(),
            Some("https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/shop%20errors")
        );
        assert!(of("arn:aws:health:eu-west-1::event/EBS/X/X_1").is_some_and(|link| link.contains("eventID=arn%3Aaws%3Ahealth")));
        assert_eq!(of("arn:aws-cn:cloudwatch:cn-north-1:1:alarm:x"), None);
        assert_eq!(of("C0CHANGE"), None);
    }
}
