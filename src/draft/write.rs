//! Writes a plan from what was found.

use crate::domain::{RecordSet, SiteName};
use crate::plan::{carry_over, missing_metadata};

use super::found::{Found, Resource};
use super::{Ids, quoted};
use crate::cloud::StackOutline;

/// What a person has to settle stands after this.
const SETTLE: &str = "# settle:";

/// The smallest plan of two sites, to connect by.
pub fn skeleton(primary: (&str, Option<&str>), recovery: (&str, Option<&str>)) -> String {
    let site = |name: &str, account: &str, (region, profile): (&str, Option<&str>)| {
        let profile = profile.map(|profile| format!(", profile = {}", quoted(profile))).unwrap_or_default();
        format!("sites.{name} = {{ account = \"{account}\", region = {}{profile} }}\n", quoted(region))
    };
    format!(
        "format = 1\nname = \"new\"\ntitle = \"New\"\nobjectives = {{ rto = \"1h\", rpo = \"1h\" }}\n{}{}\
         [[step]]\nid = \"none\"\ntitle = \"None\"\nphase = \"fail-over\"\naction = \"manual\"\nwith.instructions = \"none\"\n",
        site("primary", "000000000000", primary),
        site("recovery", "000000000001", recovery),
    )
}

/// A plan of this name from what was found.
pub fn plan_of(name: &str, sites: [(&str, Option<&str>); 2], found: &Found) -> String {
    let mut out = Draft::default();
    // The group of the restores is named so.
    out.ids.take("restores");
    out.head(name, sites, found);
    out.signals(found);
    let resources = out.resources(found);
    let stacks: Vec<String> = found.stacks.iter().map(|stack| out.stack(stack, sites[0].0)).collect();
    let mut before = Vec::new();
    for (resource, id) in found.resources.iter().zip(&resources) {
        before.extend(out.restore(resource, id, sites[1].0));
    }
    let mut restored = if before.is_empty() { Vec::new() } else { vec!["restores".to_owned()] };
    restored.extend(stacks);
    let integration = out.integration(found, &restored);
    out.fail_over(found, &integration, sites);
    out.text
}

#[derive(Default)]
struct Draft {
    text: String,
    ids: Ids,
}

impl Draft {
    fn line(&mut self, line: impl AsRef<str>) {
        self.text.push_str(line.as_ref());
        self.text.push('\n');
    }

    fn settle(&mut self, what: impl AsRef<str>) {
        self.line(format!("{SETTLE} {}", what.as_ref()));
    }

    fn head(&mut self, name: &str, sites: [(&str, Option<&str>); 2], found: &Found) {
        self.line("# Written by `lifeboat plan new` from what was there. Everything marked `settle:` is a guess for a person to settle.");
        for problem in &found.problems {
            self.settle(format!("this could not be asked, so something may be missing: {}", one_line(&problem.to_string())));
        }
        self.line(format!("\nformat = 1\nname = {}", quoted(&super::id(name))));
        self.line(format!("title = {}", quoted(name)));
        self.line("\n[objectives]");
        self.settle("the objectives that were agreed");
        self.line("rto = \"4h\"\nrpo = \"24h\"");
        for (site, (region, profile)) in [SiteName::primary(), SiteName::recovery()].into_iter().zip(sites) {
            self.line(format!("\n[sites.{site}]"));
            match found.identities.get(&site) {
                Some(identity) => self.line(format!("account = {}", quoted(identity.account.as_str()))),
                None => {
                    self.settle("the account: AWS did not say who we are there");
                    self.line(format!(
                        "account = \"{}\"",
                        if site == SiteName::primary() { "0".repeat(12) } else { "1".repeat(12) }
                    ));
                }
            }
            self.line(format!("region = {}", quoted(region)));
            if let Some(profile) = profile {
                self.line(format!("profile = {}", quoted(profile)));
            }
            let vaults: Vec<String> = found.vaults.get(&site).into_iter().flatten().map(|vault| quoted(vault)).collect();
            self.line(format!("vaults = [{}]", vaults.join(", ")));
        }
    }

