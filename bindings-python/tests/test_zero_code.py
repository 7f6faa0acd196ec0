"""What opentelemetry-api loads by polyspan's name."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from opentelemetry import propagate

import polyspan
from polyspan import _installed, zero_code


def test_threads_that_ask_first_at_once_get_one_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    both_make_one = threading.Barrier(2)
    made = []

    class Slow(polyspan.TracerProvider):
        def __init__(self) -> None:
            made.append(self)
            with suppress(threading.BrokenBarrierError):
                both_make_one.wait(timeout=0.5)
            super().__init__(disabled=True)

    monkeypatch.setattr(_installed, "provider", None)
    monkeypatch.setattr(polyspan, "TracerProvider", Slow)
    monkeypatch.setattr(propagate, "set_global_textmap", lambda _propagator: None)
    with ThreadPoolExecutor(2) as threads:
        tracers = threads.submit(zero_code.tracer_provider)
        meters = threads.submit(zero_code.meter_provider)
        provider = tracers.result()
        assert isinstance(provider, Slow)
        assert meters.result() is provider.meter_provider
    assert made == [provider]
