//! Hosted zones and their record sets: what the API tells, and what the name servers already serve.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::checks::HealthCheck;
use crate::sim::members::{self, Members};
use crate::sim::seed::Ids;

/// Name with its labels reversed, type, set identifier: the order in which Route 53 lists.
pub type RecordKey = (String, String, String);

/// Record sets in Route 53's order.
pub type Records = BTreeMap<RecordKey, Value>;

/// Route 53's state in one account.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Route53 {
    /// By id, without `/hostedzone/`.
    pub zones: BTreeMap<String, Zone>,
    /// By id, without `/change/`.
    pub changes: BTreeMap<String, Change>,
    /// By id.
    pub checks: BTreeMap<String, HealthCheck>,
    /// Tags, by resource type and id.
    pub tags: BTreeMap<(String, String), BTreeMap<String, String>>,
}

/// A hosted zone.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    /// Without `/hostedzone/`.
    pub id: String,
    /// With the dot at the end.
    pub name: String,
    /// CallerReference.
    pub reference: String,
    /// A comment.
    pub comment: Option<String>,
    /// Is it private?
    pub private: bool,
    /// What the API tells.
    pub records: Records,
    /// What the name servers serve: changes arrive here when they are in sync.
    pub serving: Records,
}

/// A change of record sets on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// SubmittedAt.
    pub submitted: DateTime<Utc>,
    /// Comment.
    pub comment: Option<String>,
    /// Has it reached the name servers?
    pub in_sync: bool,
    /// The zone it changes.
    pub zone: String,
    /// Record sets to put, or to take away.
    pub edits: Vec<(RecordKey, Option<Value>)>,
}

impl Change {
    /// AWS's ChangeInfo.
    pub fn answer(&self, id: &str) -> Value {
        let status = if self.in_sync { "INSYNC" } else { "PENDING" };
        Members::new()
            .set("Id", format!("/change/{id}"))
            .set("Status", status)
            .time("SubmittedAt", self.submitted)
            .maybe("Comment", self.comment.clone())
            .done()
    }
}

/// A domain name as Route 53 keeps it: lower case, with the dot at the end and `*` in its escape code.
pub fn normal(name: &str) -> String {
    let name = name.trim_end_matches('.').to_lowercase().replace('*', "\\052");
    format!("{name}.")
}

/// A name with its labels reversed, for Route 53's order. A NUL between labels sorts before every character of a label.
pub fn reversed(name: &str) -> String {
    let normal = normal(name);
    let labels: Vec<_> = normal.trim_end_matches('.').rsplit('.').collect();
    labels.join("\0")
}

/// Where a record set stands in its zone.
pub fn record_key(record: &Value) -> RecordKey {
    let text = |key| members::required(record, key).to_owned();
    (reversed(members::required(record, "Name")), text("Type"), text("SetIdentifier"))
}

/// Edits that have reached the name servers.
pub fn apply(records: &mut Records, edits: &[(RecordKey, Option<Value>)]) {
    for (key, record) in edits {
        match record {
            Some(record) => records.insert(key.clone(), record.clone()),
            None => records.remove(key),
        };
    }
}

impl Zone {
    /// A zone with the records that every zone has, and `records`, all in sync.
    pub fn new(id: &str, name: &str, seed: u64, records: Vec<Value>) -> Self {
        let servers = name_servers(id, seed);
        let first = &servers[0];
        let soa = format!("{first}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400");
        let every = [
            json!({"Name": name, "Type": "NS", "TTL": 172_800,
                "ResourceRecords": servers.iter().map(|server| json!({"Value": format!("{server}.")})).collect::<Vec<_>>()}),
            json!({"Name": name, "Type": "SOA", "TTL": 900, "ResourceRecords": [{"Value": soa}]}),
        ];
        let all = every.into_iter().chain(records).map(|mut record| {
            record["Name"] = normal(members::required(&record, "Name")).into();
            (record_key(&record), record)
        });
        let records: Records = all.collect();
        let (id, name, reference) = (id.to_owned(), normal(name), format!("simulated-{id}"));
        Self { id, name, reference, comment: None, private: false, serving: records.clone(), records }
    }

    /// AWS's HostedZone.
    pub fn answer(&self) -> Value {
        let config = Members::new().maybe("Comment", self.comment.clone()).set("PrivateZone", self.private);
        Members::new()
            .set("Id", format!("/hostedzone/{}", self.id))
            .set("Name", self.name.as_str())
            .set("CallerReference", self.reference.as_str())
            .set("Config", config.done())
            .set("ResourceRecordSetCount", self.records.len())
            .done()
    }

    /// Does a name belong into this zone?
    pub fn holds(&self, name: &str) -> bool {
        let name = normal(name);
        name == self.name || name.ends_with(&format!(".{}", self.name))
    }
}

/// The four name servers of a zone, in the form of AWS's.
pub fn name_servers(zone: &str, seed: u64) -> [String; 4] {
    let mut ids = Ids::new(seed, zone);
    ["com", "net", "org", "co.uk"].map(|domain| {
        let (server, group) = (ids.bits() % 2048, ids.bits() % 64);
        format!("ns-{server}.awsdns-{group:02}.{domain}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_their_reversed_labels() {
        let mut names = vec!["www.example.com", "a-b.example.com", "example.com", "a.example.com", "x.a.example.com", "b.com"];
        names.sort_by_key(|name| reversed(name));
        assert_eq!(names, ["b.com", "example.com", "a.example.com", "x.a.example.com", "a-b.example.com", "www.example.com"]);
    }

    #[test]
    fn names_are_kept_in_one_form() {
        assert_eq!(normal("WWW.Example.com"), "www.example.com.");
        assert_eq!(normal("*.example.com."), "\\052.example.com.");
    }
}
