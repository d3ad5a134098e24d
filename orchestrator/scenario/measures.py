"""What a scenario measures: each measure by the name that `expect` uses."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Struct


class Measured(Struct, frozen=True, kw_only=True):
    """What a run has measured. Seconds and bytes."""

    nodes: int
    pods: int
    pods_running: int
    pods_ready: int
    pods_failed: int
    pods_succeeded: int
    pods_pending: int
    restarts: int
    deployments_available: int
    deployments_unavailable: int
    pods_per_second: float
    wall_seconds: float
    virtual_seconds: float
    revisions: int
    messages: int
    peak_rss_bytes: int


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


MEASURES: Final[Mapping[str, Callable[[Measured], Any]]] = {
    _camel(name): (lambda measured, name=name: getattr(measured, name))
    for name in Measured.__struct_fields__
}
