//! The latest value of every counter that was received, enough to see that metrics arrive.
//!
//! One series is one sum of one resource, scope and attribute set. Cumulative sums replace, deltas add up.
//! Other instrument kinds are accepted and counted as ignored.

use std::collections::HashMap;

use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, NumberDataPoint, ResourceMetrics, Sum, metric::Data,
    number_data_point::Value as Number,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use serde_json::{Map, Value, json};

use super::json::plain;
use super::origin::service_and_language;

/// More series than any demo has; beyond it new ones are refused and counted.
const MOST_SERIES: usize = 10_000;
/// `DataPointFlags::NoRecordedValueMask`.
const NO_RECORDED_VALUE: u32 = 1;

/// All series, and what was left out.
#[derive(Default)]
pub(crate) struct Metrics {
    series: HashMap<Key, Series>,
    pub(crate) received_points: u64,
    pub(crate) ignored_metrics: u64,
    pub(crate) refused_points: u64,
}

#[derive(PartialEq, Eq, Hash)]
struct Key {
    /// Encoded resource: two processes of one service are two series.
    resource: Vec<u8>,
    scope: String,
    name: String,
    /// Encoded attributes, sorted by key, because their order means nothing.
    attributes: Vec<u8>,
}

struct Series {
    service: String,
    language: String,
    unit: String,
    attributes: Vec<KeyValue>,
    is_monotonic: bool,
    is_delta: bool,
    time_nanos: u64,
    value: Number,
}

impl Metrics {
    /// Takes in one request; answers how many points found no room.
    pub(crate) fn receive(&mut self, request: Vec<ResourceMetrics>) -> u64 {
        let refused_before = self.refused_points;
        for ResourceMetrics {
            resource,
            scope_metrics,
            ..
        } in request
        {
            for scope_metrics in scope_metrics {
                for metric in scope_metrics.metrics {
                    if let Some(Data::Sum(sum)) = metric.data {
                        let meta = Meta {
                            resource: resource.as_ref(),
                            scope: scope_metrics.scope.as_ref(),
                            name: &metric.name,
                            unit: &metric.unit,
                        };
                        self.keep(&meta, sum);
                    } else {
                        self.ignored_metrics += 1;
                    }
                }
            }
        }
        self.refused_points - refused_before
    }

    fn keep(&mut self, meta: &Meta, sum: Sum) {
        let is_delta = sum.aggregation_temporality == AggregationTemporality::Delta as i32;
        for point in sum.data_points {
            let NumberDataPoint {
                mut attributes,
                value,
                time_unix_nano,
                flags,
                ..
            } = point;
            self.received_points += 1;
            let Some(value) = value.filter(|_| flags & NO_RECORDED_VALUE == 0) else {
                continue;
            };
            attributes.sort_by(|a, b| a.key.cmp(&b.key));
            let key = meta.key(&attributes);
            if let Some(series) = self.series.get_mut(&key) {
                series.update(value, is_delta, time_unix_nano);
            } else if self.series.len() < MOST_SERIES {
                let (service, language) = service_and_language(meta.resource);
                let series = Series {
                    service,
                    language,
                    unit: meta.unit.to_owned(),
                    attributes,
                    is_monotonic: sum.is_monotonic,
                    is_delta,
                    time_nanos: time_unix_nano,
                    value,
                };
                self.series.insert(key, series);
            } else {
                self.refused_points += 1;
            }
        }
    }

    /// For `GET /api/metrics`, sorted by name, service and attributes.
    pub(crate) fn list(&self) -> Value {
        let mut all: Vec<_> = self.series.iter().collect();
        all.sort_by_key(|(key, series)| {
            (
                &key.name,
                &series.service,
                &series.language,
                &key.attributes,
            )
        });
        all.into_iter()
            .map(|(key, series)| series.describe(key))
            .collect()
    }

    /// How many series there are.
    pub(crate) fn len(&self) -> usize {
        self.series.len()
    }
}

struct Meta<'a> {
    resource: Option<&'a Resource>,
    scope: Option<&'a InstrumentationScope>,
    name: &'a str,
    unit: &'a str,
}

