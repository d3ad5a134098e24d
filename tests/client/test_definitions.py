"""The definition of a custom kind, made of Structs."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, Struct, field

from orchestrator import Cluster
from orchestrator.api.scheme import Resource
from orchestrator.client.custom_kinds import Column, CustomKind, NoSchema, Rule, Scale, schema_of
from orchestrator.protocol import Invalid


class Colour(Enum):
    """Of paint."""

    RED = "red"
    BLUE = "blue"


class Part(Struct, frozen=True, rename="camel"):
    """One of many."""

    max_size: Annotated[float, Meta(gt=0, lt=10)]
    labels: Mapping[str, str] = field(default_factory=dict)


class Spec(Struct, frozen=True, rename="camel"):
    """What is asked for."""

    name: Annotated[str, Meta(min_length=1, max_length=5, pattern="^[a-z]+$")]
    size: Annotated[int, Meta(ge=0, le=9, description="How large.")] = 1
    port: int | str = 80
    mode: Literal["fast", "slow"] = "fast"
    colour: Colour = Colour.RED
    until: datetime | None = None
    parts: tuple[Part, ...] = ()
    anything: Any = None


class Status(Struct, frozen=True, rename="camel"):
    """What there is."""

    replicas: int = 0


class Pair(Struct, frozen=True):
    """Two of different kinds."""

    both: tuple[int, str] = (1, "a")


class Several(Struct, frozen=True):
    """One of two types."""

    one: bool | str | None = None


def _kind(**more: Any) -> CustomKind[Spec]:
    return CustomKind("example.com", "v1", "Thing", Spec, **{"status": Status, **more})


def test_types_are_said_as_kubernetes_does() -> None:
    """With their bounds, defaults, and what is required."""
    schema = schema_of(Spec)
    assert schema["description"] == "What is asked for."
    assert schema["required"] == ["name"]
    assert schema["properties"] == {
        "name": {"type": "string", "minLength": 1, "maxLength": 5, "pattern": "^[a-z]+$"},
        "size": {
            "type": "integer",
            "format": "int64",
            "minimum": 0,
            "maximum": 9,
            "default": 1,
            "description": "How large.",
        },
        "port": {
            "x-kubernetes-int-or-string": True,
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "default": 80,
        },
        "mode": {"type": "string", "enum": ["fast", "slow"], "default": "fast"},
        "colour": {"type": "string", "enum": ["red", "blue"], "default": "red"},
        "until": {"type": "string", "format": "date-time", "nullable": True},
        "parts": {
            "type": "array",
            "items": {
                "type": "object",
                "description": "One of many.",
                "properties": {
                    "maxSize": {
                        "type": "number",
                        "minimum": 0,
                        "exclusiveMinimum": True,
                        "maximum": 10,
                        "exclusiveMaximum": True,
                    },
                    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                },
                "required": ["maxSize"],
            },
        },
        "anything": {"x-kubernetes-preserve-unknown-fields": True},
    }


@pytest.mark.parametrize(
    ("struct", "words"),
    [
        (Pair, r"Pair\.both: a tuple has no schema"),
        (Several, r"Several\.one: of several types only"),
    ],
)
def test_what_has_no_schema_is_refused(struct: type[Struct], words: str) -> None:
    """Where the kind is declared, with the field's name."""
    with pytest.raises(NoSchema, match=words):
        schema_of(struct)


def test_a_scale_needs_a_status() -> None:
    """Which says how many there are."""
    with pytest.raises(NoSchema, match="say which Struct"):
        _kind(status=None, scale=Scale())


async def test_the_server_keeps_to_the_definition(cluster: Cluster) -> None:
    """It accepts it, fills in defaults, checks types and rules, shows columns and scales."""
    rule = Rule("self.spec.size < 5 || self.spec.mode == 'slow'", "large ones are slow")
    columns = (Column("Size", ".spec.size", "integer"),)
    kind = _kind(
        columns=columns, rules=(rule,), scale=Scale(spec_replicas=".spec.size"), short_names=["th"]
    )
    await cluster.client.create(kind.definition())
    await cluster.clock.sleep(1)
    resource: Resource = cluster.scheme.by_kind("example.com/v1", "Thing")

    def thing(**spec: Any) -> dict[str, Any]:
        return {
            "apiVersion": "example.com/v1",
            "kind": "Thing",
            "metadata": {"name": "a"},
            "spec": spec,
        }

    for wrong, words in (
        ({"name": "a", "size": 10}, "should be less than or equal to 9"),
        ({"name": "a", "size": 7}, "large ones are slow"),
        ({}, "spec.name: Required value"),
    ):
        with pytest.raises(Invalid, match=words):
            await cluster.client.create(thing(**wrong))
    await cluster.client.create(thing(name="a", parts=[{"maxSize": 2}]))
    spec = kind.spec_of(await cluster.client.get(resource, "a"))
    assert spec == Spec(name="a", parts=(Part(max_size=2.0),))
    await cluster.client.scale(resource, "a", 3)
    assert kind.spec_of(await cluster.client.get(resource, "a")).size == 3
