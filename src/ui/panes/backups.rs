//! What is known about the backups of one resource beside its recovery points: copies under way, vaults, keys, restores seen before.

use chrono::TimeDelta;

use super::Look;
use crate::domain::{Backups, JobStatus, RecoveryPoint, SiteName};
use crate::ui::widgets::Doc;
use crate::ui::{Role, format};

/// Says what is known about copies of the resource and about restores of its kind.
pub fn of_resource(arn: &str, resource_type: &str, look: &Look<'_>, doc: &mut Doc) {
    let sites: Vec<(&SiteName, &Backups)> =
        look.state.backups.iter().filter_map(|(site, source)| Some((site, source.data.as_ref()?))).collect();
    for (site, backups) in &sites {
        for copy in backups.copies.iter().filter(|copy| copy.resource_arn == arn) {
            let vault = copy.to_vault_arn.rsplit(':').next().unwrap_or_default();
            let began = copy.created_at.map(|at| format!(", begun {} ago", format::duration(look.now - at))).unwrap_or_default();
            if copy.is_under_way() {
                doc.field("copy", Role::Running, &format!("◐ under way from {site} to {vault}{began}: not there until it ends"));
            } else if copy.state != "COMPLETED" {
                let why = copy.message.as_deref().unwrap_or("AWS says no more");
                doc.field("copy", Role::Bad, &format!("✗ {} from {site} to {vault}{began}: {why}", copy.state));
            }
        }
    }
    let recovery = sites.iter().find(|(site, _)| **site == SiteName::recovery());
    if let Some((_, backups)) = recovery {
        seen_before(backups, resource_type, look, doc);
    }
}

/// How long restores of this type took: AWS Backup has no promise for it, so what was seen is the best guess there is.
fn seen_before(backups: &Backups, resource_type: &str, look: &Look<'_>, doc: &mut Doc) {
    let is_of_type = |arn: &str| {
        let sources = look.state.recovery_points.values().filter_map(|source| source.data.as_ref());
        sources.filter_map(|found| found.points.packed(found.points.id(arn)?)).any(|point| point.resource_type() == resource_type)
    };
    let of_type = |arn: Option<&str>| arn.is_some_and(is_of_type);
    let done =
        backups.restores.iter().filter(|job| job.status == JobStatus::Completed && of_type(job.recovery_point_arn.as_deref()));
    let mut took: Vec<TimeDelta> = done.filter_map(|job| Some(job.completed_at? - job.created_at?)).collect();
    took.sort();
    if let (Some(least), Some(most)) = (took.first(), took.last()) {
        let median = took[took.len() / 2];
        let text = format!(
            "{} of {resource_type} in a month: {} to {}, half of them within {}",
            format::count(took.len(), "restore", "restores"),
            format::duration(*least),
            format::duration(*most),
            format::duration(median)
        );
        doc.field("took before", Role::Text, &text);
    }
}

/// What lies in the way of one point or speaks for it: its vault's lock, its vault's kind, its key, what copying made of it.
pub fn of_point(point: &RecoveryPoint, look: &Look<'_>, doc: &mut Doc) {
    let backups = look.state.backups.get(&point.site).and_then(|source| source.data.as_ref());
    let vault = backups.and_then(|backups| backups.vaults.iter().find(|vault| vault.name == point.vault));
    if let Some(vault) = vault {
        let lock = if vault.locked { "locked: nobody can delete from it" } else { "not locked: whoever may can delete from it" };
        doc.field("vault lock", if vault.locked { Role::Ok } else { Role::Muted }, lock);
    }
    let kind = point.vault_type.as_deref().or(vault.and_then(|vault| vault.vault_type.as_deref()));
    if kind.is_some_and(|kind| kind.contains("AIR_GAPPED")) {
        let text =
            "logically air-gapped: share it with the account or have access approved, which takes teams that live in us-east-1";
        doc.field("", Role::Warn, text);
    }
    if let Some(doubt) = key_doubt(point, look) {
        doc.field("", Role::Warn, &doubt);
    }
    if point.is_continuous() {
        // AWS Backup keeps at most 35 days of a continuous backup, and its end follows the present by minutes (AWS Backup developer
        // guide, "Point-in-time recovery").
        let from = point.data_at.map(|at| at.max(look.now - TimeDelta::days(35)));
        let from = from.map_or_else(|| "its beginning".to_owned(), |at| format!("{} UTC", format::date_time(at)));
        doc.field("restorable", Role::Ok, &format!("any second from {from} to a few minutes ago"));
        if point.site != SiteName::recovery() {
            let text = "copied to another Region or account it becomes a snapshot of one moment: there the copies' age counts";
            doc.field("", Role::Warn, text);
        }
    }
}

/// Why the key may not be usable where the point is to be restored: a key of another Region is gone with that Region.
fn key_doubt(point: &RecoveryPoint, look: &Look<'_>) -> Option<String> {
    let mut parts = point.key_arn.as_deref()?.split(':').skip(3);
    let (region, account) = (parts.next()?, parts.next()?);
    let site = look.state.plan.site(&point.site)?;
    if region != site.region.as_str() {
        return Some(format!("its key is of {region}: it cannot be used when {region} is down, nor from {}", site.region));
    }
    (account != site.account.as_str())
        .then(|| format!("its key is of account {account}: its policy has to let account {} use it", site.account))
}