    fn signals(&mut self, found: &Found) {
        self.line("\n[signals]");
        self.settle("which of these alarms mean that the workload is in trouble? Take the others out");
        let alarms: Vec<String> = found.alarms.iter().map(|(site, name)| quoted(&format!("{site}/{name}"))).collect();
        self.line(format!("alarms = [{}]", alarms.join(", ")));
    }

    fn resources(&mut self, found: &Found) -> Vec<String> {
        let mut ids = Ids::default();
        let mut names = Vec::new();
        for Resource { resource, .. } in &found.resources {
            let tail = resource.arn.rsplit([':', '/']).next().unwrap_or_default();
            let id = ids.take(resource.name.as_deref().unwrap_or(tail));
            self.line(format!("\n[resources.{id}]\narn = {}\ntype = {}", quoted(&resource.arn), quoted(&resource.resource_type)));
            names.push(id);
        }
        names
    }

    /// The step that deploys a stack of the primary in the recovery Region; its id.
    fn stack(&mut self, stack: &StackOutline, region: &str) -> String {
        let (name, file) = (&stack.name, format!("{}.template.json", stack.name));
        let id = self.ids.take(&format!("deploy-{name}"));
        self.line("");
        self.settle(format!(
            "is this stack part of the recovery? Keep its template beside this plan: aws cloudformation get-template --region {region} \
             --stack-name {name} --query TemplateBody > {file}"
        ));
        self.step(&id, &format!("Deploy the stack {name}"), "infrastructure", "");
        self.line(format!("action = \"cloudformation.deploy\"\nlimit = \"1h\"\n\n[step.with]\nstack = {}", quoted(name)));
        self.line(format!("template = {}", quoted(&file)));
        if !stack.capabilities.is_empty() {
            self.line(format!("capabilities = [{}]", list(&stack.capabilities)));
        }
        if !stack.parameters.is_empty() {
            self.line("\n[step.with.parameters]");
            self.settle(format!("these are the values of {region}: which are other ones here?"));
        }
        for (key, value) in &stack.parameters {
            // AWS shows stars for what is not to be seen, and a plan would take `${` for a reference.
            let hidden = value.is_empty() || value.chars().all(|c| c == '*') || value.contains("${");
            self.line(format!("{key} = {}", quoted(if hidden { "settle-this" } else { value })));
        }
        id
    }

    /// The step that restores a resource; what it has no point for is a manual step that says so.
    fn restore(&mut self, of: &Resource, resource: &str, region: &str) -> Option<String> {
        let id = self.ids.take(resource);
        let kind = &of.resource.resource_type;
        self.line(format!("\n[[step]]\nid = {}\ntitle = {}", quoted(&id), quoted(&format!("Restore {resource} ({kind})"))));
        self.line("phase = \"restore\"\npart = \"data\"\ngroup = \"restores\"\nlimit = \"4h\"");
        self.settle("how long it is expected to take; an exercise tells");
        self.line("expect = \"30m\"");
        let Some(point) = &of.point else {
            self.settle(format!(
                "no usable recovery point of {} was found in {region}: have its backups copied there",
                of.resource.arn
            ));
            self.line(format!(
                "action = \"manual\"\nwith.instructions = {}",
                quoted(&format!("Bring back {}: no recovery point of it was found in {region}.", of.resource.arn))
            ));
            return Some(id);
        };
        self.settle("how to take it back");
        self.line(format!("undo = {}\naction = \"backup.restore\"", quoted(&format!("Delete what was restored in {region}."))));
        self.line(format!("\n[step.with]\nresource = {}", quoted(resource)));
        self.settle("the role that AWS Backup restores with");
        self.line("role_arn = \"arn:aws:iam::${sites.recovery.account}:role/service-role/AWSBackupDefaultServiceRole\"");
        self.metadata(of, point.short_id(), region);
        Some(id)
    }

