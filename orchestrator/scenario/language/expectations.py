"""Expectations in a scenario file: of measures, of service levels, of what is there in the end."""

from typing import Any, Literal, TypeAlias

from msgspec import field

from orchestrator.scenario.language.base import Strict

ServiceLevel = Literal["apiCallLatency", "podStartupLatency"]


class Bounds(Strict, frozen=True):
    """What a number must be."""

    equals: float | None = None
    at_least: float | None = None
    at_most: float | None = None


class Expectation(Bounds, frozen=True):
    """What a measure must be: over the whole run, or of what happens between two steps, from the moment
    at which the action of the step `from` begins to the one at which the step `to` ends.
    """

    from_: str = field(default="", name="from")
    to: str = ""


Expected: TypeAlias = Expectation | tuple[Expectation, ...]
"""Several, if they are of several windows."""


class ObjectExpectation(Strict, frozen=True):
    """What objects are there in the end: so many (at least one, if `count` is absent) of a kind, in
    a namespace (all of them if empty), of a name, with labels, whose fields (`status.phase`,
    `spec.containers[0].image`) have the values given.
    """

    kind: str
    api_version: str = "v1"
    namespace: str = ""
    name: str = ""
    labels: dict[str, str] = {}
    fields: dict[str, Any] = {}
    count: Bounds = Bounds(at_least=1)
