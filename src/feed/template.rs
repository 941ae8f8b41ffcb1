//! The CloudFormation template of the push feed: rule, queue and policy, with the pattern that the console itself goes by.

use serde_json::Value;

use crate::pattern::Pattern;

const TEMPLATE: &str = include_str!("../../assets/feed/template.json");

/// The template with this pattern in its rule.
///
/// # Errors
/// The shipped template is no JSON, which a test rules out.
pub fn template(pattern: &Pattern) -> Result<String, serde_json::Error> {
    let mut template: Value = serde_json::from_str(TEMPLATE)?;
    if let Some(place) = template.pointer_mut("/Resources/Rule/Properties/EventPattern") {
        *place = pattern.as_json();
    }
    serde_json::to_string_pretty(&template).map(|text| text + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::HealthFilter;

    #[test]
    fn the_template_holds_the_pattern_and_only_the_rule_may_send() {
        let pattern = HealthFilter { services: vec!["S3".into()], ..HealthFilter::default() }.event_pattern();
        let template: Value = serde_json::from_str(&template(&pattern).unwrap()).unwrap();
        let rule = &template["Resources"]["Rule"]["Properties"];
        assert_eq!(rule["EventPattern"], pattern.as_json());
        assert_eq!(Pattern::parse(&rule["EventPattern"].to_string()), Ok(pattern));
        let statements = template["Resources"]["QueuePolicy"]["Properties"]["PolicyDocument"]["Statement"].as_array().unwrap();
        assert_eq!(statements.len(), 1);
        assert_eq!(statements[0]["Action"], "sqs:SendMessage");
        assert_eq!(statements[0]["Condition"]["ArnEquals"]["aws:SourceArn"]["Fn::GetAtt"][0], "Rule");
    }
}
