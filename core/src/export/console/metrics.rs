//! Metrics, one point a line.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint};
use prost::{DecodeError, Message};

use super::spans::pair;
use super::{BOLD, CYAN, DIM, Paint};
use crate::export::finished::{FinishedAttributes, attributes, find};
use crate::picture::clean;
use crate::trace::OwnedValue;

/// The points of an encoded `ExportMetricsServiceRequest`.
pub(super) fn text(request: &[u8], paint: Paint) -> Result<String, DecodeError> {
    let request = ExportMetricsServiceRequest::decode(request)?;
    let mut lines = Vec::new();
    for resource in request.resource_metrics {
        let attributes = attributes(resource.resource.unwrap_or_default().attributes);
        let service = match find(&attributes, "service.name") {
            Some(OwnedValue::Str(name)) => clean(name),
            _ => String::new(),
        };
        let heading = paint.paint(BOLD, "metrics");
        lines.push(format!("{heading}  {}", paint.paint(CYAN, &service)));
        let metrics = resource.scope_metrics.into_iter();
        for metric in metrics.flat_map(|scope| scope.metrics) {
            points(metric, paint, &mut lines);
        }
    }
    Ok(lines.into_iter().map(|line| line + "\n").collect())
}

fn points(metric: Metric, paint: Paint, lines: &mut Vec<String>) {
    let (name, unit) = (clean(&metric.name), clean(&metric.unit));
    let mut line = |labels: FinishedAttributes, value: String| {
        let labels = labels.iter();
        let labels: String = labels
            .map(|(key, value)| format!("  {}", pair(key, value)))
            .collect();
        let text = format!("  {name}  {value} {unit}");
        lines.push(text.trim_end().to_owned() + &paint.paint(DIM, &labels));
    };
    match metric.data {
        Some(Data::Sum(sum)) => {
            for point in sum.data_points {
                let value = number(&point);
                line(attributes(point.attributes), value);
            }
        }
        Some(Data::Gauge(gauge)) => {
            for point in gauge.data_points {
                let value = number(&point);
                line(attributes(point.attributes), value);
            }
        }
        Some(Data::Histogram(histogram)) => {
            for point in histogram.data_points {
                let value = format!("{} in {}", point.sum.unwrap_or_default(), point.count);
                line(attributes(point.attributes), value);
            }
        }
        Some(Data::ExponentialHistogram(histogram)) => {
            for point in histogram.data_points {
                let value = format!("{} in {}", point.sum.unwrap_or_default(), point.count);
                line(attributes(point.attributes), value);
            }
        }
        Some(Data::Summary(summary)) => {
            for point in summary.data_points {
                let value = format!("{} in {}", point.sum, point.count);
                line(attributes(point.attributes), value);
            }
        }
        None => {}
    }
}

fn number(point: &NumberDataPoint) -> String {
    match point.value {
        Some(Value::AsInt(number)) => number.to_string(),
        Some(Value::AsDouble(number)) => number.to_string(),
        None => "no value".to_owned(),
    }
}
