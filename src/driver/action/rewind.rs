//! `s3.rewind`: a bucket's objects as they were at a moment, from their versions; counted before anything is written.

use chrono::{DateTime, SecondsFormat, Utc};

use crate::cloud::{ObjectVersion, SiteClients};
use crate::domain::{Change, Finding, MutatingCall, ObjectRewind, ObjectsRewind, Problem, ProblemKind};
use crate::plan::BucketRewind;

use super::super::prepare::{Asking, Draft};
use super::{End, Following, Found, Look, PAGES};

/// How many objects one confirmed call may bring back: what is confirmed is listed, and it is done within the time that another
/// console gives a call before it looks for itself.
const MOST: usize = 1000;
/// The longest object that CopyObject copies, in bytes (S3 API reference).
const COPY_LIMIT: u64 = 5 * 1024 * 1024 * 1024;
/// How many objects are named one by one before they are confirmed.
const NAMED: usize = 20;

pub(super) async fn prepare(asking: &Asking<'_>, rewind: &BucketRewind) -> Result<Draft, Problem> {
    let (bucket, prefix) = (asking.text(&rewind.bucket)?, asking.text(&rewind.prefix)?);
    let to = asking
        .moment(&rewind.to)?
        .ok_or_else(|| Problem::new(ProblemKind::Invalid, format!("prepare {}", asking.step.id), "a rewind needs a moment"))?;
    let versioning = asking.site.s3.versioning(&bucket).await?;
    if versioning.as_deref() != Some("Enabled") {
        let text = format!("versioning of {bucket} is {}: nothing can be brought back", versioning.unwrap_or("off".into()));
        return Ok(Draft { summary: text.clone(), findings: vec![Finding::blocks(text)], ..Draft::default() });
    }
    let found = asking.site.s3.versions(&bucket, &prefix, PAGES).await?;
    let total = found.rows.len();
    let mut findings = Vec::new();
    if !found.complete {
        findings.push(Finding::blocks(format!("there are more objects than the {total} that were read: narrow the prefix")));
    }
    let mut counts = (0, 0, 0);
    let (mut objects, mut bytes) = (Vec::new(), 0_u64);
    for (key, versions) in &found.rows {
        let Some((object, size)) = wanted(key, versions, to) else {
            counts.2 += 1;
            continue;
        };
        if object.version_id.is_some() {
            counts.0 += 1
        } else {
            counts.1 += 1
        }
        if size > COPY_LIMIT {
            findings.push(Finding::blocks(format!("{key} is too long for CopyObject: bring it back by hand")));
        }
        bytes = bytes.saturating_add(size);
        objects.push(object);
    }
    let text = format!(
        "of {total} objects {} get their version of then, {} are deleted because there were none, {} stay ({bytes} bytes are copied)",
        counts.0, counts.1, counts.2
    );
    findings.push(Finding::good(text.clone()));
    if objects.is_empty() {
        findings.push(Finding::warns("everything is as it was then"));
    }
    if objects.len() > MOST {
        let text = format!("{} objects change, and one step brings back {MOST}: narrow the prefix", objects.len());
        findings.push(Finding::blocks(text));
        objects.truncate(MOST);
    }
    let changes = described(&objects);
    let to = to.to_rfc3339_opts(SecondsFormat::Secs, true);
    let summary = format!("bring {bucket} back to {to}: {text}");
    let call = Some(MutatingCall::RewindObjects(ObjectsRewind { bucket, to, objects }));
    Ok(Draft { summary, call, changes, findings, ..Draft::default() })
}

/// What has to be done about an object, and how many bytes are copied for it; `None` if it is as it was. Newest version first.
fn wanted(key: &str, versions: &[ObjectVersion], to: DateTime<Utc>) -> Option<(ObjectRewind, u64)> {
    let now = versions.iter().find(|version| version.is_latest).or(versions.first())?;
    let then = versions.iter().find(|version| version.at.is_some_and(|at| at <= to));
    let then = then.filter(|version| version.etag.is_some());
    let etag = then.and_then(|version| version.etag.clone());
    if now.etag == etag {
        return None;
    }
    let object =
        ObjectRewind { key: key.to_owned(), current: now.id.clone(), version_id: then.map(|version| version.id.clone()), etag };
    Some((object, then.map_or(0, |version| version.size_bytes)))
}

