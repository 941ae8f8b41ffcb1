//! May the service that works for a step assume the role that the plan gives it?

use super::exists::later;
use crate::plan::{Action, Template};
use crate::readiness::{AskedOf, Found, Ready};

const BACKUP: &str = "backup.amazonaws.com";
const CLOUDFORMATION: &str = "cloudformation.amazonaws.com";

/// The role that a step hands on, and the service that assumes it.
fn handed_on(action: &Action) -> Option<(&Template, &'static str)> {
    match action {
        Action::BackupRestore { role_arn, .. } => Some((role_arn, BACKUP)),
        Action::BackupCopy(copy) => Some((&copy.role_arn, BACKUP)),
        Action::CloudFormationDeploy(deploy) => Some((deploy.role_arn.as_ref()?, CLOUDFORMATION)),
        _ => None,
    }
}

pub(super) async fn role(asked: AskedOf<'_>) -> Vec<Found> {
    let Some((template, service)) = handed_on(&asked.step.action) else { return Vec::new() };
    let Some(arn) = asked.text(template) else { return vec![later(asked, "role", &template.to_string())] };
    let name = arn.rsplit('/').next().unwrap_or(&arn);
    let found = match asked.site.cloudcontrol.resource("AWS::IAM::Role", name).await {
        Ok(Some(properties)) if trusts(&properties, service) => {
            Found::yes("role", asked.id(), format!("{service} may assume {arn}"))
        }
        Ok(Some(_)) => {
            let what = format!("the trust policy of {arn} does not name {service}");
            let next = format!("let {service} assume it");
            Found::yes("role", asked.id(), what).but(Ready::No, "the service cannot assume it, and the step fails", next)
        }
        Ok(None) => {
            let what = format!("there is no role {arn}");
            let next = "create the role, or correct `role_arn`";
            Found::yes("role", asked.id(), what).but(Ready::No, format!("{service} works with it"), next)
        }
        Err(problem) => Found::unknown("role", asked.id(), &problem),
    };
    vec![found]
}

fn trusts(role: &serde_json::Value, service: &str) -> bool {
    let policy = &role["AssumeRolePolicyDocument"];
    // Some types answer a policy as a string of JSON.
    let parsed = policy.as_str().and_then(|text| serde_json::from_str(text).ok());
    let policy = parsed.as_ref().unwrap_or(policy);
    let statements = policy["Statement"].as_array().cloned().unwrap_or_else(|| vec![policy["Statement"].clone()]);
    let names = |principal: &serde_json::Value| match principal {
        serde_json::Value::String(one) => one == service,
        serde_json::Value::Array(all) => all.iter().any(|one| one == service),
        _ => false,
    };
    statements.iter().any(|statement| statement["Effect"] == "Allow" && names(&statement["Principal"]["Service"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_trusts_whom_its_policy_names_in_any_of_its_forms() {
        let role = |principal: serde_json::Value| serde_json::json!({"AssumeRolePolicyDocument": {"Statement": [{"Effect": "Allow", "Principal": {"Service": principal}}]}});
        assert!(trusts(&role("backup.amazonaws.com".into()), "backup.amazonaws.com"));
        assert!(trusts(&role(serde_json::json!(["ec2.amazonaws.com", "backup.amazonaws.com"])), "backup.amazonaws.com"));
        assert!(!trusts(&role("ec2.amazonaws.com".into()), "backup.amazonaws.com"));
        let text = role("backup.amazonaws.com".into())["AssumeRolePolicyDocument"].to_string();
        assert!(trusts(&serde_json::json!({ "AssumeRolePolicyDocument": text }), "backup.amazonaws.com"));
        assert!(!trusts(&serde_json::json!({}), "backup.amazonaws.com"));
    }
}
