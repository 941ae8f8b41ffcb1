//! CloudWatch: alarms, their history, and the metrics behind them.

use std::collections::HashSet;
use std::future::Future;

use aws_sdk_cloudwatch::operation::describe_alarm_history::DescribeAlarmHistoryOutput;
use aws_sdk_cloudwatch::operation::describe_alarms::DescribeAlarmsOutput;
use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataOutput;
use aws_sdk_cloudwatch::types::{
    AlarmMuteRuleStatus, AlarmType, CompositeAlarm, Dimension, Metric, MetricAlarm, MetricDataQuery, MetricDataResult,
    MetricStat, ScanBy, StateValue,
};
use chrono::{DateTime, Utc};

use super::listing::{Listing, Pages, Sink, keep};
use super::older_protocol::OlderProtocol;
use super::site::{Connection, Retries};
use super::time::{to_aws, utc};
use crate::domain::{
    Alarm, AlarmHistoryItem, AlarmKind, AlarmMetric, AlarmState, Comparison, MetricGraph, MetricPoint, Problem, ProblemKind,
    SiteName,
};

const DESCRIBE_ALARMS: &str = "CloudWatch DescribeAlarms";

/// Asks CloudWatch at one site.
#[derive(Debug, Clone)]
pub struct CloudWatch {
    connection: Connection,
    client: aws_sdk_cloudwatch::Client,
}

impl CloudWatch {
    /// Through `connection`.
    pub fn new(connection: &Connection) -> Self {
        let older = OlderProtocol::default();
        let settings = aws_sdk_cloudwatch::config::Builder::from(connection.sdk_config(Retries::Never))
            .interceptor(connection.noting())
            .interceptor(older.clone())
            .build();
        Self { client: aws_sdk_cloudwatch::Client::from_conf(settings), connection: connection.speaking(older) }
    }

    /// All metric and composite alarms of the Region, at most `pages` pages of 100 of each kind.
    ///
    /// The two kinds are asked for side by side: DescribeAlarms without AlarmTypes answers metric alarms only (CloudWatch API
    /// Reference), and an alarm that is not seen looks like an alarm that is not there. They are not also asked for by state side
    /// by side: an alarm that changes its state in between would be in neither list.
    ///
    /// # Errors
    /// Any kind, of whichever question failed first.
    pub async fn alarms(&self, pages: usize) -> Result<Listing<Alarm>, Problem> {
        let (mut metric, mut composite) = (Vec::new(), Vec::new());
        let (all_metric, all_composite) = tokio::join!(
            self.ask_alarms(AlarmType::MetricAlarm, None, pages, keep(&mut metric)),
            self.ask_alarms(AlarmType::CompositeAlarm, None, pages, keep(&mut composite)),
        );
        let complete = all_composite? & all_metric?;
        metric.extend(composite);
        Ok(Listing { rows: metric, complete })
    }

    /// All alarms of the Region, or those in `state` (`ALARM`), handed on page by page: nothing is kept. At most `pages` pages of each
    /// kind; whether that was all.
    ///
    /// # Errors
    /// Any kind, once the other kind of alarms has ended; what was read before is handed on.
    pub async fn each_alarm(&self, state: Option<&str>, pages: usize, sink: &Sink<Alarm>) -> Result<bool, Problem> {
        let send = async |page| sink.send(page).await.is_ok();
        let (metric, composite) = tokio::join!(
            self.ask_alarms(AlarmType::MetricAlarm, state, pages, send),
            self.ask_alarms(AlarmType::CompositeAlarm, state, pages, send),
        );
        Ok(metric? & composite?)
    }

    async fn ask_alarms<D: Future<Output = bool>>(
        &self,
        kind: AlarmType,
        state: Option<&str>,
        pages: usize,
        deliver: impl FnMut(Vec<Alarm>) -> D,
    ) -> Result<bool, Problem> {
        let ask = self.client.describe_alarms().alarm_types(kind).set_state_value(state.map(StateValue::from)).max_records(100);
        let pages = Pages {
            connection: &self.connection,
            operation: DESCRIBE_ALARMS,
            pages,
            ask: |token| ask.clone().set_next_token(token).send(),
            token: |page: &DescribeAlarmsOutput| page.next_token().map(str::to_owned),
            rows: |page: DescribeAlarmsOutput| alarms_of(self.connection.site(), page),
        };
        pages.each(deliver).await
    }

