//! Masks in a journal what identifies people, accounts and machines, before anything is made of it: so that every format is masked
//! alike, and the same thing has the same mask wherever it stands.
//!
//! Masks are numbers in the order of first appearance. Nothing of the masked text goes into them, so nothing can be guessed back.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};

use regex_lite::{Captures, Regex};
use serde_json::Value;

use crate::domain::Operator;
use crate::journal::{Event, Reading, Recorded};

/// Keys whose texts are words of the journal's format, not names.
const WORDS: [&str; 16] = [
    "event",
    "mode",
    "moment",
    "phase",
    "part",
    "state",
    "purpose",
    "how",
    "kind",
    "strength",
    "signal",
    "Operation",
    "action",
    "Type",
    "Action",
    "site",
];
/// Keys that no report shows, or that say nothing but where they come from.
const LEFT_OUT: [&str; 1] = ["plan_text"];
/// Parts of an ARN's resource that are AWS's own.
const ARN_WORDS: [&str; 7] = ["index", "stream", "service-role", "app", "net", "stack", "backup"];
/// Shorter names would be found in too many words.
const SHORTEST: usize = 3;

/// The reading with masks.
pub fn redacted(reading: &Reading) -> Reading {
    let mut masks = Masks::new();
    for recorded in &reading.events {
        masks.learn("person", recorded.by.as_str());
        masks.learn_from(&recorded.event.to_json());
    }
    masks.finish();
    let events = reading.events.iter().map(|recorded| {
        let mut body = recorded.event.to_json();
        masks.apply("", &mut body);
        let event = match &recorded.event {
            // A kind that is not known is in no report but by its name.
            Event::Unknown { kind, .. } => Event::Unknown { kind: kind.clone(), body: Value::Null },
            _ => Event::from_json(body),
        };
        Recorded {
            seq: recorded.seq,
            recorded_at: recorded.recorded_at,
            by: Operator::new(masks.text(recorded.by.as_str())),
            event,
        }
    });
    Reading { events: events.collect(), damage: reading.damage.clone(), format: reading.format }
}

struct Masks {
    /// From what is masked to its mask.
    known: HashMap<String, String>,
    counts: BTreeMap<&'static str, usize>,
    /// Those that are not one word, longest first, with their masks.
    phrases: Vec<(String, String)>,
    arn: Option<Regex>,
    mail: Option<Regex>,
    url: Option<Regex>,
}

impl Masks {
    fn new() -> Self {
        let arn = Regex::new(r#"arn:([a-z0-9-]+):([A-Za-z0-9-]+):([A-Za-z0-9-]*):([0-9]*):([^\s"'<>,;)\]}|]+)"#).ok();
        let mail = Regex::new(r"[A-Za-z0-9_.+-]+@[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+").ok();
        let url = Regex::new(r"://([A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+)").ok();
        Self { known: HashMap::new(), counts: BTreeMap::new(), phrases: Vec::new(), arn, mail, url }
    }

    fn learn(&mut self, kind: &'static str, text: &str) {
        let text = text.trim_end_matches('.');
        if text.is_empty() || self.known.contains_key(text) {
            return;
        }
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        self.known.insert(text.to_owned(), format!("{kind}-{count}"));
    }

    fn learn_name(&mut self, text: &str) {
        if text.chars().count() >= SHORTEST && !ARN_WORDS.contains(&text) {
            self.learn("name", text);
        }
    }

    /// Everything in an event that is to be masked.
    fn learn_from(&mut self, value: &Value) {
        match value {
            Value::Object(members) => {
                for (key, member) in members {
                    match (key.as_str(), member.as_str()) {
                        ("host", Some(host)) => self.learn("host", host),
                        ("second", Some(person)) => self.learn("person", person),
                        ("account" | "Account", Some(account)) => self.learn("account", account),
                        ("created_resource_id" | "HostedZoneId", Some(name)) => self.learn_name(name),
                        (key, Some(_)) if LEFT_OUT.contains(&key) => {}
                        _ => self.learn_from(member),
                    }
                }
                // An alarm, by its name alone.
                if let (Some("alarm"), Some(name)) = (members.get("signal").and_then(Value::as_str), members.get("name")) {
                    name.as_str().into_iter().for_each(|name| self.learn_name(name));
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.learn_from(item)),
            Value::String(text) => self.learn_from_text(text),
            _ => {}
        }
    }

    fn learn_from_text(&mut self, text: &str) {
        for found in self.arn.clone().iter().flat_map(|arn| arn.captures_iter(text)) {
            let Some(arn) = Arn::of(&found) else { continue };
            arn.names().into_iter().for_each(|name| self.learn_name(name));
        }
        for found in self.mail.clone().iter().flat_map(|mail| mail.find_iter(text)) {
            self.learn("person", found.as_str());
        }
        for found in self.url.clone().iter().flat_map(|url| url.captures_iter(text)) {
            found.get(1).into_iter().filter(|host| !is_awss(host.as_str())).for_each(|host| self.learn("host", host.as_str()));
        }
        for run in runs(text, is_word).map(|run| run.trim_end_matches(['.', '-', '_'])) {
            if is_host(run) && !is_awss(run) {
                self.learn("host", run);
            }
        }
        for run in text.split(|c: char| !c.is_ascii_alphanumeric()) {
            if run.len() == 12 && run.bytes().all(|byte| byte.is_ascii_digit()) {
                self.learn("account", run);
            }
        }
        for run in runs(text, is_address) {
            if let Some(address) = address(run.trim_end_matches(['.', ':'])) {
                self.learn("address", &address);
            }
        }
    }

    fn finish(&mut self) {
        let is_phrase = |text: &str| !text.chars().all(is_word) || text.bytes().all(|byte| byte.is_ascii_digit());
        let phrases = self.known.iter().filter(|(text, _)| is_phrase(text));
        self.phrases = phrases.map(|(text, mask)| (text.clone(), mask.clone())).collect();
        self.phrases.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.0.cmp(&b.0)));
    }

