//! Metric data queries: statistics of metrics, and expressions over other queries.

use std::collections::BTreeMap;

use serde_json::Value;

use super::alarms::CloudWatch;
use super::anomaly;
use super::math::{Context, Expression, Series};
use super::metrics;
use crate::sim::call::Refusal;
use crate::sim::estate::Place;
use crate::sim::members;

/// How often one expression may refer to another.
const DEPTH: usize = 16;

/// The queries of one call or one alarm, checked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Queries(Vec<(Value, Option<Expression>)>, BTreeMap<String, (String, f64)>);

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationError", message)
}

impl Queries {
    /// Reads AWS's MetricDataQueries.
    ///
    /// # Errors
    /// `ValidationError` for what CloudWatch would not take, or what is not modelled.
    pub fn read(queries: &[Value]) -> Result<Self, Refusal> {
        let (mut read, mut bands) = (Vec::new(), BTreeMap::new());
        for query in queries {
            let id = members::required(query, "Id");
            if read.iter().any(|(known, _)| members::required(known, "Id") == id) {
                return Err(invalid(format!("The values for parameter id in MetricDataQueries are not unique: {id}")));
            }
            let expression = match (members::text(query, "Expression"), query.get("MetricStat")) {
                (Some(text), None) if anomaly::band(text).is_some() => {
                    bands.extend(anomaly::band(text).map(|band| (id.to_owned(), band)));
                    None
                }
                (Some(text), None) => {
                    let parsed = Expression::parse(text);
                    Some(parsed.map_err(|fault| invalid(format!("Error in expression '{id}': {fault}")))?)
                }
                (None, Some(stat)) => {
                    let statistic = members::required(stat, "Stat");
                    if !metrics::is_statistic(statistic) {
                        return Err(invalid(format!("The statistic {statistic} is not modelled by the simulated AWS")));
                    }
                    None
                }
                _ => return Err(invalid(format!("Exactly one of Expression and MetricStat must be given for {id}"))),
            };
            read.push((query.clone(), expression));
        }
        let known =
            |id: &str| matches!(id, "REPEAT" | "LINEAR") || read.iter().any(|(query, _)| members::required(query, "Id") == id);
        let unknown = read.iter().flat_map(|(query, expression)| expression.iter().map(move |expression| (query, expression)));
        let unknown = unknown.flat_map(|(query, expression)| expression.ids().into_iter().map(move |id| (query, id)));
        if let Some((query, id)) = unknown.into_iter().find(|(_, id)| !known(id)) {
            let of = members::required(query, "Id");
            return Err(invalid(format!("Error in expression '{of}': Undefined variable '{id}'")));
        }
        if let Some((id, (of, _))) = bands.iter().find(|(_, (of, _))| !known(of)) {
            return Err(invalid(format!("Error in expression '{id}': Undefined variable '{of}'")));
        }
        Ok(Self(read, bands))
    }

    fn get(&self, id: &str) -> Option<&(Value, Option<Expression>)> {
        self.0.iter().find(|(query, _)| members::required(query, "Id") == id)
    }

    /// Is the query with this id an anomaly band?
    pub fn is_band(&self, id: &str) -> bool {
        self.1.contains_key(id)
    }

    /// The edges of a band: the upper one, then the lower one.
    fn edges(&self, cloudwatch: &CloudWatch, place: &Place, of: &str, width: f64, slots: &[i64], period: i64) -> Vec<Series> {
        let stat = self.get(of).and_then(|(query, _)| query.get("MetricStat")).unwrap_or(&Value::Null);
        let named = stat.get("Metric").unwrap_or(&Value::Null);
        let (namespace, name) = (members::required(named, "Namespace"), members::required(named, "MetricName"));
        let metric = cloudwatch.metrics.get(metrics::key(namespace, name, members::list(named, "Dimensions")).as_str());
        let edges = metric.map(|metric| anomaly::edges(place, metric, members::required(stat, "Stat"), width, slots, period));
        edges.unwrap_or_default().to_vec()
    }

    /// The id of the one query that an alarm follows.
    pub fn returned(&self) -> Option<&str> {
        let is_band = |query: &Value| self.is_band(members::required(query, "Id"));
        let mut returned =
            self.0.iter().filter(|(query, _)| members::flag(query, "ReturnData") != Some(false) && !is_band(query));
        let (query, _) = returned.next()?;
        returned.next().is_none().then(|| members::required(query, "Id"))
    }

    /// The period of a query: its own, its metric's, or the longest of what it refers to.
    pub fn period(&self, id: &str) -> i64 {
        self.period_within(id, DEPTH)
    }

    fn period_within(&self, id: &str, depth: usize) -> i64 {
        let Some((query, expression)) = self.get(id).filter(|_| depth > 0) else { return 60 };
        let own = query
            .get("MetricStat")
            .and_then(|stat| members::integer(stat, "Period"))
            .or_else(|| members::integer(query, "Period"));
        let referred = || {
            let ids = expression.iter().flat_map(Expression::ids);
            let longest = ids.filter(|id| self.get(id).is_some()).map(|id| self.period_within(id, depth - 1)).max();
            let metrics = || self.0.iter().filter_map(|(query, _)| members::integer(query.get("MetricStat")?, "Period")).max();
            longest.or_else(metrics).unwrap_or(60)
        };
        own.filter(|period| *period > 0).unwrap_or_else(referred)
    }

    /// The series of a query over these periods; of an expression that comes to several, all of them.
    pub fn series(&self, cloudwatch: &CloudWatch, place: &Place, id: &str, slots: &[i64], period: i64) -> Vec<Series> {
        self.series_within(cloudwatch, place, id, slots, period, DEPTH)
    }

    fn series_within(
        &self,
        cloudwatch: &CloudWatch,
        place: &Place,
        id: &str,
        slots: &[i64],
        period: i64,
        depth: usize,
    ) -> Vec<Series> {
        let Some((query, expression)) = self.get(id).filter(|_| depth > 0) else { return Vec::new() };
        if let Some((of, width)) = self.1.get(id) {
            return self.edges(cloudwatch, place, of, *width, slots, period);
        }
        let Some(expression) = expression else { return vec![statistic(cloudwatch, place, query, slots, period)] };
        let series = |id: &str| self.series_within(cloudwatch, place, id, slots, period, depth - 1).into_iter().next();
        let is_band = |query: &Value| self.is_band(members::required(query, "Id"));
        let metrics = self.0.iter().filter(|(query, expression)| expression.is_none() && !is_band(query));
        let metrics: Vec<&str> = metrics.map(|(query, _)| members::required(query, "Id")).collect();
        expression.series(&Context { series: &series, metrics: &metrics, slots, period })
    }
}

fn statistic(cloudwatch: &CloudWatch, place: &Place, query: &Value, slots: &[i64], period: i64) -> Series {
    let stat = query.get("MetricStat").unwrap_or(&Value::Null);
    let metric = stat.get("Metric").unwrap_or(&Value::Null);
    let (namespace, name) = (members::required(metric, "Namespace"), members::required(metric, "MetricName"));
    let key = metrics::key(namespace, name, members::list(metric, "Dimensions"));
    let Some(metric) = cloudwatch.metrics.get(key.as_str()) else { return BTreeMap::new() };
    let point = |slot: &i64| {
        let start = chrono::DateTime::from_timestamp(*slot, 0)?;
        let point = metric.statistic(place.seed, start, period, members::required(stat, "Stat"), place.now)?;
        Some((*slot, point.value))
    };
    slots.iter().filter_map(point).collect()
}
