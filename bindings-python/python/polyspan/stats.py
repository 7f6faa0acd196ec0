"""What became of every span, and what is in force."""

import json
from typing import TYPE_CHECKING, TypedDict, cast

from polyspan._installed import installed

if TYPE_CHECKING:
    # The type must be there also where the native module is not.
    from polyspan import _native


class DestinationStats(TypedDict):
    """What became of the spans for one destination; `ended` is that of all of them."""

    name: str
    sampled_out: int
    delivered: int
    dropped: dict[str, int]
    retries: int
    requests: int
    bytes_sent: int
    exports: int
    exports_failed: int
    export_nanos: int
    in_flight: int


class Stats(TypedDict):
    """Counters of this process.

    `started = live + abandoned + ended` and `ended = sampled_out + sum(dropped) + delivered` whenever nothing
    is under way. With several destinations the second holds for each; here stand the numbers of the first one in
    a network, and the requests of all.
    """

    started: int
    live: int
    abandoned: int
    ended: int
    sampled_out: int
    delivered: int
    dropped: dict[str, int]
    retries: int
    requests: int
    bytes_sent: int
    queue_bytes: int
    redacted: dict[str, int]
    generation: int
    destinations: list[DestinationStats]
    local_roots: int
    local_roots_sampled: int
    sampling_rate_configured: float | None
    sampling_rate_actual: float | None
    exports: int
    exports_failed: int
    export_nanos: int
    in_flight: int
    queue_spans: int
    queue_capacity: int
    memory_limit_bytes: int


def read(native: "_native.Provider") -> Stats:
    """The counters of a native provider."""
    return cast("Stats", json.loads(native.stats()))


def stats() -> Stats:
    """The counters of the provider that `polyspan.init` made."""
    return installed().stats()


def describe() -> str:
    """The policy and the options in force, in words, the policy's fingerprint first."""
    return installed().describe()


def diagnostics() -> list[str]:
    """What went wrong since the last call. From the first call on, standard error is not told any more."""
    return installed().diagnostics()