    fn apply(&self, key: &str, value: &mut Value) {
        match value {
            Value::Object(members) => members.iter_mut().for_each(|(key, member)| self.apply(key, member)),
            Value::Array(items) => items.iter_mut().for_each(|item| self.apply(key, item)),
            // Derived from the account's number, of which there are few enough to try them all.
            Value::String(text) if key == "fingerprint" && !text.is_empty() => "masked".clone_into(text),
            // Folders tell of machines and people.
            Value::String(text) if key == "plan_path" => *text = self.text(file_name(text)),
            Value::String(text) if !WORDS.contains(&key) => *text = self.text(text),
            _ => {}
        }
    }

    fn text(&self, text: &str) -> String {
        if let Some(mask) = self.known.get(text) {
            return mask.clone();
        }
        let mut text = replaced_runs(text, is_address, |run| {
            let bare = run.trim_end_matches(['.', ':']);
            let mask = self.known.get(&address(bare)?)?;
            Some(format!("{mask}{}", &run[bare.len()..]))
        });
        if let Some(arn) = &self.arn {
            text = arn.replace_all(&text, |found: &Captures<'_>| self.arn_text(found)).into_owned();
        }
        for (phrase, mask) in &self.phrases {
            text = text.replace(phrase, mask);
        }
        replaced_runs(&text, is_word, |run| {
            let bare = run.trim_end_matches(['.', '-', '_']);
            let mask = self.known.get(bare).cloned().or_else(|| self.parts(bare))?;
            Some(format!("{mask}{}", &run[bare.len()..]))
        })
    }

    /// A run with dots in it that is not known as a whole, such as a file's name, with those of its parts masked that are.
    fn parts(&self, run: &str) -> Option<String> {
        let known = |part: &str| self.known.get(part).cloned();
        run.split('.').any(|part| known(part).is_some()).then(|| {
            let parts: Vec<String> = run.split('.').map(|part| known(part).unwrap_or_else(|| part.to_owned())).collect();
            parts.join(".")
        })
    }

    fn arn_text(&self, found: &Captures<'_>) -> String {
        let whole = found.get(0).map_or("", |whole| whole.as_str());
        let Some(arn) = Arn::of(found) else { return whole.to_owned() };
        let resource = replaced_runs(arn.resource, |c| c != '/' && c != ':', |run| self.known.get(run).cloned());
        let (resource, whole) = (resource.as_str(), &whole[..whole.len() - arn.resource.len()]);
        format!("{whole}{resource}")
    }
}

/// The part of an ARN that is somebody's own.
struct Arn<'a> {
    service: &'a str,
    resource: &'a str,
}

impl<'a> Arn<'a> {
    /// `None` for what is AWS's own: its Health events, its managed policies.
    fn of(found: &Captures<'a>) -> Option<Self> {
        let part = |number| found.get(number).map(|part| part.as_str());
        let (service, account, resource) = (part(2)?, part(4)?, part(5)?);
        let theirs = service == "health" || (account.is_empty() && service != "s3");
        (!theirs).then_some(Self { service, resource: resource.trim_end_matches('.') })
    }

