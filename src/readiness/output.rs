//! The findings for people, for programs, and as JUnit for whatever runs the check every night.

use quick_xml::escape::escape;
use serde_json::json;

use super::{Found, Ready, is_ready};
use crate::plan::Plan;

impl Ready {
    fn word(self) -> &'static str {
        match self {
            Self::Yes => "ready",
            Self::Doubtful => "doubtful",
            Self::Unknown => "unknown",
            Self::No => "NOT READY",
        }
    }
}

fn place(plan: &Plan, found: &Found) -> String {
    found.line.map_or_else(|| plan.path.clone(), |line| format!("{}:{line}", plan.path))
}

/// One line a finding, the reason and the remedy below what is not ready; a sum at the end.
pub fn text(plan: &Plan, found: &[Found]) -> String {
    let mut out = String::new();
    for one in found {
        out.push_str(&format!("{:<9}  {}: {} {}: {}\n", one.ready.word(), place(plan, one), one.check, one.subject, one.what));
        if one.ready != Ready::Yes {
            out.push_str(&format!("           because {}\n           to do:  {}\n", one.why, one.next));
        }
    }
    let count = |ready| found.iter().filter(|one| one.ready == ready).count();
    out.push_str(&format!(
        "{}: {} ready, {} doubtful, {} unknown, {} not ready\n",
        if is_ready(found) { "READY" } else { "NOT READY" },
        count(Ready::Yes),
        count(Ready::Doubtful),
        count(Ready::Unknown),
        count(Ready::No)
    ));
    out
}

/// One JSON object.
pub fn json(plan: &Plan, found: &[Found]) -> String {
    let whole = json!({ "schema": 1, "plan": plan.name, "path": plan.path, "ready": is_ready(found), "findings": found });
    format!("{whole:#}\n")
}

/// JUnit XML: not ready is a failure, what could not be found out an error, what is doubtful passes and says so.
pub fn junit(plan: &Plan, found: &[Found]) -> String {
    let count = |ready| found.iter().filter(|one| one.ready == ready).count();
    let numbers =
        format!("tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"0\"", found.len(), count(Ready::No), count(Ready::Unknown));
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"lifeboat\" {numbers}>\n  <testsuite name=\"readiness of {}\" {numbers}>\n",
        escape(&plan.name)
    );
    for one in found {
        let name = format!("{}: {}", one.subject, one.what);
        out.push_str(&format!("    <testcase classname=\"lifeboat.{}\" name=\"{}\"", one.check, escape(&name)));
        let message = format!("{} because {}; to do: {}", one.what, one.why, one.next);
        out.push_str(&match one.ready {
            Ready::Yes => "/>\n".to_owned(),
            Ready::Doubtful => format!("><system-out>{}</system-out></testcase>\n", escape(&message)),
            Ready::Unknown => format!("><error message=\"{}\"/></testcase>\n", escape(&message)),
            Ready::No => format!("><failure message=\"{}\"/></testcase>\n", escape(&message)),
        });
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}