    /// The metadata: what was backed up and does not hold here, as comments; what has to be given, as guesses.
    fn metadata(&mut self, of: &Resource, point: &str, region: &str) {
        let kind = &of.resource.resource_type;
        let carried = carry_over(kind, &of.metadata, &[], &std::collections::BTreeMap::new());
        self.line("\n[step.with.metadata]");
        for change in &carried.changes {
            let (before, why) = (change.before.as_deref().unwrap_or_default(), change.why.as_deref().unwrap_or_default());
            self.line(format!("# backed up with {point}: {} = {}; not passed on: {why}", change.what, one_line(before)));
        }
        let mut given = std::collections::BTreeMap::new();
        // What is given may ask for more; each turn gives at least one key.
        loop {
            let missing = missing_metadata(kind, &given);
            if missing.is_empty() {
                return;
            }
            for key in missing {
                let guess = guess(key, of, region);
                self.settle(format!("AWS Backup asks for {key}: {}", guess.from));
                // Every key that AWS Backup asks for can be written without quotes.
                self.line(format!("{key} = {}", quoted(&guess.value)));
                given.insert(key.to_owned(), guess.value);
            }
        }
    }

    /// Runbooks and what is left for hands; the ids that the fail over waits for.
    fn integration(&mut self, found: &Found, needs: &[String]) -> Vec<String> {
        let needs = list(needs);
        let mut after = Vec::new();
        for runbook in &found.runbooks {
            let id = self.ids.take(runbook);
            self.settle("is this runbook part of the recovery, and with which parameters? Take the step out if not");
            self.step(&id, &format!("Run {runbook}"), "integration", &needs);
            self.line(format!("action = \"ssm.automation\"\nwith.document = {}", quoted(runbook)));
            after.push(id);
        }
        let id = self.ids.take("point-workload");
        self.settle("what else joins the restored data and the workload");
        let before = if after.is_empty() { needs } else { list(&after) };
        self.step(&id, "Point the workload at what was restored", "integration", &before);
        self.line("action = \"manual\"\nwith.instructions = \"Deploy the workload with the names of what was restored.\"");
        vec![id]
    }

    fn step(&mut self, id: &str, title: &str, part: &str, needs: &str) {
        self.line(format!("[[step]]\nid = {}\ntitle = {}", quoted(id), quoted(title)));
        self.line(format!("phase = \"restore\"\npart = \"{part}\"\nneeds = [{needs}]"));
    }

    fn fail_over(&mut self, found: &Found, needs: &[String], sites: [(&str, Option<&str>); 2]) {
        let needs = list(needs);
        let mut moved = Vec::new();
        for (zone, records) in &found.zones {
            let name = zone.name.trim_end_matches('.');
            let id = self.ids.take(&format!("move-{name}"));
            self.line(format!("\n[[step]]\nid = {}\ntitle = {}", quoted(&id), quoted(&format!("Move the traffic of {name}"))));
            self.line(format!("phase = \"fail-over\"\nneeds = [{needs}]\nconfirm = \"type\"\naction = \"route53.change\""));
            self.line(format!("\n[step.with]\nzone = {}\nrecords = [", quoted(name)));
            for record in records {
                self.record(record, sites);
            }
            self.line("]");
            moved.push(id);
        }
        if moved.is_empty() {
            self.settle("no weighted or failover records were found: how is the traffic moved?");
            let id = self.ids.take("move-traffic");
            self.line(format!(
                "[[step]]\nid = {}\ntitle = \"Move the traffic\"\nphase = \"fail-over\"\nneeds = [{needs}]",
                quoted(&id)
            ));
            self.line(
                "confirm = \"type\"\naction = \"manual\"\nwith.instructions = \"Move the traffic to the recovery Region.\"",
            );
            moved.push(id);
        }
        let id = self.ids.take("traffic-answers");
        self.settle("a URL that only the recovery Region answers so: this check ends the recovery time");
        self.line(format!("[[step]]\nid = {}\ntitle = \"The workload answers from {}\"", quoted(&id), sites[1].0));
        self.line(format!("phase = \"fail-over\"\nneeds = [{}]\naction = \"check\"", list(&moved)));
        self.line("with = { kind = \"http\", url = \"https://www.example.com/\", status = 200 }");
    }