fn described(objects: &[ObjectRewind]) -> Vec<Change> {
    let mut changes: Vec<Change> = objects
        .iter()
        .take(NAMED)
        .map(|object| Change {
            what: object.key.clone(),
            before: Some(format!("version {}", object.current)),
            after: object.version_id.as_ref().map(|version| format!("as version {version}")),
            why: object.version_id.is_none().then(|| "it was not there then".to_owned()),
        })
        .collect();
    if objects.len() > NAMED {
        let more = format!("{} more objects", objects.len() - NAMED);
        changes.push(Change { what: more, before: Some("now".into()), after: Some("as then".into()), why: None });
    }
    changes
}

/// All is done once the call has its answer.
pub(super) fn look(following: &Following<'_>) -> Look {
    let Some(MutatingCall::RewindObjects(rewind)) = &following.confirmed.call else { return Look::Done(Box::default()) };
    let mut end = End::default().with("bucket", rewind.bucket.clone()).with("objects", rewind.objects.len().to_string());
    end.ended_at = Some(following.since);
    end.data_at = rewind.to.parse().ok();
    Look::Done(Box::new(end))
}

/// Every object is looked at again; the gate writes only those that are not yet as they were.
pub(super) async fn reconcile(site: &SiteClients, rewind: &ObjectsRewind) -> Result<Found, Problem> {
    let keys: Vec<&str> = rewind.objects.iter().map(|object| object.key.as_str()).collect();
    let found = site.s3.versions(&rewind.bucket, common_prefix(&keys), PAGES).await?;
    let done = rewind.objects.iter().all(|object| {
        let now = found.rows.iter().find(|(key, _)| *key == object.key).and_then(|(_, versions)| versions.first());
        now.and_then(|version| version.etag.clone()) == object.etag
    });
    let handle = format!("{} objects", rewind.objects.len());
    Ok(if done && found.complete { Found::TookEffect { handle, aws_at: None } } else { Found::MayBeSent })
}

fn common_prefix<'a>(keys: &[&'a str]) -> &'a str {
    let Some(first) = keys.first() else { return "" };
    let fits = |end: &usize| first.is_char_boundary(*end) && keys.iter().all(|key| key.starts_with(&first[..*end]));
    &first[..(0..=first.len()).rev().find(fits).unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(id: &str, minute: u32, etag: Option<&str>, is_latest: bool) -> ObjectVersion {
        let at = format!("2026-03-14T03:{minute:02}:00Z").parse().ok();
        ObjectVersion { id: id.into(), at, etag: etag.map(str::to_owned), size_bytes: 10, is_latest }
    }

    fn at(minute: u32) -> DateTime<Utc> {
        format!("2026-03-14T03:{minute:02}:00Z").parse().unwrap()
    }

    #[test]
    fn an_object_gets_the_version_of_then_or_a_delete_marker_or_stays() {
        let overwritten = [version("b", 10, Some("bad"), true), version("a", 1, Some("good"), false)];
        let (object, bytes) = wanted("k", &overwritten, at(5)).unwrap();
        assert_eq!((object.version_id.as_deref(), object.etag.as_deref(), bytes), (Some("a"), Some("good"), 10));
        assert_eq!(object.current, "b");
        assert!(wanted("k", &overwritten, at(10)).is_none(), "as it was then");
        let new = [version("b", 10, Some("new"), true)];
        assert_eq!(wanted("k", &new, at(5)).unwrap().0.version_id, None);
        let deleted = [version("m", 10, None, true), version("a", 1, Some("good"), false)];
        assert_eq!(wanted("k", &deleted, at(5)).unwrap().0.version_id.as_deref(), Some("a"));
        let gone_before = [version("m", 3, None, true), version("a", 1, Some("good"), false)];
        assert!(wanted("k", &gone_before, at(5)).is_none());
    }

    #[test]
    fn the_prefix_of_keys_is_cut_between_characters() {
        assert_eq!(common_prefix(&["a/é1", "a/è2"]), "a/");
        assert_eq!(common_prefix(&["same"]), "same");
        assert_eq!(common_prefix(&[]), "");
    }
}
