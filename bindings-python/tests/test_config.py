from datetime import timedelta

import pytest

import polyspan
from polyspan import _native
from polyspan.config import _text
from polyspan.options import Options

from .conftest import Traced
from .sink import Sink, attributes

OF_THE_BINDING = {"binding", "language", "runtime_name", "runtime_version", "runtime_description"}


def test_every_option_of_the_core_is_typed() -> None:
    assert set(Options.__annotations__) == {option["name"] for option in _native.options()} - OF_THE_BINDING


@pytest.mark.parametrize(
    ("options", "field", "value", "allowed"),
    [
        ({"sampler_arg": 2}, "sampler_arg", "2", "from 0 to 1"),
        ({"sampler": "sometimes"}, "sampler", "sometimes", "always_on"),
        ({"max_queue_size": 0}, "max_queue_size", "0", "from 1"),
        ({"endpoint": "not a url"}, "endpoint", "not a url", "http"),
        ({"propagators": ["b5"]}, "propagators", "b5", "tracecontext"),
        ({"disabled": "maybe"}, "disabled", "maybe", "true"),
        ({"schedule_delay": timedelta(seconds=-1)}, "schedule_delay", "-1000", "from 0"),
    ],
)
def test_a_wrong_option_names_itself_its_value_and_what_is_allowed(
    options: Options, field: str, value: str, allowed: str
) -> None:
    with pytest.raises(polyspan.ConfigError) as raised:
        polyspan.TracerProvider(**options)
    error = raised.value
    assert (error.field, error.value) == (field, value)
    assert error.allowed is not None
    assert allowed in error.allowed
    assert str(error).startswith(f'{field} is "{value}"')


def test_an_unknown_option_is_told_with_the_one_that_was_meant() -> None:
    with pytest.raises(
        polyspan.ConfigError, match='no option "schedule_dealy"; did you mean "schedule_delay"'
    ):
        polyspan.TracerProvider(schedule_dealy=5)  # type: ignore[call-arg]


def test_a_wrong_header_is_told_without_its_value() -> None:
    with pytest.raises(polyspan.ConfigError, match="header") as raised:
        polyspan.TracerProvider(headers={"authorization": "secret\n"})
    assert "secret\n" not in str(raised.value)


def test_options_take_the_types_of_python(sink: Sink) -> None:
    provider = polyspan.TracerProvider(
        service_name="typed",
        endpoint=sink.url,
        resource_attributes={"team": "a,b=c", "tier": 2, "tags": ["x", "y"]},
        headers={"x-tenant": "blue"},
        traces_headers={"x-both": "a,b"},
        schedule_delay=timedelta(milliseconds=250),
        strict=True,
        sampler_arg=None,
    )
    text = provider.describe()
    assert "schedule_delay: 250" in text
    assert provider.resource.attributes["tags"] == ("x", "y")
    provider.get_tracer("t").start_span("s").end()
    assert provider.flush(5)
    resource = attributes(sink.requests[0].resource_spans[0].resource.attributes)
    assert (resource["service.name"], resource["team"], resource["tier"]) == ("typed", "a,b=c", 2)


def test_the_environment_is_read_and_code_wins(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "of the environment")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "soon")
    provider = polyspan.TracerProvider()
    assert provider.resource.attributes["service.name"] == "of the environment"
    assert caplog.text.count('OTEL_BSP_SCHEDULE_DELAY is "soon"') == 1
    provider = polyspan.TracerProvider(service_name="of code")
    assert provider.resource.attributes["service.name"] == "of code"


def test_a_disabled_environment_disables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    provider = polyspan.TracerProvider(service_name="off")
    assert not provider.get_tracer("t").start_span("s").is_recording()


def test_equal_policies_have_equal_fingerprints(traced: Traced) -> None:
    same = polyspan.TracerProvider(service_name="another", redaction="off")
    assert same.fingerprint == traced.provider.fingerprint
    assert same.fingerprint in same.describe()
    assert polyspan.TracerProvider().fingerprint != same.fingerprint


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("azAZ09-._~", "azAZ09-._~"),
        ("a,b=c;d%20 +/", "a%2Cb%3Dc%3Bd%2520%20%2B%2F"),
        ("é€😀", "%C3%A9%E2%82%AC%F0%9F%98%80"),
        ("²٣ª", "%C2%B2%D9%A3%C2%AA"),
        ("\ud800\udfff", "%3F%3F"),
        ("\0\n\x7f", "%00%0A%7F"),
        (2, "2"),
        ("", ""),
    ],
)
def test_a_mapping_becomes_the_list_that_the_core_reads(text: object, escaped: str) -> None:
    assert _text({text: text}) == f"{escaped}={escaped}"