    fn record(&mut self, record: &RecordSet, sites: [(&str, Option<&str>); 2]) {
        let text = format!("{record:?}").to_lowercase();
        let names = |region: &str| text.contains(region);
        let name = record.name.trim_end_matches('.');
        let id = record.set_identifier.as_ref().map(|id| format!(", set_identifier = {}", quoted(id))).unwrap_or_default();
        let head = format!("{{ name = {}, type = {}{id}", quoted(name), quoted(&record.kind));
        match (record.weight, names(sites[0].0), names(sites[1].0)) {
            (Some(weight), primary, recovery) => {
                let (to, why) = match (primary, recovery) {
                    (true, false) => (0, format!("it names {}", sites[0].0)),
                    (false, true) => (100, format!("it names {}", sites[1].0)),
                    _ => (weight, "it names neither Region, or both".to_owned()),
                };
                self.line(format!("    {SETTLE} its weight is {weight}; {why}\n    {head}, weight = {to} }},"));
            }
            _ => {
                let role = record.failover.as_deref().unwrap_or_default();
                let ttl = record.ttl.unwrap_or(60);
                self.line(format!("    {SETTLE} a failover record ({role}): its health check moves it, or give it values\n    {head}, ttl = {ttl} }},"));
            }
        }
    }
}

struct Guess {
    value: String,
    from: String,
}

/// What may be meant by a key of the metadata.
fn guess(key: &str, of: &Resource, region: &str) -> Guess {
    let tail = of.resource.arn.rsplit([':', '/']).next().unwrap_or_default();
    let name = of.resource.name.as_deref().unwrap_or(tail);
    let same = |value: &str| Guess { value: value.to_owned(), from: format!("the name at the primary, {value}, if it is free") };
    let is = |value: &str, from: &str| Guess { value: value.to_owned(), from: from.to_owned() };
    match key {
        "targetTableName" | "DBInstanceIdentifier" | "dbClusterIdentifier" | "clusterName" | "TableName" | "StackName" => {
            same(tail)
        }
        "availabilityZone" => is(&format!("{region}a"), "the first zone of the Region, where an instance has to be"),
        "newFileSystem" => is("true", "a new file system"),
        "Encrypted" => match of.metadata.get("Encrypted") {
            Some(encrypted) => is(encrypted, "as it was backed up"),
            None => is("true", "encrypted, which needs a key"),
        },
        "PerformanceMode" => is("generalPurpose", "the usual mode"),
        "CreationToken" => is(&format!("{name}-${{incident.id}}"), "any text that is used once"),
        "engine" => match of.metadata.get("engine").or_else(|| of.metadata.get("Engine")) {
            Some(engine) => is(engine, "as it was backed up"),
            None => is("aurora-postgresql", "nothing tells which"),
        },
        "InstanceType" => match of.metadata.get("InstanceType") {
            Some(kind) => is(kind, "as it was backed up, if the Region has it"),
            None => is("m7i.large", "nothing tells which"),
        },
        _ => {
            let backed_up = of.metadata.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str());
            let from = match backed_up {
                Some(value) => format!("one of {region}; at the primary it was {}", one_line(value)),
                None => format!("one of {region}"),
            };
            Guess { value: "settle-this".to_owned(), from }
        }
    }
}

fn list(ids: &[String]) -> String {
    ids.iter().map(|id| quoted(id)).collect::<Vec<_>>().join(", ")
}

/// A text that stays in its comment.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
