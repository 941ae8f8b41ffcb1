//! `lifeboat plan …`: works on plan files, and looks whether what they rely on is there.

use std::io::IsTerminal;
use std::path::Path;

use super::{print, said};
use crate::cli::{GraphFormat, ImportCommand, PlanCheck, PlanCommand, PlanNew, PlanReach};
use crate::clock::Clock;
use crate::cloud::{Access, Recorder, Sites};
use crate::console::{self, Reach};
use crate::domain::{Operator, Region, SiteName};
use crate::draft;
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
        PlanCommand::New(arguments) => new(arguments).await,
        PlanCommand::Import { command } => import(command).await,
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

async fn new(arguments: PlanNew) -> Result<u8, Error> {
    let PlanNew { primary, recovery, primary_profile, recovery_profile, name, tag, named, to, reach } = arguments;
    let places = [(primary.as_str(), primary_profile.as_deref()), (recovery.as_str(), recovery_profile.as_deref())];
    let skeleton = draft::skeleton(places[0], places[1]);
    let plan = Plan::parse("arguments", &skeleton).map_err(|faults| Error::PlanText(faults.to_string()))?;
    let clock = Clock::system();
    let sites = sites(&plan, reach, &clock).await?;
    let found = draft::look(&sites, &draft::Wanted { tags: tag, names: named }, clock.now()).await;
    if found.identities.is_empty() {
        let problem = found.problems.into_iter().next();
        return Err(problem.map_or_else(|| Error::PlanText("AWS said nothing".to_owned()), |problem| Error::Connect { problem }));
    }
    write(draft::plan_of(&name, places, &found), to.as_deref())
}

async fn import(command: ImportCommand) -> Result<u8, Error> {
    let read =
        |path: &Path| std::fs::read_to_string(path).map_err(|source| Error::File { path: path.display().to_string(), source });
    match command {
        ImportCommand::RegionSwitch { file, to } => {
            let text = draft::from_region_switch(&read(&file)?);
            write(text.map_err(|why| Error::PlanText(format!("{}: {why}", file.display())))?, to.as_deref())
        }
        ImportCommand::Automation { document, to, reach } => {
            let path = Path::new(&document);
            let (name, json) = if path.exists() {
                (path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), read(path)?)
            } else {
                let region = reach.region.clone().ok_or_else(|| {
                    Error::PlanText(format!("there is no file {document}; to ask AWS for a document of this name give --region"))
                })?;
                // A site has to have a counterpart; only the recovery site is asked.
                let other = if region == "us-east-1" { "us-west-2" } else { "us-east-1" };
                let skeleton = draft::skeleton((other, None), (&region, None));
                let plan = Plan::parse("arguments", &skeleton).map_err(|faults| Error::PlanText(faults.to_string()))?;
                let sites = sites(&plan, reach, &Clock::system()).await?;
                let site = sites.site(&SiteName::recovery());
                let site = site.ok_or_else(|| Error::PlanText(format!("there is no connection to {region}")))?;
                let json = site.ssm.document_json(&document).await.map_err(|problem| Error::Connect { problem })?;
                (document, json)
            };
            write(draft::from_automation(&name, &json).map_err(Error::PlanText)?, to.as_deref())
        }
    }
}

/// Writes a plan in the usual shape, to a new file or to standard output. One that is not sound is a mistake of ours, and is told as one.
fn write(text: String, to: Option<&Path>) -> Result<u8, Error> {
    let text = plan::formatted(&text).map_err(|fault| Error::PlanText(format!("what was written is not TOML: {fault}")))?;
    if let Err(faults) = Plan::parse("new plan", &text) {
        return Err(Error::PlanFaults { faults, text });
    }
    let Some(to) = to else { return said(text) };
    let path = to.display().to_string();
    let file = std::fs::OpenOptions::new().write(true).create_new(true).open(to);
    file.and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()))
        .map_err(|source| Error::File { path: path.clone(), source })?;
    let open = text.matches("# settle:").count();
    print(&format!("{path}: written; {open} things are marked `# settle:` for a person\n"))?;
    Ok(DONE)
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
