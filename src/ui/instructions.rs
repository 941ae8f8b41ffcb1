//! What a manual step tells a person to do, with the values that are known by now. Must not ask anybody for more.

use crate::plan::{Lookup, Reference, Template};
use crate::store::State;

/// What the incident and its plan know of a template's references.
struct Known<'a>(&'a State);

impl Lookup for Known<'_> {
    fn value(&self, reference: &Reference) -> Option<String> {
        let Self(state) = self;
        match reference {
            Reference::Output { step, output } => state.incident.output(step, output).map(str::to_owned),
            Reference::Variable(name) => state.incident.variables.get(name).cloned(),
            Reference::Choice(name) => state.incident.choices.get(name).cloned(),
            Reference::Region(site) => state.plan.site(site).map(|site| site.region.to_string()),
            Reference::Account(site) => state.plan.site(site).map(|site| site.account.to_string()),
            Reference::IncidentId => state.incident.opened.as_ref().map(|opened| opened.incident.to_string()),
            Reference::PlanName => Some(state.plan.name.clone()),
        }
    }
}

/// The instructions as somebody follows them; what is not known yet stands as the plan refers to it.
pub(super) fn of(state: &State, instructions: &Template) -> String {
    instructions.as_far_as_known(&Known(state))
}