    /// One alarm of the Region by its exact name; `None` if there is none.
    ///
    /// # Errors
    /// Any kind.
    pub async fn alarm(&self, name: &str) -> Result<Option<Alarm>, Problem> {
        let ask = self.client.describe_alarms().alarm_names(name);
        let ask = ask.alarm_types(AlarmType::MetricAlarm).alarm_types(AlarmType::CompositeAlarm);
        let answer = self.connection.ask(DESCRIBE_ALARMS, || ask.clone().send()).await?;
        Ok(alarms_of(self.connection.site(), answer).into_iter().next())
    }

    /// What happened to the alarm since `since`, newest first, at most `pages` pages of 100. Entries that AWS gives twice come once.
    ///
    /// # Errors
    /// Any kind. An alarm without history is an empty list.
    pub async fn alarm_history(
        &self,
        name: &str,
        since: DateTime<Utc>,
        pages: usize,
    ) -> Result<Listing<AlarmHistoryItem>, Problem> {
        let ask = self.client.describe_alarm_history().alarm_name(name).start_date(to_aws(since)).max_records(100);
        // Without types, only metric alarms are answered.
        let ask = ask.alarm_types(AlarmType::MetricAlarm).alarm_types(AlarmType::CompositeAlarm);
        let ask = ask.scan_by(ScanBy::TimestampDescending);
        let found = Pages {
            connection: &self.connection,
            operation: "CloudWatch DescribeAlarmHistory",
            pages,
            ask: |token| ask.clone().set_next_token(token).send(),
            token: |page: &DescribeAlarmHistoryOutput| page.next_token().map(str::to_owned),
            rows: |page: DescribeAlarmHistoryOutput| page.alarm_history_items().iter().map(history_item).collect(),
        };
        let mut found = found.gather().await?;
        let mut seen = HashSet::new();
        found.rows.retain(|item: &AlarmHistoryItem| seen.insert(item.clone()));
        Ok(found)
    }

    /// The names of the mute rules that hold the alarm's actions back now.
    ///
    /// # Errors
    /// Any kind.
    pub async fn muted_by(&self, name: &str) -> Result<Vec<String>, Problem> {
        let ask = self.client.list_alarm_mute_rules().alarm_name(name).statuses(AlarmMuteRuleStatus::Active);
        let answer = self.connection.ask("CloudWatch ListAlarmMuteRules", || ask.clone().send()).await?;
        let arns = answer.alarm_mute_rule_summaries().iter().filter_map(|rule| rule.alarm_mute_rule_arn());
        Ok(arns.map(|arn| arn.rsplit([':', '/']).next().unwrap_or(arn).to_owned()).collect())
    }

    /// What the alarm compares, from `from` to before `to`: its metric or what its expression gives, and its band if it has one.
    /// At most `pages` pages. The alarm is read first, because a list does not keep its queries.
    ///
    /// # Errors
    /// Any kind; Missing where there is no such metric alarm.
    pub async fn graph(&self, name: &str, from: DateTime<Utc>, to: DateTime<Utc>, pages: usize) -> Result<MetricGraph, Problem> {
        let operation = "CloudWatch GetMetricData";
        let ask = self.client.describe_alarms().alarm_names(name).alarm_types(AlarmType::MetricAlarm);
        let answer = self.connection.ask(DESCRIBE_ALARMS, || ask.clone().send()).await?;
        let missing = || self.connection.no_answer(ProblemKind::Missing, operation, "there is no such metric alarm");
        let alarm = answer.metric_alarms().first().ok_or_else(missing)?;
        let band = alarm.threshold_metric_id();
        let ask = self
            .client
            .get_metric_data()
            .set_metric_data_queries(Some(queries(alarm)))
            .start_time(to_aws(from))
            .end_time(to_aws(to))
            .scan_by(ScanBy::TimestampAscending);
        let found = Pages {
            connection: &self.connection,
            operation,
            pages,
            ask: |token| ask.clone().set_next_token(token).send(),
            token: |page: &GetMetricDataOutput| page.next_token().map(str::to_owned),
            rows: |page: GetMetricDataOutput| page.metric_data_results.unwrap_or_default(),
        };
        Ok(graph_of(&found.gather().await?.rows, band))
    }
}

