"""Faults of the API server on purpose: requests that are refused, or answered late.

What a test double of a client offers (client-go's reactors) is here in front of the real server, so that
in-process components and HTTPS clients meet the same trouble: the next update answers a conflict, every
tenth request is told to come again later, watches end as expired.
"""

import random
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from msgspec import Struct

from actors import Request
from orchestrator.protocol import (
    VERBS,
    ApiError,
    Conflict,
    Create,
    Expired,
    Forbidden,
    InternalError,
    NotFound,
    ServerTimeout,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
)

_ERRORS: Final[Mapping[int, tuple[type[ApiError], str]]] = {
    401: (Unauthorized, "Unauthorized"),
    403: (Forbidden, "the request was forbidden on purpose"),
    404: (NotFound, "the server could not find the requested resource"),
    409: (
        Conflict,
        "the object has been modified; please apply your changes to the latest version",
    ),
    410: (Expired, "The resourceVersion for the provided watch is too old."),
    429: (TooManyRequests, "the server has received too many requests, please try again later"),
    500: (InternalError, "Internal error occurred: a fault on purpose"),
    503: (ServiceUnavailable, "the server is currently unable to handle the request"),
    504: (ServerTimeout, "Timeout: request did not complete within the allotted timeout"),
}


_NUMBERS: Final = {
    "latency_seconds": 0,
    "probability": 0,
    "skip": 0,
    "count": 1,
    "retry_after_seconds": 0,
}


class ApiFault(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What happens to requests of `verb` for `resource`; the fields are shell patterns.

    `code` is the HTTP status that they are refused with (0: they are not), `latency_seconds` how much
    later they are answered. `skip` lets so many pass first, `count` is the most that it happens to
    (None: no end), `probability` the chance for each. `resource` is a plural, with its group if it has
    one (`deployments.apps`); `user` is who asks. Raises ValueError for a code that no error has, and for what
    cannot be counted or waited.
    """

    verb: str = "*"
    resource: str = "*"
    subresource: str = "*"
    namespace: str = "*"
    name: str = "*"
    user: str = "*"
    code: int = 0
    message: str = ""
    retry_after_seconds: int | None = None
    latency_seconds: float = 0.0
    probability: float = 1.0
    skip: int = 0
    count: int | None = None

    def __post_init__(self) -> None:
        if self.code and self.code not in _ERRORS:
            known = ", ".join(map(str, _ERRORS))
            raise ValueError(f"there is no API error of code {self.code}; there are {known}")
        if not self.code and not self.latency_seconds:
            raise ValueError("an ApiFault has a code, a latency, or both")
        if self.verb != "*" and self.verb not in VERBS.values():
            known = ", ".join(VERBS.values())
            raise ValueError(f"there is no verb {self.verb!r}; there are {known}")
        for field, least in _NUMBERS.items():
            value = getattr(self, field)
            if value is not None and not (type(value) in (int, float) and value >= least):
                raise ValueError(f"{field} is a number from {least} on, not {value!r}")
        if not self.probability <= 1:
            raise ValueError(f"a probability is at most 1, not {self.probability!r}")

    def error(self) -> ApiError:
        """What a request is refused with."""
        kind, words = _ERRORS[self.code]
        return kind(self.message or words, retry_after_seconds=self.retry_after_seconds)


class EndWatches(Request[int], frozen=True, gc=False):
    """End every watch with 410; answers how many."""


class ApiTrouble:
    """The faults of one server. `struck` counts the requests that met one."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(f"{seed}:api trouble")
        self.rules: list[_Rule] = []
        self.struck = 0

    def add(self, fault: ApiFault) -> None:
        """One more fault; of several that a request meets the first counts."""
        self.rules.append(_Rule(fault))

    def remove(self, fault: ApiFault) -> None:
        """End one fault, if it has not come to its end by itself."""
        self.rules = [rule for rule in self.rules if rule.fault is not fault]

    def clear(self) -> None:
        """End all faults."""
        self.rules.clear()

    def of(self, message: Any) -> ApiFault | None:
        """The fault that a request meets, if any."""
        for rule in self.rules:
            if rule.strikes(message, self._random):
                self.struck += 1
                if rule.left == 0:
                    self.rules.remove(rule)
                return rule.fault
        return None


class _Rule:
    """A fault, how many requests still pass before it, and how many it is left for."""

    __slots__ = ("_passing", "fault", "left")

    def __init__(self, fault: ApiFault) -> None:
        self.fault = fault
        self._passing = fault.skip
        self.left = fault.count

    def strikes(self, message: Any, chance: random.Random) -> bool:
        fault = self.fault
        if not (
            _fits(VERBS.get(type(message), ""), fault.verb)
            and _fits(message.resource.key, fault.resource)
            and _fits(getattr(message, "subresource", ""), fault.subresource)
            and _fits(message.namespace, fault.namespace)
            and _fits(_name(message), fault.name)
            and _fits(message.identity.name, fault.user)
        ):
            return False
        if self._passing:
            self._passing -= 1
            return False
        if fault.probability < 1.0 and chance.random() >= fault.probability:
            return False
        if self.left is not None:
            self.left -= 1
        return True


def _fits(text: str, pattern: str) -> bool:
    return pattern == "*" or fnmatchcase(text, pattern)


def _name(message: Any) -> str:
    name = getattr(message, "name", "")
    if not name and type(message) is Create:
        name = message.object.metadata.name
    return str(name)
