//! How metrics are collected and sent.

use super::super::Config;
use super::super::choices::{ExemplarFilter, HistogramAggregation, Temporality};
use super::super::field::{Field, Place};
use super::super::option::{ConfigOption, OptionGroup};
use super::{choice, held};

const AWAITED: &str = "metrics";

pub(super) const GROUP: OptionGroup = OptionGroup {
    title: "Metrics",
    intro: "",
    of_bindings: false,
    options: &[
        ConfigOption::new(
            "metrics_exporter",
            &["OTEL_METRICS_EXPORTER"],
            "Where metrics go: one or more.",
            Field::Exporters(held!(metrics_exporter)),
        ),
        ConfigOption::new(
            "metric_export_interval",
            &["OTEL_METRIC_EXPORT_INTERVAL"],
            "The time between two exports of metrics, in milliseconds.",
            Field::Delay(held!(metric_export_interval)),
        ),
        ConfigOption::new(
            "metric_export_timeout",
            &["OTEL_METRIC_EXPORT_TIMEOUT"],
            "The longest that one export of metrics may take with its retries, in milliseconds.",
            Field::Timeout(held!(metric_export_timeout)),
        ),
        ConfigOption::new(
            "exemplar_filter",
            &["OTEL_METRICS_EXEMPLAR_FILTER"],
            "Which measurements can become exemplars.",
            choice!(ExemplarFilter, exemplar_filter),
        )
        .awaits(AWAITED),
        ConfigOption::new(
            "temporality_preference",
            &["OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"],
            "Whether sums count from the start or from the last export.",
            choice!(Temporality, temporality_preference),
        )
        .awaits(AWAITED),
        ConfigOption::new(
            "default_histogram_aggregation",
            &["OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION"],
            "How histograms without a view are aggregated.",
            choice!(HistogramAggregation, default_histogram_aggregation),
        )
        .awaits(AWAITED),
        ConfigOption::new(
            "prometheus_host",
            &["OTEL_EXPORTER_PROMETHEUS_HOST"],
            "The address on which metrics are offered to Prometheus.",
            Field::Text(held!(prometheus_host)),
        )
        .awaits(AWAITED),
        ConfigOption::new(
            "prometheus_port",
            &["OTEL_EXPORTER_PROMETHEUS_PORT"],
            "The port on which metrics are offered to Prometheus.",
            Field::Whole {
                least: 0,
                most: 65535,
                place: held!(prometheus_port as u16),
            },
        )
        .awaits(AWAITED),
    ],
};