    /// The names in the resource: all but the word in front that says what it is.
    fn names(&self) -> Vec<&'a str> {
        let parts: Vec<&str> = self.resource.split(['/', ':']).collect();
        let typed = usize::from(parts.len() > 1 && self.service != "s3");
        parts.into_iter().skip(typed).filter(|part| !part.is_empty() && *part != "*").collect()
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// A host's name without a URL around it: three labels or more, the last one of letters.
fn is_host(run: &str) -> bool {
    let labels: Vec<&str> = run.split('.').collect();
    let top = labels.last().is_some_and(|top| top.len() > 1 && top.bytes().all(|byte| byte.is_ascii_lowercase()));
    labels.len() > 2 && top && labels.iter().all(|label| !label.is_empty())
}

/// Is it a host of AWS that everybody has: a service, in a Region or in none? One of somebody's own has a name in front.
fn is_awss(host: &str) -> bool {
    let of_service = host.strip_suffix(".amazonaws.com").is_some_and(|rest| match rest.split_once('.') {
        None => true,
        Some((_, region)) => !region.contains('.') && region.contains('-') && region.ends_with(|c: char| c.is_ascii_digit()),
    });
    of_service || host.ends_with(".aws.amazon.com") || host.starts_with("com.amazonaws.")
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.')
}

fn is_address(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, ':' | '.')
}

/// An IP address, without a port behind it.
fn address(run: &str) -> Option<String> {
    if let Ok(address) = run.parse::<Ipv6Addr>() {
        return run.bytes().any(|byte| byte.is_ascii_hexdigit()).then(|| address.to_string());
    }
    let host = run.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(run, |(host, _)| host);
    host.parse::<IpAddr>().ok().map(|address| address.to_string())
}

/// The longest runs of such characters.
fn runs(text: &str, of: fn(char) -> bool) -> impl Iterator<Item = &str> {
    text.split(move |c: char| !of(c)).filter(|run| !run.is_empty())
}

/// The text with each run replaced for which there is something else.
fn replaced_runs(text: &str, of: impl Fn(char) -> bool, with: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let inside = of(first);
        let end = rest.find(|c| of(c) != inside).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        match inside.then(|| with(run)).flatten() {
            Some(other) => out.push_str(&other),
            None => out.push_str(run),
        }
        rest = after;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(texts: &[&str]) -> Vec<String> {
        let mut masks = Masks::new();
        masks.learn("person", "ann");
        texts.iter().for_each(|text| masks.learn_from_text(text));
        masks.finish();
        texts.iter().map(|text| masks.text(text)).collect()
    }

    #[test]
    fn the_same_thing_has_the_same_mask_everywhere() {
        let texts = [
            "arn:aws:iam::111122223333:role/service-role/deployer, account 111122223333, bucket-111122223333",
            "deployer was assumed by ann (ann@example.com) from 10.1.2.3:443 and 2001:db8::1, not at 03:16:30.",
            "arn:aws:s3:::my-bucket/key and 10.1.2.3.",
        ];
        assert_eq!(
            masked(&texts),
            [
                "arn:aws:iam::account-1:role/service-role/name-1, account account-1, bucket-account-1",
                "name-1 was assumed by person-1 (person-2) from address-1 and address-2, not at 03:16:30.",
                "arn:aws:s3:::name-2/name-3 and address-1.",
            ]
        );
    }

    #[test]
    fn hosts_are_masked_with_a_url_around_them_or_without() {
        let texts = [
            "https://shop.example/cart answered, and www.shop.example.com. from orders-db.c1x9.eu-central-1.rds.amazonaws.com",
            "shop.example and www.shop.example.com; v1.2.3, report.md, backup.amazonaws.com, ssm.eu-central-1.amazonaws.com",
            "arn:aws:sns:eu-central-1:444455556666:orders, from orders.toml",
        ];
        assert_eq!(
            masked(&texts),
            [
                "https://host-1/cart answered, and host-2. from host-3",
                "host-1 and host-2; v1.2.3, report.md, backup.amazonaws.com, ssm.eu-central-1.amazonaws.com",
                "arn:aws:sns:eu-central-1:account-1:name-1, from name-1.toml",
            ]
        );
    }

    #[test]
    fn what_is_awss_own_stays_readable() {
        let arn = "arn:aws:health:eu-west-1::event/EBS/AWS_EBS_OPERATIONAL_ISSUE/X_4F1D";
        let policy = "arn:aws:iam::aws:policy/ReadOnlyAccess AWS::RDS::DBInstance";
        assert_eq!(masked(&[arn, policy]), [arn, policy]);
    }
}
