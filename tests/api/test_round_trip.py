"""Nothing is lost between the wire and the types, for every definition of the document."""

import importlib
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.api import codec, document
from orchestrator.api.core.v1 import ContainerStatus, Pod, ServicePort
from orchestrator.api.errors import DecodeError
from orchestrator.api.generate.fixups import SCALARS
from orchestrator.api.generate.names import type_name

DEFINITIONS: dict[str, Any] = document.load()["definitions"]
_DEPTH = 4
_SCALAR_VALUES: dict[str, tuple[Any, ...]] = {
    "Quantity": ("100m", "1Gi"),
    "IntOrString": (5, "25%"),
    "Time": ("2024-01-01T00:00:00Z",),
    "MicroTime": ("2024-01-01T00:00:00.000001Z",),
    "Json": ({"a": [1, "b", None]}, "text", 7),
}


def _class_of(name: str) -> Any:
    group, version, kind = type_name(name)
    return getattr(importlib.import_module(f"orchestrator.api.{group}.{version}"), kind)


def _draw(schema: dict[str, Any], random: Random, depth: int) -> Any:
    """A document that fits a schema; deep inside only what is required."""
    reference = schema.get("$ref")
    if reference is not None:
        name = reference.removeprefix("#/definitions/")
        if name in SCALARS:
            return random.choice(_SCALAR_VALUES[SCALARS[name]])
        return _draw_definition(name, random, depth + 1)
    match schema.get("type"):
        case "array":
            return [_draw(schema["items"], random, depth + 1) for _ in range(random.randint(1, 2))]
        case "object" if "additionalProperties" in schema:
            inner = schema["additionalProperties"]
            return {f"key{n}": _draw(inner, random, depth + 1) for n in range(random.randint(1, 2))}
        case "string":
            return random.choice(["a", "b-c", "ü", "x" * 50])
        case "integer":
            return random.choice([1, -7, 2**31, 2**53])
        case "number":
            return random.choice([0.5, -1.25])
        case "boolean":
            return random.random() < 0.5
        case _:
            return random.choice(_SCALAR_VALUES["Json"])


def _draw_definition(name: str, random: Random, depth: int) -> dict[str, Any]:
    schema = DEFINITIONS[name]
    required = schema.get("required", ())
    chance = 0.7 if depth < _DEPTH else 0.0
    # A kind inside another document (an item of a list) does not say what it is.
    unsaid = ("apiVersion", "kind") if codec.is_kind(_class_of(name)) else ()
    drawn = {
        wire: _draw(inner, random, depth)
        for wire, inner in schema.get("properties", {}).items()
        if wire not in unsaid and (wire in required or random.random() < chance)
    }
    if "metadata" in schema.get("properties", ()):
        drawn.setdefault("metadata", {})  # Go's is no pointer: it is always on the wire
    return drawn


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32))
def test_every_definition_survives_the_way_there_and_back(seed: int) -> None:
    """Whatever is in it."""
    random = Random(seed)
    seen = 0
    for name in DEFINITIONS:
        if name in SCALARS or not DEFINITIONS[name].get("properties"):
            continue
        type_ = _class_of(name)
        wire = _draw_definition(name, random, 0)
        if codec.is_kind(type_):
            wire |= {"apiVersion": type_.api_version, "kind": type_.kind}
        obj = codec.from_dict(wire, type_)
        assert codec.to_dict(obj) == wire, name
        assert codec.decode(codec.encode(obj), type_) == obj, name
        seen += 1
    assert seen > 650


def test_zeros_that_are_required_stay_on_the_wire() -> None:
    """And optional ones that were never said do not appear."""
    status = ContainerStatus(name="c", image="", image_id="", ready=False, restart_count=0)
    assert codec.to_dict(status) == {
        "name": "c",
        "image": "",
        "imageID": "",
        "ready": False,
        "restartCount": 0,
    }
    assert codec.to_dict(ServicePort(port=0)) == {"port": 0}


def test_a_kind_says_its_own_name_first() -> None:
    """So that a reader of the text sees it at once."""
    assert codec.encode(Pod()).startswith(b'{"kind":"Pod","apiVersion":"v1"')


@pytest.mark.parametrize(
    ("wire", "path", "message"),
    [
        ({"spec": {"containers": "x"}}, "spec.containers", "expected array"),
        ({"spec": {"containers": [{"name": 5}]}}, "spec.containers[0].name", "expected str"),
        ({"metadata": {"labels": {"a": 1}}}, "metadata.labels", "expected str"),
        ({"spec": {"hostNetwork": "yes"}}, "spec.hostNetwork", "got string"),
        ({"kind": "Node"}, "kind", 'expected "Pod", got "Node"'),
    ],
)
def test_what_does_not_fit_says_where(wire: dict[str, Any], path: str, message: str) -> None:
    """The path in Kubernetes' notation, what was expected, and what came."""
    with pytest.raises(DecodeError) as refused:
        codec.from_dict(wire, Pod)
    assert refused.value.path.startswith(path)
    assert message in refused.value.message


def test_unknown_fields_are_found_wherever_they_are() -> None:
    """By their paths."""
    wire = {"spec": {"containers": [{"nmae": "c", "ports": [{"prot": 1}]}], "x": 1}, "y": 2}
    assert codec.unknown_fields(wire, Pod) == (
        "spec.containers[0].nmae",
        "spec.containers[0].ports[0].prot",
        "spec.x",
        "y",
    )
