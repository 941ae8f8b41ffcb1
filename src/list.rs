//! The commands that list for scripts: joins plan, connections and the query, and writes to standard output.

use std::io::Write;
use std::sync::Arc;

use chrono::TimeDelta;

use crate::cli::Query;
use crate::clock::Clock;
use crate::cloud::{Access, HealthFilter, Recorder, Sites};
use crate::console::{self, Reach};
use crate::domain::{Operator, Problem, Region, SiteName};
use crate::error::{DONE, Error, FAILED};
use crate::plan::Plan;
use crate::query::{self, Ask, Form, Wanted, What, Where, Writer};

/// A list for scripts. Every site that answers is printed; one that does not is told on standard error and by the exit code, which is
/// what is given back.
///
/// # Errors
/// The plan, the arguments or standard output.
pub async fn list(what: What, arguments: Query) -> Result<u8, Error> {
    let plan = Plan::read(&arguments.plan.display().to_string())?;
    let conditions = arguments.conditions.iter().map(|text| Where::parse(text)).collect::<Result<Vec<_>, _>>();
    let conditions = conditions.map_err(Error::Query)?;
    let form = match arguments.form {
        form if form.json => Form::Json,
        form if form.csv => Form::Csv,
        _ => Form::Table,
    };
    let mut names: Vec<SiteName> = arguments.site.iter().map(SiteName::new).collect();
    if names.is_empty() {
        names = if what == What::Events { vec![SiteName::primary()] } else { plan.sites.keys().cloned().collect() };
    }
    let clock = Clock::system();
    let reach = Reach {
        access: Access::Habits { profile: arguments.profile },
        endpoint_url: arguments.endpoint_url,
        sts_region: arguments.region.map(Region::new),
    };
    let connected = console::connect(&plan, reach, &Operator::new("lifeboat"), &clock, &Recorder::new()).await;
    let sites = Arc::new(Sites::new(&connected.map_err(|problem| Error::Connect { problem })?));
    let since = clock.now() - TimeDelta::days(i64::from(arguments.days));
    let health = HealthFilter {
        services: plan.health.services.clone(),
        regions: plan.health.regions.iter().map(Region::to_string).collect(),
        type_codes: plan.health.type_codes.clone(),
        categories: plan.health.categories.clone(),
        organization: plan.health.organization,
        updated_since: Some(since),
    };
    // What AWS can leave out need not be read.
    let state = conditions.iter().find_map(|condition| condition.exactly("state", &["OK", "ALARM", "INSUFFICIENT_DATA"]));
    let state = state.filter(|_| what == What::Alarms).map(str::to_owned);
    let lines = form == Form::Json && conditions.is_empty();
    let pattern = plan.health.clone();
    let wanted = Wanted::new(move |event| pattern.matches(event));
    let mut asks = Vec::new();
    for name in &names {
        let Some(site) = plan.site(name) else {
            return Err(Error::Query(format!("the plan has no site {name}")));
        };
        let (vaults, health, state, wanted) = (site.vaults.clone(), health.clone(), state.clone(), wanted.clone());
        asks.push(Ask { sites: sites.clone(), site: name.clone(), vaults, health, since, state, wanted, lines });
    }
    match write_list(what, asks, form, conditions).await {
        Ok(failed) => {
            for problem in &failed {
                // Nothing is left to be told if standard error is closed.
                let _ = writeln!(std::io::stderr(), "lifeboat: {problem}; {}", problem.kind.next());
            }
            Ok(if failed.is_empty() { DONE } else { FAILED })
        }
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(DONE),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => Err(Error::Query(error.to_string())),
        Err(source) => Err(Error::System { what: "standard output cannot be written", source }),
    }
}

async fn write_list(what: What, asks: Vec<Ask>, form: Form, conditions: Vec<Where>) -> std::io::Result<Vec<Problem>> {
    let mut writer = Writer::begin(std::io::stdout(), what, form, conditions)?;
    let failed = query::ask(what, asks, |page| writer.page(page)).await?;
    writer.end()?;
    Ok(failed)
}