/// The alarm's own queries, or the one that its metric is.
fn queries(alarm: &MetricAlarm) -> Vec<MetricDataQuery> {
    if !alarm.metrics().is_empty() {
        return alarm.metrics().to_vec();
    }
    let metric = Metric::builder()
        .set_namespace(alarm.namespace().map(str::to_owned))
        .set_metric_name(alarm.metric_name().map(str::to_owned))
        .set_dimensions(Some(alarm.dimensions().to_vec()))
        .build();
    let statistic = alarm.statistic().map(|statistic| statistic.as_str()).or(alarm.extended_statistic());
    let stat = MetricStat::builder().metric(metric).set_period(alarm.period()).set_stat(statistic.map(str::to_owned));
    vec![MetricDataQuery::builder().id("m").metric_stat(stat.build()).build()]
}

/// A band comes as two results of one id; which of them is the upper edge, their values say.
fn graph_of(results: &[MetricDataResult], band: Option<&str>) -> MetricGraph {
    let mut graph = MetricGraph::default();
    let mut edges: Vec<(String, Vec<MetricPoint>)> = Vec::new();
    let main = results.iter().find(|result| band.is_none() || result.id() != band).and_then(MetricDataResult::id);
    for result in results {
        let points = points_of(result);
        if band.is_some() && result.id() == band {
            let label = result.label().unwrap_or_default();
            match edges.iter_mut().find(|(known, _)| known == label) {
                Some((_, edge)) => edge.extend(points),
                None => edges.push((label.to_owned(), points.collect())),
            }
        } else if result.id() == main {
            graph.points.extend(points);
        }
    }
    let mean = |edge: &[MetricPoint]| edge.iter().map(|point| point.value).sum::<f64>() / edge.len().max(1) as f64;
    edges.sort_by(|(_, one), (_, other)| mean(one).total_cmp(&mean(other)));
    if let [(_, low), .., (_, high)] = &mut edges[..] {
        (graph.low, graph.high) = (std::mem::take(low), std::mem::take(high));
    }
    graph.points.sort_by_key(|point| point.at);
    graph
}

fn alarms_of(site: &SiteName, page: DescribeAlarmsOutput) -> Vec<Alarm> {
    let metric = page.metric_alarms.unwrap_or_default().into_iter().map(|alarm| metric_alarm(site, alarm));
    metric.chain(page.composite_alarms.unwrap_or_default().into_iter().map(|alarm| composite_alarm(site, alarm))).collect()
}

fn history_item(item: &aws_sdk_cloudwatch::types::AlarmHistoryItem) -> AlarmHistoryItem {
    AlarmHistoryItem {
        at: utc(item.timestamp()),
        kind: item.history_item_type().map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        summary: item.history_summary().unwrap_or_default().to_owned(),
        data: item.history_data().map(str::to_owned),
    }
}

fn points_of(result: &MetricDataResult) -> impl Iterator<Item = MetricPoint> + '_ {
    let points = result.timestamps().iter().zip(result.values());
    points.filter_map(|(at, value)| Some(MetricPoint { at: utc(Some(at))?, value: *value }))
}

fn metric_alarm(site: &SiteName, alarm: MetricAlarm) -> Alarm {
    let kind = if alarm.threshold_metric_id().is_some() {
        AlarmKind::AnomalyDetection
    } else if alarm.metrics().iter().any(|query| query.expression().is_some()) {
        AlarmKind::MetricMath
    } else {
        AlarmKind::Metric
    };
    let metric = Some(alarm_metric(kind, &alarm));
    Alarm {
        site: site.clone(),
        kind,
        state: state(alarm.state_value()),
        evaluation: alarm.evaluation_state().map(|state| state.as_str().to_owned()),
        transitioned_at: utc(alarm.state_transitioned_timestamp()),
        updated_at: utc(alarm.state_updated_timestamp()),
        name: alarm.alarm_name.unwrap_or_default(),
        arn: alarm.alarm_arn.unwrap_or_default(),
        reason: alarm.state_reason.unwrap_or_default(),
        reason_data: alarm.state_reason_data,
        rule: None,
        suppressed_by: None,
        metric,
    }
}

