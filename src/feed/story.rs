//! What is asked beside the lists: an alarm that somebody looks at, and what a site's backups are doing.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Common, PAGES};
use crate::cloud::SiteClients;
use crate::domain::{Alarm, AlarmKind, AlarmStory, Backups, Problem, ProblemKind, SiteName};
use crate::store::{Completeness, Loaded, Update};

/// How far back an alarm's history is asked for.
const HISTORY: TimeDelta = TimeDelta::days(1);
/// How many evaluations a graph shows at least.
const EVALUATIONS: i32 = 12;
/// How far back copies are asked for.
const COPIES: TimeDelta = TimeDelta::days(1);
/// How far back restores are asked for: AWS Backup lists them for 30 days.
const RESTORES: TimeDelta = TimeDelta::days(30);

/// Asks about one alarm, and tells its graph and its story.
pub(super) async fn tell(common: &Common, site: SiteName, alarm: Alarm, window: TimeDelta, seq: u64) {
    let Some(clients) = common.sites.site(&site) else { return };
    let (at, cloudwatch) = (common.clock.now(), &clients.cloudwatch);
    let graph = async {
        let Some(metric) = alarm.metric.as_ref().filter(|_| alarm.kind != AlarmKind::Composite) else {
            let message = "a composite alarm has no metric";
            return Err(Problem::new(ProblemKind::Missing, "CloudWatch GetMetricData", message));
        };
        let evaluated = TimeDelta::seconds(i64::from(metric.period_secs) * i64::from(metric.evaluation_periods.max(1)));
        cloudwatch.graph(&alarm.name, at - window.max(evaluated * EVALUATIONS), at, PAGES).await
    };
    let history = cloudwatch.alarm_history(&alarm.name, at - HISTORY, 1);
    let (graph, history, muted) = tokio::join!(graph, history, cloudwatch.muted_by(&alarm.name));
    let (answer, band) = match graph {
        Ok(graph) => (Ok(graph.points), (!graph.high.is_empty()).then_some((graph.low, graph.high))),
        Err(problem) => (Err(problem), None),
    };
    let history = history.map(|found| found.rows).map_err(|problem| problem.to_string());
    // Rules that cannot be read are rules that are not known of: the alarm's state does not depend on them.
    let story = AlarmStory { band, history: Some(history), muted_by: muted.unwrap_or_default() };
    let at = common.clock.now();
    common.tell(Update::Graph { site: site.clone(), alarm: alarm.name.clone(), seq, at, answer }).await;
    common.tell(Update::Story { site, alarm: alarm.name, story: Box::new(story) }).await;
}

/// Vaults, copies under way, and how long restores took.
pub(super) async fn backups(clients: &SiteClients, now: DateTime<Utc>) -> Loaded<Backups> {
    let backup = &clients.backup;
    let (vaults, copies, restores) = tokio::join!(
        backup.vaults(PAGES),
        backup.copies_since(now - COPIES, PAGES),
        backup.restore_jobs(now - RESTORES, None, PAGES)
    );
    let (vaults, copies, restores) = (vaults?, copies?, restores?);
    let whole = vaults.complete && copies.complete && restores.complete;
    let completeness = if whole { Completeness::Whole } else { Completeness::Partial("the first pages of more".to_owned()) };
    Ok((Backups { vaults: vaults.rows, copies: copies.rows, restores: restores.rows }, completeness))
}
