"""EventRateLimit: a component that reports again and again does not fill the cluster with its events."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
)
from orchestrator.protocol import TooManyRequests

_CACHE: Final = 4096


class Limit(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """So many events a second (`qps`), `burst` of them at once, for each key of the type."""

    type: Literal["Server", "Namespace", "User", "SourceAndObject"]
    qps: int
    burst: int
    cache_size: int = 0


def _source_and_object(request: AdmissionRequest) -> str:
    event = request.object
    source = getattr(event, "source", None) or getattr(event, "deprecated_source", None)
    about = getattr(event, "involved_object", None) or getattr(event, "regarding", None)
    parts = [getattr(source, name, None) for name in ("component", "host")]
    parts += [
        getattr(about, name, None) for name in ("kind", "namespace", "name", "uid", "api_version")
    ]
    return "".join(part or "" for part in parts)


_KEYS: Final[Mapping[str, Callable[[AdmissionRequest], str]]] = {
    "Server": lambda _request: "",
    "Namespace": lambda request: request.namespace,
    "User": lambda request: request.identity.name,
    "SourceAndObject": _source_and_object,
}


class EventRateLimit(AdmissionPlugin):
    """Refuses events over the limits; a limit that refuses does not keep the others from counting."""

    name = "EventRateLimit"
    default_on = False
    counts = True

    def __init__(self, limits: tuple[Limit, ...] = ()) -> None:
        self._limits = [_Buckets(limit) for limit in limits]

    @classmethod
    def configured(cls, configuration: Mapping[str, Any]) -> "EventRateLimit":
        """By a list of `limits`. Raises ValueError."""
        limits = msgspec.convert(configuration.get("limits", ()), tuple[Limit, ...])
        for limit in limits:
            if limit.qps <= 0 or limit.burst <= 0:
                raise ValueError(f"limits: {limit.type}: qps and burst must be greater than zero")
            if limit.type != "Server" and limit.cache_size < 0:
                raise ValueError(f"limits: {limit.type}: cacheSize must not be negative")
        if not limits:
            raise ValueError("limits: at least one is required")
        return cls(limits)

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        return operation in ("CREATE", "UPDATE") and resource.kind == "Event"

    def validate(self, request: AdmissionRequest, reader: Reader) -> None:
        """Errors: TooManyRequests."""
        if request.dry_run:
            return
        now = reader.now()
        found = (words for each in self._limits if (words := each.refusal(request, now)))
        refusals = list(dict.fromkeys(found))  # what two limits say is said once
        if refusals:
            words = refusals[0] if len(refusals) == 1 else f"[{', '.join(refusals)}]"
            raise TooManyRequests(f"Too many requests: {words}")


class _Buckets:
    """The allowances of one limit: a token bucket a key, of which the longest unused are forgotten."""

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # key: tokens, since when

    def refusal(self, request: AdmissionRequest, now: float) -> str:
        """Take a token; what is said if there is none."""
        limit = self._limit
        key = _KEYS[limit.type](request)
        tokens, since = self._left.pop(key, (float(limit.burst), now))
        tokens = min(limit.burst, tokens + (now - since) * limit.qps)
        allowed = tokens >= 1
        self._left[key] = (tokens - 1 if allowed else tokens, now)
        if len(self._left) > (limit.cache_size or _CACHE):
            self._left.popitem(last=False)
        return "" if allowed else f"limit reached on type {limit.type} for key {key}"
