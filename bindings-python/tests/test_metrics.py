"""Counters of opentelemetry-api arrive as sums."""

import logging

import pytest
from opentelemetry import metrics

import polyspan

from .conftest import Traced
from .sink import Sink, attributes
from .test_lifecycle import run


def counter(traced: Traced, name: str = "orders") -> metrics.Counter:
    meter = traced.provider.meter_provider.get_meter(
        "shop", "1.2", "https://example.com/schema", {"team": "a"}
    )
    return meter.create_counter(name, unit="{order}", description="Orders taken")


def test_a_counter_arrives_with_all_that_describes_it(traced: Traced) -> None:
    orders = counter(traced)
    orders.add(2, {"country": "de"})
    orders.add(3, {"country": "fr"})
    orders.add(5, {"country": "de"})
    assert traced.provider.flush(10)
    assert traced.sink.sums("orders") == {(("country", "de"),): 7, (("country", "fr"),): 3}
    scope = traced.sink.metrics[-1].resource_metrics[0].scope_metrics[0]
    assert (scope.scope.name, scope.scope.version) == ("shop", "1.2")
    assert scope.schema_url == "https://example.com/schema"
    assert attributes(scope.scope.attributes) == {"team": "a"}
    metric = scope.metrics[0]
    assert (metric.unit, metric.description) == ("{order}", "Orders taken")
    assert metric.sum.is_monotonic
    resource = attributes(traced.sink.metrics[-1].resource_metrics[0].resource.attributes)
    assert resource["service.name"] == "tests"
    assert resource["telemetry.sdk.language"] == "python"


def test_ints_stay_ints_and_floats_floats(traced: Traced) -> None:
    counter(traced, "whole").add(1)
    counter(traced, "real").add(0.5)
    counter(traced, "truth").add(True)
    assert traced.provider.flush(10)
    sums = [traced.sink.sums(name)[()] for name in ("whole", "real", "truth")]
    assert [(type(value), value) for value in sums] == [(int, 1), (float, 0.5), (int, 1)]


def test_sums_grow_from_export_to_export(traced: Traced) -> None:
    counter(traced).add(1)
    assert traced.provider.flush(10)
    counter(traced).add(2)
    assert traced.provider.flush(10)
    assert len(traced.sink.metrics) == 2
    assert traced.sink.sums("orders") == {(): 3}


def test_what_is_no_growth_is_ignored_and_told(traced: Traced, caplog: pytest.LogCaptureFixture) -> None:
    orders = counter(traced)
    with caplog.at_level(logging.WARNING, "polyspan"):
        for wrong in (-1, -0.5, float("nan"), "1", None, 1 << 70):
            orders.add(wrong)  # type: ignore[arg-type]
    assert len(caplog.records) == 6
    assert "not negative, not -1" in caplog.text
    orders.add(1)
    assert traced.provider.flush(10)
    assert traced.sink.sums("orders") == {(): 1}


def test_secrets_in_attributes_stay_in_the_process(sink: Sink) -> None:
    provider = polyspan.TracerProvider(endpoint=sink.url)
    orders = provider.meter_provider.get_meter("shop").create_counter("orders")
    orders.add(1, {"password": "hunter2", "by": "mail of ann@example.com"})
    assert provider.shutdown(10)
    assert sink.sums("orders") == {(("by", "mail of [REDACTED]"), ("password", "[REDACTED]")): 1}


def test_an_attribute_whose_str_counts_itself_is_no_knot(traced: Traced) -> None:
    orders = counter(traced)

    class Recursive:
        def __str__(self) -> str:
            orders.add(10)
            return "shown"

    orders.add(1, {"value": Recursive()})  # type: ignore[dict-item]
    assert traced.provider.flush(10)
    assert traced.sink.sums("orders") == {(): 10, (("value", "shown"),): 1}


def test_other_instruments_are_those_of_the_api_that_do_nothing(traced: Traced) -> None:
    meter = traced.provider.meter_provider.get_meter("shop")
    assert isinstance(meter.create_histogram("h"), metrics.NoOpHistogram)
    assert isinstance(meter.create_up_down_counter("u"), metrics.NoOpUpDownCounter)
    meter.create_histogram("h2").record(1)
    assert traced.provider.flush(10)
    assert traced.sink.metrics == []


@pytest.mark.parametrize(
    ("program", "variables"),
    [
        ("polyspan.init(); metrics.get_meter('t').create_counter('orders').add(4)", {}),
        (
            "c = metrics.get_meter('t').create_counter('orders'); polyspan.init(); c.add(4)",
            {},
        ),
        (
            "metrics.get_meter('t').create_counter('orders').add(4); trace.get_tracer('t').start_span('s').end()",
            {"OTEL_PYTHON_METER_PROVIDER": "polyspan", "OTEL_PYTHON_TRACER_PROVIDER": "polyspan"},
        ),
    ],
    ids=["init", "counter made before init", "zero code"],
)
def test_the_global_meter_is_ours_and_counts_are_exported_at_exit(
    sink: Sink, program: str, variables: dict[str, str]
) -> None:
    run("from opentelemetry import metrics\n" + program, sink.url, 30, **variables)
    assert sink.sums("orders") == {(): 4}


def test_without_metrics_another_meter_provider_is_left_alone(sink: Sink) -> None:
    program = """
        from opentelemetry import metrics
        polyspan.init(metrics_exporter="none")
        other = metrics.NoOpMeterProvider()
        metrics.set_meter_provider(other)
        assert metrics.get_meter_provider() is other
    """
    run(program, sink.url)
    assert sink.metrics == []


def test_a_forked_child_counts_from_zero(sink: Sink) -> None:
    program = """
        from opentelemetry import metrics
        polyspan.init()
        orders = metrics.get_meter('t').create_counter('orders')
        orders.add(1)
        assert polyspan.flush(10)
        if child := os.fork():
            assert os.waitpid(child, 0)[1] == 0
        else:
            orders.add(10)
            assert polyspan.flush(10)
            os._exit(0)
    """
    run(program, sink.url)
    pids = {}
    for request in sink.metrics:
        for resource in request.resource_metrics:
            point = resource.scope_metrics[0].metrics[0].sum.data_points[0]
            pids[attributes(resource.resource.attributes)["process.pid"]] = point.as_int
    assert sorted(pids.values()) == [1, 10]