fn composite_alarm(site: &SiteName, alarm: CompositeAlarm) -> Alarm {
    // While actions are suppressed, AWS says by what: the suppressor alarm itself, or one of the periods around it.
    let suppressed_by = alarm.actions_suppressed_by().map(|by| match (by.as_str(), alarm.actions_suppressor()) {
        ("Alarm", Some(suppressor)) => suppressor.to_owned(),
        (period, Some(suppressor)) => format!("{suppressor} ({period})"),
        (period, None) => period.to_owned(),
    });
    Alarm {
        site: site.clone(),
        kind: AlarmKind::Composite,
        state: state(alarm.state_value()),
        evaluation: None,
        transitioned_at: utc(alarm.state_transitioned_timestamp()),
        updated_at: utc(alarm.state_updated_timestamp()),
        name: alarm.alarm_name.unwrap_or_default(),
        arn: alarm.alarm_arn.unwrap_or_default(),
        reason: alarm.state_reason.unwrap_or_default(),
        reason_data: alarm.state_reason_data,
        rule: alarm.alarm_rule,
        suppressed_by,
        metric: None,
    }
}

fn state(value: Option<&aws_sdk_cloudwatch::types::StateValue>) -> AlarmState {
    AlarmState::from(value.map_or("", |state| state.as_str()).to_owned())
}

/// The alarm's metric. Of several queries, the one metric of an anomaly detection or plain alarm; for metric math the expression
/// stands as the name, with an empty namespace.
fn alarm_metric(kind: AlarmKind, alarm: &MetricAlarm) -> AlarmMetric {
    let queries = alarm.metrics();
    let stat = queries.iter().find_map(|query| query.metric_stat());
    let expression = queries.iter().find(|query| query.expression().is_some());
    let number = |number: Option<i32>, default: u32| number.and_then(|n| u32::try_from(n).ok()).unwrap_or(default);
    let periods = number(alarm.evaluation_periods(), 1);
    let query_period = || queries.iter().find_map(|query| query.period());
    let period = alarm.period().or_else(|| stat.and_then(|stat| stat.period())).or_else(query_period);
    let common = AlarmMetric {
        namespace: alarm.namespace().unwrap_or_default().to_owned(),
        name: alarm.metric_name().unwrap_or_default().to_owned(),
        dimensions: pairs(alarm.dimensions()),
        statistic: match (alarm.statistic(), alarm.extended_statistic()) {
            (Some(statistic), _) => statistic.as_str().to_owned(),
            (None, extended) => extended.unwrap_or_default().to_owned(),
        },
        period_secs: number(period, 60),
        evaluation_periods: periods,
        datapoints_to_alarm: number(alarm.datapoints_to_alarm(), periods),
        threshold: alarm.threshold(),
        comparison: Comparison(alarm.comparison_operator().map(|it| it.as_str().to_owned()).unwrap_or_default()),
    };
    match (kind, stat, expression) {
        (AlarmKind::MetricMath, _, Some(query)) => AlarmMetric {
            namespace: String::new(),
            name: query.label().or(query.expression()).unwrap_or_default().to_owned(),
            dimensions: Vec::new(),
            statistic: String::new(),
            ..common
        },
        (_, Some(stat), _) => AlarmMetric {
            namespace: stat.metric().and_then(|it| it.namespace()).unwrap_or_default().to_owned(),
            name: stat.metric().and_then(|it| it.metric_name()).unwrap_or_default().to_owned(),
            dimensions: stat.metric().map(|it| pairs(it.dimensions())).unwrap_or_default(),
            statistic: stat.stat().unwrap_or_default().to_owned(),
            ..common
        },
        _ => common,
    }
}

