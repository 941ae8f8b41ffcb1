//! The command `doctor`: joins machine, plan and connections with the room that examines them.

use std::env::var;
use std::io::IsTerminal;

use crate::cli::Doctor;
use crate::clock::Clock;
use crate::cloud::{Access, Recorder, Sites};
use crate::config::Paths;
use crate::console::{self, Reach};
use crate::doctor::{self, Finding, Machine, State};
use crate::domain::{Operator, Region, SiteName};
use crate::error::{DONE, Error, FAILED};
use crate::plan::Plan;

/// What was found, as it is printed, and the exit code.
///
/// # Errors
/// The plan, or settings that cannot work.
pub async fn checkup(arguments: &Doctor, paths: &Paths) -> Result<(String, u8), Error> {
    let mut findings = doctor::look_at(&machine(), &paths.data);
    if let Some(path) = &arguments.plan {
        findings.extend(of_plan(&Plan::read(&path.display().to_string())?, arguments).await?);
    }
    let code = if findings.iter().any(|finding| finding.state == State::Broken) { FAILED } else { DONE };
    let text = if arguments.json {
        doctor::json(&findings).map_err(|error| Error::System { what: "the findings", source: error.into() })?
    } else {
        doctor::text(&findings)
    };
    Ok((text, code))
}

async fn of_plan(plan: &Plan, arguments: &Doctor) -> Result<Vec<Finding>, Error> {
    let (clock, recorder) = (Clock::system(), Recorder::new());
    let recovery = plan.site(&SiteName::recovery()).map(|site| site.region.clone());
    let named = arguments.region.as_ref().map(Region::new);
    let sts_region = named.clone().or(recovery).unwrap_or_else(|| Region::new(Region::GLOBAL));
    let reach = Reach {
        access: Access::Habits { profile: arguments.profile.clone() },
        endpoint_url: arguments.endpoint_url.clone(),
        sts_region: named,
    };
    let connected = console::connect(plan, reach, &Operator::new("lifeboat"), &clock, &recorder).await;
    let sites = Sites::new(&connected.map_err(|problem| Error::Connect { problem })?);
    let needs = doctor::needs(plan, &sts_region);
    let offset = recorder.offset();
    Ok(doctor::examine(&needs, plan, &sites, &clock, || *offset.borrow()).await)
}

fn machine() -> Machine {
    let some = |name: &str| var(name).ok().filter(|value| !value.is_empty());
    Machine {
        term: some("TERM"),
        colorterm: some("COLORTERM"),
        no_color: some("NO_COLOR").is_some(),
        locale: some("LC_ALL").or_else(|| some("LC_CTYPE")).or_else(|| some("LANG")),
        multiplexer: some("TMUX").is_some() || some("STY").is_some(),
        size: std::io::stdout().is_terminal().then(|| crossterm::terminal::size().ok()).flatten(),
    }
}