impl Meta<'_> {
    fn key(&self, attributes: &[KeyValue]) -> Key {
        Key {
            resource: self
                .resource
                .map(Message::encode_to_vec)
                .unwrap_or_default(),
            scope: self
                .scope
                .map(|scope| scope.name.clone())
                .unwrap_or_default(),
            name: self.name.to_owned(),
            attributes: attributes
                .iter()
                .flat_map(Message::encode_length_delimited_to_vec)
                .collect(),
        }
    }
}

impl Series {
    fn update(&mut self, value: Number, is_delta: bool, time_nanos: u64) {
        if is_delta {
            self.value = match (self.value, value) {
                (Number::AsInt(sum), Number::AsInt(more)) => {
                    Number::AsInt(sum.saturating_add(more))
                }
                (sum, more) => Number::AsDouble(double(sum) + double(more)),
            };
        } else if time_nanos >= self.time_nanos {
            // A retried older export must not turn the counter back.
            self.value = value;
        }
        self.time_nanos = self.time_nanos.max(time_nanos);
    }

    fn describe(&self, key: &Key) -> Value {
        let attributes: Map<_, _> = self
            .attributes
            .iter()
            .map(|pair| (pair.key.clone(), plain(pair.value.as_ref())))
            .collect();
        json!({
            "name": key.name,
            "unit": self.unit,
            "service": self.service,
            "language": self.language,
            "scope": key.scope,
            "attributes": attributes,
            "isMonotonic": self.is_monotonic,
            "temporality": if self.is_delta { "delta" } else { "cumulative" },
            "timeUnixNano": self.time_nanos.to_string(),
            "value": match self.value {
                Number::AsInt(value) => json!(value),
                Number::AsDouble(value) => json!(value),
            },
        })
    }
}

fn double(number: Number) -> f64 {
    match number {
        Number::AsInt(value) => value as f64,
        Number::AsDouble(value) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{counter, delta};
    use super::*;

    #[test]
    fn a_cumulative_counter_shows_its_latest_value() {
        let mut metrics = Metrics::default();
        metrics.receive(vec![counter("gateway", "requests", 3)]);
        metrics.receive(vec![counter("gateway", "requests", 7)]);
        let list = metrics.list();
        assert_eq!(list.as_array().unwrap().len(), 1);
        assert_eq!(list[0]["value"], 7);
        assert_eq!(list[0]["service"], "gateway");
        assert_eq!(list[0]["language"], "node");
        assert_eq!(list[0]["attributes"], json!({ "http.route": "/orders" }));
    }

    #[test]
    fn deltas_add_up() {
        let mut metrics = Metrics::default();
        metrics.receive(vec![delta("gateway", "requests", 3)]);
        metrics.receive(vec![delta("gateway", "requests", 7)]);
        assert_eq!(metrics.list()[0]["value"], 10);
    }

    #[test]
    fn an_older_cumulative_value_does_not_turn_the_counter_back() {
        let mut metrics = Metrics::default();
        let mut old = counter("gateway", "requests", 3);
        if let Some(Data::Sum(sum)) = &mut old.scope_metrics[0].metrics[0].data {
            sum.data_points[0].time_unix_nano -= 1;
        }
        metrics.receive(vec![counter("gateway", "requests", 7), old]);
        assert_eq!(metrics.list()[0]["value"], 7);
    }

    #[test]
    fn services_and_names_are_series_of_their_own() {
        let mut metrics = Metrics::default();
        metrics.receive(vec![
            counter("b", "n", 1),
            counter("a", "n", 2),
            counter("a", "m", 3),
        ]);
        let list = metrics.list();
        let values: Vec<_> = list
            .as_array()
            .unwrap()
            .iter()
            .map(|series| &series["value"])
            .collect();
        assert_eq!(values, [3, 2, 1]);
    }

    #[test]
    fn there_is_a_bound() {
        let mut metrics = Metrics::default();
        for number in 0..MOST_SERIES {
            metrics.receive(vec![counter("s", &number.to_string(), 1)]);
        }
        assert_eq!(metrics.receive(vec![counter("s", "one too many", 1)]), 1);
        assert_eq!(metrics.receive(vec![counter("s", "0", 2)]), 0);
        assert_eq!((metrics.len(), metrics.refused_points), (MOST_SERIES, 1));
    }
}