fn pairs(dimensions: &[Dimension]) -> Vec<(String, String)> {
    let pair = |it: &Dimension| (it.name().unwrap_or_default().to_owned(), it.value().unwrap_or_default().to_owned());
    dimensions.iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_band_is_told_from_the_metric_and_its_upper_edge_from_its_lower() {
        let result = |id: &str, label: &str, value: f64| {
            let at = aws_smithy_types::DateTime::from_secs(1_773_457_200);
            MetricDataResult::builder().id(id).label(label).timestamps(at).values(value).build()
        };
        let results = [result("ad1", "High", 9.0), result("m1", "errors", 5.0), result("ad1", "Low", 1.0)];
        let graph = graph_of(&results, Some("ad1"));
        assert_eq!((graph.points[0].value, graph.low[0].value, graph.high[0].value), (5.0, 1.0, 9.0));
        let plain = graph_of(&[result("m", "errors", 5.0)], None);
        assert_eq!((plain.points.len(), plain.low.len()), (1, 0));
    }
    use aws_sdk_cloudwatch::types::{ActionsSuppressedBy, ComparisonOperator, EvaluationState, StateValue, Statistic};

    fn plain() -> aws_sdk_cloudwatch::types::builders::MetricAlarmBuilder {
        MetricAlarm::builder()
            .alarm_name("shop-error-rate")
            .state_value(StateValue::Ok)
            .namespace("Shop")
            .metric_name("ErrorRate")
            .dimensions(Dimension::builder().name("Service").value("web").build())
            .statistic(Statistic::Average)
            .period(60)
            .evaluation_periods(3)
            .datapoints_to_alarm(2)
            .threshold(5.0)
            .comparison_operator(ComparisonOperator::GreaterThanThreshold)
    }

    fn stat_query(id: &str) -> MetricDataQuery {
        let metric = Metric::builder().namespace("AWS/S3").metric_name("5xxErrors").build();
        let stat = MetricStat::builder().metric(metric).period(300).stat("Sum").build();
        MetricDataQuery::builder().id(id).metric_stat(stat).build()
    }

    #[test]
    fn a_metric_alarm_carries_its_metric_and_a_failed_evaluation() {
        let alarm = metric_alarm(&SiteName::primary(), plain().evaluation_state(EvaluationState::EvaluationFailure).build());
        assert_eq!(alarm.kind, AlarmKind::Metric);
        assert!(!alarm.is_clear());
        let metric = alarm.metric.unwrap();
        assert_eq!((metric.namespace.as_str(), metric.statistic.as_str(), metric.period_secs), ("Shop", "Average", 60));
        assert_eq!(metric.dimensions, [("Service".to_owned(), "web".to_owned())]);
        assert_eq!((metric.datapoints_to_alarm, metric.evaluation_periods, metric.comparison.sign()), (2, 3, ">"));
    }

    #[test]
    fn an_alarm_with_nothing_in_it_is_still_an_alarm() {
        let alarm = metric_alarm(&SiteName::primary(), MetricAlarm::builder().build());
        assert_eq!(alarm.state, AlarmState::Other(String::new()));
        assert!(!alarm.is_clear());
    }

    #[test]
    fn anomaly_and_math_alarms_are_told_apart_and_anomaly_shows_its_metric() {
        let band = MetricDataQuery::builder().id("band").expression("ANOMALY_DETECTION_BAND(m)").build();
        let anomaly = MetricAlarm::builder().metrics(stat_query("m")).metrics(band).threshold_metric_id("band").build();
        let anomaly = metric_alarm(&SiteName::primary(), anomaly);
        assert_eq!(anomaly.kind, AlarmKind::AnomalyDetection);
        let metric = anomaly.metric.unwrap();
        assert_eq!((metric.name.as_str(), metric.period_secs, metric.threshold), ("5xxErrors", 300, None));

        let ratio = MetricDataQuery::builder().id("r").expression("100*e/n").label("error share").build();
        let math = MetricAlarm::builder().metrics(stat_query("e")).metrics(stat_query("n")).metrics(ratio).build();
        let math = metric_alarm(&SiteName::primary(), math);
        assert_eq!(math.kind, AlarmKind::MetricMath);
        assert_eq!(math.metric.unwrap().name, "error share");
    }

    #[test]
    fn a_suppressed_composite_says_by_what_and_an_unknown_state_is_kept() {
        let alarm = CompositeAlarm::builder()
            .alarm_rule("ALARM(a)")
            .actions_suppressor("deploying")
            .actions_suppressed_by(ActionsSuppressedBy::WaitPeriod)
            .state_value(StateValue::from("BEWILDERED"))
            .build();
        let alarm = composite_alarm(&SiteName::primary(), alarm);
        assert_eq!(alarm.suppressed_by.as_deref(), Some("deploying (WaitPeriod)"));
        assert_eq!(alarm.state.to_string(), "BEWILDERED");
        assert_eq!(alarm.rule.as_deref(), Some("ALARM(a)"));
    }
}
