//! `lifeboat plan …`: works on plan files, and looks whether what they rely on is there.

use std::io::IsTerminal;
use std::path::Path;

use super::{print, said};
use crate::cli::{GraphFormat, PlanCheck, PlanCommand, PlanReach};
use crate::clock::Clock;
use crate::cloud::{Access, Recorder, Sites};
use crate::console::{self, Reach};
use crate::domain::{Operator, Region};
use crate::error::{DONE, Error, FAILED};
use crate::plan::{self, Plan, ReadPlan};
use crate::readiness;

pub(super) async fn run(command: PlanCommand) -> Result<u8, Error> {
    match command {
        PlanCommand::Check(arguments) => check(arguments).await,
        PlanCommand::Fmt { files, check } => {
            let mut code = DONE;
            for file in &files {
                code = code.max(fmt(file, check)?);
            }
            Ok(code)
        }
        PlanCommand::Graph { file, format } => {
            let plan = Plan::read(&file.display().to_string())?;
            said(match format {
                GraphFormat::Text => plan::graph_text(&plan),
                GraphFormat::Svg => plan::graph_svg(&plan),
            })
        }
        PlanCommand::Schema => said(format!("{:#}\n", plan::schema())),
    }
}

/// The file in the usual shape.
fn fmt(file: &Path, check: bool) -> Result<u8, Error> {
    let path = file.display().to_string();
    let read = |source| Error::File { path: path.clone(), source };
    let text = std::fs::read_to_string(file).map_err(read)?;
    let formatted = plan::formatted(&text).map_err(|fault| Error::PlanText(format!("{path}: {fault}")))?;
    if formatted == text {
        return Ok(DONE);
    }
    if check {
        print(&format!("{path}: not in the usual shape; lifeboat plan fmt {path}\n"))?;
        return Ok(FAILED);
    }
    // Never half a plan: the new text is written beside the old one and put in its place.
    let beside = file.with_extension("toml.new");
    std::fs::write(&beside, formatted).and_then(|()| std::fs::rename(&beside, file)).map_err(read)?;
    print(&format!("{path}: formatted\n"))?;
    Ok(DONE)
}

async fn check(arguments: PlanCheck) -> Result<u8, Error> {
    let path = arguments.file.display().to_string();
    let plan = match Plan::read(&path) {
        Ok(plan) => plan,
        Err(ReadPlan::Faults { faults, text }) => {
            print(&faults.render(&text, std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()))?;
            return Ok(FAILED);
        }
        Err(error) => return Err(error.into()),
    };
    let mut text = format!("{path}: plan {}, {} steps, no faults\n", plan.name, plan.steps.len());
    for warning in plan.warnings() {
        text.push_str(&format!("{path}: warning: {warning}\n"));
    }
    if arguments.offline {
        return said(text);
    }
    let clock = Clock::system();
    let sites = sites(&plan, arguments.reach, &clock).await?;
    let found = readiness::readiness(&plan, &sites, clock.now()).await;
    print(&match (arguments.json, arguments.junit) {
        (true, _) => readiness::json(&plan, &found),
        (_, true) => readiness::junit(&plan, &found),
        _ => text + &readiness::text(&plan, &found),
    })?;
    Ok(if readiness::is_ready(&found) { DONE } else { FAILED })
}

/// The clients of a plan's sites, for what only reads.
pub(super) async fn sites(plan: &Plan, reach: PlanReach, clock: &Clock) -> Result<Sites, Error> {
    let reach = Reach {
        access: Access::Habits { profile: reach.profile },
        endpoint_url: reach.endpoint_url,
        sts_region: reach.region.map(Region::new),
    };
    let connected = console::connect(plan, reach, &Operator::new("lifeboat"), clock, &Recorder::new()).await;
    Ok(Sites::new(&connected.map_err(|problem| Error::Connect { problem })?))
}
