//! Are the zones and records there that traffic is moved with?

use crate::domain::ProblemKind;
use crate::plan::{Action, RecordPatch};
use crate::readiness::{AskedOf, Found, Ready};

/// Pages of records of one name.
const PAGES: usize = 10;

pub(super) async fn records(asked: AskedOf<'_>) -> Vec<Found> {
    let Action::Route53Change { zone, records } = &asked.step.action else { return Vec::new() };
    let hosted = match asked.site.route53.hosted_zone(zone).await {
        Ok(hosted) => hosted,
        Err(problem) if problem.kind == ProblemKind::Missing => {
            let what = format!("no hosted zone is called {zone} in account {}", asked.place.account);
            let next = "act at the site whose account has the zone, or correct `zone`";
            return vec![Found::yes("record", asked.id(), what).but(Ready::No, "no traffic can be moved", next)];
        }
        Err(problem) => return vec![Found::unknown("record", asked.id(), &problem)],
    };
    let mut found = Vec::new();
    for patch in records {
        found.push(match asked.site.route53.records(&hosted.id, Some(&patch.name), PAGES).await {
            Ok(listing) => record(asked, patch, &listing.rows),
            Err(problem) => Found::unknown("record", asked.id(), &problem),
        });
    }
    found
}

fn record(asked: AskedOf<'_>, patch: &RecordPatch, known: &[crate::domain::RecordSet]) -> Found {
    let of = patch.set_identifier.as_ref().map(|id| format!(" ({id})")).unwrap_or_default();
    let name = format!("{} {}{of}", patch.name, patch.kind);
    let fits = |set: &&crate::domain::RecordSet| set.kind == patch.kind && set.set_identifier == patch.set_identifier;
    match known.iter().find(fits) {
        Some(_) => Found::yes("record", asked.id(), format!("the record {name} is there")),
        None if patch.values.is_some() && patch.ttl.is_some() && patch.set_identifier.is_none() => {
            Found::yes("record", asked.id(), format!("the record {name} will be new"))
        }
        None => Found::yes("record", asked.id(), format!("there is no record {name}")).but(
            Ready::No,
            "the step changes a record that exists, and leaves everything about it that the plan does not name",
            "create the record beforehand, or correct its name, type or `set_identifier`",
        ),
    }
}
